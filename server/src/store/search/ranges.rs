//! Value rows found by an index: the bounds that make a test a range of it.
//!
//! A bound may let more in than the test does; the test itself is always asked as well.

use bigdecimal::BigDecimal;
use fhir::search::period_test::{PeriodTest, Prefix};
use fhir::search::plan::{Clause, NumberTest};
use jiff::{SignedDuration, Timestamp};

use super::conditions::push_seeds;
use super::grams;
use super::periods::push_period_test;
use super::quantities::{push_near_test, push_number_test};
use super::statement::Statement;
use super::words;

/// No period that is not marked as long is longer than this.
const SHORT: SignedDuration = SignedDuration::from_hours(24);

/// Whether an index can find the value rows that pass the clause.
pub(super) fn has_index(clause: &Clause) -> bool {
    match clause {
        Clause::String { tests, .. } => tests.iter().all(grams::has_index),
        Clause::Date { tests, .. } => tests.iter().all(|test| test.prefix != Prefix::Ne),
        Clause::Number(tests) => tests.iter().all(|test| test.prefix != Prefix::Ne),
        Clause::Near { .. } => true,
        Clause::Text { query, .. } => words::needs_a_word(query),
        _ => false,
    }
}

/// Numbers (with repetitions) of the rows whose values pass all of the clauses: one, or several about one single period.
pub(super) fn push_rows(statement: &mut Statement, clauses: &[&Clause]) {
    let Some(first) = clauses.first() else {
        return;
    };
    match first {
        Clause::Date { parameters, .. } => push_dates(statement, parameters, clauses),
        Clause::String { parameters, tests } => {
            push_union(statement, tests, |statement, test| {
                grams::push_rows(statement, parameters, test);
            });
        }
        Clause::Number(tests) => push_union(statement, tests, push_number),
        Clause::Near { parameters, tests } => push_union(statement, tests, |statement, test| {
            statement.push("select v.rid from index_position v where ");
            push_seeds(statement, "v", parameters);
            statement.push(" and ");
            push_near_test(statement, test, "v");
        }),
        Clause::Text { part, query } => {
            statement.push(format!(
                "select v.rid from index_text v where v.{} @@ ",
                words::column(*part)
            ));
            words::push_query(statement, query);
        }
        _ => {
            statement.push("select v.rid from index_text v where false");
        }
    }
}

fn push_union<T>(statement: &mut Statement, tests: &[T], mut push: impl FnMut(&mut Statement, &T)) {
    for (place, test) in tests.iter().enumerate() {
        if place > 0 {
            statement.push(" union all ");
        }
        push(statement, test);
    }
}

/// Bounds of where a period begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DateBounds {
    /// It begins at this moment or later.
    pub(super) begins_from: Option<Timestamp>,
    /// It ends at this moment or later.
    pub(super) ends_from: Option<Timestamp>,
    /// It begins at this moment or earlier.
    pub(super) begins_to: Option<Timestamp>,
}

impl DateBounds {
    /// What all the tests together leave.
    pub(super) fn of<'a>(tests: impl IntoIterator<Item = &'a PeriodTest>) -> Self {
        let mut bounds = Self::default();
        for test in tests {
            let (begins_from, ends_from, begins_to) = match test.prefix {
                Prefix::Eq => (Some(test.lower), None, Some(test.upper)),
                Prefix::Ne => (None, None, None),
                Prefix::Gt => (None, Some(test.upper), None),
                Prefix::Ge => (None, Some(test.lower), None),
                Prefix::Lt | Prefix::Eb => (None, None, Some(test.lower)),
                Prefix::Le => (None, None, Some(test.upper)),
                Prefix::Sa => (Some(test.upper), None, None),
                Prefix::Ap => (None, Some(test.lower), Some(test.upper)),
            };
            bounds.begins_from = bounds.begins_from.max(begins_from);
            bounds.ends_from = bounds.ends_from.max(ends_from);
            bounds.begins_to = match (bounds.begins_to, begins_to) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        bounds
    }

    /// Whether only the end is bounded from below: then a long period may have begun at any time before.
    fn is_by_end(&self) -> bool {
        self.begins_from.is_none() && self.ends_from.is_some()
    }

    /// The earliest beginning, of a short period where only the end is bounded.
    fn earliest(&self) -> Option<Timestamp> {
        let ends = self
            .ends_from
            .map(|ends| ends.checked_sub(SHORT).unwrap_or(Timestamp::MIN));
        self.begins_from.or(ends)
    }
}

/// One conjunction of tests for each choice among several: `date=2020,2021&date=lt2021-06` is two.
fn conjunctions(clauses: &[&Clause]) -> Vec<Vec<PeriodTest>> {
    let mut all: Vec<Vec<PeriodTest>> = vec![Vec::new()];
    for clause in clauses {
        if let Clause::Date { tests, .. } = clause {
            all = all
                .iter()
                .flat_map(|chosen| {
                    tests.iter().map(move |test| {
                        let mut longer = chosen.clone();
                        longer.push(*test);
                        longer
                    })
                })
                .collect();
        }
    }
    all
}

fn push_dates(statement: &mut Statement, parameters: &[i64], clauses: &[&Clause]) {
    for (place, tests) in conjunctions(clauses).iter().enumerate() {
        if place > 0 {
            statement.push(" union all ");
        }
        let bounds = DateBounds::of(tests);
        push_date_branch(statement, parameters, tests, &bounds, false);
        if bounds.is_by_end() {
            statement.push(" union all ");
            push_date_branch(statement, parameters, tests, &bounds, true);
        }
    }
}

fn push_date_branch(
    statement: &mut Statement,
    parameters: &[i64],
    tests: &[PeriodTest],
    bounds: &DateBounds,
    is_long: bool,
) {
    statement.push("select v.rid from index_date v where ");
    push_seeds(statement, "v", parameters);
    if is_long {
        statement.push(" and v.is_long");
        if let Some(ends) = bounds.ends_from {
            statement.push(" and v.upper >= ").instant(ends);
        }
    } else if bounds.is_by_end() {
        statement.push(" and not v.is_long");
    }
    if !is_long && let Some(begins) = bounds.earliest() {
        statement.push(" and v.lower >= ").instant(begins);
    }
    if let Some(begins) = bounds.begins_to {
        statement.push(" and v.lower <= ").instant(begins);
    }
    for test in tests {
        statement.push(" and ");
        push_period_test(statement, test, "v");
    }
}

/// Bounds of a number: of where its range begins, and of where it ends. The first of two numbers is a point.
pub(super) fn number_bounds(
    test: &NumberTest,
) -> (
    Option<&BigDecimal>,
    Option<&BigDecimal>,
    Option<&BigDecimal>,
) {
    match test.prefix {
        Prefix::Eq => (Some(&test.lower), None, Some(&test.upper)),
        Prefix::Ap if test.second.is_some() => (Some(&test.lower), None, Some(&test.upper)),
        Prefix::Ne => (None, None, None),
        Prefix::Gt | Prefix::Ge if test.second.is_some() => (Some(&test.exact), None, None),
        Prefix::Gt | Prefix::Ge => (None, Some(&test.exact), None),
        Prefix::Lt | Prefix::Le | Prefix::Eb => (None, None, Some(&test.exact)),
        Prefix::Sa => (Some(&test.exact), None, None),
        Prefix::Ap => (None, Some(&test.lower), Some(&test.upper)),
    }
}

fn push_number(statement: &mut Statement, test: &NumberTest) {
    let (begins_from, ends_from, begins_to) = number_bounds(test);
    // Points begin where they end.
    push_number_branch(statement, test, begins_from.or(ends_from), None, begins_to);
    if ends_from.is_some() {
        statement.push(" union all ");
        push_number_branch(statement, test, None, ends_from, begins_to);
    }
}

fn push_number_branch(
    statement: &mut Statement,
    test: &NumberTest,
    begins_from: Option<&BigDecimal>,
    ends_from: Option<&BigDecimal>,
    begins_to: Option<&BigDecimal>,
) {
    statement.push("select v.rid from index_number v where ");
    push_seeds(statement, "v", &test.parameters);
    if let Some(begins) = begins_from {
        statement.push(" and v.lower >= ").decimal(begins);
    }
    if let Some(ends) = ends_from {
        statement
            .push(" and v.lower <> v.upper and v.upper >= ")
            .decimal(ends);
    }
    if let Some(begins) = begins_to {
        statement.push(" and v.lower <= ").decimal(begins);
    }
    statement.push(" and ");
    push_number_test(statement, test, "v");
}
