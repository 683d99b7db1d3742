//! What patients may not reach on other ways than `$waitlist` and `$find` let them.

use jiff::SignedDuration;

use crate::auth::Rows;
use crate::operations::find::tests::{clinic, monday};
use crate::operations::testing::{World, granted};

use super::super::testing::*;

const BOOK: &str = "Appointment/$book";

/// Two kinds of visit, and a calendar that is booked by its Slots.
async fn by_slots() -> Option<World> {
    let world = World::with(&CLINIC).await?;
    for (id, self_book) in [("open", true), ("closed", false)] {
        world
            .put(&format!(
                r#"{{"resourceType":"HealthcareService","id":"{id}","extension":[{{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[
                {{"url":"duration","valuePositiveInt":60}},{{"url":"self-book","valueBoolean":{self_book}}}]}}]}}"#
            ))
            .await;
    }
    world
        .put(
            r#"{"resourceType":"Schedule","id":"weiss","actor":[{"reference":"Practitioner/weiss"}],"extension":[
            {"url":"https://vesta.example/fhir/StructureDefinition/availability","extension":[
            {"url":"mode","valueCode":"slots"},{"url":"timezone","valueCode":"Europe/Berlin"}]}]}"#,
        )
        .await;
    world
        .put(
            r#"{"resourceType":"Slot","id":"nine","schedule":{"reference":"Schedule/weiss"},"status":"free",
            "start":"2027-03-01T09:00:00+01:00","end":"2027-03-01T10:00:00+01:00"}"#,
        )
        .await;
    Some(world)
}

#[tokio::test]
async fn patients_wait_for_what_patients_wait_for() {
    let Some(world) = by_slots().await else {
        return;
    };
    let eva = visit("pending", (9, 10), "Patient/eva", &["Practitioner/weiss"]);
    check(&world, &staff(), BOOK, &of_resource(&eva), "201 booked").await;
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let wanted = |actors: &[&str]| {
        let all = [&["Practitioner/weiss"], actors].concat();
        let visit = visit("pending", (9, 10), "Patient/anna", &all);
        let urgent = r#"{"priority":1,"extension":[{"url":"https://vesta.example/fhir/StructureDefinition/min-notice-hours","valueUnsignedInt":4000000}],"#;
        parameters(&[
            (
                "appointment-resource",
                "resource",
                &visit.replacen('{', urgent, 1),
            ),
            ("on-clash", "valueCode", r#""waitlist""#),
        ])
    };
    for actors in [&["HealthcareService/closed"][..], &[]] {
        check(&world, &anna, BOOK, &wanted(actors), "403 -").await;
    }
    let open = wanted(&["HealthcareService/open"]);
    let key = check(&world, &anna, BOOK, &open, "201 waitlist").await;
    let stored = world.read(&key).await.unwrap();
    assert!(
        !stored.contains("priority") && !stored.contains("min-notice"),
        "{stored}"
    );
    // Who works here says how urgent it is.
    let urgent = check(&world, &staff(), BOOK, &open, "201 waitlist").await;
    assert!(world.read(&urgent).await.unwrap().contains("priority"));
    world.close().await;
}

#[tokio::test]
async fn what_is_over_is_not_waited_for() {
    let Some(world) = by_slots().await else {
        return;
    };
    let past = visit("pending", (9, 10), "Patient/anna", &["Practitioner/weiss"]);
    let past = past.replace("2027-", "2021-");
    let eva = past.replace("anna", "eva").replace("pending", "booked");
    let slot = r#"{"resourceType":"Slot","id":"past","schedule":{"reference":"Schedule/weiss"},"status":"free",
        "start":"2021-03-01T09:00:00+01:00","end":"2021-03-01T10:00:00+01:00"}"#;
    world.put(slot).await;
    world.put(&eva.replacen('{', r#"{"id":"past","#, 1)).await;
    let waits = parameters(&[
        ("appointment-resource", "resource", &past),
        ("on-clash", "valueCode", r#""waitlist""#),
    ]);
    check(&world, &staff(), BOOK, &waits, "409 appointment-clash").await;
    world.close().await;
}

/// In a long Slot patients begin where `$find` lets them, and anywhere where a Slot does.
#[tokio::test]
async fn patients_begin_where_slots_do_or_find_says() {
    let Some(world) = clinic().await else {
        return;
    };
    let service = world.read("HealthcareService/scan").await.unwrap();
    let duration = r#"{"url": "duration""#;
    let own = format!(r#"{{"url":"self-book","valueBoolean":true}},{duration}"#);
    world.put(&service.replacen(duration, &own, 1)).await;
    let schedule = world.read("Schedule/s0").await.unwrap();
    let slots = schedule.replacen(r#""rules""#, r#""slots""#, 1);
    world.put(&slots).await;
    let at = |hour, minute| monday(&world, hour, minute).timestamp();
    for (id, from, to) in [
        ("short", at(9, 7), at(9, 37)),
        ("long", at(9, 40), at(11, 0)),
    ] {
        world
            .put(&format!(
                r#"{{"resourceType":"Slot","id":"{id}","schedule":{{"reference":"Schedule/s0"}},"status":"free","start":"{from}","end":"{to}"}}"#
            ))
            .await;
    }
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    for ((hour, minute), who, expected) in [
        ((9, 43), &anna, "422 -"),
        ((10, 3), &anna, "422 -"),
        ((9, 7), &anna, "201 pending"),
        ((10, 3), &staff(), "201 pending"),
    ] {
        let (from, to) = (
            at(hour, minute),
            at(hour, minute) + SignedDuration::from_mins(30),
        );
        let room = if expected.starts_with("201") && hour == 10 {
            2
        } else {
            1
        };
        let body = visit("pending", (9, 10), "Patient/anna", &["PractitionerRole/role-a"])
            .replace("2027-03-01T09:00:00+01:00", &from.to_string())
            .replace("2027-03-01T10:00:00+01:00", &to.to_string())
            .replacen(
                r#""participant":["#,
                &format!(
                    r#""participant":[{{"actor":{{"reference":"HealthcareService/scan"}},"required":"information-only","status":"needs-action"}},
                    {{"actor":{{"reference":"Location/room-{room}"}},"status":"needs-action"}},
                    {{"actor":{{"reference":"Device/scanner-{room}"}},"status":"needs-action"}},"#
                ),
                1,
            );
        check(
            &world,
            who,
            "Appointment/$hold",
            &of_resource(&body),
            expected,
        )
        .await;
    }
    world.close().await;
}
