//! Conditions that the number of a row answers, before the row is visited: of its value rows, and of elements that are
//! listed. Value rows and lists come and go with their resource, and their parameter or element says its type.

use fhir::ids::ResourceType;
use fhir::search::hash::is_listed;
use fhir::search::plan::Clause;

use super::conditions::{push_all, push_one_period};
use super::estimate::{Estimator, about_the_same_period, stands_beside};
use super::leads::Lead;
use super::statement::Statement;

/// Most elements of a clause that are looked for in their lists.
const ELEMENTS_MAX: usize = 4;

/// Looking for a number in a list, nanoseconds.
const PROBED: i64 = 1_200;
/// Asking the value rows of a number, nanoseconds.
const VALUED: i64 = 4_000;

/// Nanoseconds for asking a clause of one number; `None` where the row itself must be asked.
pub(super) fn cost(clause: &Clause) -> Option<i64> {
    match clause {
        Clause::AnyToken(elements) | Clause::NoToken(elements) => {
            let is_few = elements.len() <= ELEMENTS_MAX;
            let lists = i64::try_from(elements.len()).unwrap_or(i64::MAX);
            (is_few && elements.iter().copied().all(is_listed)).then(|| lists * PROBED)
        }
        Clause::String { .. } | Clause::Date { .. } | Clause::Number(_) | Clause::Near { .. } => {
            Some(VALUED)
        }
        _ => None,
    }
}

/// What numbers are asked beside what leads to them, by cost: nanoseconds for each, rows that pass, and the clauses, of which
/// those about one period are one question. What most rows pass is asked where they are visited.
pub(super) fn askable<'a>(
    estimator: &Estimator<'_>,
    types: &[ResourceType],
    clauses: &[&'a Clause],
    leading: &[&Clause],
) -> Vec<(i64, i64, Vec<&'a Clause>)> {
    let population = estimator.rows_of(types);
    let mut asked = Vec::new();
    for clause in clauses.iter().copied() {
        let is = |one: &&Clause| std::ptr::eq(*one, clause);
        let Some(cost) = cost(clause).filter(|_| !leading.iter().any(is)) else {
            continue;
        };
        if leading.iter().any(|one| stands_beside(one, clause)) {
            continue;
        }
        let same = about_the_same_period(clause, clauses);
        let (passing, together) = match same.first() {
            None => (estimator.clause(types, clause), vec![clause]),
            Some(first) if std::ptr::eq(*first, clause) => (estimator.dates(&same), same),
            Some(_) => continue,
        };
        if passing.saturating_mul(4) <= population.saturating_mul(3) {
            asked.push((cost, passing, together));
        }
    }
    asked.sort_by_key(|(cost, passing, _)| (*cost, *passing));
    asked
}

/// All clauses hold of the row with the number `rid` of an alias; what costs least is asked first.
pub(super) fn push_asked(statement: &mut Statement, alias: &str, clauses: &[&Clause]) {
    let (lists, values): (Vec<&Clause>, Vec<&Clause>) = clauses
        .iter()
        .partition(|clause| matches!(clause, Clause::AnyToken(_) | Clause::NoToken(_)));
    for clause in lists {
        match clause {
            Clause::AnyToken(elements) => push_in_list(statement, alias, "", elements),
            Clause::NoToken(elements) => push_in_list(statement, alias, "not ", elements),
            _ => {}
        }
        statement.push(" and ");
    }
    let mut others = Vec::new();
    for clause in &values {
        let same = about_the_same_period(clause, &values);
        match same.first() {
            Some(first) if same.len() > 1 => {
                if std::ptr::eq(*first, *clause) {
                    push_period(statement, alias, &same);
                    statement.push(" and ");
                }
            }
            _ => others.push(*clause),
        }
    }
    push_all(statement, alias, others);
}

/// The one period that clauses speak of passes all of them.
fn push_period(statement: &mut Statement, alias: &str, clauses: &[&Clause]) {
    let value = statement.name("v");
    statement.push("exists (select ");
    push_one_period(statement, &value, alias, clauses);
    statement.push(")");
}

/// A query in parentheses for the numbers of the rows that a lead names, each once, as far as they answer what they are
/// asked. `narrow` may say which of them. Where they are in an order, no more of them are asked than somebody takes.
pub(super) fn push_numbers(
    statement: &mut Statement,
    rows: &str,
    lead: &Lead<'_>,
    way: Option<&str>,
    narrow: impl FnOnce(&mut Statement),
) {
    let asked: &[&Clause] = match lead {
        Lead::Numbers { asked, .. } => asked,
        _ => &[],
    };
    if !asked.is_empty() {
        statement.push("(select l.rid from ");
    }
    // In order and each once: `distinct` alone would be a hash of all of them, and a sort behind it.
    statement
        .push("(select distinct on (rid) rid from ")
        .push(rows);
    narrow(statement);
    let order = way.unwrap_or("asc");
    statement.push(format!(" order by rid {order})"));
    if !asked.is_empty() {
        statement.push(" l where ");
        push_asked(statement, "l", asked);
        if let Some(way) = way {
            statement.push(format!(" order by l.rid {way}"));
        }
        statement.push(" offset 0)");
    }
}

fn push_in_list(statement: &mut Statement, alias: &str, not: &str, elements: &[i64]) {
    let list = statement.name("e");
    statement.push(format!(
        "{not}exists (select from index_element {list} where {list}.rid = {alias}.rid and {list}.element = "
    ));
    match elements {
        [one] => statement.integer(*one),
        several => statement.push("any(").elements(several).push(")"),
    };
    statement.push(" offset 0)");
}
