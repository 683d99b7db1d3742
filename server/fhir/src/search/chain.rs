//! Chains and `_has`: conditions on resources at the other end of references
//! (<https://hl7.org/fhir/R4/search.html#chaining>, <https://hl7.org/fhir/R4/search.html#has>).

use std::collections::BTreeMap;

use super::combine;
use super::error::{SearchError, SearchErrorKind};
use super::hash;
use super::link;
use super::plan::{Clause, Criteria};
use super::planner::Planner;
use super::resolve;
use crate::definitions::search_parameters::{SearchParameter, SearchType};
use crate::ids::ResourceType;

/// Types, and what their resources must meet; `None` is nothing at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Sorted, never empty.
    pub(super) types: Vec<ResourceType>,
    pub(super) condition: Option<Clause>,
}

/// Which types a name must be known to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope<'s> {
    /// Every one: those that are searched.
    All(&'s [ResourceType]),
    /// At least one: those that a reference may lead to.
    Some(&'s [ResourceType]),
}

impl<'s> Scope<'s> {
    pub(super) fn types(self) -> &'s [ResourceType] {
        match self {
            Self::All(types) | Self::Some(types) => types,
        }
    }

    pub(super) fn is_all(self) -> bool {
        matches!(self, Self::All(_))
    }
}

/// What to plan at the end of a chain.
pub(super) type End<'e> = dyn FnMut(Scope<'_>) -> Result<Vec<Group>, SearchError> + 'e;

/// A step along a reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Along<'a> {
    /// The parameter's name as it was written, for errors.
    pub(super) text: &'a str,
    /// The reference parameter.
    pub(super) code: &'a str,
    /// The type it is narrowed to.
    pub(super) narrowed: Option<&'a str>,
}

/// A step against a reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Against<'a> {
    /// The parameter's name as it was written, for errors.
    pub(super) text: &'a str,
    /// The type that refers.
    pub(super) resource_type: &'a str,
    /// Its reference parameter.
    pub(super) code: &'a str,
}

impl<'a> Planner<'a> {
    /// Resources of the scope that refer to resources that meet the end.
    pub(super) fn along(
        &self,
        scope: Scope<'_>,
        step: Along<'_>,
        end: &mut End<'_>,
    ) -> Result<Vec<Group>, SearchError> {
        // Seeds that lead to the same types share their target.
        let mut ways: BTreeMap<(bool, Vec<ResourceType>), Vec<i64>> = BTreeMap::new();
        let mut sources = Vec::new();
        let mut possible = Vec::new();
        for resource_type in scope.types() {
            let Some(definition) = self.definition(*resource_type, step.code) else {
                if scope.is_all() {
                    let types = scope.types();
                    return Err(self.unknown_parameter(
                        types,
                        *resource_type,
                        step.text,
                        step.code,
                    ));
                }
                continue;
            };
            if definition.search_type != SearchType::Reference {
                if scope.is_all() {
                    return Err(not_a_reference(step.text, *resource_type, definition));
                }
                continue;
            }
            self.check_reference(step.text, *resource_type, definition)?;
            sources.push(*resource_type);
            let is_canonical = self.index.is_canonical(*resource_type, step.code);
            let targets = self.targets(*resource_type, definition);
            for seed in self.seeds(*resource_type, step.code) {
                let fits = |one: &ResourceType| {
                    step.narrowed.is_none_or(|narrowed| one.name() == narrowed)
                        && seed.target.is_none_or(|target| *one == target)
                };
                let reached = combine::sorted(targets.iter().copied().filter(fits));
                if !reached.is_empty() {
                    let key = (is_canonical, reached);
                    ways.entry(key).or_default().push(seed.seed);
                }
            }
            possible.extend(targets);
        }
        if sources.is_empty() {
            return Err(self.nowhere(scope.types(), step.text, step.code));
        }
        if ways.is_empty() {
            return Err(wrong_target(step, &combine::sorted(possible)));
        }
        let mut clauses = Vec::new();
        let mut unknown = None;
        for ((is_canonical, targets), seeds) in ways {
            let groups = match end(Scope::Some(&targets)) {
                Ok(groups) => groups,
                Err(error) if error.kind == SearchErrorKind::Unknown => {
                    unknown.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let groups = groups.into_iter();
            clauses.extend(groups.map(|group| Some(followed(is_canonical, &seeds, group))));
        }
        match unknown {
            Some(error) if clauses.is_empty() => Err(error),
            _ => Ok(vec![Group {
                types: combine::sorted(sources),
                condition: combine::any(clauses),
            }]),
        }
    }

    /// Resources of the scope that resources refer to that meet the end.
    pub(super) fn against(
        &self,
        scope: Scope<'_>,
        step: Against<'_>,
        end: &mut End<'_>,
    ) -> Result<Vec<Group>, SearchError> {
        let Some(source) = ResourceType::parse(step.resource_type) else {
            let message = "what stands behind '_has:' is not one of R4's resource types";
            return Err(SearchError::unknown(step.text, message));
        };
        let Some(definition) = self.definition(source, step.code) else {
            return Err(self.unknown_reference(source, step.text, step.code));
        };
        if definition.search_type != SearchType::Reference {
            return Err(not_a_reference(step.text, source, definition));
        }
        self.check_reference(step.text, source, definition)?;
        let is_canonical = self.index.is_canonical(source, step.code);
        let targets = self.targets(source, definition);
        let inside = end(Scope::All(&[source]))?;
        // Types that the same seeds refer to are one group.
        let mut ways: BTreeMap<Vec<i64>, Vec<ResourceType>> = BTreeMap::new();
        for resource_type in scope.types() {
            let seeds = self.seeds(source, step.code).iter();
            let seeds = seeds.filter(|one| one.target.is_none_or(|one| one == *resource_type));
            let seeds = seeds.map(|one| match is_canonical {
                true => hash::canonical_way(one.seed, *resource_type),
                false => one.seed,
            });
            let seeds = combine::sorted(seeds);
            if targets.contains(resource_type) && !seeds.is_empty() {
                ways.entry(seeds).or_default().push(*resource_type);
            } else if scope.is_all() {
                let is_any = scope.types().len() == ResourceType::all().count();
                let searched = match is_any {
                    true => "every type, and all types are searched",
                    false => resource_type.name(),
                };
                return Err(refers_elsewhere(step, searched, &targets));
            }
        }
        if ways.is_empty() {
            let message = format!("{source}.{} does not refer to such resources", step.code);
            return Err(SearchError::unknown(step.text, message));
        }
        let referred = |seeds: &Vec<i64>| {
            let clauses = inside.iter().map(|group| {
                let (seeds, source) = (seeds.clone(), criteria(group.clone()));
                Some(match is_canonical {
                    true => Clause::Names {
                        ways: seeds,
                        other: source,
                    },
                    false => Clause::ReferredBy { seeds, source },
                })
            });
            combine::any(clauses)
        };
        let groups = ways.into_iter().map(|(seeds, types)| Group {
            condition: referred(&seeds),
            types: combine::sorted(types),
        });
        Ok(groups.collect())
    }

    /// The types that a reference parameter of a type may lead to; canonicals to those alone that have a canonical URL.
    pub(super) fn targets(
        &self,
        resource_type: ResourceType,
        definition: &SearchParameter,
    ) -> Vec<ResourceType> {
        let mut targets = link::targets(definition, resource_type);
        if self.index.is_canonical(resource_type, &definition.code) {
            targets.retain(|one| self.index.is_named(*one));
        }
        targets
    }

    /// References that a search cannot compare are refused.
    pub(super) fn check_reference(
        &self,
        text: &str,
        resource_type: ResourceType,
        definition: &SearchParameter,
    ) -> Result<(), SearchError> {
        let code = &*definition.code;
        self.check_ready(text, resource_type, code)?;
        if YIELD_RESOURCES.contains(&(resource_type.name(), code)) {
            let message = format!(
                "{resource_type}.{code} leads to a resource inside the {resource_type}, which search does not look \
                 into; search for what was stored of it instead"
            );
            return Err(SearchError::not_supported(text, message));
        }
        if self.seeds(resource_type, code).is_empty() {
            let message = format!("{resource_type}.{code} is not indexed");
            return Err(SearchError::not_supported(text, message));
        }
        Ok(())
    }

    /// None of the types a reference may lead to has the next reference.
    fn nowhere(&self, types: &[ResourceType], text: &str, code: &str) -> SearchError {
        let place = match types {
            [one] => format!("{one} has no reference '{code}'"),
            _ => format!("none of the types it may lead to has a reference '{code}'"),
        };
        let names = self.reference_codes(types);
        SearchError::unknown(text, resolve::list(&place, code, &names))
    }

    /// A type has no such reference parameter.
    pub(super) fn unknown_reference(
        &self,
        resource_type: ResourceType,
        text: &str,
        code: &str,
    ) -> SearchError {
        let place = format!("{resource_type} has no reference parameter of that name");
        let names = self.reference_codes(&[resource_type]);
        SearchError::unknown(text, resolve::list(&place, code, &names))
    }

    fn reference_codes(&self, types: &[ResourceType]) -> Vec<&'a str> {
        let all = types.iter().flat_map(|one| self.parameters.for_type(*one));
        let references = all.filter(|one| one.search_type == SearchType::Reference);
        combine::sorted(references.map(|one| &*one.code))
    }
}

/// Reference parameters whose expression yields the resources themselves.
pub(super) const YIELD_RESOURCES: [(&str, &str); 2] =
    [("Bundle", "composition"), ("Bundle", "message")];

/// Resources that refer at some seeds to those of a group.
fn followed(is_canonical: bool, seeds: &[i64], group: Group) -> Clause {
    if !is_canonical {
        return Clause::RefersTo {
            seeds: combine::sorted(seeds.iter().copied()),
            target: criteria(group),
        };
    }
    let ways = seeds.iter().flat_map(|seed| {
        let way = |one: &ResourceType| hash::canonical_way(*seed, *one);
        group.types.iter().map(way)
    });
    Clause::Names {
        ways: combine::sorted(ways),
        other: criteria(group),
    }
}

fn criteria(group: Group) -> Criteria {
    let clauses = match group.condition {
        Some(Clause::All(clauses)) => clauses,
        other => other.into_iter().collect(),
    };
    Criteria {
        resource_types: group.types,
        clauses,
    }
}

fn names(types: &[ResourceType]) -> String {
    let names: Vec<&str> = types.iter().map(|one| one.name()).collect();
    if types.len() == ResourceType::all().count() {
        "any type".to_owned()
    } else {
        names.join(", ")
    }
}

fn not_a_reference(
    text: &str,
    resource_type: ResourceType,
    definition: &SearchParameter,
) -> SearchError {
    let message = format!(
        "{resource_type}.{} is a {} parameter, and only references lead to other resources",
        definition.code,
        definition.search_type.code()
    );
    SearchError::unknown(text, message)
}

/// A type a reference never has is a mistake, not a search without matches.
fn wrong_target(step: Along<'_>, possible: &[ResourceType]) -> SearchError {
    let narrowed = step
        .narrowed
        .and_then(ResourceType::parse)
        .map_or("that type", ResourceType::name);
    let message = format!(
        "'{}' does not refer to {narrowed}, but to: {}",
        step.code,
        names(possible)
    );
    SearchError::unknown(step.text, message)
}

fn refers_elsewhere(step: Against<'_>, searched: &str, possible: &[ResourceType]) -> SearchError {
    let message = format!(
        "{}.{} does not refer to {searched}, but to: {}",
        step.resource_type,
        step.code,
        names(possible)
    );
    SearchError::unknown(step.text, message)
}

#[cfg(test)]
mod tests;
