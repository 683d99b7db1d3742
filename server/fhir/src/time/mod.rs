//! FHIR's dates and times (<https://hl7.org/fhir/R4/datatypes.html#date>): partial, with offsets, and the period each covers.
//!
//! Syntax and calendar are both checked: `2024-02-31` is refused. Leap seconds (`:60`) are read as R4's grammar
//! allows them and stand for the second after `:59`, as in POSIX time.

mod scan;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// How much of a date or time was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// `2024`
    Year,
    /// `2024-02`
    Month,
    /// `2024-02-28`
    Day,
    /// `2024-02-28T10`: FHIRPath only.
    Hour,
    /// `2024-02-28T10:30`: search and FHIRPath only.
    Minute,
    /// `2024-02-28T10:30:15`
    Second,
    /// `2024-02-28T10:30:15.25`
    Fraction,
}

/// Why a text is not the date or time it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not of the form the type prescribes.
    #[error("not of the form the type prescribes")]
    Syntax,
    /// The form is right, but the calendar has no such day.
    #[error("no such day in the calendar")]
    Calendar,
}

/// Where a time stands relative to UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// Nothing was said.
    Local,
    /// `Z`
    Utc,
    /// `+01:00`, in minutes east.
    Offset(i16),
    /// `-00:00`
    NegativeZero,
}

impl Zone {
    /// Minutes east of UTC, where something was said.
    pub fn minutes(self) -> Option<i16> {
        match self {
            Self::Local => None,
            Self::Utc | Self::NegativeZero => Some(0),
            Self::Offset(minutes) => Some(minutes),
        }
    }
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    /// 0 to 23
    pub hour: u8,
    /// 0 to 59
    pub minute: u8,
    /// 0 to 60
    pub second: u8,
    /// The fraction of the second; digits after the ninth are dropped.
    pub nanosecond: u32,
    /// How many digits of the fraction count, at most nine.
    pub fraction_digits: u8,
    /// [`Precision::Hour`] or finer.
    pub precision: Precision,
}

/// A date, dateTime or instant, as far as it was given; what was not given is 1 (month, day) or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// 1 to 9999
    pub year: i16,
    /// 1 to 12
    pub month: u8,
    /// 1 to 31
    pub day: u8,
    /// Midnight when no time was given.
    pub time: Time,
    /// How much of it was given.
    pub precision: Precision,
    /// The offset that was given.
    pub zone: Zone,
}

/// A `date`: `2024`, `2024-02`, `2024-02-28`.
pub fn parse_date(text: &str) -> Result<DateTime, TimeError> {
    let read = scan::date_time(text)?;
    match read.precision {
        Precision::Year | Precision::Month | Precision::Day => Ok(read),
        _ => Err(TimeError::Syntax),
    }
}

/// A `dateTime`: a date, or a full date with a time to the second and an offset.
pub fn parse_date_time(text: &str) -> Result<DateTime, TimeError> {
    let read = scan::date_time(text)?;
    match read.precision {
        Precision::Year | Precision::Month | Precision::Day => Ok(read),
        Precision::Second | Precision::Fraction if read.zone != Zone::Local => Ok(read),
        _ => Err(TimeError::Syntax),
    }
}

/// An `instant`: date, time to the second, and offset.
pub fn parse_instant(text: &str) -> Result<DateTime, TimeError> {
    let read = parse_date_time(text)?;
    match read.precision {
        Precision::Second | Precision::Fraction => Ok(read),
        _ => Err(TimeError::Syntax),
    }
}

/// What search values and FHIRPath literals may be: any precision, the offset optional.
pub fn parse_partial(text: &str) -> Result<DateTime, TimeError> {
    scan::date_time(text)
}

/// A `time`: `10:30:15`, `10:30:15.250`.
pub fn parse_time(text: &str) -> Result<Time, TimeError> {
    let read = scan::time(text)?;
    match read.precision {
        Precision::Second | Precision::Fraction => Ok(read),
        _ => Err(TimeError::Syntax),
    }
}

/// What FHIRPath's literals may be: hours, or hours and minutes, too.
pub fn parse_partial_time(text: &str) -> Result<Time, TimeError> {
    scan::time(text)
}

/// The second since 1970 that the end of time is pressed into, the last that a [`Timestamp`] has: 9999-12-30T22:00:00Z.
const FAR: i64 = 253_402_207_200;

/// How many times as fast time passes in that second: up to 50 hours, and still 5 microseconds for each second.
const FAR_PACE: i64 = 200_000;

/// A moment behind [`FAR`]; `None` is the first of the year 10000. Never [`Timestamp::MAX`], which says "without end".
fn far(moment: Option<civil::DateTime>, offset: Offset) -> Timestamp {
    let behind = match moment {
        Some(moment) => moment.duration_since(civil::date(9999, 12, 30).at(22, 0, 0, 0)),
        None => SignedDuration::from_hours(26),
    };
    let behind = behind.as_nanos() - i128::from(offset.seconds()) * 1_000_000_000;
    let pressed = (behind / i128::from(FAR_PACE)).clamp(0, 999_000_000);
    Timestamp::new(FAR, i32::try_from(pressed).unwrap_or(0)).unwrap_or(Timestamp::MAX)
}

impl DateTime {
    /// The first moment of the period covered; without an offset, UTC is meant.
    pub fn lower(&self) -> Timestamp {
        self.lower_in(&TimeZone::UTC)
    }

    /// The first moment after the period covered; without an offset, UTC is meant.
    pub fn upper(&self) -> Timestamp {
        self.upper_in(&TimeZone::UTC)
    }

    /// The first moment of the period covered, in a zone unless an offset was given. The last two days of the
    /// year 9999, which no [`Timestamp`] reaches, keep their order within its last second ([`far`]).
    pub fn lower_in(&self, zone: &TimeZone) -> Timestamp {
        self.timestamp(self.first(), zone)
    }

    /// The first moment after the period covered, in a zone unless an offset was given; see [`DateTime::lower_in`].
    pub fn upper_in(&self, zone: &TimeZone) -> Timestamp {
        let end = self.first().and_then(|first| self.end(first));
        self.timestamp(end, zone)
    }

    /// The first civil moment; `None` beyond the last that can be told.
    fn first(&self) -> Option<civil::DateTime> {
        let part = |value: u8| i8::try_from(value).ok();
        let leap = self.time.second == 60;
        let second = if leap { 59 } else { self.time.second };
        let first = civil::DateTime::new(
            self.year,
            part(self.month)?,
            part(self.day)?,
            part(self.time.hour)?,
            part(self.time.minute)?,
            part(second)?,
            i32::try_from(self.time.nanosecond).ok()?,
        )
        .ok()?;
        if leap {
            first.checked_add(SignedDuration::from_secs(1)).ok()
        } else {
            Some(first)
        }
    }

    fn end(&self, first: civil::DateTime) -> Option<civil::DateTime> {
        use jiff::ToSpan;
        let end = match self.precision {
            Precision::Year => first.checked_add(1.year()),
            Precision::Month => first.checked_add(1.month()),
            Precision::Day => first.checked_add(1.day()),
            Precision::Hour => first.checked_add(SignedDuration::from_hours(1)),
            Precision::Minute => first.checked_add(SignedDuration::from_mins(1)),
            Precision::Second => first.checked_add(SignedDuration::from_secs(1)),
            Precision::Fraction => {
                let digits = u32::from(self.time.fraction_digits.min(9));
                first.checked_add(SignedDuration::from_nanos(10i64.pow(9 - digits)))
            }
        };
        end.ok()
    }

    fn timestamp(&self, moment: Option<civil::DateTime>, zone: &TimeZone) -> Timestamp {
        let offset = match self.zone.minutes() {
            Some(minutes) => Offset::from_seconds(i32::from(minutes) * 60).ok(),
            None => None,
        };
        let timestamp = moment.and_then(|moment| match offset {
            Some(offset) => offset.to_timestamp(moment).ok(),
            None => zone.to_ambiguous_timestamp(moment).compatible().ok(),
        });
        match timestamp {
            Some(timestamp) if timestamp.as_second() < FAR => timestamp,
            // Years begin at 1: only the far end can be out of reach.
            _ => far(
                moment,
                offset.unwrap_or_else(|| zone.to_offset(Timestamp::MAX)),
            ),
        }
    }

    /// How two of them stand to each other, as FHIRPath compares: part by part, and undecided (`None`) where one ends
    /// before a difference shows. Offsets are counted in where both have one; seconds and fractions are one part.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        let timed = |one: &Self| one.precision >= Precision::Hour;
        let (Some(left), Some(right)) = (self.zone.minutes(), other.zone.minutes()) else {
            return compare_parts(&self.parts(), &other.parts());
        };
        if left == right || !timed(self) || !timed(other) {
            return compare_parts(&self.parts(), &other.parts());
        }
        match (self.in_utc(), other.in_utc()) {
            (Some(left), Some(right)) => compare_parts(&left.parts(), &right.parts()),
            _ => compare_parts(&self.parts(), &other.parts()),
        }
    }

    fn in_utc(&self) -> Option<Self> {
        let minutes = i64::from(self.zone.minutes()?);
        let leap = self.time.second == 60;
        let plain = Self {
            time: Time {
                second: if leap { 59 } else { self.time.second },
                ..self.time
            },
            ..*self
        };
        let shifted = plain
            .first()?
            .checked_sub(SignedDuration::from_mins(minutes))
            .ok()?;
        Some(Self {
            year: shifted.year(),
            month: u8::try_from(shifted.month()).ok()?,
            day: u8::try_from(shifted.day()).ok()?,
            time: Time {
                hour: u8::try_from(shifted.hour()).ok()?,
                minute: u8::try_from(shifted.minute()).ok()?,
                ..self.time
            },
            zone: Zone::Utc,
            ..*self
        })
    }

    fn parts(&self) -> [Option<u64>; 6] {
        let given = |precision, value| (self.precision >= precision).then_some(value);
        [
            Some(u64::from(self.year.unsigned_abs())),
            given(Precision::Month, u64::from(self.month)),
            given(Precision::Day, u64::from(self.day)),
            given(Precision::Hour, u64::from(self.time.hour)),
            given(Precision::Minute, u64::from(self.time.minute)),
            given(Precision::Second, self.time.nanoseconds()),
        ]
    }
}

impl Time {
    /// How two of them stand to each other; see [`DateTime::compare`].
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        compare_parts(&self.parts(), &other.parts())
    }

    fn parts(&self) -> [Option<u64>; 3] {
        let given = |precision, value| (self.precision >= precision).then_some(value);
        [
            Some(u64::from(self.hour)),
            given(Precision::Minute, u64::from(self.minute)),
            given(Precision::Second, self.nanoseconds()),
        ]
    }

    /// Seconds and fraction as one count.
    fn nanoseconds(&self) -> u64 {
        u64::from(self.second) * 1_000_000_000 + u64::from(self.nanosecond)
    }
}

fn compare_parts(left: &[Option<u64>], right: &[Option<u64>]) -> Option<Ordering> {
    for (left, right) in left.iter().zip(right) {
        match (left, right) {
            (Some(left), Some(right)) if left != right => return Some(left.cmp(right)),
            (Some(_), Some(_)) => {}
            (None, None) => return Some(Ordering::Equal),
            _ => return None,
        }
    }
    Some(Ordering::Equal)
}

impl fmt::Display for DateTime {
    /// The text it was read from; fractions are cut after nine digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.precision >= Precision::Month {
            write!(f, "-{:02}", self.month)?;
        }
        if self.precision >= Precision::Day {
            write!(f, "-{:02}", self.day)?;
        }
        if self.precision < Precision::Hour {
            return Ok(());
        }
        write!(f, "T{}", self.time)?;
        match self.zone {
            Zone::Local => Ok(()),
            Zone::Utc => f.write_str("Z"),
            Zone::NegativeZero => f.write_str("-00:00"),
            Zone::Offset(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.hour)?;
        if self.precision >= Precision::Minute {
            write!(f, ":{:02}", self.minute)?;
        }
        if self.precision >= Precision::Second {
            write!(f, ":{:02}", self.second)?;
        }
        if self.precision >= Precision::Fraction {
            let digits = usize::from(self.fraction_digits.min(9));
            let text = format!("{:09}", self.nanosecond);
            write!(f, ".{}", &text[..digits])?;
        }
        Ok(())
    }
}
