//! Where a calendar is booked by its Slots, or a visit names Slots: those are turned with the visit, in its transaction. They
//! are turned before the visit is written, because the visit names them.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{ParseLimits, Value, edit, quoted};
use fhir::resource::Resource;
use fhir::scheduling::{Interval, Intervals};
use jiff::Timestamp;

use super::slots::SlotTime;
use super::{local, visit};
use crate::auth::{Access, Act, Reason};
use crate::definitions::Definitions;
use crate::error::{Error, OpError, Result};
use crate::scheduling::{Ruled, Status, Visit, actors_of};
use crate::store::fault::from_sqlx;
use crate::store::read::read_resources;
use crate::store::search::RowFilter;
use crate::store::{PreparedWrite, Transaction, Verb, Written, statements};

/// What is done by a write that this one leads to.
pub(super) type Done<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What a Slot becomes.
struct Turned {
    slot: SlotTime,
    /// Its new times and status.
    times: Interval,
    status: &'static str,
    /// What else of it there is: Slots of their own, free.
    rests: Vec<Interval>,
}

impl Transaction {
    /// The writes, with the Slots turned and named that visits among them have; nothing where none has to do with Slots.
    pub(in crate::store) async fn slotted<'w>(
        &mut self,
        writes: impl Iterator<Item = &'w PreparedWrite> + Clone + Send,
        before: &BTreeMap<ResourceKey, Ruled>,
    ) -> Result<Option<Vec<PreparedWrite>>> {
        let mut named = BTreeMap::new();
        for write in writes.clone().filter(|one| one.appointment.is_some()) {
            let before = before.get(&write.key).and_then(visit);
            if let Some(write) = self.slotted_visit(write, before).await? {
                named.insert(write.key.clone(), write);
            }
        }
        if named.is_empty() {
            return Ok(None);
        }
        let all = |write: &PreparedWrite| named.remove(&write.key).unwrap_or_else(|| write.clone());
        Ok(Some(writes.map(all).collect()))
    }

    /// One visit, where that is written otherwise.
    async fn slotted_visit(
        &mut self,
        write: &PreparedWrite,
        before: Option<&Visit>,
    ) -> Result<Option<PreparedWrite>> {
        let after = write.ruled.as_deref().and_then(visit);
        let (Some(after), Some(appointment)) = (after, &write.appointment) else {
            return Ok(None);
        };
        let before = before.filter(|one| one.takes_time());
        let own = before.map(|one| self.named(one)).unwrap_or_default();
        let visit = Some(after).filter(|one| one.takes_time());
        // Its own are kept or given up by where it is; what it names beside them it wants.
        let mut named = visit.map(|one| self.named(one)).unwrap_or_default();
        named.retain(|key| !own.contains(key));
        let is_same = before
            .zip(visit)
            .is_some_and(|(one, other)| one.is_as(other));
        let needed = visit.map(|one| self.needed(one)).unwrap_or_default();
        let mut calendars = self.slot_calendars(&needed).await?;
        if own.is_empty() && named.is_empty() && calendars.is_empty() {
            return Ok(None);
        }
        let others = self.calendars_of(&named, &calendars).await?;
        self.refuse_strangers(&others, &needed).await?;
        calendars.extend(others);
        let released = self.calendars_of(&own, &calendars).await?;
        calendars.extend(released);
        let windows = windows(before, visit);
        if windows.is_empty() {
            return Ok(None);
        }
        let part = Part {
            own: &own,
            named: &named,
            visit,
            is_same,
        };
        let mut taken = Vec::new();
        self.slot_starts.remove(&write.key);
        for calendar in &calendars {
            let slots = self.locked_slots(calendar, &windows).await?;
            if part.begins_one(&slots) {
                self.slot_starts.insert(write.key.clone());
            }
            let turned = part.turned(slots, self.access())?;
            taken.extend(self.turn(&appointment.definitions, turned).await?);
        }
        self.note_slots().await?;
        if visit.is_none() {
            return Ok(None);
        }
        part.refuse_unmet(&taken)?;
        self.naming(write, taken)
    }

    /// Refuses a visit in the Slot of a calendar whose actor it does not need: of that actor no time would be taken.
    async fn refuse_strangers(
        &mut self,
        calendars: &BTreeSet<ResourceKey>,
        needed: &[String],
    ) -> Result<()> {
        let base = self.base_url();
        let calendars = calendars.iter().cloned().collect();
        for (_, calendar) in self.stored(calendars).await? {
            let mut actors = actors_of(&calendar, &base).into_iter();
            if !actors.any(|actor| needed.contains(&actor.to_string())) {
                return Err(OpError::RequirementUnmet
                    .refused("a visit in a Slot needs the actor of its Schedule as a participant")
                    .at("Appointment.participant"));
            }
        }
        Ok(())
    }

    /// The Slots that a visit names.
    fn named(&self, visit: &Visit) -> Vec<ResourceKey> {
        let base = self.base_url();
        let keys = visit.slots.iter().filter_map(|one| local(one, &base));
        keys.filter(|key| key.resource_type.name() == "Slot")
            .collect()
    }

    /// Those whom a visit needs.
    fn needed(&self, visit: &Visit) -> Vec<String> {
        let base = self.base_url();
        let needed = visit.participants.iter().filter(|one| one.is_required);
        needed
            .filter_map(|one| one.key(&base))
            .map(|key| key.to_string())
            .collect()
    }

    /// Their calendars that are booked by Slots.
    async fn slot_calendars(&mut self, actors: &[String]) -> Result<BTreeSet<ResourceKey>> {
        if actors.is_empty() {
            return Ok(BTreeSet::new());
        }
        let found: Vec<String> = sqlx::query_scalar(statements::LIST_SLOT_CALENDARS)
            .bind(actors)
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        found
            .iter()
            .map(|one| one.parse().map_err(Error::internal))
            .collect()
    }

    /// The calendars that Slots are of, beside those that are known.
    async fn calendars_of(
        &mut self,
        slots: &[ResourceKey],
        known: &BTreeSet<ResourceKey>,
    ) -> Result<BTreeSet<ResourceKey>> {
        let slots: Vec<String> = slots.iter().map(ToString::to_string).collect();
        if slots.is_empty() {
            return Ok(BTreeSet::new());
        }
        let found: Vec<String> = sqlx::query_scalar(statements::LIST_CALENDARS_OF)
            .bind(slots)
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        let found = found.iter().map(|one| one.parse().map_err(Error::internal));
        let mut found: BTreeSet<ResourceKey> = found.collect::<Result<_>>()?;
        found.retain(|one| !known.contains(one));
        Ok(found)
    }

    /// Writes what Slots become; those that the visit has are answered, with their times.
    async fn turn(
        &mut self,
        definitions: &Definitions,
        turned: Vec<Turned>,
    ) -> Result<Vec<SlotTime>> {
        let mut taken = Vec::new();
        let access = self.access().clone();
        for one in turned {
            let found = read_resources(
                self.connection(),
                std::slice::from_ref(&one.slot.key),
                &RowFilter::everything(),
            )
            .await?;
            let content = found
                .into_iter()
                .next()
                .flatten()
                .and_then(|one| one.content);
            let content = content.ok_or_else(|| Error::internal("a Slot has gone"))?;
            let stored =
                Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
            let slot = with_times(&stored, one.times, one.status)?;
            self.write_as(Access::system(Reason::Visits));
            let changed = (one.slot.times, &*one.slot.status) != (one.times, one.status);
            if changed {
                let write = self.prepared(definitions, one.slot.key.clone(), Verb::Put, &slot)?;
                self.put_own(&write).await?;
            }
            let mut rests = Vec::new();
            for rest in &one.rests {
                let slot = with_times(&stored, *rest, "free")?;
                rests.push(self.prepared(definitions, new_slot()?, Verb::Post, &slot)?);
            }
            if !rests.is_empty() {
                self.create_own(&rests).await?;
            }
            self.write_as(access.clone());
            if one.status != "free" {
                taken.push(SlotTime {
                    times: one.times,
                    ..one.slot
                });
            }
        }
        Ok(taken)
    }

    /// Writes what another write leads to: a Slot to a visit, a visit to an answer.
    pub(super) fn put_own<'a>(&'a mut self, write: &'a PreparedWrite) -> Done<'a, Written> {
        Box::pin(self.put_one(write))
    }

    /// The same for new ones.
    pub(super) fn create_own<'a>(
        &'a mut self,
        writes: &'a [PreparedWrite],
    ) -> Done<'a, Vec<Written>> {
        Box::pin(self.create(writes))
    }

    /// A Slot, ready to be written by the server.
    fn prepared(
        &self,
        definitions: &Definitions,
        key: ResourceKey,
        verb: Verb,
        slot: &Resource,
    ) -> Result<PreparedWrite> {
        let index = definitions.index_values(slot, &self.base_url())?;
        let write = PreparedWrite::new(key, verb, slot, index, self.now());
        Ok(write.by_operation())
    }

    /// The visit, naming the Slots it has.
    fn naming(
        &self,
        write: &PreparedWrite,
        mut taken: Vec<SlotTime>,
    ) -> Result<Option<PreparedWrite>> {
        let Some(appointment) = &write.appointment else {
            return Ok(None);
        };
        taken.sort_by(|one, other| (one.times, &one.key).cmp(&(other.times, &other.key)));
        let named = taken
            .iter()
            .map(|one| format!(r#"{{"reference":"{}"}}"#, one.key));
        let named = named.collect::<Vec<_>>().join(",");
        let root = appointment.resource.root();
        let text = match taken.is_empty() {
            true if root.get("slot").is_none() => return Ok(None),
            true => edit::remove_member(root, "slot"),
            false => edit::set_member(root, "slot", &format!("[{named}]")),
        };
        let resource = Resource::parse_with(text, ParseLimits::STORED).map_err(Error::internal)?;
        let index = appointment
            .definitions
            .index_values(&resource, &self.base_url())?;
        Ok(Some(write.clone().rewritten(&resource, index)))
    }
}

/// What a visit has to do with the Slots of one calendar.
struct Part<'a> {
    /// Those it had.
    own: &'a [ResourceKey],
    /// Those it names.
    named: &'a [ResourceKey],
    /// The visit, where it takes time.
    visit: Option<&'a Visit>,
    /// Whether it takes the time that it took before.
    is_same: bool,
}

impl Part<'_> {
    /// What becomes of the Slots.
    fn turned(&self, slots: Vec<SlotTime>, access: &Access) -> Result<Vec<Turned>> {
        let times = self.visit.and_then(|one| one.start.zip(one.end));
        let times = times.map(|(start, end)| Interval { start, end });
        let status = match self.visit.and_then(|one| one.status) {
            Some(Status::Pending) => "busy-tentative",
            _ => "busy",
        };
        if let Some(times) = times.filter(|_| !self.is_same) {
            self.refuse_uncovered(&slots, times, access)?;
        }
        let mut turned = Vec::new();
        let is_its = |key: &ResourceKey| self.own.contains(key) || self.named.contains(key);
        let is_kept = |one: &SlotTime| !self.is_same || is_its(&one.key);
        let open = |one: &SlotTime| self.is_open(one) && is_kept(one);
        for slot in slots.into_iter().filter(open) {
            match times.and_then(|times| slot.times.intersect(times)) {
                Some(part) => {
                    let rest: Intervals = [slot.times].into_iter().collect();
                    let rests = rest.subtract(&[part].into_iter().collect());
                    turned.push(Turned {
                        times: part,
                        status,
                        rests: rests.iter().collect(),
                        slot,
                    });
                }
                None if self.own.contains(&slot.key) => turned.push(Turned {
                    times: slot.times,
                    status: "free",
                    rests: Vec::new(),
                    slot,
                }),
                None => {}
            }
        }
        Ok(turned)
    }

    /// Whether the visit begins when a Slot does that is open to it.
    fn begins_one(&self, slots: &[SlotTime]) -> bool {
        let start = self.visit.and_then(|one| one.start);
        let mut open = slots.iter().filter(|one| self.is_open(one));
        open.any(|one| Some(one.times.start) == start)
    }

    /// Refuses a visit that names Slots, and has none.
    fn refuse_unmet(&self, taken: &[SlotTime]) -> Result<()> {
        match self.named.is_empty() || !taken.is_empty() {
            true => Ok(()),
            false => Err(OpError::AppointmentClash
                .refused("a Slot that the visit names is not free at its time")
                .at("Appointment.slot")),
        }
    }

    /// Whether a Slot is free, or the visit's own.
    fn is_open(&self, slot: &SlotTime) -> bool {
        let is_taken = matches!(&*slot.status, "busy" | "busy-tentative");
        &*slot.status == "free" || is_taken && self.own.contains(&slot.key)
    }

    /// Refuses a visit at a time that is not all in Slots that are open to it.
    fn refuse_uncovered(&self, slots: &[SlotTime], times: Interval, access: &Access) -> Result<()> {
        let open = slots.iter().filter(|one| self.is_open(one));
        let open: Intervals = open.map(|one| one.times).collect();
        let may_pass = match access.grant() {
            Some(_) => access.may_do(Act::BookOutside),
            None => access.reason() == Some(Reason::Load),
        };
        if open.covers(times) {
            return Ok(());
        }
        let is_taken = |one: &&SlotTime| one.times.intersect(times).is_some() && !self.is_open(one);
        match slots.iter().find(is_taken) {
            Some(_) => Err(OpError::AppointmentClash
                .refused("a Slot at that time is taken")
                .at("Appointment.slot")),
            None if may_pass => Ok(()),
            None => Err(OpError::OutsideAvailability
                .refused(
                    "the calendar is booked by its Slots, and none is free at all of that time",
                )
                .at("Appointment.start")),
        }
    }
}

/// When a visit was and is to be: what is between is nothing to it.
fn windows(before: Option<&Visit>, after: Option<&Visit>) -> Intervals {
    let times = [before, after].into_iter().flatten();
    let times = times.filter_map(|one| one.start.zip(one.end));
    times.map(|(start, end)| Interval { start, end }).collect()
}

fn new_slot() -> Result<ResourceKey> {
    let named = ResourceType::parse("Slot").ok_or_else(|| Error::internal("R4 has slots"))?;
    let id = uuid::Uuid::now_v7().to_string();
    Ok(ResourceKey::new(
        named,
        id.parse().map_err(Error::internal)?,
    ))
}

/// The same Slot at another time, in another state.
fn with_times(slot: &Resource, times: Interval, status: &str) -> Result<Resource> {
    let as_sent = |name: &str, moment: Timestamp| {
        let there = slot.get(name).and_then(Value::string);
        let is_same =
            there.is_some_and(|text| text.parse().is_ok_and(|there: Timestamp| there == moment));
        (!is_same).then(|| (name.to_owned(), quoted(&moment.to_string())))
    };
    let mut changed: BTreeMap<String, String> = BTreeMap::new();
    changed.extend(as_sent("start", times.start));
    changed.extend(as_sent("end", times.end));
    changed.insert("status".to_owned(), quoted(status));
    let mut resource = slot.clone();
    for (name, json) in changed {
        let text = edit::set_member(resource.root(), &name, &json);
        resource = Resource::parse_with(text, ParseLimits::STORED).map_err(Error::internal)?;
    }
    Ok(resource)
}
