//! The calendar of one actor (<https://hl7.org/fhir/R4/schedule.html>).

use super::parts::{Period, literal, only};
use super::{Availability, Fault, Mode};
use crate::json::Value;

const URL: &str = "https://vesta.example/fhir/StructureDefinition/availability";

/// The calendar of one actor.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// `false` where the calendar is not in use.
    pub is_active: bool,
    /// `[type]/[id]` of whose it is.
    pub actor: String,
    /// Nothing is open outside; dates are days of the calendar's zone.
    pub horizon: Period,
    /// When it is open.
    pub availability: Availability,
}

impl Schedule {
    /// Reads a Schedule; one without `availability` is none that can be booked, and `None`.
    pub fn of(schedule: Value<'_>) -> Result<Option<Self>, Fault> {
        let Some(availability) = only(schedule, "Schedule", URL)? else {
            return Ok(None);
        };
        let mut actors = schedule.get("actor").into_iter().flat_map(Value::items);
        let actor = actors.next().and_then(literal);
        let one = || {
            Fault::new(
                "Schedule.actor",
                "a calendar is that of one actor, named by a relative reference",
            )
        };
        let actor = actor.ok_or_else(one)?;
        if actors.next().is_some() {
            return Err(one());
        }
        let horizon = match schedule.get("planningHorizon") {
            Some(period) => Period::read(period, "Schedule.planningHorizon")?,
            None => Period::default(),
        };
        let counted_from = horizon.days().and_then(|(first, _)| first);
        Ok(Some(Self {
            is_active: schedule.get("active").and_then(Value::boolean) != Some(false),
            actor,
            horizon,
            availability: Availability::read(&availability, counted_from)?,
        }))
    }

    /// Whether only free Slots can be booked.
    pub fn is_slot_based(&self) -> bool {
        self.availability.mode == Mode::Slots
    }
}
