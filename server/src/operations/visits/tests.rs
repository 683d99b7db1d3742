//! What the kind of a visit asks, whatever writes it; and what is offered can be had.

mod answers;
mod cutoff;
mod kept;
mod moved;
mod next;
mod patients;
mod series;

use fhir::json::Value;
use fhir::resource::Resource;
use jiff::ToSpan;

use super::testing::{brief, call, claims, later, of_reference, of_resource, parameters, staff};
use crate::auth::{Act, Rows};
use crate::context::RequestContext;
use crate::interactions::Interaction;
use crate::operations::find::tests::{clinic, monday};
use crate::operations::testing::{World, granted};

const BOOK: &str = "Appointment/$book";
const SCAN: &str = "HealthcareService/scan";
const ROOM_1: [&str; 4] = [
    "Patient/anna",
    "PractitionerRole/role-a",
    "Location/room-1",
    "Device/scanner-1",
];

/// An Appointment of the clinic on that Monday, so many minutes from nine, of half an hour and a service.
fn visit(world: &World, status: &str, minutes: i64, actors: &[&str], service: &str) -> String {
    let start = monday(world, 9, 0).timestamp() + minutes.minutes();
    let (start, end) = (start, start + 30.minutes());
    let required = actors.iter().map(|actor| (*actor, "required"));
    let all = required.chain([(service, "information-only")]);
    let all: Vec<String> = all
        .map(|(actor, required)| {
            format!(
                r#"{{"actor":{{"reference":"{actor}"}},"required":"{required}","status":"accepted"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"resourceType":"Appointment","status":"{status}","start":"{start}","end":"{end}","participant":[{}]}}"#,
        all.join(",")
    )
}

/// What a plain create answers in brief.
async fn plain(world: &World, cx: &RequestContext, json: &str) -> String {
    let resource = Resource::parse(json.to_owned()).unwrap();
    let create = Interaction::Create {
        resource_type: resource.resource_type(),
        resource,
        if_none_exist: None,
    };
    match world.interactions.perform(cx, create).await {
        Ok(outcome) => outcome.status.as_u16().to_string(),
        Err(error) => brief(&Err(error)).0,
    }
}

#[tokio::test]
async fn whatever_writes_a_visit_the_same_is_asked() {
    let Some(world) = clinic().await else {
        return;
    };
    let with = |place: usize, actor: &'static str| {
        let mut actors = ROOM_1;
        actors[place] = actor;
        actors.to_vec()
    };
    let without = |place: usize| {
        let mut actors = ROOM_1.to_vec();
        actors.remove(place);
        actors
    };
    let day = 24 * 60;
    let cases: [(i64, Vec<&str>, &str); 9] = [
        (0, without(1), "422 requirement-unmet"),
        (0, without(2), "422 requirement-unmet"),
        (0, without(3), "422 requirement-unmet"),
        // A nurse is no physician, the cellar not within the site, and the other machine in the other room.
        (
            0,
            with(1, "PractitionerRole/role-nurse"),
            "422 requirement-unmet",
        ),
        (0, with(2, "Location/cellar"), "422 requirement-unmet"),
        (0, with(3, "Device/scanner-2"), "422 requirement-unmet"),
        (day, ROOM_1.to_vec(), "422 outside-availability"),
        (105, ROOM_1.to_vec(), "422 outside-availability"),
        (63 * day, ROOM_1.to_vec(), "422 beyond-horizon"),
    ];
    let cx = staff();
    for (minutes, actors, expected) in cases {
        let booked = visit(&world, "booked", minutes, &actors, SCAN);
        assert_eq!(
            plain(&world, &cx, &booked).await,
            expected,
            "{minutes} {actors:?}"
        );
        let pending = visit(&world, "pending", minutes, &actors, SCAN);
        for operation in [BOOK, "Appointment/$hold"] {
            let (said, _) = brief(&call(&world, &cx, operation, &of_resource(&pending)).await);
            assert_eq!(said, expected, "{operation} {minutes} {actors:?}");
        }
    }
    assert_eq!(claims(&world).await, 0);
    // What has no HealthcareService has no policy; patients book none of that, nor what is not for them.
    let of_none = visit(
        &world,
        "pending",
        day,
        &["Patient/anna", "Location/cellar"],
        "Location/site",
    );
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let (said, _) = brief(&call(&world, &anna, BOOK, &of_resource(&of_none)).await);
    assert_eq!(said, "403 -");
    let of_scan = of_resource(&visit(&world, "pending", 0, &ROOM_1, SCAN));
    assert_eq!(brief(&call(&world, &anna, BOOK, &of_scan).await).0, "403 -");
    assert_eq!(
        plain(&world, &cx, &of_none.replace("pending", "booked")).await,
        "201"
    );
    world.close().await;
}

#[tokio::test]
async fn who_may_books_outside_and_is_warned() {
    let Some(world) = clinic().await else {
        return;
    };
    let desk = granted(Some("Practitioner/d"), Rows::All, vec![Act::BookOutside]);
    let pending = visit(&world, "pending", 24 * 60, &ROOM_1, SCAN);
    let answer = call(&world, &desk, BOOK, &of_resource(&pending)).await;
    assert_eq!(brief(&answer).0, "201 booked");
    let body = answer.unwrap().body.unwrap();
    let body = std::str::from_utf8(&body).unwrap();
    for part in ["outside-availability", "warning", r#""mode":"outcome""#] {
        assert!(body.contains(part), "{part} in {body}");
    }
    // A policy that becomes another asks nothing of what is booked.
    let service = world.read(SCAN).await.unwrap();
    let other = service.replace(r#""physician""#, r#""embryologist""#);
    assert_ne!(service, other);
    world.put(&other).await;
    let (_, key) = brief(
        &call(
            &world,
            &desk,
            BOOK,
            &of_resource(&visit(&world, "pending", 0, &ROOM_1, SCAN)),
        )
        .await,
    );
    assert!(key.contains("embryologist"), "{key}");
    let booked = world
        .database()
        .texts("select id from resource where resource_type = 'Appointment'")
        .await;
    let with_id = format!(r#"{{"id":"{}","comment":"late","#, booked[0]);
    let changed = visit(&world, "booked", 24 * 60, &ROOM_1, SCAN).replacen('{', &with_id, 1);
    let answer = call(&world, &staff(), BOOK, &of_resource(&changed)).await;
    assert_eq!(brief(&answer).0, "200 booked");
    world.close().await;
}

#[tokio::test]
async fn buffers_and_places_beyond_the_capacity() {
    let Some(world) = clinic().await else {
        return;
    };
    let cx = staff();
    let book =
        async |cx: &RequestContext, minutes: i64, actors: &[&str], more: &[(&str, &str, &str)]| {
            let visit = visit(&world, "pending", minutes, actors, SCAN);
            let resource = [("appointment-resource", "resource", &*visit)];
            let given: Vec<(&str, &str, &str)> = resource.iter().chain(more).copied().collect();
            let answer = call(&world, cx, BOOK, &parameters(&given)).await;
            (brief(&answer).0, brief(&answer).1)
        };
    let other = |room: &'static str, device: &'static str| {
        ["Patient/anna", "PractitionerRole/role-b", room, device]
    };
    let (first, _) = book(&cx, 0, &ROOM_1, &[]).await;
    assert_eq!(first, "201 booked");
    let texts = world.database().texts(
        "select actor || ' ' || extract(epoch from upper(during) - lower(during)) / 60 from actor_busy order by actor",
    );
    let minutes = |text: &String| text.split('.').next().unwrap().to_owned();
    let taken: Vec<String> = texts.await.iter().map(minutes).collect();
    assert_eq!(
        taken,
        [
            "Device/scanner-1 30",
            "Location/room-1 60",
            "Patient/anna 30",
            "Practitioner/a 30"
        ]
    );
    // The room is still being cleaned.
    let in_room_1 = other("Location/room-1", "Device/scanner-1");
    assert_eq!(
        book(&cx, 30, &in_room_1, &[]).await.0,
        "409 appointment-clash"
    );
    let beyond = [("overbook", "valueBoolean", "true")];
    assert_eq!(
        book(&cx, 30, &in_room_1, &beyond).await.0,
        "422 overbook-not-permitted"
    );
    let desk = granted(Some("Practitioner/d"), Rows::All, vec![Act::Overbook]);
    let (said, key) = book(&desk, 30, &in_room_1, &beyond).await;
    assert_eq!(said, "201 booked");
    assert!(world.read(&key).await.unwrap().contains("overbooked"));
    // The limit is one; and where there is room, nothing is overbooked.
    let eva = [
        "PractitionerRole/role-a",
        "Location/room-1",
        "Device/scanner-1",
    ];
    assert_eq!(
        book(&desk, 30, &eva, &beyond).await.0,
        "409 appointment-clash"
    );
    let (said, key) = book(
        &desk,
        60,
        &other("Location/room-2", "Device/scanner-2"),
        &beyond,
    )
    .await;
    assert_eq!(said, "201 booked");
    assert!(!world.read(&key).await.unwrap().contains("overbooked"));
    world.close().await;
}

/// A kind of visit that patients book themselves, and its policy beside what it requires.
async fn self_booked(world: &World, more: &str) {
    world
        .put(&format!(
            r#"{{"resourceType":"HealthcareService","id":"talk","extension":[{{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[
            {{"url":"duration","valuePositiveInt":30}},{{"url":"align-minutes","valuePositiveInt":30}},{{"url":"self-book","valueBoolean":true}},{more}
            {{"url":"requirement","extension":[{{"url":"role","valueCode":"nurse"}},{{"url":"type","valueCode":"PractitionerRole"}}]}}]}}]}}"#
        ))
        .await;
}

#[tokio::test]
async fn what_patients_book_themselves() {
    let Some(world) = clinic().await else {
        return;
    };
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    assert_eq!(anna.limits.self_booked, 2);
    let nurse = ["Patient/anna", "PractitionerRole/role-nurse"];
    let book = async |cx: &RequestContext, minutes: i64, actors: &[&str]| {
        let visit = visit(&world, "pending", minutes, actors, "HealthcareService/talk");
        let answer = call(&world, cx, BOOK, &of_resource(&visit)).await;
        brief(&answer)
    };
    self_booked(
        &world,
        r#"{"url":"referral-required","valueBoolean":true},"#,
    )
    .await;
    assert_eq!(book(&anna, 0, &nurse).await.0, "422 referral-required");
    self_booked(
        &world,
        r#"{"url":"lead-minutes","valueUnsignedInt":43200},"#,
    )
    .await;
    assert_eq!(book(&anna, 0, &nurse).await.0, "422 lead-time");
    self_booked(&world, "").await;
    let with_more = [
        "Patient/anna",
        "PractitionerRole/role-nurse",
        "Location/cellar",
    ];
    assert_eq!(book(&anna, 0, &with_more).await.0, "422 requirement-unmet");
    assert_eq!(
        book(&anna, 24 * 60, &nurse).await.0,
        "422 outside-availability"
    );
    let long = visit(&world, "pending", 0, &nurse, "HealthcareService/talk");
    let end = monday(&world, 10, 0).timestamp();
    let half = monday(&world, 9, 30).timestamp();
    let long = long.replace(&format!(r#""end":"{half}""#), &format!(r#""end":"{end}""#));
    assert_eq!(
        brief(&call(&world, &anna, BOOK, &of_resource(&long)).await).0,
        "422 -"
    );
    // Visits begin on the half hour, for patients.
    assert_eq!(book(&anna, 10, &nurse).await.0, "422 -");
    let (said, odd) = book(&staff(), 10, &nurse).await;
    assert_eq!(said, "201 booked");
    let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"x"}"#)]);
    let cancel = format!("{odd}/$cancel");
    brief(&call(&world, &staff(), &cancel, &reason).await);
    // Two to come; one that is cancelled, or over, is none. What staff book is not counted.
    let (said, first) = book(&anna, 0, &nurse).await;
    assert_eq!(said, "201 booked");
    assert_eq!(book(&anna, 30, &nurse).await.0, "201 booked");
    assert_eq!(book(&anna, 60, &nurse).await.0, "422 -");
    assert_eq!(book(&staff(), 60, &nurse).await.0, "201 booked");
    let cancel = format!("{first}/$cancel");
    assert_eq!(
        brief(&call(&world, &anna, &cancel, &reason).await).0,
        "200 cancelled"
    );
    assert_eq!(book(&anna, 0, &nurse).await.0, "201 booked");
    world.close().await;
}

/// The references that `$find` answers for that Monday.
async fn offered(world: &World, cx: &RequestContext, more: &[(&str, &str, &str)]) -> Vec<String> {
    let (start, end) = (
        monday(world, 0, 0).timestamp(),
        monday(world, 23, 0).timestamp(),
    );
    let (start, end) = (format!(r#""{start}""#), format!(r#""{end}""#));
    let mut given = vec![
        ("start", "valueDateTime", &*start),
        ("end", "valueDateTime", &*end),
        ("_count", "valueInteger", "200"),
    ];
    given.extend(more);
    let answer = call(world, cx, "Appointment/$find", &parameters(&given))
        .await
        .unwrap();
    let bundle = Resource::parse(answer.body.unwrap()).unwrap();
    let entries = bundle.get("entry").into_iter().flat_map(Value::items);
    let id = |entry: Value<'_>| Some(entry.at(&["resource", "id"])?.string()?.into_owned());
    entries
        .filter_map(id)
        .map(|id| format!("Appointment/{id}"))
        .collect()
}

/// Whatever is offered is taken, one after the other, until nothing is left; and then there is nothing to be had.
#[tokio::test]
async fn what_is_offered_can_be_had() {
    let Some(world) = clinic().await else {
        return;
    };
    let desk = granted(Some("Practitioner/d"), Rows::All, vec![Act::Overbook]);
    let scan = r#"{"reference":"HealthcareService/scan"}"#;
    let asked = [
        vec![("healthcare-service", "valueReference", scan)],
        vec![
            ("healthcare-service", "valueReference", scan),
            ("include-overbook", "valueBoolean", "true"),
        ],
    ];
    // A room with two lanes, and a block.
    let room = world.read("Location/room-2").await.unwrap();
    let wide = r#"{"extension":[{"url":"https://vesta.example/fhir/StructureDefinition/capacity","valuePositiveInt":2}],"#;
    world.put(&room.replacen('{', wide, 1)).await;
    let (from, to) = (
        monday(&world, 10, 30).timestamp(),
        monday(&world, 11, 0).timestamp(),
    );
    world
        .put(&format!(r#"{{"resourceType":"Slot","id":"block","status":"busy-unavailable","schedule":{{"reference":"Schedule/s3"}},"start":"{from}","end":"{to}"}}"#))
        .await;
    let mut taken = 0;
    for (round, more) in asked.iter().enumerate() {
        for turn in 0..30 {
            let offers = offered(&world, &later(&desk, turn), more).await;
            let beyond = format!("{}", round == 1);
            let take = async |key: &str, dry: &str| {
                let reference = format!(r#"{{"reference":"{key}"}}"#);
                let body = parameters(&[
                    ("appointment-reference", "valueReference", &reference),
                    ("overbook", "valueBoolean", &beyond),
                    ("dry-run", "valueBoolean", dry),
                ]);
                brief(&call(&world, &later(&desk, turn), BOOK, &body).await)
            };
            for key in &offers {
                let (said, why) = take(key, "true").await;
                assert_eq!(said, "200 booked", "round {round}, turn {turn}: {why}");
            }
            let Some(next) = offers.get(usize::try_from(turn).unwrap() * 7 % offers.len().max(1))
            else {
                break;
            };
            assert_eq!(take(next, "false").await.0, "201 booked");
            taken += 1;
        }
    }
    assert!(taken > 6, "{taken}");
    let left = offered(&world, &desk, &asked[1]).await;
    assert_eq!(left, Vec::<String>::new());
    let pending = visit(&world, "pending", 0, &ROOM_1[1..], SCAN);
    let (said, _) = brief(&call(&world, &desk, BOOK, &of_resource(&pending)).await);
    assert_eq!(said, "409 appointment-clash");
    let late = of_reference("Appointment/prop-none");
    assert_eq!(
        brief(&call(&world, &desk, BOOK, &late).await).0,
        "422 proposal-expired"
    );
    world.close().await;
}
