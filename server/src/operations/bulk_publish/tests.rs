//! What is published of free Slots: where and when, and of nobody else anything.

use std::sync::Arc;

use fhir::resource::Resource;

use crate::context::{Limits, Published, RequestContext};
use crate::operations::slots::testing::calendar;
use crate::operations::testing::World;
use crate::operations::visits::testing::*;

fn service(id: &str, self_book: bool) -> String {
    format!(
        r#"{{"resourceType":"HealthcareService","id":"{id}","active":true,"location":[{{"reference":"Location/room"}}],"extension":[{{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[{{"url":"duration","valuePositiveInt":30}},{{"url":"self-book","valueBoolean":{self_book}}}]}}]}}"#
    )
}

fn role(id: &str, person: &str, service: &str) -> String {
    format!(
        r#"{{"resourceType":"PractitionerRole","id":"{id}","practitioner":{{"reference":"Practitioner/{person}"}},"healthcareService":[{{"reference":"HealthcareService/{service}"}}]}}"#
    )
}

fn slot(id: &str, schedule: &str, status: &str, hours: (u32, u32)) -> String {
    format!(
        r#"{{"resourceType":"Slot","id":"{id}","schedule":{{"reference":"Schedule/{schedule}"}},"status":"{status}","start":"2027-03-01T{:02}:00:00+01:00","end":"2027-03-01T{:02}:00:00+01:00"}}"#,
        hours.0, hours.1
    )
}

/// The ids and what else of one kind each line says.
async fn lines(world: &World, cx: &RequestContext, file: &str) -> Vec<String> {
    let url = format!("http://localhost/fhir/$bulk-publish?type={file}");
    let text = world.get_with(cx, &url).await.unwrap();
    let one = |line: &str| {
        let resource = Resource::parse(line.to_owned()).unwrap();
        resource.id().unwrap()
    };
    text.lines().map(one).collect()
}

/// Whoever asks where free Slots are published.
fn open_to_all(world: &World) -> RequestContext {
    let published = Published {
        is_on: true,
        booking_url: Some("https://book.example/start".into()),
        slots: 2,
        calendar_places: false,
    };
    let limits = Limits {
        published,
        ..Limits::clone(&world.cx.limits)
    };
    RequestContext {
        limits: Arc::new(limits),
        ..world.cx.clone()
    }
}

#[tokio::test]
async fn free_slots_that_patients_book_are_published() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    for resource in [
        &service("first", true),
        &service("hidden", false),
        &role("of-weiss", "weiss", "first"),
        &role("of-lindholm", "lindholm", "hidden"),
        &calendar("weiss", "PractitionerRole/of-weiss", "slots"),
        &calendar("lindholm", "PractitionerRole/of-lindholm", "slots"),
        &slot("open", "weiss", "free", (9, 10)),
        &slot("met", "weiss", "free", (10, 11)),
        &slot("later", "weiss", "free", (11, 12)),
        &slot("closed", "lindholm", "free", (9, 10)),
        &slot("leave", "weiss", "busy-unavailable", (13, 14)),
    ] {
        world.put(resource).await;
    }
    // Somebody is busy all the same, in another role.
    let met = visit("booked", (10, 11), "Patient/anna", &["Practitioner/weiss"]);
    world.put(&met.replacen('{', r#"{"id":"met","#, 1)).await;
    let off = world
        .get("http://localhost/fhir/$bulk-publish")
        .await
        .unwrap_err();
    assert!(off.starts_with("404 "), "{off}");
    let cx = open_to_all(&world);
    let manifest = world
        .get_with(&cx, "http://localhost/fhir/$bulk-publish")
        .await;
    let manifest = manifest.unwrap();
    for file in ["Location", "Schedule", "Slot"] {
        let url = format!(r#""url":"http://localhost/fhir/$bulk-publish?type={file}""#);
        assert!(manifest.contains(&url), "{manifest}");
    }
    assert_eq!(lines(&world, &cx, "Location").await, ["room"]);
    assert_eq!(lines(&world, &cx, "Schedule").await, ["weiss"]);
    assert_eq!(lines(&world, &cx, "Slot").await, ["open", "later"]);
    // For a minute that is the answer; then two Slots at which the calendar is closed are not told instead of others.
    let closed = r#"{"url":"exception","extension":[{"url":"when","valuePeriod":{"start":"2027-03-01T03:00:00+01:00","end":"2027-03-01T07:00:00+01:00"}},{"url":"kind","valueCode":"closed"}]},{"url":"rule""#;
    let weiss = calendar("weiss", "PractitionerRole/of-weiss", "slots");
    world
        .put(&weiss.replacen(r#"{"url":"rule""#, closed, 1))
        .await;
    world.put(&slot("night", "weiss", "free", (4, 5))).await;
    world.put(&slot("dawn", "weiss", "free", (6, 7))).await;
    assert_eq!(lines(&world, &cx, "Slot").await, ["open", "later"]);
    let cx = RequestContext {
        now: cx.now + jiff::SignedDuration::from_secs(61),
        ..cx
    };
    world
        .put(&slot("open", "weiss", "busy-unavailable", (9, 10)))
        .await;
    assert_eq!(lines(&world, &cx, "Slot").await, ["later"]);
    let slots = world
        .get_with(&cx, "http://localhost/fhir/$bulk-publish?type=Slot")
        .await;
    let slots = slots.unwrap();
    assert!(
        slots.contains("https://book.example/start?slot=later"),
        "{slots}"
    );
    for word in ["anna", "Practitioner", "Appointment"] {
        assert!(!slots.contains(word), "{slots}");
    }
    let refused = world
        .get_with(&cx, "http://localhost/fhir/$bulk-publish?type=Patient")
        .await;
    assert!(refused.unwrap_err().starts_with("400 "));
    world.close().await;
}
