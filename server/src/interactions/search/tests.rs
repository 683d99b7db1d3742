//! Searches through the routes: scopes, links, what is refused.

use fhir::json::Value;
use fhir::resource::Resource;

use crate::context::Handling;
use crate::definitions::{Brought, own_definitions};
use crate::interactions::Interaction;
use crate::operations::testing::{World, entries, said};

const RECORDS: &[&str] = &[
    r#"{"resourceType":"Patient","id":"a","name":[{"family":"Ä"}]}"#,
    r#"{"resourceType":"Patient","id":"b"}"#,
    r#"{"resourceType":"Practitioner","id":"p"}"#,
    r#"{"resourceType":"Observation","id":"a1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}"#,
    r#"{"resourceType":"Observation","id":"a2","status":"final","code":{"text":"x"},"performer":[{"reference":"Patient/a"}]}"#,
    r#"{"resourceType":"Observation","id":"a","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/b"}}"#,
    r#"{"resourceType":"Condition","id":"ca","subject":{"reference":"http://localhost/fhir/Patient/a"}}"#,
];

async fn world() -> Option<World> {
    let world = World::new().await?;
    for record in RECORDS {
        world.put(record).await;
    }
    Some(world)
}

#[tokio::test]
async fn a_compartment_holds_its_members_and_its_center() {
    let Some(world) = world().await else {
        return;
    };
    for (url, expected) in [
        ("Patient/a/Observation", "Observation/a1 Observation/a2"),
        ("Patient/b/Observation", "Observation/a"),
        ("Patient/nobody/Observation", ""),
        ("Patient/a/Observation?_id=a2,a", "Observation/a2"),
        ("Patient/a/Patient", "Patient/a"),
        // Another resource of the center's id is none of it.
        (
            "Patient/a/*",
            "Condition/ca Observation/a1 Observation/a2 Patient/a",
        ),
        (
            "Patient/a/*?_type=Condition,Patient",
            "Condition/ca Patient/a",
        ),
        ("Patient/a/*?_id=a1", "Observation/a1"),
        ("Practitioner/p/*", "Practitioner/p"),
    ] {
        let answer = world.get(url).await.unwrap();
        let (mut found, links) = entries(&answer);
        found.sort();
        let found = found.join(" ").replace("match ", "");
        assert_eq!(found, expected, "{url}");
        let itself = format!("http://localhost/fhir/{url}");
        assert_eq!(links, [("self".to_owned(), itself)], "{url}");
    }
    world.close().await;
}

#[tokio::test]
async fn what_is_included_stands_behind_the_matches_and_is_not_counted() {
    let Some(world) = world().await else {
        return;
    };
    for (url, expected) in [
        (
            "Observation?_id=a1&_include=Observation:subject",
            "1: match Observation/a1, include Patient/a",
        ),
        (
            "Observation?_id=a2&_include=Observation:performer:Patient",
            "1: match Observation/a2, include Patient/a",
        ),
        (
            "Observation?_id=a1&_include=*",
            "1: match Observation/a1, include Patient/a",
        ),
        (
            "Patient?_id=a&_revinclude=Condition:subject&_revinclude=Observation:subject",
            "1: match Patient/a, include Condition/ca, include Observation/a1",
        ),
        (
            "Observation?_id=a1&_include=Observation:subject&_revinclude:iterate=Condition:subject",
            "1: match Observation/a1, include Patient/a, include Condition/ca",
        ),
        (
            "Patient/b/*?_type=Observation&_include=Observation:subject",
            "1: match Observation/a, include Patient/b",
        ),
        (
            "Patient?_id=a&_count=0&_revinclude=Condition:subject",
            "1: ",
        ),
    ] {
        let answer = world.get(url).await.unwrap();
        let total = Resource::parse(answer.clone()).unwrap();
        let total = total.get("total").map_or("none", Value::raw).to_owned();
        let found = format!("{total}: {}", entries(&answer).0.join(", "));
        assert_eq!(found, expected, "{url}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_search_inside_a_bundle_answers_the_same() {
    let Some(world) = world().await else {
        return;
    };
    let urls = [
        "Patient/a/Observation?_id=a1&_include=Observation:subject",
        "Observation?_id=a1&_elements=subject&_include=Observation:subject",
        "Patient?_id=a&_elements=nope",
        "Patient?_id=a&_summary=text&_include=Patient:organization",
    ];
    for kind in ["batch", "transaction"] {
        for (place, url) in urls.iter().enumerate() {
            let bundle = format!(
                r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{{"request":{{"method":"GET","url":"{url}"}}}}]}}"#
            );
            let resource = Resource::parse(bundle).unwrap();
            let interaction = Interaction::Bundle { resource };
            let answer = said(world.interactions.perform(&world.cx, interaction).await);
            let is_refused = match &answer {
                Ok(answer) => answer.contains(r#""status":"400"#),
                Err(refusal) => refusal.starts_with("400"),
            };
            assert_eq!(is_refused, place > 1, "{kind} {url}: {answer:?}");
            if is_refused {
                continue;
            }
            let answer = Resource::parse(answer.unwrap()).unwrap();
            let entry = answer.get("entry").unwrap().items().next().unwrap();
            let searchset = entry.get("resource").unwrap().raw().to_owned();
            let found = entries(&searchset).0;
            assert_eq!(
                found,
                ["match Observation/a1", "include Patient/a"],
                "{kind} {url}"
            );
            assert_eq!(searchset.contains("SUBSETTED"), place == 1, "{kind} {url}");
            assert!(searchset.contains("Ä"), "{kind} {url}");
        }
    }
    world.close().await;
}

#[tokio::test]
async fn a_lenient_search_says_what_it_left_out() {
    let Some(mut world) = world().await else {
        return;
    };
    world.cx.handling = Handling::Lenient;
    let url = "Patient?_id=a&nope=1&_include=Patient:nope";
    let (found, links) = entries(&world.get(url).await.unwrap());
    assert_eq!(found, ["match Patient/a", "outcome OperationOutcome"]);
    let itself = "http://localhost/fhir/Patient?_id=a".to_owned();
    assert_eq!(links, [("self".to_owned(), itself)]);
    world.close().await;
}

#[tokio::test]
async fn pages_lead_back_as_well() {
    let Some(world) = world().await else {
        return;
    };
    let first = "Observation?_count=1";
    let link = |answer: &str, relation: &str| {
        let (found, links) = entries(answer);
        let url = links.into_iter().find(|(name, _)| name == relation);
        (found, url.map(|(_, url)| url))
    };
    let (one, next) = link(&world.get(first).await.unwrap(), "next");
    let second = world.get(&next.unwrap()).await.unwrap();
    let (two, previous) = link(&second, "previous");
    assert_ne!(one, two);
    let (again, before) = link(&world.get(&previous.unwrap()).await.unwrap(), "previous");
    assert_eq!((again, before), (one, None));
    world.close().await;
}

#[tokio::test]
async fn pages_of_a_compartment_lead_through_it() {
    let Some(world) = world().await else {
        return;
    };
    let mut url = "Patient/a/*?_type=Condition,Observation&_count=1".to_owned();
    let mut found = Vec::new();
    loop {
        let answer = world.get(&url).await.unwrap();
        let (page, links) = entries(&answer);
        found.extend(page);
        match links.into_iter().find(|(relation, _)| relation == "next") {
            Some((_, next)) => url = next,
            None => break,
        }
    }
    found.sort();
    let expected = [
        "match Condition/ca",
        "match Observation/a1",
        "match Observation/a2",
    ];
    assert_eq!(found, expected);
    world.close().await;
}

#[tokio::test]
async fn what_means_nothing_is_refused() {
    let Some(world) = world().await else {
        return;
    };
    for (url, expected) in [
        ("Observation/a1/Condition", "404"),
        ("Patient/a/Medication", "404"),
        ("Patient/a/*?_type=Medication", "404"),
        ("Patient/a/*?_type=Nothing", "400"),
        ("Patient/a/*?_type=Condition&_type=Condition", "400"),
        ("Patient/a/Condition?_type=Condition", "400"),
        ("Patient?name=a&name:nope=b", "400"),
        ("Patient?_summary=text&_include=Patient:organization", "400"),
    ] {
        let refused = world.get(url).await.unwrap_err();
        assert!(refused.starts_with(expected), "{url}: {refused}");
    }
    world.close().await;
}

#[tokio::test]
async fn the_limits_of_a_search_are_named() {
    let Some(mut world) = World::new().await else {
        return;
    };
    let mut limits = (*world.cx.limits).clone();
    limits.search.or_values = 2;
    limits.search.parameters = 2;
    limits.search.chain_depth = 1;
    limits.search.includes = 1;
    world.cx.limits = limits.into();
    for (url, limit, setting) in [
        (
            "Patient?name=a,b,c",
            "more than 2 values",
            "VESTA_SEARCH_OR_VALUES_MAX",
        ),
        (
            "Patient?name=a&name=b&name=c",
            "more than 2 parameters",
            "VESTA_SEARCH_PARAMETERS_MAX",
        ),
        (
            "Patient?_count=101",
            "at most 100 resources",
            "VESTA_PAGE_SIZE_MAX",
        ),
        (
            "Observation?subject:Patient.organization.name=a",
            "more than 1 chain steps",
            "VESTA_SEARCH_CHAIN_DEPTH_MAX",
        ),
        (
            "Patient?_has:Observation:subject:performer:Organization.name=a",
            "more than 1 chain steps",
            "VESTA_SEARCH_CHAIN_DEPTH_MAX",
        ),
        (
            "Patient?_include=Patient:organization&_include=Patient:link",
            "more than 1 inclusions",
            "VESTA_SEARCH_INCLUDES_MAX",
        ),
        // Those that no setting raises name none.
        (
            "Patient?_sort=_id,name,family,given,gender,birthdate,phone,email,active",
            "more than 8 keys",
            "",
        ),
    ] {
        let refused = world.get(url).await.unwrap_err();
        assert!(refused.starts_with("422"), "{url}: {refused}");
        let named = refused.matches("VESTA_").count();
        assert_eq!(named, usize::from(!setting.is_empty()), "{url}: {refused}");
        assert!(
            refused.contains(limit) && refused.contains(setting),
            "{url}: {refused}"
        );
    }
    world.close().await;
}

/// Fills in what a package defines.
async fn bring(world: &World, texts: impl IntoIterator<Item = String>) {
    let (sender, receiver) = tokio::sync::mpsc::channel(200);
    for text in texts {
        let brought = Brought {
            text: text.into_bytes(),
            is_terminology: false,
            is_of_package: true,
        };
        sender.send(Ok(brought)).await.unwrap();
    }
    drop(sender);
    let store = &world.interactions.store;
    assert!(store.fill_package_terminology("x", receiver).await.unwrap());
}

#[tokio::test]
async fn what_packages_define_gives_way_to_what_is_stored() {
    let Some(world) = World::new().await else {
        return;
    };
    let ours = "https://vesta.example/fhir/StructureDefinition/clinic-patient";
    let defined = [
        ("ValueSet", "one", "http://hl7.org/one"),
        ("ValueSet", "two", "http://hl7.org/two"),
        ("StructureDefinition", "clinic-patient", ours),
    ];
    let text = |(name, id, url)| {
        format!(
            r#"{{"resourceType":"{name}","id":"{id}","url":"{url}","name":"X","status":"active","kind":"logical"}}"#
        )
    };
    bring(&world, defined.map(text)).await;
    let search = async |query: &str| {
        let url = format!("ValueSet?{query}");
        let found = entries(&world.get(&url).await.unwrap()).0.join(" ");
        found.replace("match ", "")
    };
    let both = "url=http://hl7.org/one,http://hl7.org/two";
    let (one, two) = ("ValueSet/one", "ValueSet/two");
    assert_eq!(search(both).await, format!("{one} {two}"));
    assert_eq!(search(&format!("{both}&_count=1")).await, one);
    assert_eq!(search("_id=two&url=http://hl7.org/one").await, "");
    assert_eq!(search("_id=two&status=active").await, two);
    assert_eq!(search("_id=two&status=draft").await, "");
    assert_eq!(search("name=X").await, "");
    let own = format!("StructureDefinition?url={ours}");
    let own = entries(&world.get(&own).await.unwrap()).0;
    assert_eq!(own, ["match StructureDefinition/clinic-patient"]);
    assert!(world.read(one).await.unwrap().contains("hl7.org/one"));
    assert!(
        !world
            .read("StructureDefinition/clinic-patient")
            .await
            .unwrap()
            .contains("logical")
    );
    world
        .put(r#"{"resourceType":"ValueSet","id":"mine","url":"http://hl7.org/one","status":"draft"}"#)
        .await;
    assert_eq!(search(both).await, format!("ValueSet/mine {two}"));
    assert_eq!(search("_id=one").await, "");
    world.close().await;
}

/// However many definitions a search names, what is stored in their place is asked for once.
#[tokio::test]
async fn what_is_stored_in_the_place_of_definitions_is_asked_for_at_once() {
    let Some(mut world) = World::new().await else {
        return;
    };
    let url = |n: usize| format!("http://hl7.org/a,{n}");
    let text = |n: usize| {
        let url = url(n);
        format!(r#"{{"resourceType":"ValueSet","id":"v{n}","url":"{url}","status":"active"}}"#)
    };
    bring(&world, (0..150).map(text)).await;
    for n in 0..130 {
        let url = url(n % 120);
        let stored =
            format!(r#"{{"resourceType":"ValueSet","id":"s{n}","url":"{url}","status":"draft"}}"#);
        world.put(&stored).await;
    }
    let mut limits = (*world.cx.limits).clone();
    limits.page_size_max = 1_000;
    world.cx.limits = limits.into();
    let urls: Vec<String> = (0..150).map(|n| url(n).replace(',', "\\,")).collect();
    let query = format!("ValueSet?_count=1000&url={}", urls.join(","));
    let found = entries(&world.get(&query).await.unwrap()).0;
    let of_package = found.iter().filter(|one| one.contains("/v"));
    let mut left: Vec<usize> = of_package
        .map(|one| one.rsplit('v').next().unwrap().parse().unwrap())
        .collect();
    left.sort_unstable();
    assert_eq!(left, (120..150).collect::<Vec<_>>());
    assert_eq!(found.len(), 130 + 30);
    world.close().await;
}

#[tokio::test]
async fn naming_systems_of_ours_are_found_by_their_value() {
    let Some(world) = World::new().await else {
        return;
    };
    let check = async |query: &str, expected: &[&str]| {
        let found = entries(&world.get(&format!("NamingSystem{query}")).await.unwrap()).0;
        assert_eq!(found, expected, "{query}");
    };
    let mrn = ["match NamingSystem/mrn"];
    let value = "https://vesta.example/fhir/NamingSystem/mrn";
    check("?_id=mrn", &mrn).await;
    check(&format!("?value={value}"), &mrn).await;
    check(
        &format!("?value={value}&kind=identifier&status=active"),
        &mrn,
    )
    .await;
    check(&format!("?value={value}&kind=codesystem"), &[]).await;
    check(&format!("?value={value}x"), &[]).await;
    check("", &[]).await;
    check("?_count=5", &[]).await;
    // What is described is what is stored, and so is what begins like ours.
    check("?kind=identifier", &[]).await;
    check("?value=https://vesta.example/fhir/NamingSystem/mr", &[]).await;
    check(&format!("?value:exact={value}"), &[]).await;
    let ours = own_definitions().filter(|(key, _)| key.resource_type.name() == "NamingSystem");
    for (key, text) in ours {
        let value = format!("https://vesta.example/fhir/{key}");
        assert!(text.contains(&value), "{key}");
        let url = format!("NamingSystem?value={value}");
        let found = entries(&world.get(&url).await.unwrap()).0;
        assert_eq!(found.first(), Some(&format!("match {key}")), "{url}");
    }
    world.close().await;
}
