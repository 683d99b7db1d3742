//! The demo clinic: its policies and calendars are understood, and its visits to come are within them.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::SignedDuration;

use super::super::{Interval, Intervals, Policy, Schedule};
use crate::json::{Document, Value};
use crate::time;

#[allow(clippy::disallowed_methods, reason = "the test reads the demo clinic")]
fn bundle(name: &str) -> Document {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../bundles/{name}.json"));
    Document::parse(std::fs::read(path).expect("a Bundle")).expect("JSON")
}

fn resources<'a>(bundle: &'a Document, named: &'a str) -> impl Iterator<Item = Value<'a>> {
    let entries = bundle
        .root()
        .get("entry")
        .into_iter()
        .flat_map(Value::items);
    let resources = entries.filter_map(|entry| entry.get("resource"));
    resources.filter(move |one| text(*one, &["resourceType"]).as_deref() == Some(named))
}

fn text(value: Value<'_>, path: &[&str]) -> Option<String> {
    value.at(path)?.string().map(Into::into)
}

fn times(value: Value<'_>) -> Interval {
    let moment = |name: &str| {
        time::parse_instant(&text(value, &[name]).expect("a moment"))
            .expect("a moment")
            .lower()
    };
    Interval {
        start: moment("start"),
        end: moment("end"),
    }
}

/// Services by the code of their type, with their policies.
fn services(organisation: &Document) -> BTreeMap<String, (String, Policy)> {
    let mut services = BTreeMap::new();
    for service in resources(organisation, "HealthcareService") {
        let policy = Policy::of(service).expect("understood").expect("a policy");
        let code = service
            .get("type")
            .and_then(|types| types.items().next()?.get("coding")?.items().next());
        let code = code
            .and_then(|coding| text(coding, &["code"]))
            .expect("a code");
        services.insert(
            code,
            (
                format!(
                    "HealthcareService/{}",
                    text(service, &["id"]).expect("an id")
                ),
                policy,
            ),
        );
    }
    services
}

/// Calendars by their actors, with what is free by Slots.
fn calendars(organisation: &Document) -> BTreeMap<String, (Schedule, Intervals)> {
    let mut free: BTreeMap<String, Vec<Interval>> = BTreeMap::new();
    for slot in resources(organisation, "Slot") {
        let schedule = text(slot, &["schedule", "reference"]).expect("a schedule");
        free.entry(schedule).or_default().push(times(slot));
    }
    let mut calendars = BTreeMap::new();
    for schedule in resources(organisation, "Schedule") {
        let read = Schedule::of(schedule)
            .expect("understood")
            .expect("availability");
        let key = format!("Schedule/{}", text(schedule, &["id"]).expect("an id"));
        let free: Intervals = free.remove(&key).into_iter().flatten().collect();
        calendars.insert(read.actor.clone(), (read, free));
    }
    assert!(free.is_empty(), "{free:?}");
    calendars
}

#[test]
fn the_demo_clinic_can_be_booked() {
    let (organisation, clinic) = (bundle("01-organisation"), bundle("03-clinic"));
    let (services, calendars) = (services(&organisation), calendars(&organisation));
    let mut ahead = 0;
    for visit in resources(&clinic, "Appointment") {
        if text(visit, &["status"]).as_deref() != Some("booked") {
            continue;
        }
        ahead += 1;
        let coding = visit
            .get("serviceType")
            .and_then(|types| types.items().next()?.get("coding")?.items().next());
        let code = coding
            .and_then(|coding| text(coding, &["code"]))
            .expect("a code");
        let (service, policy) = &services[&code];
        let taken = times(visit);
        assert_eq!(
            taken.end.duration_since(taken.start),
            SignedDuration::from_mins(i64::from(policy.duration))
        );
        let participants = visit.get("participant").expect("participants").items();
        let actors = participants.filter_map(|one| text(one, &["actor", "reference"]));
        for actor in actors.filter(|actor| !actor.starts_with("Patient/")) {
            let (schedule, free) = &calendars[&actor];
            // An hour more or less: dates are shifted over changes of the clock.
            for hours in [-1, 0, 1] {
                let shift = SignedDuration::from_hours(hours);
                let shifted = Interval {
                    start: taken.start + shift,
                    end: taken.end + shift,
                };
                assert!(
                    schedule.is_open(shifted, Some(service), free),
                    "{actor} at {}",
                    shifted.start
                );
            }
        }
    }
    assert!(ahead >= 20, "{ahead}");
}
