//! Freed time is offered to whose turn it is, once; theirs to book or to let go.

mod fair;
mod replied;

use fhir::json::Value;
use fhir::resource::Resource;
use jiff::Timestamp;

use super::{Woken, wake};
use crate::auth::{Act, Rows};
use crate::context::RequestContext;
use crate::operations::find::tests::{clinic, monday};
use crate::operations::testing::{World, granted};
use crate::operations::visits::testing::*;

const BOOK: &str = "Appointment/$book";

/// The clinic of `$find`, whose offers stand for half an hour, with three more patients.
async fn world() -> Option<World> {
    let world = clinic().await?;
    let service = world.read("HealthcareService/scan").await.unwrap();
    let duration = r#"{"url": "duration""#;
    let offers = format!(r#"{{"url":"offer-minutes","valuePositiveInt":30}},{duration}"#);
    world.put(&service.replacen(duration, &offers, 1)).await;
    for patient in ["eva", "mia", "ida"] {
        let patient = format!(r#"{{"resourceType":"Patient","id":"{patient}"}}"#);
        world.put(&patient).await;
    }
    Some(world)
}

/// A visit of that Monday with the first physician, at ten.
async fn booked(world: &World, patient: &str) -> String {
    booked_for(world, patient, 30).await
}

/// A visit that begins then, and takes so many minutes.
async fn booked_for(world: &World, patient: &str, minutes: i64) -> String {
    let start = monday(world, 10, 0).timestamp();
    let end = start + jiff::SignedDuration::from_mins(minutes);
    let visit = visit("pending", (9, 10), patient, &["PractitionerRole/role-a"]);
    let visit = visit
        .replace("2027-03-01T09:00:00+01:00", &start.to_string())
        .replace("2027-03-01T10:00:00+01:00", &end.to_string());
    check(world, &staff(), BOOK, &of_resource(&visit), "201 booked").await
}

/// Somebody waits for the first physician on that Monday.
async fn waits(world: &World, patient: &str, more: &[(&str, &str, &str)]) -> String {
    let patient = format!(r#"{{"reference":"{patient}"}}"#);
    let day = monday(world, 9, 0).date();
    let period = format!(r#"{{"start":"{day}","end":"{day}"}}"#);
    let mut all = vec![
        (
            "healthcare-service",
            "valueReference",
            r#"{"reference":"HealthcareService/scan"}"#,
        ),
        ("patient-reference", "valueReference", &*patient),
        ("requested-period", "valuePeriod", &*period),
        (
            "practitioner",
            "valueReference",
            r#"{"reference":"PractitionerRole/role-a"}"#,
        ),
    ];
    all.extend_from_slice(more);
    let path = "Appointment/$waitlist";
    check(world, &staff(), path, &parameters(&all), "201 waitlist").await
}

async fn cancelled(world: &World, key: &str) {
    let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"x"}"#)]);
    let path = format!("{key}/$cancel");
    check(world, &staff(), &path, &reason, "200 cancelled").await;
}

/// When all is written that a test has written.
fn soon(world: &World) -> Timestamp {
    later(&world.cx, 2).now
}

async fn woken(world: &World, now: Timestamp) -> Woken {
    let cx = RequestContext {
        now,
        ..world.cx.clone()
    };
    let interactions = &world.interactions;
    wake(&interactions.store, &interactions.definitions, &cx)
        .await
        .unwrap()
}

/// The visit that was offered, and its text.
async fn offered(world: &World, now: Timestamp) -> (String, String) {
    let Woken::Offered(key) = woken(world, now).await else {
        panic!("nothing was offered");
    };
    let text = world.read(&key.to_string()).await.unwrap();
    (key.to_string(), text)
}

fn ends(text: &str) -> Timestamp {
    let visit = Resource::parse(text.to_owned()).unwrap();
    let hold = visit.root().at(&["extension"]).unwrap().items().next();
    let ends = hold
        .and_then(|one| one.get("valueInstant")?.string())
        .unwrap();
    ends.parse().unwrap()
}

#[tokio::test]
async fn freed_time_is_offered_in_turn() {
    let Some(world) = world().await else {
        return;
    };
    let now = soon(&world);
    let visit = booked(&world, "Patient/anna").await;
    // Nobody waits for what is not free, however long.
    waits(&world, "Patient/eva", &[]).await;
    let mia = waits(
        &world,
        "Patient/mia",
        &[("priority", "valueUnsignedInt", "1")],
    )
    .await;
    // A year of notice is more than there is.
    waits(
        &world,
        "Patient/ida",
        &[
            ("priority", "valueUnsignedInt", "1"),
            ("min-notice-hours", "valueUnsignedInt", "8000"),
            (
                "requested-period",
                "valuePeriod",
                r#"{"start":"2028-01-01"}"#,
            ),
        ],
    )
    .await;
    assert_eq!(woken(&world, now).await, Woken::Nothing);
    cancelled(&world, &visit).await;
    let (held, text) = offered(&world, now).await;
    let id = mia.strip_prefix("Appointment/").unwrap();
    for part in ["Patient/mia", "role-a", id, r#""status": "pending""#] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let start = monday(&world, 10, 0).timestamp();
    assert!(
        text.contains(&format!("{}T10:00:00", monday(&world, 10, 0).date())),
        "{text}"
    );
    assert!(now < ends(&text) && ends(&text) < start, "{text}");
    // The other one waits for the same physician.
    assert_eq!(woken(&world, now).await, Woken::Dropped);
    // It is for the one to whom it was offered, who does not wait any more then.
    let own = of_reference(&held);
    let as_patient = |name: &str| granted(Some(name), Rows::All, Vec::new());
    let (mias, evas) = (as_patient("Patient/mia"), as_patient("Patient/eva"));
    check(&world, &evas, BOOK, &own, "403 hold-not-owned").await;
    let hold = "Appointment/$hold";
    check(&world, &mias, hold, &own, "422 invalid-transition").await;
    check(&world, &mias, BOOK, &own, "200 booked").await;
    let entry = world.read(&mia).await.unwrap();
    assert!(
        entry.contains("waitlist-booked") && entry.contains("cancelled"),
        "{entry}"
    );
    assert_eq!(woken(&world, now).await, Woken::Nothing);
    world.close().await;
}

#[tokio::test]
async fn an_offer_that_nobody_takes_goes_to_the_next() {
    let Some(world) = world().await else {
        return;
    };
    let visit = booked(&world, "Patient/anna").await;
    waits(&world, "Patient/eva", &[]).await;
    waits(&world, "Patient/mia", &[]).await;
    cancelled(&world, &visit).await;
    let (first, text) = offered(&world, soon(&world)).await;
    assert!(text.contains("Patient/eva"), "{text}");
    assert_eq!(woken(&world, soon(&world)).await, Woken::Dropped);
    let then = RequestContext {
        now: ends(&text),
        ..world.cx.clone()
    };
    let interactions = &world.interactions;
    let (store, definitions) = (&interactions.store, &interactions.definitions);
    let ended = crate::jobs::end_holds(store, definitions, &then).await;
    assert_eq!(ended.unwrap(), 1);
    let over = world.read(&first).await.unwrap();
    assert!(over.contains("waitlist-expired"), "{over}");
    let (second, text) = offered(&world, then.now).await;
    assert!(text.contains("Patient/mia"), "{text}");
    // Let go, it is offered to nobody: both have had it.
    let mia = granted(Some("Patient/mia"), Rows::All, Vec::new());
    let mia = RequestContext {
        now: then.now,
        ..mia
    };
    let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"x"}"#)]);
    let path = format!("{second}/$cancel");
    check(&world, &mia, &path, &reason, "200 cancelled").await;
    assert_eq!(woken(&world, then.now).await, Woken::Dropped);
    assert_eq!(woken(&world, then.now).await, Woken::Dropped);
    assert_eq!(woken(&world, then.now).await, Woken::Nothing);
    world.close().await;
}

#[tokio::test]
async fn of_many_who_look_one_makes_the_offer() {
    let Some(world) = world().await else {
        return;
    };
    let visit = booked(&world, "Patient/anna").await;
    waits(&world, "Patient/eva", &[]).await;
    cancelled(&world, &visit).await;
    let looks = (0..6).map(|_| woken(&world, soon(&world)));
    let found = futures_util::future::join_all(looks).await;
    let offers = found.iter().filter(|one| matches!(one, Woken::Offered(_)));
    assert_eq!(offers.count(), 1, "{found:?}");
    let sql = "select appointment from waitlist_offer";
    assert_eq!(world.database().texts(sql).await.len(), 1);
    world.close().await;
}

/// Whatever frees time says so, and what frees none does not.
#[tokio::test]
async fn time_is_freed_by_every_way() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let records = granted(
        Some("Practitioner/records"),
        Rows::All,
        vec![Act::CorrectVisits],
    );
    let freed = async || {
        let sql = "select lower(during)::text from freed_time order by id";
        world.database().texts(sql).await.len()
    };
    let mut expected = 0;
    for (way, frees) in [
        ("comment", false),
        ("arrived", false),
        ("cancelled", true),
        ("moved", true),
        ("entered-in-error", true),
        ("noshow", true),
    ] {
        let json = visit("pending", (9, 10), "Patient/anna", &["Practitioner/weiss"]);
        let key = check(&world, &staff(), BOOK, &of_resource(&json), "201 booked").await;
        let text = world.read(&key).await.unwrap();
        let with = |from: &str, to: &str| text.replacen(from, to, 1);
        let status = |to: &str| with(r#""status": "booked""#, &format!(r#""status": "{to}""#));
        let (cx, changed) = match way {
            "comment" => (world.cx.clone(), with("{", r#"{"comment":"x","#)),
            "moved" => (
                world.cx.clone(),
                text.replace("T09:", "T11:").replace("T10:", "T12:"),
            ),
            "noshow" => {
                let start: Timestamp = "2027-03-01T08:20:00Z".parse().unwrap();
                let cx = RequestContext {
                    now: start,
                    ..world.cx.clone()
                };
                (cx, status(way))
            }
            "entered-in-error" => (records.clone(), status(way)),
            _ => (world.cx.clone(), status(way)),
        };
        put(&world, &cx, &changed).await;
        expected += usize::from(frees);
        assert_eq!(freed().await, expected, "{way}");
        // What is there still makes way for the next.
        world
            .database()
            .execute("delete from actor_busy")
            .await
            .unwrap();
    }
    world.close().await;
}

async fn put(world: &World, cx: &RequestContext, json: &str) {
    let resource = Resource::parse(json.to_owned()).unwrap();
    let key = format!(
        "Appointment/{}",
        resource.get("id").and_then(Value::string).unwrap()
    );
    let update = crate::interactions::Interaction::Update {
        key: key.parse().unwrap(),
        resource,
        conditions: crate::interactions::WriteConditions::default(),
    };
    world.interactions.perform(cx, update).await.unwrap();
}

#[tokio::test]
async fn staff_offer_what_they_have_found() {
    let Some(world) = world().await else {
        return;
    };
    let eva = waits(&world, "Patient/eva", &[]).await;
    let (start, end) = (monday(&world, 10, 0), monday(&world, 11, 0));
    let found = parameters(&[
        (
            "start",
            "valueDateTime",
            &format!(r#""{}""#, start.timestamp()),
        ),
        ("end", "valueDateTime", &format!(r#""{}""#, end.timestamp())),
        (
            "healthcare-service",
            "valueReference",
            r#"{"reference":"HealthcareService/scan"}"#,
        ),
        ("_count", "valueInteger", "1"),
    ]);
    let cx = staff();
    let (said, proposal) = brief(&call(&world, &cx, "Appointment/$find", &found).await);
    assert_eq!(said, "200 proposed");
    let path = format!("{eva}/$offer");
    let own = of_reference(&proposal);
    let patient = granted(Some("Patient/eva"), Rows::All, Vec::new());
    check(&world, &patient, &path, &own, "403 -").await;
    let held = check(&world, &cx, &path, &own, "201 pending").await;
    check(&world, &cx, &path, &own, "422 invalid-transition").await;
    let path = format!("{held}/$offer");
    check(&world, &cx, &path, &own, "422 invalid-transition").await;
    check(&world, &patient, BOOK, &of_reference(&held), "200 booked").await;
    let entry = world.read(&eva).await.unwrap();
    assert!(entry.contains("waitlist-booked"), "{entry}");
    world.close().await;
}
