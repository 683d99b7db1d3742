//! Chains into contained resources through the routes: in every order, on pages of every size, within their limit.

use crate::operations::testing::{World, entries};

/// Three observations: of a contained patient with a stored doctor, of two contained patients, of a stored patient.
const RECORDS: &[&str] = &[
    r#"{"resourceType":"Practitioner","id":"doc","name":[{"family":"Doctor"}]}"#,
    r#"{"resourceType":"Patient","id":"p","name":[{"family":"Moreau"}],"gender":"female"}"#,
    r##"{"resourceType":"Observation","id":"one","status":"final","code":{"text":"a"},"subject":{"reference":"#p"},
    "contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Moreau"}],"gender":"male",
    "generalPractitioner":[{"reference":"Practitioner/doc"}]}]}"##,
    r##"{"resourceType":"Observation","id":"two","status":"amended","code":{"text":"a"},"subject":{"reference":"#p"},
    "focus":[{"reference":"#q"}],"contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Moreau"}]},
    {"resourceType":"Patient","id":"q","name":[{"family":"Beside"}],"gender":"male"}]}"##,
    r#"{"resourceType":"Observation","id":"three","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/p"}}"#,
    r#"{"resourceType":"DiagnosticReport","id":"r","status":"final","code":{"text":"a"},"result":[{"reference":"Observation/two"}]}"#,
];

async fn world() -> Option<World> {
    let world = World::new().await?;
    for record in RECORDS {
        world.put(record).await;
    }
    Some(world)
}

#[tokio::test]
async fn chains_find_what_refers_to_what_it_contains() {
    let Some(world) = world().await else {
        return;
    };
    for (url, expected) in [
        (
            "Observation?patient.family=moreau&_sort=_id",
            "one three two",
        ),
        (
            "Observation?patient.family=moreau&_sort=-_id",
            "two three one",
        ),
        ("Observation?patient.family=beside", ""),
        ("Observation?focus:Patient.family=beside", "two"),
        ("Observation?patient.gender=male", "one"),
        ("Observation?patient.gender=male&status=amended", ""),
        ("Observation?patient.gender:missing=true", "two"),
        ("Observation?patient.gender:not=male&_sort=_id", "three two"),
        (
            "Observation?patient.general-practitioner:Practitioner.name=doctor",
            "one",
        ),
        (
            "Observation?patient.general-practitioner:Practitioner.name=nobody",
            "",
        ),
        ("DiagnosticReport?result.focus:Patient.family=beside", "r"),
        (
            "Observation?_filter=not%20(patient.gender%20eq%20male)&_sort=_id",
            "three two",
        ),
        (
            "Observation?_has:DiagnosticReport:result:subject:Patient.family=a",
            "",
        ),
        (
            "?_type=Observation,DiagnosticReport&patient.gender=male",
            "one",
        ),
    ] {
        let (found, _) = entries(&world.get(url).await.unwrap());
        let ids: Vec<&str> = found
            .iter()
            .map(|one| one.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(ids.join(" "), expected, "{url}");
        let mut walked = Vec::new();
        let mut next = Some(format!("{url}&_count=1"));
        while let Some(url) = next {
            let (found, links) = entries(&world.get(&url).await.unwrap());
            walked.extend(found);
            let mut links = links.into_iter();
            next = links.find_map(|(relation, url)| (relation == "next").then_some(url));
        }
        assert_eq!(walked, found, "{url} by pages");
    }
    world.close().await;
}

#[tokio::test]
async fn more_containers_than_the_limit_are_refused_until_less_is_asked_for() {
    let Some(mut world) = world().await else {
        return;
    };
    let mut limits = (*world.cx.limits).clone();
    limits.search.contained = 1;
    world.cx.limits = limits.into();
    let refused = world.get("Observation?patient.family=moreau").await;
    let refused = refused.unwrap_err();
    assert!(refused.starts_with("422"), "{refused}");
    assert!(refused.contains("VESTA_SEARCH_CONTAINED_MAX"), "{refused}");
    let less = "Observation?patient.family=moreau&status=amended";
    assert_eq!(entries(&world.get(less).await.unwrap()).0.len(), 1);
    // Nothing contains what this leads to.
    let none = "Observation?encounter.status=planned";
    assert_eq!(entries(&world.get(none).await.unwrap()).0.len(), 0);
    world.close().await;
}
