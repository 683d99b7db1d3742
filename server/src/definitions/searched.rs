//! From what is searched to its plan.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::search::coded::KnownAnswers;
use fhir::search::error::{SearchError, SearchErrorKind, SearchLimit};
use fhir::search::plan::Plan;
use fhir::search::planner::{Handling as PlannerHandling, PlanLimits, Planner};
use fhir::search::query::{Query, QueryLimits};

use super::Definitions;
use crate::context::{Handling, RequestContext};
use crate::error::{Error, ErrorKind, Result};

/// What is searched, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Searched<'a> {
    /// The resource whose compartment is searched.
    pub around: Option<&'a ResourceKey>,
    /// The types; none is all of them, or all that can be in the compartment.
    pub types: &'a [ResourceType],
    /// The text of the query.
    pub query: &'a str,
    /// What to do about parameters that are not understood.
    pub handling: Handling,
    /// Whether it selects what a write is about: nothing is left out of it.
    pub is_condition: bool,
}

impl<'a> Searched<'a> {
    /// A search of some types; none is all of them.
    pub fn of(types: &'a [ResourceType], query: &'a str, handling: Handling) -> Self {
        Self {
            around: None,
            types,
            query,
            handling,
            is_condition: false,
        }
    }

    /// What the query of a conditional interaction selects.
    pub fn condition(types: &'a [ResourceType], query: &'a str) -> Self {
        Self {
            is_condition: true,
            ..Self::of(types, query, Handling::Strict)
        }
    }

    /// The same within the compartment around a resource.
    #[must_use]
    pub fn around(self, center: &'a ResourceKey) -> Self {
        Self {
            around: Some(center),
            ..self
        }
    }
}

impl Definitions {
    /// The plan of a search (<https://hl7.org/fhir/R4/search.html>,
    /// <https://hl7.org/fhir/R4/compartmentdefinition.html>). What it asks of codes is noted in `codes`, and where that is
    /// none, refused.
    pub fn plan(
        &self,
        cx: &RequestContext,
        searched: &Searched<'_>,
        codes: Option<&KnownAnswers>,
    ) -> Result<Plan> {
        let limits = &cx.limits.search;
        let limits = QueryLimits {
            parameters_max: limits.parameters,
            or_values_max: limits.or_values,
            depth_max: limits.chain_depth,
            empty_allowed: !searched.is_condition,
        };
        let planner = self.planner(cx, searched.handling, codes);
        let Some(around) = searched.around else {
            let query = Query::parse(searched.query, limits).map_err(refused)?;
            return planner.plan(searched.types, &query).map_err(refused);
        };
        let compartment = self.registries.compartments.of(around.resource_type);
        let compartment = compartment.ok_or_else(|| {
            let sentence = format!(
                "no compartment is defined around resources of type {}",
                around.resource_type
            );
            Error::new(ErrorKind::UnknownEndpoint, sentence)
        })?;
        let query = Query::parse(searched.query, limits).map_err(refused)?;
        planner
            .plan_compartment(compartment, around, searched.types, &query)
            .map_err(refused)
    }

    fn planner<'a>(
        &'a self,
        cx: &'a RequestContext,
        handling: Handling,
        codes: Option<&'a KnownAnswers>,
    ) -> Planner<'a> {
        Planner {
            parameters: &self.parameters,
            index: &self.index,
            base_url: &cx.base_url,
            now: cx.now,
            handling: match handling {
                Handling::Strict => PlannerHandling::Strict,
                Handling::Lenient => PlannerHandling::Lenient,
            },
            limits: PlanLimits {
                count_max: cx.limits.page_size_max,
                includes_max: cx.limits.search.includes,
                ..PlanLimits::default()
            },
            codes,
        }
    }
}

fn refused(error: SearchError) -> Error {
    let kind = match error.kind {
        SearchErrorKind::Malformed | SearchErrorKind::Unknown | SearchErrorKind::Undefined => {
            ErrorKind::BadValue
        }
        SearchErrorKind::NotSupported => ErrorKind::NotSupported,
        SearchErrorKind::TooCostly => ErrorKind::TooCostly,
        SearchErrorKind::NotInCompartment => ErrorKind::NotFound,
    };
    let mut issue = error.issue();
    if let Some(limit) = error.limit {
        issue.diagnostics = format!("{} ({})", issue.diagnostics, setting(limit)).into();
    }
    Error::with_issues(kind, vec![issue])
}

/// Where whoever runs the server can raise the limit that a search has met.
fn setting(limit: SearchLimit) -> &'static str {
    match limit {
        SearchLimit::Parameters => "VESTA_SEARCH_PARAMETERS_MAX",
        SearchLimit::OrValues => "VESTA_SEARCH_OR_VALUES_MAX",
        SearchLimit::ChainDepth => "VESTA_SEARCH_CHAIN_DEPTH_MAX",
        SearchLimit::Includes => "VESTA_SEARCH_INCLUDES_MAX",
        SearchLimit::PageSize => "VESTA_PAGE_SIZE_MAX",
        SearchLimit::ExpansionCodes => "VESTA_EXPANSION_CODES_MAX",
    }
}
