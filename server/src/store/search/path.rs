//! Which ways a search takes, the first that leads to a certain page ends it.

use fhir::search::hash::is_listed;
use fhir::search::plan::{Clause, Plan, SortKey};

use super::by_number;
use super::conditions::is_cheap;
use super::estimate::{Estimator, share};
use super::leads::{Choice, Lead, ROW, choose, flat, left_after};
use super::listed;
use super::recent;
use super::sets::asking;
use super::walk;

/// Bounds of the ways, and whether one of them is insisted on.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Tuning {
    /// Rows a walk looks at before it is given up.
    pub(super) looked_max: i64,
    /// Rows an index may name before another way is tried.
    pub(super) candidates_max: i64,
    /// References a chain may have to look for before it is asked of each row.
    pub(super) set_max: i64,
    /// The only way that is taken, without bounds.
    pub(super) only: Option<Way>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            looked_max: 20_000,
            candidates_max: 20_000,
            set_max: 100_000,
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
    /// From the rows that the index of elements names among the newest.
    Recent,
    /// Along the newest rows of elements that are listed in order.
    Listed,
}

/// A way with its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) way: Way,
    pub(super) cap: Option<i64>,
    /// Rows it is thought to ask, where chains may be asked by sets; `None`: one by one, which is always certain.
    pub(super) rows: Option<i64>,
}

/// The ways to try, and the estimates that chose them.
#[derive(Clone, Debug)]
pub(super) struct Path<'a> {
    pub(super) choice: Choice<'a>,
    /// The clause whose elements are listed, where that is a way.
    pub(super) listed: Option<&'a Clause>,
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
        let sorting = plan
            .sort
            .iter()
            .map(|sort| key_cost(&sort.key))
            .sum::<i64>();
        let (cheap, costly) = left_after(clauses, &choice.lead);
        // Numbers that are in order need not all be followed.
        let visited = match (&choice.lead, plan.sort.is_empty()) {
            (Lead::Clauses(_) | Lead::Numbers { .. }, true) => {
                choice.rows.min(share(limit, choice.rows, matches))
            }
            _ => choice.rows,
        };
        let value_first_cost = match visited == choice.rows {
            true => choice.cost,
            false => choice.finding.saturating_add(visited.saturating_mul(ROW)),
        }
        .saturating_add(asking_all(estimator, &cheap, visited))
        .saturating_add(asking_all(estimator, &costly, visited))
        .saturating_add(matches.saturating_mul(sorting));
        let looked = looked(estimator, plan, clauses, matches, limit);
        let walk_cost = walk::is_possible(plan).then(|| {
            let step = if plan.sort.is_empty() { STEP } else { 4 * ROW };
            // How soon a walk meets what it looks for is chance, what an index names is not. Elements may have to do with
            // each other, too: where several lead, the estimate of their meeting is weak.
            let doubt = match &choice.lead {
                Lead::Everything => 1,
                _ => 2,
            };
            looked
                .saturating_mul(step)
                .saturating_add(asking_all(estimator, clauses, looked))
                .saturating_mul(doubt)
        });
        let listed = listed::cost(estimator, plan, clauses, matches, limit);
        let attempts = attempts(
            tuning,
            choice.lead == Lead::Everything,
            (visited, value_first_cost),
            (looked, walk_cost),
            &[
                recent::cost(estimator, plan, &choice.lead, choice.rows, matches, limit)
                    .map(recent_attempt),
                listed.map(|cost| listed_attempt(estimator, clauses, cost, tuning)),
            ],
        );
        Self {
            choice,
            listed: listed.map(|cost| cost.lead),
            attempts,
            matches,
            value_first_cost,
            walk_cost,
        }
    }
}

/// The ways in their order, from the rows each is thought to ask and what it is thought to cost.
fn attempts(
    tuning: &Tuning,
    is_everything: bool,
    (visited, value_first_cost): (i64, i64),
    (looked, walk_cost): (i64, Option<i64>),
    newest: &[Option<(Attempt, i64)>],
) -> Vec<Attempt> {
    if let Some(only) = tuning.only {
        let walked = walk_cost.map(|_| looked);
        return insisted(tuning, only, visited, walked, newest);
    }
    let value_first = |cap| attempt(Way::ValueFirst, cap, visited);
    let walking = |cap| attempt(Way::Walk, cap, looked);
    let (some_rows, some_looks) = (Some(tuning.candidates_max), Some(tuning.looked_max));
    let first_looks = Some(trusted(looked, tuning.looked_max));
    let newest = newest.iter().copied().flatten();
    let newest = newest.min_by_key(|(_, cost)| *cost);
    let usual = walk_cost.map_or(value_first_cost, |cost| cost.min(value_first_cost));
    match (walk_cost, newest) {
        (Some(_), Some((attempt, cost))) if cost < usual => vec![
            attempt,
            value_first(some_rows),
            walking(some_looks),
            one_by_one(value_first(None)),
        ],
        (None, _) => vec![value_first(None), one_by_one(value_first(None))],
        (Some(_), _) if is_everything => vec![
            walking(first_looks),
            walking(some_looks),
            walking(None),
            one_by_one(walking(None)),
        ],
        // Values that have to do with each other may meet seldom, or never: the estimate is trusted some way only.
        // As far as it costs what the other way does, at least: the cost has the doubt in it.
        (Some(walk_cost), _) if walk_cost < value_first_cost => vec![
            walking(first_looks.max(Some(afforded(
                looked,
                walk_cost,
                value_first_cost.saturating_mul(2),
                tuning.looked_max,
            )))),
            value_first(some_rows),
            walking(some_looks),
            one_by_one(value_first(None)),
        ],
        (Some(_), _) => vec![
            value_first(some_rows),
            walking(some_looks),
            one_by_one(value_first(None)),
        ],
    }
}

/// The one way that is insisted on, where it is one, and what is certain behind it. `walked`: the rows a walk is thought to
/// look at, where it is possible.
fn insisted(
    tuning: &Tuning,
    only: Way,
    visited: i64,
    walked: Option<i64>,
    newest: &[Option<(Attempt, i64)>],
) -> Vec<Attempt> {
    let value_first = attempt(Way::ValueFirst, None, visited);
    let mut newest = newest.iter().flatten().map(|(attempt, _)| *attempt);
    let mut attempts = match (only, newest.find(|one| one.way == only), walked) {
        (Way::Walk, _, Some(looked)) => {
            let walking = attempt(Way::Walk, None, looked);
            return vec![walking, one_by_one(walking)];
        }
        (Way::Recent, Some(attempt), _) => vec![Attempt {
            cap: Some(tuning.looked_max),
            ..attempt
        }],
        (_, Some(attempt), _) => vec![Attempt {
            cap: None,
            ..attempt
        }],
        _ => Vec::new(),
    };
    attempts.extend([value_first, one_by_one(value_first)]);
    attempts
}

fn attempt(way: Way, cap: Option<i64>, rows: i64) -> Attempt {
    Attempt {
        way,
        cap,
        rows: Some(rows),
    }
}

/// The same with chains asked of each row, which is certain.
fn one_by_one(attempt: Attempt) -> Attempt {
    Attempt {
        rows: None,
        ..attempt
    }
}

/// The way among the newest rows, and nanoseconds it is thought to take.
fn recent_attempt(cost: recent::Cost) -> (Attempt, i64) {
    let attempt = attempt(Way::Recent, Some(cost.span), cost.visited);
    (attempt, cost.nanoseconds)
}

/// The way along lists, and nanoseconds it is thought to take.
fn listed_attempt(
    estimator: &Estimator<'_>,
    clauses: &[&Clause],
    cost: listed::Cost<'_>,
    tuning: &Tuning,
) -> (Attempt, i64) {
    let attempt = Attempt {
        way: Way::Listed,
        cap: (!cost.is_all).then(|| trusted(cost.visited, tuning.looked_max)),
        rows: Some(cost.visited),
    };
    let left = clauses.iter().copied();
    let left: Vec<_> = left.filter(|one| !std::ptr::eq(*one, cost.lead)).collect();
    // As with elements that lead together: the estimate of what meets is weak.
    let doubt = if cost.is_all { 1 } else { 2 };
    let asking = asking_all(estimator, &left, cost.visited);
    let nanoseconds = cost.nanoseconds.saturating_add(asking);
    (attempt, nanoseconds.saturating_mul(doubt))
}

/// Rows after which a walk is given up: one of few numbers, since some are in the text of statements.
const BOUNDS: [i64; 6] = [250, 500, 1_000, 2_000, 4_000, 8_000];

/// Rows that a walk can look at for so many nanoseconds, where it takes `cost` for `looked` of them.
fn afforded(looked: i64, cost: i64, nanoseconds: i64, most: i64) -> i64 {
    let rows = share(looked, nanoseconds, cost);
    let mut bounds = BOUNDS.into_iter().rev();
    bounds.find(|some| *some <= rows).unwrap_or(0).min(most)
}

/// Rows of a walk that is expected to look at so many, before it is given up.
fn trusted(looked: i64, most: i64) -> i64 {
    BOUNDS
        .into_iter()
        .find(|some| looked.saturating_mul(2) <= *some)
        .unwrap_or(most)
        .min(most)
}

/// A step of a walk by number, nanoseconds.
const STEP: i64 = 900;

/// Nanoseconds for asking clauses of so many rows.
fn asking_all(estimator: &Estimator<'_>, clauses: &[&Clause], rows: i64) -> i64 {
    clauses
        .iter()
        .map(|clause| asking(estimator, clause, rows, row_cost(clause)))
        .fold(0, i64::saturating_add)
}

/// Rows a walk looks at until so many matches are found.
fn looked(
    estimator: &Estimator<'_>,
    plan: &Plan,
    clauses: &[&Clause],
    matches: i64,
    limit: i64,
) -> i64 {
    let population = estimator.rows_of(&plan.resource_types);
    let about = walk::about_the_order(plan, clauses);
    let mut walked = population;
    let mut skipped = 0;
    if !about.is_empty() {
        walked = estimator.dates(&about).min(population);
        // What began before and ends within is found only by walking past all that has ended.
        let bounds = walk::bounds(plan, clauses);
        let is_ascending = plan.sort.first().is_some_and(|first| !first.descending);
        if is_ascending && bounds.begins_from.is_none() && bounds.ends_from.is_some() {
            skipped = population.saturating_sub(walked);
        }
    }
    share(limit, walked, matches).saturating_add(skipped)
}

/// Asking a clause of a row, nanoseconds.
pub(super) fn row_cost(clause: &Clause) -> i64 {
    match clause {
        Clause::RefersTo { seeds, .. } if seeds.iter().copied().all(is_listed) => 20_000,
        Clause::RefersTo { .. } => 120_000,
        Clause::ReferredBy { seeds, source } if seeds.iter().copied().all(is_listed) => {
            let by_number = |one: &&Clause| by_number::cost(one).is_some();
            let is_light = flat(&source.clauses).iter().all(by_number);
            if is_light { 7_000 } else { 40_000 }
        }
        Clause::ReferredBy { .. } => 80_000,
        Clause::Names { .. } => 1_000_000,
        Clause::All(clauses) | Clause::Any(clauses) => clauses.iter().map(row_cost).sum(),
        Clause::Not(clause) => row_cost(clause),
        other if is_cheap(other) => 200,
        _ => 4_000,
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
