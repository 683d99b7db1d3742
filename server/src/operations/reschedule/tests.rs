//! A visit moves, or stays where it is.

use crate::operations::testing::World;
use crate::operations::visits::testing::*;

fn to(hours: (u32, u32)) -> String {
    let at = |hour: u32| format!(r#""2027-03-01T{hour:02}:00:00+01:00""#);
    parameters(&[
        ("start", "valueDateTime", &at(hours.0)),
        ("end", "valueDateTime", &at(hours.1)),
        ("reason", "valueCodeableConcept", r#"{"text":"later"}"#),
    ])
}

#[tokio::test]
async fn a_visit_moves_to_where_everybody_is_free() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let book = async |hours, patient| {
        let body = of_resource(&visit("pending", hours, patient, &["Practitioner/weiss"]));
        check(&world, &cx, "Appointment/$book", &body, "201 booked").await
    };
    let key = book((9, 10), "Patient/anna").await;
    book((11, 12), "Patient/eva").await;
    let path = format!("{key}/$reschedule");
    check(&world, &cx, &path, &to((10, 12)), "409 appointment-clash").await;
    assert!(world.read(&key).await.unwrap().contains("T09:00:00"));
    // Over where it stands itself, and twice.
    check(&world, &cx, &path, &to((9, 11)), "200 booked").await;
    check(&world, &cx, &path, &to((14, 15)), "200 booked").await;
    let stored = world.read(&key).await.unwrap();
    assert_eq!(stored.matches("reschedule-history").count(), 2, "{stored}");
    assert!(stored.contains(r#""minutesDuration": 60"#), "{stored}");
    check(&world, &cx, &path, &to((15, 14)), "400 -").await;
    assert_eq!(claims(&world).await, 4);
    world.close().await;
}
