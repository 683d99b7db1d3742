//! A hold takes the time, for whoever has it, until it ends.

use crate::auth::{Act, Rows};
use crate::operations::testing::{World, granted, granted_to};
use crate::operations::visits::testing::*;

const HOLD: &str = "Appointment/$hold";
const BOOK: &str = "Appointment/$book";

fn proposed(hours: (u32, u32), patient: &str) -> String {
    of_resource(&visit("proposed", hours, patient, &["Practitioner/weiss"]))
}

#[tokio::test]
async fn what_is_held_is_booked_by_whoever_holds_it() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let other = granted(Some("Practitioner/other"), Rows::All, Vec::new());
    let key = check(
        &world,
        &cx,
        HOLD,
        &proposed((9, 10), "Patient/anna"),
        "201 pending",
    )
    .await;
    let pending = of_resource(&visit(
        "pending",
        (9, 10),
        "Patient/eva",
        &["Practitioner/weiss"],
    ));
    check(&world, &other, BOOK, &pending, "409 appointment-clash").await;
    let own = of_reference(&key);
    check(&world, &other, BOOK, &own, "403 hold-not-owned").await;
    check(&world, &other, HOLD, &own, "403 hold-not-owned").await;
    check(&world, &later(&cx, 5), HOLD, &own, "200 pending").await;
    check(&world, &later(&cx, 6), HOLD, &own, "422 invalid-transition").await;
    check(&world, &later(&cx, 14), BOOK, &own, "200 booked").await;
    assert!(!world.read(&key).await.unwrap().contains("hold-expires"));
    // Who may release the holds of others books them, too.
    let desk = granted(Some("Practitioner/d"), Rows::All, vec![Act::ReleaseHolds]);
    let key = check(
        &world,
        &other,
        HOLD,
        &proposed((11, 12), "Patient/eva"),
        "201 pending",
    )
    .await;
    check(&world, &desk, BOOK, &of_reference(&key), "200 booked").await;
    world.close().await;
}

#[tokio::test]
async fn a_hold_that_has_ended_holds_nothing() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let key = check(
        &world,
        &cx,
        HOLD,
        &proposed((9, 10), "Patient/anna"),
        "201 pending",
    )
    .await;
    let own = of_reference(&key);
    let then = later(&cx, 10);
    check(&world, &then, BOOK, &own, "422 hold-expired").await;
    check(&world, &then, HOLD, &own, "422 hold-expired").await;
    let pending = of_resource(&visit(
        "pending",
        (9, 10),
        "Patient/eva",
        &["Practitioner/weiss"],
    ));
    check(&world, &then, BOOK, &pending, "201 booked").await;
    // The sweeper says so in the visit, once.
    let interactions = &world.interactions;
    let (store, definitions) = (&interactions.store, &interactions.definitions);
    let sweep = async || crate::jobs::end_holds(store, definitions, &later(&world.cx, 11)).await;
    assert_eq!(sweep().await.unwrap(), 1);
    assert_eq!(sweep().await.unwrap(), 0);
    let stored = world.read(&key).await.unwrap();
    assert!(
        stored.contains("cancelled") && stored.contains("hold-expired"),
        "{stored}"
    );
    assert_eq!(claims(&world).await, 2);
    world.close().await;
}

/// Hours that patients book themselves, all Monday.
const SELF_BOOKED: [&str; 3] = [
    r#"{"resourceType":"HealthcareService","id":"hour","extension":[{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[
        {"url":"duration","valuePositiveInt":60},{"url":"self-book","valueBoolean":true},
        {"url":"requirement","extension":[{"url":"role","valueCode":"counsellor"},{"url":"type","valueCode":"PractitionerRole"}]}]}]}"#,
    r#"{"resourceType":"PractitionerRole","id":"weiss","practitioner":{"reference":"Practitioner/weiss"},
        "code":[{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/staff-role","code":"counsellor"}]}]}"#,
    r#"{"resourceType":"Schedule","id":"weiss","actor":[{"reference":"PractitionerRole/weiss"}],"extension":[
        {"url":"https://vesta.example/fhir/StructureDefinition/availability","extension":[
        {"url":"mode","valueCode":"rules"},{"url":"timezone","valueCode":"Europe/Berlin"},
        {"url":"rule","extension":[{"url":"days","valueCode":"mon"},{"url":"from","valueTime":"00:00:00"},{"url":"to","valueTime":"00:00:00"}]}]}]}"#,
];

#[tokio::test]
async fn a_patient_holds_three_at_once() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    for resource in SELF_BOOKED {
        world.put(resource).await;
    }
    let cx = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let actors = ["PractitionerRole/weiss", "HealthcareService/hour"];
    let proposed = |hours| of_resource(&visit("proposed", hours, "Patient/anna", &actors));
    let bodies = (9..14).map(|hour| proposed((hour, hour + 1)));
    let bodies: Vec<String> = bodies.collect();
    let calls = bodies.iter().map(|body| call(&world, &cx, HOLD, body));
    let answers = futures_util::future::join_all(calls).await;
    let mut said: Vec<(String, String)> = answers.iter().map(brief).collect();
    said.sort();
    let held = |(said, _): &&(String, String)| said == "201 pending";
    assert_eq!(said.iter().filter(held).count(), 3, "{said:?}");
    // One that is held may still be held longer.
    let own = of_reference(&said[0].1);
    check(&world, &later(&cx, 1), HOLD, &own, "200 pending").await;
    let fourth = proposed((14, 15));
    check(&world, &cx, HOLD, &fourth, "422 -").await;
    // By whichever app.
    let other = granted_to("other", Some("Patient/anna"), Rows::All, Vec::new());
    check(&world, &other, HOLD, &fourth, "422 -").await;
    check(&world, &later(&cx, 11), HOLD, &fourth, "201 pending").await;
    world.close().await;
}

#[tokio::test]
async fn a_hold_lasts_no_longer_than_its_kind_says() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world
        .put(r#"{"resourceType":"HealthcareService","id":"short","extension":[{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[
            {"url":"duration","valuePositiveInt":60},{"url":"hold-minutes","valuePositiveInt":5}]}]}"#)
        .await;
    let cx = staff();
    let held = async |hours, service: &str, minutes: Option<&str>| {
        let actors = ["Practitioner/weiss", service];
        let visit = visit("proposed", hours, "Patient/anna", &actors);
        let mut given = vec![("appointment-resource", "resource", &*visit)];
        given.extend(minutes.map(|minutes| ("hold-minutes", "valuePositiveInt", minutes)));
        let key = check(&world, &cx, HOLD, &parameters(&given), "201 pending").await;
        let ends = world.read(&key).await.unwrap();
        (1..=30).find(|minutes| ends.contains(&later(&cx, *minutes).now.to_string()))
    };
    let short = "HealthcareService/short";
    for (hour, service, minutes, expected) in [
        (9, short, None, 5),
        (10, short, Some("20"), 5),
        (11, short, Some("3"), 3),
        (12, "Location/room", None, 10),
        (13, "Location/room", Some("20"), 20),
        (14, "Location/room", Some("40"), 30),
    ] {
        let found = held((hour, hour + 1), service, minutes).await;
        assert_eq!(found, Some(expected), "{service} {minutes:?}");
    }
    world.close().await;
}
