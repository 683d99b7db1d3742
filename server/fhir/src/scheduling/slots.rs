//! The Slots that the rules of a calendar come to (<https://hl7.org/fhir/R4/slot.html>), and the times that people give it.

use jiff::{SignedDuration, Timestamp};

use super::expand::period_in;
use super::parts::Period;
use super::{Fault, Grid, Interval, Intervals, Mode, Schedule};
use crate::json::Value;
use crate::time;

/// A Slot is at most a day long.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

impl Schedule {
    /// From the beginning of one local day to the end of another.
    pub fn days(&self, first: &str, last: &str) -> Result<Interval, Fault> {
        let day = |text: &str, path: &str| {
            let read = time::parse_date_time(text).ok();
            let read = read.filter(|one| one.precision == time::Precision::Day);
            read.ok_or_else(|| Fault::new(path, "a day is meant: a date"))
        };
        let (first, last) = (day(first, "start")?, day(last, "end")?);
        let zone = &self.availability.zone;
        let days = Interval {
            start: first.lower_in(zone),
            end: last.upper_in(zone),
        };
        match days.start < days.end {
            true => Ok(days),
            false => Err(Fault::new("end", "the last day is not before the first")),
        }
    }

    /// The moments of a Period: dates are whole local days, and both ends are said.
    pub fn times(&self, period: Value<'_>, path: &str) -> Result<Interval, Fault> {
        let period = Period::read(period, path)?;
        if period.start.is_none() || period.end.is_none() {
            return Err(Fault::new(path, "it says from when to when"));
        }
        let times = period_in(&self.availability.zone, &period);
        times.ok_or_else(|| Fault::new(path, "the period ends after it begins"))
    }

    /// What the rules open within a window, whether or not they are what the calendar is booked by, cut into pieces of so
    /// many minutes. Where nothing is said a piece is as long as the alignment of the calendar, or all that is open at a
    /// time; what is left over is too short for a visit. Never more than `most` and one are answered.
    pub fn slots(&self, window: Interval, minutes: Option<u32>, most: usize) -> Vec<Interval> {
        let mut by_rules = self.clone();
        by_rules.availability.mode = Mode::Rules;
        let open = by_rules.open(window, None, &Intervals::default());
        let aligned = self.availability.align;
        let grid = Grid::new(self.availability.zone.clone(), aligned.or(Some(1)));
        let length = minutes.or(aligned);
        let length = length.map(|minutes| SignedDuration::from_mins(i64::from(minutes)));
        let mut slots = Vec::new();
        for stretch in open.iter() {
            let mut next = grid.from(stretch.start);
            while let Some(slot) = next.and_then(|start| piece(start, stretch.end, length)) {
                slots.push(slot);
                if slots.len() > most {
                    return slots;
                }
                next = Some(slot.end);
            }
        }
        slots
    }
}

/// The piece of a stretch that begins then, where there is room for one.
fn piece(start: Timestamp, until: Timestamp, length: Option<SignedDuration>) -> Option<Interval> {
    let end = start.checked_add(length.unwrap_or(LONGEST)).ok()?;
    let end = match length {
        Some(_) => Some(end).filter(|end| *end <= until)?,
        None => end.min(until),
    };
    (start < end).then_some(Interval { start, end })
}
