//! From query to plan: every name resolved in the registry, every value typed, limits checked.

use jiff::Timestamp;

use super::clauses;
use super::controls;
use super::error::SearchError;
use super::index_plan::{IndexPlan, ParameterSeed};
use super::plan::{Clause, Plan};
use super::query::{Parameter, Query};
use crate::definitions::search_parameters::{SearchParameter, SearchParameters, SearchType};
use crate::ids::ResourceType;

/// What a parameter that is not understood leads to (<https://hl7.org/fhir/R4/search.html#errors>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handling {
    /// The search is refused.
    #[default]
    Strict,
    /// The parameter is left out, and a warning says so.
    Lenient,
}

/// How much a plan may ask for.
#[derive(Clone, Copy, Debug)]
pub struct PlanLimits {
    /// Largest `_count`.
    pub count_max: u32,
    /// Most index elements of one clause.
    pub elements_max: usize,
}

impl Default for PlanLimits {
    fn default() -> Self {
        Self {
            count_max: 1000,
            elements_max: 10_000,
        }
    }
}

/// What planning must know.
#[derive(Clone, Copy, Debug)]
pub struct Planner<'a> {
    /// The parameters that are offered.
    pub parameters: &'a SearchParameters,
    /// Where their values are.
    pub index: &'a IndexPlan,
    /// This server's base URL, without a slash at the end.
    pub base_url: &'a str,
    /// The time of the request, for `ap`.
    pub now: Timestamp,
    /// What to do about what is not understood. Conditional interactions are always strict.
    pub handling: Handling,
    /// How much may be asked for.
    pub limits: PlanLimits,
}

/// A parameter and the types it is searched in.
#[derive(Debug)]
pub(super) struct Resolved<'a> {
    /// The parameter as it was written.
    pub(super) parameter: &'a Parameter,
    pub(super) search_type: SearchType,
    /// Its definition for each type; never empty. All are of the same search type.
    pub(super) definitions: Vec<(ResourceType, &'a SearchParameter)>,
    pub(super) index: &'a IndexPlan,
}

impl Resolved<'_> {
    /// Where its values are, in all types.
    pub(super) fn parameter_seeds(&self) -> impl Iterator<Item = &ParameterSeed> {
        let types = self.definitions.iter();
        types.flat_map(|one| self.index.seeds(one.0, &self.parameter.code))
    }

    /// The seeds of the parameter.
    pub(super) fn seeds(&self) -> Vec<i64> {
        self.parameter_seeds().map(|one| one.seed).collect()
    }

    pub(super) fn malformed(&self, message: impl Into<Box<str>>) -> SearchError {
        SearchError::malformed(&self.parameter.text, message)
    }

    pub(super) fn not_supported(&self, message: impl Into<Box<str>>) -> SearchError {
        SearchError::not_supported(&self.parameter.text, message)
    }
}

impl<'a> Planner<'a> {
    /// Plans a search of some types; none given is a search of all, which `_type` may narrow.
    pub fn plan(
        &self,
        resource_types: &[ResourceType],
        query: &Query,
    ) -> Result<Plan, SearchError> {
        let mut plan = Plan {
            resource_types: resource_types.to_vec(),
            ..Plan::default()
        };
        for control in &query.controls {
            let done = controls::apply(self, &mut plan, control, resource_types.is_empty());
            if self.keep(&mut plan, done)?.is_some() && !controls::is_foreign(control) {
                let name = control.text();
                plan.understood.push((name, control.value.to_string()));
            }
        }
        plan.resource_types.sort_unstable();
        plan.resource_types.dedup();
        for parameter in &query.parameters {
            let clauses = self.clauses(&plan.resource_types, parameter, query);
            if let Some(clause) = self.keep(&mut plan, clauses)? {
                plan.clauses.extend(clause);
                plan.understood
                    .push((parameter.text.to_string(), parameter.value()));
            }
        }
        Ok(plan)
    }

    /// Refuses a parameter that is defined and not answered at the moment.
    pub(super) fn check_ready(
        &self,
        text: &str,
        resource_type: ResourceType,
        code: &str,
    ) -> Result<(), SearchError> {
        match self.parameters.unready().reason(resource_type, code) {
            None => Ok(()),
            Some(reason) => Err(SearchError::not_supported(text, reason.to_string())),
        }
    }

    /// In a lenient search, an error that is about the parameter's name becomes a warning.
    fn keep<T>(
        &self,
        plan: &mut Plan,
        done: Result<T, SearchError>,
    ) -> Result<Option<T>, SearchError> {
        match (done, self.handling) {
            (Ok(done), _) => Ok(Some(done)),
            (Err(fault), Handling::Lenient) if fault.can_be_dropped() => {
                plan.warnings.push(fault.dropped());
                Ok(None)
            }
            (Err(fault), _) => Err(fault),
        }
    }

    /// The clause of one parameter; none where every resource passes.
    fn clauses(
        &self,
        resource_types: &[ResourceType],
        parameter: &Parameter,
        query: &Query,
    ) -> Result<Option<Clause>, SearchError> {
        let not_supported =
            |message: &str| Err(SearchError::not_supported(&parameter.text, message));
        if !parameter.has.is_empty() {
            return not_supported("'_has' is not supported yet");
        }
        if !parameter.chain.is_empty() {
            return not_supported("chained parameters are not supported yet");
        }
        let resolved = self.resolve(resource_types, parameter)?;
        let definitions = || resolved.definitions.iter().map(|one| one.1);
        if parameter.values.len() > 1 && definitions().any(|one| !one.multiple_or) {
            return Err(resolved.malformed("it takes a single value, not alternatives"));
        }
        let same = |other: &&Parameter| other.code == parameter.code && other.chain.is_empty();
        if definitions().any(|one| !one.multiple_and)
            && query.parameters.iter().filter(same).count() > 1
        {
            return Err(resolved.malformed("it may be given only once"));
        }
        clauses::clause(self, &resolved)
    }

    fn resolve<'q>(
        &self,
        resource_types: &[ResourceType],
        parameter: &'q Parameter,
    ) -> Result<Resolved<'q>, SearchError>
    where
        'a: 'q,
    {
        let types: Vec<ResourceType> = if resource_types.is_empty() {
            ResourceType::all().collect()
        } else {
            resource_types.to_vec()
        };
        let mut definitions: Vec<(ResourceType, &'a SearchParameter)> = Vec::new();
        for resource_type in types {
            match self
                .parameters
                .by_type_and_code(resource_type, &parameter.code)
            {
                Some(definition) => {
                    self.check_ready(&parameter.text, resource_type, &parameter.code)?;
                    definitions.push((resource_type, definition));
                }
                None => return Err(self.unknown(resource_types, resource_type, parameter)),
            }
        }
        let search_type = match definitions.first() {
            Some((_, first)) => first.search_type,
            None => {
                return Err(SearchError::unknown(
                    &parameter.text,
                    "there is no type to search",
                ));
            }
        };
        if definitions
            .iter()
            .any(|one| one.1.search_type != search_type)
        {
            let message = "its search type differs between the types searched";
            return Err(SearchError::malformed(&parameter.text, message));
        }
        Ok(Resolved {
            parameter,
            search_type,
            definitions,
            index: self.index,
        })
    }

    /// The error that says what there is instead.
    fn unknown(
        &self,
        searched: &[ResourceType],
        lacking: ResourceType,
        parameter: &Parameter,
    ) -> SearchError {
        let known = if searched.is_empty() {
            self.common_codes(&ResourceType::all().collect::<Vec<_>>())
        } else {
            self.common_codes(searched)
        };
        let place = match searched {
            [one] => format!("{one} has no such parameter"),
            [] => "a search of all types has no such parameter".to_owned(),
            _ => format!("{lacking}, one of the types searched, has no such parameter"),
        };
        let message = format!("{place}; there are: {}", known.join(", "));
        SearchError::unknown(&parameter.text, message)
    }

    /// Codes of the parameters that all of the types have and that are indexed.
    pub(super) fn common_codes(&self, types: &[ResourceType]) -> Vec<&'a str> {
        let Some((first, others)) = types.split_first() else {
            return Vec::new();
        };
        let has =
            |one: &ResourceType, code: &str| self.parameters.by_type_and_code(*one, code).is_some();
        self.parameters
            .for_type(*first)
            .filter(|parameter| parameter.expression.is_some())
            .map(|parameter| &*parameter.code)
            .filter(|code| others.iter().all(|other| has(other, code)))
            .collect()
    }
}

#[cfg(test)]
mod tests;
