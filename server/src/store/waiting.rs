//! Time that was freed, until those who wait have been looked for, and visits that are held for them
//! (server/decisions/0035-told-from-what-was-written.md).

use fhir::ids::ResourceKey;
use jiff::Timestamp;
use sqlx::Row;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::{News, Store, Transaction, statements};
use crate::error::{Error, Result};

/// Time that somebody had and has no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreedTime {
    /// Which.
    pub id: i64,
    /// From when.
    pub lower: Timestamp,
    /// Until when.
    pub upper: Timestamp,
}

/// Somebody who waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// The Appointment on the waiting list.
    pub entry: &'a ResourceKey,
    /// Who it is for.
    pub patient: Option<&'a ResourceKey>,
}

impl Transaction {
    /// Notes time that is free from the commit on.
    pub(super) async fn note_freed(
        &mut self,
        freed: &[(ResourceKey, (Timestamp, Timestamp))],
    ) -> Result<()> {
        if freed.is_empty() {
            return Ok(());
        }
        let (lowers, uppers): (Vec<Instant>, Vec<Instant>) = freed
            .iter()
            .map(|(_, (lower, upper))| (Instant(*lower), Instant(*upper)))
            .unzip();
        let sources: Vec<String> = freed.iter().map(|(key, _)| key.to_string()).collect();
        let now = self.now();
        sqlx::query(statements::ADD_FREED_TIME)
            .bind(sources)
            .bind(lowers)
            .bind(uppers)
            .bind(Instant(now))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Time that was freed and nobody else looks after; nobody does until the end.
    pub async fn freed_time(&mut self) -> Result<Option<FreedTime>> {
        let now = self.now();
        let row = sqlx::query(statements::TAKE_FREED_TIME)
            .bind(Instant(now))
            .fetch_optional(self.connection())
            .await
            .map_err(from_sqlx)?;
        let freed = |row: sqlx::postgres::PgRow| {
            let lower: Instant = row.try_get("lower").map_err(from_sqlx)?;
            let upper: Instant = row.try_get("upper").map_err(from_sqlx)?;
            Ok(FreedTime {
                id: row.try_get("id").map_err(from_sqlx)?,
                lower: lower.0,
                upper: upper.0,
            })
        };
        row.map(freed).transpose()
    }

    /// Nobody waits for what is left of freed time.
    pub async fn drop_freed_time(&mut self, id: i64) -> Result<()> {
        sqlx::query(statements::DROP_FREED_TIME)
            .bind(id)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Freed time is looked at in two: until a moment, and from then on.
    pub async fn halve_freed_time(&mut self, id: i64, middle: Timestamp) -> Result<()> {
        sqlx::query(statements::HALVE_FREED_TIME)
            .bind(id)
            .bind(Instant(middle))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Waits for whoever offers something to a patient, or puts them on the waiting list; nobody else does until the end.
    pub async fn lock_waiting(&mut self, patient: &ResourceKey) -> Result<()> {
        sqlx::query(statements::LOCK_WAITING)
            .bind(patient.to_string())
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Notes for whom of the waiting list a visit is held.
    pub async fn note_offer(
        &mut self,
        appointment: &ResourceKey,
        waiting: Waiting<'_>,
        (start, end): (Timestamp, Timestamp),
    ) -> Result<()> {
        sqlx::query(statements::ADD_WAITLIST_OFFER)
            .bind(appointment.to_string())
            .bind(waiting.entry.to_string())
            .bind(waiting.patient.map(ToString::to_string))
            .bind(Instant(start))
            .bind(Instant(end))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        self.note_news(&[(appointment.clone(), News::Offered)])
            .await
    }

    /// The Appointment on the waiting list for which a visit is held, or was.
    pub async fn waitlist_entry(
        &mut self,
        appointment: &ResourceKey,
    ) -> Result<Option<ResourceKey>> {
        let entry: Option<String> = sqlx::query_scalar(statements::READ_WAITLIST_ENTRY)
            .bind(appointment.to_string())
            .fetch_optional(self.connection())
            .await
            .map_err(from_sqlx)?;
        let key = |text: String| text.parse().map_err(Error::internal);
        entry.map(key).transpose()
    }

    /// Whether somebody who waits has an offer, or had one that meets this time, by whichever Appointment they wait.
    pub async fn is_offered(
        &mut self,
        waiting: Waiting<'_>,
        (lower, upper): (Timestamp, Timestamp),
    ) -> Result<bool> {
        sqlx::query_scalar(statements::IS_OFFERED)
            .bind(waiting.patient.map(ToString::to_string))
            .bind(waiting.entry.to_string())
            .bind(Instant(lower))
            .bind(Instant(upper))
            .fetch_one(self.connection())
            .await
            .map_err(from_sqlx)
    }
}

impl Store {
    /// Freed time is looked after later, since that has failed now.
    pub async fn postpone_freed_time(&self, id: i64, now: Timestamp) -> Result<()> {
        sqlx::query(statements::POSTPONE_FREED_TIME)
            .bind(id)
            .bind(Instant(now))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}
