//! Columns of arrays for statements that write many resources at once.

use std::fmt::Write as _;

use fhir::ids::ResourceKey;
use fhir::search::grams::grams;
use fhir::search::index_values::IndexValues;
use fhir::search::lexemes::lexemes;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use super::instant::Instant;
use super::prepared::PreparedWrite;

/// The search values of several writes, in the arrays the statements take; `n` counts writes from 1.
#[derive(Debug, Default)]
pub(super) struct IndexColumns {
    pub(super) toks: Vec<String>,
    strings: StringColumns,
    dates: DateColumns,
    numbers: NumberColumns,
    positions: PositionColumns,
    texts: TextColumns,
}

#[derive(Debug, Default)]
struct StringColumns {
    rows: Vec<i32>,
    parameters: Vec<i64>,
    folded: Vec<String>,
    grams: Vec<String>,
}

#[derive(Debug, Default)]
struct DateColumns {
    rows: Vec<i32>,
    parameters: Vec<i64>,
    lowers: Vec<Instant>,
    uppers: Vec<Instant>,
    are_long: Vec<bool>,
}

/// Numbers travel as text, which loses no digit.
#[derive(Debug, Default)]
struct NumberColumns {
    rows: Vec<i32>,
    parameters: Vec<i64>,
    lowers: Vec<String>,
    uppers: Vec<String>,
    units: Vec<String>,
}

#[derive(Debug, Default)]
struct PositionColumns {
    rows: Vec<i32>,
    parameters: Vec<i64>,
    latitudes: Vec<String>,
    longitudes: Vec<String>,
}

#[derive(Debug, Default)]
struct TextColumns {
    rows: Vec<i32>,
    narratives: Vec<String>,
    contents: Vec<String>,
}

/// A statement that is being given its values.
pub(super) type Binding = Query<'static, Postgres, PgArguments>;

impl IndexColumns {
    pub(super) fn of<'a>(writes: impl Iterator<Item = &'a PreparedWrite>) -> Self {
        Self::of_values(writes.map(|write| &write.index))
    }

    pub(super) fn of_values<'a>(values: impl Iterator<Item = &'a IndexValues>) -> Self {
        let mut columns = Self::default();
        for (index, n) in values.zip(1i32..) {
            columns.toks.push(array(&index.tokens));
            columns.strings.add(n, index);
            columns.dates.add(n, index);
            columns.numbers.add(n, index);
            columns.positions.add(n, index);
            columns.texts.add(n, index);
        }
        columns
    }

    /// Binds everything but the tokens, in the order of the type `index_columns`.
    pub(super) fn bind(self, query: Binding) -> Binding {
        let query = query
            .bind(self.strings.rows)
            .bind(self.strings.parameters)
            .bind(self.strings.folded)
            .bind(self.strings.grams)
            .bind(self.dates.rows)
            .bind(self.dates.parameters)
            .bind(self.dates.lowers)
            .bind(self.dates.uppers)
            .bind(self.dates.are_long);
        query
            .bind(self.numbers.rows)
            .bind(self.numbers.parameters)
            .bind(self.numbers.lowers)
            .bind(self.numbers.uppers)
            .bind(self.numbers.units)
            .bind(self.positions.rows)
            .bind(self.positions.parameters)
            .bind(self.positions.latitudes)
            .bind(self.positions.longitudes)
            .bind(self.texts.rows)
            .bind(self.texts.narratives)
            .bind(self.texts.contents)
    }
}

impl StringColumns {
    fn add(&mut self, n: i32, index: &IndexValues) {
        for value in &index.strings {
            self.rows.push(n);
            self.parameters.push(value.parameter);
            self.folded.push(value.folded.to_string());
            self.grams
                .push(array(&grams(value.parameter, &value.folded)));
        }
    }
}

impl DateColumns {
    fn add(&mut self, n: i32, index: &IndexValues) {
        for value in &index.dates {
            self.rows.push(n);
            self.parameters.push(value.parameter);
            self.lowers.push(Instant(value.lower));
            self.uppers.push(Instant(value.upper));
            self.are_long.push(value.is_long());
        }
    }
}

impl NumberColumns {
    fn add(&mut self, n: i32, index: &IndexValues) {
        for value in &index.numbers {
            self.rows.push(n);
            self.parameters.push(value.parameter);
            self.lowers.push(value.lower.to_string());
            self.uppers.push(value.upper.to_string());
            self.units.push(array(&value.units));
        }
    }
}

impl PositionColumns {
    fn add(&mut self, n: i32, index: &IndexValues) {
        for value in &index.positions {
            self.rows.push(n);
            self.parameters.push(value.parameter);
            self.latitudes.push(value.latitude.to_string());
            self.longitudes.push(value.longitude.to_string());
        }
    }
}

impl TextColumns {
    fn add(&mut self, n: i32, index: &IndexValues) {
        if !(index.narrative.is_empty() && index.content.is_empty()) {
            self.rows.push(n);
            self.narratives.push(lexemes(&index.narrative));
            self.contents.push(lexemes(&index.content));
        }
    }
}

/// An array of numbers as text: arrays of arrays of different lengths cannot be bound.
fn array<N: std::fmt::Display>(elements: &[N]) -> String {
    let mut out = String::with_capacity(elements.len() * 21 + 2);
    out.push('{');
    for (place, element) in elements.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        let _infallible = write!(out, "{element}");
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
