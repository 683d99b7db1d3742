//! The order of matches: keys, ties and places in it (<https://hl7.org/fhir/R4/search.html#sort>).
//!
//! A missing value comes last in both directions. Ties are broken by the keys that follow, then by the row's number,
//! newest first. Texts are ordered by their first [`TEXT_MAX`] characters.

use fhir::search::plan::{Clause, Plan, Sort, SortKey};

use super::conditions::push_seeds;
use super::place::Place;
use super::quantities::push_distance;
use super::statement::Statement;
use super::words;

/// Characters of a text that count in an order: a page link carries them.
pub(super) const TEXT_MAX: usize = 512;

/// What a string is ordered by, of the row `v` of `index_string`.
pub(super) fn string_value() -> String {
    format!("left(v.folded, {TEXT_MAX})")
}

/// Which way a page goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the beginning to the end.
    Forward,
    /// From a place toward the beginning.
    Back,
}

impl Direction {
    pub(super) fn of(place: Option<&Place>) -> Self {
        match place {
            Some(place) if place.is_back => Self::Back,
            _ => Self::Forward,
        }
    }

    /// How a key is read: `asc` or `desc`.
    pub(super) fn of_key(self, descending: bool) -> &'static str {
        match (self, descending) {
            (Self::Forward, true) | (Self::Back, false) => "desc",
            (Self::Forward, false) | (Self::Back, true) => "asc",
        }
    }

    /// The operator that holds for what comes later in the way taken.
    pub(super) fn operator(self, descending: bool) -> &'static str {
        match self.of_key(descending) {
            "desc" => "<",
            _ => ">",
        }
    }
}

/// The type a key's text is read back as.
pub(super) fn key_type(key: &SortKey) -> &'static str {
    match key {
        SortKey::Id | SortKey::String(_) | SortKey::Text(_) => "text",
        SortKey::LastUpdated | SortKey::Date(_) => "timestamptz",
        SortKey::Number(_) => "numeric",
        SortKey::Score => "float8",
    }
}

/// Whether every resource has a value.
pub(super) fn is_always_there(key: &SortKey) -> bool {
    matches!(key, SortKey::Id | SortKey::LastUpdated)
}

/// Whether the key's values are read from the content: the row then has the column `json` as well.
pub(super) fn is_in_content(key: &SortKey) -> bool {
    matches!(key, SortKey::Text(_))
}

/// The keys that are read from the content, with their places.
pub(super) fn in_content(sort: &[Sort]) -> impl Iterator<Item = (usize, &Sort)> {
    let keys = sort.iter().enumerate();
    keys.filter(|(_, key)| is_in_content(&key.key))
}

/// The value a row is ordered by.
pub(super) fn push_key(statement: &mut Statement, alias: &str, sort: &Sort, plan: &Plan) {
    let choice = if sort.descending { "max" } else { "min" };
    match &sort.key {
        SortKey::Id => {
            statement.push(format!("{alias}.id"));
        }
        SortKey::LastUpdated => {
            statement.push(format!("{alias}.last_updated"));
        }
        SortKey::String(seeds) => {
            let value = format!("{choice}({})", string_value());
            push_least(statement, alias, &value, "index_string", seeds);
        }
        SortKey::Date(seeds) => {
            let value = format!("{choice}(v.lower)");
            push_least(statement, alias, &value, "index_date", seeds);
        }
        SortKey::Number(seeds) => {
            let value = format!("{choice}(v.lower)");
            push_least(statement, alias, &value, "index_number", seeds);
        }
        SortKey::Text(_) => push_content_key(statement, alias, sort),
        SortKey::Score => push_score(statement, alias, plan),
    }
}

/// The value a row is ordered by where it stands in the content.
pub(super) fn push_content_key(statement: &mut Statement, alias: &str, sort: &Sort) {
    let SortKey::Text(paths) = &sort.key else {
        return;
    };
    let choice = if sort.descending { "max" } else { "min" };
    let paths = paths.iter().map(ToString::to_string).collect();
    statement.push(format!(
        "(select {choice}(left(x.value #>> '{{}}', {TEXT_MAX}) collate \"C\") from unnest((select "
    ));
    statement.texts(paths).push(format!(
        "::jsonpath[])) p(path) cross join lateral jsonb_path_query({alias}.json, p.path, '{{}}', true) x(value))"
    ));
}

fn push_least(statement: &mut Statement, alias: &str, value: &str, table: &str, seeds: &[i64]) {
    statement.push(format!(
        "(select {value} from {table} v where v.rid = {alias}.rid and ("
    ));
    push_seeds(statement, "v", seeds);
    statement.push(") is true)");
}

/// From 0 to 1: how well the row's words fit those asked for, and how near, in metres, it is to the positions asked for.
/// The mean where several are asked; nothing where none is.
fn push_score(statement: &mut Statement, alias: &str, plan: &Plan) {
    let mut parts = 0;
    let mut begin = |statement: &mut Statement| {
        statement.push(if parts == 0 { "(" } else { " + " });
        parts += 1;
    };
    for clause in &plan.clauses {
        match clause {
            Clause::Text { part, query } => {
                begin(statement);
                let column = words::column(*part);
                statement.push(format!("coalesce((select ts_rank(v.{column}, "));
                words::push_query(statement, query);
                statement.push(format!(
                    ", 32)::float8 from index_text v where v.rid = {alias}.rid), 0)"
                ));
            }
            Clause::Near { parameters, tests } => {
                begin(statement);
                statement.push("(select coalesce(1 / (1 + min(least(");
                for (place, test) in tests.iter().enumerate() {
                    statement.push(if place == 0 { "" } else { ", " });
                    push_distance(statement, test, "v");
                }
                statement.push(format!(
                    "))), 0) from index_position v where v.rid = {alias}.rid and ("
                ));
                push_seeds(statement, "v", parameters);
                statement.push(") is true)");
            }
            _ => {}
        }
    }
    match parts {
        0 => statement.push("null::float8"),
        parts => statement.push(format!(") / {parts}")),
    };
}

/// `order by` of columns `k0`, `k1` … and `rid`.
pub(super) fn push_order(statement: &mut Statement, sort: &[Sort], direction: Direction) {
    statement.push(" order by ");
    for (place, key) in sort.iter().enumerate() {
        push_way(statement, key, direction, place);
        statement.push(", ");
    }
    statement.push(format!("rid {}", direction.of_key(true)));
}

/// `order by` the column of the first key alone.
pub(super) fn push_order_of_first(statement: &mut Statement, sort: &[Sort], direction: Direction) {
    if let Some(first) = sort.first() {
        statement.push(" order by ");
        push_way(statement, first, direction, 0);
    }
}

fn push_way(statement: &mut Statement, key: &Sort, direction: Direction, place: usize) {
    let way = direction.of_key(key.descending);
    let nulls = match direction {
        Direction::Forward => "last",
        Direction::Back => "first",
    };
    statement.push(format!("k{place} {way} nulls {nulls}"));
}

/// Rows that come behind a place: `(k0, k1, rid)` with a direction for each.
pub(super) fn push_behind(statement: &mut Statement, sort: &[Sort], place: &Place) {
    let direction = Direction::of(Some(place));
    let mut depth = 0;
    statement.push("(");
    for (n, (key, value)) in sort.iter().zip(&place.keys).enumerate() {
        let cast = key_type(&key.key);
        let operator = direction.operator(key.descending);
        match (value, direction) {
            (Some(value), Direction::Forward) => {
                statement.push(format!("k{n} is null or k{n} {operator} "));
                push_value(statement, value, cast);
            }
            (Some(value), Direction::Back) => {
                statement.push(format!("k{n} {operator} "));
                push_value(statement, value, cast);
            }
            (None, Direction::Forward) => {
                statement.push("false");
            }
            (None, Direction::Back) => {
                statement.push(format!("k{n} is not null"));
            }
        }
        statement.push(" or (");
        match value {
            Some(value) => {
                statement.push(format!("k{n} = "));
                push_value(statement, value, cast);
            }
            None => {
                statement.push(format!("k{n} is null"));
            }
        }
        statement.push(" and (");
        depth += 1;
    }
    statement
        .push(format!("rid {} ", direction.operator(true)))
        .integer(place.rid);
    statement.push("))".repeat(depth)).push(")");
}

/// A sort value of a place.
pub(super) fn push_value(statement: &mut Statement, value: &str, cast: &str) {
    statement.text(value).push("::").push(cast);
}
