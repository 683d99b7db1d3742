//! Dates, as ranges (<https://hl7.org/fhir/R4/search.html#date>).

use jiff::{SignedDuration, Timestamp};

use super::super::combine;
use super::super::error::SearchError;
use super::super::period_test::{PeriodTest, Prefix};
use super::super::plan::Clause;
use super::super::planner::Planner;
use super::super::resolve::Resolved;
use super::check_prefix;
use crate::time::{Precision, parse_partial};

pub(super) fn date(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    let tests = prefixed(planner, resolved)?;
    Ok(dates(planner, resolved, tests))
}

pub(super) fn last_updated(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Clause, SearchError> {
    prefixed(planner, resolved).map(Clause::LastUpdated)
}

/// Periods of the parameter that pass one of the tests.
pub(in super::super) fn dates(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    tests: Vec<PeriodTest>,
) -> Clause {
    let is_single = |one: &crate::ids::ResourceType| planner.index.is_single(*one, resolved.code);
    Clause::Date {
        parameters: resolved.seeds(),
        tests,
        single: resolved.types().iter().all(is_single),
    }
}

fn prefixed(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Vec<PeriodTest>, SearchError> {
    let mut tests = Vec::new();
    for value in &resolved.values {
        let (prefix, text) = Prefix::split(value);
        check_prefix(resolved, prefix)?;
        let range = DateRange::parse(resolved, text)?;
        tests.push(range.test(prefix, planner.now));
    }
    combine::sort(&mut tests);
    Ok(tests)
}

/// The time a date of a search stands for.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct DateRange {
    lower: Timestamp,
    upper: Timestamp,
}

impl DateRange {
    /// Reads a date without prefix.
    pub(in super::super) fn parse(
        resolved: &Resolved<'_>,
        text: &str,
    ) -> Result<Self, SearchError> {
        let date = parse_partial(text)
            .ok()
            .filter(|date| date.precision != Precision::Hour)
            .ok_or_else(|| {
                resolved.malformed(
                    "a value is a date or time like 2024, 2024-02, 2024-02-28, 2024-02-28T10:30 or \
                     2024-02-28T10:30:15.25+01:00 ('+' is written %2B), with a prefix or without",
                )
            })?;
        Ok(Self {
            lower: date.lower(),
            upper: date.upper(),
        })
    }

    /// The comparison with it.
    pub(in super::super) fn test(self, prefix: Prefix, now: Timestamp) -> PeriodTest {
        match prefix {
            Prefix::Ap => self.approximate(now).overlap(),
            _ => PeriodTest {
                prefix,
                lower: self.lower,
                upper: self.upper,
            },
        }
    }

    /// Has a moment in common with it.
    pub(in super::super) fn overlap(self) -> PeriodTest {
        PeriodTest {
            prefix: Prefix::Ap,
            lower: self.lower,
            upper: self.upper,
        }
    }

    /// Widened by a tenth of the time between it and now, as R4 recommends.
    fn approximate(self, now: Timestamp) -> Self {
        let gap =
            |from: Timestamp, to: Timestamp| from.duration_until(to).max(SignedDuration::ZERO);
        let slack = gap(self.upper, now).max(gap(now, self.lower)) / 10;
        Self {
            lower: self.lower.checked_sub(slack).unwrap_or(Timestamp::MIN),
            upper: self.upper.checked_add(slack).unwrap_or(Timestamp::MAX),
        }
    }
}
