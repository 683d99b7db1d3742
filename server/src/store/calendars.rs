//! What booking asks the database: who is busy when, and which visits have been offered to whom.

use fhir::scheduling::{Interval, Intervals};
use jiff::Timestamp;
use sqlx::{PgExecutor, Row};

use super::fault::from_sqlx;
use super::instant::Instant;
use super::{Store, Transaction, statements};
use crate::error::{Error, Result};

/// When one lane of somebody or something is busy.
#[derive(Clone, Debug)]
pub struct BusyLane {
    /// `[type]/[id]`; a person, not a role.
    pub actor: String,
    /// From 0; an actor takes as many visits at once as it has lanes.
    pub lane: u32,
    /// When it is busy.
    pub times: Intervals,
}

/// A visit that is offered.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The logical id.
    pub id: String,
    /// The Appointment.
    pub content: String,
}

impl Store {
    /// When these actors are busy within a window; those who never are do not appear.
    pub async fn busy(
        &self,
        actors: &[String],
        window: Interval,
        now: Timestamp,
    ) -> Result<Vec<BusyLane>> {
        list_busy(&self.pool, actors, window, now).await
    }

    /// Keeps visits that are offered to somebody until a moment.
    pub async fn add_proposals(
        &self,
        holder: &str,
        proposals: &[Proposal],
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<()> {
        let ids: Vec<&str> = proposals.iter().map(|one| &*one.id).collect();
        let contents: Vec<&str> = proposals.iter().map(|one| &*one.content).collect();
        sqlx::query(statements::ADD_PROPOSALS)
            .bind(ids)
            .bind(holder)
            .bind(contents)
            .bind(Instant(expires))
            .bind(Instant(now))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// A visit that was offered to somebody and still is.
    pub async fn proposal(&self, holder: &str, id: &str, now: Timestamp) -> Result<Option<String>> {
        read_proposal(&self.pool, holder, id, now).await
    }
}

impl Transaction {
    /// When these actors are busy within a window, with what the transaction has claimed.
    pub async fn busy(&mut self, actors: &[String], window: Interval) -> Result<Vec<BusyLane>> {
        let now = self.now();
        list_busy(self.connection(), actors, window, now).await
    }

    /// The visit that was offered, asked by what is about to make it one that is held or booked.
    pub async fn proposal(&mut self, holder: &str, id: &str) -> Result<Option<String>> {
        let now = self.now();
        read_proposal(self.connection(), holder, id, now).await
    }
}

async fn list_busy(
    connection: impl PgExecutor<'_>,
    actors: &[String],
    window: Interval,
    now: Timestamp,
) -> Result<Vec<BusyLane>> {
    let rows = sqlx::query(statements::LIST_BUSY)
        .bind(actors)
        .bind(Instant(window.start))
        .bind(Instant(window.end))
        .bind(Instant(now))
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    let lane = |row: &sqlx::postgres::PgRow| {
        let lane: i32 = row.try_get(1).map_err(from_sqlx)?;
        let lowers: Vec<Instant> = row.try_get(2).map_err(from_sqlx)?;
        let uppers: Vec<Instant> = row.try_get(3).map_err(from_sqlx)?;
        let times = lowers.into_iter().zip(uppers);
        let times = times.map(|(lower, upper)| Interval {
            start: lower.0,
            end: upper.0,
        });
        Ok(BusyLane {
            actor: row.try_get(0).map_err(from_sqlx)?,
            lane: lane.try_into().map_err(Error::internal)?,
            times: times.collect(),
        })
    };
    rows.iter().map(lane).collect()
}

async fn read_proposal(
    connection: impl PgExecutor<'_>,
    holder: &str,
    id: &str,
    now: Timestamp,
) -> Result<Option<String>> {
    let row = sqlx::query(statements::READ_PROPOSAL)
        .bind(id)
        .bind(holder)
        .bind(Instant(now))
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    row.map(|row| row.try_get(0).map_err(from_sqlx)).transpose()
}
