//! What is asked of a visit that there is when it is written again, and what stays as it was.

use fhir::resource::Resource;
use jiff::ToSpan;

use super::super::testing::*;
use super::{BOOK, ROOM_1, SCAN, plain, self_booked, visit};
use crate::auth::{Act, Rows};
use crate::context::RequestContext;
use crate::interactions::{Interaction, WriteConditions};
use crate::operations::find::tests::{clinic, monday};
use crate::operations::testing::{World, granted};

/// What a plain update answers in brief.
async fn update(world: &World, cx: &RequestContext, key: &str, json: &str) -> String {
    let id = key.strip_prefix("Appointment/").unwrap();
    let json = json.replacen('{', &format!(r#"{{"id":"{id}","#), 1);
    let update = Interaction::Update {
        key: key.parse().unwrap(),
        resource: Resource::parse(json).unwrap(),
        conditions: WriteConditions::default(),
    };
    match world.interactions.perform(cx, update).await {
        Ok(outcome) => outcome.status.as_u16().to_string(),
        Err(error) => brief(&Err(error)).0,
    }
}

async fn booked(world: &World, cx: &RequestContext, json: &str) -> String {
    check(world, cx, BOOK, &of_resource(json), "201 booked").await
}

const PATIENT: &str = r#"{"reference":"Patient/anna"}"#;
const OVERBOOKED: &str = r#"{"extension":[{"url":"https://vesta.example/fhir/StructureDefinition/overbooked","valueBoolean":true}],"#;

#[tokio::test]
async fn who_is_there_is_judged_where_time_or_place_are_others() {
    let Some(world) = clinic().await else {
        return;
    };
    let cx = staff();
    let key = booked(&world, &cx, &visit(&world, "pending", 0, &ROOM_1, SCAN)).await;
    let mut elsewhere = ROOM_1;
    elsewhere[2] = "Location/cellar";
    for status in ["booked", "arrived"] {
        let of =
            |minutes, actors: &[&str], service| visit(&world, status, minutes, actors, service);
        for (json, expected) in [
            (of(24 * 60, &ROOM_1, SCAN), "422 outside-availability"),
            (of(0, &elsewhere, SCAN), "422 requirement-unmet"),
            // Without its HealthcareService nobody could say how it is booked.
            (of(0, &ROOM_1, "Location/site"), "422 requirement-unmet"),
            (
                of(0, &ROOM_1, SCAN).replacen('{', OVERBOOKED, 1),
                "422 overbook-not-permitted",
            ),
        ] {
            let said = update(&world, &cx, &key, &json).await;
            assert_eq!(said, expected, "{json}");
        }
    }
    let here = visit(&world, "arrived", 0, &ROOM_1, SCAN);
    assert_eq!(update(&world, &cx, &key, &here).await, "200");
    let desk = granted(Some("Practitioner/d"), Rows::All, vec![Act::Overbook]);
    let beyond = here.replacen('{', OVERBOOKED, 1);
    assert_eq!(update(&world, &desk, &key, &beyond).await, "200");
    world.close().await;
}

/// Others take part at the time there was, whatever the clock says; who comes after all is asked nothing.
#[tokio::test]
async fn the_clock_is_asked_of_new_times_alone() {
    let Some(world) = clinic().await else {
        return;
    };
    let service = world.read(SCAN).await.unwrap();
    let late = r#"{"url":"lead-minutes","valueUnsignedInt":1440},{"url": "duration""#;
    world
        .put(&service.replacen(r#"{"url": "duration""#, late, 1))
        .await;
    let key = booked(
        &world,
        &staff(),
        &visit(&world, "pending", 0, &ROOM_1, SCAN),
    )
    .await;
    let at = |minute: i64| RequestContext {
        now: monday(&world, 9, 0).timestamp() + minute.minutes(),
        ..staff()
    };
    let other = [
        "Patient/anna",
        "PractitionerRole/role-b",
        "Location/room-2",
        "Device/scanner-2",
    ];
    let moved = visit(&world, "booked", 30, &other, SCAN);
    assert_eq!(
        update(&world, &at(-60), &key, &moved).await,
        "422 lead-time"
    );
    let with_others = visit(&world, "booked", 0, &other, SCAN);
    assert_eq!(update(&world, &at(-60), &key, &with_others).await, "200");
    let missed = with_others.replace(r#""status":"booked""#, r#""status":"noshow""#);
    assert_eq!(update(&world, &at(20), &key, &missed).await, "200");
    let here = with_others.replace(r#""status":"booked""#, r#""status":"arrived""#);
    assert_eq!(update(&world, &at(25), &key, &here).await, "200");
    world.close().await;
}

#[tokio::test]
async fn what_is_beyond_the_capacity_stays_so() {
    let Some(world) = clinic().await else {
        return;
    };
    let desk = granted(Some("Practitioner/d"), Rows::All, vec![Act::Overbook]);
    booked(
        &world,
        &desk,
        &visit(&world, "pending", 0, &ROOM_1[1..], SCAN),
    )
    .await;
    let pending = visit(&world, "pending", 0, &ROOM_1, SCAN);
    let beyond = parameters(&[
        ("appointment-resource", "resource", &pending),
        ("overbook", "valueBoolean", "true"),
    ]);
    let key = check(&world, &desk, BOOK, &beyond, "201 booked").await;
    let is_marked = async || world.read(&key).await.unwrap().contains("overbooked");
    assert!(is_marked().await);
    let id = key.strip_prefix("Appointment/").unwrap();
    let told = format!(r#"{{"id":"{id}","comment":"by the side door","#);
    let same = visit(&world, "booked", 0, &ROOM_1, SCAN);
    let told = of_resource(&same.replacen('{', &told, 1));
    check(&world, &staff(), BOOK, &told, "200 booked").await;
    assert!(is_marked().await);
    let (start, end) = (monday(&world, 9, 0), monday(&world, 9, 30));
    let (start, end) = (
        format!(r#""{}""#, start.timestamp()),
        format!(r#""{}""#, end.timestamp()),
    );
    let stays = parameters(&[
        ("start", "valueDateTime", &start),
        ("end", "valueDateTime", &end),
    ]);
    let path = format!("{key}/$reschedule");
    check(&world, &staff(), &path, &stays, "200 booked").await;
    assert!(is_marked().await);
    // Without the mark there is no room for it.
    let said = update(&world, &staff(), &key, &same).await;
    assert_eq!(said, "409 appointment-clash");
    world.close().await;
}

#[tokio::test]
async fn a_patient_is_not_asked_again_what_staff_have_let_pass() {
    let Some(world) = clinic().await else {
        return;
    };
    self_booked(&world, "").await;
    let desk = granted(Some("Practitioner/d"), Rows::All, vec![Act::BookOutside]);
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let nurse = ["Patient/anna", "PractitionerRole/role-nurse"];
    let outside = visit(&world, "pending", 24 * 60, &nurse, "HealthcareService/talk");
    // Somebody else may come, and a room is only told.
    let more = r#""participant":[{"actor":{"reference":"Location/cellar"},"required":"information-only","status":"accepted"},"#;
    let outside = outside.replacen(r#""participant":["#, more, 1);
    let key = booked(&world, &desk, &outside).await;
    let id = key.strip_prefix("Appointment/").unwrap();
    let told = format!(r#"{{"id":"{id}","comment":"by the side door","#);
    let told = outside.replacen('{', &told, 1).replace("pending", "booked");
    let herself = ("patient-reference", "valueReference", PATIENT);
    let given = [("appointment-resource", "resource", &*told), herself];
    for given in [&given[..1], &given] {
        check(&world, &anna, BOOK, &parameters(given), "200 booked").await;
    }
    world.close().await;
}

#[tokio::test]
async fn no_visit_is_endless_and_one_service_is_one_kind() {
    let Some(world) = clinic().await else {
        return;
    };
    let cx = staff();
    let twice = visit(&world, "booked", 0, &ROOM_1, SCAN);
    let one = r#"{"actor":{"reference":"HealthcareService/scan"},"required":"information-only","status":"accepted"}"#;
    let twice = twice.replacen(one, &format!("{one},{one}"), 1);
    assert_eq!(plain(&world, &cx, &twice).await, "201");
    let long = visit(&world, "booked", 0, &["Location/cellar"], "Location/site");
    let end = monday(&world, 9, 30).timestamp();
    for (days, expected) in [(31, "422 -"), (30, "201")] {
        let far = format!(r#""end":"{}""#, end + (days * 24).hours());
        let long = long.replace(&format!(r#""end":"{end}""#), &far);
        assert_eq!(plain(&world, &cx, &long).await, expected, "{days}");
    }
    world.close().await;
}

#[tokio::test]
async fn what_took_place_is_noted_as_it_was() {
    let Some(world) = clinic().await else {
        return;
    };
    let cx = staff();
    let key = booked(&world, &cx, &visit(&world, "pending", 0, &ROOM_1, SCAN)).await;
    let over = RequestContext {
        now: monday(&world, 9, 45).timestamp(),
        ..cx.clone()
    };
    // It took longer, until after the calendars close, and what it is of is not offered any more.
    let took = visit(&world, "arrived", 0, &ROOM_1, SCAN);
    let id = key.strip_prefix("Appointment/").unwrap();
    let ends = Resource::parse(took.clone()).unwrap();
    let ends = ends.get("end").unwrap().raw().to_owned();
    let later = format!(r#""{}""#, monday(&world, 23, 0).timestamp());
    let took = took.replace(&ends, &later);
    assert_eq!(update(&world, &over, &key, &took).await, "200", "{id}");
    // Where that is still to come, or a patient says so, it is judged.
    assert_eq!(
        update(
            &world,
            &cx,
            &key,
            &visit(&world, "arrived", 14 * 60, &ROOM_1, SCAN)
        )
        .await,
        "422 outside-availability"
    );
    world.close().await;
}
