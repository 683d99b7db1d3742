//! Whose time a visit or a block takes, from when to when, and how many may have the same.

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::json::{Value, Writer};
use fhir::resource::Resource;
use jiff::{SignedDuration, Timestamp};

use super::judge::{Judged, Kind, Known};
use super::states::Status;
use super::visit::{Block, Visit, local, reference, text};
use super::{Actor, canonical};
use crate::error::{Error, ErrorKind, OpError, Result};

/// Why somebody is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// By a visit.
    Booked,
    /// By a visit that is held for a while.
    Held,
    /// By a Slot that is `busy-unavailable`.
    Blocked,
}

impl ClaimKind {
    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Held => "held",
            Self::Blocked => "blocked",
        }
    }
}

/// The time of somebody or something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The visit or block.
    pub source: ResourceKey,
    /// The place among its participants.
    pub place: usize,
    /// Whose: a Practitioner rather than one of the person's roles.
    pub actor: ResourceKey,
    /// Who takes part, as the visit says it.
    pub via: ResourceKey,
    /// From when.
    pub lower: Timestamp,
    /// Until when.
    pub upper: Timestamp,
    /// Why.
    pub kind: ClaimKind,
    /// When a hold ends.
    pub expires: Option<Timestamp>,
    /// How many may have it at once.
    pub capacity: u32,
    /// How many this one may make it.
    pub most: u32,
}

/// Why a claim cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// Which claim.
    pub claim: Claim,
    /// By what its actor is busy: `booked`, `held`, `blocked`.
    pub kind: String,
    /// From when.
    pub lower: Timestamp,
    /// Until when.
    pub upper: Timestamp,
}

/// Those who take part, as they are stored.
#[derive(Debug, Default)]
pub struct Actors(BTreeMap<ResourceKey, Resource>);

impl Actors {
    /// Those that were found.
    pub fn new(found: impl IntoIterator<Item = (ResourceKey, Resource)>) -> Self {
        Self(found.into_iter().collect())
    }

    /// Somebody or something that is stored.
    pub(crate) fn get(&self, key: &ResourceKey) -> Option<&Resource> {
        self.0.get(key)
    }

    /// All that are stored.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ResourceKey, &Resource)> {
        self.0.iter()
    }

    /// Whose time is taken where somebody takes part: the person's, whichever role it is in.
    pub(super) fn busy(&self, via: &ResourceKey, base: &str) -> ResourceKey {
        let role = (via.resource_type.name() == "PractitionerRole").then(|| self.0.get(via));
        let practitioner = role
            .flatten()
            .and_then(|role| reference(role.root(), "practitioner"));
        let practitioner = practitioner.and_then(|text| local(&text, base));
        practitioner.unwrap_or_else(|| via.clone())
    }

    /// How many may have the time of somebody or something at once.
    fn capacity(&self, key: &ResourceKey) -> u32 {
        let stored = self.0.get(key);
        stored.map_or(1, |one| Actor::new(one).capacity())
    }

    /// Whether somebody who is stored takes part in nothing any more.
    fn is_out_of_use(&self, key: &ResourceKey) -> bool {
        let is_in_use = |one: &Resource| Actor::new(one).is_in_use();
        !self.0.get(key).is_none_or(is_in_use)
    }
}

/// Whether somebody's or something's time is taken by taking part.
pub(super) fn is_taken(key: &ResourceKey) -> bool {
    matches!(
        key.resource_type.name(),
        "Practitioner" | "PractitionerRole" | "Location" | "Device" | "Patient"
    )
}

/// Whose time a visit takes, and how long before and after it by what its kind needs. Somebody who takes part twice, in two
/// roles, is busy once.
pub(crate) fn claims_of_visit(
    source: &ResourceKey,
    visit: &Visit,
    known: &Known,
    kind: Option<&Kind>,
    base: &str,
) -> Result<Vec<Claim>> {
    let actors = &known.actors;
    if !visit.takes_time() {
        return Ok(Vec::new());
    }
    let (lower, upper) = period(visit.start, visit.end, "Appointment")?;
    let is_held = visit.status == Some(Status::Pending);
    let judged = kind.map(|kind| Judged::new(visit, kind, known, base));
    let buffers = judged.map(|judged| judged.buffers()).unwrap_or_default();
    let beyond = kind.filter(|_| visit.is_overbooked);
    let beyond = beyond.map_or(0, |kind| kind.policy.overbook_limit);
    let mut claims: Vec<Claim> = Vec::new();
    for (place, participant) in visit.participants.iter().enumerate() {
        let via = participant.key(base).filter(is_taken);
        let Some(via) = via.filter(|_| participant.is_required) else {
            continue;
        };
        let actor = actors.busy(&via, base);
        if claims.iter().any(|one| one.actor == actor) {
            continue;
        }
        let capacity = actors.capacity(&actor);
        let (before, after) = buffers.get(&actor).copied().unwrap_or_default();
        let minutes = |minutes: u32| SignedDuration::from_mins(i64::from(minutes));
        let beyond = match actor.resource_type.name() {
            "Patient" => 0,
            _ => beyond,
        };
        claims.push(Claim {
            source: source.clone(),
            place,
            actor,
            via,
            lower: lower.checked_sub(minutes(before)).unwrap_or(lower),
            upper: upper.checked_add(minutes(after)).unwrap_or(upper),
            kind: match is_held {
                true => ClaimKind::Held,
                false => ClaimKind::Booked,
            },
            expires: visit.hold_expires.filter(|_| is_held),
            capacity,
            most: capacity.saturating_add(beyond),
        });
    }
    Ok(claims)
}

/// Refuses a visit in which somebody takes part who does so no more.
pub(crate) fn refuse_out_of_use(visit: &Visit, actors: &Actors, base: &str) -> Result<()> {
    let participants = visit.participants.iter().enumerate();
    for (place, participant) in participants.filter(|(_, one)| one.is_required) {
        let key = participant.key(base).filter(is_taken);
        if key.is_some_and(|key| actors.is_out_of_use(&key)) {
            let sentence = "who or what is needed here is not in use";
            return Err(OpError::ParticipantInactive
                .refused(sentence)
                .at(expression(place)));
        }
    }
    Ok(())
}

/// Whose time a block takes: that of the actor of its schedule, all of it.
pub fn claims_of_block(
    source: &ResourceKey,
    block: &Block,
    schedules: &Actors,
    actors: &Actors,
    base: &str,
) -> Result<Vec<Claim>> {
    if &*block.status != "busy-unavailable" {
        return Ok(Vec::new());
    }
    let (lower, upper) = period(block.start, block.end, "Slot")?;
    let schedule = block.schedule.as_deref();
    let schedule = schedule.and_then(|text| schedules.0.get(&local(text, base)?));
    let mut claims: Vec<Claim> = Vec::new();
    for via in schedule.into_iter().flat_map(|one| actors_of(one, base)) {
        let actor = actors.busy(&via, base);
        if !is_taken(&actor) || claims.iter().any(|one| one.actor == actor) {
            continue;
        }
        let capacity = actors.capacity(&actor);
        claims.push(Claim {
            source: source.clone(),
            place: 0,
            actor,
            via,
            lower,
            upper,
            kind: ClaimKind::Blocked,
            expires: None,
            capacity,
            most: capacity,
        });
    }
    Ok(claims)
}

/// Of whom a Schedule is.
pub(crate) fn actors_of(schedule: &Resource, base: &str) -> Vec<ResourceKey> {
    let actors = schedule.get("actor").into_iter().flat_map(Value::items);
    let key = |one: Value<'_>| local(&text(one, "reference")?, base);
    actors.filter_map(key).collect()
}

fn period(
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    named: &str,
) -> Result<(Timestamp, Timestamp)> {
    match start.zip(end) {
        // The database knows no less than a microsecond.
        Some((start, end)) if start.as_microsecond() < end.as_microsecond() => Ok((start, end)),
        _ => Err(Error::new(
            ErrorKind::Invalid,
            "what takes time has a beginning, and an end after it",
        )
        .at(format!("{named}.end"))),
    }
}

pub(super) fn expression(place: usize) -> String {
    format!("Appointment.participant[{place}].actor")
}

impl Clash {
    /// The refusal of claims that cannot be had. It names who is busy and when, never with whom; to a patient nothing but that
    /// it is so.
    pub fn refused(clashes: &[Self], to_patient: bool) -> Error {
        let issues = clashes.iter().map(|one| one.issue(to_patient));
        Error::with_issues(ErrorKind::Conflict, issues.collect())
    }

    fn issue(&self, to_patient: bool) -> fhir::outcome::Issue {
        let claim = &self.claim;
        let (code, text) = match claim.actor.resource_type.name() {
            "Patient" => (
                OpError::PatientDoubleBooked,
                "The patient has another visit at that time",
            ),
            _ => (
                OpError::AppointmentClash,
                "A required resource is no longer free",
            ),
        };
        let mut issue = match to_patient {
            true => code.issue("the time is not free"),
            false => code.issue(format!(
                "{} is {} from {} to {} (buffers included)",
                claim.via, self.kind, self.lower, self.upper
            )),
        };
        issue.text = Some(text.into());
        if claim.kind != ClaimKind::Blocked {
            issue.expression.push(expression(claim.place).into());
        }
        if !to_patient {
            issue.extension = Some(self.extension().into());
        }
        issue
    }

    /// The extension that says it to programs.
    fn extension(&self) -> String {
        let mut writer = Writer::with_capacity(256);
        writer.object(|clash| {
            clash.string("url", canonical!("clash"));
            clash.array("extension", |parts| {
                parts.object(|part| {
                    part.string("url", "actor");
                    part.object("valueReference", |actor| {
                        actor.string("reference", &self.claim.via.to_string());
                    });
                });
                parts.object(|part| {
                    part.string("url", "busy");
                    part.object("valuePeriod", |period| {
                        period.string("start", &self.lower.to_string());
                        period.string("end", &self.upper.to_string());
                    });
                });
                parts.object(|part| {
                    part.string("url", "kind");
                    part.string("valueCode", &self.kind);
                });
            });
        });
        writer.finish()
    }
}
