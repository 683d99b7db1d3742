//! What the rules ask of an Appointment (<https://hl7.org/fhir/R4/appointment.html>), a Slot, a Schedule and a
//! PractitionerRole.

use std::borrow::Cow;

use fhir::ids::{Reference, ResourceKey, ResourceType};
use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::Interval;
use jiff::Timestamp;

use super::states::Status;

/// The canonical URL of an extension of ours.
macro_rules! canonical {
    ($name:literal) => {
        concat!("https://vesta.example/fhir/StructureDefinition/", $name)
    };
}
pub(crate) use canonical;

/// A resource that rules of booking are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruled {
    /// An Appointment.
    Visit(Visit),
    /// A Slot.
    Block(Block),
    /// A PractitionerRole: whose time its visits take.
    Role(Option<Box<str>>),
    /// A Schedule.
    Calendar(Calendar),
    /// An AppointmentResponse.
    Answer(Answer),
}

impl Ruled {
    /// Whether what takes time at a moment says from when to when.
    pub fn has_time(&self, now: Timestamp) -> bool {
        let (takes_time, start, end) = match self {
            Self::Visit(visit) => (visit.takes_time(), visit.start, visit.end),
            Self::Block(block) => (true, block.start, block.end),
            Self::Role(_) | Self::Calendar(_) | Self::Answer(_) => return true,
        };
        let is_over = match self {
            Self::Visit(visit) if visit.status == Some(Status::Pending) => {
                visit.hold_expires.is_none_or(|ends| ends <= now)
            }
            _ => false,
        };
        let has_length = start
            .zip(end)
            .is_some_and(|(start, end)| start.as_microsecond() < end.as_microsecond());
        !takes_time || has_length && !is_over
    }
}

/// An Appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Its state; what is no state of R4 has been refused before.
    pub status: Option<Status>,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// Who takes part, in order.
    pub participants: Vec<Participant>,
    /// When its hold ends.
    pub hold_expires: Option<Timestamp>,
    /// The Slots it names, as it is written.
    pub slots: Vec<Box<str>>,
    /// Whether it may be beyond the capacity of those who take part.
    pub is_overbooked: bool,
    /// The references to what it is based on, as they are written.
    pub based_on: Vec<Box<str>>,
}

/// Somebody or something that takes part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Participant {
    /// The reference, as it is written.
    pub actor: Option<Box<str>>,
    /// Whether the visit cannot be without.
    pub is_required: bool,
}

/// An AppointmentResponse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The reference to the Appointment, as it is written.
    pub appointment: Option<Box<str>>,
    /// Who answers, as it is written.
    pub actor: Option<Box<str>>,
    /// `accepted`, `declined`, `tentative`, `needs-action`
    pub status: Box<str>,
}

/// A Schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Whose time its blocks take, as it is written.
    pub actors: Vec<Box<str>>,
    /// Whether it is booked by its Slots alone.
    pub is_slot_based: bool,
}

/// A Slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `free`, `busy`, `busy-unavailable`, `busy-tentative`, `entered-in-error`
    pub status: Box<str>,
    /// The reference to its Schedule, as it is written.
    pub schedule: Option<Box<str>>,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
}

/// Whether rules of booking are about resources of a type.
pub fn is_ruled(resource_type: ResourceType) -> bool {
    matches!(
        resource_type.name(),
        "Appointment" | "AppointmentResponse" | "Slot" | "PractitionerRole" | "Schedule"
    )
}

impl Ruled {
    /// What the rules see of a resource; nothing where they do not look.
    pub fn of(resource: &Resource) -> Option<Self> {
        let root = resource.root();
        Some(match resource.resource_type().name() {
            "Appointment" => Self::Visit(Visit::of(root)),
            "Slot" => Self::Block(Block {
                status: text(root, "status").unwrap_or_default().into(),
                schedule: reference(root, "schedule"),
                start: instant(root, "start"),
                end: instant(root, "end"),
            }),
            "AppointmentResponse" => Self::Answer(Answer {
                appointment: reference(root, "appointment"),
                actor: reference(root, "actor"),
                status: text(root, "participantStatus").unwrap_or_default().into(),
            }),
            "PractitionerRole" => Self::Role(reference(root, "practitioner")),
            "Schedule" => {
                let actors = root.get("actor").into_iter().flat_map(Value::items);
                let actors = actors.filter_map(|one| text(one, "reference"));
                let schedule = fhir::scheduling::Schedule::of(root);
                Self::Calendar(Calendar {
                    actors: actors.map(|one| one.as_ref().into()).collect(),
                    is_slot_based: schedule
                        .is_ok_and(|one| one.is_some_and(|one| one.is_slot_based())),
                })
            }
            _ => return None,
        })
    }
}

impl Visit {
    fn of(root: Value<'_>) -> Self {
        let participants = root.get("participant").into_iter().flat_map(Value::items);
        let based_on = root.get("basedOn").into_iter().flat_map(Value::items);
        Self {
            status: text(root, "status").and_then(|code| Status::parse(&code)),
            start: instant(root, "start"),
            end: instant(root, "end"),
            participants: participants
                .map(|one| Participant {
                    actor: reference(one, "actor"),
                    // Where nothing is said it is safe to take the time.
                    is_required: !matches!(
                        text(one, "required").as_deref(),
                        Some("optional" | "information-only")
                    ),
                })
                .collect(),
            slots: {
                let slots = root.get("slot").into_iter().flat_map(Value::items);
                let slots = slots.filter_map(|one| text(one, "reference"));
                slots.map(|one| one.as_ref().into()).collect()
            },
            hold_expires: extension(root, canonical!("hold-expires"))
                .and_then(|one| instant(one, "valueInstant")),
            is_overbooked: extension(root, canonical!("overbooked"))
                .and_then(|one| one.get("valueBoolean")?.boolean())
                .unwrap_or(false),
            based_on: based_on
                .filter_map(|one| Some(text(one, "reference")?.into()))
                .collect(),
        }
    }

    /// The HealthcareServices that it names as participants.
    pub(crate) fn services(&self, base: &str) -> impl Iterator<Item = ResourceKey> {
        let keys = self.participants.iter().filter_map(|one| one.key(base));
        keys.filter(|key| key.resource_type.name() == "HealthcareService")
    }

    /// From when to when it is, where it takes that time.
    pub(crate) fn taken(&self) -> Option<Interval> {
        let (start, end) = self.start.zip(self.end)?;
        self.takes_time().then_some(Interval { start, end })
    }

    /// Whether it is at the time, of the kinds, and with those whom it needs, that another one says, in whatever order.
    pub fn is_as(&self, other: &Self) -> bool {
        (self.start, self.end) == (other.start, other.end) && self.claimed() == other.claimed()
    }

    /// Those of whom time is taken, and what says how it is booked; of nobody else anything is asked.
    fn claimed(&self) -> Vec<&Participant> {
        let is_claimed = |one: &&Participant| {
            let actor = one.actor.as_deref().unwrap_or_default();
            one.is_required || actor.contains("HealthcareService/")
        };
        let mut claimed: Vec<&Participant> = self.participants.iter().filter(is_claimed).collect();
        claimed.sort();
        claimed
    }

    /// Whether it takes the time of those whom it needs.
    pub fn takes_time(&self) -> bool {
        self.status.is_some_and(Status::takes_time)
    }
}

impl Participant {
    /// Who it is, where that is a resource of this server.
    pub fn key(&self, base: &str) -> Option<ResourceKey> {
        local(self.actor.as_deref()?, base)
    }
}

/// The resource of this server that a reference names.
pub(super) fn local(reference: &str, base: &str) -> Option<ResourceKey> {
    match Reference::parse(reference, base) {
        Reference::Local { key, .. } => Some(key),
        _ => None,
    }
}

pub(super) fn text<'a>(object: Value<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.get(name)?.string()
}

pub(super) fn reference(object: Value<'_>, name: &str) -> Option<Box<str>> {
    Some(object.at(&[name, "reference"])?.string()?.into())
}

fn instant(object: Value<'_>, name: &str) -> Option<Timestamp> {
    text(object, name)?.parse().ok()
}

/// The extension of that URL.
pub(super) fn extension<'a>(object: Value<'a>, url: &str) -> Option<Value<'a>> {
    let mut extensions = object.get("extension").into_iter().flat_map(Value::items);
    extensions.find(|one| text(*one, "url").as_deref() == Some(url))
}
