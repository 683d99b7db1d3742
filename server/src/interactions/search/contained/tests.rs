//! Contained resources through the routes: what is found, how it is shown, how pages lead through it.

use super::*;
use crate::operations::testing::{World, entries};

const RECORDS: &[&str] = &[
    r#"{"resourceType":"Medication","id":"stored","code":{"coding":[{"code":"x"}]}}"#,
    r##"{"resourceType":"MedicationRequest","id":"one","status":"active","intent":"order","subject":{"display":"a"},
    "medicationReference":{"reference":"#m"},
    "contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"code":"x"}],"text":"Ä"}}]}"##,
    r##"{"resourceType":"MedicationRequest","id":"two","status":"active","intent":"order","subject":{"reference":"#p"},
    "medicationReference":{"reference":"#m"},
    "supportingInformation":[{"reference":"#n"},{"reference":"#o"}],
    "contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"code":"x"}]}},
    {"resourceType":"Patient","id":"p","name":[{"family":"Within"}]},
    {"resourceType":"Medication","id":"n","code":{"coding":[{"code":"x"}]}},
    {"resourceType":"Medication","id":"o","code":{"coding":[{"code":"y"}]}}]}"##,
    r##"{"resourceType":"Medication","id":"kit","code":{"coding":[{"code":"x"}]},
    "ingredient":[{"itemReference":{"reference":"#i"}}],
    "contained":[{"resourceType":"Medication","id":"i","code":{"coding":[{"code":"x"}]}}]}"##,
    r#"{"resourceType":"Bundle","id":"b","type":"collection",
    "entry":[{"fullUrl":"urn:uuid:1b0f7e0c-5f0a-4ad3-9f0c-2a1d6d5d3c11","resource":
    {"resourceType":"Medication","id":"e","code":{"coding":[{"code":"x"}]}}}]}"#,
];

async fn world() -> Option<World> {
    let world = World::new().await?;
    for record in RECORDS {
        world.put(record).await;
    }
    Some(world)
}

/// All entries of all pages, and how many pages there were.
async fn walk(world: &World, url: &str) -> (String, usize) {
    let (mut url, mut all, mut pages) = (url.to_owned(), Vec::new(), 0);
    loop {
        let (found, links) = entries(&world.get(&url).await.unwrap());
        all.extend(found);
        pages += 1;
        match links.into_iter().find(|(relation, _)| relation == "next") {
            Some((_, next)) => url = next,
            None => return (all.join(" ").replace("match ", ""), pages),
        }
    }
}

#[tokio::test]
async fn contained_resources_are_found_as_asked_on_pages_of_every_size() {
    let Some(world) = world().await else {
        return;
    };
    let kit = "Medication/kit";
    let (one, two) = ("MedicationRequest/one", "MedicationRequest/two");
    for (url, expected) in [
        ("Medication?code=x", format!("{kit} Medication/stored")),
        (
            "Medication?code=x&_contained=true",
            format!("{kit} {two} {one}"),
        ),
        (
            "Medication?code=x&_contained=true&_containedType=contained",
            "Medication/i Medication/m Medication/n Medication/m".to_owned(),
        ),
        // What was found as itself is not shown again as a container.
        (
            "Medication?code=x&_contained=both",
            format!("{kit} Medication/stored {two} {one}"),
        ),
        (
            "Medication?code=x&_contained=both&_containedType=contained",
            format!("{kit} Medication/stored Medication/i Medication/m Medication/n Medication/m"),
        ),
        ("Medication?code=y&_contained=both", two.to_owned()),
        ("Medication?_id=n&_contained=true", two.to_owned()),
        ("Medication?_id=kit&_contained=true", String::new()),
        ("Medication?code:not=x&_contained=true", two.to_owned()),
        ("Patient?name=within&_contained=true", two.to_owned()),
        (
            "?_type=Patient,Group&_contained=true&_containedType=contained",
            "Patient/p".to_owned(),
        ),
        ("Patient?name=nobody&_contained=true", String::new()),
    ] {
        let shown = expected.split(' ').filter(|one| !one.is_empty()).count();
        let whole = walk(&world, url).await;
        assert_eq!(whole, (expected.clone(), 1), "{url}");
        for count in 1..=5 {
            let url = format!("{url}&_count={count}");
            let pages = shown.div_ceil(count).max(1);
            assert_eq!(walk(&world, &url).await, (expected.clone(), pages), "{url}");
        }
    }
    world.close().await;
}

#[tokio::test]
async fn a_contained_match_is_named_within_its_container() {
    let Some(world) = world().await else {
        return;
    };
    let url = "Medication?code:text=Ä&_contained=true&_containedType=contained";
    let answer = world.get(url).await.unwrap();
    let resource = Resource::parse(answer).unwrap();
    let entry = resource.get("entry").unwrap().items().next().unwrap();
    let full_url = entry.get("fullUrl").and_then(Value::string).unwrap();
    assert_eq!(full_url, "http://localhost/fhir/MedicationRequest/one#m");
    let text = entry.at(&["resource", "code", "text"]);
    assert_eq!(text.and_then(Value::string).unwrap(), "Ä");
    assert!(entry.at(&["resource", "contained"]).is_none());
    assert_eq!(resource.get("total").unwrap().raw(), "1");
    world.close().await;
}

#[tokio::test]
async fn a_page_goes_on_where_it_ended_though_its_container_is_gone() {
    let Some(world) = world().await else {
        return;
    };
    let url = "Medication?code=x&_contained=true&_containedType=contained&_count=2";
    let (found, links) = entries(&world.get(url).await.unwrap());
    assert_eq!(found, ["match Medication/i", "match Medication/m"]);
    let next = |links: &[(String, String)]| {
        let next = links.iter().find(|(relation, _)| relation == "next");
        next.map(|(_, url)| url.clone())
    };
    let next = next(&links).unwrap();
    world
        .put(&RECORDS[2].replace("\"active\"", "\"stopped\""))
        .await;
    let (found, _) = entries(&world.get(&next).await.unwrap());
    assert_eq!(found, ["match Medication/n", "match Medication/m"]);
    let delete = crate::interactions::Interaction::Delete {
        key: "MedicationRequest/two".parse().unwrap(),
        conditions: Default::default(),
    };
    world.interactions.perform(&world.cx, delete).await.unwrap();
    // The resource behind it is looked at from its beginning.
    let (found, _) = entries(&world.get(&next).await.unwrap());
    assert_eq!(found, ["match Medication/m"]);
    // A link is good for its own search only.
    for (from, to) in [
        ("code=x", "code=y"),
        ("_contained=true", "_contained=both"),
        ("_contained=true", "_contained=false"),
        ("_cursor=~", "_cursor=~A"),
    ] {
        let other = next.replace(from, to);
        assert_ne!(other, next, "{from}");
        let refused = world.get(&other).await.unwrap_err();
        assert!(refused.starts_with("400"), "{to}: {refused}");
    }
    world.close().await;
}

#[tokio::test]
async fn more_containers_than_the_limit_are_refused_by_its_name() {
    let Some(mut world) = world().await else {
        return;
    };
    let mut limits = (*world.cx.limits).clone();
    limits.search.contained = 2;
    world.cx.limits = limits.into();
    let refused = world.get("Medication?code=z&_contained=true").await;
    let refused = refused.unwrap_err();
    assert!(refused.starts_with("422"), "{refused}");
    assert!(refused.contains("VESTA_SEARCH_CONTAINED_MAX"), "{refused}");
    assert!(refused.contains("more than 2 resources"), "{refused}");
    // One of the three is enough.
    world.get("Patient?name=z&_contained=true").await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn other_interactions_refuse_to_look_for_contained_resources() {
    let Some(world) = world().await else {
        return;
    };
    for url in [
        "Medication/$explain?code=x&_contained=true",
        "Patient/p/*?_contained=both",
        "Medication?code=x&_contained=true&_sort=_id",
    ] {
        let refused = world.get(url).await.unwrap_err();
        assert!(refused.starts_with("400"), "{url}: {refused}");
        assert!(refused.contains("_contained"), "{url}: {refused}");
    }
    let resource = Resource::parse(RECORDS[0].to_owned()).unwrap();
    let create = crate::interactions::Interaction::Create {
        resource_type: resource.resource_type(),
        resource,
        if_none_exist: Some("code=x&_contained=true".to_owned()),
    };
    let refused = world.interactions.perform(&world.cx, create).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotSupported);
    world.close().await;
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_said() {
    let Some(world) = World::new().await else {
        return;
    };
    let search = |text: &str| {
        let version = StoredVersion {
            key: "Group/1".parse().unwrap(),
            version: "1".parse().unwrap(),
            last_updated: world.cx.now,
            verb: crate::store::Verb::Put,
            content: Some(format!(r#"{{"resourceType":"Group","contained":[{text}]}}"#).into()),
        };
        let plan = Plan::default();
        let definitions = &world.interactions.definitions;
        let search = ContainedSearch::new(definitions, &world.cx, &plan, "");
        let mut found = Found::default();
        search.look_into(&version, 0, 9, &mut found).unwrap();
        let said = found.warnings.first();
        let said = said.map(|one| one.diagnostics.to_string());
        (found.matches.len(), said.unwrap_or_default())
    };
    let (found, said) = search(r#"{"resourceType":"Patient"}"#);
    assert!(
        found == 0 && said.contains("Group/1") && said.contains("no id"),
        "{said}"
    );
    let (found, said) = search(r#"{"resourceType":"Patient","id":"p","birthDate":"never"}"#);
    assert!(found == 0 && said.contains("'birthdate'"), "{said}");
    let (found, said) = search(r#"{"resourceType":"Patient","id":"p"}"#);
    assert!(found == 1 && said.is_empty(), "{said}");
    world.close().await;
}

#[test]
fn a_place_survives_its_text() {
    for (behind, within) in [
        (None, Some(("Group/1", 3))),
        (Some(7), Some(("Patient/a-b.c", 0))),
        (Some(-1), None),
        (None, None),
    ] {
        let place = Place {
            behind: behind.map(MatchPlace),
            within: within.map(|(key, number)| (key.parse().unwrap(), number)),
        };
        assert_eq!(Place::read(&place.to_string()), Some(place));
    }
    for text in ["", "x ", "1", "1 Nothing/1 1", "1 Group/1 x"] {
        assert_eq!(Place::read(text), None, "{text}");
    }
}
