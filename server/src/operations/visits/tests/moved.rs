//! Visits move to what `$find` has offered, alone or with those who were offered.

use super::super::testing::*;
use super::{BOOK, ROOM_1, SCAN, visit};
use crate::operations::find::tests::{clinic, monday};
use crate::operations::testing::World;
use crate::store::Proposal;

#[tokio::test]
async fn what_is_offered_is_where_a_visit_moves() {
    let Some(world) = clinic().await else {
        return;
    };
    let cx = staff();
    let pending = visit(&world, "pending", 0, &ROOM_1, SCAN);
    let key = check(&world, &cx, BOOK, &of_resource(&pending), "201 booked").await;
    let others = [
        "Patient/eva",
        "PractitionerRole/role-b",
        "Location/room-2",
        "Device/scanner-2",
    ];
    let offer = |id: &str, minutes| Proposal {
        id: id.to_owned(),
        content: visit(&world, "proposed", minutes, &others, SCAN).replacen(
            '{',
            &format!(r#"{{"id":"{id}","#),
            1,
        ),
    };
    let offers = [offer("prop-a", 60), offer("prop-b", 90)];
    let store = &world.interactions.store;
    let (holder, expires) = (cx.access.name(), later(&cx, 15).now);
    let added = store.add_proposals(&holder, &offers, cx.now, expires).await;
    added.unwrap();
    let path = format!("{key}/$reschedule");
    let reference = |id: &str| format!(r#"{{"reference":"Appointment/{id}"}}"#);
    let (a, b) = (reference("prop-a"), reference("prop-b"));
    let (a, b) = (&*a, &*b);
    let own = key_of(&key);
    let moved = |given: &[(&str, &str, &str)]| parameters(given);
    let changing = ("keep-actors", "valueBoolean", "false");
    let (start, end) = (
        format!(r#""{}""#, monday(&world, 10, 0).timestamp()),
        format!(r#""{}""#, monday(&world, 10, 30).timestamp()),
    );
    let start = ("start", "valueDateTime", &*start);
    let end = ("end", "valueDateTime", &*end);
    let following = ("scope", "valueCode", r#""following""#);
    for refused in [
        moved(&[]),
        moved(&[start]),
        moved(&[to(a), start, end]),
        moved(&[start, end, changing]),
        moved(&[to(a), changing, following]),
        moved(&[to(&own)]),
    ] {
        check(&world, &cx, &path, &refused, "400 -").await;
    }
    check(&world, &cx, &path, &moved(&[to(a)]), "200 booked").await;
    assert_eq!(
        taken(&world).await,
        [ROOM_1[3], ROOM_1[2], "Patient/anna", "Practitioner/a"]
    );
    check(&world, &cx, &path, &moved(&[to(b), changing]), "200 booked").await;
    assert_eq!(
        taken(&world).await,
        [others[3], others[2], "Patient/anna", "Practitioner/b"]
    );
    let stored = world.read(&key).await.unwrap();
    let start = monday(&world, 10, 30).timestamp().to_string();
    assert!(stored.contains(&start) && stored.contains(SCAN), "{stored}");
    world.close().await;
}

fn to(json: &str) -> (&str, &str, &str) {
    ("appointment-reference", "valueReference", json)
}

fn key_of(key: &str) -> String {
    format!(r#"{{"reference":"{key}"}}"#)
}

/// Whose time is taken.
async fn taken(world: &World) -> Vec<String> {
    let sql = "select actor from actor_busy order by actor";
    world.database().texts(sql).await
}
