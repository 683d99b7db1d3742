//! `:above` and `:below` of references: what a resource is a part of, and what its parts are
//! (<https://hl7.org/fhir/R4/search.html#reference>).

use super::super::combine;
use super::super::error::SearchError;
use super::super::hierarchy::PartsAsked;
use super::super::plan::Clause;
use super::super::planner::Planner;
use super::super::resolve::Resolved;
use super::reference::{add, targets};
use super::{elements_within, plain};
use crate::ids::{Reference, ResourceId, ResourceKey, ResourceType};

/// References to one of the values, or to what is above or below it.
pub(super) fn related(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    is_below: bool,
) -> Result<Clause, SearchError> {
    let hierarchies = hierarchies(planner, resolved);
    if hierarchies.is_empty() {
        let message = "nothing that it refers to is known as a part of another of its type";
        return Err(resolved.not_supported(message).essential());
    }
    let Some(known) = planner.codes else {
        let message = "it asks for a hierarchy of resources, which is not asked here";
        return Err(resolved.not_supported(message).essential());
    };
    let mut found = Vec::new();
    for value in &resolved.values {
        let key = named(planner, resolved, &plain(resolved, value)?, &hierarchies)?;
        let asked = PartsAsked {
            seeds: planner.part_of(key.resource_type),
            key,
            is_below,
        };
        // What is not known yet is asked, and all of this planned again.
        let Some(parts) = known.parts.parts(resolved.text, asked)? else {
            continue;
        };
        for part in &*parts {
            for (resource_type, place) in &resolved.places {
                let sought = (&*part.to_string(), Some(part.resource_type));
                add(
                    planner,
                    resolved,
                    *resource_type,
                    *place,
                    sought,
                    &mut found,
                );
            }
        }
    }
    let most = planner.limits.coded_elements_max;
    elements_within(most, resolved, found, Clause::AnyToken)
}

/// The types it may refer to that have a hierarchy, sorted.
fn hierarchies(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Vec<ResourceType> {
    let types = resolved.definitions.iter();
    let targets = types.flat_map(|one| targets(resolved, one.0));
    let has_parts = |one: &ResourceType| !planner.part_of(*one).is_empty();
    combine::sorted(targets.filter(has_parts))
}

/// The resource that a value names: of one of the types; an id alone where there is one only.
fn named(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    text: &str,
    hierarchies: &[ResourceType],
) -> Result<ResourceKey, SearchError> {
    let names: Vec<&str> = hierarchies.iter().map(|one| one.name()).collect();
    let local = match Reference::parse(text, planner.base_url) {
        Reference::Local { key, version: None } => Some(key),
        _ => None,
    };
    let key = match (local, hierarchies, text.parse::<ResourceId>()) {
        (Some(key), _, _) => Some(key),
        (None, [only], Ok(id)) => Some(ResourceKey::new(*only, id)),
        _ => None,
    };
    key.filter(|key| hierarchies.contains(&key.resource_type))
        .ok_or_else(|| {
            let message = format!(
                "a value is a resource of this server, 'Type/id', of a type whose resources are parts of others: {}",
                names.join(", ")
            );
            resolved.malformed(message)
        })
}
