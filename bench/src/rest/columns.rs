//! Search values of several rows in the arrays that the server's statements take.

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use super::library::IndexRow;
use super::moment::Moment;

/// How many of its search values a row is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// All.
    All,
    /// All but words and the letters of strings.
    WithoutText,
    /// None at all.
    Nothing,
}

/// The arrays; rows count from 1.
#[derive(Debug, Default)]
pub(crate) struct Columns<'a> {
    pub(crate) generation: i64,
    pub(crate) toks: Vec<&'a str>,
    string_rows: Vec<i32>,
    string_parameters: Vec<i64>,
    string_folded: Vec<&'a str>,
    string_grams: Vec<&'a str>,
    date_rows: Vec<i32>,
    date_parameters: Vec<i64>,
    date_lowers: Vec<Moment>,
    date_uppers: Vec<Moment>,
    date_are_long: Vec<bool>,
    number_rows: Vec<i32>,
    number_parameters: Vec<i64>,
    number_lowers: Vec<&'a str>,
    number_uppers: Vec<&'a str>,
    number_units: Vec<&'a str>,
    text_rows: Vec<i32>,
    text_narratives: Vec<&'a str>,
    text_contents: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    /// The search values of rows.
    pub(crate) fn of(rows: impl Iterator<Item = &'a IndexRow>, extent: Extent) -> Self {
        let mut columns = Self::default();
        for (row, n) in rows.zip(1i32..) {
            columns.generation = row.generation;
            if extent == Extent::Nothing {
                columns.toks.push("{}");
                continue;
            }
            columns.toks.push(&row.tok);
            columns.add_ordered(n, row, extent);
            if extent == Extent::All {
                for (narrative, content, ..) in &row.texts {
                    columns.text_rows.push(n);
                    columns.text_narratives.push(narrative);
                    columns.text_contents.push(content);
                }
            }
        }
        columns
    }

    fn add_ordered(&mut self, n: i32, row: &'a IndexRow, extent: Extent) {
        for (parameter, folded, grams) in &row.strings {
            self.string_rows.push(n);
            self.string_parameters.push(*parameter);
            self.string_folded.push(folded);
            self.string_grams.push(match extent {
                Extent::All => grams,
                Extent::WithoutText | Extent::Nothing => "{}",
            });
        }
        for (parameter, lower, upper, is_long) in &row.dates {
            self.date_rows.push(n);
            self.date_parameters.push(*parameter);
            self.date_lowers.push(*lower);
            self.date_uppers.push(*upper);
            self.date_are_long.push(*is_long);
        }
        for (parameter, lower, upper, units) in &row.numbers {
            self.number_rows.push(n);
            self.number_parameters.push(*parameter);
            self.number_lowers.push(lower);
            self.number_uppers.push(upper);
            self.number_units.push(units);
        }
    }

    /// Binds everything but generation and tokens, in the order of the type `index_columns`. Nothing that the bench
    /// writes has a position.
    pub(crate) fn bind(
        self,
        query: Query<'a, Postgres, PgArguments>,
    ) -> Query<'a, Postgres, PgArguments> {
        query
            .bind(self.string_rows)
            .bind(self.string_parameters)
            .bind(self.string_folded)
            .bind(self.string_grams)
            .bind(self.date_rows)
            .bind(self.date_parameters)
            .bind(self.date_lowers)
            .bind(self.date_uppers)
            .bind(self.date_are_long)
            .bind(self.number_rows)
            .bind(self.number_parameters)
            .bind(self.number_lowers)
            .bind(self.number_uppers)
            .bind(self.number_units)
            .bind(Vec::<i32>::new())
            .bind(Vec::<i64>::new())
            .bind(Vec::<String>::new())
            .bind(Vec::<String>::new())
            .bind(self.text_rows)
            .bind(self.text_narratives)
            .bind(self.text_contents)
    }
}
