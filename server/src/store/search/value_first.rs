//! Beginning with the rows that an index names, and ordering what is left of them: the way where matches are rare.

use fhir::search::plan::{Clause, Plan};

use super::conditions::{columns, push_all, push_types};
use super::estimate::Estimator;
use super::lead_rows::push_lead;
use super::leads::{Lead, left_after, push_candidates};
use super::order::{Direction, is_in_content, push_behind, push_key, push_order};
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
        if let (Lead::Clauses(leading), true) = (self.lead, self.plan.sort.is_empty()) {
            return self.push_page_by_number(statement, leading, limit);
        }
        let sort = self.plan.sort.as_slice();
        let (candidates, left) = push_candidates(
            statement,
            &self.estimator,
            &self.plan.resource_types,
            self.clauses,
            self.lead,
            self.cap,
            sort.iter().any(|one| is_in_content(&one.key)),
        );
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
        statement.push_limit(limit).push(")");
        name
    }

    /// The lead gives the numbers that rows are ordered by: they are put in order before a row is visited, and no more
    /// rows are visited than it takes to fill the page.
    fn push_page_by_number(
        &self,
        statement: &mut Statement,
        leading: &[&Clause],
        limit: i64,
    ) -> String {
        let types = &self.plan.resource_types;
        let rows = push_lead(statement, &self.estimator, types, leading, self.cap);
        let (cheap, costly) = left_after(self.clauses, self.lead);
        let direction = Direction::of(self.place);
        let way = direction.of_key(true);
        let name = statement.begin_with("p");
        statement.push(format!(
            "select c.rid, false as is_end from (select distinct rid from {rows}"
        ));
        if let Some(place) = self.place {
            statement
                .push(format!(" where rid {} ", direction.operator(true)))
                .integer(place.rid);
        }
        statement
            .push(format!(
                " order by rid {way}) l cross join lateral (select "
            ))
            .push(columns("r"))
            .push(" from resource r where r.rid = l.rid and not r.deleted and ");
        push_types(statement, "r", types);
        statement.push(" and ");
        push_all(statement, "r", cheap);
        statement.push(" offset 0) c where ");
        push_all(statement, "c", costly);
        statement.push(format!(" order by l.rid {way}"));
        statement.push_limit(limit).push(")");
        name
    }
}
