//! What is known of the stored values, so that a search can tell the rare from the frequent before it begins.
//!
//! Elements and types are counted by the database (`analyze`); of dates, numbers and strings some pages are read. All of
//! it is an estimate and may be old: it decides the way a search takes, never what it finds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bigdecimal::BigDecimal;
use jiff::{SignedDuration, Timestamp};
use sqlx::{PgConnection, Row};

use super::super::fault::from_sqlx;
use super::super::instant::Instant;
use crate::error::Result;

/// How long statistics are used before a search reads them again, where no job does.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(10);
/// How long a job takes them for new, where the number of rows is about the same.
const NEW: SignedDuration = SignedDuration::from_secs(60);
/// About the same is: by less than one of so many.
const ABOUT: i64 = 10;

/// Numbers of values, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    /// Rows of `resource`.
    pub(super) rows: i64,
    /// Rows of each frequent type.
    pub(super) types: HashMap<String, i64>,
    /// Rows with each frequent element.
    pub(super) elements: HashMap<i64, i64>,
    /// Rows with the least frequent of them.
    pub(super) least: i64,
    /// Moments of change that part all of them in equal shares.
    pub(super) instants: Vec<Timestamp>,
    pub(super) strings: Sample<String>,
    pub(super) dates: Sample<Timestamp>,
    pub(super) numbers: Sample<BigDecimal>,
}

/// Some values of a table of values, sorted, for each parameter.
#[derive(Debug)]
pub(super) struct Sample<T> {
    values: HashMap<i64, Vec<T>>,
    /// Rows of the table for each row read.
    scale: i64,
}

impl<T> Default for Sample<T> {
    fn default() -> Self {
        Self {
            values: HashMap::new(),
            scale: 1,
        }
    }
}

impl<T: Ord> Sample<T> {
    fn of(rows: Vec<(i64, T)>, scale: i64) -> Self {
        let mut values: HashMap<i64, Vec<T>> = HashMap::new();
        for (parameter, value) in rows {
            values.entry(parameter).or_default().push(value);
        }
        for list in values.values_mut() {
            list.sort_unstable();
        }
        Self {
            values,
            scale: scale.max(1),
        }
    }

    /// Rows of a parameter with a value from one to the other, both or either may be missing.
    pub(super) fn between<Q>(&self, parameter: i64, from: Option<&Q>, to: Option<&Q>) -> i64
    where
        T: std::borrow::Borrow<Q>,
        Q: Ord + ?Sized,
    {
        // Of what is not among the rows read there are fewer than one row read stands for.
        let Some(values) = self.values.get(&parameter) else {
            return (self.scale / 4).max(1);
        };
        let begin = from.map_or(0, |from| values.partition_point(|one| one.borrow() < from));
        let end = to.map_or(values.len(), |to| {
            values.partition_point(|one| one.borrow() <= to)
        });
        let found = i64::try_from(end.saturating_sub(begin)).unwrap_or(i64::MAX);
        match found {
            0 => (self.scale / 2).max(1),
            found => found.saturating_mul(self.scale),
        }
    }

    /// Rows of a parameter.
    pub(super) fn all(&self, parameter: i64) -> i64 {
        let found = self.values.get(&parameter).map_or(1, Vec::len);
        i64::try_from(found)
            .unwrap_or(i64::MAX)
            .saturating_mul(self.scale)
    }
}

/// The statistics in use, and when they were read.
#[derive(Debug, Default)]
pub(in super::super) struct Known {
    current: Mutex<(Option<Timestamp>, Arc<Statistics>)>,
}

impl Known {
    /// What is known now.
    pub(super) fn current(&self) -> Arc<Statistics> {
        let held = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        held.1.clone()
    }

    /// Whether somebody should read them again; true for one caller only.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let mut held = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = held
            .0
            .is_none_or(|read| now.duration_since(read) >= AGE_MAX);
        if is_due {
            held.0 = Some(now);
        }
        is_due
    }

    /// Whether they need not be read again yet: of as many rows.
    pub(super) fn is_new(&self, now: Timestamp, rows: i64) -> bool {
        let held = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_young = held.0.is_some_and(|read| now.duration_since(read) < NEW);
        let difference = rows.abs_diff(held.1.rows);
        let much = rows.max(held.1.rows) / ABOUT;
        is_young && difference <= much.unsigned_abs()
    }

    /// Puts new ones in their place.
    pub(super) fn set(&self, statistics: Statistics, now: Timestamp) {
        let mut held = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *held = (Some(now), Arc::new(statistics));
    }
}

/// How many rows there are, as far as the database has counted them.
pub(super) async fn rows(connection: &mut PgConnection) -> Result<i64> {
    sqlx::query_scalar(ROWS)
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)
}

/// Reads statistics.
pub(super) async fn read(connection: &mut PgConnection) -> Result<Statistics> {
    let rows = rows(connection).await?;
    let elements: HashMap<i64, i64> = counted(connection, ELEMENTS, rows).await?;
    let (date_scale, dates) = sample::<Instant>(connection, DATES).await?;
    let (number_scale, numbers) = sample::<String>(connection, NUMBERS).await?;
    let (string_scale, strings) = sample::<String>(connection, STRINGS).await?;
    let instants: Vec<Instant> = sqlx::query_scalar(INSTANTS)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    Ok(Statistics {
        rows,
        types: counted(connection, TYPES, rows).await?,
        least: elements.values().copied().min().unwrap_or(i64::MAX),
        elements,
        instants: instants.into_iter().map(|one| one.0).collect(),
        strings: Sample::of(strings, string_scale),
        dates: Sample::of(
            dates.into_iter().map(|(seed, at)| (seed, at.0)).collect(),
            date_scale,
        ),
        numbers: Sample::of(
            numbers
                .into_iter()
                .filter_map(|(seed, text)| Some((seed, text.parse().ok()?)))
                .collect(),
            number_scale,
        ),
    })
}

const ROWS: &str =
    "select greatest(reltuples, 0)::bigint from pg_class where oid = 'resource'::regclass";

const ELEMENTS: &str = "select m.element, (m.share * $1::bigint)::bigint as rows from pg_stats s cross join lateral \
     unnest(s.most_common_elems::text::bigint[], s.most_common_elem_freqs) m(element, share) \
     where s.schemaname = current_schema() and s.tablename = 'resource' and s.attname = 'tok' and m.element is not null";

const TYPES: &str = "select m.name, (m.share * $1::bigint)::bigint as rows from pg_stats s cross join lateral \
     unnest(s.most_common_vals::text::text[], s.most_common_freqs) m(name, share) \
     where s.schemaname = current_schema() and s.tablename = 'resource' and s.attname = 'resource_type'";

const INSTANTS: &str = "select unnest(histogram_bounds::text::timestamptz[]) from pg_stats \
     where schemaname = current_schema() and tablename = 'change' and attname = 'at'";

/// How much of a table is read: about 400 pages.
const SHARE: &str = "select greatest(pg_relation_size($1::text::regclass) / 8192 / 400, 1)::bigint";

const DATES: (&str, &str) = (
    "index_date",
    "select parameter, lower from index_date tablesample system (100.0 / $1::bigint)",
);
const NUMBERS: (&str, &str) = (
    "index_number",
    "select parameter, lower::text from index_number tablesample system (100.0 / $1::bigint)",
);
const STRINGS: (&str, &str) = (
    "index_string",
    "select parameter, left(folded, 32) from index_string tablesample system (100.0 / $1::bigint)",
);

async fn counted<K>(
    connection: &mut PgConnection,
    statement: &'static str,
    rows: i64,
) -> Result<HashMap<K, i64>>
where
    K: std::hash::Hash + Eq + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let found = sqlx::query(statement)
        .bind(rows)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    found
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<std::result::Result<_, sqlx::Error>>()
        .map_err(from_sqlx)
}

async fn sample<T>(
    connection: &mut PgConnection,
    (table, statement): (&'static str, &'static str),
) -> Result<(i64, Vec<(i64, T)>)>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let scale: i64 = sqlx::query_scalar(SHARE)
        .bind(table)
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let rows = sqlx::query(statement)
        .bind(scale)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    let values = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<std::result::Result<_, sqlx::Error>>()
        .map_err(from_sqlx)?;
    Ok((scale, values))
}

impl Statistics {
    /// Changes within a span of time, of all there are, in thousandths.
    pub(super) fn changes(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> i64 {
        let bounds = &self.instants;
        if bounds.is_empty() {
            return 1;
        }
        let begin = from.map_or(0, |from| bounds.partition_point(|one| *one < from));
        let end = to.map_or(bounds.len(), |to| bounds.partition_point(|one| *one <= to));
        let share = end.saturating_sub(begin).max(1) * 1000 / bounds.len();
        i64::try_from(share).unwrap_or(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_reads_what_no_job_has_read() {
        let at = |minute| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
        let known = Known::default();
        // One of those that come at once.
        assert!(known.is_due(at(0)) && !known.is_due(at(0)));
        known.set(Statistics::default(), at(9));
        assert!(!known.is_due(at(18)));
        assert!(known.is_due(at(19)));
    }

    #[test]
    fn a_job_reads_again_after_a_minute_or_once_there_are_many_more_rows() {
        let at = |second| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
        let known = Known::default();
        assert!(!known.is_new(at(0), 0));
        let statistics = Statistics {
            rows: 1_000,
            ..Statistics::default()
        };
        known.set(statistics, at(0));
        for (second, rows, expected) in [
            (59, 1_000, true),
            (60, 1_000, false),
            (1, 1_100, true),
            (1, 1_200, false),
            (1, 850, false),
        ] {
            assert_eq!(known.is_new(at(second), rows), expected, "{second} {rows}");
        }
    }
}
