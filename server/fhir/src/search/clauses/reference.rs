//! References (<https://hl7.org/fhir/R4/search.html#reference>).

use super::super::combine;
use super::super::error::SearchError;
use super::super::hash;
use super::super::index_plan::ParameterSeed;
use super::super::link;
use super::super::plan::Clause;
use super::super::planner::Planner;
use super::super::resolve::Resolved;
use super::{elements, hierarchy, plain, token};
use crate::ids::ResourceType;

pub(super) fn reference(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Clause, SearchError> {
    match resolved.modifier {
        Some("identifier") => {
            let seeds = resolved.own_seeds().into_iter().map(hash::identifier_seed);
            let found = token::tokens(planner, resolved, &seeds.collect::<Vec<i64>>())?;
            elements(planner, resolved, found, Clause::AnyToken)
        }
        Some("above") => hierarchy::related(planner, resolved, false),
        Some("below") => hierarchy::related(planner, resolved, true),
        Some(modifier) => {
            let target = target(resolved, modifier)?;
            references(planner, resolved, Some(target))
        }
        None => references(planner, resolved, None),
    }
}

/// The type of a modifier. One that the reference never has is a mistake, not a search without matches.
fn target(resolved: &Resolved<'_>, modifier: &str) -> Result<ResourceType, SearchError> {
    let definitions = resolved.definitions.iter();
    let targets = combine::sorted(definitions.flat_map(|one| link::targets(one.1, one.0)));
    if let Some(target) = targets.iter().find(|one| one.name() == modifier) {
        return Ok(*target);
    }
    let names: Vec<&str> = targets.iter().map(|one| one.name()).collect();
    let message = format!(
        "it does not refer to {modifier}, but to: {}",
        names.join(", ")
    );
    Err(resolved.unknown(message).essential())
}

/// References to one of the values, of one type or of any it may have.
pub(in super::super) fn references(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    narrowed: Option<ResourceType>,
) -> Result<Clause, SearchError> {
    let mut found = Vec::new();
    for value in &resolved.values {
        let text = plain(resolved, value)?;
        for (resource_type, place) in &resolved.places {
            add(
                planner,
                resolved,
                *resource_type,
                *place,
                (&text, narrowed),
                &mut found,
            );
        }
    }
    elements(planner, resolved, found, Clause::AnyToken)
}

/// The types the parameter of a type may refer to.
pub(super) fn targets(resolved: &Resolved<'_>, resource_type: ResourceType) -> Vec<ResourceType> {
    let mut definitions = resolved.definitions.iter();
    let definition = definitions.find(|one| one.0 == resource_type);
    definition.map_or_else(Vec::new, |one| link::targets(one.1, resource_type))
}

/// The hashes of a value without any seed, for groups.
pub(super) fn values(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Vec<i64>, SearchError> {
    let mut found = Vec::new();
    let place = ParameterSeed {
        seed: 0,
        target: None,
    };
    for value in &resolved.values {
        let text = plain(resolved, value)?;
        for (resource_type, _) in &resolved.definitions {
            add(
                planner,
                resolved,
                *resource_type,
                place,
                (&text, None),
                &mut found,
            );
        }
    }
    Ok(combine::sorted(found))
}

/// Adds the elements of a value, and of the type it is narrowed to, at one place.
pub(super) fn add(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    resource_type: ResourceType,
    place: ParameterSeed,
    (text, narrowed): (&str, Option<ResourceType>),
    found: &mut Vec<i64>,
) {
    let targets = match narrowed {
        Some(narrowed) => vec![narrowed],
        None => targets(resolved, resource_type),
    };
    let sought = link::Sought {
        text,
        base_url: planner.base_url,
        narrowed,
        targets: &targets,
        is_canonical: planner.index.is_canonical(resource_type, resolved.code),
    };
    link::search_elements(place, sought, found);
}
