//! Reading rows newest first until a page is full: the order that searches have where none is asked for.
//!
//! Rows are counted by a limit around those looked at. Where that ends the walk before the page is full, a last row says
//! so: it is looked for only then.

use fhir::search::plan::Plan;

use super::conditions::{columns, is_cheap, push_all, push_types};
use super::leads::push_walked_types;
use super::order::key_type;
use super::statement::Statement;
use super::walk::{Part, Walk};

impl Walk<'_> {
    /// Whether the rows wanted come in the order of their numbers.
    pub(super) fn is_by_number(&self) -> bool {
        self.plan.sort.is_empty() || (self.part == Part::Without && self.plan.sort.len() == 1)
    }

    /// Writes the CTE `p` with `rid`, `is_end` and, where one is sorted by, the missing `k0`.
    pub(super) fn push_page_by_number(&self, statement: &mut Statement, limit: i64) -> String {
        let missing = match self.plan.sort.first() {
            Some(first) => format!(", null::{} as k0", key_type(&first.key)),
            None => String::new(),
        };
        let name = statement.begin_with("p");
        statement.push(format!(
            "(select r.rid, false as is_end{missing} from (select {}",
            columns("r")
        ));
        self.push_rows(statement);
        if let Some(cap) = self.cap {
            statement.push(format!(" limit {cap}"));
        }
        statement.push(") r where ");
        if self.plan.resource_types.len() > 1 {
            push_types(statement, "r", &self.plan.resource_types);
            statement.push(" and ");
        }
        let clauses = self.clauses.iter().copied();
        let (cheap, costly): (Vec<_>, Vec<_>) = clauses.partition(|clause| is_cheap(clause));
        push_all(statement, "r", cheap);
        statement.push(" and ");
        self.push_choice(statement, "r");
        push_all(statement, "r", costly);
        statement.push_limit(limit).push(")");
        if let Some(cap) = self.cap {
            statement.push(format!(
                " union all (select null::bigint, true as is_end{missing}"
            ));
            self.push_rows(statement);
            statement.push(format!(" offset {cap} limit 1)"));
        }
        statement.push(")");
        name
    }

    /// The rows looked at, in their order.
    fn push_rows(&self, statement: &mut Statement) {
        statement.push(" from resource r where ");
        push_walked(statement, "r", self.plan);
        statement.push("not r.deleted");
        self.push_from(statement, "r");
        let way = self.direction.of_key(true);
        statement.push(format!(" order by r.rid {way}"));
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
