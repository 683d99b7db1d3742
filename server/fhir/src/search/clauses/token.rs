//! Tokens: codes and identifiers (<https://hl7.org/fhir/R4/search.html#token>).

use super::super::combine;
use super::super::error::SearchError;
use super::super::hash;
use super::super::plan::{Clause, StringTest};
use super::super::planner::Planner;
use super::super::query::split_unescaped;
use super::super::resolve::Resolved;
use super::coded::{self, Relation};
use super::{elements, plain, string};

/// The condition; `None` where every resource meets it.
pub(super) fn token(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Option<Clause>, SearchError> {
    if let Some(relation) = Relation::of(resolved.modifier) {
        return coded::coded(planner, resolved, relation);
    }
    let seeds = resolved.seeds();
    match resolved.modifier {
        Some("of-type") => {
            let mut definitions = resolved.definitions.iter();
            if !definitions.any(|one| planner.index.has_identifiers(one.0, resolved.code)) {
                let message = "the modifier ':of-type' is for identifiers, and it has none";
                return Err(resolved.unknown(message).essential());
            }
            let found = of_type(resolved, &seeds)?;
            elements(planner, resolved, found, Clause::AnyToken)
        }
        Some("text") => string::folded(resolved, StringTest::StartsWith).map(|tests| {
            let parameters = combine::sorted(seeds.into_iter().map(hash::text_seed));
            Clause::String { parameters, tests }
        }),
        Some("not") => elements(
            planner,
            resolved,
            tokens(planner, resolved, &seeds)?,
            Clause::NoToken,
        ),
        _ => elements(
            planner,
            resolved,
            tokens(planner, resolved, &seeds)?,
            Clause::AnyToken,
        ),
    }
    .map(Some)
}

/// The elements of the values under each of the seeds.
pub(in super::super) fn tokens(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    seeds: &[i64],
) -> Result<Vec<i64>, SearchError> {
    let types = resolved.types().into_iter();
    let uncased = types.flat_map(|one| planner.index.uncased(one, resolved.code));
    let uncased: Vec<i64> = uncased.copied().collect();
    let mut found = Vec::new();
    for value in &resolved.values {
        let (system, code) = parts(resolved, value)?;
        let system = system.map(|system| plain(resolved, system)).transpose()?;
        let code = plain(resolved, code)?;
        for seed in seeds {
            let is_uncased = resolved.is_uncased || uncased.contains(seed);
            add(&mut found, *seed, system.as_deref(), &code, is_uncased);
        }
        if system.as_deref() == Some(TRUTHS) && !code.is_empty() {
            let types = resolved.types().into_iter();
            let truths = types.flat_map(|one| planner.index.truths(one, resolved.code));
            for seed in truths.filter(|seed| seeds.contains(seed)) {
                add(&mut found, *seed, Some(""), &code, resolved.is_uncased);
            }
        }
    }
    Ok(found)
}

/// The system of booleans, which no element writes (<https://hl7.org/fhir/R4/search.html#token>).
const TRUTHS: &str = "http://terminology.hl7.org/CodeSystem/special-values";

/// The elements of one code under a seed: in this case, or in any.
pub(super) fn add(
    found: &mut Vec<i64>,
    seed: i64,
    system: Option<&str>,
    code: &str,
    is_uncased: bool,
) {
    let small = match is_uncased {
        true => code.to_lowercase(),
        false => code.to_owned(),
    };
    found.push(match system {
        None => hash::code(seed, &small),
        Some("") => hash::code_without_system(seed, &small),
        Some(system) if small.is_empty() => hash::system(seed, system),
        Some(system) => hash::token(seed, system, &small),
    });
    // What has no other case is not indexed by it.
    if is_uncased && small.to_uppercase() != small {
        found.push(match system {
            None => hash::folded_code(seed, &small),
            Some(system) => hash::folded_token(seed, system, &small),
        });
    }
}

/// The hashes of the codes alone, without a seed; nothing where a value names a system alone.
pub(super) fn codes(resolved: &Resolved<'_>) -> Result<Vec<i64>, SearchError> {
    let mut found = Vec::new();
    for value in &resolved.values {
        match parts(resolved, value)? {
            (_, "") => return Ok(Vec::new()),
            (_, code) => found.push(hash::code(0, &plain(resolved, code)?)),
        }
    }
    Ok(found)
}

/// The system, where a `|` says so, and the code; escapes still in place.
pub(super) fn parts<'v>(
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

fn of_type(resolved: &Resolved<'_>, seeds: &[i64]) -> Result<Vec<i64>, SearchError> {
    let mut found = Vec::new();
    for value in &resolved.values {
        let parts: Vec<&str> = split_unescaped(value, '|').collect();
        let (system, code, value) = match *parts.as_slice() {
            [system, code, value] if !code.is_empty() && !value.is_empty() => (system, code, value),
            _ => return Err(resolved.malformed("a value of ':of-type' is 'system|code|value'")),
        };
        let system = plain(resolved, system)?;
        let code = plain(resolved, code)?;
        let value = plain(resolved, value)?;
        let element = |seed: &i64| hash::of_type(*seed, &system, &code, &value);
        found.extend(seeds.iter().map(element));
    }
    Ok(found)
}
