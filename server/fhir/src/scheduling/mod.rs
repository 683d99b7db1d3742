//! When a clinic can be booked: policies of visits, calendars, their expansion to instants, and recurrences.
//!
//! What users may rely on stands in `server/SCHEDULING.md`. Everything here is a function of its arguments: no clock, no database. Zones are those
//! of the tz database that is part of the binary, so that every node expands a rule to the same instants.

mod availability;
mod expand;
mod ical;
mod interval;
mod offer;
mod parts;
mod policy;
mod recurrence;
mod schedule;
mod slots;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

pub use availability::{Availability, Exception, ExceptionKind, Mode, Rule};
pub use expand::Grid;
pub use ical::{calendar, subscription};
pub use interval::{Interval, Intervals};
pub use offer::{Candidate, Need, Offer, not_busy, offers};
pub use policy::{Coding, Policy, Reminder, Requirement, RequirementKind};
pub use recurrence::{Occurrence, Occurrences, Recurrence, SERIES_MAX};
pub use schedule::Schedule;

/// What was not understood of a definition of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expression}: {sentence}")]
pub struct Fault {
    /// Where it stands, as FHIRPath from the resource or the parameter.
    pub expression: String,
    /// What is wrong, in one sentence without anything personal.
    pub sentence: String,
}

impl Fault {
    pub(crate) fn new(expression: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self {
            expression: expression.into(),
            sentence: sentence.into(),
        }
    }
}

/// The zone of an IANA name, letter by letter as the tz database has it.
pub fn zone(name: &str) -> Option<TimeZone> {
    let zone = TimeZone::get(name).ok()?;
    (zone.iana_name() == Some(name)).then_some(zone)
}
