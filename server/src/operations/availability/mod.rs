//! `$availability` of people, places, devices and services: when they are free and when they are not, and nothing else.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use fhir::ids::ResourceKey;
use fhir::json::{Value, Writer};
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Interval, Intervals};

use super::find::calendars::{lanes_of, read, read_all, search};
use super::find::window;
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, Result};
use crate::scheduling::Actor;

/// Actors of one answer.
const ACTORS_MAX: usize = 500;

/// The operation.
pub(super) struct Availability;

/// What it takes.
pub(super) struct AvailabilityParams {
    start: String,
    end: String,
}

impl Params for AvailabilityParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            start: arguments.required("start")?,
            end: arguments.required("end")?,
        })
    }
}

impl Operation for Availability {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = AvailabilityParams;

    async fn invoke(
        cx: OperationContext<'_>,
        params: AvailabilityParams,
    ) -> Result<OperationAnswer> {
        let window = window(&params.start, &params.end)?;
        let asked = cx.instance()?;
        let (version, content) = cx.read(asked).await?;
        cx.note_read(&version, &content)?;
        let resource =
            Resource::parse_with(content, cx.request.limits.parse).map_err(Error::internal)?;
        let actors = actors(cx, asked, &resource).await?;
        let calendars = read(cx, |one| actors.contains_key(one), window).await?;
        let types = resource.get("type").into_iter().flat_map(Value::each);
        let types: Vec<Coding> = types.flat_map(Coding::all).collect();
        let named = asked.to_string();
        let service =
            (asked.resource_type.name() == "HealthcareService").then_some((&*named, &*types));
        let people = actors.iter().map(|(key, one)| Actor::new(one).busy_as(key));
        let people: Vec<String> = people.collect::<BTreeSet<String>>().into_iter().collect();
        let busy = cx.store.busy(&people, window, cx.request.now).await?;
        let mut slots = Vec::new();
        for (key, calendars_of) in &calendars.by_actor {
            let Some(actor) = actors
                .get(key)
                .map(Actor::new)
                .filter(|one| one.is_in_use())
            else {
                continue;
            };
            let lanes = lanes_of(&busy, &actor.busy_as(key), actor.capacity());
            let full = lanes
                .into_iter()
                .reduce(|all, one| all.intersect(&one))
                .unwrap_or_default();
            let open = calendars.open(key, window, service);
            if open.is_empty() && service.is_some() {
                continue;
            }
            if let Some(calendar) = calendars_of.first() {
                let schedule = calendar.key.to_string();
                slots.extend(told(&schedule, &open.subtract(&full), "free"));
                slots.extend(told(&schedule, &full.within(window), "busy"));
            }
        }
        slots.sort();
        Ok(OperationAnswer::resource(bundle(&slots)))
    }
}

/// Schedule, times and status of a Slot.
type Told = (String, Interval, &'static str);

fn told(schedule: &str, times: &Intervals, status: &'static str) -> Vec<Told> {
    times
        .iter()
        .map(|one| (schedule.to_owned(), one, status))
        .collect()
}

/// The actors whose calendars are meant, by `[type]/[id]`.
async fn actors(
    cx: OperationContext<'_>,
    asked: &ResourceKey,
    resource: &Resource,
) -> Result<BTreeMap<String, Resource>> {
    let mut actors = BTreeMap::from([(asked.to_string(), resource.clone())]);
    match asked.resource_type.name() {
        "Practitioner" => {
            let query = format!("practitioner={asked}");
            let roles = search(cx, "PractitionerRole", &query, ACTORS_MAX).await?;
            actors.extend(roles.into_iter().map(|(key, role)| (key.to_string(), role)));
        }
        "HealthcareService" => {
            let calendars = search(cx, "Schedule", "active:not=false", 2 * ACTORS_MAX).await?;
            let keys = calendars
                .iter()
                .flat_map(|(_, one)| one.get("actor").into_iter().flat_map(Value::items));
            let keys =
                keys.filter_map(|one| one.get("reference").and_then(Value::string).map(Into::into));
            let named = asked.to_string();
            let provides = |one: &Resource| {
                let services = one
                    .get("healthcareService")
                    .into_iter()
                    .flat_map(Value::items);
                let services: Vec<_> = services
                    .filter_map(|one| one.get("reference").and_then(Value::string))
                    .collect();
                one.resource_type().name() != "PractitionerRole"
                    || services.iter().any(|one| **one == *named)
            };
            let found = read_all(cx, keys.collect::<Vec<String>>()).await?;
            actors.extend(found.into_iter().filter(|(_, one)| provides(one)));
        }
        _ => {}
    }
    Ok(actors)
}

fn bundle(slots: &[Told]) -> String {
    let mut writer = Writer::with_capacity(slots.len() * 220 + 128);
    writer.object(|bundle| {
        bundle.string("resourceType", "Bundle");
        bundle.string("type", "collection");
        if slots.is_empty() {
            return;
        }
        bundle.array("entry", |entries| {
            for (schedule, times, status) in slots {
                entries.object(|entry| {
                    entry.object("resource", |slot| {
                        slot.string("resourceType", "Slot");
                        slot.object("schedule", |reference| {
                            reference.string("reference", schedule)
                        });
                        slot.string("status", status);
                        slot.string("start", &times.start.to_string());
                        slot.string("end", &times.end.to_string());
                    });
                });
            }
        });
    });
    writer.finish()
}
