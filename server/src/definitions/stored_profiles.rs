//! Profiles and extensions that are stored as StructureDefinitions (<https://hl7.org/fhir/R4/structuredefinition.html>):
//! they count beside those that the server brings, until they are deleted or retired
//! (server/decisions/0020-profiles-at-run-time.md).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use fhir::definitions::Definitions as Registries;
use fhir::definitions::profiles::{self, ProfileDraft, Profiles, ProfilesBuilder};
use fhir::ids::{ResourceId, ResourceKey, ResourceType, VersionId};
use fhir::json::{Document, ParseLimits, Value};
use fhir::outcome::Issue;
use fhir::resource::Resource;

use super::own::own_profiles;
use super::rules::Definitions;
use crate::error::{Error, ErrorKind, Result};

/// How many count at most.
const PROFILES_MAX: usize = 1_000;
/// How long the texts of all that count may be together.
const BYTES_MAX: usize = 64 << 20;

/// A StructureDefinition that is stored.
#[derive(Clone, Debug)]
pub struct StoredProfile {
    id: ResourceId,
    version: VersionId,
    bytes: usize,
    /// What it says; nothing where that cannot be used.
    draft: Option<Arc<ProfileDraft>>,
}

/// Those that count, and those that might.
#[derive(Debug, Default)]
pub(super) struct StoredProfiles {
    /// How often they had changed.
    revision: i64,
    /// All that are stored.
    list: Vec<StoredProfile>,
    by_id: HashMap<ResourceId, usize>,
    /// How many count, and how long their texts are together.
    counted: usize,
    bytes: usize,
}

impl StoredProfile {
    /// Reads one. What cannot be used has no effect, and the log says so.
    pub fn read(id: ResourceId, version: VersionId, content: Bytes) -> Self {
        let bytes = content.len();
        let document = Document::parse_with(content, ParseLimits::STORED);
        let read = |document: &Document| ProfileDraft::read(document.root());
        let draft = match document.as_ref().map(read) {
            Ok(Ok(draft)) => draft.map(Arc::new),
            Ok(Err(reason)) => {
                tracing::warn!(%id, %reason, "a stored StructureDefinition has no effect");
                None
            }
            Err(reason) => {
                tracing::warn!(%id, %reason, "a stored StructureDefinition has no effect");
                None
            }
        };
        Self {
            id,
            version,
            bytes,
            draft,
        }
    }
}

impl StoredProfiles {
    /// Puts these in force beside what the server brings, which counts where both define the same.
    fn merge(registries: &Registries, list: Vec<StoredProfile>, revision: i64) -> (Self, Profiles) {
        let mut stored = Self {
            revision,
            ..Self::default()
        };
        let mut builder = ProfilesBuilder::default();
        for one in &list {
            let is_new = |draft: &&Arc<ProfileDraft>| registries.profiles.get(&draft.url).is_none();
            let Some(draft) = one.draft.as_ref().filter(is_new) else {
                continue;
            };
            if !stored.has_room(one.bytes) {
                tracing::warn!(id = %one.id, "a stored StructureDefinition has no effect: there are too many");
                continue;
            }
            stored.counted += 1;
            stored.bytes += one.bytes;
            builder.add_draft(Arc::clone(draft));
        }
        let (profiles, faults) = builder.build(&registries.structures, &registries.profiles);
        for (url, reason) in faults {
            tracing::warn!(%url, %reason, "a stored StructureDefinition has no effect");
        }
        let places = list.iter().enumerate();
        stored.by_id = places.map(|(place, one)| (one.id.clone(), place)).collect();
        stored.list = list;
        (stored, profiles)
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.counted < PROFILES_MAX && self.bytes + bytes <= BYTES_MAX
    }
}

impl Definitions {
    /// How often the stored profiles had changed when these definitions were made.
    pub fn profiles_revision(&self) -> i64 {
        self.stored_profiles.revision
    }

    /// A stored profile of that version, where it has been read.
    pub fn stored_profile(&self, id: &ResourceId, version: VersionId) -> Option<&StoredProfile> {
        let place = *self.stored_profiles.by_id.get(id)?;
        let found = self.stored_profiles.list.get(place)?;
        (found.version == version).then_some(found)
    }

    /// Puts stored profiles in force in the place of others.
    pub(super) fn set_stored_profiles(&mut self, list: Vec<StoredProfile>, revision: i64) {
        let (stored, profiles) = StoredProfiles::merge(&self.built_in, list, revision);
        self.stored_profiles = Arc::new(stored);
        self.profiles = Arc::new(profiles);
    }

    /// The same stored profiles as others have.
    pub(super) fn keep_stored_profiles(&mut self, former: &Self) {
        self.stored_profiles = Arc::clone(&former.stored_profiles);
        self.profiles = Arc::clone(&former.profiles);
    }

    /// Refuses a profile that would be one too many to count.
    pub(super) fn check_room(&self, key: &ResourceKey, resource: &Resource) -> Result<()> {
        if !self.is_further_profile(resource)
            || self.stored_profiles.has_room(resource.text().len())
            || self.stored_profiles.by_id.contains_key(&key.id)
        {
            return Ok(());
        }
        let sentence = format!(
            "more than {PROFILES_MAX} profiles, or {} MB of them, cannot be in force",
            BYTES_MAX >> 20
        );
        Err(Error::new(ErrorKind::TooCostly, sentence).at("StructureDefinition"))
    }

    /// What keeps a profile from being used.
    pub(super) fn profile_faults(
        &self,
        id: Option<&ResourceId>,
        resource: &Resource,
    ) -> Vec<Issue> {
        if !self.is_further_profile(resource) {
            return Vec::new();
        }
        let stored = self.stored_profiles.list.iter();
        let others = stored.filter(|one| Some(&one.id) != id);
        let others = others.filter_map(|one| one.draft.as_ref());
        let others: Vec<_> = self.companions.iter().chain(others).cloned().collect();
        let known = &self.built_in.profiles;
        let tables = (self.structures(), &self.built_in.code_sets);
        profiles::faults(resource.root(), tables, known, &others)
    }

    /// Whether it constrains a type, and is none of those that the server brings: these count in its place.
    fn is_further_profile(&self, resource: &Resource) -> bool {
        let text = |name| resource.get(name).and_then(Value::string);
        resource.resource_type().name() == "StructureDefinition"
            && text("derivation").as_deref() == Some("constraint")
            && text("url").is_none_or(|url| self.built_in.profiles.get(&url).is_none())
    }

    /// The same for writes that bring profiles together: one may be derived from another.
    #[must_use]
    pub fn in_company<'r>(&self, resources: impl Iterator<Item = &'r Resource>) -> Self {
        let read = |one: &Resource| ProfileDraft::read(one.root()).ok().flatten();
        let profiles = resources.filter(|one| self.is_further_profile(one));
        let companions = profiles.filter_map(read).map(Arc::new).collect();
        let mut together = self.clone();
        together.companions = Arc::new(companions);
        together
    }

    /// The canonical URLs of our profiles and of those that are stored, by the type of resource they are for.
    pub fn profiles_by_type(&self) -> BTreeMap<ResourceType, Vec<Box<str>>> {
        let mut profiles = own_profiles();
        for draft in self
            .stored_profiles
            .list
            .iter()
            .filter_map(|one| one.draft.as_ref())
        {
            let profile = self.profiles.get(&draft.url);
            let name = profile.map(|profile| &*self.structures().get(profile.type_id).name);
            let Some(resource_type) = name.and_then(ResourceType::parse) else {
                continue;
            };
            let known = profiles.entry(resource_type).or_default();
            if !known.contains(&draft.url) {
                known.push(draft.url.clone());
            }
        }
        profiles
    }
}
