//! Chains asked of many rows: the references that would do are gathered once, and each row is asked whether it has one.
//!
//! The number of them is in the text, so that PostgreSQL hashes them; where there are more, the answer is not certain.

use fhir::search::plan::{Clause, Criteria};

use super::estimate::Estimator;
use super::lead_rows::push_members;
use super::leads::{ELEMENTS, ROW, members, tried};
use super::path::row_cost;
use super::statement::Statement;

/// References that are worth a set.
const WORTH_MAX: i64 = 50_000;

/// Nanoseconds for asking a row by a set.
const ASKING: i64 = 3_000;

/// Nanoseconds for making a set; `None` where it would be too large or the clause is no chain.
fn making(estimator: &Estimator<'_>, clause: &Clause) -> Option<i64> {
    let (references, cost) = match clause {
        Clause::RefersTo { seeds, target } => {
            let (targets, cost) = members(estimator, target);
            (targets.saturating_mul(length(seeds)), cost)
        }
        Clause::ReferredBy { seeds, source } => {
            let (sources, cost) = members(estimator, source);
            let elements = sources.saturating_mul(tried(seeds));
            (elements.saturating_mul(length(seeds)), cost)
        }
        Clause::Names { ways, other } => {
            let (sources, cost) = members(estimator, other);
            let elements = sources.saturating_mul(ELEMENTS);
            (elements.saturating_mul(length(ways)), cost)
        }
        Clause::Not(clause) => return making(estimator, clause),
        _ => return None,
    };
    let gathered = cost.saturating_add(references.saturating_mul(ROW));
    (references < WORTH_MAX).then_some(gathered)
}

fn length(seeds: &[i64]) -> i64 {
    i64::try_from(seeds.len()).unwrap_or(i64::MAX)
}

/// Nanoseconds for asking a chain of so many rows, each of which takes so long without a set.
pub(super) fn asking(estimator: &Estimator<'_>, clause: &Clause, rows: i64, each: i64) -> i64 {
    let one_by_one = rows.saturating_mul(each);
    match making(estimator, clause) {
        Some(cost) => one_by_one.min(cost.saturating_add(rows.saturating_mul(ASKING))),
        None => one_by_one,
    }
}

/// Writes CTEs of the references that chains among clauses ask for.
pub(super) struct Sets<'a> {
    pub(super) estimator: Estimator<'a>,
    /// References in one set.
    pub(super) set_max: i64,
}

impl Sets<'_> {
    /// Where so many rows are worth it.
    pub(super) fn push(&self, statement: &mut Statement, clauses: &[&Clause], rows: i64) {
        for clause in clauses {
            let Some(cost) = making(&self.estimator, clause) else {
                continue;
            };
            let by_set = cost.saturating_add(rows.saturating_mul(ASKING));
            if by_set < rows.saturating_mul(row_cost(clause)) {
                self.push_set(statement, clause);
            }
        }
    }

    fn push_set(&self, statement: &mut Statement, clause: &Clause) {
        let name = match clause {
            Clause::Not(clause) => return self.push_set(statement, clause),
            Clause::RefersTo { seeds, target } => {
                let gathered = "(t.key_hash & -2) # seeds.seed as element";
                let rows = self.push_members(statement, target, "key_hash");
                self.push_gathered(statement, gathered, &format!("{rows} t"), seeds, "")
            }
            Clause::ReferredBy { seeds, source }
            | Clause::Names {
                ways: seeds,
                other: source,
            } => {
                let tried = match clause {
                    Clause::ReferredBy { .. } => " where (e.element # seeds.seed) & 1 = 0",
                    _ => "",
                };
                let gathered = "e.element # seeds.seed as element";
                let rows = self.push_members(statement, source, "tok");
                let elements = format!("(select unnest(t.tok) as element from {rows} t) e");
                self.push_gathered(statement, gathered, &elements, seeds, tried)
            }
            _ => return,
        };
        statement.remember_set(clause, name);
    }

    fn push_members(&self, statement: &mut Statement, criteria: &Criteria, column: &str) -> String {
        push_members(
            statement,
            &self.estimator,
            criteria,
            column,
            Some(self.set_max),
        )
    }

    fn push_gathered(
        &self,
        statement: &mut Statement,
        gathered: &str,
        rows: &str,
        seeds: &[i64],
        tried: &str,
    ) -> String {
        let name = statement.begin_with("h");
        statement
            .push(format!(
                "select distinct {gathered} from {rows} cross join unnest("
            ))
            .elements(seeds)
            .push(format!(") seeds(seed){tried}"));
        statement.cap(&name, Some(self.set_max)).push(")");
        name
    }
}
