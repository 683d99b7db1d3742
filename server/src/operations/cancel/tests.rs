//! What is cancelled frees the time, and stays cancelled.

use crate::operations::testing::World;
use crate::operations::visits::testing::*;

#[tokio::test]
async fn a_visit_is_cancelled_once() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let body = of_resource(&visit(
        "pending",
        (9, 10),
        "Patient/anna",
        &["Practitioner/weiss"],
    ));
    let key = check(&world, &cx, "Appointment/$book", &body, "201 booked").await;
    let path = format!("{key}/$cancel");
    let why = parameters(&[("reason", "valueCodeableConcept", r#"{"text":"ill"}"#)]);
    check(&world, &cx, &path, &parameters(&[]), "400 -").await;
    check(&world, &cx, &path, &why, "200 cancelled").await;
    let stored = world.read(&key).await.unwrap();
    check(&world, &cx, &path, &why, "200 cancelled").await;
    assert_eq!(world.read(&key).await.unwrap(), stored);
    assert_eq!(claims(&world).await, 0);
    check(&world, &cx, "Appointment/$book", &body, "201 booked").await;
    world.close().await;
}
