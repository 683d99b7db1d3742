//! Rows that no link tells of yet: they must be such as a server writes, too, and must not wait for long.

use jiff::Timestamp;
use sqlx::Row;

use super::list::audit_row;
use crate::audit::AuditRow;
use crate::context::RequestContext;
use crate::error::Result;
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// A row that waits for its links.
#[derive(Clone, Debug)]
pub struct WaitingRow {
    /// The row.
    pub row: AuditRow,
    /// Whether it names a transaction that has not begun yet: it would wait for ever.
    pub is_of_future: bool,
}

impl Store {
    /// Rows without links behind one, in the order of their numbers: at most so many.
    pub async fn waiting_rows(
        &self,
        _cx: &RequestContext,
        behind: i64,
        limit: u32,
    ) -> Result<Vec<WaitingRow>> {
        let rows = sqlx::query(statements::LIST_WAITING)
            .bind(behind)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let waiting = |row| {
            Ok(WaitingRow {
                row: audit_row(row)?,
                is_of_future: row.try_get("is_of_future").map_err(from_sqlx)?,
            })
        };
        rows.iter().map(waiting).collect()
    }

    /// How many rows wait for their links that were recorded before a moment.
    pub async fn count_waiting(&self, before: Timestamp) -> Result<u64> {
        let count: i64 = sqlx::query_scalar(statements::COUNT_WAITING)
            .bind(Instant(before))
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The number of a row that another one is a copy of, if there is one: the index that refuses copies may have been taken
    /// away.
    pub async fn copied_row(&self, _cx: &RequestContext) -> Result<Option<i64>> {
        sqlx::query_scalar(statements::FIND_COPIED)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)
    }
}
