//! Reading the rows that have one of some elements newest first until a page is full: the way where an element is listed
//! in the order of its rows ([`fhir::search::hash::is_listed`], ADR 0018).
//!
//! Where other conditions are left, rows are counted by a limit around those looked at; a last row says that the walk
//! ended there.

use fhir::search::hash::is_listed;
use fhir::search::plan::{Clause, Plan};

use super::by_number;
use super::conditions::{columns, is_cheap, push_all, push_types};
use super::estimate::{Estimator, share};
use super::leads::ROW;
use super::order::Direction;
use super::place::Place;
use super::statement::Statement;

/// Finding the beginning of a list, nanoseconds.
pub(super) const PROBE: i64 = 4_000;
/// Reading one entry of a list, nanoseconds.
pub(super) const ENTRY: i64 = 200;

/// A page of the newest rows that have one of some elements.
pub(super) struct Listed<'a> {
    pub(super) plan: &'a Plan,
    pub(super) clauses: &'a [&'a Clause],
    /// The clause whose elements are listed.
    pub(super) lead: Option<&'a Clause>,
    pub(super) place: Option<&'a Place>,
    /// Rows looked at; `None` is all.
    pub(super) cap: Option<i64>,
}

/// What the way is thought to cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost<'a> {
    pub(super) lead: &'a Clause,
    /// Rows that are read.
    pub(super) visited: i64,
    /// Whether the rows named are the matches.
    pub(super) is_all: bool,
    /// Nanoseconds, without asking what is left.
    pub(super) nanoseconds: i64,
}

/// The elements of a clause all of which are listed; `None` where it is another clause.
pub(super) fn elements(clause: &Clause) -> Option<&[i64]> {
    match clause {
        Clause::AnyToken(elements) if elements.iter().copied().all(is_listed) => Some(elements),
        _ => None,
    }
}

/// What a page of so many of the matches costs from the shortest list; `None` where there is none, or something is sorted
/// by.
pub(super) fn cost<'a>(
    estimator: &Estimator<'_>,
    plan: &Plan,
    clauses: &[&'a Clause],
    matches: i64,
    limit: i64,
) -> Option<Cost<'a>> {
    if !plan.sort.is_empty() {
        return None;
    }
    let types = &plan.resource_types;
    let named = |clause: &'a Clause| {
        elements(clause).map(|elements| (estimator.clause(types, clause), clause, elements))
    };
    let lists = clauses.iter().filter_map(|clause| named(clause));
    let (rows, lead, elements) = lists.min_by_key(|(rows, ..)| *rows)?;
    let is_all = clauses.len() == 1;
    let visited = match is_all {
        true => limit,
        false => share(limit, rows, matches).min(rows),
    };
    let lists = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let read = visited.min(rows).saturating_mul(ENTRY);
    let nanoseconds = lists
        .saturating_mul(PROBE.saturating_add(read))
        .saturating_add(
            match clauses.iter().all(|one| by_number::cost(one).is_some()) {
                true => 0,
                false => visited.saturating_mul(ROW),
            },
        );
    Some(Cost {
        lead,
        visited,
        is_all,
        nanoseconds,
    })
}

impl<'a> Listed<'a> {
    /// Writes the CTE `p` with `rid` and `is_end`.
    pub(super) fn push_page(&self, statement: &mut Statement, limit: i64) -> String {
        let left: Vec<&Clause> = self.left().collect();
        let name = statement.begin_with("p");
        if left.is_empty() {
            statement.push("select l.rid, false as is_end from (");
            self.push_rows(statement, |statement| {
                statement.push_limit(limit);
            });
            statement.push(") l)");
            return name;
        }
        let (asked, left): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|one| by_number::cost(one).is_some());
        let cap = |statement: &mut Statement| {
            if let Some(cap) = self.cap {
                statement.push(format!(" limit {cap}"));
            }
        };
        statement.push("(select l.rid, false as is_end from (");
        if !asked.is_empty() && !left.is_empty() {
            statement.push("select l.rid from (");
        }
        self.push_rows(statement, cap);
        if !asked.is_empty() {
            statement.push(") l where ");
            by_number::push_asked(statement, "l", &asked);
        }
        if !left.is_empty() {
            statement.push(if asked.is_empty() {
                ") l"
            } else {
                " offset 0) l"
            });
            self.push_visits(statement, left);
        }
        statement.push_limit(limit).push(")");
        if let Some(cap) = self.cap {
            statement.push(" union all (select null::bigint, true as is_end from (");
            self.push_rows(statement, |statement| {
                statement.push(format!(" limit {}", cap.saturating_add(1)));
            });
            statement.push(format!(") l offset {cap} limit 1)"));
        }
        statement.push(")");
        name
    }

    /// Visits the rows `l` and asks them what their numbers do not answer.
    fn push_visits(&self, statement: &mut Statement, left: Vec<&Clause>) {
        let (cheap, costly): (Vec<_>, Vec<_>) = left.into_iter().partition(|one| is_cheap(one));
        statement.push(format!(
            " cross join lateral (select {} from resource r where r.rid = l.rid and not r.deleted and ",
            columns("r")
        ));
        push_types(statement, "r", &self.plan.resource_types);
        statement.push(" and ");
        push_all(statement, "r", cheap);
        statement.push(" offset 0) r where ");
        push_all(statement, "r", costly);
    }

    fn left(&self) -> impl Iterator<Item = &'a Clause> {
        let lead = self.lead;
        let clauses = self.clauses.iter().copied();
        clauses.filter(move |clause| lead.is_none_or(|lead| !std::ptr::eq(*clause, lead)))
    }

    /// The rows of the lists in one order, each once. `bound` limits them, and each list.
    fn push_rows(&self, statement: &mut Statement, bound: impl Fn(&mut Statement)) {
        let direction = Direction::of(self.place);
        let way = direction.of_key(true);
        let elements = self.lead.and_then(elements).unwrap_or_default();
        let is_one = elements.len() == 1;
        if !is_one {
            statement
                .push("select distinct l.rid from unnest(")
                .elements(elements)
                .push(") e(element) cross join lateral (");
        }
        statement.push("select l.rid from index_element l where l.element = ");
        match elements {
            [one] => statement.integer(*one),
            _ => statement.push("e.element"),
        };
        if let Some(place) = self.place {
            statement
                .push(format!(" and l.rid {} ", direction.operator(true)))
                .integer(place.rid);
        }
        statement.push(format!(" order by l.rid {way}"));
        bound(statement);
        if !is_one {
            statement.push(format!(") l order by l.rid {way}"));
            bound(statement);
        }
    }
}
