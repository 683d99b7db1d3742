//! The newest rows that the index of elements names: the way where matches are neither rare nor frequent.
//!
//! The index knows no order. Asked for all rows of an element it names all, and to read them is what costs; asked
//! together with a span of row numbers it names those of the newest rows only, before any row is read. Where the page is
//! not full then, a last row says so.

use fhir::search::plan::{Clause, Plan};

use super::conditions::{push_all, push_types};
use super::estimate::{Estimator, share};
use super::leads::{Lead, PROBE, ROW, left_after};
use super::order::Direction;
use super::place::Place;
use super::statement::Statement;

/// Naming a row by the index of elements, nanoseconds.
const NAMED: i64 = 150;
/// Finding a number in one list of rows that is also in another, nanoseconds.
const MET: i64 = 120;
/// Naming a row by its number, nanoseconds.
const NUMBERED: i64 = 70;

/// A page of the newest rows with some elements.
pub(super) struct Recent<'a> {
    pub(super) plan: &'a Plan,
    pub(super) clauses: &'a [&'a Clause],
    pub(super) lead: &'a Lead<'a>,
    pub(super) place: Option<&'a Place>,
    /// The span of row numbers.
    pub(super) span: i64,
}

/// What the way is thought to cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// Row numbers in which a page of matches should be found.
    pub(super) span: i64,
    /// Rows that are read.
    pub(super) visited: i64,
    /// Nanoseconds.
    pub(super) nanoseconds: i64,
}

/// The operator and the elements of a lead that the index of elements answers.
fn operands<'a>(lead: &'a Lead<'_>) -> Option<(&'static str, &'a [i64])> {
    match lead {
        Lead::Elements(elements) => Some(("@>", elements)),
        Lead::Clauses(clauses) => match clauses.as_slice() {
            [Clause::AnyToken(elements)] => Some(("&&", elements)),
            _ => None,
        },
        Lead::Numbers { .. } | Lead::Everything => None,
    }
}

/// What a page of so many of the matches costs; `None` where the lead is not the index of elements, or something is
/// sorted by.
pub(super) fn cost(
    estimator: &Estimator<'_>,
    plan: &Plan,
    lead: &Lead<'_>,
    named: i64,
    matches: i64,
    limit: i64,
) -> Option<Cost> {
    let (operator, elements) = operands(lead).filter(|_| plan.sort.is_empty())?;
    let rows = estimator.rows_of(&[]);
    // Twice what should be enough: matches are not spread evenly.
    let span = share(limit, rows, matches).saturating_mul(2).min(rows);
    let counts = elements.iter().map(|one| estimator.element(*one));
    let finding = match (operator, elements.len()) {
        ("@>", 2..) => counts.min().unwrap_or(0).saturating_mul(MET),
        _ => 0,
    };
    let visited = share(named, span, rows);
    let nanoseconds = (2 * PROBE)
        .saturating_add(finding)
        .saturating_add(named.saturating_mul(NAMED))
        .saturating_add(span.saturating_mul(NUMBERED))
        .saturating_add(visited.saturating_mul(ROW));
    Some(Cost {
        span,
        visited,
        nanoseconds,
    })
}

impl Recent<'_> {
    /// Writes the CTE `p` with `rid` and `is_end`.
    pub(super) fn push_page(&self, statement: &mut Statement, limit: i64) -> String {
        let direction = Direction::of(self.place);
        let name = statement.begin_with("p");
        statement.push("(select r.rid, false as is_end from resource r where ");
        if let Some((operator, elements)) = operands(self.lead) {
            statement
                .push(format!("r.tok {operator} "))
                .elements(elements)
                .push(" and ");
        }
        statement.push("r.rid >= ");
        self.push_first(statement, direction);
        statement.push(" and r.rid <= ");
        self.push_last(statement, direction);
        statement.push(" and not r.deleted and ");
        push_types(statement, "r", &self.plan.resource_types);
        statement.push(" and ");
        // The lead of one element or several is exact.
        let (cheap, costly) = left_after(self.clauses, self.lead);
        let is_left = |clause: &&Clause| match self.lead {
            Lead::Clauses(leading) => !leading.iter().any(|one| std::ptr::eq(*one, *clause)),
            _ => true,
        };
        let left = cheap.into_iter().chain(costly).filter(is_left);
        push_all(statement, "r", left);
        statement.push(format!(" order by r.rid {}", direction.of_key(true)));
        statement.push_limit(limit);
        statement.push(") union all (select null::bigint, true as is_end where ");
        match direction {
            Direction::Forward => {
                self.push_first(statement, direction);
                statement.push(" > 1)");
            }
            Direction::Back => {
                self.push_last(statement, direction);
                statement.push(" < (select max(n.rid) from resource n))");
            }
        }
        statement.push(")");
        name
    }

    /// The lowest number of the span.
    fn push_first(&self, statement: &mut Statement, direction: Direction) {
        match (self.place, direction) {
            (None, _) => statement
                .push("(select max(n.rid) from resource n) - ")
                .integer(self.span),
            (Some(place), Direction::Forward) => {
                statement.integer(place.rid.saturating_sub(self.span))
            }
            (Some(place), Direction::Back) => statement.integer(place.rid.saturating_add(1)),
        };
    }

    /// The highest number of the span.
    fn push_last(&self, statement: &mut Statement, direction: Direction) {
        match (self.place, direction) {
            (None, _) => statement.push("(select max(n.rid) from resource n)"),
            (Some(place), Direction::Forward) => statement.integer(place.rid.saturating_sub(1)),
            (Some(place), Direction::Back) => {
                statement.integer(place.rid.saturating_add(self.span))
            }
        };
    }
}
