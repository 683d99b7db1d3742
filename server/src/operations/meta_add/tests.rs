//! `$meta-add` on stored resources.

use crate::operations::testing::World;

fn adding(meta: &str) -> String {
    format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"meta","valueMeta":{meta}}}]}}"#)
}

#[tokio::test]
async fn labels_are_added_once_and_nothing_else_changes() {
    let Some(world) = World::new().await else {
        return;
    };
    world.put(r#"{"resourceType":"Patient","id":"a","meta":{"tag":[{"code":"old"}]},"multipleBirthInteger":2}"#).await;
    let body = adding(r#"{"tag":[{"system":"urn:s","code":"new"}],"profile":["http://p"]}"#);
    for _ in 0..2 {
        // The second time there is nothing to add, and no version is made.
        let answer = world
            .call("Patient/a/$meta-add", Some(&body))
            .await
            .unwrap();
        for part in ["\"2\"", "old", "new", "http://p", "lastUpdated"] {
            assert!(answer.contains(part), "{part} in {answer}");
        }
        assert!(!answer.contains("multipleBirth"));
    }
    let stored = world.read("Patient/a").await.unwrap();
    assert!(
        stored.contains("multipleBirthInteger") && stored.contains("new"),
        "{stored}"
    );
    world.close().await;
}

#[tokio::test]
async fn what_cannot_be_added_is_refused_and_nothing_is_written() {
    let Some(world) = World::new().await else {
        return;
    };
    world.put(r#"{"resourceType":"Patient","id":"a"}"#).await;
    let before = world.read("Patient/a").await.unwrap();
    let check = async |path: &str, body: Option<&str>, expected: &str| {
        let refusal = world.call(path, body).await.unwrap_err();
        assert!(refusal.starts_with(expected), "{refusal}");
    };
    let tag = adding(r#"{"tag":[{"code":"x"}]}"#);
    check(
        "Patient/z/$meta-add",
        Some(&tag),
        "404 there is no Patient/z",
    )
    .await;
    check(
        "Patient/$meta-add",
        Some(&tag),
        "404 $meta-add is called on an instance",
    )
    .await;
    check("Patient/a/$meta-add", None, "405 ").await;
    check(
        "Patient/a/$meta-add",
        Some(&adding(r#"{"source":"urn:s"}"#)),
        "400 only profiles",
    )
    .await;
    check(
        "Patient/a/$meta-add",
        Some(&adding(r#"{"tag":[{"cod":"x"}]}"#)),
        "400 ",
    )
    .await;
    check(
        "Patient/a/$meta-add",
        Some(r#"{"resourceType":"Parameters"}"#),
        "400 parameter 'meta' is missing",
    )
    .await;
    check(
        "Patient/a/$meta-add",
        Some(r#"{"resourceType":"Basic"}"#),
        "400 the body of $meta-add is a Parameters",
    )
    .await;
    let subsetted = r#"{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}"#;
    check("Patient/a/$meta-add", Some(&adding(subsetted)), "422 ").await;
    assert_eq!(world.read("Patient/a").await.unwrap(), before);
    world.close().await;
}

#[tokio::test]
async fn two_at_once_lose_nothing() {
    let Some(world) = World::new().await else {
        return;
    };
    world.put(r#"{"resourceType":"Patient","id":"a"}"#).await;
    let bodies: Vec<String> = (0..8)
        .map(|n| adding(&format!(r#"{{"tag":[{{"code":"t{n}"}}]}}"#)))
        .collect();
    let calls = bodies
        .iter()
        .map(|body| world.call("Patient/a/$meta-add", Some(body)));
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    let stored = world.read("Patient/a").await.unwrap();
    for n in 0..8 {
        assert!(stored.contains(&format!("t{n}")), "{stored}");
    }
    assert!(stored.contains(r#""versionId": "9""#), "{stored}");
    world.close().await;
}
