//! When the Slots of calendars are, kept beside them, so that they are found by their time.

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::scheduling::{Interval, Intervals};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::blocks::block;
use super::{Changed, local};
use crate::error::{Error, Result};
use crate::scheduling::{Block, Ruled};
use crate::store::fault::{from_sqlx, raced};
use crate::store::instant::Instant;
use crate::store::{Store, Transaction, statements};

/// How often it is looked whether what was found and locked is still what there is.
const LOOKS: usize = 4;

/// A Slot of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotTime {
    /// Which.
    pub key: ResourceKey,
    /// When.
    pub times: Interval,
    /// `free`, `busy`, `busy-unavailable` or `busy-tentative`
    pub status: Box<str>,
}

/// Whose a calendar is, as far as it matters whether a Slot of it can be booked.
#[derive(Clone, Debug)]
pub struct CalendarOf {
    /// The Schedule.
    pub schedule: ResourceKey,
    /// `[type]/[id]` of whoever is busy with its visits.
    pub actor: String,
    /// How many visits that one takes at once.
    pub capacity: u32,
}

impl Store {
    /// The free Slots of calendars that begin from now on, at times at which there is room, the earliest first; those after one
    /// of them.
    pub async fn free_slots(
        &self,
        calendars: &[CalendarOf],
        now: Timestamp,
        after: Option<SlotTime>,
        most: usize,
    ) -> Result<Vec<(ResourceKey, SlotTime)>> {
        let schedules = calendars.iter().map(|one| one.schedule.to_string());
        let actors = calendars.iter().map(|one| one.actor.clone());
        let capacities = calendars
            .iter()
            .map(|one| i32::try_from(one.capacity).unwrap_or(i32::MAX));
        let rows = sqlx::query(statements::LIST_PUBLISHED_SLOTS)
            .bind(schedules.collect::<Vec<_>>())
            .bind(actors.collect::<Vec<_>>())
            .bind(capacities.collect::<Vec<_>>())
            .bind(Instant(now))
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .bind(after.as_ref().map(|one| Instant(one.times.start)))
            .bind(after.map(|one| one.key.to_string()))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let one = |row: &PgRow| {
            let schedule: &str = row.try_get("schedule").map_err(from_sqlx)?;
            Ok((schedule.parse().map_err(Error::internal)?, slot_time(row)?))
        };
        rows.iter().map(one).collect()
    }
}

fn slot_time(row: &PgRow) -> Result<SlotTime> {
    let key: &str = row.try_get("slot").map_err(from_sqlx)?;
    let lower: Instant = row.try_get("lower").map_err(from_sqlx)?;
    let upper: Instant = row.try_get("upper").map_err(from_sqlx)?;
    let status: &str = row.try_get("status").map_err(from_sqlx)?;
    Ok(SlotTime {
        key: key.parse().map_err(Error::internal)?,
        times: Interval {
            start: lower.0,
            end: upper.0,
        },
        status: status.into(),
    })
}

impl Transaction {
    /// The Slots of a Schedule that have some of a time, in order.
    async fn slots_of(
        &mut self,
        schedule: &ResourceKey,
        windows: &Intervals,
    ) -> Result<Vec<SlotTime>> {
        let starts = windows.iter().map(|one| Instant(one.start));
        let ends = windows.iter().map(|one| Instant(one.end));
        let rows = sqlx::query(statements::LIST_SLOTS)
            .bind(schedule.to_string())
            .bind(starts.collect::<Vec<_>>())
            .bind(ends.collect::<Vec<_>>())
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(slot_time).collect()
    }

    /// The Slots of a Schedule that have some of a time, in order, which nobody else changes until the end of the transaction.
    /// What the transaction has written is settled first.
    pub async fn locked_slots(
        &mut self,
        schedule: &ResourceKey,
        windows: &Intervals,
    ) -> Result<Vec<SlotTime>> {
        let mut found = self.slots_of(schedule, windows).await?;
        for _ in 0..LOOKS {
            if found.is_empty() {
                return Ok(found);
            }
            self.lock(found.iter().map(|one| one.key.clone()).collect())
                .await?;
            let again = self.slots_of(schedule, windows).await?;
            if again == found {
                return Ok(found);
            }
            found = again;
        }
        Err(raced())
    }

    /// Notes which calendars are booked by Slots alone.
    pub(super) async fn keep_calendars(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
    ) -> Result<()> {
        let base = self.base_url();
        let calendar = |ruled: &Option<Ruled>| match ruled {
            Some(Ruled::Calendar(calendar)) => Some(calendar.clone()),
            _ => None,
        };
        let mut written = Vec::new();
        let (mut schedules, mut actors) = (Vec::new(), Vec::new());
        for (key, changed) in unsettled {
            if key.resource_type.name() != "Schedule" {
                continue;
            }
            written.push(key.to_string());
            let after = calendar(&changed.after).filter(|one| one.is_slot_based);
            let of = after.into_iter().flat_map(|one| one.actors);
            for actor in of.filter_map(|actor| local(&actor, &base)) {
                schedules.push(key.to_string());
                actors.push(actor.to_string());
            }
        }
        if written.is_empty() {
            return Ok(());
        }
        sqlx::query(statements::KEEP_CALENDARS)
            .bind(written)
            .bind(schedules)
            .bind(actors)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Notes when the Slots are that the transaction has written so far.
    pub(super) async fn note_slots(&mut self) -> Result<()> {
        let unsettled = std::mem::take(self.unsettled());
        let kept = self.keep_slots(&unsettled.0).await;
        *self.unsettled() = unsettled;
        kept
    }

    /// Notes when the Slots are that were written.
    pub(super) async fn keep_slots(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
    ) -> Result<()> {
        let slots = unsettled
            .iter()
            .filter(|(key, _)| key.resource_type.name() == "Slot");
        let written: Vec<String> = slots.clone().map(|(key, _)| key.to_string()).collect();
        if written.is_empty() {
            return Ok(());
        }
        let base = self.base_url();
        let timed = slots.filter_map(|(key, one)| {
            let (schedule, times, status) = timed(one.after.as_ref()?, &base)?;
            Some((key.to_string(), schedule, times, status))
        });
        let timed: Vec<_> = timed.collect();
        let texts = |of: fn(&(String, String, Interval, String)) -> &String| {
            timed.iter().map(|one| of(one).clone()).collect::<Vec<_>>()
        };
        let lowers = timed.iter().map(|one| Instant(one.2.start));
        let uppers = timed.iter().map(|one| Instant(one.2.end));
        sqlx::query(statements::KEEP_SLOTS)
            .bind(written)
            .bind(texts(|one| &one.0))
            .bind(texts(|one| &one.1))
            .bind(lowers.collect::<Vec<_>>())
            .bind(uppers.collect::<Vec<_>>())
            .bind(texts(|one| &one.3))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

/// Schedule, times and status of what is a Slot of a calendar of this server.
fn timed(ruled: &Ruled, base: &str) -> Option<(String, Interval, String)> {
    let Block {
        status,
        schedule,
        start,
        end,
    } = block(ruled)?;
    let schedule = local(schedule.as_deref()?, base)?;
    let (start, end) = start.zip(*end)?;
    // The database knows no less than a microsecond.
    let has_length = start.as_microsecond() < end.as_microsecond();
    let is_one = has_length && &**status != "entered-in-error";
    is_one.then(|| {
        let times = Interval { start, end };
        (schedule.to_string(), times, status.to_string())
    })
}
