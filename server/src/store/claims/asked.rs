//! What a visit must be that takes time it did not take before, and how long one may be.

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::outcome::Issue;
use jiff::SignedDuration;

use super::{Changed, visit};
use crate::auth::Reason;
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::{
    Judged, Kind, Known, Ruled, Status, Visit, not_by_patients, refuse_beyond, refuse_out_of_use,
};
use crate::store::{PreparedWrite, Transaction};

/// No visit takes longer: whatever is read and locked for its time is bounded by this.
const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A visit that may be.
pub(super) struct Permitted {
    pub(super) kind: Option<Kind>,
    /// Whether it is booked now, and was not before, or was of another kind.
    pub(super) is_new: bool,
    pub(super) warnings: Vec<Issue>,
}

impl Transaction {
    /// Whether a visit takes time that it did not take before, and is not the history of another system. Who comes after all
    /// (`noshow` to `arrived`) takes the time there was. What took place is noted as it was, whatever is asked of visits today.
    pub(super) fn judges(&self, changed: &Changed) -> bool {
        let Some(visit) = changed.after.as_ref().and_then(visit) else {
            return false;
        };
        let is_to_come = matches!(visit.status, Some(Status::Pending | Status::Booked));
        let before = changed.before.as_ref().and_then(self::visit);
        let has_begun = |one: &Visit| one.start.is_some_and(|at| at <= self.now());
        let is_there = |before: &Visit| before.takes_time() || !is_to_come && has_begun(visit);
        let is_same = before.is_some_and(|before| is_there(before) && before.is_as(visit));
        let is_noted = !is_to_come
            && !self.access().is_patients()
            && before.is_some_and(|before| before.takes_time() && has_begun(before))
            && has_begun(visit);
        visit.takes_time() && !is_same && !is_noted && !self.is_history(changed, visit)
    }

    fn is_history(&self, changed: &Changed, visit: &Visit) -> bool {
        !changed.by_operation
            && match self.access().reason() {
                None => false,
                Some(Reason::AuthDisabled) => visit.start.is_none_or(|at| at <= self.now()),
                Some(_) => true,
            }
    }

    /// What a visit must be that takes time it did not take before: what its kind asks.
    pub(super) fn asked(
        &self,
        key: &ResourceKey,
        changed: &Changed,
        visit: &Visit,
        known: &Known,
    ) -> Result<Permitted> {
        let (base, now) = (self.base_url(), self.now());
        if visit.status == Some(Status::Pending)
            && visit.hold_expires.is_some_and(|ends| ends <= now)
        {
            return Err(OpError::HoldExpired.refused("the hold has ended"));
        }
        let before = changed.before.as_ref().and_then(self::visit);
        let was_booked = before.is_some_and(|one| one.status == Some(Status::Booked));
        let is_new = visit.status == Some(Status::Booked) && !was_booked;
        let was_beyond = before.is_none_or(|one| one.is_overbooked);
        let before = before.filter(|one| one.takes_time());
        if !self.judges(changed) {
            let kind = Kind::known(visit, &known.actors, &base);
            if visit.is_overbooked && !was_beyond && !self.is_history(changed, visit) {
                refuse_beyond(kind.as_ref(), self.access())?;
            }
            return Ok(Permitted {
                kind,
                is_new,
                warnings: Vec::new(),
            });
        }
        let kind = Kind::of(visit, &known.actors, &base)?;
        let time = before.and_then(Visit::taken);
        let had_kind = before.and_then(|one| Kind::known(one, &known.actors, &base));
        let warnings = match &kind {
            Some(kind) => {
                let judged = Judged::new(visit, kind, known, &base);
                let judged = judged.beginning_slot(self.slot_starts.contains(key));
                judged.permit(self.access(), now, time)?
            }
            None if self.access().is_patients() => return Err(not_by_patients()),
            None if had_kind.is_some() => return Err(of_no_kind()),
            None => {
                refuse_out_of_use(visit, &known.actors, &base)?;
                Vec::new()
            }
        };
        let service = |kind: &Option<Kind>| kind.as_ref().map(|kind| kind.service.clone());
        let is_other = service(&had_kind) != service(&kind);
        Ok(Permitted {
            is_new: is_new || visit.status == Some(Status::Booked) && is_other,
            kind,
            warnings,
        })
    }

    /// Refuses visits that are to be longer than any is, before anything is looked up for their time.
    pub(in crate::store) fn refuse_endless<'w>(
        &self,
        writes: impl Iterator<Item = &'w PreparedWrite>,
        before: &BTreeMap<ResourceKey, Ruled>,
    ) -> Result<()> {
        if self.access().imports() {
            return Ok(());
        }
        for write in writes {
            let taken = write
                .ruled
                .as_deref()
                .and_then(visit)
                .and_then(Visit::taken);
            let Some(time) = taken else { continue };
            let before = before.get(&write.key).and_then(visit);
            let is_new = before.and_then(Visit::taken) != Some(time);
            if is_new && time.end.duration_since(time.start) > LONGEST {
                let sentence = "no visit is longer than 31 days";
                return Err(Error::new(ErrorKind::BusinessRule, sentence).at("Appointment.end"));
            }
        }
        Ok(())
    }
}

/// The refusal of a visit of which nobody could say any more how it is booked.
fn of_no_kind() -> Error {
    OpError::RequirementUnmet
        .refused("the visit is of a HealthcareService, which stays among those who take part")
        .at("Appointment.participant")
}
