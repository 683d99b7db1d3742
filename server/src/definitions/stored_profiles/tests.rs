//! Profiles and extensions that are written over REST are known from then on, on every server, until they are deleted.

use std::sync::Arc;

use fhir::ids::ResourceKey;
use fhir::resource::Resource;

use crate::config::{Profiles, Unknown, ValidationSettings};
use crate::definitions::CurrentDefinitions;
use crate::interactions::{Interaction, Interactions, WriteConditions};
use crate::operations::testing::{World, said};

const PROFILE: &str = "http://clinic.example/StructureDefinition/named";
const EXTENSION: &str = "http://clinic.example/StructureDefinition/colour";

fn profile(id: &str, url: &str, base: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"StructureDefinition","id":"{id}","url":"{url}","name":"Named","status":"active",
        "kind":"resource","abstract":false,"type":"Patient","baseDefinition":"{base}","derivation":"constraint",
        "differential":{{"element":[{{"id":"Patient","path":"Patient"}}{more}]}}}}"#
    )
}

fn named(status: &str) -> String {
    let name = r#",{"id":"Patient.name","path":"Patient.name","min":1}"#;
    let base = "http://hl7.org/fhir/StructureDefinition/Patient";
    profile("named", PROFILE, base, name).replace("\"active\"", &format!("\"{status}\""))
}

fn colour() -> String {
    format!(
        r#"{{"resourceType":"StructureDefinition","id":"colour","url":"{EXTENSION}","name":"Colour","status":"active",
        "kind":"complex-type","abstract":false,"context":[{{"type":"element","expression":"Patient"}}],"type":"Extension",
        "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension","derivation":"constraint",
        "differential":{{"element":[{{"id":"Extension","path":"Extension"}},
            {{"id":"Extension.value[x]","path":"Extension.value[x]","min":1,"type":[{{"code":"code"}}]}}]}}}}"#
    )
}

fn patient(url: &str, members: &str) -> String {
    format!(r#"{{"resourceType":"Patient","meta":{{"profile":["{url}"]}}{members}}}"#)
}

/// Another server of the same database.
async fn server(world: &World) -> Interactions {
    let current = CurrentDefinitions::new(Arc::clone(world.interactions.current.built_in()));
    let current = Arc::new(current);
    let interactions = Interactions {
        definitions: current.now(),
        current,
        ..world.interactions.clone()
    };
    let adopted = interactions.store.adopt(&interactions.current).await;
    adopted.unwrap();
    interactions
}

async fn perform(
    server: &Interactions,
    world: &World,
    interaction: Interaction,
) -> Result<String, String> {
    said(server.perform(&world.cx, interaction).await)
}

async fn put(server: &Interactions, world: &World, text: &str) -> Result<String, String> {
    let resource = Resource::parse(text.to_owned()).unwrap();
    let update = Interaction::Update {
        key: ResourceKey::new(
            resource.resource_type(),
            resource.id().unwrap().parse().unwrap(),
        ),
        resource,
        conditions: WriteConditions::default(),
    };
    perform(server, world, update).await
}

async fn delete(server: &Interactions, world: &World, key: &str) {
    let delete = Interaction::Delete {
        key: key.parse().unwrap(),
        conditions: WriteConditions::default(),
    };
    perform(server, world, delete).await.unwrap();
}

/// What a create of a resource is refused with.
async fn check(server: &Interactions, world: &World, text: &str, expected: &str) {
    let resource = Resource::parse(text.to_owned()).unwrap();
    let create = Interaction::Create {
        resource_type: resource.resource_type(),
        resource,
        if_none_exist: None,
    };
    let refusal = perform(server, world, create).await.err();
    let refusal = refusal.unwrap_or("ok".to_owned());
    assert!(refusal.starts_with(expected), "{text}: {refusal}");
}

/// A world that refuses what claims an unknown profile.
async fn strict(profiles: Profiles) -> Option<World> {
    let settings = ValidationSettings {
        profiles,
        unknown_profiles: Unknown::Error,
        ..ValidationSettings::default()
    };
    World::held_to(&settings).await
}

#[tokio::test]
async fn a_profile_is_known_from_its_write_to_its_deletion_on_every_server() {
    let Some(world) = strict(Profiles::Base).await else {
        return;
    };
    let (one, other) = (server(&world).await, server(&world).await);
    let follow = async || {
        other
            .store
            .refresh_if_changed(&other.current)
            .await
            .unwrap()
    };
    let nameless = patient(PROFILE, "");
    let named_one = patient(PROFILE, r#","name":[{"text":"Ann"}]"#);
    check(&one, &world, &named_one, "422 this profile is unknown").await;
    put(&one, &world, &named("active")).await.unwrap();
    follow().await;
    for server in [&one, &other] {
        check(server, &world, &nameless, "422 'name' is required").await;
        check(server, &world, &named_one, "ok").await;
    }
    // A later version counts in its place.
    put(
        &one,
        &world,
        &named("active").replace("\"min\":1", "\"min\":0"),
    )
    .await
    .unwrap();
    follow().await;
    check(&other, &world, &nameless, "ok").await;
    put(&one, &world, &named("retired")).await.unwrap();
    check(&one, &world, &named_one, "422 this profile is unknown").await;
    put(&one, &world, &named("draft")).await.unwrap();
    check(&one, &world, &named_one, "ok").await;
    // One that starts later finds it.
    check(&server(&world).await, &world, &nameless, "422").await;
    delete(&one, &world, "StructureDefinition/named").await;
    follow().await;
    for server in [&one, &other] {
        check(server, &world, &named_one, "422 this profile is unknown").await;
    }
    drop((one, other));
    world.close().await;
}

#[tokio::test]
async fn extensions_count_as_well_and_drafts_may_come_before_what_they_are_derived_from() {
    let Some(world) = strict(Profiles::Base).await else {
        return;
    };
    let one = server(&world).await;
    let coloured = |value: &str| {
        format!(r#"{{"resourceType":"Patient","extension":[{{"url":"{EXTENSION}",{value}}}]}}"#)
    };
    let modified = coloured(r#""valueCode":"red""#).replace("extension", "modifierExtension");
    check(&one, &world, &coloured(r#""valueInteger":1"#), "ok").await;
    put(&one, &world, &colour()).await.unwrap();
    check(&one, &world, &coloured(r#""valueInteger":1"#), "4").await;
    check(&one, &world, &coloured(r#""valueCode":"red""#), "ok").await;
    check(&one, &world, &modified, "4").await;
    let derived = "http://clinic.example/StructureDefinition/derived";
    let born = r#",{"id":"Patient.birthDate","path":"Patient.birthDate","min":1}"#;
    let before = profile("derived", derived, PROFILE, born);
    let refused = put(&one, &world, &before).await.unwrap_err();
    assert!(
        refused.starts_with("422 the profile cannot be used"),
        "{refused}"
    );
    let draft = before.replace("\"active\"", "\"draft\"");
    put(&one, &world, &draft).await.unwrap();
    let born = patient(derived, r#","birthDate":"2000-01-01""#);
    check(&one, &world, &born, "4").await;
    let entry = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{},
        "request":{{"method":"PUT","url":"StructureDefinition/named"}}}}]}}"#,
        named("active")
    );
    let resource = Resource::parse(entry).unwrap();
    perform(&one, &world, Interaction::Bundle { resource })
        .await
        .unwrap();
    check(&one, &world, &born, "422 'name' is required").await;
    let metadata = Interaction::Capabilities { mode: None };
    let metadata = perform(&one, &world, metadata).await.unwrap();
    assert!(metadata.contains(derived) && metadata.contains(PROFILE));
    drop(one);
    world.close().await;
}

#[tokio::test]
async fn what_the_server_brings_cannot_be_weakened() {
    let Some(world) = strict(Profiles::Clinic).await else {
        return;
    };
    let one = server(&world).await;
    let ours = "https://vesta.example/fhir/StructureDefinition/clinic-patient";
    let base = "http://hl7.org/fhir/StructureDefinition/Patient";
    let weak = profile("weak", ours, base, "").replace("\"name\"", "\"version\":\"99\",\"name\"");
    put(&one, &world, &weak).await.unwrap();
    check(&one, &world, r#"{"resourceType":"Patient"}"#, "422").await;
    check(&one, &world, &patient(&format!("{ours}|99"), ""), "422").await;
    // What leads to itself, or stands too deep, has no effect and does no harm, and is none that could be active.
    let circle = "http://clinic.example/StructureDefinition/circle";
    let deep = format!(r#",{{"id":"a","path":"Patient{}"}}"#, ".link".repeat(5_000));
    let deep_url = "http://clinic.example/StructureDefinition/deep";
    for text in [
        profile("circle", circle, circle, ""),
        profile("deep", deep_url, base, &deep),
    ] {
        let refused = put(&one, &world, &text).await.unwrap_err();
        assert!(refused.starts_with("422"), "{refused}");
        let draft = text.replace("\"active\"", "\"draft\"");
        put(&one, &world, &draft).await.unwrap();
    }
    for url in [circle, deep_url] {
        check(&one, &world, &patient(url, ""), "422").await;
    }
    drop(one);
    world.close().await;
}

#[tokio::test]
async fn active_definitions_that_cannot_be_used_are_refused_and_drafts_are_warned_of() {
    let Some(world) = strict(Profiles::Base).await else {
        return;
    };
    let one = server(&world).await;
    let base = "http://hl7.org/fhir/StructureDefinition/Patient";
    let rule = r#",{"id":"Patient.name","path":"Patient.name","constraint":[{"key":"a-1","severity":"error","human":"a","expression":"family.exists("}]}"#;
    let wrong = r#",{"id":"Patient.nmae","path":"Patient.nmae"}"#;
    let value_set = |compose: &str| {
        format!(
            r#"{{"resourceType":"ValueSet","id":"vs","url":"http://clinic.example/ValueSet/vs","status":"active",
            "compose":{{"include":[{compose}]}}}}"#
        )
    };
    let regex = r#"{"system":"urn:a","filter":[{"property":"code","op":"regex","value":"a("}]}"#;
    for (text, place) in [
        (
            profile("p", "http://clinic.example/p", base, rule),
            "the expression is no FHIRPath",
        ),
        (
            profile("p", "http://clinic.example/p", base, wrong),
            "there is no element 'Patient.nmae'",
        ),
        (
            value_set(regex),
            "The regular expression of the filter on code cannot be used",
        ),
        (
            value_set(r#"{"valueSet":["http://clinic.example/ValueSet/vs"]}"#),
            "The value set includes itself",
        ),
    ] {
        let refused = put(&one, &world, &text).await.unwrap_err();
        assert!(refused.starts_with(&format!("422 {place}")), "{refused}");
        let draft = text.replace("\"active\"", "\"draft\"");
        let resource = Resource::parse(draft).unwrap();
        let key = ResourceKey::new(
            resource.resource_type(),
            resource.id().unwrap().parse().unwrap(),
        );
        let update = Interaction::Update {
            key,
            resource,
            conditions: WriteConditions::default(),
        };
        let outcome = one.perform(&world.cx, update).await.unwrap();
        let warned: Vec<&str> = outcome.issues.iter().map(|one| &*one.diagnostics).collect();
        assert!(
            warned.len() == 1 && warned[0].starts_with(place),
            "{warned:?}"
        );
    }
    drop(one);
    world.close().await;
}

#[tokio::test]
async fn profiles_of_one_transaction_know_each_other() {
    let Some(world) = strict(Profiles::Base).await else {
        return;
    };
    let one = server(&world).await;
    let derived = profile("derived", "http://clinic.example/derived", PROFILE, "");
    let entry = |id: &str, resource: &str| {
        format!(
            r#"{{"resource":{resource},"request":{{"method":"PUT","url":"StructureDefinition/{id}"}}}}"#
        )
    };
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{},{}]}}"#,
        entry("derived", &derived),
        entry("named", &named("active"))
    );
    let resource = Resource::parse(bundle).unwrap();
    perform(&one, &world, Interaction::Bundle { resource })
        .await
        .unwrap();
    check(
        &one,
        &world,
        &patient("http://clinic.example/derived", ""),
        "422 'name'",
    )
    .await;
    drop(one);
    world.close().await;
}

#[tokio::test]
async fn a_draft_with_faults_has_no_effect_until_they_are_mended() {
    let Some(world) = strict(Profiles::Base).await else {
        return;
    };
    let one = server(&world).await;
    let base = "http://hl7.org/fhir/StructureDefinition/Patient";
    let (url, above) = ("http://clinic.example/p", "http://clinic.example/above");
    let draft = |path: &str| {
        let more = format!(r#",{{"id":"{path}","path":"{path}","min":1}}"#);
        profile("p", url, base, &more).replace("\"active\"", "\"draft\"")
    };
    let derived = profile("above", above, url, "");
    put(&one, &world, &draft("Patient.nmae")).await.unwrap();
    check(
        &one,
        &world,
        &patient(url, ""),
        "422 this profile is unknown",
    )
    .await;
    let refused = put(&one, &world, &derived).await.unwrap_err();
    assert!(refused.contains("is unknown"), "{refused}");
    put(&one, &world, &draft("Patient.name")).await.unwrap();
    check(&one, &world, &patient(url, ""), "422 'name' is required").await;
    put(&one, &world, &derived).await.unwrap();
    check(&one, &world, &patient(above, ""), "422 'name' is required").await;
    // As is one that allows more than what it is derived from.
    let wide = r#",{"id":"Patient.name","path":"Patient.name","min":0}"#;
    let wide = profile("above", above, url, wide);
    let refused = put(&one, &world, &wide).await.unwrap_err();
    assert!(refused.contains("allows more than"), "{refused}");
    let wide = wide.replace("\"active\"", "\"draft\"");
    put(&one, &world, &wide).await.unwrap();
    check(
        &one,
        &world,
        &patient(above, ""),
        "422 this profile is unknown",
    )
    .await;
    drop(one);
    world.close().await;
}
