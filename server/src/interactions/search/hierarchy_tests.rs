//! Searches above and below resources that are parts of others.

use std::sync::Arc;

use crate::context::Limits;
use crate::operations::testing::{World, entries};

/// More than are looked at at one time.
const BEDS: usize = 205;

fn location(id: &str, part_of: &str) -> String {
    let part_of = match part_of {
        "" => String::new(),
        whole => format!(r#","partOf":{{"reference":"Location/{whole}"}}"#),
    };
    format!(r#"{{"resourceType":"Location","id":"{id}"{part_of}}}"#)
}

async fn world() -> Option<World> {
    let world = World::new().await?;
    for (id, part_of) in [
        ("house", ""),
        ("floor", "house"),
        ("room", "floor"),
        ("other", ""),
        ("left", "right"),
        ("right", "left"),
    ] {
        world.put(&location(id, part_of)).await;
    }
    for (id, location) in [
        ("in-house", "house"),
        ("in-room", "room"),
        ("elsewhere", "other"),
        ("around", "left"),
    ] {
        let encounter = format!(
            r#"{{"resourceType":"Encounter","id":"{id}","status":"finished","class":{{"code":"AMB"}},
            "location":[{{"location":{{"reference":"Location/{location}"}}}}]}}"#
        );
        world.put(&encounter).await;
    }
    world
        .put(r#"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"encounter":{"reference":"Encounter/in-room"}}"#)
        .await;
    Some(world)
}

async fn found(world: &World, url: &str) -> String {
    let answer = world.get(url).await.unwrap();
    let mut found = entries(&answer).0;
    found.sort();
    found.join(" ").replace("match ", "")
}

#[tokio::test]
async fn what_is_above_and_below_a_resource_is_found() {
    let Some(world) = world().await else {
        return;
    };
    for (url, expected) in [
        (
            "Encounter?location:below=Location/house",
            "Encounter/in-house Encounter/in-room",
        ),
        ("Encounter?location:below=floor", "Encounter/in-room"),
        (
            "Encounter?location:above=http://localhost/fhir/Location/room",
            "Encounter/in-house Encounter/in-room",
        ),
        (
            "Encounter?location:above=Location/floor",
            "Encounter/in-house",
        ),
        (
            "Encounter?location:below=Location/floor,Location/other",
            "Encounter/elsewhere Encounter/in-room",
        ),
        // A ring ends where it began; what is not there has no parts.
        (
            "Encounter?location:below=Location/right",
            "Encounter/around",
        ),
        (
            "Encounter?location:above=Location/right",
            "Encounter/around",
        ),
        ("Encounter?location:below=Location/nowhere", ""),
        // What is asked for is what is referred to.
        (
            "Location?partof:below=Location/house",
            "Location/floor Location/room",
        ),
        (
            "Observation?encounter.location:below=Location/house",
            "Observation/o",
        ),
        (
            "Location?_has:Encounter:location:location:below=house&_id=room",
            "Location/room",
        ),
    ] {
        assert_eq!(found(&world, url).await, expected, "{url}");
    }
    world.close().await;
}

#[tokio::test]
async fn many_parts_are_all_found_and_too_many_are_refused() {
    let Some(mut world) = world().await else {
        return;
    };
    for bed in 0..BEDS {
        world.put(&location(&format!("bed-{bed}"), "room")).await;
    }
    let url = "Location?partof:below=Location/house&_summary=count";
    let total = |answer: &str| answer.contains(&format!(r#""total":{}"#, BEDS + 2));
    let answer = world.get(url).await.unwrap();
    assert!(total(&answer), "{answer}");
    let mut limits: Limits = (*world.cx.limits).clone();
    limits.expansion = BEDS + 2;
    world.cx.limits = Arc::new(limits);
    let error = world.get(url).await.unwrap_err();
    assert!(
        error.contains("are below Location/house") && error.contains("VESTA_EXPANSION_CODES_MAX"),
        "{error}"
    );
    world.close().await;
}
