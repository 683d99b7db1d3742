//! One of several elements: few are compared with those of a row, and many, as the codes of a value set may be, are looked
//! up one by one.
//!
//! `&&` with many takes as long for each row, or for each entry of the index, as there are elements.

use super::statement::Statement;

/// Most elements that are asked for by `&&`.
const COMPARED_MAX: usize = 64;

/// Whether elements are too many for `&&`.
pub(super) fn is_long(elements: &[i64]) -> bool {
    elements.len() > COMPARED_MAX
}

/// The row has one of the elements. PostgreSQL hashes what a subquery gives.
pub(super) fn push_one_of(statement: &mut Statement, alias: &str, elements: &[i64]) {
    if is_long(elements) {
        statement
            .push(format!("exists (select from unnest({alias}.tok) e(element) where (e.element in (select unnest("))
            .elements(elements)
            .push("))) is true offset 0)");
        return;
    }
    let operator = if elements.len() == 1 { "@>" } else { "&&" };
    statement
        .push(format!("({alias}.tok {operator} "))
        .elements(elements)
        .push(") is true");
}

/// A query for the `rid` of rows that have one of the elements, with repetitions.
pub(super) fn push_rows_with(statement: &mut Statement, elements: &[i64]) {
    if is_long(elements) {
        statement
            .push("select r.rid from unnest(")
            .elements(elements)
            .push(") e(element) cross join lateral (select r.rid from resource r where r.tok @> array[e.element] offset 0) r");
        return;
    }
    statement
        .push("select r.rid from resource r where r.tok && ")
        .elements(elements);
}
