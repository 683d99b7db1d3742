//! Offers go by patients and by the time that is offered, what is over costs nothing, and nobody stands in the way of others.

use fhir::scheduling::Interval;
use jiff::SignedDuration;

use super::super::wake::{Takeable, waiting};
use super::*;
use crate::operations::{OperationContext, OperationTarget};

/// The same waiting list as another hand writes it.
async fn listed(world: &World, id: &str, period: &str, more: &str) {
    world
        .put(&format!(
            r#"{{"resourceType":"Appointment","id":"{id}","status":"waitlist",{more},"requestedPeriod":[{period}]}}"#
        ))
        .await;
}

fn participants(patient: &str) -> String {
    format!(
        r#""participant":[{{"actor":{{"reference":"Patient/{patient}"}},"status":"needs-action"}},
        {{"actor":{{"reference":"HealthcareService/scan"}},"required":"information-only","status":"needs-action"}}]"#
    )
}

fn day(world: &World) -> String {
    let day = monday(world, 9, 0).date();
    format!(r#"{{"start":"{day}","end":"{day}"}}"#)
}

fn appointments() -> OperationTarget {
    OperationTarget::Type(fhir::ids::ResourceType::parse("Appointment").unwrap())
}

fn asking<'a>(
    world: &'a World,
    cx: &'a RequestContext,
    target: &'a OperationTarget,
) -> OperationContext<'a> {
    OperationContext {
        request: cx,
        store: &world.interactions.store,
        definitions: &world.interactions.definitions,
        target,
        formats: &[],
        if_match: None,
        call: None,
        operations: None,
        accounts: None,
    }
}

/// Half an hour from ten on that Monday.
fn ten(world: &World) -> Interval {
    Interval {
        start: monday(world, 10, 0).timestamp(),
        end: monday(world, 10, 30).timestamp(),
    }
}

#[tokio::test]
async fn who_waited_for_what_is_over_is_not_looked_at() {
    let Some(world) = world().await else {
        return;
    };
    let of = |patient: &str| participants(patient);
    for place in 0..3 {
        let past = r#"{"start":"2020-01-01","end":"2020-02-01"}"#;
        listed(&world, &format!("past-{place}"), past, &of("eva")).await;
        let later = r#"{"start":"2099-01-01"}"#;
        listed(&world, &format!("later-{place}"), later, &of("mia")).await;
    }
    let open = r#"{"end":"2099-12-31"}"#;
    listed(&world, "open", open, &of("ida")).await;
    for place in 0..4 {
        let more = format!(r#"{},"priority":{}"#, of("eva"), 4 - place);
        listed(&world, &format!("n-{place}"), &day(&world), &more).await;
    }
    // Pages are small.
    let mut cx = RequestContext {
        now: soon(&world),
        ..world.cx.clone()
    };
    let limits = crate::context::Limits {
        page_size_max: 2,
        ..crate::context::Limits::clone(&cx.limits)
    };
    cx.limits = std::sync::Arc::new(limits);
    let target = appointments();
    let cx = asking(&world, &cx, &target);
    let found = waiting(cx, ten(&world)).await.unwrap();
    let ids: Vec<&str> = found.iter().map(|one| one.key.id.as_str()).collect();
    assert_eq!(ids, ["n-3", "n-2", "n-1", "n-0", "open"]);
    world.close().await;
}

#[tokio::test]
async fn a_patient_has_one_offer_at_once() {
    let Some(world) = world().await else {
        return;
    };
    let visit = booked_for(&world, "Patient/anna", 60).await;
    let first = waits(&world, "Patient/eva", &[]).await;
    let second = waits(&world, "Patient/eva", &[]).await;
    cancelled(&world, &visit).await;
    let now = soon(&world);
    let (held, text) = offered(&world, now).await;
    assert!(text.contains("T10:00:00"), "{text}");
    // There is half an hour more, and the second one waits for it, too.
    assert_eq!(woken(&world, now).await, Woken::Dropped);
    // Nor do those who work here offer a second visit.
    let own = find_at(&world, 9, 0).await;
    let path = format!("{second}/$offer");
    check(&world, &staff(), &path, &own, "422 invalid-transition").await;
    let_go(&world, "Patient/eva", &held).await;
    let own = find_at(&world, 9, 0).await;
    let path = format!("{first}/$offer");
    check(&world, &staff(), &path, &own, "201 pending").await;
    world.close().await;
}

/// The patient does not want what is offered.
async fn let_go(world: &World, patient: &str, held: &str) {
    let patient = granted(Some(patient), Rows::All, Vec::new());
    let reason = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"x"}"#)]);
    let path = format!("{held}/$cancel");
    check(world, &patient, &path, &reason, "200 cancelled").await;
}

/// What is found then, as a parameter.
async fn find_at(world: &World, hour: i8, minute: i8) -> String {
    let start = monday(world, hour, minute).timestamp();
    let end = start + SignedDuration::from_mins(30);
    let (start, end) = (format!(r#""{start}""#), format!(r#""{end}""#));
    let service = r#"{"reference":"HealthcareService/scan"}"#;
    let asked = parameters(&[
        ("start", "valueDateTime", &start),
        ("end", "valueDateTime", &end),
        ("healthcare-service", "valueReference", service),
        ("_count", "valueInteger", "1"),
    ]);
    let (said, key) = brief(&call(world, &staff(), "Appointment/$find", &asked).await);
    assert_eq!(said, "200 proposed");
    of_reference(&key)
}

#[tokio::test]
async fn who_lets_half_go_is_offered_the_other_half() {
    let Some(world) = world().await else {
        return;
    };
    let visit = booked_for(&world, "Patient/anna", 60).await;
    waits(&world, "Patient/eva", &[]).await;
    cancelled(&world, &visit).await;
    let now = soon(&world);
    let (first, text) = offered(&world, now).await;
    assert!(text.contains("T10:00:00"), "{text}");
    let_go(&world, "Patient/eva", &first).await;
    let (_, text) = offered(&world, now).await;
    assert!(text.contains("T10:30:00"), "{text}");
    world.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_one_keeps_nobody_else_from_theirs() {
    let Some(world) = world().await else {
        return;
    };
    let visit = booked(&world, "Patient/anna").await;
    // More types than a search takes, and a service that is not there any more.
    let codings: Vec<String> = (0..600)
        .map(|place| format!(r#"{{"system":"urn:x","code":"c{place}"}}"#))
        .collect();
    let types = format!(
        r#""priority":1,"serviceType":[{{"coding":[{}]}}],"participant":[{{"actor":{{"reference":"Patient/ida"}},"status":"needs-action"}}]"#,
        codings.join(",")
    );
    listed(&world, "many", &day(&world), &types).await;
    let gone = format!(
        r#""priority":1,{}"#,
        participants("mia").replace("HealthcareService/scan", "HealthcareService/nowhere")
    );
    let written = gone.replace("HealthcareService/nowhere", "HealthcareService/scan");
    listed(&world, "gone", &day(&world), &written).await;
    let sql = "update resource set json = replace(json::text, 'HealthcareService/scan', 'HealthcareService/nowhere')::jsonb where id = 'gone'";
    world.database().execute(sql).await.unwrap();
    waits(&world, "Patient/eva", &[]).await;
    cancelled(&world, &visit).await;
    let (_, text) = offered(&world, soon(&world)).await;
    assert!(text.contains("Patient/eva"), "{text}");
    world.close().await;
}

#[tokio::test]
async fn nobody_is_offered_anything_who_has_died() {
    let Some(world) = world().await else {
        return;
    };
    let visit = booked(&world, "Patient/anna").await;
    waits(&world, "Patient/eva", &[]).await;
    waits(&world, "Patient/mia", &[]).await;
    world
        .put(r#"{"resourceType":"Patient","id":"eva","deceasedBoolean":true}"#)
        .await;
    cancelled(&world, &visit).await;
    let (_, text) = offered(&world, soon(&world)).await;
    assert!(text.contains("Patient/mia"), "{text}");
    world.close().await;
}

/// By night nobody is told of an offer, and no time to answer passes.
#[tokio::test]
async fn an_offer_of_the_night_lasts_into_the_day() {
    let Some(world) = world().await else {
        return;
    };
    let always = r#"{"resourceType":"Schedule","id":"s0","actor":[{"reference":"PractitionerRole/role-a"}],"extension":[
        {"url":"https://vesta.example/fhir/StructureDefinition/availability","extension":[
        {"url":"mode","valueCode":"rules"},{"url":"timezone","valueCode":"Europe/Berlin"},{"url":"rule","extension":[DAYS
        {"url":"from","valueTime":"00:00:00"},{"url":"to","valueTime":"00:00:00"}]}]}]}"#;
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let days = days.map(|day| format!(r#"{{"url":"days","valueCode":"{day}"}},"#));
    world.put(&always.replace("DAYS", &days.concat())).await;
    let visit = booked(&world, "Patient/anna").await;
    waits(&world, "Patient/eva", &[]).await;
    cancelled(&world, &visit).await;
    let saturday = monday(&world, 22, 0).checked_sub(jiff::ToSpan::days(2));
    let sunday = monday(&world, 8, 30).checked_sub(jiff::ToSpan::days(1));
    let (_, text) = offered(&world, saturday.unwrap().timestamp()).await;
    assert_eq!(ends(&text), sunday.unwrap().timestamp(), "{text}");
    world.close().await;
}

/// Whoever is told in the morning, and has no quarter of an hour left then, is not offered anything.
#[tokio::test]
async fn what_is_told_too_late_to_answer_is_not_offered() {
    let Some(world) = world().await else {
        return;
    };
    let service = world.read("HealthcareService/scan").await.unwrap();
    let lead = r#"{"url":"lead-minutes","valueUnsignedInt":115},{"url": "duration""#;
    world
        .put(&service.replacen(r#"{"url": "duration""#, lead, 1))
        .await;
    let visit = booked(&world, "Patient/anna").await;
    waits(&world, "Patient/eva", &[]).await;
    cancelled(&world, &visit).await;
    // Told at eight, it could be taken until five past eight.
    let night = monday(&world, 5, 0).timestamp();
    assert_eq!(woken(&world, night).await, Woken::Dropped);
    // That is known before anybody is looked at who waits, and all the same for everybody.
    let service = ("HealthcareService/scan".to_owned(), Vec::new());
    for (hour, is_had) in [(5, false), (1, true)] {
        let cx = RequestContext {
            now: monday(&world, hour, 0).timestamp()
                - SignedDuration::from_hours(8 * i64::from(is_had)),
            ..world.cx.clone()
        };
        let target = appointments();
        let found = Takeable::of(asking(&world, &cx, &target), service.clone(), ten(&world));
        assert_eq!(found.await.unwrap().is_some(), is_had, "{hour}");
    }
    world.close().await;
}

/// Freed time in which there are more Slots than one look reads is looked at in pieces, and none of it is lost.
#[tokio::test]
async fn much_freed_time_is_looked_at_piece_by_piece() {
    let Some(mut world) = world().await else {
        return;
    };
    for day in 0..12 {
        let start = monday(&world, 9, 0)
            .checked_add(jiff::ToSpan::days(day))
            .unwrap();
        let end = start.timestamp() + SignedDuration::from_mins(30);
        world
            .put(&format!(
                r#"{{"resourceType":"Slot","id":"free-{day}","schedule":{{"reference":"Schedule/s0"}},"status":"free",
                "start":"{}","end":"{end}"}}"#,
                start.timestamp()
            ))
            .await;
    }
    let limits = crate::context::Limits {
        slots_read: 4,
        ..crate::context::Limits::clone(&world.cx.limits)
    };
    world.cx.limits = std::sync::Arc::new(limits);
    let (from, to) = (
        monday(&world, 0, 0).timestamp(),
        monday(&world, 0, 0).timestamp() + SignedDuration::from_hours(12 * 24),
    );
    let sql = format!(
        "insert into freed_time (source, during, due) values ('Slot/x', tstzrange('{from}', '{to}'), now())"
    );
    world.database().execute(sql.leak()).await.unwrap();
    waits(&world, "Patient/eva", &[]).await;
    let now = soon(&world);
    let mut found = Vec::new();
    loop {
        match woken(&world, now).await {
            Woken::Nothing => break,
            one => found.push(one),
        }
        assert!(found.len() < 50, "{found:?}");
    }
    let count = |is: fn(&Woken) -> bool| found.iter().filter(|one| is(one)).count();
    assert_eq!(
        count(|one| matches!(one, Woken::Offered(_))),
        1,
        "{found:?}"
    );
    assert!(count(|one| *one == Woken::Halved) > 1, "{found:?}");
    world.close().await;
}

#[tokio::test]
async fn what_needs_a_referral_is_offered_with_it() {
    let Some(world) = world().await else {
        return;
    };
    let visit = booked(&world, "Patient/anna").await;
    let service = world.read("HealthcareService/scan").await.unwrap();
    let needs = r#"{"url":"referral-required","valueBoolean":true},{"url": "duration""#;
    world
        .put(&service.replacen(r#"{"url": "duration""#, needs, 1))
        .await;
    for (id, status, patient) in [
        ("own", "active", "eva"),
        ("over", "completed", "eva"),
        ("others", "active", "mia"),
    ] {
        world
            .put(&format!(
                r#"{{"resourceType":"ServiceRequest","id":"{id}","status":"{status}","intent":"order","subject":{{"reference":"Patient/{patient}"}}}}"#
            ))
            .await;
    }
    let period = day(&world);
    let wait = |referral: Option<&str>| {
        let referral = referral.map(|id| format!(r#"{{"reference":"ServiceRequest/{id}"}}"#));
        let scan = r#"{"reference":"HealthcareService/scan"}"#;
        let mut all = vec![
            ("healthcare-service", "valueReference", scan),
            (
                "patient-reference",
                "valueReference",
                r#"{"reference":"Patient/eva"}"#,
            ),
            ("requested-period", "valuePeriod", &*period),
        ];
        all.extend(
            referral
                .as_deref()
                .map(|one| ("based-on", "valueReference", one)),
        );
        parameters(&all)
    };
    let path = "Appointment/$waitlist";
    for (referral, expected) in [
        (None, "422 referral-required"),
        (Some("over"), "422 referral-required"),
        (Some("others"), "422 referral-required"),
        (Some("nowhere"), "422 referral-required"),
        (Some("own"), "201 waitlist"),
    ] {
        check(&world, &staff(), path, &wait(referral), expected).await;
    }
    // What another hand has put there without one is passed over.
    let more = format!(r#""priority":1,{}"#, participants("mia"));
    listed(&world, "bare", &period, &more).await;
    cancelled(&world, &visit).await;
    let (_, text) = offered(&world, soon(&world)).await;
    assert!(
        text.contains("Patient/eva") && text.contains("ServiceRequest/own"),
        "{text}"
    );
    world.close().await;
}
