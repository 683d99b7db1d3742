//! Which search parameters are offered: those the planner takes a value for, so that the statement cannot promise more.

mod inclusions;
#[cfg(test)]
mod tests;

use fhir::definitions::Definitions as Registries;
use fhir::definitions::search_parameters::{SearchParameter, SearchType};
use fhir::ids::ResourceType;
use fhir::search::error::SearchErrorKind;
use fhir::search::index_plan::IndexPlan;
use fhir::search::planner::{Handling, PlanLimits, Planner};
use fhir::search::query::{Query, QueryLimits};
use jiff::Timestamp;

pub use inclusions::Inclusions;
pub(super) use inclusions::inclusions;

/// A search parameter that is active.
#[derive(Clone, Copy, Debug)]
pub struct SearchParameterEntry<'a> {
    /// The type it is for; `None` for all types.
    pub resource_type: Option<ResourceType>,
    /// Its name in URLs.
    pub code: &'a str,
    /// The code of its search type.
    pub search_type: &'a str,
    /// The canonical URL of its definition.
    pub definition: &'a str,
}

/// The parameters of every type, and those that all types have.
pub(super) fn search_parameters<'a>(
    registries: &'a Registries,
    index: &'a IndexPlan,
    now: Timestamp,
) -> Vec<SearchParameterEntry<'a>> {
    let planner = planner(registries, index, now);
    let mut entries: Vec<SearchParameterEntry<'_>> = Vec::new();
    for resource_type in ResourceType::all() {
        for parameter in registries.search_parameters.for_type(resource_type) {
            if !is_planned(&planner, resource_type, parameter) {
                continue;
            }
            let entry = SearchParameterEntry {
                resource_type: Some(resource_type),
                code: &parameter.code,
                search_type: parameter.search_type.code(),
                definition: &parameter.url,
            };
            let is_general = parameter.base.iter().any(|base| &**base == "Resource");
            let is_known = |known: &SearchParameterEntry<'_>| {
                known.resource_type.is_none() && known.code == entry.code
            };
            if is_general && !entries.iter().any(is_known) {
                entries.push(SearchParameterEntry {
                    resource_type: None,
                    ..entry
                });
            }
            entries.push(entry);
        }
    }
    entries
}

/// A planner that refuses what it does not answer.
pub(super) fn planner<'a>(
    registries: &'a Registries,
    index: &'a IndexPlan,
    now: Timestamp,
) -> Planner<'a> {
    Planner {
        parameters: &registries.search_parameters,
        index,
        base_url: "",
        now,
        handling: Handling::Strict,
        limits: PlanLimits::default(),
        codes: None,
    }
}

/// Whether a value of the parameter's type makes a plan.
fn is_planned(
    planner: &Planner<'_>,
    resource_type: ResourceType,
    parameter: &SearchParameter,
) -> bool {
    let value = match parameter.search_type {
        SearchType::Date => "2000-01-01",
        SearchType::Number | SearchType::Quantity => "1",
        SearchType::Uri => "urn:x",
        SearchType::Token
        | SearchType::String
        | SearchType::Reference
        | SearchType::Composite
        | SearchType::Special => "x",
    };
    let query = format!("{}={value}", parameter.code);
    let planned = Query::parse(&query, QueryLimits::default())
        .and_then(|query| planner.plan(&[resource_type], &query));
    match planned {
        Ok(_) => true,
        Err(error) => error.kind == SearchErrorKind::Malformed,
    }
}
