//! Quantities and their units (<http://hl7.org/fhirpath/N1/#quantity>).
//!
//! Without a unit service only equal units and fixed durations compare; the rest waits for [`Hooks::canonical`].
//!
//! [`Hooks::canonical`]: super::Hooks::canonical

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;

use super::environment::Hooks;

/// A number with a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity<'a> {
    /// The number.
    pub value: Decimal,
    /// The unit.
    pub unit: Unit<'a>,
}

/// What a quantity counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit<'a> {
    /// A UCUM code: `mg`.
    Ucum(Cow<'a, str>),
    /// A calendar duration: `year`.
    Calendar(Calendar),
    /// A unit of another system, or only a text: compares with itself alone.
    Other {
        /// The system's URI, empty where there is none.
        system: Cow<'a, str>,
        /// The code, or the text of the unit.
        code: Cow<'a, str>,
    },
}

/// The calendar durations, coarsest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Calendar {
    /// 12 months.
    Year,
    /// Of no fixed length.
    Month,
    /// 7 days.
    Week,
    /// 24 hours.
    Day,
    /// 60 minutes.
    Hour,
    /// 60 seconds.
    Minute,
    /// The second.
    Second,
    /// A thousandth of it.
    Millisecond,
}

impl Calendar {
    /// The duration of a keyword: `year`, `years`.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "year" | "years" => Self::Year,
            "month" | "months" => Self::Month,
            "week" | "weeks" => Self::Week,
            "day" | "days" => Self::Day,
            "hour" | "hours" => Self::Hour,
            "minute" | "minutes" => Self::Minute,
            "second" | "seconds" => Self::Second,
            "millisecond" | "milliseconds" => Self::Millisecond,
            _ => return None,
        })
    }

    /// The fixed duration of a UCUM code; years and months are not among them.
    pub(super) fn of_ucum(code: &str) -> Option<Self> {
        Some(match code {
            "wk" => Self::Week,
            "d" => Self::Day,
            "h" => Self::Hour,
            "min" => Self::Minute,
            "s" => Self::Second,
            "ms" => Self::Millisecond,
            _ => return None,
        })
    }

    /// The keyword.
    pub fn word(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
            Self::Millisecond => "millisecond",
        }
    }

    fn ucum(self) -> &'static str {
        match self {
            Self::Year => "a",
            Self::Month => "mo",
            Self::Week => "wk",
            Self::Day => "d",
            Self::Hour => "h",
            Self::Minute => "min",
            Self::Second => "s",
            Self::Millisecond => "ms",
        }
    }

    /// Milliseconds, for what has a fixed length.
    pub(super) fn milliseconds(self) -> Option<i64> {
        Some(match self {
            Self::Year | Self::Month => return None,
            Self::Week => 7 * 86_400_000,
            Self::Day => 86_400_000,
            Self::Hour => 3_600_000,
            Self::Minute => 60_000,
            Self::Second => 1000,
            Self::Millisecond => 1,
        })
    }
}

impl<'a> Unit<'a> {
    /// The unit of numbers without one.
    pub fn one() -> Self {
        Self::Ucum(Cow::Borrowed("1"))
    }

    pub(super) fn duration(&self) -> Option<Calendar> {
        match self {
            Self::Ucum(code) => Calendar::of_ucum(code),
            Self::Calendar(unit) => Some(*unit),
            Self::Other { .. } => None,
        }
    }

    /// The UCUM code; for calendar durations that of the nearest fixed duration.
    pub(super) fn ucum(&self) -> Option<&str> {
        match self {
            Self::Ucum(code) => Some(code),
            Self::Calendar(unit) => Some(unit.ucum()),
            Self::Other { .. } => None,
        }
    }
}

impl Quantity<'_> {
    /// Both values in one unit; `None` where the units have none in common or nobody can convert them.
    pub(super) fn aligned(&self, other: &Self, hooks: &Hooks<'_>) -> Option<(Decimal, Decimal)> {
        if self.unit == other.unit {
            return Some((self.value, other.value));
        }
        if let (Some(left), Some(right)) = (self.unit.duration(), other.unit.duration()) {
            return match (left, right) {
                (Calendar::Year, Calendar::Month) => {
                    Some((self.value.checked_mul(Decimal::from(12))?, other.value))
                }
                (Calendar::Month, Calendar::Year) => {
                    Some((self.value, other.value.checked_mul(Decimal::from(12))?))
                }
                (left, right) => Some((
                    self.value.checked_mul(left.milliseconds()?.into())?,
                    other.value.checked_mul(right.milliseconds()?.into())?,
                )),
            };
        }
        // A calendar year is no number of UCUM years.
        let fixed =
            |unit: &Unit<'_>| !matches!(unit, Unit::Calendar(Calendar::Year | Calendar::Month));
        if !fixed(&self.unit) || !fixed(&other.unit) {
            return None;
        }
        let canonical = hooks.canonical?;
        let (left, left_unit) = canonical(self.value, self.unit.ucum()?)?;
        let (right, right_unit) = canonical(other.value, other.unit.ucum()?)?;
        (left_unit == right_unit).then_some((left, right))
    }

    /// `None` where the units have none in common.
    pub(super) fn compare(&self, other: &Self, hooks: &Hooks<'_>) -> Option<Ordering> {
        self.aligned(other, hooks)
            .map(|(left, right)| left.cmp(&right))
    }

    /// The same quantity with a calendar year or month taken as UCUM's: what `~` allows.
    pub(super) fn loosened(&self) -> Self {
        let unit = match &self.unit {
            Unit::Ucum(code) => match &**code {
                "a" => Unit::Calendar(Calendar::Year),
                "mo" => Unit::Calendar(Calendar::Month),
                _ => self.unit.clone(),
            },
            Unit::Calendar(_) | Unit::Other { .. } => self.unit.clone(),
        };
        Self {
            value: self.value,
            unit,
        }
    }
}

impl fmt::Display for Quantity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Unit::Ucum(code) | Unit::Other { code, .. } => write!(f, "{} '{code}'", self.value),
            Unit::Calendar(unit) => {
                let many = if self.value == Decimal::ONE { "" } else { "s" };
                write!(f, "{} {}{many}", self.value, unit.word())
            }
        }
    }
}
