//! The policy of a HealthcareService, asked of a visit that is about to take time: by the same words by which `$find` offers
//! (server/SCHEDULING.md, what a kind of visit asks).

use std::collections::{BTreeMap, BTreeSet};

use fhir::ids::ResourceKey;
use fhir::outcome::{Issue, Severity};
use fhir::resource::Resource;
use fhir::scheduling::{
    Availability, Coding, Fault, Grid, Interval, Intervals, Policy, RequirementKind,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::claims::{expression, is_taken, refuse_out_of_use};
use super::matching::matching;
use super::visit::{Visit, local, reference, text};
use super::{Actor, Actors, Calendars, Pools};
use crate::auth::{Access, Act};
use crate::error::{Error, ErrorKind, OpError, Result};

/// The kind of visit that a HealthcareService is.
#[derive(Debug)]
pub(crate) struct Kind {
    /// `[type]/[id]`
    pub(crate) service: String,
    /// How it is booked.
    pub(crate) policy: Policy,
    /// What Schedules name it by.
    types: Vec<Coding>,
    is_active: bool,
}

/// What is stored of all that the visits of a transaction name.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Who and what takes part, and what these stand in or are roles of.
    pub(crate) actors: Actors,
    /// Where they may be taken from.
    pub(crate) pools: Pools,
    /// When they can be booked.
    pub(crate) calendars: Calendars,
}

/// Minutes before and after a visit.
type Buffers = (u32, u32);

/// A visit with what its kind makes of it.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    visit: &'a Visit,
    kind: &'a Kind,
    known: &'a Known,
    base: &'a str,
    /// Whose time it takes, in order: the place among the participants, and who.
    taken: Vec<(usize, ResourceKey)>,
    /// For each need, who meets it.
    met: Vec<Option<usize>>,
    /// Whether a Slot begins with it.
    begins_slot: bool,
}

impl Kind {
    /// What a HealthcareService says of its visits; nothing where it has no policy.
    fn read(key: &ResourceKey, stored: &Resource) -> std::result::Result<Option<Self>, Fault> {
        let policy = Policy::of(stored.root())?;
        let types = stored.get("type").into_iter();
        let types = types.flat_map(fhir::json::Value::items);
        let active = stored.get("active").and_then(fhir::json::Value::boolean);
        Ok(policy.map(|policy| Self {
            service: key.to_string(),
            policy,
            types: types.flat_map(Coding::all).collect(),
            is_active: active != Some(false),
        }))
    }

    /// The kind of a visit: that of the HealthcareService which takes part in it. One that is not understood is refused, and
    /// so are two.
    pub(crate) fn of(visit: &Visit, actors: &Actors, base: &str) -> Result<Option<Self>> {
        let refused = |sentence: String| {
            Error::new(ErrorKind::BusinessRule, sentence).at("Appointment.participant")
        };
        let mut kinds = Vec::new();
        for (key, stored) in services(visit, actors, base) {
            let kind = Self::read(&key, stored);
            let kind = kind.map_err(|fault| refused(format!("{key} cannot be booked: {fault}")))?;
            kinds.extend(kind);
        }
        match kinds.len() {
            0 | 1 => Ok(kinds.pop()),
            _ => Err(refused("a visit is of one HealthcareService".to_owned())),
        }
    }

    /// The same of what is not judged: what is not understood says nothing.
    pub(crate) fn known(visit: &Visit, actors: &Actors, base: &str) -> Option<Self> {
        let mut services = services(visit, actors, base);
        services.find_map(|(key, stored)| Self::read(&key, stored).ok().flatten())
    }
}

/// The HealthcareServices that take part; one that is named twice is one.
fn services<'a>(
    visit: &'a Visit,
    actors: &'a Actors,
    base: &'a str,
) -> impl Iterator<Item = (ResourceKey, &'a Resource)> {
    let keys: BTreeSet<ResourceKey> = visit.services(base).collect();
    keys.into_iter()
        .filter_map(|key| Some((key.clone(), actors.get(&key)?)))
}

impl<'a> Judged<'a> {
    /// Who of a visit meets what its kind needs.
    pub(crate) fn new(visit: &'a Visit, kind: &'a Kind, known: &'a Known, base: &'a str) -> Self {
        let participants = visit.participants.iter().enumerate();
        let taken = participants.filter(|(_, one)| one.is_required);
        let taken = taken.filter_map(|(place, one)| Some((place, one.key(base)?)));
        let taken = taken.filter(|(_, key)| is_taken(key) && key.resource_type.name() != "Patient");
        let mut judged = Self {
            visit,
            kind,
            known,
            base,
            taken: taken.collect(),
            met: Vec::new(),
            begins_slot: false,
        };
        judged.met = judged.meeting();
        judged
    }

    /// The same of a visit that begins when a Slot of its own does: whoever made that has said when visits begin.
    pub(crate) fn beginning_slot(self, begins_slot: bool) -> Self {
        Self {
            begins_slot,
            ..self
        }
    }

    /// Gives each need one of those who take part, each person once. The first need is given the first who meets it, as far
    /// as that leaves all others theirs; so what `$find` has put in order stays in it.
    fn meeting(&self) -> Vec<Option<usize>> {
        let day = self.visit.start.unwrap_or(Timestamp::UNIX_EPOCH);
        let day = day.to_zoned(TimeZone::UTC).date();
        let actors = &self.known.actors;
        let stored = |key: &str| actors.get(&key.parse().ok()?);
        let fitting = self.kind.policy.needs().map(|need| {
            let taken = self.taken.iter().enumerate();
            let meets = taken.filter(|(_, (_, key))| {
                let service = &self.kind.service;
                actors.get(key).is_some_and(|resource| {
                    let named = (&*key.to_string(), resource);
                    let pools = &self.known.pools;
                    pools.meets(need, named, service, day, stored)
                })
            });
            meets.map(|(place, _)| place).collect::<Vec<usize>>()
        });
        let fitting: Vec<Vec<usize>> = fitting.collect();
        let persons: Vec<ResourceKey> = self
            .taken
            .iter()
            .map(|(_, key)| actors.busy(key, self.base))
            .collect();
        matching(&fitting, &persons)
    }

    /// How long before and after the visit somebody who takes part is busy with it.
    pub(crate) fn buffers(&self) -> BTreeMap<ResourceKey, Buffers> {
        let (policy, actors) = (&self.kind.policy, &self.known.actors);
        let taken = self.taken.iter();
        let all = (policy.buffer_before, policy.buffer_after);
        let mut buffers: BTreeMap<ResourceKey, Buffers> = taken
            .map(|(_, key)| (actors.busy(key, self.base), all))
            .collect();
        for (need, met) in policy.needs().zip(&self.met) {
            if let Some((_, key)) = met.and_then(|place| self.taken.get(place)) {
                let own = (policy.before(need), policy.after(need));
                buffers.insert(actors.busy(key, self.base), own);
            }
        }
        buffers
    }

    /// Refuses what its kind does not allow; what is answered is to be said to whoever was allowed it all the same. `before`
    /// is the time it took before, where it did.
    pub(crate) fn permit(
        &self,
        access: &Access,
        now: Timestamp,
        before: Option<Interval>,
    ) -> Result<Vec<Issue>> {
        let is_patients = access.is_patients();
        let policy = &self.kind.policy;
        if is_patients && !policy.self_book {
            return Err(not_by_patients());
        }
        if self.visit.is_overbooked {
            refuse_beyond(Some(self.kind), access)?;
        }
        refuse_out_of_use(self.visit, &self.known.actors, self.base)?;
        if !self.kind.is_active {
            let sentence = "this kind of visit is not offered any more";
            return Err(OpError::ParticipantInactive.refused(sentence));
        }
        self.refuse_unmet(is_patients)?;
        let Some((start, end)) = self.visit.start.zip(self.visit.end) else {
            return Ok(Vec::new());
        };
        let visit = Interval { start, end };
        self.refuse_untimely(is_patients, now, visit, before)?;
        let warnings = self.within_availability(access, visit)?;
        self.refuse_unreferred()?;
        Ok(warnings)
    }

    /// Refuses a time that is too soon, too far away, or not one that a patient may choose. Where others take part at the time
    /// there was, or who was there is noted, nothing is asked of the clock anew.
    fn refuse_untimely(
        &self,
        is_patients: bool,
        now: Timestamp,
        visit: Interval,
        before: Option<Interval>,
    ) -> Result<()> {
        let policy = &self.kind.policy;
        let bookable = policy.bookable(now);
        // Whoever works here notes what has begun, where no time must lie before it.
        let is_timely = visit.start >= bookable.start || policy.lead_minutes == 0 && !is_patients;
        let begins_anew = before.is_none_or(|before| before.start != visit.start);
        if begins_anew && !is_timely {
            let sentence = format!("it would have to begin at {} or later", bookable.start);
            return Err(OpError::LeadTime.refused(sentence).at("Appointment.start"));
        }
        let ends_anew = before.is_none_or(|before| before.end != visit.end);
        if ends_anew && visit.end > bookable.end {
            let sentence = format!("it would have to end by {}", bookable.end);
            let refusal = OpError::BeyondHorizon.refused(sentence);
            return Err(refusal.at("Appointment.end"));
        }
        let refused =
            |sentence: String, at: &str| Err(Error::new(ErrorKind::BusinessRule, sentence).at(at));
        let minutes = SignedDuration::from_mins(i64::from(policy.duration));
        if is_patients && visit.end.duration_since(visit.start) != minutes {
            let sentence = format!("this kind of visit takes {} minutes", policy.duration);
            return refused(sentence, "Appointment.end");
        }
        match is_patients && begins_anew && !self.is_aligned(visit.start) {
            true => refused(
                "visits of this kind begin at the times that $find offers".to_owned(),
                "Appointment.start",
            ),
            false => Ok(()),
        }
    }

    /// Whether a start is one of those at which `$find` offers visits with these: where nobody has a calendar,
    /// all are.
    fn is_aligned(&self, start: Timestamp) -> bool {
        if self.begins_slot {
            return true;
        }
        let (zones, aligned) = self.alignment();
        let mut zones = zones.into_iter().peekable();
        let is_start = |zone| Grid::new(zone, aligned.iter().copied()).from(start) == Some(start);
        zones.peek().is_none() || zones.any(is_start)
    }

    /// Where visits with these start; in a zone where no calendar says one.
    pub(crate) fn grid(&self, zone: &TimeZone) -> Grid {
        let (zones, aligned) = self.alignment();
        let zone = zones.into_iter().next().unwrap_or_else(|| zone.clone());
        Grid::new(zone, aligned)
    }

    /// The zones of the calendars of those who meet the needs, and what they and the kind say of starts.
    fn alignment(&self) -> (Vec<TimeZone>, Vec<u32>) {
        let met = self.met.iter().flatten();
        let met = met.filter_map(|place| self.taken.get(*place));
        let calendars = &self.known.calendars.by_actor;
        let calendars = met.filter_map(|(_, key)| calendars.get(&key.to_string()));
        let calendars: Vec<&Availability> = calendars
            .flatten()
            .map(|one| &one.schedule.availability)
            .collect();
        let aligned = calendars.iter().filter_map(|one| one.align);
        (
            calendars.iter().map(|one| one.zone.clone()).collect(),
            aligned.chain(self.kind.policy.align).collect(),
        )
    }

    /// When all those are open whose calendars are asked.
    pub(crate) fn open(&self, window: Interval) -> Intervals {
        let all: Intervals = [window].into_iter().collect();
        let open = self.asked().map(|(_, key)| self.open_of(key, window));
        open.fold(all, |all, open| all.intersect(&open))
    }

    /// Those whose calendars are asked: who is there beside what is needed, and has none, is not.
    fn asked(&self) -> impl Iterator<Item = &(usize, ResourceKey)> {
        let taken = self.taken.iter().enumerate();
        let calendars = &self.known.calendars.by_actor;
        let asked = taken.filter(|(place, (_, key))| {
            self.met.contains(&Some(*place)) || calendars.contains_key(&key.to_string())
        });
        asked.map(|(_, one)| one)
    }

    fn open_of(&self, key: &ResourceKey, window: Interval) -> Intervals {
        let service = Some((&*self.kind.service, &*self.kind.types));
        let calendars = &self.known.calendars;
        calendars.open(&key.to_string(), window, service)
    }

    /// Refuses a visit that lacks something, or uses a device elsewhere than it stands. A patient takes up nothing that is not needed.
    fn refuse_unmet(&self, is_patients: bool) -> Result<()> {
        let refused =
            |sentence: String, at: &str| Err(OpError::RequirementUnmet.refused(sentence).at(at));
        for (need, met) in self.kind.policy.needs().zip(&self.met) {
            if met.is_none() {
                let (role, kind) = (&need.role, need.kind.name());
                let sentence = format!(
                    "it needs {role}: a {kind} that meets the requirement, and is required"
                );
                return refused(sentence, "Appointment.participant");
            }
        }
        for (place, (at, key)) in self.taken.iter().enumerate() {
            let is_met = self.met.contains(&Some(place));
            if is_patients && !is_met {
                let sentence = "this kind of visit does not need this".to_owned();
                return refused(sentence, &expression(*at));
            }
            if is_met && self.stands_elsewhere(key) {
                let sentence = "the device stands in another place than the visit".to_owned();
                return refused(sentence, &expression(*at));
            }
        }
        Ok(())
    }

    /// Whether something stands in one of the places that such visits take, and this one takes another.
    fn stands_elsewhere(&self, key: &ResourceKey) -> bool {
        let stored = self.known.actors.get(key);
        let Some(stands_in) = stored.and_then(|one| Actor::new(one).stands_in()) else {
            return false;
        };
        let needs = || self.kind.policy.needs().zip(&self.met);
        let mut places = needs()
            .filter(|(need, _)| need.kind == RequirementKind::Location)
            .filter_map(|(_, met)| self.taken.get((*met)?))
            .peekable();
        if places.peek().is_none() || places.any(|(_, place)| place.to_string() == stands_in) {
            return false;
        }
        let room = stands_in.parse().ok();
        let room = room.and_then(|key: ResourceKey| self.known.actors.get(&key));
        let Some(room) = room.filter(|_| self.known.calendars.by_actor.contains_key(&stands_in))
        else {
            return false;
        };
        let day = self.visit.start.unwrap_or(Timestamp::UNIX_EPOCH);
        let day = day.to_zoned(TimeZone::UTC).date();
        let stored = |key: &str| self.known.actors.get(&key.parse().ok()?);
        let pools = &self.known.pools;
        needs().any(|(need, _)| {
            let named = (&*stands_in, room);
            need.kind == RequirementKind::Location
                && pools.meets(need, named, &self.kind.service, day, stored)
        })
    }

    /// Refuses a visit while a calendar is closed, but to whoever may book then.
    fn within_availability(&self, access: &Access, visit: Interval) -> Result<Vec<Issue>> {
        let mut issues = Vec::new();
        for (at, named) in self.asked() {
            if self.open_of(named, visit).covers(visit) {
                continue;
            }
            let sentence = match self.known.calendars.faults.first() {
                Some((schedule, fault)) if !access.is_patients() => {
                    format!("{named} cannot be booked then; {schedule} is not understood: {fault}")
                }
                _ => format!("{named} cannot be booked then by its calendar"),
            };
            let mut issue = OpError::OutsideAvailability.issue(sentence);
            issue.expression.push(expression(*at).into());
            issues.push(issue);
        }
        match issues.is_empty() || access.may_do(Act::BookOutside) && !access.is_patients() {
            true => {
                let warning = |issue: &mut Issue| issue.severity = Severity::Warning;
                issues.iter_mut().for_each(warning);
                Ok(issues)
            }
            false => Err(Error::with_issues(ErrorKind::BusinessRule, issues)),
        }
    }

    /// Refuses what needs a referral and is based on none of its patient that is active.
    fn refuse_unreferred(&self) -> Result<()> {
        let participants = self.visit.participants.iter();
        let patients = participants.filter_map(|one| one.key(self.base));
        let patients: Vec<ResourceKey> = patients.collect();
        let is_referral = |one: &Resource| {
            let subject = reference(one.root(), "subject").and_then(|text| local(&text, self.base));
            text(one.root(), "status").as_deref() == Some("active")
                && subject.is_some_and(|subject| patients.contains(&subject))
        };
        let based_on = self.visit.based_on.iter();
        let mut based_on = based_on.filter_map(|text| local(text, self.base));
        let is_referred = based_on.any(|key| {
            key.resource_type.name() == "ServiceRequest"
                && self.known.actors.get(&key).is_some_and(is_referral)
        });
        match self.kind.policy.referral_required && !is_referred {
            true => Err(OpError::ReferralRequired
                .refused("this kind of visit needs a referral: an active ServiceRequest of the patient, as basedOn")
                .at("Appointment.basedOn")),
            false => Ok(()),
        }
    }
}

/// The refusal of what patients do not book themselves.
pub(crate) fn not_by_patients() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "this kind of visit is not booked by patients themselves",
    )
}

/// Refuses a place beyond the capacity to whoever may not give one, or where the kind of visit has none.
pub(crate) fn refuse_beyond(kind: Option<&Kind>, access: &Access) -> Result<()> {
    let has_places = kind.is_some_and(|kind| kind.policy.overbook_limit > 0);
    match has_places && access.may_do(Act::Overbook) {
        true => Ok(()),
        false => Err(OpError::OverbookNotPermitted
            .refused("the role or the kind of visit allows nothing beyond the capacity")),
    }
}
