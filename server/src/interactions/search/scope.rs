//! What a search looks at: all types, one, or a compartment (<https://hl7.org/fhir/R4/compartmentdefinition.html>).

use crate::context::RequestContext;
use crate::definitions::Searched;
use crate::interactions::SearchScope;

/// A query within a scope.
pub(super) fn searched<'a>(
    cx: &RequestContext,
    scope: &'a SearchScope,
    query: &'a str,
) -> Searched<'a> {
    let of = |types| Searched::of(types, query, cx.handling);
    match scope {
        SearchScope::System => of(&[]),
        SearchScope::Type(resource_type) => of(std::slice::from_ref(resource_type)),
        SearchScope::Compartment(center, member) => of(member.as_slice()).around(center),
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
