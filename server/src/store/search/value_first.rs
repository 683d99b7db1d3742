//! Beginning with the rows that an index names, and ordering what is left of them: the way where matches are rare.

use fhir::search::plan::{Clause, Plan, Sort};

use super::by_number;
use super::conditions::{columns, push_all, push_one_period, push_types};
use super::estimate::Estimator;
use super::lead_rows::{push_lead, push_refers_to};
use super::leads::{Lead, Reading, left_after, push_candidates};
use super::order::{
    Direction, in_content, is_in_content, push_behind, push_key, push_order, push_order_of_first,
};
use super::place::Place;
use super::statement::Statement;
use super::walk::about_the_order;

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
        if let (Lead::Clauses(leading) | Lead::Numbers { leading, .. }, true) =
            (self.lead, self.plan.sort.is_empty())
        {
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
            &Reading::of_rows(sort),
        );
        let about = about_the_order(self.plan, &left);
        let is_other = |clause: &&Clause| !about.iter().any(|one| std::ptr::eq(*one, *clause));
        let asked: Vec<&Clause> = left.iter().copied().filter(is_other).collect();
        // Only rows that may be on the page need further keys: those before which few come, and what they tie with.
        let first = match self.place {
            None => sort.get(..1).unwrap_or_default(),
            Some(_) => sort,
        };
        let is_parted = first.len() < sort.len();
        let name = statement.begin_with("p");
        statement.push("select * from (");
        if is_parted {
            statement.push("select c.rid, c.is_end, c.k0");
            self.push_keys(statement, sort, 1);
            statement.push(" from (select * from (");
        }
        statement.push("select c.rid, false as is_end");
        if is_parted {
            statement.push(", c.id, c.last_updated");
            for (n, _) in in_content(sort).filter(|(n, _)| *n > 0) {
                statement.push(format!(", c.k{n}"));
            }
        }
        match about.is_empty() {
            true => self.push_keys(statement, first, 0),
            false => {
                statement.push(", v0.lower as k0");
                self.push_keys(statement, first, 1);
            }
        }
        statement.push(format!(" from {candidates} c"));
        push_period(statement, &about);
        statement.push(" where ");
        push_all(statement, "c", asked);
        statement.push(" offset 0) ");
        if is_parted {
            statement.push("c");
            push_order_of_first(statement, sort, Direction::Forward);
            statement.push_first(limit).push(" with ties) c offset 0) ");
        }
        statement.push("t");
        if let Some(place) = self.place {
            statement.push(" where ");
            push_behind(statement, sort, place);
        }
        push_order(statement, sort, Direction::of(self.place));
        statement.push_limit(limit).push(")");
        name
    }

    fn push_behind_number(&self, statement: &mut Statement, begin: &str) {
        if let Some(place) = self.place {
            let operator = Direction::of(self.place).operator(true);
            statement
                .push(format!("{begin}{operator} "))
                .integer(place.rid);
        }
    }

    /// `, … as k1` and so on of the row `c`, from a key on.
    fn push_keys(&self, statement: &mut Statement, sort: &[Sort], from: usize) {
        for (n, key) in sort.iter().enumerate().skip(from) {
            statement.push(", ");
            match is_in_content(&key.key) {
                true => {
                    statement.push(format!("c.k{n}"));
                }
                false => push_key(statement, "c", key, self.plan),
            }
            statement.push(format!(" as k{n}"));
        }
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
        let (cheap, costly) = left_after(self.clauses, self.lead);
        let direction = Direction::of(self.place);
        let way = direction.of_key(true);
        let is_numbers = matches!(self.lead, Lead::Numbers { .. });
        let is_all = cheap.is_empty()
            && costly.is_empty()
            && (is_numbers || leading.iter().all(|one| says_type(one)));
        let rows = match leading {
            [Clause::RefersTo { seeds, target }] if is_all => {
                let newest = |statement: &mut Statement| {
                    self.push_behind_number(statement, " and l.rid ");
                    statement
                        .push(format!(" order by l.rid {way}"))
                        .push_limit(limit);
                };
                let estimator = &self.estimator;
                let rows = push_refers_to(statement, estimator, seeds, target, self.cap, &newest);
                statement.push(")");
                rows
            }
            _ => push_lead(statement, &self.estimator, types, leading, self.cap),
        };
        let name = statement.begin_with("p");
        statement.push(match is_all {
            true => "select l.rid, false as is_end from ",
            false => "select c.rid, false as is_end from ",
        });
        by_number::push_numbers(statement, &rows, self.lead, Some(way), |statement| {
            self.push_behind_number(statement, " where rid ");
        });
        statement.push(" l");
        if is_all {
            statement.push(format!(" order by l.rid {way}"));
            statement.push_limit(limit).push(")");
            return name;
        }
        statement
            .push(" cross join lateral (select ")
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

/// Whether the rows that a clause names are those of resources of the types searched: value rows and elements come and go
/// with their resource, and their parameter says its type.
fn says_type(clause: &Clause) -> bool {
    matches!(
        clause,
        Clause::String { .. }
            | Clause::Date { .. }
            | Clause::Number(_)
            | Clause::Near { .. }
            | Clause::RefersTo { .. }
    )
}

/// The one period that clauses speak of and the order goes by, looked up once for all of that.
fn push_period(statement: &mut Statement, about: &[&Clause]) {
    if !about.is_empty() {
        statement.push(" cross join lateral (select v.lower ");
        push_one_period(statement, "v", "c", about);
        statement.push(") v0");
    }
}
