//! One parameter becomes one condition: its values typed by the parameter's search type and modifier.

mod coded;
mod composite;
mod date;
mod hierarchy;
mod modifiers;
mod number;
mod reference;
mod special;
mod string;
mod token;
mod uri;

use super::chain::{Group, Scope};
use super::combine;
use super::error::SearchError;
use super::filter;
use super::hash;
use super::period_test::Prefix;
use super::plan::Clause;
use super::planner::Planner;
use super::query::unescape;
use super::resolve::{self, Resolved};
use crate::definitions::search_parameters::{SearchParameter, SearchType};
use crate::ids::ResourceType;

pub(super) use date::{DateRange, dates};
pub(super) use number::{numbers, quantities};
pub(super) use reference::references;
pub(super) use string::strings;

/// A parameter as it is asked for: without the steps that lead to its resources.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    /// The name as it was written, for errors.
    pub(super) text: &'a str,
    pub(super) code: &'a str,
    pub(super) modifier: Option<&'a str>,
    /// Alternatives, escapes still in place.
    pub(super) values: Vec<&'a str>,
}

/// The conditions of a parameter: one for each search type it has in the types of the scope.
pub(super) fn groups(
    planner: &Planner<'_>,
    scope: Scope<'_>,
    asked: &Asked<'_>,
) -> Result<Vec<Group>, SearchError> {
    let of_all = |condition| {
        Ok(vec![Group {
            types: combine::sorted(scope.types().iter().copied()),
            condition,
        }])
    };
    match asked.code {
        "_list" => return of_all(special::list(planner, asked)?),
        "_filter" => return of_all(filter::condition(planner, scope.types(), asked)?),
        "_has" => {
            let message = "'_has' is written '_has:Type:reference:parameter'";
            return Err(SearchError::malformed(asked.text, message));
        }
        "_query" => {
            let message = "named queries are not supported; there is none on this server";
            return Err(SearchError::not_supported(asked.text, message).essential());
        }
        _ => {}
    }
    let resolved = resolve(planner, scope, asked)?;
    let group = |one: &Resolved<'_>| {
        Ok(Group {
            types: combine::sorted(one.types()),
            condition: condition(planner, one)?,
        })
    };
    resolved.iter().map(group).collect()
}

/// The parameter in the types of the scope, by search type.
pub(super) fn resolve<'a>(
    planner: &Planner<'a>,
    scope: Scope<'_>,
    asked: &Asked<'a>,
) -> Result<Vec<Resolved<'a>>, SearchError> {
    let mut found: Vec<Resolved<'a>> = Vec::new();
    for resource_type in scope.types() {
        let Some(definition) = planner.definition(*resource_type, asked.code) else {
            if scope.is_all() {
                let types = scope.types();
                return Err(planner.unknown_parameter(
                    types,
                    *resource_type,
                    asked.text,
                    asked.code,
                ));
            }
            continue;
        };
        planner.check_ready(asked.text, *resource_type, asked.code)?;
        let same = |one: &&mut Resolved<'_>| one.search_type == definition.search_type;
        let seeds = planner.seeds(*resource_type, asked.code).iter();
        let places = seeds.map(|one| (*resource_type, *one));
        match found.iter_mut().find(same) {
            Some(one) => {
                one.definitions.push((*resource_type, definition));
                one.places.extend(places);
            }
            None => found.push(Resolved {
                text: asked.text,
                code: asked.code,
                modifier: asked.modifier,
                values: asked.values.clone(),
                search_type: definition.search_type,
                definitions: vec![(*resource_type, definition)],
                places: places.collect(),
                is_uncased: false,
            }),
        }
    }
    match (found.len(), scope) {
        (0, _) => Err(nowhere(planner, scope.types(), asked)),
        (2.., Scope::All(_)) => {
            let message = "its search type differs between the types searched";
            Err(SearchError::malformed(asked.text, message))
        }
        _ => Ok(found),
    }
}

/// None of the types that a reference may lead to has the parameter.
fn nowhere(planner: &Planner<'_>, types: &[ResourceType], asked: &Asked<'_>) -> SearchError {
    match types {
        [one] => planner.unknown_parameter(types, *one, asked.text, asked.code),
        _ => {
            let all = types.iter().flat_map(|one| planner.common_codes(&[*one]));
            let names = combine::sorted(all);
            let place = format!(
                "none of the types it may lead to has a parameter '{}'",
                asked.code
            );
            SearchError::unknown(asked.text, resolve::list(&place, asked.code, &names))
        }
    }
}

/// The condition; `None` where every resource meets it.
pub(super) fn condition(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Option<Clause>, SearchError> {
    modifiers::check(resolved)?;
    let mut definitions = resolved.definitions.iter().map(|one| one.1);
    if resolved.values.len() > 1 && !definitions.all(takes_alternatives) {
        return Err(resolved.malformed("it takes a single value, not alternatives"));
    }
    let is_missing = resolved.modifier == Some("missing");
    match resolved.code {
        // A current resource always has both.
        "_id" | "_lastUpdated" if is_missing => {
            return Ok(missing(resolved)?.then_some(Clause::Nothing));
        }
        "_id" => return special::ids(resolved),
        "_lastUpdated" => return date::last_updated(planner, resolved).map(Some),
        "_text" | "_content" => return special::text(planner, resolved).map(Some),
        _ => {}
    }
    check_support(planner, resolved, is_missing)?;
    if is_missing {
        return presence(planner, resolved, missing(resolved)?).map(Some);
    }
    match resolved.search_type {
        SearchType::Token => return token::token(planner, resolved),
        SearchType::Reference => reference::reference(planner, resolved),
        SearchType::String => string::string(planner, resolved),
        SearchType::Uri => uri::uri(planner, resolved),
        SearchType::Date => date::date(planner, resolved),
        SearchType::Number => number::number(resolved),
        SearchType::Quantity => number::quantity(resolved),
        SearchType::Composite => composite::composite(planner, resolved),
        SearchType::Special => special::special(resolved),
    }
    .map(Some)
}

/// Whether values of a parameter may be alternatives. R4's definitions of composites say no, where search.html shows
/// alternatives of composites and says that every parameter has them.
fn takes_alternatives(definition: &SearchParameter) -> bool {
    definition.multiple_or || definition.search_type == SearchType::Composite
}

/// Whether a parameter may repeat; with composites it is as with their alternatives.
pub(super) fn may_repeat(definition: &SearchParameter) -> bool {
    definition.multiple_and || definition.search_type == SearchType::Composite
}

/// Parameters whose search asks for more than this server can do.
pub(super) fn check_support(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    is_missing: bool,
) -> Result<(), SearchError> {
    if resolved.search_type == SearchType::Reference && !is_missing {
        for (resource_type, definition) in &resolved.definitions {
            planner.check_reference(resolved.text, *resource_type, definition)?;
        }
    }
    // R4 means a search by sound, which a search by letters is not.
    if resolved.code == "phonetic" && !is_missing {
        return Err(resolved.not_supported("searching by sound is not supported"));
    }
    let is_indexed = |one: &ResourceType| resolved.places.iter().any(|place| place.0 == *one);
    if resolved.search_type != SearchType::Composite && !resolved.types().iter().all(is_indexed) {
        return Err(resolved.not_supported("it is not indexed"));
    }
    Ok(())
}

/// Whether `:missing` asks for resources without a value.
fn missing(resolved: &Resolved<'_>) -> Result<bool, SearchError> {
    match *resolved.values.as_slice() {
        ["true"] => Ok(true),
        ["false"] => Ok(false),
        _ => Err(resolved.malformed("':missing' takes true or false")),
    }
}

/// Resources without a value, or those with one.
pub(super) fn presence(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    is_missing: bool,
) -> Result<Clause, SearchError> {
    let present = resolved
        .own_seeds()
        .into_iter()
        .map(hash::present)
        .collect();
    let clause = if is_missing {
        Clause::NoToken
    } else {
        Clause::AnyToken
    };
    elements(planner, resolved, present, clause)
}

/// A clause over elements; without any, nothing has one of them.
pub(super) fn elements(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    elements: Vec<i64>,
    clause: impl FnOnce(Vec<i64>) -> Clause,
) -> Result<Clause, SearchError> {
    elements_within(planner.limits.elements_max, resolved, elements, clause)
}

fn elements_within(
    most: usize,
    resolved: &Resolved<'_>,
    mut elements: Vec<i64>,
    clause: impl FnOnce(Vec<i64>) -> Clause,
) -> Result<Clause, SearchError> {
    combine::sort(&mut elements);
    if elements.len() > most {
        let message = format!(
            "the values together with the types they may have are more than {most}, the limit of what one parameter \
             may look for"
        );
        return Err(resolved.too_costly(message));
    }
    if elements.is_empty() {
        return Ok(Clause::Nothing);
    }
    Ok(clause(elements))
}

fn plain(resolved: &Resolved<'_>, raw: &str) -> Result<String, SearchError> {
    unescape(raw).map_err(|message| resolved.malformed(message))
}

/// A prefix that the definitions do not declare is refused.
fn check_prefix(resolved: &Resolved<'_>, prefix: Prefix) -> Result<(), SearchError> {
    let declares = |one: &[Box<str>]| one.is_empty() || one.iter().any(|c| **c == *prefix.code());
    let mut definitions = resolved.definitions.iter();
    if definitions.all(|one| declares(&one.1.comparators)) {
        return Ok(());
    }
    let message = format!("it does not take the prefix '{}'", prefix.code());
    Err(resolved.malformed(message))
}

#[cfg(test)]
mod tests;
