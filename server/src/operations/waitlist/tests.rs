//! Who waits is on the list with what they have said, and nothing else waits.

use crate::auth::Rows;
use crate::operations::find::tests::{clinic, monday};
use crate::operations::testing::{World, granted};
use crate::operations::visits::testing::*;

const WAIT: &str = "Appointment/$waitlist";

fn asked(world: &World, more: &[(&str, &str, &str)]) -> String {
    let period = format!(
        r#"{{"start":"{}","end":"{}"}}"#,
        monday(world, 0, 0).timestamp(),
        monday(world, 23, 0).timestamp()
    );
    let mut all = vec![
        (
            "healthcare-service",
            "valueReference",
            r#"{"reference":"HealthcareService/scan"}"#,
        ),
        (
            "patient-reference",
            "valueReference",
            r#"{"reference":"Patient/anna"}"#,
        ),
        ("requested-period", "valuePeriod", &*period),
    ];
    all.retain(|(name, ..)| more.iter().all(|(other, ..)| name != other));
    all.extend_from_slice(more);
    parameters(&all)
}

#[tokio::test]
async fn who_waits_says_for_what_and_when() {
    let Some(world) = clinic().await else {
        return;
    };
    let service = |id| ("healthcare-service", "valueReference", id);
    let own = world.read("HealthcareService/scan").await.unwrap();
    let open = own.replace(r#""id": "scan""#, r#""id": "own""#).replacen(
        r#"{"url": "duration""#,
        r#"{"url":"self-book","valueBoolean":true},{"url": "duration""#,
        1,
    );
    world.put(&open).await;
    world
        .put(r#"{"resourceType":"HealthcareService","id":"bare"}"#)
        .await;
    let all = [
        ("priority", "valueUnsignedInt", "2"),
        ("min-notice-hours", "valueUnsignedInt", "4"),
        (
            "practitioner",
            "valueReference",
            r#"{"reference":"PractitionerRole/role-a"}"#,
        ),
    ];
    let past = (
        "requested-period",
        "valuePeriod",
        r#"{"start":"2020-01-01","end":"2020-01-02"}"#,
    );
    let (own, bare) = (
        r#"{"reference":"HealthcareService/own"}"#,
        r#"{"reference":"HealthcareService/bare"}"#,
    );
    let (desk, anna) = (
        staff(),
        granted(Some("Patient/anna"), Rows::All, Vec::new()),
    );
    let key = check(&world, &desk, WAIT, &asked(&world, &all), "201 waitlist").await;
    let stored = world.read(&key).await.unwrap();
    for part in [
        r#""status": "waitlist""#,
        r#""priority": 2"#,
        "min-notice-hours\", \"valueUnsignedInt\": 4",
        "HealthcareService/scan",
        "PractitionerRole/role-a",
        "requestedPeriod",
        r#""code": "scan""#,
    ] {
        assert!(stored.contains(part), "{part} in {stored}");
    }
    for (cx, more, expected) in [
        (&desk, vec![past], "400 -"),
        (&desk, vec![service(bare)], "422 -"),
        (&anna, Vec::new(), "403 -"),
        (&anna, vec![service(own), all[0]], "403 -"),
        (&anna, vec![service(own)], "201 waitlist"),
    ] {
        check(&world, cx, WAIT, &asked(&world, &more), expected).await;
    }
    assert_eq!(claims(&world).await, 0);
    world.close().await;
}

/// Anna and somebody else want the same hour of the nurse.
fn wanted(world: &World, patient: &str, more: &str) -> String {
    let at = |minute| monday(world, 9, minute).timestamp();
    let participants = [patient, "PractitionerRole/role-nurse"]
        .map(|one| format!(r#"{{"actor":{{"reference":"{one}"}},"status":"needs-action"}}"#));
    let visit = format!(
        r#"{{"resourceType":"Appointment","status":"pending",{more}"start":"{}","end":"{}","participant":[{},
        {{"actor":{{"reference":"HealthcareService/talk"}},"required":"information-only","status":"needs-action"}}]}}"#,
        at(0),
        at(30),
        participants.join(",")
    );
    parameters(&[
        ("appointment-resource", "resource", &visit),
        ("on-clash", "valueCode", r#""waitlist""#),
    ])
}

#[tokio::test]
async fn a_patient_waits_for_so_much_at_once() {
    let Some(world) = clinic().await else {
        return;
    };
    let desk = staff();
    assert_eq!(desk.limits.waiting, 3);
    // What is over is not counted, nor who else waits.
    for (id, period, patient) in [("past", "2020", "anna"), ("other", "2099", "eva")] {
        world
            .put(&format!(r#"{{"resourceType":"Patient","id":"{patient}"}}"#))
            .await;
        world
            .put(&format!(
                r#"{{"resourceType":"Appointment","id":"{id}","status":"waitlist","requestedPeriod":[{{"end":"{period}-02-01"}}],
                "participant":[{{"actor":{{"reference":"Patient/{patient}"}},"status":"needs-action"}}]}}"#
            ))
            .await;
    }
    let mut last = String::new();
    for _ in 0..3 {
        last = check(&world, &desk, WAIT, &asked(&world, &[]), "201 waitlist").await;
    }
    let full = "422 waitlist-full";
    check(&world, &desk, WAIT, &asked(&world, &[]), full).await;
    let eva = (
        "patient-reference",
        "valueReference",
        r#"{"reference":"Patient/eva"}"#,
    );
    check(&world, &desk, WAIT, &asked(&world, &[eva]), "201 waitlist").await;
    // Nor by what cannot be booked.
    talks(&world).await;
    let book = "Appointment/$book";
    let first = wanted(&world, "Patient/eva", "");
    check(&world, &desk, book, &first, "201 booked").await;
    let second = wanted(&world, "Patient/anna", "");
    check(&world, &desk, book, &second, full).await;
    // Who comes says the call, too.
    let anna = r#""parameter":[{"name":"patient-reference","valueReference":{"reference":"Patient/anna"}},"#;
    let said = first.replacen(r#""parameter":["#, anna, 1);
    check(&world, &desk, book, &said, full).await;
    let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"x"}"#)]);
    let path = format!("{last}/$cancel");
    check(&world, &desk, &path, &reason, "200 cancelled").await;
    check(&world, &desk, book, &second, "201 waitlist").await;
    world.close().await;
}

/// A kind of visit that patients book themselves.
async fn talks(world: &World) {
    world
        .put(
            r#"{"resourceType":"HealthcareService","id":"talk","extension":[{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[
            {"url":"duration","valuePositiveInt":30},{"url":"self-book","valueBoolean":true},
            {"url":"requirement","extension":[{"url":"role","valueCode":"nurse"},{"url":"type","valueCode":"PractitionerRole"}]}]}]}"#,
        )
        .await;
}

#[tokio::test]
async fn patients_do_not_say_how_urgent_it_is() {
    let Some(world) = clinic().await else {
        return;
    };
    world.put(r#"{"resourceType":"Patient","id":"eva"}"#).await;
    talks(&world).await;
    let (desk, anna) = (
        staff(),
        granted(Some("Patient/anna"), Rows::All, Vec::new()),
    );
    let book = "Appointment/$book";
    let first = wanted(&world, "Patient/eva", "");
    check(&world, &desk, book, &first, "201 booked").await;
    let urgent = wanted(&world, "Patient/anna", r#""priority":1,"#);
    // What $waitlist refuses, a booking that comes to nothing leaves out.
    let key = check(&world, &anna, book, &urgent, "201 waitlist").await;
    assert!(!world.read(&key).await.unwrap().contains("priority"));
    check(&world, &desk, book, &urgent, "201 waitlist").await;
    world.close().await;
}
