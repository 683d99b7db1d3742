//! `$bulk-publish`: what patients can book themselves, for whoever asks
//! (<https://github.com/smart-on-fhir/smart-scheduling-links/blob/master/specification.md>).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use fhir::ids::ResourceKey;
use fhir::json::{Value, Writer};
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Intervals, Policy, Schedule};
use jiff::SignedDuration;

use super::find::calendars::{read_all, search};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::scheduling::Actor;
use crate::store::{CalendarOf, SlotTime};

/// Where a Slot is booked.
const DEEP_LINK: &str =
    "http://fhir-registry.smarthealthit.org/StructureDefinition/booking-deep-link";
/// Services and calendars that are looked at.
const LOOKED_AT: usize = 2000;
/// The files of the manifest.
const FILES: [&str; 3] = ["Location", "Schedule", "Slot"];
/// What of a Location is told.
const OF_PLACES: [&str; 6] = [
    "identifier",
    "status",
    "name",
    "telecom",
    "address",
    "position",
];
/// Newlines between resources.
const NDJSON: &str = "application/fhir+ndjson";
/// How long an answer may be kept.
const CACHE: &str = "public, max-age=60";
/// How long the server keeps it.
const KEPT: SignedDuration = SignedDuration::from_secs(60);
/// How many times as many free Slots are looked at as are told at most.
const LOOKS: usize = 10;

/// The operation.
pub(super) struct BulkPublish;

/// What it takes.
pub(super) struct BulkPublishParams {
    file: Option<String>,
}

impl Params for BulkPublishParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            file: arguments.optional("type")?,
        })
    }
}

impl Operation for BulkPublish {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = BulkPublishParams;

    async fn invoke(
        cx: OperationContext<'_>,
        params: BulkPublishParams,
    ) -> Result<OperationAnswer> {
        if !cx.request.limits.published.is_on {
            let sentence = "nothing is published here";
            return Err(Error::new(ErrorKind::NotFound, sentence));
        }
        let Some(file) = params.file.as_deref() else {
            return Ok(OperationAnswer::plain(
                "application/json",
                CACHE,
                manifest(cx),
            ));
        };
        if !FILES.contains(&file) {
            let sentence = "Location, Schedule and Slot are published";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let question = format!("{} $bulk-publish {file}", cx.request.base_url);
        let made = lines(cx, file);
        let kept = &cx.store.published;
        let lines = kept.of(question, cx.request.now, KEPT, made).await?;
        Ok(OperationAnswer::plain(NDJSON, CACHE, lines))
    }
}

/// What one of the files holds.
async fn lines(cx: OperationContext<'_>, file: &str) -> Result<String> {
    let calendars = published(cx).await?;
    Ok(match file {
        "Location" => places(&calendars),
        "Schedule" => calendars.iter().map(Published::line).collect(),
        _ => slots(cx, &calendars).await?,
    })
}

/// The manifest: the same for a minute.
fn manifest(cx: OperationContext<'_>) -> String {
    let base = &cx.request.base_url;
    let second = cx.request.now.as_second();
    let minute = jiff::Timestamp::from_second(second - second.rem_euclid(60));
    let minute = minute.unwrap_or(cx.request.now);
    let mut writer = Writer::with_capacity(512);
    writer.object(|manifest| {
        manifest.string("transactionTime", &minute.to_string());
        manifest.string("request", &format!("{base}/$bulk-publish"));
        manifest.array("output", |files| {
            for name in FILES {
                files.object(|file| {
                    file.string("type", name);
                    file.string("url", &format!("{base}/$bulk-publish?type={name}"));
                });
            }
        });
        manifest.raw("error", "[]");
    });
    writer.finish()
}

/// A calendar that is published.
struct Published {
    key: ResourceKey,
    resource: Resource,
    schedule: Schedule,
    /// Who is busy, and how many visits it takes at once.
    busy_as: String,
    capacity: u32,
    /// Where its visits are.
    places: BTreeMap<String, Resource>,
}

/// The calendars of services that patients book themselves.
async fn published(cx: OperationContext<'_>) -> Result<Vec<Published>> {
    let services = search(cx, "HealthcareService", "active:not=false", LOOKED_AT).await?;
    let is_open = |one: &Resource| {
        let policy = Policy::of(one.root());
        policy.is_ok_and(|policy| policy.is_some_and(|policy| policy.self_book))
    };
    let services: Vec<_> = services
        .into_iter()
        .filter(|(_, one)| is_open(one))
        .collect();
    let named: BTreeSet<String> = services.iter().map(|(key, _)| key.to_string()).collect();
    let types = services.iter().flat_map(|(_, one)| codings(one, "type"));
    let types: Vec<Coding> = types.collect();
    let calendars = search(cx, "Schedule", "active:not=false", LOOKED_AT).await?;
    let understood = calendars.into_iter().filter_map(|(key, resource)| {
        let schedule = Schedule::of(resource.root()).ok().flatten()?;
        Some((key, resource, schedule))
    });
    let understood: Vec<_> = understood.collect();
    let actors = understood
        .iter()
        .map(|(_, _, schedule)| schedule.actor.clone());
    let actors = read_all(cx, actors.collect::<Vec<_>>()).await?;
    let of_roles = actors.values().chain(services.iter().map(|(_, one)| one));
    let places = of_roles.flat_map(|one| references(one, "location"));
    let places = read_all(cx, places.collect::<Vec<_>>()).await?;
    let mut published = Vec::new();
    for (key, resource, schedule) in understood {
        let Some(actor) = actors.get(&schedule.actor) else {
            continue;
        };
        let is_for = provides(&resource, &schedule, actor, &named, &types);
        let found = match schedule.actor.starts_with("Location/") {
            true => BTreeMap::from([(schedule.actor.clone(), actor.clone())]),
            false => places_of(actor, &services, &places),
        };
        if is_for && Actor::new(actor).is_in_use() && !found.is_empty() {
            published.push(Published {
                busy_as: Actor::new(actor).busy_as(&schedule.actor),
                capacity: Actor::new(actor).capacity(),
                places: found,
                key,
                resource,
                schedule,
            });
        }
    }
    Ok(published)
}

/// Whether a calendar says that it is for one of the services: by a rule, by the kinds of visit it is for, or by whose it is.
fn provides(
    calendar: &Resource,
    schedule: &Schedule,
    actor: &Resource,
    named: &BTreeSet<String>,
    types: &[Coding],
) -> bool {
    let rules = schedule.availability.rules.iter();
    let of_rules: Vec<&String> = rules.flat_map(|rule| &rule.services).collect();
    let kinds = codings(calendar, "serviceType");
    let by_kind = kinds.iter().any(|one| types.contains(one));
    let of_actor = references(actor, "healthcareService");
    match (of_rules.is_empty(), kinds.is_empty()) {
        (false, _) => of_rules.iter().any(|one| named.contains(*one)),
        (true, false) => by_kind,
        (true, true) => of_actor.iter().any(|one| named.contains(one)),
    }
}

/// Where a role works, or else where the services are.
fn places_of(
    actor: &Resource,
    services: &[(ResourceKey, Resource)],
    places: &BTreeMap<String, Resource>,
) -> BTreeMap<String, Resource> {
    let known = |names: Vec<String>| {
        let found = names.into_iter().filter_map(|name| {
            let place = places.get(&name)?.clone();
            Some((name, place))
        });
        found.collect::<BTreeMap<_, _>>()
    };
    let own = known(references(actor, "location"));
    let of_actor = references(actor, "healthcareService");
    let of_services = services
        .iter()
        .filter(|(key, _)| of_actor.contains(&key.to_string()));
    let of_services = of_services.flat_map(|(_, one)| references(one, "location"));
    match own.is_empty() {
        true => known(of_services.collect()),
        false => own,
    }
}

impl Published {
    /// The Schedule as it is told of: where and for what, not whose it is.
    fn line(&self) -> String {
        let mut writer = Writer::with_capacity(512);
        writer.object(|schedule| {
            schedule.string("resourceType", "Schedule");
            schedule.string("id", self.key.id.as_str());
            schedule.boolean("active", true);
            for name in ["serviceCategory", "serviceType"] {
                if let Some(value) = self.resource.get(name) {
                    schedule.raw(name, value.raw());
                }
            }
            schedule.array("actor", |actors| {
                for place in self.places.keys() {
                    actors.object(|actor| actor.string("reference", place));
                }
            });
        });
        writer.finish() + "\n"
    }
}

/// The places of all calendars, each once.
fn places(calendars: &[Published]) -> String {
    let all = calendars.iter().flat_map(|one| &one.places);
    let all: BTreeMap<&String, &Resource> = all.collect();
    let mut lines = String::new();
    for place in all.values() {
        let mut writer = Writer::with_capacity(512);
        writer.object(|told| {
            told.string("resourceType", "Location");
            told.string("id", &place.id().unwrap_or_default());
            for name in OF_PLACES {
                if let Some(value) = place.get(name) {
                    told.raw(name, value.raw());
                }
            }
        });
        lines.push_str(&writer.finish());
        lines.push('\n');
    }
    lines
}

/// The free Slots of the calendars that can be booked, the earliest first.
async fn slots(cx: OperationContext<'_>, calendars: &[Published]) -> Result<String> {
    let most = usize::try_from(cx.request.limits.published.slots).unwrap_or(usize::MAX);
    let of = calendars.iter().map(|one| CalendarOf {
        schedule: one.key.clone(),
        actor: one.busy_as.clone(),
        capacity: one.capacity,
    });
    let of: Vec<CalendarOf> = of.collect();
    let by_key: BTreeMap<&ResourceKey, &Published> =
        calendars.iter().map(|one| (&one.key, one)).collect();
    let (mut lines, mut told) = (String::new(), 0);
    let mut after = None;
    for _ in 0..LOOKS {
        let found = cx
            .store
            .free_slots(&of, cx.request.now, after, most)
            .await?;
        let is_last = found.len() < most;
        after = found.last().map(|(_, slot)| slot.clone());
        for (schedule, slot) in found {
            let Some(calendar) = by_key.get(&schedule) else {
                continue;
            };
            let free: Intervals = [slot.times].into_iter().collect();
            if told < most && calendar.schedule.is_open(slot.times, None, &free) {
                lines.push_str(&slot_line(cx, &schedule, &slot));
                told += 1;
            }
        }
        if is_last || told >= most {
            break;
        }
    }
    Ok(lines)
}

/// A Slot as it is told of.
fn slot_line(cx: OperationContext<'_>, schedule: &ResourceKey, slot: &SlotTime) -> String {
    let mut writer = Writer::with_capacity(512);
    writer.object(|told| {
        told.string("resourceType", "Slot");
        told.string("id", slot.key.id.as_str());
        told.object("schedule", |one| {
            one.string("reference", &schedule.to_string())
        });
        told.string("status", "free");
        told.string("start", &slot.times.start.to_string());
        told.string("end", &slot.times.end.to_string());
        if let Some(base) = &cx.request.limits.published.booking_url {
            told.array("extension", |extensions| {
                extensions.object(|link| {
                    link.string("url", DEEP_LINK);
                    link.string("valueUrl", &deep_link(base, slot.key.id.as_str()));
                });
            });
        }
    });
    writer.finish() + "\n"
}

/// Where a Slot is booked: the address of the settings, with the Slot's id.
fn deep_link(base: &str, slot: &str) -> String {
    let joint = if base.contains('?') { '&' } else { '?' };
    format!("{base}{joint}slot={slot}")
}

fn codings(resource: &Resource, member: &str) -> Vec<Coding> {
    let concepts = resource.get(member).into_iter().flat_map(Value::each);
    concepts.flat_map(Coding::all).collect()
}

fn references(resource: &Resource, member: &str) -> Vec<String> {
    let references = resource.get(member).into_iter().flat_map(Value::each);
    let text = |one: Value<'_>| Some(one.get("reference")?.string()?.into_owned());
    references.filter_map(text).collect()
}
