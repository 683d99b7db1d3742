//! Who is there has an encounter.

use fhir::resource::Resource;

use crate::operations::testing::World;
use crate::operations::visits::testing::*;

#[tokio::test]
async fn whoever_arrives_is_known_and_has_one_encounter() {
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
    let path = format!("{key}/$check-in");
    let known = |is: &str| parameters(&[("identity-confirmed", "valueBoolean", is)]);
    check(&world, &cx, &path, &known("false"), "422 -").await;
    check(&world, &cx, &path, &known("true"), "200 arrived").await;
    check(&world, &cx, &path, &known("true"), "200 arrived").await;
    let encounters = world
        .database()
        .texts("select json::text from resource where resource_type = 'Encounter'");
    let encounters = encounters.await;
    assert_eq!(encounters.len(), 1);
    for part in ["Patient/anna", "Practitioner/weiss", "arrived", &key] {
        assert!(encounters[0].contains(part), "{part} in {}", encounters[0]);
    }
    assert_eq!(claims(&world).await, 2);
    world.close().await;
}

#[tokio::test]
async fn an_encounter_that_is_there_is_the_visits() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let cx = staff();
    let actors = ["Practitioner/weiss"];
    let body = of_resource(&visit("pending", (9, 10), "Patient/anna", &actors));
    let key = check(&world, &cx, "Appointment/$book", &body, "201 booked").await;
    let encounter = format!(
        r#"{{"resourceType":"Encounter","status":"planned","class":{{"code":"AMB"}},"subject":{{"reference":"Patient/anna"}},"appointment":[{{"reference":"{key}"}}]}}"#
    );
    world
        .create(Resource::parse(encounter).unwrap())
        .await
        .unwrap();
    let known = parameters(&[("identity-confirmed", "valueBoolean", "true")]);
    let path = format!("{key}/$check-in");
    check(&world, &cx, &path, &known, "200 arrived").await;
    let encounters = "select id from resource where resource_type = 'Encounter'";
    assert_eq!(world.database().texts(encounters).await.len(), 1);
    world.close().await;
}
