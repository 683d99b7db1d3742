//! The calendars of a clinic as operations see them: who and what there is, when it is open, when it is busy. They are read for
//! whoever asks, since an answer tells of nothing but free time.

mod actor;
mod needs;

use std::collections::{BTreeMap, BTreeSet};

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::Value;
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Interval, Intervals, Schedule};
use jiff::{SignedDuration, Timestamp};

pub(in crate::operations) use self::actor::Actor;
pub(in crate::operations) use self::needs::{Wanted, lanes_of, needs};
use crate::auth::{Access, Reason};
use crate::context::{Handling, RequestContext};
use crate::definitions::Searched;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::OperationContext;
use crate::store::Source;
use crate::terminology::planned;

/// Calendars that one question looks at.
const CALENDARS_MAX: usize = 2000;
/// Slots that one question looks at.
const SLOTS_MAX: usize = 20_000;
/// Ids in one search: what is more is asked for in turn.
const IDS: usize = 100;

/// A calendar that is understood.
#[derive(Debug)]
pub(in crate::operations) struct Calendar {
    /// The Schedule.
    pub(in crate::operations) key: ResourceKey,
    /// What it says.
    pub(in crate::operations) schedule: Schedule,
    /// The kinds of visit it is for; without any, for all.
    service_types: Vec<Coding>,
    /// What free Slots open.
    pub(in crate::operations) free: Intervals,
}

impl Calendar {
    /// Whether visits of a HealthcareService of these types may be put into it.
    fn takes(&self, service_types: &[Coding]) -> bool {
        self.service_types.is_empty()
            || self
                .service_types
                .iter()
                .any(|one| service_types.contains(one))
    }
}

/// All that one question needs of them.
#[derive(Debug)]
pub(in crate::operations) struct Calendars {
    /// By `[type]/[id]` of their actors.
    pub(in crate::operations) by_actor: BTreeMap<String, Vec<Calendar>>,
    /// What was not understood, and therefore counts as closed.
    pub(in crate::operations) issues: Vec<Issue>,
}

/// The request as the server itself makes it.
pub(in crate::operations) fn own_request(cx: OperationContext<'_>) -> RequestContext {
    RequestContext {
        access: Access::system(Reason::Calendars),
        handling: Handling::Strict,
        audited: None,
        ..cx.request.clone()
    }
}

impl Calendars {
    /// The calendars whose actors are of these types or are these, with the Slots of a window.
    pub(in crate::operations) async fn read(
        cx: OperationContext<'_>,
        is_wanted: impl Fn(&str) -> bool,
        window: Interval,
    ) -> Result<Self> {
        let found = search(cx, "Schedule", "active:not=false", CALENDARS_MAX).await?;
        let mut calendars = Self {
            by_actor: BTreeMap::new(),
            issues: Vec::new(),
        };
        for (key, resource) in found {
            let actors = resource.get("actor").into_iter().flat_map(Value::items);
            let mut actors = actors.filter_map(|one| one.get("reference").and_then(Value::string));
            if !actors.any(|actor| is_wanted(&actor)) {
                continue;
            }
            match Schedule::of(resource.root()) {
                Ok(Some(schedule)) => {
                    let service_types = resource.get("serviceType");
                    let service_types = service_types.into_iter().flat_map(Value::items);
                    let calendar = Calendar {
                        key,
                        service_types: service_types.flat_map(Coding::all).collect(),
                        free: Intervals::default(),
                        schedule,
                    };
                    let actor = calendar.schedule.actor.clone();
                    calendars.by_actor.entry(actor).or_default().push(calendar);
                }
                Ok(None) => {}
                Err(fault) => calendars.issues.push(closed(&key, &fault.to_string())),
            }
        }
        calendars.read_slots(cx, window).await?;
        Ok(calendars)
    }

    /// What free Slots open. Each is at most a day long; longer ones are found where they begin within the window.
    async fn read_slots(&mut self, cx: OperationContext<'_>, window: Interval) -> Result<()> {
        let early = window.start.checked_sub(SignedDuration::from_hours(24));
        let early = early.unwrap_or(window.start);
        let mut of_schedule: BTreeMap<String, Vec<Interval>> = BTreeMap::new();
        let keys = self.by_actor.values().flatten();
        let keys: Vec<String> = keys.map(|one| one.key.to_string()).collect();
        for keys in keys.chunks(IDS) {
            let query = format!(
                "schedule={}&status=free&start=ge{early}&start=lt{}",
                keys.join(","),
                window.end
            );
            for (_, slot) in search(cx, "Slot", &query, SLOTS_MAX).await? {
                let schedule = slot.root().at(&["schedule", "reference"]);
                let schedule = schedule.and_then(Value::string);
                let times = moment(slot.get("start")).zip(moment(slot.get("end")));
                if let (Some(schedule), Some((start, end))) = (schedule, times) {
                    let slots = of_schedule.entry(schedule.into_owned()).or_default();
                    slots.push(Interval { start, end });
                }
            }
        }
        for calendar in self.by_actor.values_mut().flatten() {
            let free = of_schedule.remove(&calendar.key.to_string());
            calendar.free = free.into_iter().flatten().collect();
        }
        Ok(())
    }

    /// When an actor can be booked for a HealthcareService of these types, or, without one, for any.
    pub(in crate::operations) fn open(
        &self,
        actor: &str,
        window: Interval,
        service: Option<(&str, &[Coding])>,
    ) -> Intervals {
        let calendars = self.by_actor.get(actor).into_iter().flatten();
        let taken = calendars.filter(|one| service.is_none_or(|(_, types)| one.takes(types)));
        let named = service.map(|(named, _)| named);
        let open = taken.map(|one| one.schedule.open(window, named, &one.free));
        open.reduce(|all, one| all.union(&one)).unwrap_or_default()
    }
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
    let request = own_request(cx);
    let types = [ResourceType::parse(named).ok_or_else(|| Error::internal("R4 has this type"))?];
    let searched = Searched::of(&types, query, Handling::Strict);
    let plan = planned(&request, cx.store, cx.definitions, &searched).await?;
    let mut source = Source::Committed(cx.store);
    let mut cursor: Option<String> = None;
    let mut found = Vec::new();
    loop {
        let count = request.limits.page_size_max;
        let page = source
            .search(&request, &plan, count, named, cursor.as_deref())
            .await?;
        for version in page.matches {
            let content = version.content.unwrap_or_default();
            let resource = Resource::parse_with(content, request.limits.parse);
            found.push((version.key, resource.map_err(Error::internal)?));
        }
        if found.len() > most {
            let sentence =
                format!("one question looks at {most} resources of type {named} at most");
            return Err(Error::new(ErrorKind::TooCostly, sentence));
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(found);
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
