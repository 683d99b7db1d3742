//! Answers to visits are noted in them: patients cancel, clinicians who are needed leave the visit to the front desk.

use fhir::json::Value;
use fhir::resource::Resource;

use super::super::testing::*;
use crate::auth::Rows;
use crate::context::RequestContext;
use crate::interactions::Interaction;
use crate::operations::testing::{World, granted};

fn response(visit: &str, actor: &str, status: &str) -> String {
    format!(
        r#"{{"resourceType":"AppointmentResponse","appointment":{{"reference":"{visit}"}},"actor":{{"reference":"{actor}"}},"participantStatus":"{status}"}}"#
    )
}

/// Answers by plain REST: the status, and the code of the refusal.
async fn answer(world: &World, cx: &RequestContext, response: &str) -> String {
    let resource = Resource::parse(response.to_owned()).unwrap();
    let create = Interaction::Create {
        resource_type: resource.resource_type(),
        resource,
        if_none_exist: None,
    };
    match world.interactions.perform(cx, create).await {
        Ok(outcome) => outcome.status.as_u16().to_string(),
        Err(error) => {
            let detail = error.issues()[0].detail.as_ref();
            let code = detail.map_or("-", |detail| &*detail.1);
            format!("{} {code}", error.status().as_u16())
        }
    }
}

/// The state of a visit and of those who take part.
async fn state(world: &World, key: &str) -> String {
    let visit = Resource::parse(world.read(key).await.unwrap()).unwrap();
    let text = |value: Value<'_>, name: &str| {
        let text = value.get(name).and_then(Value::string);
        text.map_or_else(String::new, |text| text.into_owned())
    };
    let all = visit.get("participant").into_iter().flat_map(Value::items);
    let all: Vec<String> = all.map(|one| text(one, "status")).collect();
    format!("{} {}", text(visit.root(), "status"), all.join(" "))
}

const SERVICE: &str = r#"{"resourceType":"HealthcareService","id":"scan","extension":[{"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[{"url":"duration","valuePositiveInt":30},{"url":"cancel-cutoff-hours","valueUnsignedInt":48}]}]}"#;

#[tokio::test]
async fn answers_are_noted_in_the_visit() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let desk = staff();
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let weiss = granted(Some("Practitioner/weiss"), Rows::All, Vec::new());
    let body = of_resource(&visit(
        "pending",
        (9, 10),
        "Patient/anna",
        &["Practitioner/weiss"],
    ));
    let key = check(&world, &desk, "Appointment/$book", &body, "201 booked").await;
    let said = answer(&world, &desk, &response(&key, "Patient/anna", "tentative")).await;
    assert_eq!(said, "201");
    assert_eq!(state(&world, &key).await, "booked tentative accepted");
    // Who takes no part, what is not there, and who is asked by others is answered the same.
    for (who, said) in [("Patient/eva", "422 -"), ("Practitioner/lindholm", "422 -")] {
        let refused = answer(&world, &desk, &response(&key, who, "declined")).await;
        assert_eq!(refused, said, "{who}");
    }
    let absent = response("Appointment/none", "Patient/anna", "declined");
    assert!(answer(&world, &desk, &absent).await.starts_with("422 "));
    // What another system has noted of a visit that is not here is kept.
    assert_eq!(answer(&world, &world.cx, &absent).await, "201");
    let others = response(&key, "Practitioner/weiss", "declined");
    assert_eq!(answer(&world, &anna, &others).await, "403 -");
    // A clinician who is needed: the visit stays, and the front desk is asked.
    assert_eq!(answer(&world, &weiss, &others).await, "201");
    assert_eq!(state(&world, &key).await, "booked tentative declined");
    let tasks = "select resource_type || ' ' || (json->'code'->'coding'->0->>'code') || ' ' || (json->'focus'->>'reference') from resource where resource_type = 'Task'";
    assert_eq!(
        world.database().texts(tasks).await,
        [format!("Task rebook {key}")]
    );
    assert_eq!(claims(&world).await, 2);
    // The patient: the visit is cancelled, and all time is free.
    let declined = response(&key, "Patient/anna", "declined");
    assert_eq!(answer(&world, &anna, &declined).await, "201");
    assert_eq!(state(&world, &key).await, "cancelled declined declined");
    assert!(world.read(&key).await.unwrap().contains(r#""pat""#));
    assert_eq!(claims(&world).await, 0);
    let again = answer(&world, &anna, &declined).await;
    assert_eq!(again, "422 invalid-transition");
    world.close().await;
}

#[tokio::test]
async fn a_patient_declines_no_later_than_the_policy_lets() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    world.put(SERVICE).await;
    let desk = staff();
    let anna = granted(Some("Patient/anna"), Rows::All, Vec::new());
    let start = world.cx.now + jiff::SignedDuration::from_hours(24);
    let end = start + jiff::SignedDuration::from_mins(30);
    let soon = format!(
        r#"{{"resourceType":"Appointment","status":"pending","start":"{start}","end":"{end}","participant":[{{"actor":{{"reference":"Patient/anna"}},"status":"accepted"}},{{"actor":{{"reference":"HealthcareService/scan"}},"required":"information-only","status":"accepted"}}]}}"#
    );
    let body = of_resource(&soon);
    let key = check(&world, &desk, "Appointment/$book", &body, "201 booked").await;
    let declined = response(&key, "Patient/anna", "declined");
    assert_eq!(answer(&world, &anna, &declined).await, "422 cancel-cutoff");
    let stored = "select id from resource where resource_type = 'AppointmentResponse'";
    assert!(world.database().texts(stored).await.is_empty());
    // The front desk notes what the patient says on the telephone.
    assert_eq!(answer(&world, &desk, &declined).await, "201");
    assert_eq!(state(&world, &key).await, "cancelled declined accepted");
    world.close().await;
}
