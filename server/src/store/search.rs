//! Plans become SQL (<https://hl7.org/fhir/R4/search.html>). The only place where statements are put together at run
//! time; every value is bound.

use fhir::ids::ResourceKey;
use fhir::search::fold::{index_prefix, prefix_end};
use fhir::search::index_values::INDEX_PREFIX_CHARACTERS;
use fhir::search::period_test::{PeriodTest, Prefix};
use fhir::search::plan::{Clause, Plan, Sort, SortKey, StringTest};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

use super::cursor::CursorKey;
use super::fault::from_sqlx;
use super::instant::Instant;
use super::page::page_of;
use super::read::{stored_key, stored_version};
use super::{StoredVersion, Transaction};
use crate::error::{Error, ErrorKind, Result};

/// One page of matches.
#[derive(Debug)]
pub struct SearchPage {
    /// The matches, in order.
    pub matches: Vec<StoredVersion>,
    /// The cursor of the next page, where there is one.
    pub next: Option<String>,
}

/// One page of the resources a plan matches. `scope` binds page links to the request they were made for.
pub(super) async fn find_page(
    connection: &mut PgConnection,
    cursor_key: &CursorKey,
    plan: &Plan,
    count: u32,
    scope: &str,
    cursor: Option<&str>,
) -> Result<SearchPage> {
    let purpose = purpose(scope, plan);
    let after = cursor
        .map(|link| cursor_key.open(&purpose, link))
        .transpose()?;
    let mut statement = page_statement(plan, after.as_deref(), u64::from(count) + 1)?;
    let (rows, has_next) = page_of(statement.build().fetch(connection), count as usize).await?;
    let next = match rows.last() {
        Some(last) if has_next => Some(cursor_key.seal(&purpose, &place_of(&plan.sort, last)?)?),
        _ => None,
    };
    let matches = rows
        .iter()
        .map(|row| stored_version(row, stored_key(row)?))
        .collect::<Result<Vec<_>>>()?;
    Ok(SearchPage { matches, next })
}

/// A link is good for one search only. The parameters say which, not what they mean now: `ap` moves with the clock.
fn purpose(scope: &str, plan: &Plan) -> String {
    let is_answer = |name: &str| matches!(name, "_count" | "_total" | "_summary" | "_elements");
    let criteria: Vec<_> = plan
        .understood
        .iter()
        .filter(|(name, _)| !is_answer(name))
        .collect();
    format!("search {scope} {criteria:?} {:?}", plan.sort)
}

/// How many resources a plan matches.
pub(super) async fn count_matches(connection: &mut PgConnection, plan: &Plan) -> Result<u64> {
    let mut statement = QueryBuilder::new("select count(*) from resource r where ");
    push_conditions(&mut statement, plan);
    let count: i64 = statement
        .build_query_scalar()
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)?;
    u64::try_from(count).map_err(Error::internal)
}

impl Transaction {
    /// The keys of at most `limit` resources that a plan matches now.
    pub async fn matches(&mut self, plan: &Plan, limit: u32) -> Result<Vec<ResourceKey>> {
        matching_keys(self.connection(), plan, limit).await
    }
}

async fn matching_keys(
    connection: &mut PgConnection,
    plan: &Plan,
    limit: u32,
) -> Result<Vec<ResourceKey>> {
    let mut statement = QueryBuilder::new("select r.resource_type, r.id from resource r where ");
    push_conditions(&mut statement, plan);
    statement
        .push(" order by r.rid desc limit ")
        .push_bind(i64::from(limit));
    let rows = statement
        .build()
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    rows.iter().map(stored_key).collect()
}

fn column(key: &SortKey) -> &'static str {
    match key {
        SortKey::LastUpdated => "r.last_updated",
        _ => "r.id",
    }
}

fn page_statement(plan: &Plan, after: Option<&str>, limit: u64) -> Result<QueryBuilder<Postgres>> {
    let mut statement = QueryBuilder::new(
        "select r.rid, r.resource_type, r.id, r.version_id, r.last_updated, r.method, \
         coalesce(r.exact, r.json::text) as content from resource r where ",
    );
    push_conditions(&mut statement, plan);
    if let Some(place) = after {
        push_after(&mut statement, &plan.sort, place)?;
    }
    statement.push(" order by ");
    for key in &plan.sort {
        statement
            .push(column(&key.key))
            .push(if key.descending { " desc, " } else { " asc, " });
    }
    statement
        .push("r.rid desc limit ")
        .push_bind(i64::try_from(limit).map_err(Error::internal)?);
    Ok(statement)
}

/// Where a row stands in the order: its sort values and its number.
fn place_of(sort: &[Sort], row: &PgRow) -> Result<String> {
    let mut place = String::new();
    for key in sort {
        match &key.key {
            SortKey::Id
            | SortKey::Score
            | SortKey::String(_)
            | SortKey::Date(_)
            | SortKey::Number(_)
            | SortKey::Text(_) => place.push_str(row.try_get("id").map_err(from_sqlx)?),
            SortKey::LastUpdated => {
                let at: Instant = row.try_get("last_updated").map_err(from_sqlx)?;
                place.push_str(&at.0.as_microsecond().to_string());
            }
        }
        place.push('|');
    }
    let rid: i64 = row.try_get("rid").map_err(from_sqlx)?;
    place.push_str(&rid.to_string());
    Ok(place)
}

/// `(a, b, rid)` behind a place, with a direction for each: a > x or (a = x and (b > y or (b = y and rid < z))).
fn push_after(statement: &mut QueryBuilder<Postgres>, sort: &[Sort], place: &str) -> Result<()> {
    let unreadable = || Error::new(ErrorKind::BadValue, "the page link cannot be read");
    let values: Vec<&str> = place.split('|').collect();
    let (rid, values) = values.split_last().ok_or_else(unreadable)?;
    if values.len() != sort.len() {
        return Err(unreadable());
    }
    statement.push(" and (");
    for (key, value) in sort.iter().zip(values) {
        let column = column(&key.key);
        statement
            .push(column)
            .push(if key.descending { " < " } else { " > " });
        push_sort_value(statement, &key.key, value)?;
        statement.push(" or (").push(column).push(" = ");
        push_sort_value(statement, &key.key, value)?;
        statement.push(" and (");
    }
    statement
        .push("r.rid < ")
        .push_bind(rid.parse::<i64>().map_err(|_| unreadable())?);
    statement.push("))".repeat(sort.len())).push(")");
    Ok(())
}

fn push_sort_value(
    statement: &mut QueryBuilder<Postgres>,
    key: &SortKey,
    value: &str,
) -> Result<()> {
    match key {
        SortKey::Id
        | SortKey::Score
        | SortKey::String(_)
        | SortKey::Date(_)
        | SortKey::Number(_)
        | SortKey::Text(_) => statement.push_bind(value.to_owned()),
        SortKey::LastUpdated => {
            let at = value
                .parse()
                .ok()
                .and_then(|at| jiff::Timestamp::from_microsecond(at).ok());
            let at =
                at.ok_or_else(|| Error::new(ErrorKind::BadValue, "the page link cannot be read"))?;
            statement.push_bind(Instant(at))
        }
    };
    Ok(())
}

fn push_conditions(statement: &mut QueryBuilder<Postgres>, plan: &Plan) {
    statement.push("not r.deleted");
    match plan.resource_types.as_slice() {
        [] => {}
        [one] => {
            statement
                .push(" and r.resource_type = ")
                .push_bind(one.name());
        }
        several => {
            let names: Vec<&'static str> = several.iter().map(|one| one.name()).collect();
            statement
                .push(" and r.resource_type = any(")
                .push_bind(names)
                .push(")");
        }
    }
    for clause in &plan.clauses {
        statement.push(" and ");
        push_clause(statement, clause);
    }
}

fn push_clause(statement: &mut QueryBuilder<Postgres>, clause: &Clause) {
    match clause {
        Clause::AnyToken(elements) => {
            let operator = if elements.len() == 1 {
                "r.tok @> "
            } else {
                "r.tok && "
            };
            statement.push(operator).push_bind(elements.clone());
        }
        Clause::NoToken(elements) => {
            statement.push("not r.tok && ").push_bind(elements.clone());
        }
        Clause::Ids(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            statement.push("r.id = any(").push_bind(ids).push(")");
        }
        Clause::NotIds(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            statement.push("not r.id = any(").push_bind(ids).push(")");
        }
        Clause::LastUpdated(tests) => {
            push_any(statement, tests, |statement, test| {
                push_instant_test(statement, test)
            });
        }
        Clause::String { parameters, tests } => {
            statement
                .push(
                    "exists (select from index_string s where s.rid = r.rid and s.parameter = any(",
                )
                .push_bind(parameters.clone())
                .push(") and ");
            push_any(statement, tests, push_string_test);
            statement.push(")");
        }
        Clause::Date {
            parameters, tests, ..
        } => {
            statement
                .push("exists (select from index_date d where d.rid = r.rid and d.parameter = any(")
                .push_bind(parameters.clone())
                .push(") and ");
            push_any(statement, tests, |statement, test| {
                push_period_test(statement, test, "d.lower", "d.upper")
            });
            statement.push(")");
        }
        // The planner makes none of the others yet.
        Clause::Number(_)
        | Clause::Near { .. }
        | Clause::Text { .. }
        | Clause::RefersTo { .. }
        | Clause::ReferredBy { .. }
        | Clause::All(_)
        | Clause::Any(_)
        | Clause::Not(_)
        | Clause::Types(_)
        | Clause::Nothing => {
            statement.push("false");
        }
    }
}

fn push_any<T>(
    statement: &mut QueryBuilder<Postgres>,
    tests: &[T],
    push: impl Fn(&mut QueryBuilder<Postgres>, &T),
) {
    statement.push("(");
    for (place, test) in tests.iter().enumerate() {
        if place > 0 {
            statement.push(" or ");
        }
        push(statement, test);
    }
    statement.push(")");
}

/// The index holds a prefix of each string; a longer text is compared with the whole as well.
fn push_string_test(statement: &mut QueryBuilder<Postgres>, test: &StringTest) {
    match test {
        StringTest::StartsWith(text) => {
            let indexed = index_prefix(text, INDEX_PREFIX_CHARACTERS);
            let end = prefix_end(indexed);
            statement
                .push("(left(s.folded, 128) >= ")
                .push_bind(indexed.to_owned());
            if let Some(end) = end {
                statement
                    .push(" and left(s.folded, 128) < ")
                    .push_bind(end.to_string());
            }
            statement
                .push(" and starts_with(s.folded, ")
                .push_bind(text.to_string())
                .push("))");
        }
        // The planner makes none of the others yet.
        StringTest::EndsWith(_) | StringTest::Compares(..) => {
            statement.push("false");
        }
        StringTest::Contains(text) => {
            statement
                .push("strpos(s.folded, ")
                .push_bind(text.to_string())
                .push(") > 0");
        }
    }
}

fn push_period_test(
    statement: &mut QueryBuilder<Postgres>,
    test: &PeriodTest,
    lower: &str,
    upper: &str,
) {
    let (from, to) = (Instant(test.lower), Instant(test.upper));
    let within = |statement: &mut QueryBuilder<Postgres>| {
        statement
            .push(lower)
            .push(" >= ")
            .push_bind(from)
            .push(" and ")
            .push(upper)
            .push(" <= ")
            .push_bind(to);
    };
    statement.push("(");
    match test.prefix {
        Prefix::Eq => within(statement),
        Prefix::Ne => {
            statement.push("not (");
            within(statement);
            statement.push(")");
        }
        Prefix::Gt => {
            statement.push(upper).push(" > ").push_bind(to);
        }
        Prefix::Lt => {
            statement.push(lower).push(" < ").push_bind(from);
        }
        Prefix::Ge => {
            statement
                .push(upper)
                .push(" > ")
                .push_bind(to)
                .push(" or (");
            within(statement);
            statement.push(")");
        }
        Prefix::Le => {
            statement
                .push(lower)
                .push(" < ")
                .push_bind(from)
                .push(" or (");
            within(statement);
            statement.push(")");
        }
        Prefix::Sa => {
            statement.push(lower).push(" >= ").push_bind(to);
        }
        Prefix::Eb => {
            statement.push(upper).push(" <= ").push_bind(from);
        }
        Prefix::Ap => {
            statement
                .push(lower)
                .push(" < ")
                .push_bind(to)
                .push(" and ")
                .push(upper)
                .push(" > ")
                .push_bind(from);
        }
    }
    statement.push(")");
}

/// The same tests for a moment, which is a period that ends right after it begins.
fn push_instant_test(statement: &mut QueryBuilder<Postgres>, test: &PeriodTest) {
    let (from, to) = (Instant(test.lower), Instant(test.upper));
    match test.prefix {
        Prefix::Eq | Prefix::Ap => {
            statement
                .push("(r.last_updated >= ")
                .push_bind(from)
                .push(" and r.last_updated < ")
                .push_bind(to)
                .push(")");
        }
        Prefix::Ne => {
            statement
                .push("(r.last_updated < ")
                .push_bind(from)
                .push(" or r.last_updated >= ")
                .push_bind(to)
                .push(")");
        }
        Prefix::Gt | Prefix::Sa => {
            statement.push("r.last_updated >= ").push_bind(to);
        }
        Prefix::Lt | Prefix::Eb => {
            statement.push("r.last_updated < ").push_bind(from);
        }
        Prefix::Ge => {
            statement.push("r.last_updated >= ").push_bind(from);
        }
        Prefix::Le => {
            statement.push("r.last_updated < ").push_bind(to);
        }
    }
}
