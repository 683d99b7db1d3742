//! When people, places and services are free, and that nothing else is told.

use fhir::json::Value;
use fhir::resource::Resource;

use crate::operations::find::tests::{busy, clinic, monday};
use crate::operations::testing::World;

/// Calendar, status, start and end of each Slot.
async fn slots(world: &World, actor: &str) -> Vec<String> {
    let (start, end) = (
        monday(world, 8, 0).timestamp(),
        monday(world, 12, 0).timestamp(),
    );
    let answer = world
        .get(&format!("{actor}/$availability?start={start}&end={end}"))
        .await
        .unwrap();
    let bundle = Resource::parse(answer).unwrap();
    let zone = fhir::scheduling::zone("Europe/Berlin").unwrap();
    let entries = bundle.get("entry").into_iter().flat_map(Value::items);
    let slot = |entry: Value<'_>| {
        let slot = entry.get("resource").unwrap();
        let text = |path: &[&str]| slot.at(path).and_then(Value::string).unwrap().into_owned();
        assert_eq!(slot.members().count(), 5);
        let local = |name: &str| {
            let moment: jiff::Timestamp = text(&[name]).parse().unwrap();
            moment.to_zoned(zone.clone()).strftime("%H:%M").to_string()
        };
        format!(
            "{} {} {}-{}",
            text(&["schedule", "reference"]),
            text(&["status"]),
            local("start"),
            local("end")
        )
    };
    entries.map(slot).collect()
}

#[tokio::test]
async fn free_and_busy_time_is_told_and_nothing_else() {
    let Some(world) = clinic().await else {
        return;
    };
    busy(&world, "Practitioner/a", (9, 30), (10, 0), None).await;
    busy(
        &world,
        "Practitioner/a",
        (10, 0),
        (10, 15),
        Some("10 minutes"),
    )
    .await;
    busy(&world, "Location/room-1", (7, 0), (9, 15), None).await;
    let role = [
        "Schedule/s0 free 09:00-09:30",
        "Schedule/s0 busy 09:30-10:15",
        "Schedule/s0 free 10:15-11:00",
    ];
    assert_eq!(slots(&world, "PractitionerRole/role-a").await, role);
    assert_eq!(slots(&world, "Practitioner/a").await, role);
    let room = [
        "Schedule/s3 busy 08:00-09:15",
        "Schedule/s3 free 09:15-11:00",
    ];
    assert_eq!(slots(&world, "Location/room-1").await, room);
    assert_eq!(
        slots(&world, "Device/scanner-2").await,
        ["Schedule/s6 free 09:00-11:00"]
    );
    assert_eq!(slots(&world, "HealthcareService/scan").await.len(), 2 + 4);
    let refused = world
        .get("Location/room-1/$availability?start=2026-01-01&end=2026-02-01")
        .await
        .unwrap_err();
    assert!(refused.contains("'start' is a moment"), "{refused}");
    world.close().await;
}
