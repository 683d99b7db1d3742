//! One parameter becomes one clause: its values typed by the parameter's search type and modifier.

use jiff::{SignedDuration, Timestamp};

use super::error::SearchError;
use super::fold::fold;
use super::hash;
use super::index_plan::ParameterSeed;
use super::link;
use super::period_test::{PeriodTest, Prefix};
use super::plan::{Clause, StringTest};
use super::planner::{Planner, Resolved};
use super::query::{split_unescaped, unescape};
use crate::definitions::search_parameters::SearchType;
use crate::ids::{ResourceId, ResourceType};
use crate::time::{Precision, parse_partial};

/// The clause; none where every resource passes.
pub(super) fn clause(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Option<Clause>, SearchError> {
    let parameter = resolved.parameter;
    check_modifier(resolved)?;
    let is_missing = parameter.modifier.as_deref() == Some("missing");
    match &*parameter.code {
        // A current resource always has both.
        "_id" | "_lastUpdated" if is_missing => {
            return Ok(missing(resolved)?.then_some(Clause::Nothing));
        }
        "_id" => return ids(resolved),
        "_lastUpdated" => return Ok(Some(Clause::LastUpdated(periods(planner, resolved)?))),
        _ => {}
    }
    check_support(resolved, is_missing)?;
    if is_missing {
        let present = |one: &ParameterSeed| hash::present(one.own());
        let present = resolved.parameter_seeds().map(present).collect();
        let clause = if missing(resolved)? {
            Clause::NoToken
        } else {
            Clause::AnyToken
        };
        return tokens(planner, resolved, present, clause).map(Some);
    }
    match resolved.search_type {
        SearchType::Token => token(planner, resolved),
        SearchType::Reference => reference(planner, resolved),
        SearchType::String => string(planner, resolved),
        SearchType::Uri => uri(planner, resolved),
        SearchType::Date => Ok(Clause::Date {
            parameters: sorted(resolved.seeds()),
            tests: periods(planner, resolved)?,
            single: false,
        }),
        SearchType::Number | SearchType::Quantity | SearchType::Composite | SearchType::Special => {
            Err(unsupported_type(resolved))
        }
    }
    .map(Some)
}

/// Reference parameters whose expression yields the resources themselves, which only a chain can look into.
const YIELD_RESOURCES: [(&str, &str); 2] = [("Bundle", "composition"), ("Bundle", "message")];

/// Parameters whose search asks for more than this server can do yet.
fn check_support(resolved: &Resolved<'_>, is_missing: bool) -> Result<(), SearchError> {
    let has_values = resolved
        .definitions
        .iter()
        .all(|one| one.1.expression.is_some());
    match resolved.search_type {
        // What is not indexed by an expression has no presence either.
        _ if !has_values => Err(resolved.not_supported("it is not supported yet")),
        SearchType::Composite | SearchType::Special => Err(unsupported_type(resolved)),
        SearchType::Number | SearchType::Quantity if !is_missing => Err(unsupported_type(resolved)),
        _ if yields_resources(resolved) && !is_missing => {
            Err(resolved.not_supported("it is for chained parameters, which are not supported yet"))
        }
        // R4 means a search by sound, which a search by letters is not.
        _ if &*resolved.parameter.code == "phonetic" && !is_missing => {
            Err(resolved.not_supported("searching by sound is not supported"))
        }
        _ => Ok(()),
    }
}

fn yields_resources(resolved: &Resolved<'_>) -> bool {
    let code = &*resolved.parameter.code;
    let yields = |name: &str| YIELD_RESOURCES.contains(&(name, code));
    resolved.definitions.iter().any(|one| yields(one.0.name()))
}

fn unsupported_type(resolved: &Resolved<'_>) -> SearchError {
    let kind = resolved.search_type.code();
    resolved.not_supported(format!("{kind} parameters are not supported yet"))
}

/// What R4 defines for each type, and what of it is answered (<https://hl7.org/fhir/R4/search.html#modifiers>).
fn modifiers(search_type: SearchType) -> (&'static [&'static str], &'static [&'static str]) {
    match search_type {
        SearchType::String => (&["missing", "exact", "contains"], &[]),
        SearchType::Token => (
            &["missing", "not", "of-type"],
            &["text", "in", "not-in", "above", "below"],
        ),
        SearchType::Reference => (&["missing", "identifier"], &["above", "below"]),
        SearchType::Uri => (&["missing"], &["above", "below"]),
        SearchType::Date | SearchType::Number | SearchType::Quantity => (&["missing"], &[]),
        SearchType::Composite => (&[], &["missing"]),
        SearchType::Special => (&[], &[]),
    }
}

fn check_modifier(resolved: &Resolved<'_>) -> Result<(), SearchError> {
    let Some(modifier) = resolved.parameter.modifier.as_deref() else {
        return Ok(());
    };
    let (answered, other) = modifiers(resolved.search_type);
    let kind = resolved.search_type.code();
    if other.contains(&modifier) {
        let message =
            format!("the modifier ':{modifier}' of {kind} parameters is not supported yet");
        return Err(resolved.not_supported(message));
    }
    let target =
        ResourceType::parse(modifier).filter(|_| resolved.search_type == SearchType::Reference);
    if let Some(target) = target {
        return check_target(resolved, target);
    }
    let is_declared = |declared: &[Box<str>]| {
        declared.is_empty() || declared.iter().any(|one| &**one == modifier)
    };
    let all_declare = resolved
        .definitions
        .iter()
        .all(|one| is_declared(&one.1.modifiers));
    if answered.contains(&modifier) && all_declare {
        return Ok(());
    }
    let types = if resolved.search_type == SearchType::Reference {
        ", or a resource type"
    } else {
        ""
    };
    let message = format!(
        "there is no modifier ':{modifier}' for it; {kind} parameters have: {}{types}",
        [answered, other].concat().join(", ")
    );
    Err(SearchError::unknown(&resolved.parameter.text, message))
}

/// A type a reference never has is a mistake, not a search without matches.
fn check_target(resolved: &Resolved<'_>, target: ResourceType) -> Result<(), SearchError> {
    let targets: Vec<ResourceType> = resolved
        .definitions
        .iter()
        .flat_map(|one| link::targets(one.1, one.0))
        .collect();
    if targets.contains(&target) {
        return Ok(());
    }
    let names: Vec<&str> = sorted(targets)
        .into_iter()
        .map(ResourceType::name)
        .collect();
    let message = format!(
        "it does not refer to {target}, but to: {}",
        names.join(", ")
    );
    Err(SearchError::unknown(&resolved.parameter.text, message))
}

fn missing(resolved: &Resolved<'_>) -> Result<bool, SearchError> {
    match resolved.parameter.values.as_slice() {
        [value] if &**value == "true" => Ok(true),
        [value] if &**value == "false" => Ok(false),
        _ => Err(resolved.malformed("':missing' takes true or false")),
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}

/// A clause over elements; without any, nothing has one of them and everything none of them.
fn tokens(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    elements: Vec<i64>,
    clause: impl FnOnce(Vec<i64>) -> Clause,
) -> Result<Clause, SearchError> {
    let elements = sorted(elements);
    if elements.len() > planner.limits.elements_max {
        let message = "the values together with the types they may have are too many";
        return Err(SearchError::too_costly(&resolved.parameter.text, message));
    }
    if elements.is_empty() {
        return Ok(Clause::Nothing);
    }
    Ok(clause(elements))
}

fn ids(resolved: &Resolved<'_>) -> Result<Option<Clause>, SearchError> {
    let negated = match resolved.parameter.modifier.as_deref() {
        None => false,
        Some("not") => true,
        Some(_) => return Err(resolved.malformed("an id has no type")),
    };
    let mut ids: Vec<ResourceId> = Vec::new();
    for value in &resolved.parameter.values {
        // An id has no system.
        if let (None | Some(""), code) = token_parts(resolved, value)? {
            ids.extend(plain(resolved, code)?.parse().ok());
        }
    }
    Ok(match (ids.is_empty(), negated) {
        (false, false) => Some(Clause::Ids(sorted(ids))),
        (true, false) => Some(Clause::Nothing),
        (false, true) => Some(Clause::NotIds(sorted(ids))),
        // Where no value can be an id, none excludes anything.
        (true, true) => None,
    })
}

/// The system, where a `|` says so, and the code; escapes still in place.
fn token_parts<'v>(
    resolved: &Resolved<'_>,
    value: &'v str,
) -> Result<(Option<&'v str>, &'v str), SearchError> {
    let mut parts = split_unescaped(value, '|');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(code), None, None) if !code.is_empty() => Ok((None, code)),
        (Some(system), Some(code), None) if !(system.is_empty() && code.is_empty()) => {
            Ok((Some(system), code))
        }
        _ => Err(resolved.malformed("a value is 'code', 'system|code', '|code' or 'system|'")),
    }
}

fn plain(resolved: &Resolved<'_>, raw: &str) -> Result<String, SearchError> {
    unescape(raw).map_err(|message| resolved.malformed(message))
}

fn token(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    let modifier = resolved.parameter.modifier.as_deref();
    let seeds = resolved.seeds();
    let elements = match modifier {
        Some("of-type") => of_type(resolved, &seeds)?,
        _ => token_elements(resolved, &seeds)?,
    };
    let clause = match modifier {
        Some("not") => Clause::NoToken,
        _ => Clause::AnyToken,
    };
    tokens(planner, resolved, elements, clause)
}

fn token_elements(resolved: &Resolved<'_>, seeds: &[i64]) -> Result<Vec<i64>, SearchError> {
    let mut elements = Vec::new();
    for value in &resolved.parameter.values {
        let (system, code) = token_parts(resolved, value)?;
        let system = system.map(|system| plain(resolved, system)).transpose()?;
        let code = plain(resolved, code)?;
        elements.extend(seeds.iter().map(|seed| match system.as_deref() {
            None => hash::code(*seed, &code),
            Some("") => hash::code_without_system(*seed, &code),
            Some(system) if code.is_empty() => hash::system(*seed, system),
            Some(system) => hash::token(*seed, system, &code),
        }));
    }
    Ok(elements)
}

fn of_type(resolved: &Resolved<'_>, seeds: &[i64]) -> Result<Vec<i64>, SearchError> {
    let mut elements = Vec::new();
    for value in &resolved.parameter.values {
        let parts: Vec<&str> = split_unescaped(value, '|').collect();
        let (system, code, value) = match parts.as_slice() {
            [system, code, value] if !code.is_empty() && !value.is_empty() => (system, code, value),
            _ => return Err(resolved.malformed("a value of ':of-type' is 'system|code|value'")),
        };
        let system = plain(resolved, system)?;
        let code = plain(resolved, code)?;
        let value = plain(resolved, value)?;
        elements.extend(
            seeds
                .iter()
                .map(|seed| hash::of_type(*seed, &system, &code, &value)),
        );
    }
    Ok(elements)
}

fn reference(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    let modifier = resolved.parameter.modifier.as_deref();
    let elements = if modifier == Some("identifier") {
        let seeds: Vec<i64> = resolved
            .parameter_seeds()
            .map(|one| hash::identifier_seed(one.own()))
            .collect();
        token_elements(resolved, &seeds)?
    } else {
        let target = modifier.and_then(ResourceType::parse);
        let mut elements = Vec::new();
        for value in &resolved.parameter.values {
            let text = plain(resolved, value)?;
            for (resource_type, definition) in &resolved.definitions {
                let targets = match target {
                    Some(target) => vec![target],
                    None => link::targets(definition, *resource_type),
                };
                let code = &resolved.parameter.code;
                for seed in planner.index.seeds(*resource_type, code) {
                    link::search_elements(
                        *seed,
                        &text,
                        planner.base_url,
                        target,
                        &targets,
                        &mut elements,
                    );
                }
            }
        }
        elements
    };
    tokens(planner, resolved, elements, Clause::AnyToken)
}

fn string(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    let values = &resolved.parameter.values;
    let modifier = resolved.parameter.modifier.as_deref();
    let seeds = resolved.seeds();
    let mut elements = Vec::new();
    let mut tests = Vec::new();
    for value in values {
        let text = plain(resolved, value)?;
        if modifier == Some("exact") {
            elements.extend(seeds.iter().map(|seed| hash::exact(*seed, &text)));
            continue;
        }
        let folded: Box<str> = fold(&text).into();
        if folded.is_empty() {
            return Err(resolved.malformed("a value has nothing that could be compared"));
        }
        tests.push(match modifier {
            Some("contains") => StringTest::Contains(folded),
            _ => StringTest::StartsWith(folded),
        });
    }
    if modifier == Some("exact") {
        return tokens(planner, resolved, elements, Clause::AnyToken);
    }
    Ok(Clause::String {
        parameters: sorted(seeds),
        tests: sorted(tests),
    })
}

fn uri(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    let mut elements = Vec::new();
    for value in &resolved.parameter.values {
        let text = plain(resolved, value)?;
        elements.extend(resolved.seeds().iter().map(|seed| hash::url(*seed, &text)));
    }
    tokens(planner, resolved, elements, Clause::AnyToken)
}

fn periods(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Result<Vec<PeriodTest>, SearchError> {
    let mut tests = Vec::new();
    for value in &resolved.parameter.values {
        let (prefix, text) = Prefix::split(value);
        let declared =
            |one: &[Box<str>]| one.is_empty() || one.iter().any(|c| **c == *prefix.code());
        if !resolved
            .definitions
            .iter()
            .all(|one| declared(&one.1.comparators))
        {
            let message = format!("it does not take the prefix '{}'", prefix.code());
            return Err(resolved.malformed(message));
        }
        let date = parse_partial(text)
            .ok()
            .filter(|date| date.precision != Precision::Hour)
            .ok_or_else(|| {
                resolved.malformed(
                    "a value is a date or time like 2024, 2024-02, 2024-02-28, 2024-02-28T10:30 or \
                     2024-02-28T10:30:15.25+01:00 ('+' is written %2B), with a prefix or without",
                )
            })?;
        let (mut lower, mut upper) = (date.lower(), date.upper());
        if prefix == Prefix::Ap {
            (lower, upper) = approximately(lower, upper, planner.now);
        }
        tests.push(PeriodTest {
            prefix,
            lower,
            upper,
        });
    }
    Ok(sorted(tests))
}

/// Widened by a tenth of the time between it and now, as R4 recommends.
fn approximately(lower: Timestamp, upper: Timestamp, now: Timestamp) -> (Timestamp, Timestamp) {
    let gap = |from: Timestamp, to: Timestamp| from.duration_until(to).max(SignedDuration::ZERO);
    let slack = gap(upper, now).max(gap(now, lower)) / 10;
    (
        lower.checked_sub(slack).unwrap_or(Timestamp::MIN),
        upper.checked_add(slack).unwrap_or(Timestamp::MAX),
    )
}
