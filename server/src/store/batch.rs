//! Columns of arrays for statements that write many resources at once.

use fhir::ids::ResourceKey;
use fhir::search::index_values::IndexValues;

use super::instant::Instant;
use super::prepared::PreparedWrite;

/// The search values of several writes, in the arrays the statements take; `n` counts writes from 1.
#[derive(Debug, Default)]
pub(super) struct IndexColumns {
    pub(super) toks: Vec<String>,
    pub(super) string_rows: Vec<i32>,
    pub(super) string_parameters: Vec<i64>,
    pub(super) string_folded: Vec<String>,
    pub(super) date_rows: Vec<i32>,
    pub(super) date_parameters: Vec<i64>,
    pub(super) date_lowers: Vec<Instant>,
    pub(super) date_uppers: Vec<Instant>,
}

impl IndexColumns {
    pub(super) fn of<'a>(writes: impl Iterator<Item = &'a PreparedWrite>) -> Self {
        Self::of_values(writes.map(|write| &write.index))
    }

    pub(super) fn of_values<'a>(values: impl Iterator<Item = &'a IndexValues>) -> Self {
        let mut columns = Self::default();
        for (index, n) in values.zip(1i32..) {
            columns.toks.push(tok(&index.tokens));
            for value in &index.strings {
                columns.string_rows.push(n);
                columns.string_parameters.push(value.parameter);
                columns.string_folded.push(value.folded.to_string());
            }
            for value in &index.dates {
                columns.date_rows.push(n);
                columns.date_parameters.push(value.parameter);
                columns.date_lowers.push(Instant(value.lower));
                columns.date_uppers.push(Instant(value.upper));
            }
        }
        columns
    }
}

/// A `bigint[]` as text: arrays of arrays of different lengths cannot be bound.
fn tok(elements: &[i64]) -> String {
    let mut out = String::with_capacity(elements.len() * 21 + 2);
    out.push('{');
    for (place, element) in elements.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(&element.to_string());
    }
    out.push('}');
    out
}

/// Types and ids of keys as two arrays.
pub(super) fn key_columns<'a>(
    keys: impl Iterator<Item = &'a ResourceKey>,
) -> (Vec<&'static str>, Vec<&'a str>) {
    keys.map(|key| (key.resource_type.name(), key.id.as_str()))
        .unzip()
}
