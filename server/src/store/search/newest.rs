//! Reading rows newest first until a page is full: the order that searches have where none is asked for.
//!
//! The row at which the walk is given up is found in the index beforehand, so that nothing is counted on the way.

use fhir::search::plan::Plan;

use super::conditions::{push_all, push_types};
use super::leads::push_walked_types;
use super::order::{Direction, key_type};
use super::statement::Statement;
use super::walk::{Part, Walk};

impl Walk<'_> {
    /// Whether the rows wanted come in the order of their numbers.
    pub(super) fn is_by_number(&self) -> bool {
        self.plan.sort.is_empty() || (self.part == Part::Without && self.plan.sort.len() == 1)
    }

    /// Writes the CTE `p` with `rid`, `is_end` and, where one is sorted by, the missing `k0`.
    pub(super) fn push_page_by_number(&self, statement: &mut Statement, limit: i64) -> String {
        let way = self.direction.of_key(true);
        let end = self.cap.map(|cap| self.push_end(statement, cap));
        let name = statement.begin_with("p");
        statement.push("select r.rid, false as is_end");
        if let Some(first) = self.plan.sort.first() {
            statement.push(format!(", null::{} as k0", key_type(&first.key)));
        }
        statement.push(" from resource r where ");
        push_walked(statement, "r", self.plan);
        statement.push("not r.deleted");
        self.push_from(statement, "r");
        if let Some(end) = end {
            // Where there is no such row, every row is within.
            statement.push(match self.direction {
                Direction::Forward => {
                    format!(" and r.rid >= coalesce((select rid from {end}), 0)")
                }
                Direction::Back => {
                    format!(
                        " and r.rid <= coalesce((select rid from {end}), {})",
                        i64::MAX
                    )
                }
            });
            statement.bound_by(end);
        }
        statement.push(" and ");
        push_types(statement, "r", &self.plan.resource_types);
        statement.push(" and ");
        self.push_choice(statement, "r");
        push_all(statement, "r", self.clauses.iter().copied());
        statement.push(format!(" order by r.rid {way}"));
        statement.push_limit(limit).push(")");
        name
    }

    /// A CTE of the last row that is looked at.
    fn push_end(&self, statement: &mut Statement, cap: i64) -> String {
        let way = self.direction.of_key(true);
        let name = statement.begin_with("b");
        statement.push("select r.rid from resource r where ");
        push_walked(statement, "r", self.plan);
        statement.push("not r.deleted");
        self.push_from(statement, "r");
        statement
            .push(format!(" order by r.rid {way} offset "))
            .integer(cap)
            .push(" limit 1)");
        name
    }

    fn push_from(&self, statement: &mut Statement, alias: &str) {
        if let Some(place) = self.place {
            let operator = self.direction.operator(true);
            statement
                .push(format!(" and {alias}.rid {operator} "))
                .integer(place.rid);
        }
    }
}

/// One type is walked by its own index, several with all others.
fn push_walked(statement: &mut Statement, alias: &str, plan: &Plan) {
    if let [_] = plan.resource_types.as_slice() {
        push_walked_types(statement, alias, &plan.resource_types);
    }
}
