//! Refused, however it is asked.

use crate::operations::testing::World;

#[tokio::test]
async fn it_is_refused() {
    let Some(world) = World::new().await else {
        return;
    };
    let refused = world
        .get("CodeSystem/$find-matches?system=http://here/a")
        .await;
    assert!(
        refused
            .unwrap_err()
            .starts_with("400 $find-matches is not supported")
    );
    let body = r#"{"resourceType":"Parameters","parameter":[{"name":"property","part":[{"name":"code","valueCode":"legs"},{"name":"value","valueInteger":4}]}]}"#;
    let refused = world.call("CodeSystem/$find-matches", Some(body)).await;
    assert!(
        refused
            .unwrap_err()
            .starts_with("400 $find-matches is not supported")
    );
    let statement = world.get("metadata").await.unwrap();
    assert!(statement.contains("CodeSystem-lookup") && !statement.contains("find-matches"));
    world.close().await;
}
