//! One page of a list: as many rows as were asked for, unless their resources are too large together.

use futures_util::{Stream, TryStreamExt, pin_mut};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::fault::from_sqlx;
use crate::error::Result;

/// Bytes of resources after which a page ends; a single larger one is a page of its own.
pub(super) const BYTES_MAX: usize = 64 << 20;

/// The rows of a page, and whether there are more behind it. The statement is to give one row more than `count`.
pub(super) async fn page_of(
    rows: impl Stream<Item = std::result::Result<PgRow, sqlx::Error>>,
    count: usize,
) -> Result<(Vec<PgRow>, bool)> {
    pin_mut!(rows);
    let mut page = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await.map_err(from_sqlx)? {
        let content: Option<&str> = row.try_get("content").map_err(from_sqlx)?;
        bytes += content.map_or(0, str::len);
        if page.len() == count || (bytes > BYTES_MAX && !page.is_empty()) {
            return Ok((page, true));
        }
        page.push(row);
    }
    Ok((page, false))
}
