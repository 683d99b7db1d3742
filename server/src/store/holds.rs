//! For whom visits are held, and until when.

use fhir::ids::ResourceKey;
use jiff::Timestamp;
use sqlx::Row;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::read::{stored_key, stored_version};
use super::{StoredVersion, Transaction, statements};
use crate::error::{Error, ErrorKind, Result};

/// A visit that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Client and person.
    pub holder: String,
    /// Until when.
    pub ends: Timestamp,
    /// Whether it was extended.
    pub is_extended: bool,
}

impl Transaction {
    /// For whom a visit is held.
    pub async fn held(&mut self, key: &ResourceKey) -> Result<Option<Held>> {
        let row = sqlx::query(statements::READ_HOLD)
            .bind(key.to_string())
            .fetch_optional(self.connection())
            .await
            .map_err(from_sqlx)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let ends: Instant = row.try_get("expires_at").map_err(from_sqlx)?;
        Ok(Some(Held {
            holder: row.try_get("holder").map_err(from_sqlx)?,
            ends: ends.0,
            is_extended: row.try_get("is_extended").map_err(from_sqlx)?,
        }))
    }

    /// How many visits are held for the person who asks, by whichever client; until the end nobody else begins a hold for them.
    pub async fn live_holds(&mut self) -> Result<i64> {
        let user = self.access().grant().and_then(|grant| grant.user.as_ref());
        let (person, now) = (
            user.map(ToString::to_string).unwrap_or_default(),
            self.now(),
        );
        sqlx::query(statements::LOCK_HOLDER)
            .bind(&person)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        sqlx::query_scalar(statements::COUNT_HOLDS)
            .bind(person)
            .bind(Instant(now))
            .fetch_one(self.connection())
            .await
            .map_err(from_sqlx)
    }

    /// Notes that a visit of a HealthcareService was booked by whoever asks, where that is a patient, and refuses it where
    /// they have booked as many as they may that are to come.
    pub(super) async fn count_self_booked(
        &mut self,
        key: &ResourceKey,
        service: &str,
    ) -> Result<()> {
        let access = self.access();
        let user = access.grant().and_then(|grant| grant.user.as_ref());
        let Some(person) = user.filter(|_| access.is_patients()) else {
            return Ok(());
        };
        let (person, now) = (person.to_string(), self.now());
        sqlx::query(statements::LOCK_HOLDER)
            .bind(&person)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        let booked: i64 = sqlx::query_scalar(statements::COUNT_SELF_BOOKED)
            .bind(&person)
            .bind(service)
            .bind(key.to_string())
            .bind(Instant(now))
            .fetch_one(self.connection())
            .await
            .map_err(from_sqlx)?;
        if booked >= i64::from(self.self_booked_max) {
            let sentence =
                "as many visits of this kind are booked already as patients book themselves";
            return Err(Error::new(ErrorKind::BusinessRule, sentence));
        }
        sqlx::query(statements::ADD_SELF_BOOKED)
            .bind(key.to_string())
            .bind(person)
            .bind(service)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Visits that are held no more, as they are; nobody else changes them until the end.
    pub async fn holds_over(&mut self, most: u32) -> Result<Vec<StoredVersion>> {
        let now = self.now();
        let rows = sqlx::query(statements::HOLDS_OVER)
            .bind(Instant(now))
            .bind(i64::from(most))
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        let version = |row| stored_version(row, stored_key(row)?);
        rows.iter().map(version).collect()
    }

    /// Notes until when a visit is held, for whoever asks where nobody held it before.
    pub(super) async fn keep_hold(&mut self, key: &ResourceKey, ends: Timestamp) -> Result<()> {
        let holder = self.access().name();
        sqlx::query(statements::KEEP_HOLD)
            .bind(key.to_string())
            .bind(holder)
            .bind(Instant(ends))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Notes that visits are held no more.
    pub async fn end_holds(&mut self, keys: impl Iterator<Item = &ResourceKey>) -> Result<()> {
        let keys: Vec<String> = keys.map(ToString::to_string).collect();
        sqlx::query(statements::END_HOLDS)
            .bind(keys)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}
