//! From query to plan: every name resolved in the registry, every value typed, limits checked.

use jiff::Timestamp;

use super::chain::{Against, Along, Group, Scope};
use super::clauses::{self, Asked};
use super::coded::KnownAnswers;
use super::combine;
use super::controls;
use super::error::{SearchError, SearchErrorKind};
use super::index_plan::IndexPlan;
use super::plan::{Clause, Plan};
use super::query::{Parameter, Query, Step};
use crate::definitions::search_parameters::SearchParameters;
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
    /// Most index elements of one clause that asks what codes mean.
    pub coded_elements_max: usize,
    /// Most inclusions.
    pub includes_max: usize,
    /// Most keys of an order.
    pub sort_keys_max: usize,
    /// Longest `_filter`, in bytes.
    pub filter_length_max: usize,
    /// Deepest parentheses, and most steps of a path, of a `_filter`.
    pub filter_depth_max: usize,
    /// Most words of a text search.
    pub text_words_max: usize,
    /// Deepest parentheses of a text search.
    pub text_depth_max: usize,
}

impl Default for PlanLimits {
    fn default() -> Self {
        Self {
            count_max: 1000,
            elements_max: 10_000,
            coded_elements_max: 50_000,
            includes_max: 20,
            sort_keys_max: 8,
            filter_length_max: 4000,
            filter_depth_max: 8,
            text_words_max: 50,
            text_depth_max: 10,
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
    /// What is known of codes; `None` where nobody answers what is asked of them.
    pub codes: Option<&'a KnownAnswers>,
}

impl Planner<'_> {
    /// Plans a search of some types; none given is a search of all, which `_type` may narrow.
    pub fn plan(
        &self,
        resource_types: &[ResourceType],
        query: &Query,
    ) -> Result<Plan, SearchError> {
        self.plan_within(resource_types, &[], query)
    }

    /// Plans a search of some types; where none is given and no `_type`, of `others`, or of all.
    pub(super) fn plan_within(
        &self,
        resource_types: &[ResourceType],
        others: &[ResourceType],
        query: &Query,
    ) -> Result<Plan, SearchError> {
        let mut plan = Plan {
            resource_types: resource_types.to_vec(),
            ..Plan::default()
        };
        // What is understood is told in the order of the query, though `_type` is read first.
        let mut understood = Vec::new();
        let any_type = resource_types.is_empty();
        let (types, rest): (Vec<_>, Vec<_>) = query
            .controls
            .iter()
            .enumerate()
            .partition(|one| one.1.name == "_type");
        for (is_last, controls) in [(false, types), (true, rest)] {
            for (place, control) in controls {
                let control = &*controls::understood(self, &mut plan, control);
                let done = controls::apply(self, &mut plan, control, any_type);
                if self.keep(&mut plan, done)?.is_some() && !controls::is_foreign(control) {
                    let shown = (control.text(), control.value.to_string());
                    plan.understood.push(shown.clone());
                    understood.push((place, shown));
                }
            }
            if !is_last {
                if plan.resource_types.is_empty() {
                    plan.resource_types = others.to_vec();
                }
                combine::sort(&mut plan.resource_types);
            }
        }
        controls::check(&plan, query)?;
        understood.sort_by_key(|one| one.0);
        plan.understood = understood.into_iter().map(|one| one.1).collect();
        for parameter in &query.parameters {
            let clauses = self.condition(&plan.resource_types, parameter, query);
            if let Some(condition) = self.keep(&mut plan, clauses)? {
                match condition {
                    Some(Clause::All(clauses)) => plan.clauses.extend(clauses),
                    other => plan.clauses.extend(other),
                }
                plan.understood
                    .push((parameter.text.to_string(), parameter.value()));
            }
        }
        for parameter in &query.blank {
            let known = self.known(&plan.resource_types, parameter, query);
            self.keep(&mut plan, known)?;
        }
        self.check_contained(&plan)?;
        if let [only] = plan.resource_types.as_slice() {
            plan.placed_by = Some((*only, self.index.placing_seeds(*only)));
        }
        Ok(plan)
    }

    /// Refuses a parameter without a value that with one would be unknown.
    fn known(
        &self,
        searched: &[ResourceType],
        parameter: &Parameter,
        query: &Query,
    ) -> Result<(), SearchError> {
        match self.condition(searched, parameter, query) {
            Err(fault) if fault.kind == SearchErrorKind::Unknown => Err(fault),
            _ => Ok(()),
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

    /// The condition of one parameter; `None` where every resource meets it.
    fn condition(
        &self,
        searched: &[ResourceType],
        parameter: &Parameter,
        query: &Query,
    ) -> Result<Option<Clause>, SearchError> {
        let all: Vec<ResourceType>;
        let types = match searched {
            [] => {
                all = ResourceType::all().collect();
                &all
            }
            some => some,
        };
        let same = |other: &&Parameter| other.code == parameter.code && other.steps.is_empty();
        let is_repeated = query.parameters.iter().filter(same).count() > 1;
        if parameter.steps.is_empty() && is_repeated {
            let mut definitions = types
                .iter()
                .filter_map(|one| self.definition(*one, &parameter.code));
            if !definitions.all(clauses::may_repeat) {
                let message = "it may be given only once";
                return Err(SearchError::malformed(&parameter.text, message));
            }
        }
        let groups = self.groups(Scope::All(types), parameter, &parameter.steps)?;
        Ok(whole(types, groups))
    }

    /// The conditions at the beginning of the rest of a parameter's steps.
    fn groups(
        &self,
        scope: Scope<'_>,
        parameter: &Parameter,
        steps: &[Step],
    ) -> Result<Vec<Group>, SearchError> {
        let text = &*parameter.text;
        let Some((step, rest)) = steps.split_first() else {
            let asked = Asked {
                text,
                code: &parameter.code,
                modifier: parameter.modifier.as_deref(),
                values: parameter.values.iter().map(|one| &**one).collect(),
            };
            return clauses::groups(self, scope, &asked);
        };
        let mut end = |scope: Scope<'_>| self.groups(scope, parameter, rest);
        match step {
            Step::Chain {
                code,
                resource_type,
            } => {
                let narrowed = resource_type.as_deref();
                self.along(
                    scope,
                    Along {
                        text,
                        code,
                        narrowed,
                    },
                    &mut end,
                )
            }
            Step::Has {
                resource_type,
                reference: code,
            } => self.against(
                scope,
                Against {
                    text,
                    resource_type,
                    code,
                },
                &mut end,
            ),
        }
    }
}

/// One condition for all of the types searched.
pub(super) fn whole(types: &[ResourceType], groups: Vec<Group>) -> Option<Clause> {
    let of_group = |group: Group| {
        if group.types.len() == types.len() {
            return group.condition;
        }
        combine::all([Some(Clause::Types(group.types)), group.condition])
    };
    combine::any(groups.into_iter().map(of_group))
}

#[cfg(test)]
pub(super) mod fixtures;
#[cfg(test)]
mod tests;
