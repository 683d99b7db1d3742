//! `_include` and `_revinclude` (<https://hl7.org/fhir/R4/search.html#revinclude>).

use std::collections::BTreeMap;

use super::combine;
use super::error::SearchError;
use super::index_plan::ParameterSeed;
use super::plan::Include;
use super::planner::Planner;
use super::query::Control;
use crate::definitions::search_parameters::{SearchParameter, SearchType};
use crate::ids::ResourceType;

/// What one control asks to add to the matches. `searched` are their types.
pub(super) fn includes(
    planner: &Planner<'_>,
    searched: &[ResourceType],
    control: &Control,
) -> Result<Vec<Include>, SearchError> {
    let text = control.text();
    let asked = Asked {
        planner,
        searched,
        text: &text,
        reverse: control.name == "_revinclude",
        iterate: iterates(&text, control.modifier.as_deref())?,
    };
    let mut parts = control.value.split(':');
    let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
    match parts {
        [Some("*"), None, None, None] => asked.wildcard(None, None),
        [Some(source), Some(code), target, None] => {
            let source = asked.resource_type(source)?;
            let target = target.map(|one| asked.resource_type(one)).transpose()?;
            match code {
                "*" => asked.wildcard(Some(source), target),
                _ => asked.parameter(source, code, target),
            }
        }
        _ => {
            let message =
                "the value is 'Type:parameter', 'Type:parameter:TargetType', 'Type:*' or '*'";
            Err(SearchError::malformed(&text, message))
        }
    }
}

fn iterates(text: &str, modifier: Option<&str>) -> Result<bool, SearchError> {
    match modifier {
        None => Ok(false),
        Some("iterate") => Ok(true),
        Some("recurse") => {
            let message = "there is no modifier ':recurse'; since R4 it is ':iterate'";
            Err(SearchError::unknown(text, message))
        }
        Some(other) => {
            let message = format!("there is no modifier ':{other}' for it; there is: iterate");
            Err(SearchError::unknown(text, message))
        }
    }
}

struct Asked<'p, 'a> {
    planner: &'p Planner<'a>,
    searched: &'p [ResourceType],
    text: &'p str,
    reverse: bool,
    iterate: bool,
}

/// A seed, and the types it may lead to.
struct Way {
    seed: i64,
    only: Option<ResourceType>,
    /// The types that it may lead to, where it is canonical.
    named: Option<Vec<ResourceType>>,
}

impl Asked<'_, '_> {
    fn resource_type(&self, name: &str) -> Result<ResourceType, SearchError> {
        ResourceType::parse(name).ok_or_else(|| {
            let message = "a name before or behind the parameter is not one of R4's resource types";
            SearchError::unknown(self.text, message)
        })
    }

    /// Whether matches are of the type, or may come to be by iteration.
    fn is_searched(&self, resource_type: ResourceType) -> bool {
        self.iterate || self.searched.is_empty() || self.searched.contains(&resource_type)
    }

    fn parameter(
        &self,
        source: ResourceType,
        code: &str,
        target: Option<ResourceType>,
    ) -> Result<Vec<Include>, SearchError> {
        let planner = self.planner;
        let definition = planner
            .definition(source, code)
            .filter(|one| one.search_type == SearchType::Reference)
            .ok_or_else(|| planner.unknown_reference(source, self.text, code))?;
        planner.check_reference(self.text, source, definition)?;
        if !self.reverse && !self.is_searched(source) {
            let message = format!("{source} is not searched, so nothing of it can be followed");
            return Err(SearchError::unknown(self.text, message));
        }
        let targets = planner.targets(source, definition);
        let names = || {
            let names: Vec<&str> = targets.iter().map(|one| one.name()).collect();
            names.join(", ")
        };
        if let Some(target) = target.filter(|one| !targets.contains(one)) {
            let message = format!(
                "{source}.{code} does not refer to {target}, but to: {}",
                names()
            );
            return Err(SearchError::unknown(self.text, message));
        }
        if self.reverse && !targets.iter().any(|one| self.is_searched(*one)) {
            let message = format!(
                "{source}.{code} does not refer to the types searched, but to: {}",
                names()
            );
            return Err(SearchError::unknown(self.text, message));
        }
        let ways = self.ways(source, definition, &targets);
        Ok(self.all(Some(source), Some(code), ways, target))
    }

    /// Every reference parameter of a type, or of all types.
    fn wildcard(
        &self,
        source: Option<ResourceType>,
        target: Option<ResourceType>,
    ) -> Result<Vec<Include>, SearchError> {
        let planner = self.planner;
        let sources = match (source, self.reverse || self.iterate) {
            (Some(source), _) => vec![source],
            (None, false) if !self.searched.is_empty() => self.searched.to_vec(),
            (None, _) => ResourceType::all().collect(),
        };
        if !self.reverse && !sources.iter().any(|one| self.is_searched(*one)) {
            let message = "the type is not searched, so nothing of it can be followed";
            return Err(SearchError::unknown(self.text, message));
        }
        let mut ways = Vec::new();
        for source in sources {
            let all = planner.parameters.for_type(source);
            for definition in all.filter(|one| one.search_type == SearchType::Reference) {
                // What could be followed at another time is.
                planner.check_ready(self.text, source, &definition.code)?;
                // What cannot be followed is no part of "all that can be".
                let followed = planner.check_reference(self.text, source, definition);
                if followed.is_err() {
                    continue;
                }
                let targets = planner.targets(source, definition);
                let leads = |one: &ResourceType| match (target, self.reverse) {
                    (Some(target), _) => *one == target,
                    (None, true) => self.is_searched(*one),
                    (None, false) => true,
                };
                if targets.iter().any(leads) {
                    ways.extend(self.ways(source, definition, &targets));
                }
            }
        }
        let includes = self.all(source, None, ways, target);
        // All that can be followed may be nothing, but a type that is named must be one that something leads to.
        if let (true, Some(target)) = (includes.is_empty(), target) {
            let message = format!("no reference parameter that can be followed leads to {target}");
            return Err(SearchError::unknown(self.text, message));
        }
        Ok(includes)
    }

    /// The seeds of a parameter.
    fn ways(
        &self,
        source: ResourceType,
        definition: &SearchParameter,
        targets: &[ResourceType],
    ) -> Vec<Way> {
        let code = &*definition.code;
        let is_canonical = self.planner.index.is_canonical(source, code);
        let seeds = self.planner.seeds(source, code).iter();
        let way = |one: &ParameterSeed| Way {
            seed: one.seed,
            only: one.target,
            named: is_canonical.then(|| targets.to_vec()),
        };
        seeds.map(way).collect()
    }

    /// One inclusion for each set of types that seeds lead to.
    fn all(
        &self,
        source: Option<ResourceType>,
        parameter: Option<&str>,
        ways: Vec<Way>,
        target: Option<ResourceType>,
    ) -> Vec<Include> {
        let mut open = Vec::new();
        let mut named: BTreeMap<Vec<ResourceType>, Vec<i64>> = BTreeMap::new();
        let mut narrow: Vec<(ResourceType, Vec<i64>)> = Vec::new();
        for way in ways {
            if let Some(mut targets) = way.named {
                targets.retain(|one| target.is_none_or(|target| target == *one));
                if !targets.is_empty() {
                    named
                        .entry(combine::sorted(targets))
                        .or_default()
                        .push(way.seed);
                }
                continue;
            }
            match (way.only, target) {
                (Some(only), Some(target)) if only != target => {}
                (None, _) | (Some(_), Some(_)) => open.push(way.seed),
                (Some(only), None) => match narrow.iter_mut().find(|one| one.0 == only) {
                    Some(one) => one.1.push(way.seed),
                    None => narrow.push((only, vec![way.seed])),
                },
            }
        }
        combine::sort(&mut open);
        let include = |seeds: Vec<i64>, targets: Vec<ResourceType>| Include {
            reverse: self.reverse,
            iterate: self.iterate,
            source,
            parameter: parameter.map(Into::into),
            seeds,
            targets,
            is_canonical: false,
        };
        let mut includes = Vec::new();
        for (only, seeds) in narrow {
            // A seed that leads anywhere leads there as well.
            let rest = seeds
                .into_iter()
                .filter(|one| open.binary_search(one).is_err());
            let rest = combine::sorted(rest);
            if !rest.is_empty() {
                includes.push(include(rest, vec![only]));
            }
        }
        if !open.is_empty() {
            includes.insert(0, include(open, target.into_iter().collect()));
        }
        includes.extend(named.into_iter().map(|(targets, seeds)| Include {
            is_canonical: true,
            ..include(combine::sorted(seeds), targets)
        }));
        includes
    }
}

#[cfg(test)]
mod tests;
