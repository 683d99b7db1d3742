//! Collects the StructureDefinitions that constrain a type, then merges each with what it is derived from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::merging::{TreeBuilder, complete, lay};
use super::reading::{RawElement, contexts, element, text};
use super::{ExtensionUse, Profile, ProfileElement, Profiles};
use crate::definitions::structure::{Binding, Constraint, Structures, TypeId, TypeKind};
use crate::json::Value;

/// The longest line of profiles derived from each other.
const DEPTH_MAX: usize = 32;

/// How many elements a differential or a snapshot may have.
const ELEMENTS_MAX: usize = 5_000;

/// How deep an element may stand, slices of slices included.
const STEPS_MAX: usize = 64;

/// Why a profile cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A member it must have is not there.
    #[error("'{0}' is missing or of the wrong type")]
    Missing(&'static str),
    /// It constrains a type nobody defines.
    #[error("the type '{0}' is unknown")]
    UnknownType(Box<str>),
    /// It is derived from a profile nobody defines, and has no snapshot.
    #[error("'{0}', which it is derived from, is unknown")]
    UnknownBase(Box<str>),
    /// It has too many elements, or one that is too deep.
    #[error("it has more than {ELEMENTS_MAX} elements, or one more than {STEPS_MAX} steps deep")]
    TooLarge,
    /// It is derived from itself, or from too many others.
    #[error("the line of profiles it is derived from has no end")]
    Endless,
}

/// Profiles that cannot be used, by URL, and why.
pub type Faults = Vec<(Box<str>, ProfileError)>;

/// Collects profiles, then merges them.
#[derive(Debug, Default)]
pub struct ProfilesBuilder {
    drafts: Vec<Arc<ProfileDraft>>,
    urls: HashMap<Box<str>, usize>,
}

/// A StructureDefinition that constrains a type, read but not yet merged.
#[derive(Clone, Debug)]
pub struct ProfileDraft {
    /// URL and version.
    key: Box<str>,
    /// The canonical URL, without version.
    pub url: Box<str>,
    version: Option<Box<str>>,
    pub(super) type_name: Box<str>,
    pub(super) base: Box<str>,
    differential: Vec<RawElement>,
    snapshot: Vec<RawElement>,
    extension: Option<ExtensionUse>,
}

impl ProfileDraft {
    /// Reads one StructureDefinition; `None` where it defines a type, or constrains a logical model.
    pub fn read(definition: Value<'_>) -> Result<Option<Self>, ProfileError> {
        if text(definition, "kind").as_deref() == Some("logical") {
            return Ok(None);
        }
        let url = text(definition, "url").ok_or(ProfileError::Missing("url"))?;
        let core = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/");
        let defines = core.is_some() && core == text(definition, "type").as_deref();
        let constrains = text(definition, "derivation").as_deref() == Some("constraint");
        if defines || (core.is_some() && !constrains) {
            return Ok(None);
        }
        let version = text(definition, "version");
        let type_name = text(definition, "type").ok_or(ProfileError::Missing("type"))?;
        let base =
            text(definition, "baseDefinition").ok_or(ProfileError::Missing("baseDefinition"))?;
        let elements = |name| -> Vec<RawElement> {
            let list = definition.at(&[name, "element"]).into_iter();
            list.flat_map(Value::items).filter_map(element).collect()
        };
        let differential = elements("differential");
        // Needed only where the differential leads nowhere.
        let snapshot = elements("snapshot");
        if is_too_large(&differential) || is_too_large(&snapshot) {
            return Err(ProfileError::TooLarge);
        }
        let extension = (type_name == "Extension").then(|| extension_use(definition));
        Ok(Some(Self {
            key: versioned(&url, version.as_deref()),
            url: url.into(),
            version: version.map(Into::into),
            type_name: type_name.into(),
            base: base.into(),
            differential,
            snapshot,
            extension,
        }))
    }
}

impl ProfileDraft {
    /// The same, bound to the value sets that are published together with it, whatever versions it names.
    fn without_versions(mut self) -> Self {
        for element in self.differential.iter_mut().chain(&mut self.snapshot) {
            let rules = &mut element.rules;
            rules.binding = rules.binding.take().map(Binding::without_versions);
            let more = std::mem::take(&mut rules.more_bindings);
            rules.more_bindings = more.into_iter().map(Binding::without_versions).collect();
        }
        self
    }

    /// The elements that count: where there is no differential, the snapshot's.
    pub(super) fn elements(&self) -> &[RawElement] {
        match &*self.differential {
            [] => &self.snapshot,
            differential => differential,
        }
    }
}

impl ProfilesBuilder {
    /// Adds one StructureDefinition; those that define a type, or constrain a logical model, are passed over. Where two
    /// define the same, the first counts.
    pub fn add(&mut self, definition: Value<'_>) -> Result<(), ProfileError> {
        if let Some(draft) = ProfileDraft::read(definition)? {
            self.add_draft(Arc::new(draft));
        }
        Ok(())
    }

    /// The same of one that is published together with the value sets it is bound to: the versions it names are theirs.
    pub(crate) fn add_published(&mut self, definition: Value<'_>) -> Result<(), ProfileError> {
        if let Some(draft) = ProfileDraft::read(definition)? {
            self.add_draft(Arc::new(draft.without_versions()));
        }
        Ok(())
    }

    /// Adds one that has been read before. Where two define the same, the first counts.
    pub fn add_draft(&mut self, draft: Arc<ProfileDraft>) {
        if self.urls.contains_key(&draft.key) {
            return;
        }
        let place = self.drafts.len();
        self.urls.insert(draft.key.clone(), place);
        self.urls.entry(draft.url.clone()).or_insert(place);
        self.drafts.push(draft);
    }

    /// Whether one of them can be merged, on top of others; and if so, what the profile below it says.
    pub(super) fn check(
        &self,
        draft: &ProfileDraft,
        structures: &Structures,
        known: &Profiles,
    ) -> Result<Option<ProfileElement>, ProfileError> {
        let mut merged = HashMap::new();
        self.merge(draft, structures, known, &mut merged, 0)?;
        self.base(draft, structures, known, &mut merged, 0)
    }

    /// The type and the base of the profile of that canonical URL, here or among others.
    pub(super) fn below<'a>(
        &'a self,
        canonical: &str,
        structures: &'a Structures,
        known: &'a Profiles,
    ) -> Option<(&'a str, &'a str)> {
        if let Some(draft) = self.draft(canonical) {
            return Some((&draft.type_name, &draft.base));
        }
        let unversioned = canonical.split('|').next().unwrap_or_default();
        let found = known.get(canonical).or_else(|| known.get(unversioned))?;
        Some((&structures.get(found.type_id).name, &found.base))
    }

    fn draft(&self, canonical: &str) -> Option<&Arc<ProfileDraft>> {
        let unversioned = canonical.split('|').next().unwrap_or_default();
        let place = self.urls.get(canonical);
        let place = place.or_else(|| self.urls.get(unversioned))?;
        self.drafts.get(*place)
    }

    /// The profiles, merged, on top of others; and those that cannot be used, with the reason.
    pub fn build(self, structures: &Structures, known: &Profiles) -> (Profiles, Faults) {
        let mut faults = Vec::new();
        let mut merged: HashMap<Box<str>, Profile> = HashMap::new();
        for draft in &self.drafts {
            if let Err(fault) = self.merge(draft, structures, known, &mut merged, 0) {
                faults.push((draft.url.clone(), fault));
            }
        }
        let mut profiles = known.clone();
        let in_order = || {
            let urls: HashSet<_> = merged.keys().collect();
            self.drafts
                .iter()
                .filter(move |draft| urls.contains(&draft.key))
        };
        profiles.extend(in_order().map(|draft| Arc::new(merged[&draft.key].clone())));
        let completed: Vec<_> = in_order()
            .map(|draft| {
                let mut profile = merged[&draft.key].clone();
                complete(&mut profile.root, &profiles);
                Arc::new(profile)
            })
            .collect();
        profiles.extend(completed);
        (profiles, faults)
    }

    fn merge(
        &self,
        draft: &ProfileDraft,
        structures: &Structures,
        known: &Profiles,
        merged: &mut HashMap<Box<str>, Profile>,
        depth: usize,
    ) -> Result<(), ProfileError> {
        if merged.contains_key(&draft.key) {
            return Ok(());
        }
        if depth > DEPTH_MAX {
            return Err(ProfileError::Endless);
        }
        let type_id = structures
            .by_name(&draft.type_name)
            .filter(|id| structures.get(*id).kind != TypeKind::Backbone)
            .ok_or_else(|| ProfileError::UnknownType(draft.type_name.clone()))?;
        let tree = |elements: &Vec<RawElement>, base: &ProfileElement| {
            TreeBuilder::new(structures, type_id, base).build(elements.clone())
        };
        let root = match self.base(draft, structures, known, merged, depth)? {
            Some(mut root) if !draft.differential.is_empty() => {
                let differential = tree(&draft.differential, &root);
                lay(&mut root, differential);
                root
            }
            _ if !draft.snapshot.is_empty() => tree(&draft.snapshot, &ProfileElement::default()),
            Some(root) => root,
            None => return Err(ProfileError::UnknownBase(draft.base.clone())),
        };
        merged.insert(draft.key.clone(), profile(draft, type_id, root));
        Ok(())
    }

    /// What the profile below says; `None` where that is unknown.
    fn base(
        &self,
        draft: &ProfileDraft,
        structures: &Structures,
        known: &Profiles,
        merged: &mut HashMap<Box<str>, Profile>,
        depth: usize,
    ) -> Result<Option<ProfileElement>, ProfileError> {
        let unversioned = draft.base.split('|').next().unwrap_or_default();
        if let Some(base) = self.draft(&draft.base) {
            self.merge(base, structures, known, merged, depth + 1)?;
            return Ok(merged.get(&base.key).map(|base| base.root.clone()));
        }
        if let Some(base) = known.get(&draft.base).or_else(|| known.get(unversioned)) {
            return Ok(Some(base.root.clone()));
        }
        let is_type = unversioned
            .strip_prefix("http://hl7.org/fhir/StructureDefinition/")
            .is_some_and(|name| structures.by_name(name).is_some());
        Ok(is_type.then(ProfileElement::default))
    }
}

fn is_too_large(elements: &[RawElement]) -> bool {
    let is_too_deep = |element: &RawElement| {
        let slice = element.slice.as_deref().unwrap_or_default();
        let steps = element.path.matches('.').count() + slice.matches('/').count();
        steps > STEPS_MAX
    };
    elements.len() > ELEMENTS_MAX || elements.iter().any(is_too_deep)
}

fn profile(draft: &ProfileDraft, type_id: TypeId, root: ProfileElement) -> Profile {
    let mut extension = draft.extension.clone();
    if let Some(extension) = &mut extension {
        extension.is_modifier = root.rules.is_modifier == Some(true);
    }
    Profile {
        url: draft.url.clone(),
        version: draft.version.clone(),
        type_id,
        base: draft.base.split('|').next().unwrap_or_default().into(),
        root,
        extension,
    }
}

fn extension_use(definition: Value<'_>) -> ExtensionUse {
    let invariants = definition
        .get("contextInvariant")
        .into_iter()
        .flat_map(Value::items)
        .zip(1..)
        .filter_map(|(item, number)| {
            let expression = item.string()?;
            let key = format!("context invariant {number}");
            Some(Constraint::new(&key, "", &expression))
        });
    ExtensionUse {
        contexts: contexts(definition),
        invariants: invariants.collect(),
        is_modifier: false,
    }
}

fn versioned(url: &str, version: Option<&str>) -> Box<str> {
    match version {
        Some(version) => format!("{url}|{version}").into(),
        None => url.into(),
    }
}
