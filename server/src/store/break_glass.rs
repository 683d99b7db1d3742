//! Records opened in an emergency.

use fhir::ids::ResourceKey;
use jiff::Timestamp;
use sqlx::Row;
use uuid::Uuid;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::{Store, Transaction, statements};
use crate::error::{Error, Result};

/// A record that is opened.
#[derive(Clone, Debug)]
pub struct BreakGlass {
    /// The id.
    pub id: Uuid,
    /// The grant of the token it is opened with.
    pub grant_id: Uuid,
    /// By whom.
    pub holder: ResourceKey,
    /// Whose record.
    pub patient: ResourceKey,
    /// System and code of the reason.
    pub reason: (Box<str>, Box<str>),
    /// The reason in words.
    pub justification: Box<str>,
    /// From when on.
    pub opened: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// The task of its review.
    pub review: ResourceKey,
}

impl Transaction {
    /// Opens a record.
    pub async fn break_glass(&mut self, opened: &BreakGlass) -> Result<()> {
        sqlx::query(statements::ADD_BREAK_GLASS)
            .bind(opened.id)
            .bind(opened.grant_id)
            .bind(opened.holder.to_string())
            .bind(opened.patient.to_string())
            .bind(&*opened.reason.0)
            .bind(&*opened.reason.1)
            .bind(&*opened.justification)
            .bind(Instant(opened.opened))
            .bind(Instant(opened.ends))
            .bind(opened.review.to_string())
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

/// A record that was opened.
#[derive(Clone, Debug)]
pub struct OpenedRecord {
    /// Whose.
    pub patient: ResourceKey,
    /// The code of the reason.
    pub reason: Box<str>,
    /// From when it may be seen.
    pub opened: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

impl Store {
    /// The records that somebody, by any of these names, has opened, and that are not closed again at a moment.
    pub async fn opened_records(
        &self,
        holders: impl Iterator<Item = &ResourceKey>,
        now: Timestamp,
    ) -> Result<Vec<OpenedRecord>> {
        let holders: Vec<String> = holders.map(ToString::to_string).collect();
        let rows = sqlx::query(statements::LIST_BREAK_GLASS)
            .bind(holders)
            .bind(Instant(now))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let patient = |row: &sqlx::postgres::PgRow| {
            let key: &str = row.try_get(0).map_err(from_sqlx)?;
            let reason: String = row.try_get(1).map_err(from_sqlx)?;
            let opened: Instant = row.try_get(2).map_err(from_sqlx)?;
            let ends: Instant = row.try_get(3).map_err(from_sqlx)?;
            Ok(OpenedRecord {
                patient: key.parse().map_err(Error::internal)?,
                reason: reason.into(),
                opened: opened.0,
                ends: ends.0,
            })
        };
        rows.iter().map(patient).collect()
    }
}
