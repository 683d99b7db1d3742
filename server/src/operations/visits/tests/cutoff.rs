//! Until when patients cancel and move visits themselves, by whatever they do so.

use jiff::{SignedDuration, ToSpan};

use super::super::testing::*;
use crate::auth::Rows;
use crate::operations::testing::{World, granted};

const BOOK: &str = "Appointment/$book";

/// Visits that patients give up until two days before.
const SERVICE: &str = r#"{"resourceType":"HealthcareService","id":"scan","extension":[{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[{"url":"duration","valuePositiveInt":30},{"url":"cancel-cutoff-hours","valueUnsignedInt":48}]}]}"#;

/// A visit of Anna's, so many hours from now.
fn in_hours(world: &World, status: &str, hours: i64, more: &str) -> String {
    let start = world.cx.now + SignedDuration::from_hours(hours);
    let end = start + 30.minutes();
    format!(
        r#"{{"resourceType":"Appointment",{more}"status":"{status}","start":"{start}","end":"{end}","participant":[{{"actor":{{"reference":"Patient/anna"}},"required":"required","status":"accepted"}},{{"actor":{{"reference":"HealthcareService/scan"}},"required":"information-only","status":"accepted"}}]}}"#
    )
}

fn moved(world: &World, hours: i64) -> String {
    let start = world.cx.now + SignedDuration::from_hours(hours);
    let (start, end) = (
        format!(r#""{start}""#),
        format!(r#""{}""#, start + 30.minutes()),
    );
    parameters(&[
        ("start", "valueDateTime", &start),
        ("end", "valueDateTime", &end),
    ])
}

#[tokio::test]
async fn patients_give_up_visits_no_later_than_the_policy_lets() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world.put(SERVICE).await;
    let desk = staff();
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let book = async |hours| {
        let body = of_resource(&in_hours(&world, "pending", hours, ""));
        check(&world, &desk, BOOK, &body, "201 booked").await
    };
    let reason = ("reason", "valueCodeableConcept", r#"{"text":"ill"}"#);
    let cancel = parameters(&[reason]);
    let soon = book(24).await;
    let own = |status: &str, hours: i64, more: &str| {
        let id = soon.strip_prefix("Appointment/").unwrap();
        let more = format!(r#""id":"{id}",{more}"#);
        of_resource(&in_hours(&world, status, hours, &more))
    };
    let path = format!("{soon}/$cancel");
    let move_it = format!("{soon}/$reschedule");
    let because = r#""cancelationReason":{"text":"ill"},"#;
    for (path, body) in [
        (path.as_str(), &cancel),
        (BOOK, &own("cancelled", 24, because)),
        (BOOK, &own("booked", 96, "")),
        (&move_it, &moved(&world, 96)),
    ] {
        check(&world, &anna, path, body, "422 cancel-cutoff").await;
    }
    // What stays at its time is not given up.
    let told = own("booked", 24, r#""comment":"by the side door","#);
    check(&world, &anna, BOOK, &told, "200 booked").await;
    let regardless = [reason, ("override-cutoff", "valueBoolean", "true")];
    let regardless = parameters(&regardless);
    check(&world, &anna, &path, &regardless, "403 -").await;
    check(&world, &desk, &move_it, &moved(&world, 25), "200 booked").await;
    check(&world, &desk, &path, &regardless, "200 cancelled").await;
    let in_time = format!("{}/$cancel", book(49).await);
    check(&world, &anna, &in_time, &cancel, "200 cancelled").await;
    world.close().await;
}

#[tokio::test]
async fn patients_do_not_give_up_a_visit_that_is_under_way() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world.put(SERVICE).await;
    let desk = staff();
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let body = of_resource(&in_hours(&world, "pending", 1, ""));
    let key = check(&world, &desk, BOOK, &body, "201 booked").await;
    let id = format!(r#""id":"{}","#, key.strip_prefix("Appointment/").unwrap());
    world
        .put_with(&desk, &in_hours(&world, "arrived", 1, &id))
        .await;
    let reason = ("reason", "valueCodeableConcept", r#"{"text":"ill"}"#);
    let cancel = parameters(&[reason]);
    let path = format!("{key}/$cancel");
    check(&world, &anna, &path, &cancel, "422 cancel-cutoff").await;
    check(&world, &desk, &path, &cancel, "200 cancelled").await;
    world.close().await;
}
