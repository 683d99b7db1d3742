//! Reading rows in their order until a page is full: the way where matches are frequent.
//!
//! At most so many rows are looked at. The one behind them passes for a match and comes before all that its sort value
//! ties with: where it shows up on a page, what comes before it is certain and what comes after is not.

use fhir::search::fold::index_prefix;
use fhir::search::index_values::INDEX_PREFIX_CHARACTERS;
use fhir::search::plan::{Clause, Plan, Sort, SortKey};

use super::conditions::{columns, is_cheap, push_all, push_any, push_seeds, push_types};
use super::leads::push_walked_types;
use super::order::{
    Direction, is_always_there, is_in_content, key_type, push_behind, push_key, push_value,
    string_value,
};
use super::periods::push_period_test;
use super::place::Place;
use super::ranges::DateBounds;
use super::statement::Statement;

/// The column of the beginning of a string, which is what an index has in order.
const PREFIX: &str = "o0";

/// Which part of an order is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Rows that have the first sort value, by an index of it; all of them by their number where nothing is sorted by.
    With,
    /// Rows that do not have it, by their number.
    Without,
}

/// Whether an index has the order of the first key.
pub(super) fn is_possible(plan: &Plan) -> bool {
    match plan.sort.first().map(|sort| &sort.key) {
        None | Some(SortKey::LastUpdated) => true,
        Some(SortKey::Id) => plan.resource_types.len() == 1,
        Some(SortKey::String(seeds) | SortKey::Date(seeds) | SortKey::Number(seeds)) => {
            !seeds.is_empty()
        }
        Some(SortKey::Score | SortKey::Text(_)) => false,
    }
}

/// The clauses about the one period that a search is ordered by.
pub(super) fn about_the_order<'a>(plan: &Plan, clauses: &[&'a Clause]) -> Vec<&'a Clause> {
    let Some(SortKey::Date(seeds)) = plan.sort.first().map(|first| &first.key) else {
        return Vec::new();
    };
    let is_about = |clause: &&&Clause| matches!(clause, Clause::Date { parameters, single: true, .. } if parameters == seeds);
    clauses.iter().filter(is_about).copied().collect()
}

/// What these clauses leave of the order; several tests of which one must hold leave all.
pub(super) fn bounds(plan: &Plan, clauses: &[&Clause]) -> DateBounds {
    let about = about_the_order(plan, clauses);
    DateBounds::of(about.iter().filter_map(|clause| match clause {
        Clause::Date { tests, .. } => match tests.as_slice() {
            [test] => Some(test),
            _ => None,
        },
        _ => None,
    }))
}

/// The parts of the order that lie behind a place, in the way's order.
pub(super) fn parts(sort: &[Sort], place: Option<&Place>) -> &'static [Part] {
    if sort.first().is_none_or(|first| is_always_there(&first.key)) {
        return &[Part::With];
    }
    let is_missing = place.is_some_and(|place| place.keys.first().is_some_and(Option::is_none));
    match (Direction::of(place), is_missing) {
        (Direction::Forward, false) => &[Part::With, Part::Without],
        (Direction::Forward, true) => &[Part::Without],
        (Direction::Back, true) => &[Part::Without, Part::With],
        (Direction::Back, false) => &[Part::With],
    }
}

/// What is walked.
pub(super) struct Walk<'a> {
    pub(super) plan: &'a Plan,
    pub(super) clauses: &'a [&'a Clause],
    pub(super) part: Part,
    /// The way, also where the place lies in another part.
    pub(super) direction: Direction,
    /// Where it begins; `None` is the part's own beginning.
    pub(super) place: Option<&'a Place>,
    /// Rows looked at; `None` is all.
    pub(super) cap: Option<i64>,
}

impl Walk<'_> {
    /// Writes the CTE `p` with `rid`, `is_end` and sort values `k0` …
    pub(super) fn push_page(&self, statement: &mut Statement, limit: i64) -> String {
        if self.is_by_number() {
            return self.push_page_by_number(statement, limit);
        }
        let sort = self.plan.sort.as_slice();
        let name = statement.begin_with("p");
        let end = match self.cap {
            Some(cap) => format!("w > {cap}"),
            None => "false".to_owned(),
        };
        statement.push(format!("select * from (select s.rid, {end} as is_end"));
        let first = self.first_key();
        if first == PREFIX {
            statement.push(format!(", s.{PREFIX}"));
        }
        for (n, key) in sort.iter().enumerate() {
            statement.push(", ");
            match n {
                0 => {
                    statement.push("s.k0");
                }
                _ => push_key(statement, "s", key, self.plan),
            }
            statement.push(format!(" as k{n}"));
        }
        statement.push(" from (select q.*, row_number() over (order by ");
        let way = self.first_way();
        statement.push(format!("q.{first} {way}) as w from ("));
        self.push_source(statement);
        statement.push(format!(") q) s where {end} or (s.rid is not null and "));
        if !self.is_of_values_alone() {
            push_types(statement, "s", &self.plan.resource_types);
            statement.push(" and ");
        }
        self.push_clauses(statement);
        statement.push(")) t");
        if let Some(place) = self.place {
            statement.push(" where is_end or ");
            push_behind(statement, sort, place);
        }
        statement.push(" order by ");
        if self.part == Part::With {
            statement.push(format!("{first} {way}, "));
        }
        statement.push("is_end desc, ");
        if first == PREFIX {
            statement.push(format!("k0 {way}, "));
        }
        self.push_later_keys(statement);
        statement.push_limit(limit).push(")");
        name
    }

    /// Whether nothing is asked or ordered by but the values walked by: they come and go with their resource, and their
    /// parameter says its type, so that the row need not be visited.
    fn is_of_values_alone(&self) -> bool {
        let is_value = |sort: &Sort| {
            matches!(
                sort.key,
                SortKey::String(_) | SortKey::Date(_) | SortKey::Number(_)
            )
        };
        self.part == Part::With
            && matches!(self.plan.sort.as_slice(), [one] if is_value(one))
            && about_the_order(self.plan, self.clauses).len() == self.clauses.len()
    }

    /// What is asked of the row `s`, what costs least first. What is asked about the one period that the walk goes by is
    /// asked of that.
    fn push_clauses(&self, statement: &mut Statement) {
        let about = match self.part {
            Part::With => about_the_order(self.plan, self.clauses),
            Part::Without => Vec::new(),
        };
        let is_other = |clause: &&Clause| !about.iter().any(|one| std::ptr::eq(*one, *clause));
        let others = self.clauses.iter().copied().filter(is_other);
        let (cheap, costly): (Vec<_>, Vec<_>) = others.partition(|clause| is_cheap(clause));
        push_all(statement, "s", cheap);
        statement.push(" and ");
        if about.is_empty() {
            self.push_choice(statement, "s");
        }
        for clause in &about {
            if let Clause::Date { tests, .. } = clause {
                push_any(statement, tests, |statement, test| {
                    push_period_test(statement, test, "s");
                });
                statement.push(" and ");
            }
        }
        push_all(statement, "s", costly);
    }

    fn push_later_keys(&self, statement: &mut Statement) {
        let nulls = match self.direction {
            Direction::Forward => "last",
            Direction::Back => "first",
        };
        for (n, key) in self.plan.sort.iter().enumerate().skip(1) {
            let way = self.direction.of_key(key.descending);
            statement.push(format!("k{n} {way} nulls {nulls}, "));
        }
        let way = self.direction.of_key(true);
        statement.push(format!("rid {way}"));
    }

    /// The column the walk goes by.
    fn first_key(&self) -> &'static str {
        match (self.part, self.plan.sort.first().map(|first| &first.key)) {
            (Part::Without, _) => "rid",
            (Part::With, Some(SortKey::String(_))) => PREFIX,
            (Part::With, _) => "k0",
        }
    }

    fn first_way(&self) -> &'static str {
        match (self.plan.sort.first(), self.part) {
            (Some(first), Part::With) => self.direction.of_key(first.descending),
            _ => self.direction.of_key(true),
        }
    }

    /// The columns of a row, with its content where a later key is read from it.
    fn columns(&self) -> String {
        let content = self.plan.sort.iter().any(|one| is_in_content(&one.key));
        let more = if content { ", r.json" } else { "" };
        format!("{}{more}", columns("r"))
    }

    fn push_limit(&self, statement: &mut Statement) {
        if let Some(cap) = self.cap {
            statement.push(format!(" limit {}", cap.saturating_add(1)));
        }
    }

    /// Rows in the order of the first key, from the place on.
    fn push_source(&self, statement: &mut Statement) {
        match (self.plan.sort.first(), self.part) {
            (Some(first), Part::With) => match &first.key {
                SortKey::String(seeds) => self.push_values(statement, "index_string", seeds),
                SortKey::Date(seeds) => self.push_values(statement, "index_date", seeds),
                SortKey::Number(seeds) => self.push_values(statement, "index_number", seeds),
                SortKey::LastUpdated => self.push_changes(statement),
                SortKey::Id | SortKey::Score | SortKey::Text(_) => {
                    self.push_resources(statement, "r.id", ", r.id as k0");
                }
            },
            (Some(first), Part::Without) => {
                let missing = format!(", null::{} as k0", key_type(&first.key));
                self.push_resources(statement, "r.rid", &missing);
            }
            // Nothing to order by is the walk by number.
            (None, _) => {}
        }
    }

    fn push_resources(&self, statement: &mut Statement, column: &str, key: &str) {
        statement
            .push("select ")
            .push(self.columns())
            .push(key)
            .push(" from resource r where ");
        if let [_] = self.plan.resource_types.as_slice() {
            push_walked_types(statement, "r", &self.plan.resource_types);
        }
        statement.push("not r.deleted");
        let operator = match self.first_way() {
            "desc" => "<=",
            _ => ">=",
        };
        if let Some(place) = self.place {
            match (column, place.keys.first()) {
                ("r.rid", _) if self.part == Part::Without && self.plan.sort.len() > 1 => {}
                ("r.rid", _) => {
                    statement
                        .push(format!(" and r.rid {operator} "))
                        .integer(place.rid);
                }
                (column, Some(Some(value))) => {
                    statement.push(format!(" and {column} {operator} "));
                    push_value(statement, value, "text");
                }
                _ => {}
            }
        }
        let way = self.first_way();
        statement.push(format!(" order by {column} {way}"));
        self.push_limit(statement);
    }

    fn push_values(&self, statement: &mut Statement, table: &str, seeds: &[i64]) {
        let (way, operator) = match self.first_way() {
            "desc" => ("desc", "<="),
            way => (way, ">="),
        };
        // What the index has in order, and what is selected of a value.
        let (by, ordered, keys) = match self.first_key() {
            PREFIX => {
                let by = format!("left(v.folded, {INDEX_PREFIX_CHARACTERS})");
                let whole = string_value();
                let values = format!("{by} as {PREFIX}, {whole} as k0");
                (by, values, format!("v.{PREFIX}, v.k0"))
            }
            _ => (
                "v.lower".to_owned(),
                "v.lower as k0, v.lower, v.upper".to_owned(),
                "v.k0, v.lower, v.upper".to_owned(),
            ),
        };
        let first = self.first_key();
        let is_alone = self.is_of_values_alone();
        let columns = match is_alone {
            true => "v.rid".to_owned(),
            false => self.columns(),
        };
        statement.push(format!(
            "select {keys}, v.t, {columns} from (select v.* from ("
        ));
        for (n, seed) in seeds.iter().enumerate() {
            if n > 0 {
                statement.push(" union all ");
            }
            statement.push(format!(
                "(select {ordered}, v.rid, v.ctid as t from {table} v where "
            ));
            push_seeds(statement, "v", std::slice::from_ref(seed));
            self.push_from_place(statement, &by, operator);
            self.push_bounds(statement);
            // Each in order, so that they are merged.
            statement.push(format!(" order by {by} {way}"));
            self.push_limit(statement);
            statement.push(")");
        }
        statement.push(format!(") v order by v.{first} {way}"));
        self.push_limit(statement);
        statement.push(") v");
        if !is_alone {
            statement.push(format!(
                " left join lateral (select {columns} from resource r where r.rid = v.rid and not r.deleted offset 0) r on true"
            ));
        }
    }

    /// Where the order is that of the one period the search speaks of, only a part of it is walked.
    fn push_bounds(&self, statement: &mut Statement) {
        let bounds = bounds(self.plan, self.clauses);
        if let Some(from) = bounds.begins_from {
            statement.push(" and v.lower >= ").instant(from);
        }
        if let Some(to) = bounds.begins_to {
            statement.push(" and v.lower <= ").instant(to);
        }
    }

    fn push_from_place(&self, statement: &mut Statement, column: &str, operator: &str) {
        let value = self.place.and_then(|place| place.keys.first());
        if let (Some(Some(value)), Some(first)) = (value, self.plan.sort.first()) {
            statement.push(format!(" and {column} {operator} "));
            if self.first_key() == PREFIX {
                let prefix = index_prefix(value, INDEX_PREFIX_CHARACTERS);
                push_value(statement, prefix, key_type(&first.key));
            } else {
                push_value(statement, value, key_type(&first.key));
            }
        }
    }

    fn push_changes(&self, statement: &mut Statement) {
        let (way, operator) = match self.first_way() {
            "desc" => ("desc", "<="),
            way => (way, ">="),
        };
        statement.push(format!(
            "select c.at as k0, {} from (select c.resource_type, c.id, c.version_id, c.at from change c where ",
            self.columns()
        ));
        if let [_] = self.plan.resource_types.as_slice() {
            push_walked_types(statement, "c", &self.plan.resource_types);
        }
        statement.push("true");
        self.push_from_place(statement, "c.at", operator);
        statement.push(format!(" order by c.at {way}"));
        self.push_limit(statement);
        statement.push(format!(
            ") c left join lateral (select {} from resource r where r.resource_type = c.resource_type and r.id = c.id and r.version_id = c.version_id and not r.deleted offset 0) r on true",
            self.columns()
        ));
    }

    /// The row is the one that speaks for its resource: it has the least or greatest value, or none has one.
    pub(super) fn push_choice(&self, statement: &mut Statement, alias: &str) {
        let Some(first) = self.plan.sort.first() else {
            return;
        };
        let lower = || "v.lower".to_owned();
        let (table, value, seeds) = match &first.key {
            SortKey::String(seeds) => ("index_string", string_value(), seeds),
            SortKey::Date(seeds) => ("index_date", lower(), seeds),
            SortKey::Number(seeds) => ("index_number", lower(), seeds),
            SortKey::Id | SortKey::LastUpdated | SortKey::Score | SortKey::Text(_) => return,
        };
        statement.push(format!(
            "not exists (select from {table} v where v.rid = {alias}.rid and ("
        ));
        push_seeds(statement, "v", seeds);
        statement.push(") is true");
        if self.part == Part::With {
            let better = if first.descending { ">" } else { "<" };
            statement.push(format!(" and ({value}, v.ctid) {better} (s.k0, s.t)"));
        }
        statement.push(" offset 0) and ");
    }
}
