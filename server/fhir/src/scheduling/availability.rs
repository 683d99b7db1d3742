//! When a calendar is open: the extension `availability` of a Schedule (<https://hl7.org/fhir/R4/schedule.html>).

use jiff::civil::{self, Weekday};
use jiff::tz::TimeZone;

use super::parts::{Part, Period, once};
use super::{Fault, zone};

/// Weekly rules in local time, and exceptions.
#[derive(Clone, Debug, PartialEq)]
pub struct Availability {
    /// Whether rules or slots say what is free.
    pub mode: Mode,
    /// The zone in which the rules are meant.
    pub zone: TimeZone,
    /// Open times of a week.
    pub rules: Vec<Rule>,
    /// Closed or open in spite of the rules.
    pub exceptions: Vec<Exception>,
    /// Starts are on multiples of so many minutes since local midnight.
    pub align: Option<u32>,
}

/// Whether rules or slots say what is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Free time is computed.
    Rules,
    /// Only free Slots can be booked.
    Slots,
}

/// Open times of a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// On these days.
    pub days: Vec<Weekday>,
    /// Opens.
    pub from: civil::Time,
    /// Closes; midnight is the end of the day.
    pub to: civil::Time,
    /// First day, if there is one.
    pub first: Option<civil::Date>,
    /// Last day, if there is one.
    pub last: Option<civil::Date>,
    /// Every so many weeks, from the one (Monday to Sunday) of [`Rule::counted_from`].
    pub week_interval: u32,
    /// A day of the first of those weeks.
    pub counted_from: Option<civil::Date>,
    /// Only for these HealthcareServices; without any, for all.
    pub services: Vec<String>,
}

/// Closed or open in spite of the rules; what is closed is so even where something opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// When: dates are local days, whole; times end where they say.
    pub when: Period,
    /// What it does.
    pub kind: ExceptionKind,
}

/// What an exception does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionKind {
    /// Closed in spite of the rules.
    Closed,
    /// Open in spite of the rules.
    Open,
}

impl Availability {
    /// Reads the extension; weeks are counted from `counted_from` where a rule names no first day.
    pub(super) fn read(
        availability: &Part<'_>,
        counted_from: Option<civil::Date>,
    ) -> Result<Self, Fault> {
        let (mut mode, mut timezone, mut align) = (None, None, None);
        let (mut rules, mut exceptions) = (Vec::new(), Vec::new());
        for (name, part) in availability.parts()? {
            match &*name {
                "mode" => once(&mut mode, mode_of(&part)?, &part)?,
                "timezone" => once(&mut timezone, zone_of(&part)?, &part)?,
                "align-minutes" => once(&mut align, part.positive(24 * 60)?, &part)?,
                "rule" => rules.push(rule(&part, counted_from)?),
                "exception" => exceptions.push(exception(&part)?),
                _ => return Err(availability.unknown(&name)),
            }
        }
        let missing = |name: &str| availability.fault(format!("it needs '{name}'"));
        Ok(Self {
            mode: mode.ok_or_else(|| missing("mode"))?,
            zone: timezone.ok_or_else(|| missing("timezone"))?,
            rules,
            exceptions,
            align,
        })
    }
}

impl Rule {
    /// Whether the rule opens on this day for this service; without a service, whether for any.
    pub(super) fn opens(&self, day: civil::Date, service: Option<&str>) -> bool {
        let is_for = match service {
            Some(service) if !self.services.is_empty() => {
                self.services.iter().any(|of| of == service)
            }
            _ => true,
        };
        is_for
            && self.days.contains(&day.weekday())
            && self.first.is_none_or(|first| first <= day)
            && self.last.is_none_or(|last| day <= last)
            && self.is_week(day)
    }

    fn is_week(&self, day: civil::Date) -> bool {
        let Some(from) = self.counted_from.filter(|_| self.week_interval > 1) else {
            return true;
        };
        weeks_between(from, day).rem_euclid(i64::from(self.week_interval)) == 0
    }
}

/// Weeks, Monday to Sunday, from that of one day to that of another.
pub(super) fn weeks_between(from: civil::Date, to: civil::Date) -> i64 {
    let monday =
        |day: civil::Date| epoch_day(day) - i64::from(day.weekday().to_monday_zero_offset());
    (monday(to) - monday(from)) / 7
}

/// Days since 1970-01-01.
pub(super) fn epoch_day(day: civil::Date) -> i64 {
    day.duration_since(civil::date(1970, 1, 1)).as_hours() / 24
}

fn mode_of(part: &Part<'_>) -> Result<Mode, Fault> {
    match &*part.code()? {
        "rules" => Ok(Mode::Rules),
        "slots" => Ok(Mode::Slots),
        _ => Err(part.fault("a calendar is kept by 'rules' or by 'slots'")),
    }
}

fn zone_of(part: &Part<'_>) -> Result<TimeZone, Fault> {
    let name = part.code()?;
    zone(&name).ok_or_else(|| part.fault("no name of a zone of the tz database"))
}

fn rule(rule: &Part<'_>, horizon: Option<civil::Date>) -> Result<Rule, Fault> {
    let (mut from, mut to, mut valid, mut week_interval) = (None, None, None, None);
    let (mut days, mut services) = (Vec::new(), Vec::new());
    for (name, part) in rule.parts()? {
        match &*name {
            "days" => days.push(weekday(&part)?),
            "from" => once(&mut from, part.minute_of_day()?, &part)?,
            "to" => once(&mut to, part.minute_of_day()?, &part)?,
            "valid" => {
                let days = part.period()?.days();
                let days =
                    days.ok_or_else(|| part.fault("a rule counts from day to day: two dates"))?;
                once(&mut valid, days, &part)?;
            }
            "week-interval" => once(&mut week_interval, part.positive(52)?, &part)?,
            "service" => services.push(part.reference()?),
            _ => return Err(rule.unknown(&name)),
        }
    }
    let missing = |name: &str| rule.fault(format!("it needs '{name}'"));
    if days.is_empty() {
        return Err(missing("days"));
    }
    let from = from.ok_or_else(|| missing("from"))?;
    let to = to.ok_or_else(|| missing("to"))?;
    if to <= from && to != civil::Time::midnight() {
        return Err(rule.fault("it closes before it opens; a night is two rules"));
    }
    let (first, last) = valid.unwrap_or_default();
    let week_interval = week_interval.unwrap_or(1);
    let counted_from = first.or(horizon);
    if week_interval > 1 && counted_from.is_none() {
        return Err(
            rule.fault("weeks are counted from 'valid.start' or Schedule.planningHorizon.start")
        );
    }
    Ok(Rule {
        days,
        from,
        to,
        first,
        last,
        week_interval,
        counted_from,
        services,
    })
}

fn weekday(part: &Part<'_>) -> Result<Weekday, Fault> {
    Ok(match &*part.code()? {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return Err(part.fault("days are mon, tue, wed, thu, fri, sat and sun")),
    })
}

fn exception(exception: &Part<'_>) -> Result<Exception, Fault> {
    let (mut when, mut kind, mut reason) = (None, None, None);
    for (name, part) in exception.parts()? {
        match &*name {
            "when" => once(&mut when, part.period()?, &part)?,
            "kind" => once(&mut kind, kind_of(&part)?, &part)?,
            "reason" => once(&mut reason, part.text()?, &part)?,
            _ => return Err(exception.unknown(&name)),
        }
    }
    let missing = |name: &str| exception.fault(format!("it needs '{name}'"));
    let when: Period = when.ok_or_else(|| missing("when"))?;
    if when == Period::default() {
        return Err(exception.fault("'when' has neither beginning nor end"));
    }
    Ok(Exception {
        when,
        kind: kind.ok_or_else(|| missing("kind"))?,
    })
}

fn kind_of(part: &Part<'_>) -> Result<ExceptionKind, Fault> {
    match &*part.code()? {
        "closed" => Ok(ExceptionKind::Closed),
        "open" => Ok(ExceptionKind::Open),
        _ => Err(part.fault("an exception is 'closed' or 'open'")),
    }
}
