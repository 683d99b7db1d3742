//! `$validate` on content, on types and on stored resources.

use crate::operations::testing::World;

const OBSERVATION: &str =
    r#""resourceType":"Observation","status":"final","code":{"text":"a"},"valueString":"b""#;

fn asking(resource: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Parameters","parameter":[{{"name":"resource","resource":{resource}}}{more}]}}"#
    )
}

/// Severities and expressions of what is found.
async fn check(world: &World, path: &str, body: Option<&str>, expected: &[&str]) {
    let answer = world.call(path, body).await;
    let answer = answer.unwrap_or_else(|refusal| refusal);
    for part in expected {
        assert!(answer.contains(part), "{path}: {part} in {answer}");
    }
}

#[tokio::test]
async fn everything_wrong_is_told_and_the_answer_is_no_refusal() {
    let Some(world) = World::new().await else {
        return;
    };
    let valid = format!("{{{OBSERVATION}}}");
    check(&world, "Observation/$validate", Some(&valid), &["All OK"]).await;
    let broken = format!(r#"{{{OBSERVATION},"dataAbsentReason":{{"text":"c"}},"nobody":1}}"#);
    let expected = ["\"error\"", "obs-6", "unknown element", "line 1"];
    check(&world, "Observation/$validate", Some(&broken), &expected).await;
    check(
        &world,
        "Patient/$validate",
        Some(&valid),
        &["the URL says Patient"],
    )
    .await;
    let profile =
        r#",{"name":"profile","valueUri":"http://hl7.org/fhir/StructureDefinition/vitalsigns"}"#;
    let asked = asking(&valid, profile);
    check(
        &world,
        "Observation/$validate",
        Some(&asked),
        &["'category' is required"],
    )
    .await;
    let unknown = asking(&valid, r#",{"name":"profile","valueUri":"http://nobody"}"#);
    check(
        &world,
        "Observation/$validate",
        Some(&unknown),
        &["is unknown"],
    )
    .await;
    world.close().await;
}

#[tokio::test]
async fn modes_look_at_what_is_planned() {
    let Some(world) = World::new().await else {
        return;
    };
    world.put(r#"{"resourceType":"Patient","id":"a"}"#).await;
    world
        .put(&format!(
            r#"{{{OBSERVATION},"id":"o","subject":{{"reference":"Patient/a"}}}}"#
        ))
        .await;
    let mode = |mode: &str| format!(r#",{{"name":"mode","valueCode":"{mode}"}}"#);
    let other = r#"{"resourceType":"Patient","id":"b"}"#;
    let update = asking(other, &mode("update"));
    check(
        &world,
        "Patient/a/$validate",
        Some(&update),
        &["not the id of the URL"],
    )
    .await;
    let none = asking(
        r#"{"resourceType":"Patient","active":true}"#,
        &mode("update"),
    );
    check(
        &world,
        "Patient/$validate",
        Some(&none),
        &["must carry its id"],
    )
    .await;
    let create = asking(other, &mode("create"));
    check(&world, "Patient/$validate", Some(&create), &["All OK"]).await;
    check(&world, "Patient/a/$validate", None, &["All OK"]).await;
    let delete = format!(
        r#"{{"resourceType":"Parameters","parameter":[{}]}}"#,
        mode("delete").trim_start_matches(',')
    );
    check(
        &world,
        "Patient/a/$validate",
        Some(&delete),
        &["Observation/o", "conflict"],
    )
    .await;
    check(
        &world,
        "Observation/o/$validate",
        Some(&delete),
        &["All OK"],
    )
    .await;
    check(&world, "Patient/z/$validate", Some(&delete), &["404"]).await;
    check(&world, "Patient/$validate", Some(&delete), &["400"]).await;
    let wrong = asking(other, &mode("think"));
    check(&world, "Patient/$validate", Some(&wrong), &["400 mode is"]).await;
    let without = asking(other, &mode("profile"));
    check(
        &world,
        "Patient/$validate",
        Some(&without),
        &["400 mode=profile needs"],
    )
    .await;
    let empty = r#"{"resourceType":"Parameters"}"#;
    check(&world, "Patient/$validate", Some(empty), &["400"]).await;
    world.close().await;
}

#[tokio::test]
async fn a_response_is_held_to_the_stored_questionnaire() {
    let Some(world) = World::new().await else {
        return;
    };
    world
        .put(
            r#"{"resourceType":"Questionnaire","id":"q","url":"http://example.org/q","status":"active",
            "item":[{"linkId":"1","type":"integer","required":true}]}"#,
        )
        .await;
    let response = |items: &str| {
        format!(
            r#"{{"resourceType":"QuestionnaireResponse","questionnaire":"http://example.org/q","status":"completed"{items}}}"#
        )
    };
    let path = "QuestionnaireResponse/$validate";
    check(&world, path, Some(&response("")), &["'1' must be answered"]).await;
    let text = response(r#","item":[{"linkId":"1","answer":[{"valueString":"a"}]}]"#);
    check(&world, path, Some(&text), &["must be of type integer"]).await;
    let right = response(r#","item":[{"linkId":"1","answer":[{"valueInteger":1}]}]"#);
    check(&world, path, Some(&right), &["All OK"]).await;
    world.close().await;
}

fn value_set(id: &str, more: &str, code: &str) -> String {
    format!(
        r#"{{"resourceType":"ValueSet","id":"{id}",{more}"name":"Colours","status":"active","compose":{{"include":[
        {{"system":"http://example.org/cs","concept":[{{"code":"{code}"}}]}}]}}}}"#
    )
}

/// A Questionnaire with one question of the stored value set, and one of a contained one.
fn questions(contained: &str) -> String {
    format!(
        r##"{{"resourceType":"Questionnaire","id":"q","url":"http://example.org/q","name":"Asked","status":"active"{contained},"item":[
        {{"linkId":"1","type":"choice","text":"a","answerValueSet":"http://example.org/vs"}},
        {{"linkId":"2","type":"choice","text":"b","answerValueSet":"#inner"}}]}}"##
    )
}

fn response(head: &str, one: &str, two: &str) -> String {
    let answer = |code: &str| {
        format!(r#"{{"valueCoding":{{"system":"http://example.org/cs","code":"{code}"}}}}"#)
    };
    format!(
        r#"{{"resourceType":"QuestionnaireResponse",{head},"status":"completed","item":[
        {{"linkId":"1","answer":[{}]}},{{"linkId":"2","answer":[{}]}}]}}"#,
        answer(one),
        answer(two)
    )
}

#[tokio::test]
async fn answers_come_from_stored_and_from_contained_value_sets() {
    let Some(world) = World::new().await else {
        return;
    };
    world
        .put(
            r#"{"resourceType":"CodeSystem","id":"cs","url":"http://example.org/cs","status":"active","content":"complete",
            "concept":[{"code":"red"},{"code":"blue"},{"code":"green"}]}"#,
        )
        .await;
    let stored = value_set("vs", r#""url":"http://example.org/vs","#, "red");
    world.put(&stored).await;
    let inner = value_set("inner", "", "blue");
    let with_inner = format!(r#","contained":[{inner}]"#);
    world.put(&questions(&with_inner)).await;
    let canonical = r#""questionnaire":"http://example.org/q""#;
    let contained = format!(
        r##""contained":[{},{inner}],"questionnaire":"#q""##,
        questions("")
    );
    for (head, one, two, expected) in [
        (canonical, "red", "blue", "All OK"),
        (
            canonical,
            "blue",
            "blue",
            "is no code of the value set http://example.org/vs",
        ),
        (
            canonical,
            "red",
            "green",
            "is no code of the value set #inner",
        ),
        (&contained, "red", "blue", "All OK"),
        (
            &contained,
            "blue",
            "blue",
            "is no code of the value set http://example.org/vs",
        ),
        (
            &contained,
            "red",
            "green",
            "is no code of the value set #inner",
        ),
    ] {
        let text = response(head, one, two);
        check(
            &world,
            "QuestionnaireResponse/$validate",
            Some(&text),
            &[expected],
        )
        .await;
    }
    // What `#inner` is, another Questionnaire says otherwise.
    let with_inner = with_inner.replace("blue", "green");
    world.put(&questions(&with_inner)).await;
    let text = response(canonical, "red", "green");
    check(
        &world,
        "QuestionnaireResponse/$validate",
        Some(&text),
        &["All OK"],
    )
    .await;
    world.close().await;
}
