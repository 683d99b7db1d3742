//! Composites: values of one place together (<https://hl7.org/fhir/R4/search.html#composite>).

use super::super::combine;
use super::super::error::SearchError;
use super::super::hash;
use super::super::index_plan::{BesideCode, CompositePlan};
use super::super::period_test::Prefix;
use super::super::plan::{Clause, NumberTest};
use super::super::planner::Planner;
use super::super::query::split_unescaped;
use super::super::resolve::Resolved;
use super::{check_prefix, condition, elements, number, plain, reference, token};
use crate::definitions::search_parameters::{SearchParameter, SearchType};
use crate::ids::ResourceType;

pub(super) fn composite(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Clause, SearchError> {
    let mut conditions = Vec::new();
    for (resource_type, definition) in &resolved.definitions {
        let plan = planner
            .index
            .composite(*resource_type, resolved.code)
            .ok_or_else(|| resolved.not_supported("values of it together are not indexed"))?;
        for value in &resolved.values {
            let parts = parts(planner, resolved, (*resource_type, definition), plan, value)?;
            if plan.on_resource {
                conditions.push(on_resource(planner, &parts, plan.beside_code)?);
            }
            for group in &plan.groups {
                conditions.push(Some(in_group(planner, &parts, *group)?));
            }
        }
    }
    Ok(combine::any(conditions).unwrap_or(Clause::Nothing))
}

/// The components, each with its part of the value.
fn parts<'a>(
    planner: &Planner<'a>,
    resolved: &Resolved<'a>,
    (resource_type, definition): (ResourceType, &SearchParameter),
    plan: &CompositePlan,
    value: &'a str,
) -> Result<Vec<Resolved<'a>>, SearchError> {
    let values: Vec<&str> = split_unescaped(value, '$').collect();
    if values.len() != plan.components.len() || values.contains(&"") {
        let codes: Vec<&str> = plan.components.iter().map(|one| &*one.code).collect();
        let message = format!(
            "a value is made of {}, with '$' between",
            codes.join(" and ")
        );
        return Err(resolved.malformed(message));
    }
    let components = plan.components.iter().zip(&definition.components);
    let part = |((component, declared), value): (
        (_, &crate::definitions::search_parameters::SearchComponent),
        &'a str,
    )| {
        let component: &super::super::index_plan::ComponentPlan = component;
        let known = planner.parameters.by_url(&declared.definition);
        let known = known.ok_or_else(|| resolved.not_supported("a part of it is not defined"))?;
        Ok(Resolved {
            text: resolved.text,
            code: &known.code,
            modifier: None,
            values: vec![value],
            search_type: component.search_type,
            definitions: vec![(resource_type, known)],
            places: component
                .seeds
                .iter()
                .map(|one| (resource_type, *one))
                .collect(),
            is_uncased: false,
        })
    };
    components.zip(values).map(part).collect()
}

/// The values of the resource together. Of a code and a number, rows of the number beside the code say as much as the
/// number alone, and are fewer.
fn on_resource(
    planner: &Planner<'_>,
    parts: &[Resolved<'_>],
    beside_code: Option<BesideCode>,
) -> Result<Option<Clause>, SearchError> {
    if let (Some(beside_code), [one, other]) = (beside_code, parts) {
        let (token, number) = match beside_code.place {
            0 => (one, other),
            _ => (other, one),
        };
        let codes = token::codes(token)?;
        if !codes.is_empty() {
            let mut numbers = beside(number, beside_code.group, beside_code.place, &codes)?;
            let token = condition(planner, token)?;
            if let (Clause::Number(tests), Some(Clause::AnyToken(elements))) =
                (&mut numbers, &token)
            {
                for test in tests {
                    test.beside.clone_from(elements);
                }
            }
            return Ok(combine::all(vec![token, Some(numbers)]));
        }
    }
    let parts = parts.iter().map(|part| condition(planner, part));
    Ok(combine::all(parts.collect::<Result<Vec<_>, _>>()?))
}

/// The values in one item of a group: an element of both, or numbers beside the value that is none.
fn in_group(
    planner: &Planner<'_>,
    parts: &[Resolved<'_>],
    group: i64,
) -> Result<Clause, SearchError> {
    let (first, second) = match parts {
        [first, second] => (first, second),
        [first, second, third] => return between(planner, first, [second, third], group),
        _ => return Ok(Clause::Nothing),
    };
    match (discrete(planner, first)?, discrete(planner, second)?) {
        (Some(one), Some(other)) => {
            let pairs = one.iter().flat_map(|one| {
                other
                    .iter()
                    .map(|other| hash::group_pair(group, *one, *other))
            });
            elements(planner, first, pairs.collect(), Clause::AnyToken)
        }
        (Some(values), None) => beside(second, group, 0, &values),
        (None, Some(values)) => beside(first, group, 1, &values),
        (None, None) => Err(first.not_supported("values of it together are not indexed")),
    }
}

/// The hashes of the forms of a value that has some; `None` for numbers and quantities.
fn discrete(planner: &Planner<'_>, part: &Resolved<'_>) -> Result<Option<Vec<i64>>, SearchError> {
    match part.search_type {
        SearchType::Token => token::tokens(planner, part, &[0]).map(Some),
        SearchType::Reference => reference::values(planner, part).map(Some),
        SearchType::Uri => {
            let values = part.values.iter().map(|one| plain(part, one));
            let url = |text: Result<String, SearchError>| Ok(hash::url(0, &text?));
            values.map(url).collect::<Result<Vec<_>, _>>().map(Some)
        }
        SearchType::Number
        | SearchType::Quantity
        | SearchType::Date
        | SearchType::String
        | SearchType::Composite
        | SearchType::Special => Ok(None),
    }
}

/// Two numbers that stand beside one of the values of the first component.
fn between(
    planner: &Planner<'_>,
    first: &Resolved<'_>,
    numbers: [&Resolved<'_>; 2],
    group: i64,
) -> Result<Clause, SearchError> {
    let Some(values) = discrete(planner, first)? else {
        return Err(first.not_supported("values of it together are not indexed"));
    };
    let [ones, others] = numbers.map(|number| beside(number, group, 0, &values));
    let (Clause::Number(ones), Clause::Number(others)) = (ones?, others?) else {
        return Ok(Clause::Nothing);
    };
    let pairs = ones.iter().flat_map(|one| {
        others.iter().map(|other| NumberTest {
            second: Some(Box::new(other.clone())),
            ..one.clone()
        })
    });
    Ok(Clause::Number(combine::sorted(pairs)))
}

/// Numbers that stand beside one of the values of the component at a place.
fn beside(
    number: &Resolved<'_>,
    group: i64,
    place: usize,
    values: &[i64],
) -> Result<Clause, SearchError> {
    let seeds = values
        .iter()
        .map(|one| hash::group_value(group, place, *one));
    let seeds = combine::sorted(seeds);
    let mut tests = Vec::new();
    for value in &number.values {
        let (prefix, text) = Prefix::split(value);
        check_prefix(number, prefix)?;
        tests.push(match number.search_type {
            SearchType::Number => number::numbers(number, &seeds, prefix, text)?,
            _ => number::quantities(number, &seeds, prefix, text)?,
        });
    }
    combine::sort(&mut tests);
    match seeds.is_empty() {
        true => Ok(Clause::Nothing),
        false => Ok(Clause::Number(tests)),
    }
}
