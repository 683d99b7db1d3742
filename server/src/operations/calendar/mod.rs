//! `Practitioner/[id]/$calendar`: somebody's visits for programs that show calendars, to whoever has the secret of the link
//! (<https://www.rfc-editor.org/rfc/rfc5545>).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::subscription;
use jiff::SignedDuration;

use super::find::calendars::{search, versions};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{SecretHash, Source};

/// Days before and after now whose visits are shown.
const DAYS: (i64, i64) = (30, 366);
/// Visits and roles of one person.
const MOST: usize = 5000;
/// How long an answer may be kept, by whoever asked alone.
const CACHE: &str = "private, max-age=300";

/// The operation.
pub(super) struct Calendar;

/// What it takes.
pub(super) struct CalendarParams {
    key: String,
}

impl Params for CalendarParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            key: arguments.required("key")?,
        })
    }
}

impl Operation for Calendar {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = CalendarParams;

    async fn invoke(cx: OperationContext<'_>, params: CalendarParams) -> Result<OperationAnswer> {
        let person = cx.instance()?;
        let found = cx
            .store
            .calendar_of_link(&SecretHash::of(&params.key))
            .await?;
        if found.as_ref() != Some(person) {
            let sentence = "there is no such calendar";
            return Err(Error::new(ErrorKind::NotFound, sentence));
        }
        if !is_here(cx, person).await? {
            return Err(Error::new(ErrorKind::NotFound, "there is no such calendar"));
        }
        let visits = visits(cx, person).await?;
        let texts: Vec<Value<'_>> = visits.values().map(Resource::root).collect();
        let shows_places = cx.request.limits.published.calendar_places;
        let calendar = subscription(&texts, &cx.request.base_url, shows_places);
        Ok(OperationAnswer::plain(
            "text/calendar; charset=utf-8",
            CACHE,
            calendar,
        ))
    }
}

/// Whether the person is still here: a link does not outlive whose it is.
async fn is_here(cx: OperationContext<'_>, person: &ResourceKey) -> Result<bool> {
    let own = super::find::calendars::own_request(cx);
    let version = Source::Committed(cx.store).read(&own, person).await?;
    let Some(content) = version.and_then(|one| one.content) else {
        return Ok(false);
    };
    let resource = Resource::parse(content).map_err(Error::internal)?;
    let active = resource.get("active").map(Value::raw);
    Ok(active != Some("false"))
}

/// The visits that somebody takes part in, in person or in a role.
async fn visits(
    cx: OperationContext<'_>,
    person: &ResourceKey,
) -> Result<BTreeMap<ResourceKey, Resource>> {
    let query = format!("practitioner={person}");
    let roles = search(cx, "PractitionerRole", &query, MOST).await?;
    let actors = roles.into_iter().map(|(key, _)| key.to_string());
    let actors: Vec<String> = actors.chain([person.to_string()]).collect();
    let now = cx.request.now;
    let (from, to) = (
        now - SignedDuration::from_hours(24 * DAYS.0),
        now + SignedDuration::from_hours(24 * DAYS.1),
    );
    let mut visits = BTreeMap::new();
    for actors in actors.chunks(50) {
        let query = format!(
            "actor={}&status=booked,arrived,checked-in,fulfilled,cancelled&date=ge{from}&date=lt{to}",
            actors.join(",")
        );
        for (version, visit) in versions(cx, "Appointment", &query, MOST).await? {
            if let Some(content) = &version.content {
                cx.note_read(&version, content)?;
            }
            visits.insert(version.key, visit);
        }
    }
    Ok(visits)
}
