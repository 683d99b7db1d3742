//! Visits are booked with all whose time they take, or not at all.

use fhir::resource::Resource;

use crate::auth::Rows;
use crate::context::RequestContext;
use crate::interactions::CallConditions;
use crate::operations::testing::{World, entries, granted};
use crate::operations::visits::testing::*;
use crate::store::Proposal;

const BOOK: &str = "Appointment/$book";

#[tokio::test]
async fn of_two_hundred_at_once_one_is_booked() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let actors = ["Practitioner/weiss", "Location/room", "Device/scanner"];
    let bodies: Vec<String> = (0..200)
        .map(|_| of_resource(&visit("pending", (9, 10), "Patient/anna", &actors)))
        .collect();
    let calls = bodies.iter().map(|body| call(&world, &cx, BOOK, body));
    let answers = futures_util::future::join_all(calls).await;
    let mut said: Vec<String> = answers.iter().map(|one| brief(one).0).collect();
    said.sort();
    assert_eq!(said.remove(0), "201 booked");
    assert!(said.iter().all(|one| one.starts_with("409 ")), "{said:?}");
    assert_eq!(claims(&world).await, 4);
    let stored = world
        .database()
        .texts("select id from resource where resource_type = 'Appointment'");
    assert_eq!(stored.await.len(), 1);
    world.close().await;
}

/// Rounds of two that want the same three in opposite order, at once.
async fn rounds_in_opposite_order(rounds: u32) {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let (one, other) = (
        ["Practitioner/weiss", "Location/room", "Device/scanner"],
        ["Device/scanner", "Location/room", "Practitioner/weiss"],
    );
    for round in 0..rounds {
        let hours = (9, 10);
        let anna = of_resource(&visit("pending", hours, "Patient/anna", &one));
        let eva = of_resource(&visit("pending", hours, "Patient/eva", &other));
        let (anna, eva) = tokio::join!(
            call(&world, &cx, BOOK, &anna),
            call(&world, &cx, BOOK, &eva)
        );
        let mut answers = [brief(&anna), brief(&eva)];
        answers.sort();
        assert_eq!(answers[0].0, "201 booked", "round {round}");
        assert_eq!(answers[1].0, "409 appointment-clash", "round {round}");
        let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"x"}"#)]);
        let path = format!("{}/$cancel", answers[0].1);
        check(&world, &cx, &path, &reason, "200 cancelled").await;
    }
    assert_eq!(claims(&world).await, 0);
    world.close().await;
}

#[tokio::test]
async fn two_that_want_the_same_in_opposite_order_do_not_wait_for_each_other() {
    Box::pin(rounds_in_opposite_order(20)).await;
}

#[tokio::test]
async fn a_visit_is_booked_changed_and_cancelled() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let at = |status: &str, hours| visit(status, hours, "Patient/anna", &["Practitioner/weiss"]);
    let key = check(
        &world,
        &cx,
        BOOK,
        &of_resource(&at("pending", (9, 10))),
        "201 booked",
    )
    .await;
    let stored = world.read(&key).await.unwrap();
    assert!(
        !stored.contains("needs-action") && stored.contains("accepted"),
        "{stored}"
    );
    let id = key.strip_prefix("Appointment/").unwrap();
    let with_id = |json: String| json.replacen('{', &format!(r#"{{"id":"{id}","#), 1);
    // It moves to where it stood itself.
    let moved = of_resource(&with_id(at("booked", (9, 11))));
    check(&world, &cx, BOOK, &moved, "200 booked").await;
    assert!(
        world
            .read(&key)
            .await
            .unwrap()
            .contains("reschedule-history")
    );
    let nowhere = of_resource(&at("cancelled", (9, 10)));
    check(&world, &cx, BOOK, &nowhere, "400 -").await;
    let reason = r#""cancelationReason":{"text":"ill"},"#;
    let cancelled = with_id(at("cancelled", (9, 11))).replacen('{', &format!("{{{reason}"), 1);
    let cancelled = of_resource(&cancelled);
    check(&world, &cx, BOOK, &cancelled, "200 cancelled").await;
    check(&world, &cx, BOOK, &cancelled, "200 cancelled").await;
    check(&world, &cx, BOOK, &moved, "422 invalid-transition").await;
    check(
        &world,
        &cx,
        BOOK,
        &of_reference(&key),
        "422 invalid-transition",
    )
    .await;
    check(
        &world,
        &cx,
        BOOK,
        &of_resource(&at("noshow", (9, 10))),
        "422 invalid-transition",
    )
    .await;
    assert_eq!(claims(&world).await, 0);
    world.close().await;
}

#[tokio::test]
async fn what_cannot_be_had_may_wait() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let of = |patient: &str| visit("pending", (9, 10), patient, &["Practitioner/weiss"]);
    check(
        &world,
        &cx,
        BOOK,
        &of_resource(&of("Patient/anna")),
        "201 booked",
    )
    .await;
    let waits = parameters(&[
        ("appointment-resource", "resource", &of("Patient/eva")),
        ("on-clash", "valueCode", r#""waitlist""#),
    ]);
    let answer = call(&world, &cx, BOOK, &waits).await;
    assert_eq!(brief(&answer).0, "201 waitlist");
    let body = answer.unwrap().body.unwrap();
    let body = std::str::from_utf8(&body).unwrap();
    for part in [
        "requestedPeriod",
        r#""mode":"outcome""#,
        "appointment-clash",
        "warning",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
    let stored = world
        .database()
        .texts("select id from resource where resource_type = 'Appointment'");
    assert_eq!(stored.await.len(), 2);
    assert_eq!(claims(&world).await, 2);
    world.close().await;
}

#[tokio::test]
async fn what_is_only_tried_leaves_nothing() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let pending = visit("pending", (9, 10), "Patient/anna", &["Practitioner/weiss"]);
    let tried = parameters(&[
        ("appointment-resource", "resource", &pending),
        ("dry-run", "valueBoolean", "true"),
    ]);
    for _ in 0..2 {
        let key = check(&world, &cx, BOOK, &tried, "200 booked").await;
        assert!(world.read(&key).await.unwrap_err().starts_with("404 "));
    }
    let answer = call(&world, &cx, BOOK, &tried).await.unwrap().body.unwrap();
    assert!(std::str::from_utf8(&answer).unwrap().contains("dry-run"));
    assert_eq!(claims(&world).await, 0);
    check(&world, &cx, BOOK, &of_resource(&pending), "201 booked").await;
    check(&world, &cx, BOOK, &tried, "409 patient-double-booked").await;
    world.close().await;
}

#[tokio::test]
async fn a_booking_that_is_sent_again_is_made_once() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let body = of_resource(&visit(
        "pending",
        (9, 10),
        "Patient/anna",
        &["Practitioner/weiss"],
    ));
    let send = |cx: RequestContext| {
        let conditions = CallConditions {
            idempotency_key: Some("k".into()),
            ..CallConditions::default()
        };
        let (world, body) = (&world, &body);
        async move { world.call_with(&cx, BOOK, Some(body), conditions).await }
    };
    let first = send(cx.clone()).await.unwrap();
    let again = send(cx.clone()).await.unwrap();
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert!(again.is_replayed && first.body == again.body && first.location == again.location);
    let other = granted(Some("Practitioner/other"), Rows::All, Vec::new());
    let refused = send(other).await;
    assert_eq!(brief(&refused).0, "409 patient-double-booked");
    assert_eq!(claims(&world).await, 2);
    world.close().await;
}

/// A series of visits on Mondays at nine, across the change of the clock.
#[tokio::test]
async fn a_series_is_booked_as_a_whole() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let third = visit("pending", (9, 10), "Patient/eva", &["Practitioner/weiss"]);
    let third = of_resource(&third.replace("2027-03-01", "2027-03-15"));
    check(&world, &cx, BOOK, &third, "201 booked").await;
    let mondays = "FREQ=WEEKLY;BYDAY=MO;COUNT=5";
    let refused = call(&world, &cx, BOOK, &series(mondays, "")).await;
    let refused = refused.unwrap_err();
    let said: Vec<&str> = refused
        .issues()
        .iter()
        .map(|one| &*one.diagnostics)
        .collect();
    assert_eq!(
        refused.issues()[0].detail.as_ref().unwrap().1.as_ref(),
        "series-conflict"
    );
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[1].starts_with("visit 3 of the series: Practitioner/weiss"),
        "{said:?}"
    );
    assert_eq!(claims(&world).await, 2);
    for (rrule, more, expected) in [
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=2", "", "400 -"),
        (
            mondays,
            r#",{"name":"on-conflict","valueCode":"ask"}"#,
            "400 -",
        ),
    ] {
        check(&world, &cx, BOOK, &series(rrule, more), expected).await;
    }
    let skip =
        r#",{"name":"on-conflict","valueCode":"skip"},{"name":"exdate","valueDate":"2027-03-08"}"#;
    let body = call(&world, &cx, BOOK, &series(mondays, skip))
        .await
        .unwrap();
    assert_eq!(body.status.as_u16(), 200);
    let bundle = Resource::parse(body.body.unwrap()).unwrap();
    let entries = bundle.get("entry").unwrap().items();
    let starts =
        entries.filter_map(|one| Some(one.at(&["resource", "start"])?.string()?.into_owned()));
    let starts: Vec<String> = starts.collect();
    let local = [
        "2027-03-01T09:00:00+01:00",
        "2027-03-22T09:00:00+01:00",
        "2027-03-29T09:00:00+02:00",
    ];
    assert_eq!(starts, local);
    let text = bundle.root().raw();
    for part in [
        "visit 3 of the series",
        "warning",
        "appointment-series",
        "Europe/Berlin",
        "series-index",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(claims(&world).await, 2 + 3 * 2);
    world.close().await;
}

/// What `$find` has offered is held or booked by whom it was offered to, for as long as it is.
#[tokio::test]
async fn what_was_offered_is_held_and_booked() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let offers = [(9, "prop-a"), (10, "prop-b")].map(|(hour, id)| {
        let actors = ["Practitioner/weiss", "Location/room"];
        let visit = visit("proposed", (hour, hour + 1), "Patient/anna", &actors);
        Proposal {
            id: id.to_owned(),
            content: visit.replacen('{', &format!(r#"{{"id":"{id}","#), 1),
        }
    });
    let store = &world.interactions.store;
    let (holder, expires) = (cx.access.name(), later(&cx, 15).now);
    let added = store.add_proposals(&holder, &offers, cx.now, expires).await;
    added.unwrap();
    let (first, second) = (
        of_reference("Appointment/prop-a"),
        of_reference("Appointment/prop-b"),
    );
    let other = granted(Some("Practitioner/other"), Rows::All, Vec::new());
    check(&world, &other, BOOK, &first, "422 proposal-expired").await;
    let booked = check(&world, &cx, BOOK, &first, "201 booked").await;
    assert!(!booked.contains("prop-"), "{booked}");
    check(&world, &cx, BOOK, &first, "409 patient-double-booked").await;
    let held = check(&world, &cx, "Appointment/$hold", &second, "201 pending").await;
    check(&world, &cx, BOOK, &of_reference(&held), "200 booked").await;
    let late = later(&cx, 15);
    check(&world, &late, BOOK, &second, "422 proposal-expired").await;
    world.close().await;
}

#[tokio::test]
async fn visits_that_belong_together_share_a_group() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let of_group = |patient: &str, person: &str, group: &str| {
        let visit = visit("pending", (9, 10), patient, &[person]);
        let own = r#"{"identifier":[{"system":"urn:clinic","value":"7"}],"#;
        parameters(&[
            (
                "appointment-resource",
                "resource",
                &visit.replacen('{', own, 1),
            ),
            ("visit-group", "valueString", &format!(r#""{group}""#)),
        ])
    };
    let path = "Appointment/$book";
    let (weiss, lindholm) = ("Practitioner/weiss", "Practitioner/lindholm");
    let first = check(
        &world,
        &cx,
        path,
        &of_group("Patient/anna", weiss, "g-1"),
        "201 booked",
    )
    .await;
    let second = of_group("Patient/eva", lindholm, "g-1");
    check(&world, &cx, path, &second, "201 booked").await;
    let url = "http://localhost/fhir/Appointment?identifier=https://vesta.example/fhir/NamingSystem/visit-group%7Cg-1";
    let found = world.get(url).await.unwrap();
    assert_eq!(entries(&found).0.len(), 2, "{found}");
    // A change may put it into another group; what else it is known by stays.
    let stored = world.read(&first).await.unwrap();
    assert!(stored.contains(r#""minutesDuration": 60"#), "{stored}");
    let changed = parameters(&[
        ("appointment-resource", "resource", &stored),
        ("visit-group", "valueString", r#""g-2""#),
    ]);
    check(&world, &cx, path, &changed, "200 booked").await;
    let stored = world.read(&first).await.unwrap();
    assert!(
        stored.contains("urn:clinic") && stored.contains("g-2") && !stored.contains("g-1"),
        "{stored}"
    );
    world.close().await;
}
