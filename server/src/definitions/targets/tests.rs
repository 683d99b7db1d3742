//! With `VESTA_REFERENCES=existing`, writes and `$validate` refuse what refers to nothing, and nothing else.

use fhir::resource::Resource;

use crate::config::{References, ValidationSettings};
use crate::interactions::{Interaction, Patch, WriteConditions};
use crate::operations::testing::{World, said};

const HERE: &str = "http://localhost/fhir";

async fn world() -> Option<World> {
    let settings = ValidationSettings {
        references: References::Existing,
        ..ValidationSettings::default()
    };
    let world = World::held_to(&settings).await?;
    world.put(r#"{"resourceType":"Patient","id":"a"}"#).await;
    world.put(r#"{"resourceType":"Patient","id":"gone"}"#).await;
    let delete = Interaction::Delete {
        key: "Patient/gone".parse().unwrap(),
        conditions: WriteConditions::default(),
    };
    let deleted = world.interactions.perform(&world.cx, delete).await;
    deleted.unwrap();
    Some(world)
}

fn observation(members: &str) -> Resource {
    let text = format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"a"}},{members}}}"#
    );
    Resource::parse(text).unwrap()
}

fn to(reference: &str) -> String {
    format!(r#""subject":{{"reference":"{reference}"}}"#)
}

/// What a create of an Observation with these members is refused with.
async fn check(world: &World, members: &str, expected: &str) {
    let refusal = world.create(observation(members)).await.err();
    let refusal = refusal.unwrap_or("ok".to_owned());
    assert!(refusal.starts_with(expected), "{members}: {refusal}");
}

#[tokio::test]
async fn what_refers_to_nothing_on_this_server_is_refused() {
    let Some(world) = world().await else { return };
    check(&world, &to("Patient/a"), "ok").await;
    check(&world, &to("Patient/a/_history/7"), "ok").await;
    check(&world, &to(&format!("{HERE}/Patient/a")), "ok").await;
    let absent = "422 refers to Patient/b, which does not exist";
    check(&world, &to("Patient/b"), absent).await;
    check(&world, &to(&format!("{HERE}/Patient/b")), absent).await;
    check(&world, &to("Patient/gone"), "422").await;
    check(&world, &to("http://elsewhere.example/fhir/Patient/b"), "ok").await;
    let urn = to("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0");
    check(&world, &urn, "ok").await;
    let contained = |inner: &str| {
        let inner = inner.replace("\"subject\"", "\"generalPractitioner\"");
        format!(
            r##""contained":[{{"resourceType":"Patient","id":"p","managingOrganization":{inner}}}],{}"##,
            to("#p")
        )
    };
    check(&world, &contained(r#"{"display":"none"}"#), "ok").await;
    check(
        &world,
        &contained(r#"{"reference":"Organization/b"}"#),
        "422",
    )
    .await;
    let logical = r#""subject":{"identifier":{"value":"1"}}"#;
    check(&world, logical, "ok").await;
    let extended =
        r#""extension":[{"url":"http://e.example","valueReference":{"reference":"Patient/b"}}]"#;
    check(&world, extended, "422").await;
    let ours = r#""extension":[{"url":"http://e.example","valueReference":{"reference":"NamingSystem/mrn"}}]"#;
    check(&world, ours, "ok").await;
    world.close().await;
}

#[tokio::test]
async fn every_way_to_write_asks_and_validate_tells_the_place() {
    let Some(world) = world().await else { return };
    let perform =
        async |interaction| said(world.interactions.perform(&world.cx, interaction).await);
    let conditions = WriteConditions::default;
    let key = "Patient/b";
    // It may refer to itself.
    let itself = r#"{"resourceType":"Patient","id":"b","link":[{"other":{"reference":"Patient/b"},"type":"seealso"}]}"#;
    world.put(itself).await;
    let other = itself.replace("\"Patient/b\"", "\"Patient/c\"");
    let other = Resource::parse(other).unwrap();
    let update = Interaction::Update {
        key: key.parse().unwrap(),
        resource: other.clone(),
        conditions: conditions(),
    };
    assert!(perform(update).await.unwrap_err().starts_with("422"));
    let update = Interaction::ConditionalUpdate {
        resource_type: other.resource_type(),
        query: "_id=b".into(),
        resource: other.clone(),
        conditions: conditions(),
    };
    assert!(perform(update).await.unwrap_err().starts_with("422"));
    let create = Interaction::Create {
        resource_type: other.resource_type(),
        if_none_exist: Some("identifier=none".into()),
        resource: other.clone(),
    };
    assert!(perform(create).await.unwrap_err().starts_with("422"));
    let patch = r#"[{"op":"replace","path":"/link/0/other/reference","value":"Patient/c"}]"#;
    let patch = Interaction::Patch {
        key: key.parse().unwrap(),
        patch: Patch::Json(fhir::json::Document::parse(patch).unwrap()),
        conditions: conditions(),
    };
    assert!(perform(patch).await.unwrap_err().starts_with("422"));
    let told = world.call("Patient/$validate", Some(other.text())).await;
    let told = told.unwrap();
    for part in ["\"not-found\"", "Patient.link[0].other", "line 1"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let told = world.call("Patient/$validate", Some(itself)).await;
    assert!(told.unwrap().contains("All OK"));
    world.close().await;
}

#[tokio::test]
async fn what_a_transaction_writes_counts_as_existing() {
    let Some(world) = world().await else { return };
    let transaction = async |entries: &str| {
        let text =
            format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entries}]}}"#);
        let resource = Resource::parse(text).unwrap();
        let outcome = world
            .interactions
            .perform(&world.cx, Interaction::Bundle { resource })
            .await;
        outcome.map_err(|error| {
            let place = error.issues()[0].expression[0].clone();
            format!("{} {place}", error.status().as_u16())
        })
    };
    let entry = |reference: &str| {
        let resource = observation(&to(reference));
        let resource = resource.text();
        format!(r#"{{"resource":{resource},"request":{{"method":"POST","url":"Observation"}}}}"#)
    };
    let patient = r#"{"fullUrl":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
        "resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},
        {"resource":{"resourceType":"Patient","id":"new"},"request":{"method":"PUT","url":"Patient/new"}}"#;
    let new = entry("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0");
    let put = entry("Patient/new");
    let broken = format!("{new},{put},{patient},{}", entry("Patient/nobody"));
    let refused = transaction(&broken).await.err();
    assert_eq!(
        refused.as_deref(),
        Some("422 Bundle.entry[4].resource.subject")
    );
    assert!(
        world.read("Patient/new").await.is_err(),
        "nothing is written"
    );
    transaction(&format!("{new},{put},{patient}"))
        .await
        .unwrap();
    let delete = r#"{"request":{"method":"DELETE","url":"Patient/a"}}"#;
    let refused = transaction(&format!("{delete},{}", entry("Patient/a"))).await;
    assert!(refused.is_err());
    world.close().await;
}
