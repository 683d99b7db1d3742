//! What is stored of all that the visits and blocks of a transaction name: in a few statements for all of them.

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::json::ParseLimits;
use fhir::resource::Resource;
use fhir::scheduling::{Interval, Policy, Requirement};
use fhir::search::hash::{ANY_REFERENCE, key_hash, reference};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::Row;

use super::super::batch::key_columns;
use super::super::fault::from_sqlx;
use super::super::instant::Instant;
use super::super::read::stored_key;
use super::super::{Transaction, statements};
use super::{Changed, local, visit};
use crate::error::{Error, Result};
use crate::scheduling::{Actors, Calendars, Known, LEVELS, Pools, Ruled, Visit, actors_of};

impl Transaction {
    /// The Schedules of blocks.
    pub(super) async fn schedules(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
    ) -> Result<Actors> {
        let base = self.base_url();
        let blocks = unsettled.values().filter_map(|one| match &one.after {
            Some(Ruled::Block(block)) => local(block.schedule.as_deref()?, &base),
            _ => None,
        });
        Ok(Actors::new(self.stored(blocks.collect()).await?))
    }

    /// Who and what takes part in visits and blocks, and what has to be known to judge the visits.
    pub(super) async fn known(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
        schedules: &Actors,
    ) -> Result<Known> {
        let base = self.base_url();
        let visits = unsettled.values().filter_map(|one| one.after.as_ref());
        let visits = visits.filter_map(visit).filter(|one| one.takes_time());
        let visits: Vec<&Visit> = visits.collect();
        let participants = visits.iter().flat_map(|one| &one.participants);
        let mut keys: Vec<ResourceKey> = participants.filter_map(|one| one.key(&base)).collect();
        keys.extend(schedules.iter().flat_map(|(_, one)| actors_of(one, &base)));
        // Of which kind visits were.
        let before = unsettled.values().filter_map(|one| one.before.as_ref());
        keys.extend(before.filter_map(visit).flat_map(|one| one.services(&base)));
        let based_on = visits.iter().flat_map(|one| &one.based_on);
        keys.extend(based_on.filter_map(|text| local(text, &base)));
        let mut found = self.stored(keys).await?;
        let has_kind = found.iter().any(|(_, one)| is_kind(one));
        let requirements = requirements(&found);
        let mut further: Vec<ResourceKey> = found
            .iter()
            .filter_map(|(_, one)| behind(one, has_kind, &base))
            .collect();
        further.extend(Pools::groups(&requirements).filter_map(|key| key.parse().ok()));
        found.extend(self.stored(further).await?);
        let above = self.above(&found, &requirements).await?;
        let is_group = |key: &ResourceKey| key.resource_type.name() == "Group";
        let groups = found.iter().filter(|(key, _)| is_group(key));
        let groups: Vec<(String, &Resource)> =
            groups.map(|(key, one)| (key.to_string(), one)).collect();
        let pools = Pools::new(groups.iter().map(|(key, one)| (key, *one)), above);
        let judged = unsettled.values().filter(|one| self.judges(one));
        let windows: Vec<Interval> = judged.filter_map(window).collect();
        // The Slots that visits have are turned before they are written, for them.
        let slots = visits.iter().flat_map(|one| &one.slots);
        let slots = slots.filter_map(|text| Some(local(text, &base)?.id.to_string()));
        let slots: Vec<String> = slots.collect();
        let calendars = match has_kind && !windows.is_empty() {
            true => self.calendars(&found, &windows, slots).await?,
            false => Calendars::default(),
        };
        Ok(Known {
            actors: Actors::new(found),
            pools,
            calendars,
        })
    }

    /// The zone of the calendar of the first, staff before others, whom a visit needs and who has one.
    pub async fn zone_of(&mut self, visit: &Visit) -> Result<Option<TimeZone>> {
        let base = self.base_url();
        let needed = visit.participants.iter().filter(|one| one.is_required);
        let mut keys: Vec<ResourceKey> = needed.filter_map(|one| one.key(&base)).collect();
        keys.sort_by_key(|key| !key.resource_type.name().starts_with("Practitioner"));
        let found = self.stored(keys.clone()).await?;
        let calendars = self.calendars(&found, &[], Vec::new()).await?;
        let mut named = keys.iter().map(ToString::to_string);
        let first = named.find_map(|key| calendars.by_actor.get(&key)?.first());
        Ok(first.map(|one| one.schedule.availability.zone.clone()))
    }

    /// The Locations above those there are, where a requirement draws from a Location.
    async fn above(
        &mut self,
        found: &[(ResourceKey, Resource)],
        requirements: &[Requirement],
    ) -> Result<BTreeMap<String, Resource>> {
        let mut above: BTreeMap<String, Resource> = BTreeMap::new();
        if !Pools::looks_up(requirements) {
            return Ok(above);
        }
        for _ in 0..LEVELS {
            let known = found.iter().map(|(_, one)| one).chain(above.values());
            let next = known
                .filter_map(Pools::up)
                .filter_map(|key| key.parse().ok());
            let is_new = |key: &ResourceKey| {
                !above.contains_key(&key.to_string()) && found.iter().all(|(one, _)| one != key)
            };
            let next: Vec<ResourceKey> = next.filter(is_new).collect();
            if next.is_empty() {
                break;
            }
            let read = self.stored(next).await?;
            if read.is_empty() {
                break;
            }
            above.extend(read.into_iter().map(|(key, one)| (key.to_string(), one)));
        }
        Ok(above)
    }

    /// The calendars of those who take part, with the free Slots of some times.
    async fn calendars(
        &mut self,
        actors: &[(ResourceKey, Resource)],
        windows: &[Interval],
        own: Vec<String>,
    ) -> Result<Calendars> {
        let has_calendar = |key: &&ResourceKey| {
            matches!(
                key.resource_type.name(),
                "Practitioner" | "PractitionerRole" | "Location" | "Device"
            )
        };
        let actors = actors.iter().map(|(key, _)| key).filter(has_calendar);
        let elements = actors.map(|key| reference(ANY_REFERENCE, key_hash(key)));
        let instants = |of: fn(&Interval) -> Timestamp| {
            let instants = windows.iter().map(|one| Instant(of(one)));
            instants.collect::<Vec<_>>()
        };
        let rows = sqlx::query(statements::LIST_CALENDARS)
            .bind(elements.collect::<Vec<i64>>())
            .bind(ANY_REFERENCE)
            .bind(instants(|one| one.start))
            .bind(instants(|one| one.end))
            .bind(own)
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        let mut schedules = Vec::new();
        let mut slots: BTreeMap<String, Vec<Interval>> = BTreeMap::new();
        for row in &rows {
            let (key, resource) = stored(row)?;
            match Ruled::of(&resource) {
                Some(Ruled::Block(block)) => {
                    let times = block.start.zip(block.end);
                    if let (Some(schedule), Some((start, end))) = (block.schedule, times) {
                        let of_schedule = slots.entry(schedule.into()).or_default();
                        of_schedule.push(Interval { start, end });
                    }
                }
                _ => schedules.push((key, resource)),
            }
        }
        let mut calendars = Calendars::of(schedules);
        calendars.open_by_slots(slots);
        Ok(calendars)
    }

    /// Resources as they are stored, whoever may see them.
    pub(super) async fn stored(
        &mut self,
        mut keys: Vec<ResourceKey>,
    ) -> Result<Vec<(ResourceKey, Resource)>> {
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (types, ids) = key_columns(keys.iter());
        let rows = sqlx::query(statements::READ_ACTORS)
            .bind(types)
            .bind(ids)
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(stored).collect()
    }
}

fn stored(row: &sqlx::postgres::PgRow) -> Result<(ResourceKey, Resource)> {
    let content: String = row.try_get("content").map_err(from_sqlx)?;
    let resource = Resource::parse_with(content, ParseLimits::STORED);
    Ok((stored_key(row)?, resource.map_err(Error::internal)?))
}

/// From when to when a visit is.
fn window(changed: &Changed) -> Option<Interval> {
    changed.after.as_ref().and_then(visit)?.taken()
}

/// What the HealthcareServices among resources require; what is not understood is refused where it is judged.
fn requirements(found: &[(ResourceKey, Resource)]) -> Vec<Requirement> {
    let services = found
        .iter()
        .filter(|(key, _)| key.resource_type.name() == "HealthcareService");
    let policies = services.filter_map(|(_, one)| Policy::of(one.root()).ok().flatten());
    policies.flat_map(|one| one.requirements).collect()
}

/// Whether it says how visits are booked.
fn is_kind(resource: &Resource) -> bool {
    resource.resource_type().name() == "HealthcareService"
        && Policy::of(resource.root()).ok().flatten().is_some()
}

/// The person whose role somebody is in, and, where a policy may ask for it, the place that something stands in.
fn behind(resource: &Resource, has_kind: bool, base: &str) -> Option<ResourceKey> {
    match Ruled::of(resource) {
        Some(Ruled::Role(person)) => local(&person?, base),
        _ if has_kind && resource.resource_type().name() == "Device" => {
            Pools::up(resource)?.parse().ok()
        }
        _ => None,
    }
}
