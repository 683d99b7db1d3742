//! The calendars of a clinic as operations see them: who and what there is, when it is open, when it is busy. They are read for
//! whoever asks, since an answer tells of nothing but free time.

mod needs;

use std::collections::{BTreeMap, BTreeSet};

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::Value;
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::scheduling::Interval;
use jiff::{SignedDuration, Timestamp};

pub(in crate::operations) use self::needs::{Wanted, lanes_of, needs};
use crate::auth::{Access, Reason};
use crate::context::{Handling, RequestContext};
use crate::definitions::Searched;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::OperationContext;
use crate::scheduling::Calendars;
use crate::store::{Source, StoredVersion};
use crate::terminology::planned;

/// Calendars that one question looks at.
const CALENDARS_MAX: usize = 2000;
/// Ids in one search: what is more is asked for in turn.
const IDS: usize = 100;

/// The request as the server itself makes it.
pub(in crate::operations) fn own_request(cx: OperationContext<'_>) -> RequestContext {
    RequestContext {
        access: Access::system(Reason::Calendars),
        handling: Handling::Strict,
        audited: None,
        ..cx.request.clone()
    }
}

/// The calendars whose actors are of these types or are these, with the Slots of a window.
pub(in crate::operations) async fn read(
    cx: OperationContext<'_>,
    is_wanted: impl Fn(&str) -> bool,
    window: Interval,
) -> Result<Calendars> {
    let mut found = search(cx, "Schedule", "active:not=false", CALENDARS_MAX).await?;
    found.retain(|(_, resource)| {
        let actors = resource.get("actor").into_iter().flat_map(Value::items);
        let mut actors = actors.filter_map(|one| one.get("reference").and_then(Value::string));
        actors.any(|actor| is_wanted(&actor))
    });
    let mut calendars = Calendars::of(found);
    let slots = slots(cx, &calendars, window).await?;
    calendars.open_by_slots(slots);
    Ok(calendars)
}

/// What free Slots open. Each is at most a day long; longer ones are found where they begin within the window.
async fn slots(
    cx: OperationContext<'_>,
    calendars: &Calendars,
    window: Interval,
) -> Result<BTreeMap<String, Vec<Interval>>> {
    let early = window.start.checked_sub(SignedDuration::from_hours(24));
    let early = early.unwrap_or(window.start);
    let mut of_schedule: BTreeMap<String, Vec<Interval>> = BTreeMap::new();
    let keys = calendars.by_actor.values().flatten();
    let keys: Vec<String> = keys.map(|one| one.key.to_string()).collect();
    let most = cx.request.limits.slots_read;
    for keys in keys.chunks(IDS) {
        let query = format!(
            "schedule={}&status=free&start=ge{early}&start=lt{}",
            keys.join(","),
            window.end
        );
        for (_, slot) in search(cx, "Slot", &query, most).await? {
            let schedule = slot.root().at(&["schedule", "reference"]);
            let schedule = schedule.and_then(Value::string);
            let times = moment(slot.get("start")).zip(moment(slot.get("end")));
            if let (Some(schedule), Some((start, end))) = (schedule, times) {
                let slots = of_schedule.entry(schedule.into_owned()).or_default();
                slots.push(Interval { start, end });
            }
        }
    }
    Ok(of_schedule)
}

/// What of the calendars is not understood, and therefore closed.
pub(in crate::operations) fn issues(calendars: &Calendars) -> Vec<Issue> {
    let faults = calendars.faults.iter();
    faults.map(|(key, why)| closed(key, why)).collect()
}

/// A calendar or policy that is not understood is closed, and that is said.
fn closed(key: &ResourceKey, why: &str) -> Issue {
    let sentence = format!("{key} is not understood and counts as closed: {why}");
    let mut issue = Issue::error(IssueType::NotSupported, sentence);
    issue.severity = Severity::Warning;
    issue
}

/// A moment of an element.
pub(in crate::operations) fn moment(element: Option<Value<'_>>) -> Option<Timestamp> {
    let text = element?.string()?;
    fhir::time::parse_instant(&text)
        .ok()
        .map(|read| read.lower())
}

/// All resources of a type that a query selects, as the server itself sees them.
pub(in crate::operations) async fn search(
    cx: OperationContext<'_>,
    named: &str,
    query: &str,
    most: usize,
) -> Result<Vec<(ResourceKey, Resource)>> {
    let found = versions(cx, named, query, most).await?;
    let keyed = found.into_iter().map(|(version, one)| (version.key, one));
    Ok(keyed.collect())
}

/// The same, with the versions they are.
pub(in crate::operations) async fn versions(
    cx: OperationContext<'_>,
    named: &str,
    query: &str,
    most: usize,
) -> Result<Vec<(StoredVersion, Resource)>> {
    let mut found = Vec::new();
    let take = |version, resource| {
        found.push((version, resource));
        match found.len() > most {
            true => {
                let sentence =
                    format!("one question looks at {most} resources of type {named} at most");
                Err(Error::new(ErrorKind::TooCostly, sentence))
            }
            false => Ok(()),
        }
    };
    each(cx, named, query, take).await?;
    Ok(found)
}

/// The same, however many they are, one after the other.
pub(in crate::operations) async fn each(
    cx: OperationContext<'_>,
    named: &str,
    query: &str,
    mut take: impl FnMut(StoredVersion, Resource) -> Result<()>,
) -> Result<()> {
    let request = own_request(cx);
    let types = [ResourceType::parse(named).ok_or_else(|| Error::internal("R4 has this type"))?];
    let searched = Searched::of(&types, query, Handling::Strict);
    let plan = planned(&request, cx.store, cx.definitions, &searched).await?;
    let mut source = Source::Committed(cx.store);
    let mut cursor: Option<String> = None;
    loop {
        let count = request.limits.page_size_max;
        let page = source
            .search(&request, &plan, count, named, cursor.as_deref())
            .await?;
        for version in page.matches {
            let content = version.content.clone().unwrap_or_default();
            let resource = Resource::parse_with(content, request.limits.parse);
            take(version, resource.map_err(Error::internal)?)?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Resources by their keys `[type]/[id]`; what is not there is left out.
pub(in crate::operations) async fn read_all(
    cx: OperationContext<'_>,
    keys: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, Resource>> {
    let mut of_type: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for key in keys {
        let key: ResourceKey = match key.parse() {
            Ok(key) => key,
            Err(_) => continue,
        };
        let ids = of_type
            .entry(key.resource_type.name().to_owned())
            .or_default();
        ids.insert(key.id.to_string());
    }
    let mut found = BTreeMap::new();
    for (named, ids) in of_type {
        let ids: Vec<String> = ids.into_iter().collect();
        for ids in ids.chunks(IDS) {
            let query = format!("_id={}", ids.join(","));
            let resources = search(cx, &named, &query, ids.len()).await?;
            found.extend(
                resources
                    .into_iter()
                    .map(|(key, one)| (key.to_string(), one)),
            );
        }
    }
    Ok(found)
}
