//! What comes beside the matches (<https://hl7.org/fhir/R4/search.html#include>).

use std::collections::BTreeSet;

use super::query::Include;
use super::world::World;

/// The resources that the includes add to matches, without these.
pub fn included(world: &World, matches: &BTreeSet<usize>, includes: &[Include]) -> BTreeSet<usize> {
    let mut found: BTreeSet<usize> = BTreeSet::new();
    for include in includes {
        found.extend(
            matches
                .iter()
                .flat_map(|place| step(world, *place, include)),
        );
    }
    loop {
        let before = found.len();
        let from: Vec<usize> = matches.union(&found).copied().collect();
        for include in includes.iter().filter(|include| include.iterate) {
            found.extend(from.iter().flat_map(|place| step(world, *place, include)));
        }
        if found.len() == before {
            return found.difference(matches).copied().collect();
        }
    }
}

fn step(world: &World, from: usize, include: &Include) -> Vec<usize> {
    let mut found = Vec::new();
    if include.reverse {
        for (source, resource) in world.resources.iter().take(world.stored).enumerate() {
            let fits = include.source == "*" || include.source == resource.kind;
            if fits && targets(world, source, include).contains(&from) {
                found.push(source);
            }
        }
        return found;
    }
    if include.source == "*" || include.source == world.resources[from].kind {
        found = targets(world, from, include);
    }
    found
}

fn targets(world: &World, source: usize, include: &Include) -> Vec<usize> {
    let kind = &world.resources[source].kind;
    let codes = world.definitions.of(kind).filter(|one| {
        one.kind == "reference"
            && (include.code == "*" || include.source == "*" || one.code == include.code)
    });
    let all = codes.flat_map(|one| world.targets(source, &one.code));
    let fits = |place: &usize| {
        include
            .target
            .as_ref()
            .is_none_or(|target| *target == world.resources[*place].kind)
    };
    all.filter(fits).collect()
}
