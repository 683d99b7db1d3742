//! Conditions that the number of a row answers, before the row is visited: of its value rows, and of elements that are
//! listed. Value rows and lists come and go with their resource, and their parameter or element says its type.

use fhir::search::hash::is_listed;
use fhir::search::plan::Clause;

use super::conditions::{push_all, push_any, push_seeds};
use super::estimate::about_the_same_period;
use super::periods::push_period_test;
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
    statement.push(format!(
        "exists (select from index_date {value} where {value}.rid = {alias}.rid and ("
    ));
    for (place, clause) in clauses.iter().enumerate() {
        let Clause::Date {
            parameters, tests, ..
        } = clause
        else {
            continue;
        };
        if place == 0 {
            push_seeds(statement, &value, parameters);
        }
        statement.push(" and ");
        push_any(statement, tests, |statement, test| {
            push_period_test(statement, test, &value);
        });
    }
    statement.push(") is true offset 0)");
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
