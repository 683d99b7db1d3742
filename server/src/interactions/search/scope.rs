//! What a search looks at: all types, one, or a compartment (<https://hl7.org/fhir/R4/compartmentdefinition.html>).

use fhir::ids::{ResourceKey, ResourceType};
use fhir::search::plan::Plan;

use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::{SearchScope, paging};

/// The plan of a query within a scope.
pub(super) fn plan(
    definitions: &Definitions,
    cx: &RequestContext,
    scope: &SearchScope,
    query: &str,
) -> Result<Plan> {
    let plan =
        |types: &[ResourceType], query: &str| definitions.plan(cx, types, query, cx.handling);
    match scope {
        SearchScope::Type(resource_type) => plan(&[*resource_type], query),
        SearchScope::System => plan(&[], query),
        SearchScope::Compartment(center, Some(member)) => {
            let types = members(definitions, center)?;
            if !types.contains(member) {
                return Err(no_member(*member, center));
            }
            definitions.check_compartment(center.resource_type, &[*member])?;
            let mut plan = plan(&[*member], query)?;
            plan.clauses
                .push(definitions.in_compartment(center, &[*member]));
            Ok(plan)
        }
        SearchScope::Compartment(center, None) => {
            let mut types = members(definitions, center)?;
            let (rest, asked) = without_type(query)?;
            if let Some((_, names)) = &asked {
                let asked = asked_types(names)?;
                if let Some(stranger) = asked.iter().find(|one| !types.contains(one)) {
                    return Err(no_member(*stranger, center));
                }
                types = asked;
            }
            definitions.check_compartment(center.resource_type, &types)?;
            let mut plan = plan(&types, &rest)?;
            plan.clauses
                .push(definitions.in_compartment(center, &types));
            plan.understood.splice(0..0, asked);
            Ok(plan)
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

fn members(definitions: &Definitions, center: &ResourceKey) -> Result<Vec<ResourceType>> {
    let around = center.resource_type;
    definitions.compartment_types(around).ok_or_else(|| {
        Error::new(
            ErrorKind::UnknownEndpoint,
            format!("there is no compartment around a {around}"),
        )
    })
}

fn no_member(resource_type: ResourceType, center: &ResourceKey) -> Error {
    Error::new(
        ErrorKind::UnknownEndpoint,
        format!(
            "a {resource_type} is never in the compartment of a {}",
            center.resource_type
        ),
    )
}

/// The query without `_type`, and that.
fn without_type(query: &str) -> Result<(String, Option<(String, String)>)> {
    let mut rest = Vec::new();
    let mut asked = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let named = paging::parameters(pair)?;
        let is_type = named.iter().any(|(name, _)| name == "_type");
        if !is_type {
            rest.push(pair);
        } else if asked.is_some() {
            return Err(bad("'_type' may be given only once"));
        } else {
            asked = named.into_iter().next();
        }
    }
    Ok((rest.join("&"), asked))
}

fn asked_types(names: &str) -> Result<Vec<ResourceType>> {
    let types: Option<Vec<ResourceType>> = names.split(',').map(ResourceType::parse).collect();
    let mut types = types.ok_or_else(|| {
        bad("the value of '_type' is a list of R4's resource types with commas between")
    })?;
    types.sort_unstable();
    types.dedup();
    Ok(types)
}

fn bad(sentence: &str) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
}
