//! Roles and schedules that pass to somebody else, and claims that are made again.

use super::{CLINIC, busy, check_put, slot, staff, visit};
use crate::operations::testing::World;

const REFUSED_SCHEDULE: &str = "409 appointment-clash Schedule.actor";

fn role(person: &str) -> String {
    format!(
        r#"{{"resourceType":"PractitionerRole","id":"doctor","practitioner":{{"reference":"Practitioner/{person}"}}}}"#
    )
}

fn schedule(actor: &str) -> String {
    format!(r#"{{"resourceType":"Schedule","id":"of-doctor","actor":[{{"reference":"{actor}"}}]}}"#)
}

#[tokio::test]
async fn who_takes_part_in_person_stays_when_the_role_passes() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let both = ["Practitioner/lindholm", "PractitionerRole/doctor"];
    check_put(&world, &cx, &visit("a", "booked", (9, 10), &both), "201").await;
    assert_eq!(busy(&world).await, ["Practitioner/lindholm 0 8-9 booked"]);
    check_put(&world, &cx, &role("weiss"), "200").await;
    let two = [
        "Practitioner/lindholm 0 8-9 booked",
        "Practitioner/weiss 0 8-9 booked",
    ];
    assert_eq!(busy(&world).await, two);
    // And back again: one person, one claim.
    check_put(&world, &cx, &role("lindholm"), "200").await;
    assert_eq!(busy(&world).await, two[..1]);
    world.close().await;
}

#[tokio::test]
async fn the_blocks_of_a_schedule_pass_to_whose_it_is() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let leave = slot("leave", "busy-unavailable", (9, 12));
    check_put(&world, &cx, &leave, "201").await;
    let of_weiss = visit("a", "booked", (9, 10), &["Practitioner/weiss"]);
    check_put(&world, &cx, &of_weiss, "201").await;
    let passed = schedule("Practitioner/weiss");
    check_put(&world, &cx, &passed, REFUSED_SCHEDULE).await;
    let later = visit("a", "booked", (13, 14), &["Practitioner/weiss"]);
    check_put(&world, &cx, &later, "200").await;
    check_put(&world, &cx, &passed, "200").await;
    assert_eq!(
        busy(&world).await,
        [
            "Practitioner/weiss 0 12-13 booked",
            "Practitioner/weiss 0 8-11 blocked"
        ]
    );
    // The block of a schedule of a role passes with the role.
    check_put(&world, &cx, &schedule("PractitionerRole/doctor"), "200").await;
    check_put(&world, &cx, &role("weiss"), "200").await;
    let free = visit("b", "booked", (9, 10), &["Practitioner/lindholm"]);
    check_put(&world, &cx, &free, "201").await;
    world.close().await;
}

#[tokio::test]
async fn claims_that_are_made_again_are_those_there_were() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let first = visit(
        "a",
        "booked",
        (9, 10),
        &["Patient/anna", "PractitionerRole/doctor"],
    );
    check_put(&world, &cx, &first, "201").await;
    check_put(
        &world,
        &cx,
        &slot("leave", "busy-unavailable", (14, 16)),
        "201",
    )
    .await;
    let called_off = visit("c", "cancelled", (9, 10), &["PractitionerRole/doctor"]);
    check_put(&world, &world.cx, &called_off, "201").await;
    let before = busy(&world).await;
    assert_eq!(before.len(), 3);

    world
        .database()
        .execute("delete from actor_busy")
        .await
        .unwrap();
    let made = world.interactions.store.reclaim(&world.cx).await.unwrap();
    assert_eq!((made.resources, made.claims, made.beyond), (3, 3, 0));
    assert_eq!(busy(&world).await, before);
    world.close().await;
}

#[tokio::test]
async fn what_overlapped_before_there_were_claims_keeps_its_time() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let doctor = ["PractitionerRole/doctor"];
    // As they were stored when nobody asked: each takes the time of the former only after that one's claim is gone.
    let forget = async || {
        let gone = world.database().execute("delete from actor_busy").await;
        assert!(gone.unwrap() > 0);
    };
    for json in [
        visit("a", "booked", (9, 10), &doctor),
        visit("b", "booked", (9, 10), &doctor),
        slot("leave", "busy-unavailable", (9, 12)),
    ] {
        check_put(&world, &cx, &json, "201").await;
        forget().await;
    }
    let made = world.interactions.store.reclaim(&world.cx).await.unwrap();
    assert_eq!((made.resources, made.claims, made.beyond), (3, 3, 0));
    let lanes = busy(&world).await;
    assert_eq!(lanes.len(), 3, "{lanes:?}");
    // Nobody is added to it, and whoever leaves it makes no room.
    let clash = "409 appointment-clash Appointment.participant[0].actor";
    check_put(&world, &cx, &visit("d", "booked", (9, 10), &doctor), clash).await;
    check_put(&world, &cx, &visit("b", "booked", (17, 18), &doctor), "200").await;
    check_put(&world, &cx, &visit("d", "booked", (9, 10), &doctor), clash).await;
    world.close().await;
}
