//! The visits of a series are moved and cancelled together.

use super::super::testing::*;
use crate::context::RequestContext;
use crate::operations::testing::World;

const BOOK: &str = "Appointment/$book";

/// When the visits of the series are, and which they are, in their order.
async fn booked(world: &World) -> (Vec<String>, Vec<String>) {
    let sql = "select (json ->> 'start') || ' ' || id from resource where resource_type = 'Appointment' and not deleted \
               and json ->> 'status' = 'booked' and json -> 'identifier' is not null order by 1";
    let found = world.database().texts(sql).await;
    let split = |one: &String| {
        let (start, id) = one.split_once(' ').unwrap();
        (start.to_owned(), format!("Appointment/{id}"))
    };
    found.iter().map(split).unzip()
}

fn moved(start: &str, end: &str, scope: &str) -> String {
    let [start, end, scope] = [start, end, scope].map(|text| format!(r#""{text}""#));
    parameters(&[
        ("start", "valueDateTime", &start),
        ("end", "valueDateTime", &end),
        ("scope", "valueCode", &scope),
    ])
}

async fn check_starts(world: &World, expected: &[&str]) -> Vec<String> {
    let (starts, keys) = booked(world).await;
    assert_eq!(starts, expected);
    keys
}

async fn refused(world: &World, cx: &RequestContext, path: &str, body: &str) -> Vec<String> {
    let error = call(world, cx, path, body).await.unwrap_err();
    let issues = error.issues().iter();
    issues.map(|one| one.diagnostics.to_string()).collect()
}

/// At half past two no clock shows the last Sunday of March, where the fifth visit would be.
async fn check_gap(world: &World, cx: &RequestContext, keys: &[String]) {
    let gap = moved(
        "2027-03-21T02:30:00+01:00",
        "2027-03-21T03:00:00+01:00",
        "following",
    );
    let fourth = format!("{}/$reschedule", keys[3]);
    let said = refused(world, cx, &fourth, &gap).await;
    assert!(said[0].contains("no clock shows"), "{said:?}");
}

#[tokio::test]
async fn the_visits_of_a_series_are_moved_together() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let mondays = series("FREQ=WEEKLY;BYDAY=MO;COUNT=5", "");
    check(&world, &cx, BOOK, &mondays, "200 booked").await;
    let keys = check_starts(
        &world,
        &[
            "2027-03-01T09:00:00+01:00",
            "2027-03-08T09:00:00+01:00",
            "2027-03-15T09:00:00+01:00",
            "2027-03-22T09:00:00+01:00",
            "2027-03-29T09:00:00+02:00",
        ],
    )
    .await;
    // Each moves to where the next one was: none stands in the way of another.
    let second = format!("{}/$reschedule", keys[1]);
    let following = moved(
        "2027-03-15T09:00:00+01:00",
        "2027-03-15T10:00:00+01:00",
        "following",
    );
    check(&world, &cx, &second, &following, "200 booked").await;
    let later = [
        "2027-03-01T09:00:00+01:00",
        "2027-03-15T09:00:00+01:00",
        "2027-03-22T09:00:00+01:00",
        "2027-03-29T09:00:00+02:00",
        "2027-04-05T09:00:00+02:00",
    ];
    assert_eq!(check_starts(&world, &later).await, keys);

    // All or none, and back again.
    let other = visit("pending", (9, 10), "Patient/eva", &["Practitioner/weiss"]);
    let other = of_resource(
        &other
            .replace("2027-03-01", "2027-04-12")
            .replace("+01:00", "+02:00"),
    );
    check(&world, &cx, BOOK, &other, "201 booked").await;
    let all = moved(
        "2027-03-22T09:00:00+01:00",
        "2027-03-22T10:00:00+01:00",
        "series",
    );
    let said = refused(&world, &cx, &second, &all).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].starts_with("visit 5 of the series: "), "{said:?}");
    check_starts(&world, &later).await;
    let earlier = moved(
        "2027-03-08T08:30:00+01:00",
        "2027-03-08T09:00:00+01:00",
        "series",
    );
    check(&world, &cx, &second, &earlier, "200 booked").await;
    let starts = [
        "2027-02-22T08:30:00+01:00",
        "2027-03-08T08:30:00+01:00",
        "2027-03-15T08:30:00+01:00",
        "2027-03-22T08:30:00+01:00",
        "2027-03-29T08:30:00+02:00",
    ];
    assert_eq!(check_starts(&world, &starts).await, keys);
    check_gap(&world, &cx, &keys).await;
    check_starts(&world, &starts).await;
    world.close().await;
}

#[tokio::test]
async fn the_visits_of_a_series_are_cancelled_together() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let mondays = series("FREQ=WEEKLY;BYDAY=MO;COUNT=5", "");
    check(&world, &cx, BOOK, &mondays, "200 booked").await;
    let other = visit("pending", (9, 10), "Patient/eva", &["Practitioner/weiss"]);
    let other = of_resource(&other.replace("2027-03-01", "2027-03-02"));
    check(&world, &cx, BOOK, &other, "201 booked").await;
    let (starts, keys) = booked(&world).await;
    let starts: Vec<&str> = starts.iter().map(String::as_str).collect();
    let cancel = |scope: &str| {
        let scope = format!(r#""{scope}""#);
        parameters(&[
            ("reason", "valueCodeableConcept", r#"{"text":"ill"}"#),
            ("scope", "valueCode", &scope),
        ])
    };
    let third = format!("{}/$cancel", keys[2]);
    check(&world, &cx, &third, &cancel("ever"), "400 -").await;
    check(&world, &cx, &third, &cancel("following"), "200 cancelled").await;
    assert_eq!(check_starts(&world, &starts[..2]).await, keys[..2]);
    check(&world, &cx, &third, &cancel("series"), "200 cancelled").await;
    check_starts(&world, &[]).await;
    // Only the visit of somebody else is left.
    assert_eq!(claims(&world).await, 2);
    let sql = "select 'Appointment/' || id from resource where resource_type = 'Appointment' and json ->> 'status' = 'booked'";
    let alone = world.database().texts(sql).await;
    let alone = format!("{}/$cancel", alone[0]);
    check(&world, &cx, &alone, &cancel("series"), "422 -").await;
    check(&world, &cx, &alone, &cancel("this"), "200 cancelled").await;
    world.close().await;
}

#[tokio::test]
async fn what_has_begun_is_not_among_the_visits_of_a_series_that_change() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let mondays = series("FREQ=WEEKLY;BYDAY=MO;COUNT=5", "");
    check(&world, &staff(), BOOK, &mondays, "200 booked").await;
    let (starts, keys) = booked(&world).await;
    let starts: Vec<&str> = starts.iter().map(String::as_str).collect();
    let cx = RequestContext {
        now: "2027-03-08T09:00:00+01:00".parse().unwrap(),
        ..staff()
    };
    let cancel = parameters(&[
        ("reason", "valueCodeableConcept", r#"{"text":"ill"}"#),
        ("scope", "valueCode", r#""series""#),
    ]);
    let third = format!("{}/$cancel", keys[2]);
    check(&world, &cx, &third, &cancel, "200 cancelled").await;
    check_starts(&world, &starts[..2]).await;
    world.close().await;
}
