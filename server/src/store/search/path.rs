//! Which ways a search takes, the first that leads to a certain page ends it.

use fhir::search::plan::{Clause, Plan, SortKey};

use super::conditions::is_cheap;
use super::estimate::{Estimator, share};
use super::leads::{Choice, Lead, ROW, choose};
use super::walk;

/// Bounds of the ways, and whether one of them is insisted on.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Tuning {
    /// Rows a walk looks at before it is given up.
    pub(super) looked_max: i64,
    /// Rows an index may name before another way is tried.
    pub(super) candidates_max: i64,
    /// The only way that is taken, without bounds.
    pub(super) only: Option<Way>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            looked_max: 20_000,
            candidates_max: 20_000,
            only: None,
        }
    }
}

/// A way from values to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the rows that an index names.
    ValueFirst,
    /// Along the order.
    Walk,
}

/// A way with its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) way: Way,
    pub(super) cap: Option<i64>,
}

/// The ways to try, and the estimates that chose them.
#[derive(Clone, Debug)]
pub(super) struct Path<'a> {
    pub(super) choice: Choice<'a>,
    pub(super) attempts: Vec<Attempt>,
    /// Matches expected.
    pub(super) matches: i64,
    /// Nanoseconds each way is thought to take.
    pub(super) value_first_cost: i64,
    /// Likewise; `None` where no index has the order.
    pub(super) walk_cost: Option<i64>,
}

impl<'a> Path<'a> {
    /// Decides.
    pub(super) fn choose(
        estimator: &Estimator<'_>,
        plan: &Plan,
        clauses: &[&'a Clause],
        tuning: &Tuning,
        limit: i64,
    ) -> Self {
        let types = &plan.resource_types;
        let choice = choose(estimator, types, clauses);
        let matches = estimator.all(types, &plan.clauses);
        let population = estimator.rows_of(types);
        let per_row = clauses.iter().map(|clause| row_cost(clause)).sum::<i64>();
        let sorting = plan
            .sort
            .iter()
            .map(|sort| key_cost(&sort.key))
            .sum::<i64>();
        let value_first_cost = choice
            .cost
            .saturating_add(
                choice
                    .rows
                    .saturating_mul(per_row.saturating_sub(ROW).max(0)),
            )
            .saturating_add(matches.saturating_mul(sorting));
        let walk_cost = walk::is_possible(plan).then(|| {
            let looked = share(limit, population, matches);
            let step = ROW + if plan.sort.is_empty() { 0 } else { 3 * ROW };
            looked.saturating_mul(step.saturating_add(per_row))
        });
        let value_first = |cap| Attempt {
            way: Way::ValueFirst,
            cap,
        };
        let walking = |cap| Attempt {
            way: Way::Walk,
            cap,
        };
        let (some_rows, some_looks) = (Some(tuning.candidates_max), Some(tuning.looked_max));
        let attempts = match (tuning.only, walk_cost) {
            (Some(Way::Walk), Some(_)) => vec![walking(None)],
            (Some(_), _) | (None, None) => vec![value_first(None)],
            (None, Some(_)) if choice.lead == Lead::Everything => vec![walking(None)],
            (None, Some(walk_cost)) if walk_cost < value_first_cost => {
                vec![walking(some_looks), value_first(None)]
            }
            (None, Some(_)) => vec![
                value_first(some_rows),
                walking(some_looks),
                value_first(None),
            ],
        };
        Self {
            choice,
            attempts,
            matches,
            value_first_cost,
            walk_cost,
        }
    }
}

/// Asking a clause of a row, nanoseconds.
fn row_cost(clause: &Clause) -> i64 {
    match clause {
        Clause::RefersTo { .. } => 40_000,
        Clause::ReferredBy { .. } => 25_000,
        Clause::All(clauses) | Clause::Any(clauses) => clauses.iter().map(row_cost).sum(),
        Clause::Not(clause) => row_cost(clause),
        other if is_cheap(other) => 200,
        _ => 2_000,
    }
}

/// Finding a sort value of a row, nanoseconds.
fn key_cost(key: &SortKey) -> i64 {
    match key {
        SortKey::Id | SortKey::LastUpdated => 100,
        SortKey::String(_) | SortKey::Date(_) | SortKey::Number(_) => 2_500,
        SortKey::Score | SortKey::Text(_) => 5_000,
    }
}
