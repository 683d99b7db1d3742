//! A patient is told who touched the patient's data, and nothing of anybody else's.

use crate::operations::testing::World;

#[tokio::test]
async fn the_accesses_to_one_patient_are_told_without_what_was_asked() {
    let Some(world) = World::audited().await else {
        return;
    };
    world.put(r#"{"resourceType":"Patient","id":"anna"}"#).await;
    world.put(r#"{"resourceType":"Patient","id":"bob"}"#).await;
    world.get("Patient?_id=anna,bob").await.unwrap();
    let told = world.get("Patient/anna/$access-log").await.unwrap();
    assert_eq!(told.matches(r#""name":"access""#).count(), 2, "{told}");
    assert!(
        told.contains(r#"{"name":"interaction","valueCode":"search-type"}"#),
        "{told}"
    );
    assert!(
        told.contains(r#"{"name":"client","valueString":"auth-disabled"}"#),
        "{told}"
    );
    assert!(
        told.contains(r#"{"name":"type","valueCode":"Patient"}"#),
        "{told}"
    );
    assert!(!told.contains("bob") && !told.contains("_id="), "{told}");
    assert!(
        told.ends_with(r#"{"name":"more","valueBoolean":false}]}"#),
        "{told}"
    );
    let first = world
        .get("Patient/anna/$access-log?_count=1")
        .await
        .unwrap();
    assert!(
        first.ends_with(r#"{"name":"more","valueBoolean":true}]}"#),
        "{first}"
    );
    let before = world
        .get("Patient/anna/$access-log?end=2020")
        .await
        .unwrap();
    assert_eq!(before.matches(r#""name":"access""#).count(), 0, "{before}");
    let none = world.get("Patient/none/$access-log").await.unwrap_err();
    assert!(none.starts_with("404"), "{none}");
    world.close().await;
}
