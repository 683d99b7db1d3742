//! `$meta-delete` on stored resources.

use crate::operations::testing::World;

#[tokio::test]
async fn labels_are_taken_off_and_nothing_else_changes() {
    let Some(world) = World::new().await else {
        return;
    };
    world.put(r#"{"resourceType":"Patient","id":"a","meta":{"source":"urn:s","tag":[{"code":"one"},{"code":"two"}]},"active":true}"#).await;
    let body = r#"{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"one","display":"other"},{"code":"three"}]}}]}"#;
    for _ in 0..2 {
        // The second time there is nothing left to take off, and no version is made.
        let answer = world
            .call("Patient/a/$meta-delete", Some(body))
            .await
            .unwrap();
        for part in ["\"2\"", "two", "urn:s"] {
            assert!(answer.contains(part), "{part} in {answer}");
        }
        assert!(!answer.contains("one"), "{answer}");
    }
    let stored = world.read("Patient/a").await.unwrap();
    assert!(
        stored.contains("active") && !stored.contains("one"),
        "{stored}"
    );
    let gone = world.call("Patient/z/$meta-delete", Some(body)).await;
    assert_eq!(gone.unwrap_err(), "404 there is no Patient/z");
    world.close().await;
}
