//! The server's own definitions and those of packages in searches: they are not stored, and yet found where somebody asks for
//! a definition by its `url` or `_id` (<https://hl7.org/fhir/R4/resource.html#canonical>). A NamingSystem has no `url`: ours
//! are found by the `value` that they give the meaning of. They come behind all that is stored, in the order of their ids.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bytes::Bytes;
use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{Document, ParseLimits, Value};
use fhir::resource::Resource;
use fhir::search::plan::{Contained, Plan};
use fhir::search::query::{split_unescaped, unescape};

use super::room;
use crate::context::{Handling, RequestContext};
use crate::definitions::{PACKAGE_TYPES, Searched, own_definitions, own_types};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::perform::Interactions;
use crate::searchset::query_text;
use crate::store::{SearchPage, Source, StoredVersion};
use crate::terminology::planned;

/// What the cursor of a page that begins with own definitions begins with; no other begins so.
const MARK: char = '!';

/// What the values of our NamingSystems begin with; their ids follow.
const NAMING_SYSTEMS: &str = "https://vesta.example/fhir/NamingSystem/";

/// Stored definitions that are looked at on one page.
const STORED_AT_ONCE: u32 = 100;

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
            found.extend(matching(interactions, cx, plan, key, text.into())?);
        }
        found.extend(brought(interactions, cx, source, plan).await?);
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

/// Whether a search is of some types, and by what identifies a definition.
fn names_definitions(plan: &Plan) -> bool {
    // With a modifier they are not named, but described, as by the beginning of a value.
    let identifies = |name: &str, value: &str| match name {
        "url" | "_id" => true,
        "value" => split_unescaped(value, ',').any(names_ours),
        _ => false,
    };
    let has_own =
        |one: &ResourceType| own_types().contains(one) || PACKAGE_TYPES.contains(&one.name());
    plan.contained == Contained::False
        && plan.resource_types.iter().any(has_own)
        && plan
            .understood
            .iter()
            .any(|(name, value)| identifies(name, value))
}

/// Whether a value of a search is what one of our NamingSystems gives the meaning of.
fn names_ours(value: &str) -> bool {
    unescape(value).is_ok_and(|value| {
        let id = value.strip_prefix(NAMING_SYSTEMS);
        let mut ours =
            own_definitions().filter(|(key, _)| key.resource_type.name() == "NamingSystem");
        id.is_some_and(|id| ours.any(|(key, _)| *key.id.as_str() == *id))
    })
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

/// A definition, where a search finds it.
fn matching(
    interactions: &Interactions,
    cx: &RequestContext,
    plan: &Plan,
    key: ResourceKey,
    text: Bytes,
) -> Result<Option<StoredVersion>> {
    let resource = Resource::parse_with(text.clone(), ParseLimits::STORED);
    let resource = resource.map_err(Error::internal)?;
    let definitions = &interactions.definitions;
    let values = definitions.index_values(&resource, &cx.base_url)?;
    let definition = StoredVersion::unwritten(key, text);
    let moment = definition.last_updated;
    let is_found = definitions.matches(plan, &definition.key, &values, moment) == Some(true);
    Ok(is_found.then_some(definition))
}

/// What packages define that a search finds, but for that whose URL something stored has, or a definition of the server's own.
async fn brought(
    interactions: &Interactions,
    cx: &RequestContext,
    source: &mut Source<'_>,
    plan: &Plan,
) -> Result<Vec<StoredVersion>> {
    let types = PACKAGE_TYPES.iter().copied();
    let types: Vec<&str> = types
        .filter(|name| ResourceType::parse(name).is_some_and(|one| plan.covers(one)))
        .collect();
    let values = |name: &str| -> Vec<String> {
        let named = plan.understood.iter().filter(|(own, _)| own == name);
        named
            .flat_map(|(_, value)| split_unescaped(value, ','))
            .filter_map(|value| unescape(value).ok())
            .collect()
    };
    let (urls, ids) = (values("url"), values("_id"));
    let found = interactions
        .store
        .package_definitions(&types, &texts(&urls), &texts(&ids))
        .await?;
    let is_own = |key: &ResourceKey| definitions(interactions, plan).any(|(own, _)| own == *key);
    let mut candidates: BTreeMap<ResourceType, Vec<(String, StoredVersion)>> = BTreeMap::new();
    for (key, text) in found {
        let Some(url) = url(text.clone()) else {
            continue;
        };
        let brought = matching(interactions, cx, plan, key, text.into())?;
        if let Some(one) = brought.filter(|one| !is_own(&one.key)) {
            let of_type = candidates.entry(one.key.resource_type).or_default();
            of_type.push((url, one));
        }
    }
    let mut kept = Vec::new();
    for (resource_type, of_type) in candidates {
        let urls = of_type.iter().map(|(url, _)| url.as_str()).collect();
        let stored = stored(interactions, cx, source, resource_type, urls).await?;
        let is_left = of_type.into_iter().filter(|(url, _)| !stored.contains(url));
        kept.extend(is_left.map(|(_, one)| one));
    }
    Ok(kept)
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn url(text: impl Into<Bytes>) -> Option<String> {
    let document = Document::parse_with(text, ParseLimits::STORED).ok()?;
    let url = document.root().get("url").and_then(Value::string);
    url.map(Into::into)
}

/// Which of these URLs something of a type is stored with: asked for in one search, however many they are.
async fn stored(
    interactions: &Interactions,
    cx: &RequestContext,
    source: &mut Source<'_>,
    resource_type: ResourceType,
    urls: BTreeSet<&str>,
) -> Result<HashSet<String>> {
    let types = [resource_type];
    let escaped = |url: &&str| url.replace('\\', "\\\\").replace(',', "\\,");
    let escaped: Vec<String> = urls.iter().map(escaped).collect();
    let query = query_text(&[("url".to_owned(), escaped.join(","))]);
    let searched = Searched::of(&types, &query, Handling::Strict);
    let (store, definitions) = (&interactions.store, &interactions.definitions);
    let plan = planned(cx, store, definitions, &searched).await?;
    let (mut found, mut cursor) = (HashSet::new(), None);
    loop {
        let path = resource_type.name();
        let page = source.search(cx, &plan, STORED_AT_ONCE, path, cursor.as_deref());
        let page = page.await?;
        let contents = page.matches.into_iter().filter_map(|one| one.content);
        found.extend(contents.filter_map(url));
        cursor = page.next;
        if cursor.is_none() || found.len() >= urls.len() {
            return Ok(found);
        }
    }
}
