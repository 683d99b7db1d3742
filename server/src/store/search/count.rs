//! How many resources match (<https://hl7.org/fhir/R4/search.html#total>).
//!
//! An exact total visits every match: what it costs grows with what it says.

use fhir::search::plan::{Clause, Plan, Total};
use sqlx::{PgConnection, Row};

use super::by_number;
use super::conditions::{push_all, push_types};
use super::estimate::Estimator;
use super::lead_rows::push_lead;
use super::leads::{
    Choice, Lead, Reading, choose, flat, left_after, push_candidates, push_walked_types,
};
use super::listed;
use super::sets::Sets;
use super::statement::Statement;
use super::{ConfinedPlan, Searching};
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;

/// An estimate of more than this is good enough where an estimate is asked for.
const ESTIMATED_FROM: i64 = 10_000;

/// How many resources a plan matches; about how many, where that is asked for and they are many.
pub(in super::super) async fn count_matches(
    connection: &mut PgConnection,
    searching: &Searching,
    confined: &ConfinedPlan<'_>,
) -> Result<u64> {
    let plan = confined.plan();
    let statistics = searching.known.current();
    let estimator = Estimator::new(&statistics);
    let types = &plan.resource_types;
    let about = estimator.all(types, &plan.clauses);
    if plan.total == Total::Estimate && about >= ESTIMATED_FROM {
        return u64::try_from(about).map_err(Error::internal);
    }
    let clauses = flat(&plan.clauses);
    let choice = choose(&estimator, types, &clauses);
    let set_max = searching.tuning.set_max;
    let (cheap, costly) = left_after(&clauses, &choice.lead);
    let asked: Vec<&Clause> = cheap.into_iter().chain(costly).collect();
    for sets in [Some(Sets { estimator, set_max }), None] {
        let mut statement = Statement::new();
        if let Some(sets) = &sets {
            sets.push(&mut statement, &asked, choice.rows);
        }
        push_count(&mut statement, &estimator, plan, &clauses, &choice);
        let row = statement
            .build()
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let was_cut: bool = row.try_get(1).map_err(from_sqlx)?;
        if !was_cut {
            let count: i64 = row.try_get(0).map_err(from_sqlx)?;
            return u64::try_from(count).map_err(Error::internal);
        }
    }
    Err(Error::internal("no way of counting was certain"))
}

/// Writes the number of all matches, and whether something was cut off on the way.
fn push_count(
    statement: &mut Statement,
    estimator: &Estimator<'_>,
    plan: &Plan,
    clauses: &[&Clause],
    choice: &Choice<'_>,
) {
    let types = &plan.resource_types;
    let (cheap, costly) = left_after(clauses, &choice.lead);
    match &choice.lead {
        // What lists is of resources that exist, and the element says the type.
        _ if let [clause] = clauses
            && let Some(elements) = listed::elements(clause) =>
        {
            let count = match elements {
                [_] => "count(*)",
                _ => "count(distinct l.rid)",
            };
            push_selected(statement, count);
            statement
                .push(" from index_element l where l.element = any(")
                .elements(elements)
                .push(")");
        }
        // Value rows are those of resources that exist, and their parameter says the type.
        Lead::Clauses(leading) if cheap.is_empty() && costly.is_empty() && are_values(leading) => {
            let rows = push_lead(statement, estimator, types, leading, None);
            push_selected(statement, "count(distinct l.rid)");
            statement.push(format!(" from {rows} l"));
        }
        Lead::Numbers { leading, .. } if cheap.is_empty() && costly.is_empty() => {
            let rows = push_lead(statement, estimator, types, leading, None);
            push_selected(statement, "count(*)");
            statement.push(" from ");
            by_number::push_numbers(statement, &rows, &choice.lead, None, |_| {});
            statement.push(" l");
        }
        Lead::Elements(elements) => {
            push_selected(statement, "count(*)");
            statement
                .push(" from resource r where r.tok @> ")
                .elements(elements)
                .push(" and not r.deleted and ");
            push_types(statement, "r", types);
            statement.push(" and ");
            push_all(statement, "r", cheap.into_iter().chain(costly));
        }
        Lead::Everything => {
            push_selected(statement, "count(*)");
            statement.push(" from resource r where not r.deleted and ");
            push_walked_types(statement, "r", types);
            push_all(statement, "r", clauses.iter().copied());
        }
        Lead::Clauses(_) | Lead::Numbers { .. } => {
            let (candidates, left) = push_candidates(
                statement,
                estimator,
                types,
                clauses,
                &choice.lead,
                None,
                &Reading::of_rows(&[]),
            );
            push_selected(statement, "count(*)");
            statement.push(format!(" from {candidates} c where "));
            push_all(statement, "c", left);
        }
    }
}

fn push_selected(statement: &mut Statement, count: &str) {
    statement.push(format!(" select {count}, "));
    statement.push_was_cut();
}

fn are_values(clauses: &[&Clause]) -> bool {
    clauses.iter().all(|clause| {
        matches!(
            clause,
            Clause::String { .. } | Clause::Date { .. } | Clause::Number(_)
        )
    })
}
