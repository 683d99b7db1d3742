//! The secret of a link is told once.

use crate::interactions::CallConditions;
use crate::operations::testing::World;
use crate::operations::visits::testing::*;

#[tokio::test]
async fn a_secret_is_kept_nowhere() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let path = "Practitioner/weiss/$calendar-link";
    let conditions = CallConditions {
        idempotency_key: Some("again".into()),
        ..CallConditions::default()
    };
    let body = parameters(&[]);
    let again = world.call_with(&world.cx, path, Some(&body), conditions);
    assert_eq!(again.await.unwrap_err().status().as_u16(), 400);
    let made = call(&world, &world.cx, path, &body).await.unwrap();
    let made = String::from_utf8(made.body.unwrap().into()).unwrap();
    let hashes = "select encode(secret, 'hex') from calendar_link";
    let stored = world.database().texts(hashes).await;
    assert_eq!(stored.len(), 1);
    assert!(!made.contains(&stored[0]), "{made}");
    world.close().await;
}
