//! What a clause asks of one row of `resource`, however the row was come by.
//!
//! The row's alias has the columns `rid`, `resource_type`, `id`, `key_hash`, `last_updated` and `tok`. What looks into
//! another table is a subquery that `offset 0` keeps from being joined: one probe of an index for each row, always. And
//! `is true` keeps an index from being used for what is only asked of a row that another index has led to.

use fhir::ids::{ResourceId, ResourceType};
use fhir::search::fold::{index_prefix, prefix_end};
use fhir::search::hash::is_listed;
use fhir::search::index_values::INDEX_PREFIX_CHARACTERS;
use fhir::search::plan::{Clause, Criteria, StringOrder, StringTest};

use super::by_number;
use super::elements::push_one_of;
use super::leads::flat;
use super::periods::{push_instant_test, push_period_test};
use super::quantities::{push_near_test, push_number_test};
use super::statement::Statement;
use super::words::push_text;

/// The columns conditions may look at.
pub(super) fn columns(alias: &str) -> String {
    format!(
        "{alias}.rid, {alias}.resource_type, {alias}.id, {alias}.key_hash, {alias}.last_updated, {alias}.tok"
    )
}

/// Whether a clause asks only columns of the row, and so costs next to nothing.
pub(super) fn is_cheap(clause: &Clause) -> bool {
    match clause {
        Clause::AnyToken(_)
        | Clause::NoToken(_)
        | Clause::Ids(_)
        | Clause::NotIds(_)
        | Clause::Types(_)
        | Clause::LastUpdated(_)
        | Clause::Nothing => true,
        Clause::String { .. }
        | Clause::Date { .. }
        | Clause::Number(_)
        | Clause::Near { .. }
        | Clause::Text { .. }
        | Clause::RefersTo { .. }
        | Clause::ReferredBy { .. }
        | Clause::Names { .. } => false,
        Clause::All(clauses) | Clause::Any(clauses) => clauses.iter().all(is_cheap),
        Clause::Not(clause) => is_cheap(clause),
    }
}

/// The row is of one of the types. Written so that no index on the type is taken for it.
pub(super) fn push_types(statement: &mut Statement, alias: &str, types: &[ResourceType]) {
    match types {
        [] => {
            statement.push("true");
        }
        [one] => {
            statement
                .push(format!("({alias}.resource_type = "))
                .text(one.name())
                .push(") is true");
        }
        several => {
            let names = several.iter().map(|one| one.name().to_owned()).collect();
            statement
                .push(format!("({alias}.resource_type = any("))
                .texts(names)
                .push(")) is true");
        }
    }
}

/// All clauses hold.
pub(super) fn push_all<'a>(
    statement: &mut Statement,
    alias: &str,
    clauses: impl IntoIterator<Item = &'a Clause>,
) {
    let mut elements = Vec::new();
    let mut others = Vec::new();
    for clause in clauses {
        match clause {
            Clause::AnyToken(one) if one.len() == 1 => elements.extend_from_slice(one),
            other => others.push(other),
        }
    }
    statement.push("true");
    // What costs least is asked first.
    if !elements.is_empty() {
        statement
            .push(format!(" and ({alias}.tok @> "))
            .elements(&elements)
            .push(") is true");
    }
    others.sort_by_key(|clause| !is_cheap(clause));
    for clause in others {
        statement.push(" and ");
        push_clause(statement, alias, clause);
    }
}

fn push_clause(statement: &mut Statement, alias: &str, clause: &Clause) {
    match clause {
        Clause::AnyToken(elements) => push_one_of(statement, alias, elements),
        Clause::NoToken(elements) => {
            statement.push("not ");
            push_one_of(statement, alias, elements);
        }
        Clause::Ids(ids) => push_ids(statement, alias, "", ids),
        Clause::NotIds(ids) => push_ids(statement, alias, "not ", ids),
        Clause::Types(types) => push_types(statement, alias, types),
        Clause::LastUpdated(tests) => {
            let moment = format!("{alias}.last_updated");
            push_any(statement, tests, |statement, test| {
                push_instant_test(statement, test, &moment)
            });
        }
        Clause::RefersTo { seeds, target } => match set_name(statement, clause) {
            Some(set) => push_one_in(statement, alias, &set),
            None => push_refers_to(statement, alias, seeds, target),
        },
        Clause::ReferredBy { seeds, source } => match set_name(statement, clause) {
            Some(set) => {
                statement.push(format!(
                    "(({alias}.key_hash & -2) in (select element from {set})) is true"
                ));
            }
            None => push_referred_by(statement, alias, seeds, source),
        },
        Clause::Names { ways, other } => match set_name(statement, clause) {
            Some(set) => push_one_in(statement, alias, &set),
            None => push_names(statement, alias, ways, other),
        },
        Clause::All(clauses) => {
            statement.push("(");
            push_all(statement, alias, clauses);
            statement.push(")");
        }
        Clause::Any(clauses) => {
            push_any(statement, clauses, |statement, one| {
                push_clause(statement, alias, one)
            });
        }
        Clause::Not(clause) => {
            statement.push("not (");
            push_clause(statement, alias, clause);
            statement.push(")");
        }
        Clause::Nothing => {
            statement.push("false");
        }
        Clause::Text { part, query } => push_text(statement, alias, *part, query),
        Clause::String { .. } | Clause::Date { .. } | Clause::Number(_) | Clause::Near { .. } => {
            let value = statement.name("v");
            let table = table(clause);
            statement.push(format!(
                "exists (select from {table} {value} where {value}.rid = {alias}.rid and ("
            ));
            push_value_test(statement, &value, clause);
            statement.push(") is true offset 0)");
        }
    }
}

fn push_ids(statement: &mut Statement, alias: &str, not: &str, ids: &[ResourceId]) {
    statement
        .push(format!("{not}({alias}.id = any("))
        .texts(ids.iter().map(ToString::to_string).collect())
        .push(")) is true");
}

fn set_name(statement: &Statement, clause: &Clause) -> Option<String> {
    statement.set_of(clause).map(str::to_owned)
}

/// The table of the value rows that a clause asks about.
fn table(clause: &Clause) -> &'static str {
    match clause {
        Clause::String { .. } => "index_string",
        Clause::Number(_) => "index_number",
        Clause::Near { .. } => "index_position",
        _ => "index_date",
    }
}

/// A value row passes a clause of strings, dates, numbers or positions; no other does.
fn push_value_test(statement: &mut Statement, value: &str, clause: &Clause) {
    match clause {
        Clause::String { parameters, tests } => {
            push_seeds(statement, value, parameters);
            statement.push(" and ");
            push_any(statement, tests, |statement, test| {
                push_string_test(statement, value, test)
            });
        }
        Clause::Date {
            parameters, tests, ..
        } => {
            push_seeds(statement, value, parameters);
            statement.push(" and ");
            push_any(statement, tests, |statement, test| {
                push_period_test(statement, test, value)
            });
        }
        Clause::Number(tests) => push_any(statement, tests, |statement, test| {
            push_number_test(statement, test, value)
        }),
        Clause::Near { parameters, tests } => {
            push_seeds(statement, value, parameters);
            statement.push(" and ");
            push_any(statement, tests, |statement, test| {
                push_near_test(statement, test, value)
            });
        }
        _ => {
            statement.push("false");
        }
    }
}

/// `from …`, for the one period of a row that clauses speak of, where it passes all of them.
pub(super) fn push_one_period(
    statement: &mut Statement,
    value: &str,
    row: &str,
    clauses: &[&Clause],
) {
    statement.push(format!(
        "from index_date {value} where {value}.rid = {row}.rid and ("
    ));
    for (place, clause) in clauses.iter().enumerate() {
        let Clause::Date {
            parameters, tests, ..
        } = clause
        else {
            continue;
        };
        if place == 0 {
            push_seeds(statement, value, parameters);
        }
        statement.push(" and ");
        push_any(statement, tests, |statement, test| {
            push_period_test(statement, test, value);
        });
    }
    statement.push(") is true offset 0");
}

/// The row's parameter is one of these. One is compared directly, so that an index is read in its order.
pub(super) fn push_seeds(statement: &mut Statement, value: &str, seeds: &[i64]) {
    match seeds {
        [one] => statement
            .push(format!("{value}.parameter = "))
            .integer(*one),
        several => statement
            .push(format!("{value}.parameter = any("))
            .elements(several)
            .push(")"),
    };
}

/// One of several holds.
pub(super) fn push_any<T>(
    statement: &mut Statement,
    tests: &[T],
    mut push: impl FnMut(&mut Statement, &T),
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
pub(super) fn push_string_test(statement: &mut Statement, value: &str, test: &StringTest) {
    match test {
        StringTest::StartsWith(text) => {
            let indexed = index_prefix(text, INDEX_PREFIX_CHARACTERS);
            statement
                .push(format!("(left({value}.folded, 128) >= "))
                .text(indexed);
            if let Some(end) = prefix_end(indexed) {
                statement
                    .push(format!(" and left({value}.folded, 128) < "))
                    .text(end);
            }
            statement
                .push(format!(" and starts_with({value}.folded, "))
                .text(&**text)
                .push("))");
        }
        StringTest::Contains(text) => {
            statement
                .push(format!("strpos({value}.folded, "))
                .text(&**text)
                .push(") > 0");
        }
        StringTest::EndsWith(text) => {
            statement
                .push(format!("starts_with(reverse({value}.folded), reverse("))
                .text(&**text)
                .push("))");
        }
        StringTest::Compares(order, text) => {
            statement
                .push(format!("{value}.folded {} ", comparison(*order)))
                .text(&**text);
        }
    }
}

fn comparison(order: StringOrder) -> &'static str {
    match order {
        StringOrder::Equal => "=",
        StringOrder::NotEqual => "<>",
        StringOrder::Greater => ">",
        StringOrder::Less => "<",
        StringOrder::GreaterOrEqual => ">=",
        StringOrder::LessOrEqual => "<=",
    }
}

/// One of the row's elements is a reference to a resource that meets the criteria: each element is tried as one.
fn push_refers_to(statement: &mut Statement, alias: &str, seeds: &[i64], target: &Criteria) {
    let row = statement.name("r");
    statement
        .push(format!(
            "exists (select from resource {row} where {row}.key_hash & -2 = any(array(select e.element # seeds.seed from unnest({alias}.tok) e(element), unnest("
        ))
        .elements(seeds)
        .push(format!(") seeds(seed) where (e.element # seeds.seed) & 1 = 0)) and not {row}.deleted and "));
    push_types(statement, &row, &target.resource_types);
    statement.push(" and ");
    push_all(statement, &row, &target.clauses);
    statement.push(" offset 0)");
}

/// One of the row's elements is in a set.
fn push_one_in(statement: &mut Statement, alias: &str, set: &str) {
    statement.push(format!("exists (select from unnest({alias}.tok) e(element) where (e.element in (select element from {set})) is true offset 0)"));
}

/// A resource that meets the criteria has an element that differs from one of the row's by one of the ways.
fn push_names(statement: &mut Statement, alias: &str, ways: &[i64], other: &Criteria) {
    let row = statement.name("r");
    statement
        .push(format!(
            "exists (select from resource {row} where {row}.tok && array(select e.element # ways.way from unnest({alias}.tok) e(element), unnest("
        ))
        .elements(ways)
        .push(format!(") ways(way)) and not {row}.deleted and "));
    push_types(statement, &row, &other.resource_types);
    statement.push(" and ");
    push_all(statement, &row, &other.clauses);
    statement.push(" offset 0)");
}

/// A resource that meets the criteria has the element that names this row: by the list of that element where there is one.
fn push_referred_by(statement: &mut Statement, alias: &str, seeds: &[i64], source: &Criteria) {
    if seeds.iter().copied().all(is_listed) {
        return push_listed_by(statement, alias, seeds, source);
    }
    let row = statement.name("r");
    statement
        .push("exists (select from unnest(")
        .elements(seeds);
    statement.push(format!(") seeds(seed) cross join lateral (select {row}.rid from resource {row} where {row}.tok @> array[seeds.seed # ({alias}.key_hash & -2)] and not {row}.deleted and "));
    push_types(statement, &row, &source.resource_types);
    statement.push(" and ");
    push_all(statement, &row, &source.clauses);
    statement.push(" offset 0) x offset 0)");
}

/// The same by lists: those in them are asked by their numbers, and visited for what is left.
fn push_listed_by(statement: &mut Statement, alias: &str, seeds: &[i64], source: &Criteria) {
    let (entry, row) = (statement.name("e"), statement.name("r"));
    let clauses = flat(&source.clauses);
    let (asked, left): (Vec<&Clause>, Vec<&Clause>) = clauses
        .into_iter()
        .partition(|one| by_number::cost(one).is_some());
    statement
        .push("exists (select from unnest(")
        .elements(seeds)
        .push(format!(") seeds(seed) cross join lateral (select {entry}.rid from index_element {entry} where {entry}.element = seeds.seed # ({alias}.key_hash & -2) and "));
    by_number::push_asked(statement, &entry, &asked);
    statement.push(format!(" offset 0) {entry}"));
    if !left.is_empty() {
        statement.push(format!(" cross join lateral (select {row}.rid from resource {row} where {row}.rid = {entry}.rid and not {row}.deleted and "));
        push_types(statement, &row, &source.resource_types);
        statement.push(" and ");
        push_all(statement, &row, left);
        statement.push(format!(" offset 0) {row}"));
    }
    statement.push(" offset 0)");
}
