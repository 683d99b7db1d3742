//! Rules become Slots, once, and what is held or booked stays.

use crate::auth::{Act, Rows};
use crate::context::RequestContext;
use crate::operations::slots::testing::*;
use crate::operations::testing::{World, granted};
use crate::operations::visits::testing::*;

/// Parameters: first and last day, minutes, whether to replace.
fn days(first: &str, last: &str, minutes: Option<u32>, replace: bool) -> String {
    let (first, last) = (format!(r#""{first}""#), format!(r#""{last}""#));
    let minutes = minutes.map(|minutes| minutes.to_string());
    let mut given = vec![
        ("start", "valueDate", &*first),
        ("end", "valueDate", &*last),
    ];
    given.extend(
        minutes
            .as_deref()
            .map(|one| ("minutes", "valuePositiveInt", one)),
    );
    if replace {
        given.push(("replace", "valueBoolean", "true"));
    }
    parameters(&given)
}

const MONDAY: &str = "2027-03-01";

#[tokio::test]
async fn rules_become_slots_once() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world
        .put(&calendar("weiss", "Practitioner/weiss", "slots"))
        .await;
    let cx = granted(
        Some("Practitioner/desk"),
        Rows::All,
        vec![Act::KeepCalendars],
    );
    let path = "Schedule/weiss/$generate-slots";
    let check = async |body: String, expected: &str| {
        let said = numbers(&world, &cx, path, &body).await;
        assert_eq!(said, expected, "{body}");
    };
    check(
        days(MONDAY, MONDAY, Some(60), false),
        "created 3, removed 0, kept 0",
    )
    .await;
    let hours = ["free 08:00-09:00", "free 09:00-10:00", "free 10:00-11:00"];
    assert_eq!(slots(&world).await, hours);
    // Again: nothing. Two weeks: those of the other Monday.
    check(
        days(MONDAY, MONDAY, Some(60), false),
        "created 0, removed 0, kept 3",
    )
    .await;
    check(
        days(MONDAY, "2027-03-14", Some(60), false),
        "created 3, removed 0, kept 3",
    )
    .await;
    // In other pieces only where they replace.
    check(
        days(MONDAY, MONDAY, None, false),
        "created 0, removed 0, kept 6",
    )
    .await;
    check(
        days(MONDAY, MONDAY, None, true),
        "created 6, removed 3, kept 0",
    )
    .await;
    check(
        days(MONDAY, MONDAY, None, true),
        "created 0, removed 0, kept 6",
    )
    .await;
    // A Tuesday, what is past, what is too much, what is the wrong way round.
    check(
        days("2027-03-02", "2027-03-02", None, false),
        "created 0, removed 0, kept 0",
    )
    .await;
    check(
        days("2025-03-03", "2025-03-03", None, false),
        "created 0, removed 0, kept 0",
    )
    .await;
    check(
        days(MONDAY, "2027-12-31", Some(30), false),
        "422 one call makes 50 Slots at most: ask for fewer days",
    )
    .await;
    check(
        days("2027-03-08", MONDAY, None, false),
        "422 the last day is not before the first",
    )
    .await;
    world.close().await;
}

#[tokio::test]
async fn what_is_blocked_or_referred_to_stays() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world
        .put(&calendar("weiss", "Practitioner/weiss", "slots"))
        .await;
    let slot = |id: &str, status: &str, from: &str, to: &str| {
        format!(
            r#"{{"resourceType":"Slot","id":"{id}","schedule":{{"reference":"Schedule/weiss"}},"status":"{status}","start":"{MONDAY}T{from}:00+01:00","end":"{MONDAY}T{to}:00+01:00"}}"#
        )
    };
    world.put(&slot("odd", "free", "09:10", "09:50")).await;
    world
        .put(&slot("leave", "busy-unavailable", "10:00", "10:30"))
        .await;
    world.put(&slot("named", "free", "11:10", "11:20")).await;
    world
        .put(r#"{"resourceType":"Appointment","id":"asked","status":"waitlist","slot":[{"reference":"Slot/named"}],"participant":[{"actor":{"reference":"Patient/anna"},"status":"needs-action"}]}"#)
        .await;
    let cx = world.cx.clone();
    let path = "Schedule/weiss/$generate-slots";
    let said = numbers(&world, &cx, path, &days(MONDAY, MONDAY, None, false)).await;
    assert_eq!(said, "created 2, removed 0, kept 4");
    let said = numbers(&world, &cx, path, &days(MONDAY, MONDAY, None, true)).await;
    assert_eq!(said, "created 3, removed 2, kept 3");
    let expected = [
        "free 08:00-08:30",
        "free 08:30-09:00",
        "busy-unavailable 09:00-09:30",
        "free 09:30-10:00",
        "free 10:00-10:30",
        "free 10:30-11:00",
    ];
    assert_eq!(slots(&world).await, expected);
    assert!(
        world
            .read("Slot/named")
            .await
            .unwrap()
            .contains("entered-in-error")
    );
    assert!(world.read("Slot/odd").await.is_err());
    world.close().await;
}

#[tokio::test]
async fn what_is_left_beside_a_visit_and_what_has_begun_stay() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world
        .put(&calendar("weiss", "Practitioner/weiss", "slots"))
        .await;
    let path = "Schedule/weiss/$generate-slots";
    let hourly = days(MONDAY, MONDAY, Some(60), false);
    numbers(&world, &world.cx, path, &hourly).await;
    let half = visit("booked", (9, 10), "Patient/anna", &["Practitioner/weiss"]);
    let half = half.replace("T10:00:00", "T09:30:00");
    check(
        &world,
        &staff(),
        "Appointment/$book",
        &of_resource(&half.replace("booked", "pending")),
        "201 booked",
    )
    .await;
    let expected = [
        "busy 08:00-08:30",
        "free 08:30-09:00",
        "free 09:00-10:00",
        "free 10:00-11:00",
    ];
    assert_eq!(slots(&world).await, expected);
    let again = days(MONDAY, MONDAY, Some(60), true);
    let said = numbers(&world, &world.cx, path, &again).await;
    assert_eq!(said, "created 0, removed 0, kept 3");
    assert_eq!(slots(&world).await, expected);
    // At half past ten the Slot from ten to eleven has begun.
    let cx = RequestContext {
        now: "2027-03-01T09:30:00Z".parse().unwrap(),
        ..world.cx.clone()
    };
    let said = numbers(&world, &cx, path, &again).await;
    assert_eq!(said, "created 0, removed 0, kept 1");
    assert_eq!(slots(&world).await, expected);
    world.close().await;
}

#[tokio::test]
async fn what_is_too_much_takes_nothing_away() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let weiss = calendar("weiss", "Practitioner/weiss", "slots");
    world.put(&weiss.replace("2027-01-01", "2026-01-01")).await;
    let cx = world.cx.clone();
    let path = "Schedule/weiss/$generate-slots";
    let said = numbers(&world, &cx, path, &days(MONDAY, MONDAY, Some(60), false)).await;
    assert_eq!(said, "created 3, removed 0, kept 0");
    // The pieces of the past alone are more than are looked at.
    let long = days("2026-03-02", MONDAY, Some(5), true);
    let said = numbers(&world, &cx, path, &long).await;
    assert!(said.starts_with("422 "), "{said}");
    assert_eq!(slots(&world).await.len(), 3);
    world.close().await;
}

#[tokio::test]
async fn calendars_are_kept_by_those_who_may() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world
        .put(&calendar("weiss", "Practitioner/weiss", "rules"))
        .await;
    let body = days(MONDAY, MONDAY, None, false);
    let path = "Schedule/weiss/$generate-slots";
    // Whoever may write Slots everywhere may make them; a patient's own rows are not that.
    let own = granted(Some("Patient/anna"), Rows::None, Vec::new());
    let said = numbers(&world, &own, path, &body).await;
    assert!(said.starts_with("403 "), "{said}");
    let said = numbers(&world, &staff(), path, &body).await;
    assert_eq!(said, "created 6, removed 0, kept 0");
    world.close().await;
}
