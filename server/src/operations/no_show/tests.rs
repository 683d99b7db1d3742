//! Who does not come, from when on.

use crate::operations::testing::World;
use crate::operations::visits::testing::*;

#[tokio::test]
async fn who_has_not_come_a_quarter_of_an_hour_late_does_not_come() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let mut cx = staff();
    let body = of_resource(&visit(
        "pending",
        (9, 10),
        "Patient/anna",
        &["Practitioner/weiss"],
    ));
    let key = check(&world, &cx, "Appointment/$book", &body, "201 booked").await;
    let path = format!("{key}/$no-show");
    cx.now = "2027-03-01T08:14:00Z".parse().unwrap();
    check(
        &world,
        &cx,
        &path,
        &parameters(&[]),
        "422 invalid-transition",
    )
    .await;
    cx.now = "2027-03-01T08:15:00Z".parse().unwrap();
    check(&world, &cx, &path, &parameters(&[]), "200 noshow").await;
    assert_eq!(claims(&world).await, 0);
    world.close().await;
}
