//! When else a visit could be booked that cannot be had when it was wanted: by the same words by which it is judged and claims.

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::scheduling::{Grid, Interval};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Changed;
use crate::error::{Error, Result};
use crate::scheduling::{Actors, Claim, Judged, Kind, Ruled, Status, Visit, claims_of_visit};
use crate::store::{BusyLane, Transaction};

impl Transaction {
    /// The starts within a window at which all who take part in a visit are open and free for as long as it takes, the earliest
    /// first. Times are told in a zone where no calendar says one.
    pub async fn free_starts(
        &mut self,
        visit: &Visit,
        window: Interval,
        zone: &TimeZone,
    ) -> Result<Vec<Timestamp>> {
        let Some(length) = visit.start.zip(visit.end) else {
            return Ok(Vec::new());
        };
        let length = length.1.duration_since(length.0);
        let all_the_time = Visit {
            status: Some(Status::Booked),
            start: Some(window.start),
            end: Some(window.end),
            slots: Vec::new(),
            is_overbooked: false,
            ..visit.clone()
        };
        let key: ResourceKey = "Appointment/next".parse().map_err(Error::internal)?;
        let changed = Changed {
            before: None,
            after: Some(Ruled::Visit(all_the_time.clone())),
            by_operation: true,
        };
        let asked = BTreeMap::from([(key.clone(), changed)]);
        let known = self.known(&asked, &Actors::default()).await?;
        let base = self.base_url();
        let kind = Kind::of(&all_the_time, &known.actors, &base)?;
        let claims = claims_of_visit(&key, &all_the_time, &known, kind.as_ref(), &base)?;
        let judged = kind
            .as_ref()
            .map(|kind| Judged::new(&all_the_time, kind, &known, &base));
        let (grid, open) = match &judged {
            Some(judged) => (judged.grid(zone), judged.open(window)),
            None => (Grid::new(zone.clone(), []), [window].into_iter().collect()),
        };
        let mut starts = grid.starts(&open, length);
        let now = self.now();
        let bookable = kind.as_ref().map(|kind| kind.policy.bookable(now));
        let is_timely = |start: Timestamp| match bookable {
            Some(times) => {
                times.start <= start && start.checked_add(length).is_ok_and(|end| end <= times.end)
            }
            None => true,
        };
        starts.retain(|start| now <= *start && is_timely(*start));
        for claim in &claims {
            let around = Interval {
                start: claim.lower,
                end: claim.upper,
            };
            let lanes = self.busy(&[claim.actor.to_string()], around).await?;
            starts.retain(|start| {
                let taken = |end| Interval { start: *start, end };
                let end = start.checked_add(length);
                end.is_ok_and(|end| has_room(&lanes, claim, window, taken(end)))
            });
        }
        Ok(starts)
    }
}

/// Whether an actor has a lane for a visit, with as much time around it as a claim has around a window. What stands beyond the
/// lanes there are leaves no room.
fn has_room(lanes: &[BusyLane], claim: &Claim, window: Interval, visit: Interval) -> bool {
    let before = window.start.duration_since(claim.lower);
    let after = claim.upper.duration_since(window.end);
    let time = Interval {
        start: visit.start.checked_sub(before).unwrap_or(visit.start),
        end: visit.end.checked_add(after).unwrap_or(visit.end),
    };
    let meeting = lanes.iter().filter(|one| one.times.meets(time));
    let (within, beyond): (Vec<_>, Vec<_>) = meeting.partition(|one| one.lane < claim.capacity);
    beyond.is_empty() && u32::try_from(within.len()).is_ok_and(|taken| taken < claim.capacity)
}
