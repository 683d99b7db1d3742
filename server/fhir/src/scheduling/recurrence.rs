//! Repeated visits: the part of RFC 5545's recurrence rules that a clinic books by
//! (<https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10>).

use jiff::civil::{self, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::Fault;
use super::availability::weeks_between;
use crate::time;

/// A series has at most so many visits.
pub const SERIES_MAX: usize = 60;

/// Days looked at for the next visit; none is farther apart.
const DAYS_MAX: i64 = 366 * 10;

/// A rule of recurrence, and the days it leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    frequency: Frequency,
    interval: u32,
    by_day: Vec<(i8, Weekday)>,
    bound: Bound,
    left_out: Vec<civil::Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Count(usize),
    UntilDay(civil::Date),
    Until(Timestamp),
}

/// One visit of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Its place in the series as the rule counts, from 1; what is left out keeps its place empty.
    pub index: u32,
    /// When it starts.
    pub start: Timestamp,
}

/// The visits of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// Those there are, in order.
    pub starts: Vec<Occurrence>,
    /// Local times that no clock shows on their day, and where in the series they would stand.
    pub in_gaps: Vec<(u32, civil::DateTime)>,
}

impl Recurrence {
    /// Reads a rule and the days it leaves out.
    pub fn read(rrule: &str, exdate: &[String]) -> Result<Self, Fault> {
        let bad = |sentence: String| Fault::new("rrule", sentence);
        let (mut frequency, mut interval, mut by_day, mut bound) = (None, None, None, None);
        for part in rrule.strip_prefix("RRULE:").unwrap_or(rrule).split(';') {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| bad(format!("'{part}' is not of the form NAME=VALUE")))?;
            let is_new = match name {
                "FREQ" => frequency.replace(frequency_of(value)?).is_none(),
                "INTERVAL" => interval.replace(number(name, value, 366)?).is_none(),
                "BYDAY" => by_day.replace(days(value)?).is_none(),
                "COUNT" => {
                    let count = number(name, value, 60)?;
                    let count =
                        usize::try_from(count).map_err(|_| bad("COUNT is too large".into()))?;
                    bound.replace(Bound::Count(count)).is_none()
                }
                "UNTIL" => bound.replace(until(value)?).is_none(),
                _ => {
                    return Err(bad(format!(
                        "'{name}' is not understood: FREQ, INTERVAL, BYDAY, and COUNT or UNTIL"
                    )));
                }
            };
            if !is_new {
                return Err(bad(
                    "each part stands once, and one of COUNT and UNTIL".into()
                ));
            }
        }
        let frequency = frequency.ok_or_else(|| bad("it needs FREQ".into()))?;
        let by_day: Vec<(i8, Weekday)> = by_day.unwrap_or_default();
        if frequency != Frequency::Monthly && by_day.iter().any(|(nth, _)| *nth != 0) {
            return Err(bad(
                "only FREQ=MONTHLY counts its week days ('2MO', '-1FR')".into(),
            ));
        }
        Ok(Self {
            frequency,
            interval: interval.unwrap_or(1),
            by_day,
            bound: bound.ok_or_else(|| bad("it needs COUNT or UNTIL".into()))?,
            left_out: exdate
                .iter()
                .map(|day| left_out(day))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The visits of the series that begins at `first`, which must be one of them, none later than `horizon`. They keep
    /// their local time; what a clock jumps over is left out, and of an hour that comes twice the first is meant.
    pub fn occurrences(
        &self,
        first: Timestamp,
        zone: &TimeZone,
        horizon: Timestamp,
    ) -> Result<Occurrences, Fault> {
        let bad = |sentence: &str| Fault::new("rrule", sentence);
        if matches!(self.bound, Bound::Until(until) if until > horizon) {
            return Err(bad("UNTIL is beyond what can be booked"));
        }
        let local = first.to_zoned(zone.clone()).datetime();
        if !self.is_day(local.date(), local.date()) {
            return Err(bad("the first visit is not on a day of the rule"));
        }
        let mut found = Occurrences::default();
        let mut index: u32 = 0;
        let mut day = local.date();
        for _ in 0..=DAYS_MAX {
            if self.is_day(local.date(), day) {
                let wanted = day.to_datetime(local.time());
                let start = if index == 0 {
                    Some(first)
                } else {
                    moment(zone, wanted)
                };
                // What a gap swallows ends a series as the moment behind the gap would.
                let known = start.or_else(|| zone.to_ambiguous_timestamp(wanted).compatible().ok());
                if self.is_over(index, day, known) {
                    return Ok(found);
                }
                index += 1;
                if usize::try_from(index).is_ok_and(|index| index > SERIES_MAX) {
                    return Err(bad("a series has at most 60 visits"));
                }
                if known.is_none_or(|known| known > horizon) {
                    return Err(bad("the series reaches beyond what can be booked"));
                }
                match start {
                    _ if self.left_out.contains(&day) => {}
                    Some(start) => found.starts.push(Occurrence { index, start }),
                    None => found.in_gaps.push((index, wanted)),
                }
            }
            let next = day.checked_add(1.day());
            day = next.map_err(|_| bad("the series reaches beyond the calendar"))?;
        }
        Err(bad("the series reaches beyond what can be booked"))
    }

    fn is_over(&self, behind: u32, day: civil::Date, start: Option<Timestamp>) -> bool {
        match self.bound {
            Bound::Count(count) => usize::try_from(behind).is_ok_and(|behind| behind >= count),
            Bound::UntilDay(last) => day > last,
            Bound::Until(until) => start.is_none_or(|start| start > until),
        }
    }

    /// Whether the series that begins on one day has a visit on another.
    fn is_day(&self, first: civil::Date, day: civil::Date) -> bool {
        let weekday = || self.by_day.iter().any(|(_, of)| *of == day.weekday());
        let is_any = self.by_day.is_empty();
        match self.frequency {
            Frequency::Daily => {
                let days = i64::from(first.until(day).map_or(-1, |span| span.get_days()));
                days % i64::from(self.interval) == 0 && (is_any || weekday())
            }
            Frequency::Weekly => {
                let weeks = weeks_between(first, day);
                let is_weekday = if is_any {
                    first.weekday() == day.weekday()
                } else {
                    weekday()
                };
                weeks % i64::from(self.interval) == 0 && is_weekday
            }
            Frequency::Monthly => {
                let months =
                    |date: civil::Date| i64::from(date.year()) * 12 + i64::from(date.month());
                let is_month = (months(day) - months(first)) % i64::from(self.interval) == 0;
                let is_day = if is_any {
                    first.day() == day.day()
                } else {
                    self.by_day
                        .iter()
                        .any(|(nth, of)| *of == day.weekday() && is_nth(*nth, day))
                };
                is_month && is_day
            }
        }
    }
}

/// Whether a day is the so-manieth of its week day in its month, from the end where negative; any where 0.
fn is_nth(nth: i8, day: civil::Date) -> bool {
    let from_start = (day.day() - 1) / 7 + 1;
    let from_end = (day.days_in_month() - day.day()) / 7 + 1;
    match nth {
        0 => true,
        1.. => nth == from_start,
        _ => -nth == from_end,
    }
}

/// The moment of a local time; `None` where no clock shows it, the first where it comes twice.
fn moment(zone: &TimeZone, local: civil::DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.earlier().ok()
        }
    }
}

fn frequency_of(value: &str) -> Result<Frequency, Fault> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        _ => Err(Fault::new("rrule", "FREQ is DAILY, WEEKLY or MONTHLY")),
    }
}

fn number(name: &str, value: &str, most: u32) -> Result<u32, Fault> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value
        .parse()
        .ok()
        .filter(|number| is_plain && (1..=most).contains(number));
    number.ok_or_else(|| Fault::new("rrule", format!("{name} is a number from 1 to {most}")))
}

fn days(value: &str) -> Result<Vec<(i8, Weekday)>, Fault> {
    let bad = || {
        Fault::new(
            "rrule",
            "BYDAY is a list of MO, TU, WE, TH, FR, SA, SU, in a month '2MO' or '-1FR'",
        )
    };
    value
        .split(',')
        .map(|day| {
            let split = day
                .len()
                .checked_sub(2)
                .filter(|split| day.is_char_boundary(*split));
            let (nth, name) = day.split_at(split.ok_or_else(bad)?);
            let nth: i8 = match nth {
                "" => 0,
                nth => nth
                    .parse()
                    .ok()
                    .filter(|nth: &i8| *nth != 0 && (-5..=5).contains(nth))
                    .ok_or_else(bad)?,
            };
            let weekday = match name {
                "MO" => Weekday::Monday,
                "TU" => Weekday::Tuesday,
                "WE" => Weekday::Wednesday,
                "TH" => Weekday::Thursday,
                "FR" => Weekday::Friday,
                "SA" => Weekday::Saturday,
                "SU" => Weekday::Sunday,
                _ => return Err(bad()),
            };
            Ok((nth, weekday))
        })
        .collect()
}

fn until(value: &str) -> Result<Bound, Fault> {
    let bad = || {
        Fault::new(
            "rrule",
            "UNTIL is a day (20270401) or a moment in UTC (20270401T120000Z)",
        )
    };
    if let Ok(day) = civil::Date::strptime("%Y%m%d", value) {
        return Ok(Bound::UntilDay(day));
    }
    let moment = value.strip_suffix('Z').ok_or_else(bad)?;
    let moment = civil::DateTime::strptime("%Y%m%dT%H%M%S", moment).map_err(|_| bad())?;
    let moment = TimeZone::UTC.to_timestamp(moment).map_err(|_| bad())?;
    Ok(Bound::Until(moment))
}

fn left_out(day: &str) -> Result<civil::Date, Fault> {
    let bad = || Fault::new("exdate", "a day that is left out is a whole date");
    let read = time::parse_date(day).map_err(|_| bad())?;
    let month = i8::try_from(read.month).map_err(|_| bad())?;
    let of_month = i8::try_from(read.day).map_err(|_| bad())?;
    let date = civil::Date::new(read.year, month, of_month).map_err(|_| bad())?;
    if read.precision == time::Precision::Day {
        Ok(date)
    } else {
        Err(bad())
    }
}
