//! What is told of parameters that are being indexed.

use crate::operations::testing::World;

const MARITAL: &str = r#"{"resourceType":"SearchParameter","id":"marital","url":"http://here/marital","name":"marital",
    "status":"active","description":"d","code":"marital","base":["Patient"],"type":"token",
    "expression":"Patient.maritalStatus"}"#;

#[tokio::test]
async fn parameters_are_named_until_they_are_complete() {
    let Some(world) = World::new().await else {
        return;
    };
    let current = &world.interactions.current;
    world.interactions.store.adopt(current).await.unwrap();
    let asked = async || world.get("SearchParameter/$index-status").await.unwrap();
    let complete =
        r#"{"resourceType":"Parameters","parameter":[{"name":"complete","valueBoolean":true}]}"#;
    assert_eq!(asked().await, complete);
    world.put(r#"{"resourceType":"Patient","id":"a"}"#).await;
    world.put(MARITAL).await;
    let expected = r#"{"resourceType":"Parameters","parameter":[{"name":"complete","valueBoolean":false},{"name":"indexing","part":[{"name":"type","valueCode":"Patient"},{"name":"code","valueCode":"marital"},{"name":"percent","valueDecimal":0}]}]}"#;
    assert_eq!(asked().await, expected);

    let (store, definitions) = (&world.interactions.store, current.now());
    let patient = "Patient/a".parse::<fhir::ids::ResourceKey>().unwrap();
    let patient = patient.resource_type;
    let walk = store.begin_index_walk(&definitions, patient).await.unwrap();
    let note = store.note_index_walk(&definitions, patient, &walk, Some("Patient/a: why"));
    note.await.unwrap();
    let under_way = r#"{"name":"done","valueDecimal":0},{"name":"expected","valueDecimal":1},{"name":"fault","valueString":"Patient/a: why"}]}]}"#;
    assert!(asked().await.ends_with(under_way), "{}", asked().await);
    assert!(
        store
            .finish_index_walk(&definitions, patient)
            .await
            .unwrap()
    );
    assert_eq!(asked().await, complete);
    world.close().await;
}
