//! Dates, times and both, as precisely as they were written (<http://hl7.org/fhirpath/N1/#date>).
//!
//! Comparing goes unit by unit; where one side has no more units and all before were equal, nothing can be said.

use std::cmp::Ordering;
use std::fmt;

use jiff::civil;

/// A year, a month or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date {
    /// From 1 to 9999.
    pub year: i16,
    /// From 1 to 12; `None` where the text ended before.
    pub month: Option<u8>,
    /// The day of the month; never without the month.
    pub day: Option<u8>,
}

/// A time of day: hours at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: Option<u8>,
    /// Nanoseconds since the minute began: seconds and their fraction are one unit.
    pub second: Option<u64>,
    /// How many digits of the fraction were written.
    pub digits: u8,
}

/// A date with, perhaps, a time and an offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// The date.
    pub date: Date,
    /// The time; only after a full date.
    pub time: Option<Time>,
    /// Minutes east of UTC, where the text says so.
    pub offset: Option<i16>,
}

const NANOSECONDS: u64 = 1_000_000_000;
/// Clocks on Earth are between 12 hours behind and 14 hours ahead of UTC.
const OFFSET_RANGE: (i64, i64) = (-12 * 60, 14 * 60);

fn number<T: std::str::FromStr>(text: &str, length: usize) -> Option<T> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

impl Date {
    /// Parses `2024`, `2024-02` or `2024-02-29`; `None` where there is no such date.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = number(parts.next()?, 4).filter(|year| *year > 0)?;
        let month = parts
            .next()
            .map(|part| number(part, 2))
            .map_or(Some(None), |month| month.map(Some))?;
        let day = parts
            .next()
            .map(|part| number(part, 2))
            .map_or(Some(None), |day| day.map(Some))?;
        if parts.next().is_some() {
            return None;
        }
        civil_date(year, month.unwrap_or(1), day.unwrap_or(1))?;
        Some(Self { year, month, day })
    }

    /// The first day it may mean.
    pub fn first_day(self) -> Option<civil::Date> {
        civil_date(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))
    }

    /// The units in order, for comparing.
    fn units(self) -> [Option<i64>; 3] {
        [
            Some(self.year.into()),
            self.month.map(Into::into),
            self.day.map(Into::into),
        ]
    }

    /// `None` where the precision does not suffice.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        compare_units(self.units(), other.units())
    }

    pub(super) fn of_civil(date: civil::Date) -> Self {
        Self {
            year: date.year(),
            month: u8::try_from(date.month()).ok(),
            day: u8::try_from(date.day()).ok(),
        }
    }
}

fn civil_date(year: i16, month: u8, day: u8) -> Option<civil::Date> {
    civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

impl Time {
    /// Parses `hh`, `hh:mm`, `hh:mm:ss` and fractions of a second.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let hour = number(parts.next()?, 2).filter(|hour| *hour < 24)?;
        let mut time = Self {
            hour,
            minute: None,
            second: None,
            digits: 0,
        };
        let Some(minute) = parts.next() else {
            return Some(time);
        };
        time.minute = Some(number(minute, 2).filter(|minute| *minute < 60)?);
        let Some(second) = parts.next() else {
            return Some(time);
        };
        if parts.next().is_some() {
            return None;
        }
        let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
        let whole: u64 = number(whole, 2).filter(|second| *second < 60)?;
        if fraction.is_empty()
            || fraction.len() > 20
            || !fraction.bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        // Digits beyond the nanosecond are not told apart.
        let kept = &fraction[..fraction.len().min(9)];
        let scale = 10u64.checked_pow(u32::try_from(9 - kept.len()).ok()?)?;
        time.second = Some(whole * NANOSECONDS + kept.parse::<u64>().ok()? * scale);
        if second.contains('.') {
            time.digits = u8::try_from(kept.len()).ok()?;
        }
        Some(time)
    }

    fn units(self) -> [Option<i64>; 3] {
        [
            Some(self.hour.into()),
            self.minute.map(Into::into),
            self.second.and_then(|second| i64::try_from(second).ok()),
        ]
    }

    /// `None` where the precision does not suffice.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        compare_units(self.units(), other.units())
    }

    /// Nanoseconds since midnight, missing units taken as zero.
    pub(super) fn nanoseconds(self) -> i64 {
        let minutes = u64::from(self.hour) * 60 + u64::from(self.minute.unwrap_or(0));
        let all = minutes * 60 * NANOSECONDS + self.second.unwrap_or(0);
        i64::try_from(all).unwrap_or(i64::MAX)
    }

    /// The time so many nanoseconds after midnight, as precise as `like`.
    pub(super) fn of_nanoseconds(nanoseconds: i64, like: Self) -> Option<Self> {
        let all = u64::try_from(nanoseconds).ok()?;
        let minutes = all / (60 * NANOSECONDS);
        let second = all % (60 * NANOSECONDS);
        let finest =
            (0..=9u8).find(|digits| second.is_multiple_of(10u64.pow(u32::from(9 - digits))))?;
        Some(Self {
            hour: u8::try_from(minutes / 60).ok()?,
            minute: like.minute.and(u8::try_from(minutes % 60).ok()),
            second: like.second.and(Some(second)),
            digits: if like.second.is_some() {
                like.digits.max(finest)
            } else {
                0
            },
        })
    }
}

impl DateTime {
    /// Parses a date, a date with `T`, or both with an offset; `None` where there is no such instant.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((date, rest)) = text.split_once('T') else {
            return Date::parse(text).map(Self::of_date);
        };
        let date = Date::parse(date)?;
        if rest.is_empty() {
            return Some(Self::of_date(date));
        }
        date.day?;
        let (time, offset) = if let Some(time) = rest.strip_suffix('Z') {
            (time, Some(0))
        } else if let Some(sign) = rest.find(['+', '-']) {
            let (hours, minutes) = rest[sign + 1..].split_once(':')?;
            let minutes = number::<i16>(hours, 2).filter(|hours| *hours <= 14)? * 60
                + number::<i16>(minutes, 2).filter(|minutes| *minutes < 60)?;
            let east = if rest[sign..].starts_with('-') {
                -minutes
            } else {
                minutes
            };
            (&rest[..sign], Some(east))
        } else {
            (rest, None)
        };
        let time = Some(Time::parse(time)?);
        Some(Self { date, time, offset })
    }

    /// A date alone.
    pub fn of_date(date: Date) -> Self {
        Self {
            date,
            time: None,
            offset: None,
        }
    }

    /// Minutes since an epoch, in UTC where there is an offset; only for full dates.
    fn minutes(self) -> Option<i64> {
        let day = self.date.first_day()?;
        let days = i64::from(
            day.since(civil::Date::constant(1970, 1, 1))
                .ok()?
                .get_days(),
        );
        let time = self
            .time
            .map_or(0, |time| time.nanoseconds() / 60_000_000_000);
        Some(days * 1440 + time - i64::from(self.offset.unwrap_or(0)))
    }

    /// `None` where the precision or a missing offset leaves it open.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        let (Some(time), Some(other_time)) = (self.time, other.time) else {
            return match self.date.compare(other.date)? {
                Ordering::Equal if self.time.is_some() != other.time.is_some() => None,
                ordering => Some(ordering),
            };
        };
        if self.offset.is_some() != other.offset.is_some() {
            return compare_within_offsets(
                self.minutes()?,
                other.minutes()?,
                other.offset.is_none(),
            );
        }
        if self.offset == other.offset {
            return match self.date.compare(other.date)? {
                Ordering::Equal => time.compare(other_time),
                ordering => Some(ordering),
            };
        }
        let (time, other_time) = (time.units(), other_time.units());
        // Offsets are whole minutes: hours alone cannot be moved by them.
        if time[1].is_none() || other_time[1].is_none() {
            return None;
        }
        match self.minutes()?.cmp(&other.minutes()?) {
            Ordering::Equal => compare_units([time[2]], [other_time[2]]),
            ordering => Some(ordering),
        }
    }
}

/// Decided only where no offset on Earth could turn it around.
fn compare_within_offsets(left: i64, right: i64, open_right: bool) -> Option<Ordering> {
    let (fixed, open) = if open_right {
        (left, right)
    } else {
        (right, left)
    };
    let ordering = if fixed < open - OFFSET_RANGE.1 {
        Ordering::Less
    } else if fixed > open - OFFSET_RANGE.0 {
        Ordering::Greater
    } else {
        return None;
    };
    Some(if open_right {
        ordering
    } else {
        ordering.reverse()
    })
}

fn compare_units<const N: usize>(
    left: [Option<i64>; N],
    right: [Option<i64>; N],
) -> Option<Ordering> {
    for (left, right) in left.into_iter().zip(right) {
        match (left, right) {
            (Some(left), Some(right)) if left == right => {}
            (Some(left), Some(right)) => return Some(left.cmp(&right)),
            (None, None) => return Some(Ordering::Equal),
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
    Some(Ordering::Equal)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.hour)?;
        if let Some(minute) = self.minute {
            write!(f, ":{minute:02}")?;
        }
        if let Some(second) = self.second {
            write!(f, ":{:02}", second / NANOSECONDS)?;
            if self.digits > 0 {
                let fraction = format!("{:09}", second % NANOSECONDS);
                write!(f, ".{}", &fraction[..usize::from(self.digits.min(9))])?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date)?;
        if let Some(time) = self.time {
            write!(f, "T{time}")?;
        }
        match self.offset {
            Some(0) => write!(f, "Z"),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            None => Ok(()),
        }
    }
}
