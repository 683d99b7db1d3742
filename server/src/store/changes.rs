//! Change events for readers that must miss nothing and see the versions of a resource in their order: what
//! subscriptions stand on (server/decisions/0008-change-feed.md).
//!
//! Changes are read in windows of transactions that have all ended. Of two writes of one resource the later one began
//! to write after the earlier one had ended, so whatever their transactions' numbers are, both become visible to the
//! reader in one window or in their order; within a window the number of the change decides.

use std::fmt;
use std::str::FromStr;

use fhir::ids::{ResourceKey, VersionId};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::prepared::Verb;
use super::read::stored_key;
use super::{Store, statements};
use crate::context::RequestContext;
use crate::error::{Error, Result};

/// Where a reader stands: in a window of ended transactions, after one of its changes. Kept as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangePosition {
    /// The first transaction of the window, as PostgreSQL numbers it.
    from: u64,
    /// The first transaction behind the window.
    until: u64,
    /// The last change read in the window.
    seq: i64,
}

impl ChangePosition {
    /// Before everything.
    pub fn start() -> Self {
        Self::default()
    }
}

impl fmt::Display for ChangePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.from, self.until, self.seq)
    }
}

impl FromStr for ChangePosition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unreadable = || Error::internal("a stored position in the change feed cannot be read");
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or_else(unreadable);
        Ok(Self {
            from: next()?.parse().map_err(|_| unreadable())?,
            until: next()?.parse().map_err(|_| unreadable())?,
            seq: next()?.parse().map_err(|_| unreadable())?,
        })
    }
}

/// One version that was made.
#[derive(Clone, Debug)]
pub struct Change {
    /// Of which resource.
    pub key: ResourceKey,
    /// Which version.
    pub version: VersionId,
    /// By which verb.
    pub verb: Verb,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// The next changes after a position, at most `limit`, and the position after them. No change means that nothing has
    /// ended since; what is still being written comes with a later call.
    pub async fn changes(
        &self,
        _cx: &RequestContext,
        after: &ChangePosition,
        limit: u32,
    ) -> Result<(Vec<Change>, ChangePosition)> {
        let mut position = after.clone();
        let rows = self.window(&position, limit).await?;
        if !rows.is_empty() {
            return read(&rows, position);
        }
        // The window is read to its end: the next one reaches to whatever has ended by now.
        let horizon: String = sqlx::query_scalar(statements::READ_HORIZON)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let until = horizon.parse().map_err(Error::internal)?;
        position = ChangePosition {
            from: position.until,
            until,
            seq: 0,
        };
        let rows = self.window(&position, limit).await?;
        read(&rows, position)
    }

    async fn window(&self, position: &ChangePosition, limit: u32) -> Result<Vec<PgRow>> {
        sqlx::query(statements::LIST_CHANGES)
            .bind(position.from.to_string())
            .bind(position.until.to_string())
            .bind(position.seq)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)
    }
}

fn read(rows: &[PgRow], mut position: ChangePosition) -> Result<(Vec<Change>, ChangePosition)> {
    let mut changes = Vec::with_capacity(rows.len());
    for row in rows {
        position.seq = row.try_get("seq").map_err(from_sqlx)?;
        let version: i64 = row.try_get("version_id").map_err(from_sqlx)?;
        let method: &str = row.try_get("method").map_err(from_sqlx)?;
        let at: Instant = row.try_get("at").map_err(from_sqlx)?;
        changes.push(Change {
            key: stored_key(row)?,
            version: VersionId::new(version)
                .ok_or_else(|| Error::internal("a stored version is not positive"))?,
            verb: Verb::parse(method)
                .ok_or_else(|| Error::internal("a stored method is unknown"))?,
            at: at.0,
        });
    }
    Ok((changes, position))
}
