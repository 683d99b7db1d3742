//! What cannot be had of a series is later on the same day, where that can be had.

use fhir::json::Value;
use fhir::resource::Resource;

use super::super::testing::*;
use super::{BOOK, ROOM_1, SCAN};
use crate::auth::{Act, Rows};
use crate::operations::find::tests::{clinic, monday};
use crate::operations::testing::{World, granted};

const NEXT: &str = r#",{"name":"on-conflict","valueCode":"next-available"}"#;

/// The starts of the visits that are booked, and what is said beside them.
async fn booked(world: &World, body: &str) -> (Vec<String>, String) {
    let answer = call(world, &staff(), BOOK, body).await.unwrap();
    let bundle = Resource::parse(answer.body.unwrap()).unwrap();
    let entries = bundle.get("entry").unwrap().items();
    let start = |entry: Value<'_>| Some(entry.at(&["resource", "start"])?.string()?.into_owned());
    let starts = entries.filter_map(start).collect();
    (starts, bundle.root().raw().to_owned())
}

#[tokio::test]
async fn a_visit_of_a_series_is_later_on_the_day() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let taken = [
        ((9, 10), "2027-03-08"),
        ((10, 11), "2027-03-08"),
        ((9, 23), "2027-03-15"),
    ];
    for (hours, day) in taken {
        let eva = visit("pending", hours, "Patient/eva", &["Practitioner/weiss"]);
        let eva = eva.replace("2027-03-01", day).replace("T23:00", "T23:30");
        check(&world, &staff(), BOOK, &of_resource(&eva), "201 booked").await;
    }
    let mondays = series("FREQ=WEEKLY;BYDAY=MO;COUNT=4", NEXT);
    let (starts, said) = booked(&world, &mondays).await;
    let expected = [
        "2027-03-01T09:00:00+01:00",
        "2027-03-08T11:00:00+01:00",
        "2027-03-22T09:00:00+01:00",
    ];
    assert_eq!(starts, expected);
    for part in [
        "visit 2 of the series is at 2027-03-08T11:00:00 in the place of 2027-03-08T09:00:00",
        "visit 3 of the series: Practitioner/weiss",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    world.close().await;
}

/// By the calendars of those who meet its needs, with the time they need around it.
#[tokio::test]
async fn the_next_time_is_one_that_could_be_offered() {
    let Some(world) = clinic().await else {
        return;
    };
    let of = |minutes, actors: &[&str]| super::visit(&world, "pending", minutes, actors, SCAN);
    let first = of_resource(&of(0, &ROOM_1[1..]));
    check(&world, &staff(), BOOK, &first, "201 booked").await;
    let parts = format!(
        r#"{{"name":"rrule","valueString":"FREQ=WEEKLY;COUNT=2"}},{{"name":"timezone","valueCode":"Europe/Berlin"}}{NEXT}"#
    );
    let recurring = format!(r#""parameter":[{{"name":"recurrence","part":[{parts}]}},"#);
    let wanted = of_resource(&of(0, &ROOM_1));
    let wanted = wanted.replace(r#""parameter":["#, &recurring);
    let (starts, said) = booked(&world, &wanted).await;
    let zoned = |days: i64, hour: i8| {
        let at = monday(&world, hour, 0).checked_add(jiff::Span::new().days(days));
        at.unwrap().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    };
    // At half past nine the room is still being cleaned.
    assert_eq!(starts, [zoned(0, 10), zoned(7, 9)], "{said}");
    // Nothing is left on the Monday: the visit is left out.
    let (starts, said) = booked(&world, &wanted.replace("anna", "nobody")).await;
    assert_eq!(starts, [zoned(7, 10)], "{said}");
    world.close().await;
}

/// What one visit of a series is warned of is said, whatever becomes of those after it.
#[tokio::test]
async fn warnings_outlive_what_is_left_out() {
    let Some(world) = clinic().await else {
        return;
    };
    let desk = granted(Some("Practitioner/d"), Rows::All, vec![Act::BookOutside]);
    let tuesday = 24 * 60;
    let of = |minutes, actors: &[&str]| super::visit(&world, "pending", minutes, actors, SCAN);
    let second = of_resource(&of(tuesday + 7 * 24 * 60, &ROOM_1[1..]));
    check(&world, &desk, BOOK, &second, "201 booked").await;
    let parts = r#"{"name":"rrule","valueString":"FREQ=WEEKLY;COUNT=2"},{"name":"timezone","valueCode":"Europe/Berlin"},{"name":"on-conflict","valueCode":"skip"}"#;
    let recurring = format!(r#""parameter":[{{"name":"recurrence","part":[{parts}]}},"#);
    let wanted = of_resource(&of(tuesday, &ROOM_1));
    let wanted = wanted.replace(r#""parameter":["#, &recurring);
    let answer = call(&world, &desk, BOOK, &wanted).await.unwrap();
    let body = answer.body.unwrap();
    let said = std::str::from_utf8(&body).unwrap();
    for part in ["outside-availability", "visit 2 of the series"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    world.close().await;
}
