//! Until when patients give up the time of a visit that is booked, by whatever they do so (server/SCHEDULING.md,
//! states).

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::scheduling::Policy;
use jiff::{SignedDuration, Timestamp};

use super::{Changed, Refusal, refused, visit};
use crate::auth::Access;
use crate::error::{OpError, Result};
use crate::scheduling::{Status, Visit};
use crate::store::Transaction;

impl Changed {
    /// The visit that was booked, or is under way, and is not any more, or is not at that time with those any more. What was held
    /// alone is given up at any time.
    fn given_up(&self) -> Option<&Visit> {
        let before = self.before.as_ref().and_then(visit)?;
        let after = self.after.as_ref().and_then(visit);
        let is_kept = after.is_some_and(|after| after.takes_time() && after.is_as(before));
        let was_booked = before.takes_time() && before.status != Some(Status::Pending);
        (was_booked && !is_kept).then_some(before)
    }
}

impl Transaction {
    /// Refuses a patient what is cancelled or moved later than its kind lets patients.
    pub(super) async fn refuse_late(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
    ) -> std::result::Result<(), Refusal> {
        let asker = self.access().clone();
        for (key, changed) in unsettled {
            let Some(visit) = changed.given_up() else {
                continue;
            };
            if self
                .is_late(visit, &asker)
                .await
                .map_err(|error| refused(key, error))?
            {
                let late = OpError::CancelCutoff.refused(
                    "it is too late to cancel or move the visit by this way: call the clinic",
                );
                return Err(refused(key, late.at("Appointment.status")));
            }
        }
        Ok(())
    }

    /// Whether a patient gives up a visit later than the policies of its services let anybody.
    pub(super) async fn is_late(&mut self, visit: &Visit, asker: &Access) -> Result<bool> {
        let Some(start) = visit.start.filter(|_| asker.is_patients()) else {
            return Ok(false);
        };
        let base = self.base_url();
        let mut hours = 0;
        for (_, service) in self.stored(visit.services(&base).collect()).await? {
            let policy = Policy::of(service.root()).ok().flatten();
            let cutoff = policy.and_then(|one| one.cancel_cutoff_hours);
            hours = hours.max(cutoff.unwrap_or(0));
        }
        let hours = SignedDuration::from_hours(i64::from(hours));
        let latest = start.checked_sub(hours).unwrap_or(Timestamp::MIN);
        Ok(self.now() >= latest)
    }
}
