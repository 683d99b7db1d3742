//! Visits in calendars that are booked by their Slots: those are turned with the visit, by operations and plain REST alike.

use fhir::json::Value;
use fhir::resource::Resource;

use super::testing::*;
use crate::auth::{Act, Rows};
use crate::context::RequestContext;
use crate::operations::testing::{World, granted};
use crate::operations::visits::testing::*;

/// A clinic whose one person is booked by Slots: free from 8 to 11 o'clock UTC, in one piece.
async fn clinic() -> Option<(World, RequestContext)> {
    let world = World::with(&CLINIC).await?;
    world
        .put(&calendar("weiss", "Practitioner/weiss", "slots"))
        .await;
    world.put(OPEN).await;
    Some((world, staff_here()))
}

/// Somebody who may do all with resources, and nothing beside.
fn staff_here() -> RequestContext {
    granted(Some("Practitioner/desk"), Rows::All, Vec::new())
}

const OPEN: &str = r#"{"resourceType":"Slot","id":"open","schedule":{"reference":"Schedule/weiss"},"status":"free","start":"2027-03-01T09:00:00+01:00","end":"2027-03-01T12:00:00+01:00"}"#;

const WEISS: &[&str] = &["Practitioner/weiss"];

/// Which Slots a visit names, by their times in UTC.
async fn named(world: &World, key: &str) -> Vec<String> {
    let visit = Resource::parse(world.read(key).await.unwrap()).unwrap();
    let slots = visit.get("slot").into_iter().flat_map(Value::items);
    let slots: Vec<String> = slots
        .map(|one| one.get("reference").unwrap().string().unwrap().into_owned())
        .collect();
    let sql = "select slot || to_char(lower(during) at time zone 'UTC', ' HH24:MI') from slot_time order by during";
    let all = world.database().texts(sql).await;
    let known = all.iter().filter_map(|one| one.split_once(' '));
    let found = known.filter(|(slot, _)| slots.iter().any(|one| one == slot));
    found.map(|(_, at)| at.to_owned()).collect()
}

#[tokio::test]
async fn a_visit_turns_the_slots_it_is_in() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    let held = of_resource(&visit("pending", (9, 10), "Patient/anna", WEISS));
    let key = check(&world, &cx, "Appointment/$hold", &held, "201 pending").await;
    assert_eq!(
        slots(&world).await,
        ["busy-tentative 08:00-09:00", "free 09:00-11:00"]
    );
    check(
        &world,
        &cx,
        "Appointment/$book",
        &of_reference(&key),
        "200 booked",
    )
    .await;
    assert_eq!(
        slots(&world).await,
        ["busy 08:00-09:00", "free 09:00-11:00"]
    );
    assert_eq!(named(&world, &key).await, ["08:00"]);
    // Over where it stands, and on.
    let moved = parameters(&[
        ("start", "valueDateTime", r#""2027-03-01T09:30:00+01:00""#),
        ("end", "valueDateTime", r#""2027-03-01T10:30:00+01:00""#),
    ]);
    check(
        &world,
        &cx,
        &format!("{key}/$reschedule"),
        &moved,
        "200 booked",
    )
    .await;
    let expected = [
        "free 08:00-08:30",
        "busy 08:30-09:00",
        "busy 09:00-09:30",
        "free 09:30-11:00",
    ];
    assert_eq!(slots(&world).await, expected);
    assert_eq!(named(&world, &key).await, ["08:30", "09:00"]);
    let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"ill"}"#)]);
    check(
        &world,
        &cx,
        &format!("{key}/$cancel"),
        &reason,
        "200 cancelled",
    )
    .await;
    let all = slots(&world).await;
    assert!(all.iter().all(|one| one.starts_with("free ")), "{all:?}");
    // What is free again is booked again, over pieces.
    let whole = of_resource(&visit("pending", (9, 12), "Patient/eva", WEISS));
    check(&world, &cx, "Appointment/$book", &whole, "201 booked").await;
    assert_eq!(slots(&world).await.len(), 4);
    world.close().await;
}

#[tokio::test]
async fn only_slots_that_are_free_are_booked() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    let book = async |cx: &RequestContext, hours, actors: &[&str], expected: &str| {
        let body = of_resource(&visit("pending", hours, "Patient/anna", actors));
        check(&world, cx, "Appointment/$book", &body, expected).await
    };
    book(&cx, (11, 13), WEISS, "422 outside-availability").await;
    book(&cx, (14, 15), WEISS, "422 outside-availability").await;
    book(&cx, (9, 10), WEISS, "201 booked").await;
    book(&cx, (9, 11), WEISS, "409 appointment-clash").await;
    // Who may book outside does so; whose calendar has rules is booked without Slots.
    let desk = granted(Some("Practitioner/desk"), Rows::All, vec![Act::BookOutside]);
    let outside = book(&desk, (11, 13), WEISS, "201 booked").await;
    assert_eq!(named(&world, &outside).await, ["10:00"]);
    book(&cx, (15, 16), &["Practitioner/lindholm"], "201 booked").await;
    let expected = ["busy 08:00-09:00", "free 09:00-10:00", "busy 10:00-11:00"];
    assert_eq!(slots(&world).await, expected);
    world.close().await;
}

#[tokio::test]
async fn plain_rest_turns_slots_as_operations_do() {
    let Some((world, _)) = clinic().await else {
        return;
    };
    let with_id = |text: String| text.replacen('{', r#"{"id":"a","#, 1);
    let booked = with_id(visit("booked", (10, 11), "Patient/anna", WEISS));
    let stored = world.put(&booked).await;
    // What is answered is what is stored.
    let stored = String::from_utf8(stored.body.unwrap().into()).unwrap();
    assert!(stored.contains(r#""slot""#), "{stored}");
    let thirds = ["free 08:00-09:00", "busy 09:00-10:00", "free 10:00-11:00"];
    assert_eq!(slots(&world).await, thirds);
    // Written again as it was sent, it keeps its Slots.
    world.put(&booked).await;
    assert_eq!(slots(&world).await, thirds);
    assert_eq!(named(&world, "Appointment/a").await, ["09:00"]);
    let versions =
        "select max(version_id)::text from resource where resource_type = 'Slot' and id = 'open'";
    assert_eq!(world.database().texts(versions).await, ["2"]);
    let cancelled = with_id(visit("cancelled", (10, 11), "Patient/anna", WEISS));
    world.put(&cancelled).await;
    assert_eq!(
        slots(&world).await,
        ["free 08:00-09:00", "free 09:00-10:00", "free 10:00-11:00"]
    );
    world.close().await;
}

#[tokio::test]
async fn a_slot_that_is_named_is_turned_in_any_calendar() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    world
        .put(&calendar("lindholm", "Practitioner/lindholm", "rules"))
        .await;
    world
        .put(&OPEN.replace("open", "extra").replace("weiss", "lindholm"))
        .await;
    let naming = |actors: &[&str], hours| {
        let visit = visit("pending", hours, "Patient/anna", actors);
        let slot = r#"{"slot":[{"reference":"Slot/extra"}],"#;
        of_resource(&visit.replacen('{', slot, 1))
    };
    let path = "Appointment/$book";
    check(
        &world,
        &cx,
        path,
        &naming(WEISS, (9, 10)),
        "422 requirement-unmet",
    )
    .await;
    let lindholm = &["Practitioner/lindholm"];
    check(
        &world,
        &cx,
        path,
        &naming(lindholm, (14, 15)),
        "422 outside-availability",
    )
    .await;
    let key = check(&world, &cx, path, &naming(lindholm, (9, 12)), "201 booked").await;
    assert_eq!(
        slots(&world).await,
        ["busy 08:00-11:00", "free 08:00-11:00"]
    );
    assert_eq!(named(&world, &key).await, ["08:00"]);
    world.close().await;
}

#[tokio::test]
async fn a_visit_that_moves_gives_up_the_slot_it_names() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    let body = of_resource(&visit("pending", (9, 10), "Patient/anna", WEISS));
    let key = check(&world, &cx, "Appointment/$book", &body, "201 booked").await;
    let stored = world.read(&key).await.unwrap();
    let moved = stored
        .replace("T09:00:00", "T11:00:00")
        .replace("T10:00:00", "T12:00:00");
    assert!(moved.contains("Slot/open"), "{moved}");
    world.put(&moved).await;
    assert_eq!(
        slots(&world).await,
        ["free 08:00-09:00", "free 09:00-10:00", "busy 10:00-11:00"]
    );
    assert_eq!(named(&world, &key).await, ["10:00"]);
    world.close().await;
}

#[tokio::test]
async fn a_visit_that_stays_is_not_asked_for_slots() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world
        .put(&calendar("weiss", "Practitioner/weiss", "rules"))
        .await;
    let cx = staff_here();
    let body = of_resource(&visit("pending", (9, 10), "Patient/anna", WEISS));
    let key = check(&world, &cx, "Appointment/$book", &body, "201 booked").await;
    // The calendar is booked by Slots from now on, and the one that is made beside the visit is nobody's.
    world
        .put(&calendar("weiss", "Practitioner/weiss", "slots"))
        .await;
    world.put(OPEN).await;
    let stored = world.read(&key).await.unwrap();
    world
        .put_with(&cx, &stored.replacen('{', r#"{"comment":"by phone","#, 1))
        .await;
    assert_eq!(slots(&world).await, ["free 08:00-11:00"]);
    assert!(named(&world, &key).await.is_empty());
    // What it is said to have it gets.
    let naming = stored.replacen('{', r#"{"slot":[{"reference":"Slot/open"}],"#, 1);
    world.put_with(&cx, &naming).await;
    assert_eq!(
        slots(&world).await,
        ["busy 08:00-09:00", "free 09:00-11:00"]
    );
    assert_eq!(named(&world, &key).await, ["08:00"]);
    world.close().await;
}

#[tokio::test]
async fn two_who_want_one_slot_get_it_once() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    let body = |patient| of_resource(&visit("pending", (9, 10), patient, WEISS));
    let (anna, eva) = (body("Patient/anna"), body("Patient/eva"));
    let both = tokio::join!(
        call(&world, &cx, "Appointment/$book", &anna),
        call(&world, &cx, "Appointment/$book", &eva)
    );
    let mut said = [brief(&both.0).0, brief(&both.1).0];
    said.sort();
    assert_eq!(said, ["201 booked", "409 appointment-clash"]);
    assert_eq!(
        slots(&world).await,
        ["busy 08:00-09:00", "free 09:00-11:00"]
    );
    world.close().await;
}

/// A visit says its time in the zone of a calendar of those who take part, where nobody has said another.
#[tokio::test]
async fn a_visit_tells_the_zone_of_its_calendars() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    let zones = async |key: &str| {
        let visit = Resource::parse(world.read(key).await.unwrap()).unwrap();
        let all = visit.root().at(&["_start", "extension"]);
        let all = all.into_iter().flat_map(Value::items);
        let all = all.filter_map(|one| one.get("valueCode")?.string());
        all.map(|one| one.into_owned()).collect::<Vec<String>>()
    };
    let at = |hour| visit("pending", (hour, hour + 1), "Patient/anna", WEISS);
    let hold = of_resource(&at(9));
    let held = check(&world, &cx, "Appointment/$hold", &hold, "201 pending").await;
    assert_eq!(zones(&held).await, ["Europe/Berlin"]);
    let own = of_reference(&held);
    check(&world, &cx, "Appointment/$book", &own, "200 booked").await;
    assert_eq!(zones(&held).await, ["Europe/Berlin"]);
    // What a client says stands, and so does what else it says there.
    for (said, expected) in [
        (
            r#"{"url":"http://hl7.org/fhir/StructureDefinition/tz-code","valueCode":"Europe/Vienna"}"#,
            &["Europe/Vienna"][..],
        ),
        (
            r#"{"url":"https://x.example/said","valueCode":"x"}"#,
            &["x", "Europe/Berlin"],
        ),
    ] {
        let said = format!(r#""_start":{{"extension":[{said}]}},"participant""#);
        let body = at(10).replacen(r#""participant""#, &said, 1);
        let body = of_resource(&body);
        let key = check(&world, &cx, "Appointment/$book", &body, "201 booked").await;
        assert_eq!(zones(&key).await, expected);
        let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"ill"}"#)]);
        let path = format!("{key}/$cancel");
        check(&world, &cx, &path, &reason, "200 cancelled").await;
    }
    // Plain REST says what it says; moved, the visit tells its zone.
    let plain = at(11).replacen('{', r#"{"id":"plain","#, 1);
    world.put(&plain.replace("pending", "booked")).await;
    assert_eq!(zones("Appointment/plain").await, [""; 0]);
    let moved = parameters(&[
        ("start", "valueDateTime", r#""2027-03-01T10:00:00+01:00""#),
        ("end", "valueDateTime", r#""2027-03-01T11:00:00+01:00""#),
    ]);
    let path = "Appointment/plain/$reschedule";
    check(&world, &cx, path, &moved, "200 booked").await;
    assert_eq!(zones("Appointment/plain").await, ["Europe/Berlin"]);
    world.close().await;
}
