//! Visits and blocks by plain writes: nobody is booked twice, and no state follows that must not.

use fhir::ids::ResourceType;
use fhir::resource::Resource;

use crate::auth::{Act, Rows};
use crate::context::RequestContext;
use crate::error::{Error, Result};
use crate::interactions::{Interaction, Outcome, WriteConditions};
use crate::operations::testing::{World, granted, granted_just_now};

mod passing;

const CLINIC: [&str; 8] = [
    r#"{"resourceType":"Patient","id":"anna"}"#,
    r#"{"resourceType":"Patient","id":"eva"}"#,
    r#"{"resourceType":"Practitioner","id":"lindholm"}"#,
    r#"{"resourceType":"Practitioner","id":"weiss"}"#,
    r#"{"resourceType":"PractitionerRole","id":"doctor","practitioner":{"reference":"Practitioner/lindholm"}}"#,
    r#"{"resourceType":"PractitionerRole","id":"head","practitioner":{"reference":"Practitioner/lindholm"}}"#,
    r#"{"resourceType":"Location","id":"waiting","extension":[{"url":"https://vesta.example/fhir/StructureDefinition/capacity","valuePositiveInt":2}]}"#,
    r#"{"resourceType":"Schedule","id":"of-doctor","actor":[{"reference":"PractitionerRole/doctor"}]}"#,
];

/// An Appointment: its hours of one day, and who takes part.
fn visit(id: &str, status: &str, hours: (u32, u32), actors: &[&str]) -> String {
    let participants: Vec<String> = actors
        .iter()
        .map(|actor| match actor.strip_prefix('~') {
            Some(actor) => format!(
                r#"{{"actor":{{"reference":"{actor}"}},"required":"information-only","status":"accepted"}}"#
            ),
            None => format!(r#"{{"actor":{{"reference":"{actor}"}},"status":"accepted"}}"#),
        })
        .collect();
    let cancelled = match status {
        "cancelled" => r#""cancelationReason":{"text":"ill"},"#,
        _ => "",
    };
    format!(
        r#"{{"resourceType":"Appointment","id":"{id}","status":"{status}",{cancelled}"start":"2027-03-01T{:02}:00:00+01:00","end":"2027-03-01T{:02}:00:00+01:00","participant":[{}]}}"#,
        hours.0,
        hours.1,
        participants.join(",")
    )
}

fn slot(id: &str, status: &str, hours: (u32, u32)) -> String {
    format!(
        r#"{{"resourceType":"Slot","id":"{id}","schedule":{{"reference":"Schedule/of-doctor"}},"status":"{status}","start":"2027-03-01T{:02}:00:00+01:00","end":"2027-03-01T{:02}:00:00+01:00"}}"#,
        hours.0, hours.1
    )
}

fn staff() -> RequestContext {
    granted_just_now("Practitioner/desk")
}

async fn put(world: &World, cx: &RequestContext, json: &str) -> Result<Outcome> {
    let resource = Resource::parse(json.to_owned()).unwrap();
    let key = format!("{}/{}", resource.resource_type(), resource.id().unwrap());
    let update = Interaction::Update {
        key: key.parse().unwrap(),
        resource,
        conditions: WriteConditions::default(),
    };
    world.interactions.perform(cx, update).await
}

async fn delete(world: &World, cx: &RequestContext, key: &str) -> Result<Outcome> {
    let delete = Interaction::Delete {
        key: key.parse().unwrap(),
        conditions: WriteConditions::default(),
    };
    world.interactions.perform(cx, delete).await
}

/// Status, code and place of a refusal.
fn refusal(error: &Error) -> String {
    let issue = &error.issues()[0];
    let code = issue.detail.as_ref().map_or("-", |detail| &*detail.1);
    let place = issue.expression.first().map_or("-", |place| &**place);
    format!("{} {code} {place}", error.status().as_u16())
}

async fn check_put(world: &World, cx: &RequestContext, json: &str, expected: &str) {
    let answer = match put(world, cx, json).await {
        Ok(outcome) => outcome.status.as_u16().to_string(),
        Err(error) => refusal(&error),
    };
    assert_eq!(answer, expected, "{json}");
}

/// Who is busy, from one hour to another of UTC.
async fn busy(world: &World) -> Vec<String> {
    let sql = "select actor || ' ' || lane || ' ' || extract(hour from lower(during) at time zone 'UTC') || '-' \
               || extract(hour from upper(during) at time zone 'UTC') || ' ' || kind from actor_busy order by 1";
    world.database().texts(sql).await
}

#[tokio::test]
async fn whom_a_visit_needs_has_no_other_at_that_time() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let doctor = "Appointment.participant[1].actor";
    let check =
        async |json: String, expected: String| check_put(&world, &cx, &json, &expected).await;
    let first = [
        "Patient/anna",
        "PractitionerRole/doctor",
        "Location/waiting",
    ];
    check(visit("a", "booked", (9, 10), &first), "201".into()).await;
    // One person in another role, by an absolute reference and by one with a version.
    for actor in [
        "PractitionerRole/head",
        "Practitioner/lindholm",
        "http://localhost/fhir/Practitioner/lindholm",
        "Practitioner/lindholm/_history/1",
    ] {
        let clashing = visit("b", "booked", (9, 11), &["Patient/eva", actor]);
        check(clashing, format!("409 appointment-clash {doctor}")).await;
    }
    let twice = visit("b", "booked", (8, 10), &["Patient/anna"]);
    let place = "Appointment.participant[0].actor";
    check(twice, format!("409 patient-double-booked {place}")).await;
    // Times that touch do not clash; nor does who is only informed, or a second in a room for two.
    check(visit("b", "booked", (10, 11), &first), "201".into()).await;
    let informed = ["Patient/eva", "~Practitioner/lindholm", "Location/waiting"];
    check(visit("c", "booked", (9, 10), &informed), "201".into()).await;
    let third = ["Practitioner/weiss", "Location/waiting"];
    let full = format!("409 appointment-clash {doctor}");
    check(visit("d", "booked", (9, 10), &third), full).await;
    // What is not booked takes nobody's time.
    check(visit("d", "proposed", (9, 10), &first), "201".into()).await;
    // Somebody in two roles is busy once.
    let both = ["PractitionerRole/doctor", "PractitionerRole/head"];
    check(visit("e", "booked", (12, 13), &both), "201".into()).await;
    assert_eq!(
        busy(&world).await,
        [
            "Location/waiting 0 8-9 booked",
            "Location/waiting 0 9-10 booked",
            "Location/waiting 1 8-9 booked",
            "Patient/anna 0 8-9 booked",
            "Patient/anna 0 9-10 booked",
            "Patient/eva 0 8-9 booked",
            "Practitioner/lindholm 0 11-12 booked",
            "Practitioner/lindholm 0 8-9 booked",
            "Practitioner/lindholm 0 9-10 booked",
        ]
    );
    // A visit moves to where it stood itself, not to where another stands; what is cancelled frees all.
    let longer = || visit("a", "booked", (8, 11), &first[..2]);
    check(longer(), format!("409 patient-double-booked {place}")).await;
    let cancelled = visit("b", "cancelled", (10, 11), &first);
    check(cancelled, "200".into()).await;
    check(longer(), "200".into()).await;
    world.close().await;
}

#[tokio::test]
async fn a_refusal_says_when_and_never_with_whom() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let of = |id, patient| visit(id, "booked", (9, 10), &[patient, "Practitioner/weiss"]);
    put(&world, &staff(), &of("secret", "Patient/anna"))
        .await
        .unwrap();
    let refused = put(&world, &staff(), &of("b", "Patient/eva"))
        .await
        .unwrap_err();
    let said = fhir::outcome::operation_outcome(refused.issues());
    for part in [
        r#""valueReference":{"reference":"Practitioner/weiss"}"#,
        r#""valuePeriod":{"start":"2027-03-01T08:00:00Z","end":"2027-03-01T09:00:00Z"}"#,
        r#""url":"kind","valueCode":"booked""#,
        r#""text":"A required resource is no longer free""#,
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("secret") && !said.contains("anna"), "{said}");
    world.close().await;
}

#[tokio::test]
async fn states_follow_each_other_as_they_may() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let at = |status: &str| {
        visit(
            "a",
            status,
            (9, 10),
            &["Patient/anna", "Practitioner/weiss"],
        )
    };
    let refused = "422 invalid-transition Appointment.status";
    let none = staff();
    for status in ["pending", "arrived", "checked-in", "fulfilled", "noshow"] {
        check_put(&world, &none, &at(status), refused).await;
    }
    check_put(&world, &none, &at("proposed"), "201").await;
    check_put(&world, &none, &at("pending"), refused).await;
    check_put(&world, &none, &at("booked"), "200").await;
    // It is not over before it has begun.
    check_put(&world, &none, &at("noshow"), refused).await;
    check_put(&world, &none, &at("fulfilled"), refused).await;
    check_put(&world, &none, &at("entered-in-error"), "403 - -").await;
    let kept = delete(&world, &none, "Appointment/a").await.unwrap_err();
    assert_eq!(kept.status().as_u16(), 409);
    check_put(&world, &none, &at("arrived"), "200").await;
    check_put(&world, &none, &at("fulfilled"), "200").await;
    check_put(&world, &none, &at("booked"), refused).await;
    assert_eq!(busy(&world).await.len(), 2);

    // A patient proposes, and nothing more.
    let patient = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let mine = |status: &str| visit("b", status, (11, 12), &["Patient/anna"]);
    check_put(
        &world,
        &patient,
        &mine("booked"),
        "403 - Appointment.status",
    )
    .await;
    check_put(&world, &patient, &mine("proposed"), "201").await;
    check_put(
        &world,
        &patient,
        &mine("cancelled"),
        "403 - Appointment.status",
    )
    .await;
    delete(&world, &patient, "Appointment/b").await.unwrap();

    // What was entered in error is corrected by who keeps the records, and frees the time.
    let records = granted(Some("Practitioner/r"), Rows::All, vec![Act::CorrectVisits]);
    let wrong = |status: &str| visit("c", status, (14, 15), &["Patient/eva"]);
    check_put(&world, &none, &wrong("booked"), "201").await;
    check_put(&world, &records, &wrong("entered-in-error"), "200").await;
    assert_eq!(busy(&world).await.len(), 2);
    delete(&world, &none, "Appointment/c").await.unwrap();
    // History of another system is brought as it is, but clashes all the same.
    let history = visit("d", "fulfilled", (9, 10), &["Practitioner/weiss"]);
    let clash = "409 appointment-clash Appointment.participant[0].actor";
    check_put(&world, &world.cx, &history, clash).await;
    let history = visit("d", "noshow", (9, 10), &["Practitioner/weiss"]);
    check_put(&world, &world.cx, &history, "201").await;
    world.close().await;
}

#[tokio::test]
async fn a_block_takes_the_time_of_its_schedule() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let doctor = visit("a", "booked", (9, 10), &["PractitionerRole/head"]);
    check_put(&world, &cx, &doctor, "201").await;
    let leave = |hours| slot("leave", "busy-unavailable", hours);
    check_put(&world, &cx, &leave((9, 12)), "409 appointment-clash -").await;
    check_put(&world, &cx, &leave((10, 12)), "201").await;
    let later = visit("b", "booked", (11, 12), &["PractitionerRole/doctor"]);
    check_put(
        &world,
        &cx,
        &later,
        "409 appointment-clash Appointment.participant[0].actor",
    )
    .await;
    check_put(
        &world,
        &cx,
        &slot("taken", "busy", (13, 14)),
        "422 - Slot.status",
    )
    .await;
    check_put(&world, &cx, &slot("open", "free", (13, 14)), "201").await;
    delete(&world, &cx, "Slot/leave").await.unwrap();
    check_put(&world, &cx, &later, "201").await;
    world.close().await;
}

#[tokio::test]
async fn the_visits_of_a_role_pass_to_whose_it_is() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let of = |id, hours, actor| visit(id, "booked", hours, &[actor]);
    check_put(
        &world,
        &cx,
        &of("a", (9, 10), "PractitionerRole/doctor"),
        "201",
    )
    .await;
    check_put(&world, &cx, &of("b", (9, 10), "Practitioner/weiss"), "201").await;
    let role = |person| {
        format!(
            r#"{{"resourceType":"PractitionerRole","id":"doctor","practitioner":{{"reference":"Practitioner/{person}"}}}}"#
        )
    };
    let refused = "409 appointment-clash PractitionerRole.practitioner";
    check_put(&world, &cx, &role("weiss"), refused).await;
    check_put(&world, &cx, &of("b", (10, 11), "Practitioner/weiss"), "200").await;
    check_put(&world, &cx, &role("weiss"), "200").await;
    let clash = "409 appointment-clash Appointment.participant[0].actor";
    check_put(&world, &cx, &of("c", (9, 10), "Practitioner/weiss"), clash).await;
    check_put(
        &world,
        &cx,
        &of("c", (9, 10), "Practitioner/lindholm"),
        "201",
    )
    .await;
    // Who works here no more, or is out of use, is not booked.
    let gone = r#"{"resourceType":"PractitionerRole","id":"doctor","active":false,"practitioner":{"reference":"Practitioner/weiss"}}"#;
    check_put(&world, &cx, gone, "200").await;
    let inactive = "422 participant-inactive Appointment.participant[0].actor";
    check_put(
        &world,
        &cx,
        &of("d", (15, 16), "PractitionerRole/doctor"),
        inactive,
    )
    .await;
    world.close().await;
}

#[tokio::test]
async fn visits_of_one_transaction_stand_in_nobodys_way_but_others() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let of = |id, hours| visit(id, "booked", hours, &["Practitioner/weiss"]);
    check_put(&world, &cx, &of("a", (9, 10)), "201").await;
    check_put(&world, &cx, &of("b", (10, 11)), "201").await;
    let entry = |json: String| {
        let resource = Resource::parse(json.clone()).unwrap();
        let url = format!("Appointment/{}", resource.id().unwrap());
        format!(r#"{{"resource":{json},"request":{{"method":"PUT","url":"{url}"}}}}"#)
    };
    let perform = async |entries: Vec<String>| {
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
            entries.join(",")
        );
        let resource = Resource::parse(bundle).unwrap();
        let bundle = Interaction::Bundle { resource };
        world.interactions.perform(&cx, bundle).await
    };
    // Two change places.
    let swapped = vec![entry(of("a", (10, 11))), entry(of("b", (9, 10)))];
    perform(swapped).await.unwrap();
    let clashing = vec![entry(of("c", (12, 13))), entry(of("d", (10, 11)))];
    let refused = perform(clashing).await.unwrap_err();
    let place = "Bundle.entry[1].resource.participant[0].actor";
    assert_eq!(refusal(&refused), format!("409 appointment-clash {place}"));
    assert_eq!(busy(&world).await.len(), 2);
    let both = vec![entry(of("c", (12, 13))), entry(of("d", (12, 13)))];
    perform(both).await.unwrap_err();
    assert!(world.read("Appointment/c").await.is_err());
    world.close().await;
}

#[tokio::test]
async fn of_many_at_once_as_many_are_booked_as_there_is_room() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let create = |_| {
        let json = visit("x", "booked", (9, 10), &["Location/waiting"]);
        let create = Interaction::Create {
            resource_type: ResourceType::parse("Appointment").unwrap(),
            resource: Resource::parse(json).unwrap(),
            if_none_exist: None,
        };
        world.interactions.perform(&cx, create)
    };
    let answers = futures_util::future::join_all((0..40).map(create)).await;
    assert_eq!(answers.iter().filter(|one| one.is_ok()).count(), 2);
    for refused in answers.iter().filter_map(|one| one.as_ref().err()) {
        assert_eq!(refused.status().as_u16(), 409);
    }
    world.close().await;
}
