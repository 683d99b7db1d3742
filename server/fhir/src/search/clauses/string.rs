//! Strings (<https://hl7.org/fhir/R4/search.html#string>).

use super::super::combine;
use super::super::error::SearchError;
use super::super::fold::fold;
use super::super::hash;
use super::super::plan::{Clause, StringTest};
use super::super::planner::Planner;
use super::super::resolve::Resolved;
use super::{elements, plain};

pub(super) fn string(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Clause, SearchError> {
    match resolved.modifier {
        Some("exact") => {
            let seeds = resolved.seeds();
            let mut exact = Vec::new();
            for value in &resolved.values {
                let text = plain(resolved, value)?;
                exact.extend(seeds.iter().map(|seed| hash::exact(*seed, &text)));
            }
            elements(planner, resolved, exact, Clause::AnyToken)
        }
        Some("contains") => strings(resolved, StringTest::Contains),
        _ => strings(resolved, StringTest::StartsWith),
    }
}

/// Strings that pass a test with one of the values.
pub(in super::super) fn strings(
    resolved: &Resolved<'_>,
    test: impl Fn(Box<str>) -> StringTest,
) -> Result<Clause, SearchError> {
    Ok(Clause::String {
        parameters: resolved.seeds(),
        tests: folded(resolved, test)?,
    })
}

/// A test with each of the values, folded.
pub(super) fn folded(
    resolved: &Resolved<'_>,
    test: impl Fn(Box<str>) -> StringTest,
) -> Result<Vec<StringTest>, SearchError> {
    let mut tests = Vec::new();
    for value in &resolved.values {
        let folded = fold(&plain(resolved, value)?);
        if folded.is_empty() {
            return Err(resolved.malformed("a value has nothing that could be compared"));
        }
        tests.push(test(folded.into()));
    }
    combine::sort(&mut tests);
    Ok(tests)
}
