//! The server's own definitions in searches: they are part of it and not stored, and yet found where somebody asks for a
//! definition by its `url` or `_id` (<https://hl7.org/fhir/R4/resource.html#canonical>). They come behind all that is
//! stored, in the order of their ids.

use fhir::ids::{ResourceKey, ResourceType, VersionId};
use fhir::json::ParseLimits;
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::search::plan::{Contained, Plan};
use jiff::Timestamp;

use super::room;
use crate::context::RequestContext;
use crate::definitions::{own_definitions, own_types};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::perform::Interactions;
use crate::store::{SearchPage, Source, StoredVersion, Verb};

/// What the cursor of a page that begins with own definitions begins with; no other begins so.
const MARK: char = '!';

/// Types of what packages bring.
const OF_PACKAGES: [&str; 7] = [
    "CodeSystem",
    "CompartmentDefinition",
    "ConceptMap",
    "OperationDefinition",
    "SearchParameter",
    "StructureDefinition",
    "ValueSet",
];

/// What the URLs of HL7's definitions begin with.
const HL7: [&str; 2] = ["http://hl7.org/fhir/", "http://terminology.hl7.org/"];

/// Whether a cursor leads to own definitions.
pub(super) fn is_place(cursor: &str) -> bool {
    cursor.starts_with(MARK)
}

/// Those of the server's own definitions that a search finds.
#[derive(Debug, Default)]
pub(super) struct OwnMatches {
    found: Vec<StoredVersion>,
}

impl OwnMatches {
    /// Finds them, where the search names definitions. What is stored under the same key counts in their place.
    pub(super) async fn of(
        interactions: &Interactions,
        cx: &RequestContext,
        source: &mut Source<'_>,
        plan: &Plan,
    ) -> Result<Self> {
        if !names_definitions(plan) {
            return Ok(Self::default());
        }
        let mut found = Vec::new();
        for (key, text) in definitions(interactions, plan) {
            let resource =
                Resource::parse_with(text, ParseLimits::STORED).map_err(Error::internal)?;
            let definitions = &interactions.definitions;
            let values = definitions.index_values(&resource, &cx.base_url)?;
            // Nobody has ever written it.
            let moment = Timestamp::UNIX_EPOCH;
            if definitions.matches(plan, &key, &values, moment) == Some(true) {
                found.push(StoredVersion {
                    key,
                    version: VersionId::FIRST,
                    last_updated: moment,
                    verb: Verb::Put,
                    content: Some(text.into()),
                });
            }
        }
        if found.is_empty() {
            return Ok(Self::default());
        }
        let keys = found.iter().map(|one| one.key.clone()).collect();
        let stored = source.current(cx, keys).await?;
        found.retain(|one| stored.iter().all(|other| other.key != one.key));
        found.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(Self { found })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Puts as many of them behind the last matches of what is stored as there is room for, from the beginning or a cursor
    /// on.
    pub(super) fn fill(
        &self,
        source: &Source<'_>,
        (plan, path): (&Plan, &str),
        (count, cursor): (u32, Option<&str>),
        page: &mut SearchPage,
    ) -> Result<()> {
        if page.next.is_some() {
            return Ok(());
        }
        let room = room(count, page);
        let from = match cursor.and_then(|cursor| cursor.strip_prefix(MARK)) {
            None => 0,
            Some(sealed) => {
                let text = source.open(plan, path, sealed)?;
                let unreadable = || Error::new(ErrorKind::BadValue, "the page link cannot be read");
                text.parse().map_err(|_| unreadable())?
            }
        };
        let rest = self.found.get(from..).unwrap_or_default();
        let shown = rest.iter().take(room).cloned();
        page.matches.extend(shown);
        if rest.len() > room {
            let next = source.seal(plan, path, &(from + room).to_string())?;
            page.next = Some(format!("{MARK}{next}"));
        }
        Ok(())
    }
}

/// What a search by a `url` of HL7 that finds nothing says, where packages define things of the type: they are used, but not
/// kept as resources.
pub(super) fn told_of_packages(plan: &Plan, is_empty: bool) -> Option<Issue> {
    let mut types = plan.resource_types.iter();
    let of_packages = |one: &ResourceType| OF_PACKAGES.contains(&one.name());
    let is_theirs = |url: &str| HL7.iter().any(|base| url.starts_with(base));
    let mut understood = plan.understood.iter();
    let by_url = understood.any(|(name, urls)| name == "url" && urls.split(',').any(is_theirs));
    let is_asked = is_empty && by_url && types.any(of_packages);
    is_asked.then(|| {
        let sentence = "what HL7's packages define that this server was set up with is used, but not kept as resources: \
                        searches do not find it";
        Issue::new(Severity::Information, IssueType::Informational, sentence)
    })
}

/// Whether a search is of some types, and by what identifies a definition.
fn names_definitions(plan: &Plan) -> bool {
    // With a modifier they are not named, but described.
    let identifies = |name: &str| matches!(name, "url" | "_id");
    let has_own =
        |one: &ResourceType| own_types().contains(one) || one.name() == "OperationDefinition";
    plan.contained == Contained::False
        && plan.resource_types.iter().any(has_own)
        && plan.understood.iter().any(|(name, _)| identifies(name))
}

/// The own definitions of the types that are searched.
fn definitions<'i>(
    interactions: &'i Interactions,
    plan: &'i Plan,
) -> impl Iterator<Item = (ResourceKey, &'static str)> + 'i {
    let operations = interactions.operations.texts();
    operations
        .chain(own_definitions())
        .filter(|(key, _)| plan.covers(key.resource_type))
}
