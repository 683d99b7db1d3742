//! Time is blocked where nobody is booked, told where somebody is, or blocked over visits without breaking the guarantee.

use fhir::json::Value;
use fhir::resource::Resource;

use crate::auth::{Act, Rows};
use crate::context::RequestContext;
use crate::operations::slots::testing::*;
use crate::operations::testing::{World, entries, granted};
use crate::operations::visits::testing::*;

/// Parameters: hours of a Monday, and what happens on a conflict.
fn block(hours: (u32, u32), on_conflict: &str) -> String {
    let period = format!(
        r#"{{"start":"2027-03-01T{:02}:00:00+01:00","end":"2027-03-01T{:02}:00:00+01:00"}}"#,
        hours.0, hours.1
    );
    let on_conflict = format!(r#""{on_conflict}""#);
    parameters(&[
        ("period", "valuePeriod", &period),
        ("reason", "valueString", r#""leave""#),
        ("on-conflict", "valueCode", &on_conflict),
    ])
}

const PATH: &str = "Schedule/weiss/$block";

/// When the person of the calendar is busy, and blocked over visits, in UTC.
async fn busy(world: &World) -> Vec<String> {
    let sql = "select kind || to_char(lower(during) at time zone 'UTC', ' HH24:MI-') || \
        to_char(upper(during) at time zone 'UTC', 'HH24:MI') from (select kind || ' ' || lane as kind, actor, during from actor_busy \
        union all select 'forced', actor, during from forced_block) taken where actor = 'Practitioner/weiss' order by during, kind";
    world.database().texts(sql).await
}

async fn clinic() -> Option<(World, RequestContext)> {
    let world = World::with(&CLINIC).await?;
    world
        .put(&calendar("weiss", "Practitioner/weiss", "rules"))
        .await;
    let cx = granted(
        Some("Practitioner/desk"),
        Rows::All,
        vec![Act::KeepCalendars],
    );
    Some((world, cx))
}

async fn book(world: &World, cx: &RequestContext, hours: (u32, u32), expected: &str) -> String {
    let body = of_resource(&visit(
        "pending",
        hours,
        "Patient/anna",
        &["Practitioner/weiss"],
    ));
    check(world, cx, "Appointment/$book", &body, expected).await
}

#[tokio::test]
async fn time_is_blocked_where_nobody_is_booked() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    let key = book(&world, &cx, (9, 10), "201 booked").await;
    check(
        &world,
        &cx,
        PATH,
        &block((9, 12), "fail"),
        "409 appointment-clash",
    )
    .await;
    let listed = call(&world, &cx, PATH, &block((9, 12), "list"))
        .await
        .unwrap();
    let listed = String::from_utf8(listed.body.unwrap().into()).unwrap();
    assert_eq!(entries(&listed).0, [format!("match {key}")]);
    assert!(slots(&world).await.is_empty());
    check(
        &world,
        &cx,
        PATH,
        &block((10, 12), "fail"),
        "201 busy-unavailable",
    )
    .await;
    book(&world, &cx, (11, 12), "409 appointment-clash").await;
    // A whole local day, and what is said wrongly.
    let day = parameters(&[(
        "period",
        "valuePeriod",
        r#"{"start":"2027-03-28","end":"2027-03-28"}"#,
    )]);
    check(&world, &cx, PATH, &day, "201 busy-unavailable").await;
    let hours = "select extract(epoch from upper(during) - lower(during))::integer / 3600 || '' from slot_time order by during desc limit 1";
    assert_eq!(world.database().texts(hours).await, ["23"]);
    check(&world, &cx, PATH, &block((12, 13), "perhaps"), "400 -").await;
    let open = parameters(&[("period", "valuePeriod", r#"{"start":"2027-03-01"}"#)]);
    check(&world, &cx, PATH, &open, "422 -").await;
    world.close().await;
}

#[tokio::test]
async fn a_block_over_visits_has_what_is_free_and_what_is_given_up() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    let early = book(&world, &cx, (9, 10), "201 booked").await;
    let late = book(&world, &cx, (11, 12), "201 booked").await;
    let forced = call(&world, &cx, PATH, &block((8, 12), "force"))
        .await
        .unwrap();
    assert_eq!(forced.status.as_u16(), 201);
    let forced = String::from_utf8(forced.body.unwrap().into()).unwrap();
    let bundle = Resource::parse(forced.clone()).unwrap();
    let modes: Vec<String> = entries(&forced).0;
    assert_eq!(modes.len(), 3, "{modes:?}");
    let focus = bundle.get("entry").unwrap().items().filter_map(|entry| {
        let focus = entry.at(&["resource", "focus", "reference"])?;
        Some(focus.string()?.into_owned())
    });
    let mut focus: Vec<String> = focus.collect();
    focus.sort();
    let mut visits = vec![early.clone(), late.clone()];
    visits.sort();
    assert_eq!(focus, visits);
    let expected = [
        "forced 07:00-11:00",
        "booked 0 08:00-09:00",
        "booked 0 10:00-11:00",
    ];
    assert_eq!(busy(&world).await, expected);
    // Nobody is booked there: neither beside the visits nor, when one is given up, in its place.
    book(&world, &cx, (8, 9), "409 appointment-clash").await;
    let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"ill"}"#)]);
    check(
        &world,
        &cx,
        &format!("{early}/$cancel"),
        &reason,
        "200 cancelled",
    )
    .await;
    book(&world, &cx, (9, 10), "409 appointment-clash").await;
    let moved = parameters(&[
        ("start", "valueDateTime", r#""2027-03-01T11:15:00+01:00""#),
        ("end", "valueDateTime", r#""2027-03-01T12:15:00+01:00""#),
    ]);
    let path = format!("{late}/$reschedule");
    check(&world, &cx, &path, &moved, "409 appointment-clash").await;
    let moved = moved
        .replace("T12:15", "T13:15")
        .replace("T11:15", "T12:15");
    check(&world, &cx, &path, &moved, "200 booked").await;
    let expected = ["forced 07:00-11:00", "booked 0 11:15-12:15"];
    assert_eq!(busy(&world).await, expected);
    world.close().await;
}

#[tokio::test]
async fn a_block_over_visits_is_the_same_when_claims_are_made_again() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    book(&world, &cx, (9, 10), "201 booked").await;
    check(
        &world,
        &cx,
        PATH,
        &block((8, 12), "force"),
        "201 busy-unavailable",
    )
    .await;
    let before = busy(&world).await;
    let made = world.interactions.store.reclaim(&world.cx).await.unwrap();
    assert_eq!(made.beyond, 0, "{made:?}");
    assert_eq!(busy(&world).await, before);
    // A block that is freed blocks nothing.
    let slot = world
        .database()
        .texts("select slot from slot_time")
        .await
        .remove(0);
    let stored = Resource::parse(world.read(&slot).await.unwrap()).unwrap();
    let schedule = stored.get("schedule").map(Value::raw).unwrap();
    let id = slot.trim_start_matches("Slot/");
    world
        .put(&format!(
            r#"{{"resourceType":"Slot","id":"{id}","schedule":{schedule},"status":"free","start":"2027-03-01T08:00:00+01:00","end":"2027-03-01T12:00:00+01:00"}}"#
        ))
        .await;
    assert_eq!(busy(&world).await, ["booked 0 08:00-09:00"]);
    book(&world, &cx, (8, 9), "201 booked").await;
    world.close().await;
}

#[tokio::test]
async fn what_is_held_is_not_booked_under_a_block() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    let held = of_resource(&visit(
        "pending",
        (9, 10),
        "Patient/anna",
        &["Practitioner/weiss"],
    ));
    let key = check(&world, &cx, "Appointment/$hold", &held, "201 pending").await;
    world
        .put(r#"{"resourceType":"Slot","id":"open","schedule":{"reference":"Schedule/weiss"},"status":"free","start":"2027-03-01T08:00:00+01:00","end":"2027-03-01T14:00:00+01:00"}"#)
        .await;
    check(
        &world,
        &cx,
        PATH,
        &block((9, 12), "force"),
        "201 busy-unavailable",
    )
    .await;
    let expected = [
        "free 07:00-08:00",
        "busy-unavailable 08:00-11:00",
        "free 11:00-13:00",
    ];
    assert_eq!(slots(&world).await, expected);
    let tasks = "select id from resource where resource_type = 'Task'";
    assert!(world.database().texts(tasks).await.is_empty());
    check(
        &world,
        &cx,
        "Appointment/$book",
        &of_reference(&key),
        "409 appointment-clash",
    )
    .await;
    world.close().await;
}

#[tokio::test]
async fn more_room_is_no_way_into_a_block_over_visits() {
    let Some((world, cx)) = clinic().await else {
        return;
    };
    world.put(&calendar("room", "Location/room", "rules")).await;
    let in_room =
        |patient: &str, hours| of_resource(&visit("pending", hours, patient, &["Location/room"]));
    let book = "Appointment/$book";
    check(
        &world,
        &cx,
        book,
        &in_room("Patient/anna", (9, 10)),
        "201 booked",
    )
    .await;
    // All of its time is taken: there is nothing left that the block could claim.
    let path = "Schedule/room/$block";
    check(
        &world,
        &cx,
        path,
        &block((9, 10), "force"),
        "201 busy-unavailable",
    )
    .await;
    world
        .put(r#"{"resourceType":"Location","id":"room","extension":[{"url":"https://vesta.example/fhir/StructureDefinition/capacity","valuePositiveInt":3}]}"#)
        .await;
    check(
        &world,
        &cx,
        book,
        &in_room("Patient/eva", (9, 10)),
        "409 appointment-clash",
    )
    .await;
    let message = call(&world, &cx, book, &in_room("Patient/eva", (9, 10))).await;
    let message = message.unwrap_err().to_string();
    assert!(
        message.contains("blocked from 2027-03-01T08:00:00Z"),
        "{message}"
    );
    check(
        &world,
        &cx,
        path,
        &block((8, 12), "fail"),
        "409 appointment-clash",
    )
    .await;
    check(
        &world,
        &cx,
        book,
        &in_room("Patient/eva", (10, 11)),
        "201 booked",
    )
    .await;
    // Nor while claims are made again, nor where that does not come to its end.
    let made = world.interactions.store.reclaim(&world.cx).await.unwrap();
    assert_eq!((made.claims, made.beyond), (4, 0), "{made:?}");
    check(
        &world,
        &cx,
        book,
        &in_room("Patient/eva", (9, 10)),
        "409 appointment-clash",
    )
    .await;
    world.close().await;
}
