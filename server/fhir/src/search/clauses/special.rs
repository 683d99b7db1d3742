//! Parameters that are like no other: `_id`, `_list`, `_text`, `_content` and `near`.

use super::super::combine;
use super::super::error::SearchError;
use super::super::near::DEFAULT_DISTANCE_METRES;
use super::super::plan::{Clause, Criteria, NearTest, TextPart};
use super::super::planner::Planner;
use super::super::resolve::Resolved;
use super::super::text_query::{self, TextError, TextLimits};
use super::{Asked, plain, token};
use crate::ids::{ResourceId, ResourceType};

/// `_id`; `None` where every resource passes.
pub(super) fn ids(resolved: &Resolved<'_>) -> Result<Option<Clause>, SearchError> {
    let negated = match resolved.modifier {
        None => false,
        Some("not") => true,
        Some(_) => {
            return Err(
                resolved.malformed("an id is no code: it has no type, no text and no system")
            );
        }
    };
    let mut ids: Vec<ResourceId> = Vec::new();
    for value in &resolved.values {
        // An id has no system.
        if let (None | Some(""), code) = token::parts(resolved, value)? {
            ids.extend(plain(resolved, code)?.parse().ok());
        }
    }
    combine::sort(&mut ids);
    let condition = match ids.is_empty() {
        false => Some(Clause::Ids(ids)),
        true => Some(Clause::Nothing),
    };
    Ok(if negated {
        combine::not(condition)
    } else {
        condition
    })
}

/// `_list`: what the items of a List refer to (<https://hl7.org/fhir/R4/search.html#list>).
pub(super) fn list(
    planner: &Planner<'_>,
    asked: &Asked<'_>,
) -> Result<Option<Clause>, SearchError> {
    if let Some(modifier) = asked.modifier {
        let message = format!("there is no modifier ':{modifier}' for it; it takes none");
        return Err(SearchError::unknown(asked.text, message));
    }
    let mut ids: Vec<ResourceId> = Vec::new();
    for value in &asked.values {
        if value.starts_with('$') {
            let message = "lists by their function, such as $current-problems, are not supported";
            return Err(SearchError::not_supported(asked.text, message));
        }
        let id = value.strip_prefix("List/").unwrap_or(value);
        let message = "a value is the id of a List";
        let id = id
            .parse()
            .map_err(|_| SearchError::malformed(asked.text, message))?;
        ids.push(id);
    }
    let Some(list) = ResourceType::parse("List") else {
        return Ok(Some(Clause::Nothing));
    };
    planner.check_ready(asked.text, list, "item")?;
    let seeds = combine::sorted(planner.seeds(list, "item").iter().map(|one| one.seed));
    if seeds.is_empty() {
        return Err(SearchError::not_supported(
            asked.text,
            "List.item is not indexed",
        ));
    }
    Ok(Some(Clause::ReferredBy {
        seeds,
        source: Criteria {
            resource_types: vec![list],
            clauses: vec![Clause::Ids(combine::sorted(ids))],
        },
    }))
}

/// `_text` and `_content`.
pub(super) fn text(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    let part = match resolved.code {
        "_text" => TextPart::Narrative,
        _ => TextPart::Content,
    };
    let limits = TextLimits {
        words_max: planner.limits.text_words_max,
        depth_max: planner.limits.text_depth_max,
    };
    let mut conditions = Vec::new();
    for value in &resolved.values {
        let text = plain(resolved, value)?;
        let query = text_query::parse(&text, limits).map_err(|error| match error {
            TextError::Malformed(message) => resolved.malformed(message),
            TextError::TooCostly(message) => resolved.too_costly(message),
        })?;
        conditions.push(Some(Clause::Text { part, query }));
    }
    Ok(combine::any(conditions).unwrap_or(Clause::Nothing))
}

/// `Location.near`, the only parameter of R4 that is special for one type.
pub(super) fn special(resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    if resolved.code != "near" {
        return Err(
            resolved.not_supported("special parameters other than 'near' are not supported")
        );
    }
    let mut tests = Vec::new();
    for value in &resolved.values {
        tests.push(NearTest::parse(value).map_err(|message| {
            resolved.malformed(format!(
                "{message}; without a distance it is {} km",
                DEFAULT_DISTANCE_METRES / 1000
            ))
        })?);
    }
    combine::sort(&mut tests);
    Ok(Clause::Near {
        parameters: resolved.seeds(),
        tests,
    })
}
