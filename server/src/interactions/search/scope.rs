//! What a search looks at: all types, one, or a compartment (<https://hl7.org/fhir/R4/compartmentdefinition.html>).

use fhir::search::plan::Plan;

use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::Result;
use crate::interactions::SearchScope;

/// The plan of a query within a scope.
pub(super) fn plan(
    definitions: &Definitions,
    cx: &RequestContext,
    scope: &SearchScope,
    query: &str,
) -> Result<Plan> {
    match scope {
        SearchScope::System => definitions.plan(cx, &[], query, cx.handling),
        SearchScope::Type(resource_type) => {
            definitions.plan(cx, &[*resource_type], query, cx.handling)
        }
        SearchScope::Compartment(center, member) => {
            definitions.plan_compartment(cx, center, member.as_slice(), query, cx.handling)
        }
    }
}

/// The URL of a scope, which page links begin with.
pub(super) fn path(cx: &RequestContext, scope: &SearchScope) -> String {
    let base = &cx.base_url;
    match scope {
        SearchScope::System => base.to_string(),
        SearchScope::Type(resource_type) => format!("{base}/{resource_type}"),
        SearchScope::Compartment(center, Some(member)) => format!("{base}/{center}/{member}"),
        SearchScope::Compartment(center, None) => format!("{base}/{center}/*"),
    }
}
