//! How a kind of visit is booked: the extension `scheduling-policy` of a HealthcareService
//! (<https://hl7.org/fhir/R4/healthcareservice.html>).

use jiff::{SignedDuration, Timestamp};

use super::parts::{Part, once, only};
use super::{Fault, Interval};
use crate::json::Value;

const URL: &str = "https://vesta.example/fhir/StructureDefinition/scheduling-policy";

/// No hold lasts longer.
const HOLD_MINUTES_MAX: u32 = 30;
/// An offer to somebody who waits lasts so long where nothing is said.
const OFFER_MINUTES: u32 = 120;
const DAY: u32 = 24 * 60;
const YEAR: u32 = 366 * DAY;

/// How a kind of visit is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Minutes from start to end.
    pub duration: u32,
    /// Minutes before the start in which what the visit takes up is busy.
    pub buffer_before: u32,
    /// Minutes after the end in which what the visit takes up is busy.
    pub buffer_after: u32,
    /// Starts are on multiples of so many minutes since local midnight.
    pub align: Option<u32>,
    /// Minutes that must lie between booking and start.
    pub lead_minutes: u32,
    /// Days ahead that can be booked.
    pub horizon_days: Option<u32>,
    /// Hours before the start from which patients do not cancel any more.
    pub cancel_cutoff_hours: Option<u32>,
    /// Minutes a hold lasts, and at most.
    pub hold_minutes: Option<u32>,
    /// Minutes, while the clinic is open, that somebody who waits has to take what is offered.
    pub offer_minutes: u32,
    /// How many visits of the kind an actor takes at once.
    pub capacity: u32,
    /// How many beyond that.
    pub overbook_limit: u32,
    /// Whether patients book it themselves.
    pub self_book: bool,
    /// Whether a referral is needed.
    pub referral_required: bool,
    /// What a visit takes up.
    pub requirements: Vec<Requirement>,
    /// When the patient is reminded.
    pub reminders: Vec<Reminder>,
}

/// Something a visit takes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// As what: for staff a code of `PractitionerRole.code`, else a word of the clinic's own.
    pub role: String,
    /// What it is.
    pub kind: RequirementKind,
    /// One of these is a `PractitionerRole.specialty`; without any, every specialty will do.
    pub specialty: Vec<Coding>,
    /// One of these is what the actor can do: a competency, a type of Location or Device.
    pub capability: Vec<Coding>,
    /// `[type]/[id]` of the Group, Location or Organization it is taken from.
    pub pool: Option<String>,
    /// How many of it.
    pub count: u32,
    /// Minutes before the start, where other than the visit's.
    pub buffer_before: Option<u32>,
    /// Minutes after the end, where other than the visit's.
    pub buffer_after: Option<u32>,
}

/// The types a requirement may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequirementKind {
    /// Somebody.
    PractitionerRole,
    /// A room.
    Location,
    /// A machine.
    Device,
}

impl RequirementKind {
    /// The name of the resource type.
    pub fn name(self) -> &'static str {
        match self {
            Self::PractitionerRole => "PractitionerRole",
            Self::Location => "Location",
            Self::Device => "Device",
        }
    }
}

/// When the patient is reminded, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Minutes before the start.
    pub minutes_before: u32,
    /// By what; without any, as the clinic usually does.
    pub medium: Vec<Coding>,
}

/// System and code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coding {
    /// The code system.
    pub system: String,
    /// The code in it.
    pub code: String,
}

impl Coding {
    /// The codings of a CodeableConcept that have system and code.
    pub fn all(concept: Value<'_>) -> Vec<Self> {
        let codings = concept.get("coding").into_iter().flat_map(Value::items);
        let text = |coding: Value<'_>, name: &str| {
            coding.get(name).and_then(Value::string).map(Into::into)
        };
        codings
            .filter_map(|coding| {
                Some(Self {
                    system: text(coding, "system")?,
                    code: text(coding, "code")?,
                })
            })
            .collect()
    }
}

impl Policy {
    /// The policy of a HealthcareService; `None` where it has none.
    pub fn of(service: Value<'_>) -> Result<Option<Self>, Fault> {
        let policy = only(service, "HealthcareService", URL)?;
        policy.map(|policy| Self::read(&policy)).transpose()
    }

    fn read(policy: &Part<'_>) -> Result<Self, Fault> {
        let mut read = Draft::default();
        for (name, part) in policy.parts()? {
            read.take(policy, &name, &part)?;
        }
        let duration = read.duration;
        let missing = || policy.fault("it needs 'duration'");
        Ok(Self {
            duration: duration.ok_or_else(missing)?,
            buffer_before: read.buffer_before.unwrap_or(0),
            buffer_after: read.buffer_after.unwrap_or(0),
            align: read.align,
            lead_minutes: read.lead_minutes.unwrap_or(0),
            horizon_days: read.horizon_days,
            cancel_cutoff_hours: read.cancel_cutoff_hours,
            hold_minutes: read.hold_minutes,
            offer_minutes: read.offer_minutes.unwrap_or(OFFER_MINUTES),
            capacity: read.capacity.unwrap_or(1),
            overbook_limit: read.overbook_limit.unwrap_or(0),
            self_book: read.self_book.unwrap_or(false),
            referral_required: read.referral_required.unwrap_or(false),
            requirements: read.requirements,
            reminders: read.reminders,
        })
    }

    /// When what is booked at a moment may take place; of lead time and horizon a visit keeps both, whole.
    pub fn bookable(&self, now: Timestamp) -> Interval {
        let lead = SignedDuration::from_mins(i64::from(self.lead_minutes));
        let latest = self.horizon_days.and_then(|days| {
            let days = SignedDuration::from_hours(24 * i64::from(days));
            now.checked_add(days).ok()
        });
        Interval {
            start: now.checked_add(lead).unwrap_or(Timestamp::MAX),
            end: latest.unwrap_or(Timestamp::MAX),
        }
    }

    /// What a visit needs one of each of: each requirement as often as it counts, in order.
    pub fn needs(&self) -> impl Iterator<Item = &Requirement> {
        let times = |one: &Requirement| usize::try_from(one.count).unwrap_or(usize::MAX);
        let requirements = self.requirements.iter();
        requirements.flat_map(move |one| std::iter::repeat_n(one, times(one)))
    }

    /// Minutes before the start in which what meets this requirement is busy.
    pub fn before(&self, requirement: &Requirement) -> u32 {
        requirement.buffer_before.unwrap_or(self.buffer_before)
    }

    /// Minutes after the end in which what meets this requirement is busy.
    pub fn after(&self, requirement: &Requirement) -> u32 {
        requirement.buffer_after.unwrap_or(self.buffer_after)
    }
}

/// A policy while it is read.
#[derive(Default)]
struct Draft {
    duration: Option<u32>,
    buffer_before: Option<u32>,
    buffer_after: Option<u32>,
    align: Option<u32>,
    lead_minutes: Option<u32>,
    horizon_days: Option<u32>,
    cancel_cutoff_hours: Option<u32>,
    hold_minutes: Option<u32>,
    offer_minutes: Option<u32>,
    capacity: Option<u32>,
    overbook_limit: Option<u32>,
    self_book: Option<bool>,
    referral_required: Option<bool>,
    requirements: Vec<Requirement>,
    reminders: Vec<Reminder>,
}

impl Draft {
    fn take(&mut self, policy: &Part<'_>, name: &str, part: &Part<'_>) -> Result<(), Fault> {
        match name {
            "duration" => once(&mut self.duration, part.positive(DAY)?, part),
            "buffer-before" => once(&mut self.buffer_before, part.unsigned(DAY)?, part),
            "buffer-after" => once(&mut self.buffer_after, part.unsigned(DAY)?, part),
            "align-minutes" => once(&mut self.align, part.positive(DAY)?, part),
            "lead-minutes" => once(&mut self.lead_minutes, part.unsigned(YEAR)?, part),
            "horizon-days" => once(&mut self.horizon_days, part.positive(3660)?, part),
            "cancel-cutoff-hours" => once(
                &mut self.cancel_cutoff_hours,
                part.unsigned(YEAR / 60)?,
                part,
            ),
            "hold-minutes" => once(
                &mut self.hold_minutes,
                part.positive(HOLD_MINUTES_MAX)?,
                part,
            ),
            "offer-minutes" => once(&mut self.offer_minutes, part.positive(7 * DAY)?, part),
            "capacity" => once(&mut self.capacity, part.positive(1000)?, part),
            "overbook-limit" => once(&mut self.overbook_limit, part.unsigned(1000)?, part),
            "self-book" => once(&mut self.self_book, part.boolean()?, part),
            "referral-required" => once(&mut self.referral_required, part.boolean()?, part),
            "requirement" => {
                self.requirements.push(requirement(part)?);
                Ok(())
            }
            "reminder" => {
                self.reminders.push(reminder(part)?);
                Ok(())
            }
            _ => Err(policy.unknown(name)),
        }
    }
}

fn requirement(requirement: &Part<'_>) -> Result<Requirement, Fault> {
    let (mut role, mut kind, mut pool, mut count) = (None, None, None, None);
    let (mut specialty, mut capability) = (None, None);
    let (mut buffer_before, mut buffer_after) = (None, None);
    for (name, part) in requirement.parts()? {
        match &*name {
            "role" => once(&mut role, part.code()?, &part)?,
            "type" => once(&mut kind, kind_of(&part)?, &part)?,
            "specialty" => once(&mut specialty, part.codings()?, &part)?,
            "capability" => once(&mut capability, part.codings()?, &part)?,
            "pool" => once(&mut pool, part.reference()?, &part)?,
            "count" => once(&mut count, part.positive(20)?, &part)?,
            "buffer-before" => once(&mut buffer_before, part.unsigned(DAY)?, &part)?,
            "buffer-after" => once(&mut buffer_after, part.unsigned(DAY)?, &part)?,
            _ => return Err(requirement.unknown(&name)),
        }
    }
    let missing = |name: &str| requirement.fault(format!("it needs '{name}'"));
    Ok(Requirement {
        role: role.ok_or_else(|| missing("role"))?,
        kind: kind.ok_or_else(|| missing("type"))?,
        specialty: specialty.unwrap_or_default(),
        capability: capability.unwrap_or_default(),
        pool,
        count: count.unwrap_or(1),
        buffer_before,
        buffer_after,
    })
}

fn kind_of(part: &Part<'_>) -> Result<RequirementKind, Fault> {
    match &*part.code()? {
        "PractitionerRole" => Ok(RequirementKind::PractitionerRole),
        "Location" => Ok(RequirementKind::Location),
        "Device" => Ok(RequirementKind::Device),
        _ => Err(part.fault("a visit takes up a PractitionerRole, a Location or a Device")),
    }
}

fn reminder(reminder: &Part<'_>) -> Result<Reminder, Fault> {
    let (mut minutes_before, mut medium) = (None, None);
    for (name, part) in reminder.parts()? {
        match &*name {
            "offset" => once(&mut minutes_before, part.minutes()?, &part)?,
            "medium" => once(&mut medium, part.codings()?, &part)?,
            _ => return Err(reminder.unknown(&name)),
        }
    }
    Ok(Reminder {
        minutes_before: minutes_before.ok_or_else(|| reminder.fault("it needs 'offset'"))?,
        medium: medium.unwrap_or_default(),
    })
}
