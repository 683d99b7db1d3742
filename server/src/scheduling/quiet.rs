//! The hours at which nobody is written to, or expected to answer: from nine in the evening until eight in the morning, where
//! the clinic is.

use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::{Interval, Intervals};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, civil};

/// The extension by which a moment names its zone.
pub(crate) const TZ_CODE: &str = "http://hl7.org/fhir/StructureDefinition/tz-code";

/// When the day begins.
const MORNING: i8 = 8;
/// When it ends.
const EVENING: i8 = 21;
/// What would be told by night is told at this hour of the evening before: early enough that it can be tried again.
const BEFORE_NIGHT: i8 = 20;
/// What is told of a visit is told so long before it, even at night.
const BEFORE: SignedDuration = SignedDuration::from_hours(2);

fn local(at: Timestamp, zone: &TimeZone) -> civil::DateTime {
    zone.to_datetime(at)
}

fn instant(at: civil::DateTime, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_timestamp(at)
        .compatible()
        .unwrap_or(Timestamp::MAX)
}

/// The zone that a visit says its time in.
pub(crate) fn zone_of(visit: &Resource) -> Option<TimeZone> {
    let extensions = visit.root().at(&["_start", "extension"])?;
    let mut codes = extensions
        .items()
        .filter(|one| one.get("url").and_then(Value::string).as_deref() == Some(TZ_CODE));
    let code = codes.next()?.get("valueCode")?.string()?;
    fhir::scheduling::zone(&code)
}

/// Whether it is night.
fn is_night(at: Timestamp, zone: &TimeZone) -> bool {
    !(MORNING..EVENING).contains(&local(at, zone).hour())
}

/// The days of a window, without its nights.
pub(crate) fn days(window: Interval, zone: &TimeZone) -> Intervals {
    let last = local(window.end, zone).date();
    let first = local(window.start, zone).date();
    let dates = std::iter::successors(Some(first), |date| date.tomorrow().ok());
    let dates = dates.take_while(|date| *date <= last);
    let days: Intervals = dates
        .map(|date| Interval {
            start: instant(date.at(MORNING, 0, 0, 0), zone),
            end: instant(date.at(EVENING, 0, 0, 0), zone),
        })
        .collect();
    days.within(window)
}

/// The same moment, or by night the evening before it.
pub(crate) fn evening_before(at: Timestamp, zone: &TimeZone) -> Timestamp {
    if !is_night(at, zone) {
        return at;
    }
    let local = local(at, zone);
    let day = match local.hour() < MORNING {
        true => local.date().saturating_sub(1.day()),
        false => local.date(),
    };
    instant(day.at(BEFORE_NIGHT, 0, 0, 0), zone)
}

/// The same moment, or by night the next morning.
fn morning(at: Timestamp, zone: &TimeZone) -> Timestamp {
    if !is_night(at, zone) {
        return at;
    }
    let local = local(at, zone);
    let day = match local.hour() < MORNING {
        true => local.date(),
        false => local.date().saturating_add(1.day()),
    };
    instant(day.at(MORNING, 0, 0, 0), zone)
}

/// When something is told of a visit: not by night, unless the visit is soon.
pub(crate) fn told_at(now: Timestamp, start: Timestamp, zone: &TimeZone) -> Timestamp {
    let morning = morning(now, zone);
    let last = start.checked_sub(BEFORE).unwrap_or(now);
    match morning > last {
        true => now,
        false => morning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_written_to_by_night() {
        let zone = fhir::scheduling::zone("Europe/Berlin").unwrap();
        // What is planned for, the day before it, the morning after it, all on the clock of the clinic.
        for (at, before, after) in [
            ("2027-03-01T12:00", "2027-03-01T12:00", "2027-03-01T12:00"),
            ("2027-03-01T08:00", "2027-03-01T08:00", "2027-03-01T08:00"),
            ("2027-03-01T20:59", "2027-03-01T20:59", "2027-03-01T20:59"),
            ("2027-03-01T21:00", "2027-03-01T20:00", "2027-03-02T08:00"),
            ("2027-03-01T07:59", "2027-02-28T20:00", "2027-03-01T08:00"),
            // The night in which the clock is turned.
            ("2027-03-28T03:30", "2027-03-27T20:00", "2027-03-28T08:00"),
        ] {
            let moment = |text: &str| instant(text.parse().unwrap(), &zone);
            assert_eq!(evening_before(moment(at), &zone), moment(before), "{at}");
            assert_eq!(morning(moment(at), &zone), moment(after), "{at}");
            // A visit at nine is told of at once.
            let soon = morning(moment(at), &zone) + SignedDuration::from_hours(1);
            assert_eq!(told_at(moment(at), soon, &zone), moment(at), "{at}");
            let far = moment("2027-05-01T10:00");
            assert_eq!(told_at(moment(at), far, &zone), moment(after), "{at}");
        }
    }
    #[test]
    fn days_are_from_morning_to_evening() {
        let zone = fhir::scheduling::zone("Europe/Berlin").unwrap();
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        // From ten in the evening, over the night in which the clock is turned, to noon of the third day.
        let window = Interval {
            start: moment("2027-03-26T21:00:00Z"),
            end: moment("2027-03-28T10:00:00Z"),
        };
        let found: Vec<(Timestamp, Timestamp)> = days(window, &zone)
            .iter()
            .map(|day| (day.start, day.end))
            .collect();
        let expected = [
            ("2027-03-27T07:00:00Z", "2027-03-27T20:00:00Z"),
            ("2027-03-28T06:00:00Z", "2027-03-28T10:00:00Z"),
        ];
        assert_eq!(found, expected.map(|(from, to)| (moment(from), moment(to))));
    }
}
