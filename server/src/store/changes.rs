//! Change events in commit order, without gaps: what subscriptions and other readers stand on.

use fhir::ids::{ResourceKey, VersionId};
use jiff::Timestamp;
use sqlx::Row;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::prepared::Verb;
use super::read::stored_key;
use super::{Store, statements};
use crate::context::RequestContext;
use crate::error::{Error, Result};

/// A place in the order of commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePosition {
    /// The transaction, as PostgreSQL numbers it.
    pub xid: String,
    /// The number within it.
    pub seq: i64,
}

impl ChangePosition {
    /// Before everything.
    pub fn start() -> Self {
        Self {
            xid: "0".to_owned(),
            seq: 0,
        }
    }
}

/// One version that was made.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where it stands.
    pub position: ChangePosition,
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
    /// The next changes after a position, at most `limit`. What is still being written is left for a later call, so no
    /// change can ever appear before one that was answered.
    pub async fn changes(
        &self,
        _cx: &RequestContext,
        after: &ChangePosition,
        limit: u32,
    ) -> Result<Vec<Change>> {
        let rows = sqlx::query(statements::LIST_CHANGES)
            .bind(&after.xid)
            .bind(after.seq)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter()
            .map(|row| {
                let version: i64 = row.try_get("version_id").map_err(from_sqlx)?;
                let method: &str = row.try_get("method").map_err(from_sqlx)?;
                let at: Instant = row.try_get("at").map_err(from_sqlx)?;
                Ok(Change {
                    position: ChangePosition {
                        xid: row.try_get("xid").map_err(from_sqlx)?,
                        seq: row.try_get("seq").map_err(from_sqlx)?,
                    },
                    key: stored_key(row)?,
                    version: VersionId::new(version)
                        .ok_or_else(|| Error::internal("a stored version is not positive"))?,
                    verb: Verb::parse(method)
                        .ok_or_else(|| Error::internal("a stored method is unknown"))?,
                    at: at.0,
                })
            })
            .collect()
    }
}
