//! Beginning with the rows that an index names, and ordering what is left of them: the way where matches are rare.

use fhir::search::plan::{Clause, Plan};

use super::conditions::push_all;
use super::estimate::Estimator;
use super::leads::{Lead, push_candidates};
use super::order::{Direction, push_behind, push_key, push_order};
use super::place::Place;
use super::statement::Statement;

/// A page of what a lead names.
pub(super) struct ValueFirst<'a> {
    pub(super) plan: &'a Plan,
    pub(super) estimator: Estimator<'a>,
    pub(super) clauses: &'a [&'a Clause],
    pub(super) lead: &'a Lead<'a>,
    pub(super) place: Option<&'a Place>,
    /// Rows an index may name before the way is given up; `None` is all.
    pub(super) cap: Option<i64>,
}

impl ValueFirst<'_> {
    /// Writes the CTE `p` with `rid`, `is_end` and sort values `k0` …
    pub(super) fn push_page(&self, statement: &mut Statement, limit: i64) -> String {
        let (candidates, left) = push_candidates(
            statement,
            &self.estimator,
            &self.plan.resource_types,
            self.clauses,
            self.lead,
            self.cap,
        );
        let sort = self.plan.sort.as_slice();
        let name = statement.begin_with("p");
        statement.push("select * from (select c.rid, false as is_end");
        for (n, key) in sort.iter().enumerate() {
            statement.push(", ");
            push_key(statement, "c", key, self.plan);
            statement.push(format!(" as k{n}"));
        }
        statement.push(format!(" from {candidates} c where "));
        push_all(statement, "c", left);
        statement.push(" offset 0) t");
        if let Some(place) = self.place {
            statement.push(" where ");
            push_behind(statement, sort, place);
        }
        push_order(statement, sort, Direction::of(self.place));
        statement.push(" limit ").integer(limit).push(")");
        name
    }

    /// Writes the number of all matches.
    pub(super) fn push_count(&self, statement: &mut Statement) {
        let (candidates, left) = push_candidates(
            statement,
            &self.estimator,
            &self.plan.resource_types,
            self.clauses,
            self.lead,
            None,
        );
        statement.push(format!(" select count(*) from {candidates} c where "));
        push_all(statement, "c", left);
    }
}
