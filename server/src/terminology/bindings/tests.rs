//! Codes that profiles bind to value sets of this server, in writes and in reports.

use fhir::resource::Resource;

use crate::operations::testing::World;

const SYSTEM: &str = r#"{"resourceType":"CodeSystem","id":"colours","url":"http://here/colours","status":"active","content":"complete",
    "concept":[{"code":"red","concept":[{"code":"scarlet","display":"Bright red"}]},{"code":"blue"}]}"#;

const REDS: &str = r#"{"resourceType":"ValueSet","id":"reds","url":"http://here/reds","status":"active","compose":{"include":[
    {"system":"http://here/colours","filter":[{"property":"concept","op":"is-a","value":"red"}]}]}}"#;

const PROFILE: &str = r#"{"resourceType":"StructureDefinition","id":"coloured","url":"http://here/coloured","name":"Coloured","status":"active",
    "kind":"resource","abstract":false,"type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation":"constraint","differential":{"element":[
    {"id":"Patient.identifier.type","path":"Patient.identifier.type","binding":{"strength":"required","valueSet":"http://here/nowhere"}},
    {"id":"Patient.maritalStatus","path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://here/reds"}},
    {"id":"Patient.contact.relationship","path":"Patient.contact.relationship","binding":{"strength":"extensible","valueSet":"http://here/reds"}},
    {"id":"Patient.communication.language","path":"Patient.communication.language","binding":{"strength":"preferred","valueSet":"http://here/reds"}}
    ]}}"#;

async fn world() -> Option<World> {
    let world = World::new().await?;
    let current = &world.interactions.current;
    world.interactions.store.adopt(current).await.unwrap();
    for resource in [SYSTEM, REDS, PROFILE] {
        world.put(resource).await;
    }
    Some(world)
}

fn patient(members: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","meta":{{"profile":["http://here/coloured"]}},{members}}}"#
    )
}

fn colour(code: &str) -> String {
    format!(r#"{{"coding":[{{"system":"http://here/colours","code":"{code}"}}]}}"#)
}

#[tokio::test]
async fn a_write_is_refused_where_a_required_code_does_not_belong() {
    let Some(world) = world().await else {
        return;
    };
    let check = async |members: &str, expected: &str| {
        let resource = Resource::parse(patient(members)).unwrap();
        let refused = world.create(resource).await.err();
        let said = refused.unwrap_or("ok".to_owned());
        assert!(said.starts_with(expected), "{members}: {said}");
    };
    let marital = |concept: &str| format!(r#""maritalStatus":{concept}"#);
    check(&marital(&colour("scarlet")), "ok").await;
    check(&marital(&colour("scarlet")), "ok").await;
    check(&marital(&colour("blue")), "422").await;
    check(&marital(&colour("mauve")), "422").await;
    check(&marital(r#"{"coding":[{"code":"red"}]}"#), "422").await;
    let either = r#"{"coding":[{"system":"http://here/colours","code":"blue"},{"system":"http://here/colours","code":"red"}]}"#;
    check(&marital(either), "ok").await;
    // Nobody can say: the value set is not here.
    let identifier = |kind: &str| format!(r#""identifier":[{{"type":{kind},"value":"1"}}]"#);
    check(&identifier(&colour("blue")), "ok").await;
    // What is weaker is not asked.
    check(
        &format!(
            r#""contact":[{{"relationship":[{}],"name":{{"text":"x"}}}}]"#,
            colour("blue")
        ),
        "ok",
    )
    .await;
    // The answer is that of now.
    world.put(&REDS.replace("\"red\"", "\"blue\"")).await;
    check(&marital(&colour("scarlet")), "422").await;
    check(&marital(&colour("blue")), "ok").await;
    world.close().await;
}

#[tokio::test]
async fn a_transaction_says_which_entry_has_the_wrong_code() {
    let Some(world) = world().await else {
        return;
    };
    let entry = |code: &str| {
        let resource = patient(&format!(r#""maritalStatus":{}"#, colour(code)));
        format!(r#"{{"resource":{resource},"request":{{"method":"POST","url":"Patient"}}}}"#)
    };
    let bundle = |last: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[{},{},{}]}}"#,
            entry("red"),
            entry("scarlet"),
            entry(last)
        )
    };
    let perform = async |text: String| {
        let resource = Resource::parse(text).unwrap();
        let bundle = crate::interactions::Interaction::Bundle { resource };
        world.interactions.perform(&world.cx, bundle).await
    };
    assert!(perform(bundle("red")).await.is_ok());
    let refused = perform(bundle("blue")).await.unwrap_err();
    assert_eq!(refused.status().as_u16(), 422);
    let places = &refused.issues()[0].expression;
    assert!(
        places[0].starts_with("Bundle.entry[2].resource"),
        "{places:?}"
    );
    world.close().await;
}

#[tokio::test]
async fn a_report_tells_all_strengths() {
    let Some(world) = world().await else {
        return;
    };
    let check = async |members: &str, expected: &[&str]| {
        let said = world
            .call("Patient/$validate", Some(&patient(members)))
            .await
            .unwrap();
        for part in expected {
            assert!(said.contains(part), "{members}: {part} in {said}");
        }
        assert_eq!(
            said.matches("here/").count(),
            expected.len().min(1),
            "{said}"
        );
    };
    let marital = |code: &str| format!(r#""maritalStatus":{}"#, colour(code));
    check(&marital("red"), &[]).await;
    check(
        &marital("blue"),
        &[
            "\"error\"",
            "http://here/reds, which is required",
            "Patient.maritalStatus",
        ],
    )
    .await;
    let contact = format!(
        r#""contact":[{{"relationship":[{}],"name":{{"text":"x"}}}}]"#,
        colour("blue")
    );
    check(
        &contact,
        &["\"warning\"", "http://here/reds, from which it must come"],
    )
    .await;
    let language = format!(r#""communication":[{{"language":{}}}]"#, colour("blue"));
    check(
        &language,
        &["\"information\"", "http://here/reds, which is recommended"],
    )
    .await;
    let shown = |code: &str, text: &str| {
        format!(
            r#""contact":[{{"relationship":[{{"coding":[{{"system":"http://here/colours","code":"{code}","display":"{text}"}}]}}],"name":{{"text":"x"}}}}]"#
        )
    };
    check(&shown("scarlet", "bright  red"), &[]).await;
    let wrong = [
        "\"warning\"",
        "Wrong Display Name 'green' for http://here/colours#scarlet",
        "relationship[0].coding[0]",
    ];
    check(&shown("scarlet", "green"), &wrong).await;
    let identifier = format!(
        r#""identifier":[{{"type":{},"value":"1"}}]"#,
        colour("blue")
    );
    check(
        &identifier,
        &["\"warning\"", "http://here/nowhere could not be found out"],
    )
    .await;
    world.close().await;
}

#[tokio::test]
async fn a_code_that_its_code_system_does_not_have_is_told() {
    let Some(world) = world().await else {
        return;
    };
    let unknown = r#""communication":[{"language":{"coding":[{"system":"http://here/colours","code":"mauve"}]}}]"#;
    let said = world
        .call("Patient/$validate", Some(&patient(unknown)))
        .await;
    let said = said.unwrap();
    assert!(said.contains("Unknown code 'mauve'"), "{said}");
    world.close().await;
}

/// A profile is bound to the version that it names, and to no other where that is not here.
#[tokio::test]
async fn a_binding_is_to_the_version_it_names() {
    let Some(world) = world().await else {
        return;
    };
    let versions = [("1", "red"), ("2", "blue")];
    for (version, code) in versions {
        let set = REDS
            .replace(r#""id":"reds""#, &format!(r#""id":"of-{version}""#))
            .replace(
                "here/reds\"",
                &format!("here/some\",\"version\":\"{version}\""),
            )
            .replace(r#""value":"red""#, &format!(r#""value":"{code}""#));
        world.put(&set).await;
    }
    let check = async |version: &str, code: &str, is_refused: bool| {
        let profile = PROFILE.replacen("here/reds", &format!("here/some{version}"), 1);
        world.put(&profile).await;
        let members = format!(r#""maritalStatus":{}"#, colour(code));
        let resource = Resource::parse(patient(&members)).unwrap();
        let refused = world.create(resource).await.is_err();
        assert_eq!(refused, is_refused, "{version} {code}");
        let text = patient(&members);
        let said = world.call("Patient/$validate", Some(&text)).await;
        said.unwrap()
    };
    check("|1", "scarlet", false).await;
    check("|1", "blue", true).await;
    check("|2", "blue", false).await;
    check("|2", "red", true).await;
    check("", "red", true).await;
    let said = check("|9", "red", false).await;
    assert!(
        said.contains("http://here/some|9 could not be found out"),
        "{said}"
    );
    world.close().await;
}

#[tokio::test]
async fn a_unit_that_there_is_not_is_told_where_it_stands() {
    let Some(world) = world().await else {
        return;
    };
    let check = async |unit: &str, is_told: bool| {
        let observation = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"t"}},"valueQuantity":{{"value":1,"system":"http://unitsofmeasure.org","code":"{unit}"}}}}"#
        );
        let said = world
            .call("Observation/$validate", Some(&observation))
            .await;
        let said = said.unwrap();
        let is_there = said.contains("Observation.value.ofType(Quantity).code");
        assert_eq!(is_there && said.contains("code-invalid"), is_told, "{said}");
    };
    check("mg", false).await;
    check("mgg", true).await;
    world.close().await;
}
