//! The record of an encounter.

use crate::operations::testing::{World, entries};

#[tokio::test]
async fn the_record_is_the_compartment_and_what_it_refers_to() {
    let Some(world) = World::new().await else {
        return;
    };
    for record in [
        r#"{"resourceType":"Patient","id":"a"}"#,
        r#"{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"},"diagnosis":[{"condition":{"reference":"Condition/c"}}],"partOf":{"reference":"Encounter/f"}}"#,
        r#"{"resourceType":"Encounter","id":"f","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"}}"#,
        r#"{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/f"}}"#,
        r#"{"resourceType":"Condition","id":"d","subject":{"reference":"Patient/a"}}"#,
        r#"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/e"}}"#,
    ] {
        world.put(record).await;
    }
    for (query, expected) in [
        (
            "",
            "match Encounter/e, match Observation/o, include Condition/c, include Encounter/f, include Patient/a",
        ),
        (
            "?_type=Observation,Patient",
            "match Observation/o, include Patient/a",
        ),
    ] {
        let answer = world
            .get(&format!("Encounter/e/$everything{query}"))
            .await
            .unwrap();
        assert_eq!(entries(&answer).0.join(", "), expected, "{query}");
    }
    for (url, expected) in [
        ("Encounter/g/$everything", "404"),
        ("Encounter/$everything", "404"),
        (
            "Encounter/e/$everything?start=2020",
            "400 there is no parameter 'start'",
        ),
    ] {
        let refused = world.get(url).await.unwrap_err();
        assert!(refused.starts_with(expected), "{url}: {refused}");
    }
    world.close().await;
}
