//! SearchParameters that come, change and go while two servers write: a search is refused or exact, never in between.

use std::sync::Arc;
use std::time::Duration;

use fhir::ids::ResourceType;
use fhir::resource::Resource;
use http::StatusCode;

use super::*;
use crate::interactions::{Interaction, Interactions, SearchScope, WriteConditions};
use crate::operations::testing::World;

const MARITAL: &str = r#"{"resourceType":"SearchParameter","id":"marital","url":"http://here/marital","name":"marital",
    "status":"active","description":"d","code":"marital","base":["Patient"],"type":"token",
    "expression":"Patient.maritalStatus"}"#;

/// A server of its own on the database of a world.
async fn server(world: &World) -> Interactions {
    let built_in = Arc::clone(world.interactions.current.built_in());
    let current = Arc::new(CurrentDefinitions::new(built_in));
    world.interactions.store.adopt(&current).await.unwrap();
    Interactions {
        current,
        ..world.interactions.clone()
    }
}

async fn put(server: &Interactions, cx: &RequestContext, json: &str) -> Result<StatusCode> {
    let resource = Resource::parse(json.to_owned()).unwrap();
    let id = resource.id().unwrap();
    let update = Interaction::Update {
        key: format!("{}/{id}", resource.resource_type())
            .parse()
            .unwrap(),
        resource,
        conditions: WriteConditions::default(),
    };
    Ok(server.perform(cx, update).await?.status)
}

fn patient(id: &str, status: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","maritalStatus":{{"coding":[{{"system":"s","code":"{status}"}}]}}}}"#
    )
}

/// How many patients a search finds, or the refusal.
async fn found(
    server: &Interactions,
    cx: &RequestContext,
    query: &str,
) -> std::result::Result<u64, String> {
    let search = Interaction::Search {
        scope: SearchScope::Type(ResourceType::parse("Patient").unwrap()),
        query: format!("{query}&_summary=count"),
    };
    let outcome = server.perform(cx, search).await;
    let outcome = outcome.map_err(|error| format!("{} {error}", error.status().as_u16()))?;
    let bundle = Resource::parse(outcome.body.unwrap()).unwrap();
    Ok(bundle
        .get("total")
        .unwrap()
        .number()
        .unwrap()
        .parse()
        .unwrap())
}

/// Runs the job until there is nothing left to do; each run is cut off after a moment.
async fn index_in_pieces(server: &Interactions, cx: &RequestContext, piece: Duration) -> u32 {
    let mut runs = 0;
    loop {
        let mut resting = Resting::new();
        let run = index_missing(&server.store, &server.current, cx, &mut resting);
        runs += 1;
        if let Ok(done) = tokio::time::timeout(piece * runs, run).await {
            done.unwrap();
            server.store.refresh(&server.current).await.unwrap();
            if server.current.now().unready().indexing().next().is_none() {
                return runs;
            }
        }
    }
}

const LONG: Duration = Duration::from_secs(60);

async fn close(world: World, servers: [Interactions; 2]) {
    drop(servers);
    world.close().await;
}

#[tokio::test]
async fn a_parameter_answers_on_every_server_when_its_index_is_complete() {
    let Some(world) = World::new().await else {
        return;
    };
    let (one, other, cx) = (server(&world).await, server(&world).await, &world.cx);
    assert_eq!(found(&one, cx, "gender=male").await, Ok(0));
    for (id, status) in [("a", "M"), ("b", "S"), ("c", "M")] {
        put(&one, cx, &patient(id, status)).await.unwrap();
    }
    let unknown = found(&one, cx, "marital=M").await.unwrap_err();
    assert!(unknown.contains("no such parameter"), "{unknown}");

    assert_eq!(put(&one, cx, MARITAL).await.unwrap(), StatusCode::CREATED);
    let refused = found(&one, cx, "marital=M").await.unwrap_err();
    assert!(
        refused.starts_with("400 ") && refused.contains("marital is being indexed, 0 % done"),
        "{refused}"
    );
    assert_eq!(found(&one, cx, "gender=male").await, Ok(0));
    for query in [
        "_sort=marital",
        "_has:Patient:link:marital=M",
        "link:Patient.marital=M",
        "_filter=marital%20eq%20M",
    ] {
        let refused = found(&one, cx, query).await.unwrap_err();
        assert!(
            refused.contains("Patient.marital is being indexed"),
            "{query}: {refused}"
        );
    }
    // The other server has not heard of it, and does not write a patient without its values.
    put(&other, cx, &patient("d", "M")).await.unwrap();
    let refused = found(&other, cx, "marital=M").await.unwrap_err();
    assert!(refused.contains("is being indexed"), "{refused}");

    index_in_pieces(&other, cx, LONG).await;
    one.store.refresh_if_changed(&one.current).await.unwrap();
    for server in [&one, &other] {
        assert_eq!(found(server, cx, "marital=M").await, Ok(3));
        assert_eq!(found(server, cx, "marital:missing=true").await, Ok(0));
    }
    let capabilities = Interaction::Capabilities { mode: None };
    let statement = one.perform(cx, capabilities).await.unwrap().body.unwrap();
    assert!(
        std::str::from_utf8(&statement)
            .unwrap()
            .contains("http://here/marital")
    );

    follow_its_changes(&other, cx).await;
    close(world, [one, other]).await;
}

/// Another expression is another parameter; a retired or deleted one is none.
async fn follow_its_changes(other: &Interactions, cx: &RequestContext) {
    let changed = MARITAL.replace("Patient.maritalStatus", "Patient.gender");
    put(other, cx, &changed).await.unwrap();
    assert!(
        found(other, cx, "marital=male")
            .await
            .unwrap_err()
            .contains("is being indexed")
    );
    index_in_pieces(other, cx, LONG).await;
    assert_eq!(found(other, cx, "marital=M").await, Ok(0));
    put(other, cx, &MARITAL.replace("active", "retired"))
        .await
        .unwrap();
    assert!(
        found(other, cx, "marital=M")
            .await
            .unwrap_err()
            .contains("no such parameter")
    );
    // What was complete once is not believed to be still.
    put(other, cx, MARITAL).await.unwrap();
    assert!(
        found(other, cx, "marital=M")
            .await
            .unwrap_err()
            .contains("is being indexed")
    );
    index_in_pieces(other, cx, LONG).await;
    assert_eq!(found(other, cx, "marital=M").await, Ok(3));
    let delete = Interaction::Delete {
        key: "SearchParameter/marital".parse().unwrap(),
        conditions: WriteConditions::default(),
    };
    other.perform(cx, delete).await.unwrap();
    assert!(
        found(other, cx, "marital=M")
            .await
            .unwrap_err()
            .contains("no such parameter")
    );
}

#[tokio::test]
async fn writers_on_two_servers_and_a_job_that_is_killed_lose_nothing() {
    let Some(world) = World::new().await else {
        return;
    };
    let (one, other, cx) = (server(&world).await, server(&world).await, &world.cx);
    for n in 0..450 {
        let status = if n % 3 == 0 { "M" } else { "S" };
        put(&one, cx, &patient(&format!("old{n}"), status))
            .await
            .unwrap();
    }
    let writers = [(&one, "x"), (&other, "y")].map(|(server, name)| {
        let (server, cx) = (server.clone(), cx.clone());
        tokio::spawn(async move {
            for n in 0..200 {
                let status = if n % 2 == 0 { "M" } else { "S" };
                put(&server, &cx, &patient(&format!("{name}{n}"), status))
                    .await
                    .unwrap();
                // Old ones change, too: those that were married are so no more.
                let changed = patient(&format!("old{}", n * 2 + usize::from(name == "y")), "D");
                put(&server, &cx, &changed).await.unwrap();
            }
        })
    });
    put(&one, cx, MARITAL).await.unwrap();
    let runs = index_in_pieces(&one, cx, Duration::from_millis(5)).await;
    assert!(runs > 1, "the job was never killed");
    let during = found(&one, cx, "marital=M").await.unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    other
        .store
        .refresh_if_changed(&other.current)
        .await
        .unwrap();
    let check = async |query: &str, expected: u64| {
        assert_eq!(found(&one, cx, query).await, Ok(expected), "{query}");
        assert_eq!(found(&other, cx, query).await, Ok(expected), "{query}");
    };
    assert!(during > 0);
    check("marital=D", 400).await;
    check("marital=M", 200 + 16).await;
    check("marital=S", 200 + 34).await;
    close(world, [one, other]).await;
}

#[tokio::test]
async fn a_transaction_may_bring_a_parameter_and_what_it_finds() {
    let Some(world) = World::new().await else {
        return;
    };
    let (one, other, cx) = (server(&world).await, server(&world).await, &world.cx);
    let entry = |resource: &str, url: &str| {
        format!(r#"{{"resource":{resource},"request":{{"method":"PUT","url":"{url}"}}}}"#)
    };
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{},{},{}]}}"#,
        entry(&patient("a", "M"), "Patient/a"),
        entry(MARITAL, "SearchParameter/marital"),
        entry(&patient("b", "M"), "Patient/b"),
    );
    let resource = Resource::parse(bundle).unwrap();
    let done = one
        .perform(
            cx,
            Interaction::Bundle {
                resource: resource.clone(),
            },
        )
        .await
        .unwrap();
    assert_eq!(done.status, StatusCode::OK);
    // Once more, with definitions that are no longer those of the database.
    other
        .perform(cx, Interaction::Bundle { resource })
        .await
        .unwrap();
    index_in_pieces(&one, cx, LONG).await;
    assert_eq!(found(&one, cx, "marital=M").await, Ok(2));
    close(world, [one, other]).await;
}

#[tokio::test]
async fn a_resource_that_cannot_be_indexed_stops_its_type_and_says_so() {
    let Some(world) = World::new().await else {
        return;
    };
    let (one, other, cx) = (server(&world).await, server(&world).await, &world.cx);
    let two = r#"{"resourceType":"Patient","id":"two","birthDate":"2000-01-01"}"#;
    put(&one, cx, two).await.unwrap();
    put(&one, cx, MARITAL).await.unwrap();
    // What no write lets in.
    let spoil = "update resource set json = replace(json::text, '2000-01', '2000-99')::jsonb where id = 'two'";
    world.database().execute(spoil).await.unwrap();
    let mut resting = Resting::new();
    let missing = index_missing(&one.store, &one.current, cx, &mut resting);
    missing.await.unwrap();
    assert!(resting.contains_key(&ResourceType::parse("Patient").unwrap()));
    assert!(
        found(&one, cx, "marital=M")
            .await
            .unwrap_err()
            .contains("is being indexed")
    );
    let state = one.store.stored_definitions().await.unwrap().index;
    let fault = state[&ResourceType::parse("Patient").unwrap()]
        .fault
        .clone()
        .unwrap();
    assert!(
        fault.starts_with("Patient/two: ") && fault.contains("'birthdate'"),
        "{fault}"
    );
    let mend = "update resource set json = replace(json::text, '2000-99', '2000-01')::jsonb where id = 'two'";
    world.database().execute(mend).await.unwrap();
    index_in_pieces(&other, cx, LONG).await;
    assert_eq!(found(&other, cx, "marital:missing=true").await, Ok(1));
    close(world, [one, other]).await;
}

#[tokio::test]
async fn a_server_with_other_definitions_takes_over() {
    let Some(world) = World::new().await else {
        return;
    };
    let (one, cx) = (server(&world).await, &world.cx);
    put(&one, cx, &patient("a", "M")).await.unwrap();
    let newer = {
        let mut registries = one.current.built_in().registries().clone();
        let marital = Resource::parse(MARITAL).unwrap();
        let marital = fhir::definitions::search_parameters::SearchParameter::read(marital.root());
        let all = registries
            .search_parameters
            .with(&registries.structures, [marital.unwrap()]);
        registries.search_parameters = all.unwrap();
        let current = CurrentDefinitions::new(Arc::new(Definitions::new(registries).unwrap()));
        Interactions {
            current: Arc::new(current),
            ..one.clone()
        }
    };
    newer.store.adopt(&newer.current).await.unwrap();
    assert!(
        found(&newer, cx, "marital=M")
            .await
            .unwrap_err()
            .contains("is being indexed")
    );
    assert_eq!(found(&newer, cx, "_id=a").await, Ok(1));
    let refused = put(&one, cx, &patient("b", "M")).await.unwrap_err();
    assert!(
        refused.to_string().contains("taken the database over"),
        "{refused}"
    );
    put(&newer, cx, &patient("b", "M")).await.unwrap();
    let seen = Definitions::clone(&newer.current.now());
    assert!(seen.unready().indexing().all(|one| one.1 == "marital"));
    // All of it by hand, as `vesta reindex` does.
    reindex(&newer.store, &newer.current, cx).await.unwrap();
    assert_eq!(found(&newer, cx, "marital=M").await, Ok(2));
    close(world, [one, newer]).await;
}

/// A parameter that looks into the names of patients, as one of a type.
fn of_names(id: &str, search_type: &str, expression: &str) -> String {
    format!(
        r#"{{"resourceType":"SearchParameter","id":"{id}","url":"http://here/{id}","name":"one","status":"active",
            "description":"d","code":"{id}","base":["Patient"],"type":"{search_type}","expression":"{expression}"}}"#
    )
}

#[tokio::test]
async fn an_expression_that_fails_on_a_resource_finds_nothing_in_it_and_stops_nobody() {
    let Some(world) = World::new().await else {
        return;
    };
    let (server, cx) = (server(&world).await, &world.cx);
    let named = |id: &str, names: &[&str]| {
        let names: Vec<String> = names
            .iter()
            .map(|one| format!(r#"{{"family":"{one}"}}"#))
            .collect();
        let names = names.join(",");
        format!(
            r#"{{"resourceType":"Patient","id":"{id}","name":[{names}],"maritalStatus":{{"coding":[{{"code":"M"}}]}}}}"#
        )
    };
    put(&server, cx, &named("one", &["Moreau"])).await.unwrap();
    put(&server, cx, &named("two", &["Moreau", "Dupont"]))
        .await
        .unwrap();
    for parameter in [
        of_names("letters", "number", "Patient.name.family.length()"),
        of_names("initial", "string", "Patient.name.family.substring(0,1)"),
        of_names(
            "endless",
            "string",
            "Patient.name.family.repeat($this + 'a')",
        ),
        MARITAL.to_owned(),
    ] {
        assert_eq!(
            put(&server, cx, &parameter).await.unwrap(),
            StatusCode::CREATED
        );
    }
    // Neither a new one nor an update is refused, and all parameters of the type become searchable.
    put(&server, cx, &named("three", &["Moreau", "Dubois"]))
        .await
        .unwrap();
    put(&server, cx, &named("two", &["Moreau", "Durand"]))
        .await
        .unwrap();
    index_in_pieces(&server, cx, LONG).await;
    for (query, count) in [
        ("letters=6", 1),
        ("initial=m", 1),
        ("endless=m", 0),
        ("marital=M", 3),
        ("family=durand", 1),
        ("letters:missing=true", 2),
    ] {
        assert_eq!(found(&server, cx, query).await, Ok(count), "{query}");
    }
    let failing = server.current.now().failing_parameters();
    let told: Vec<(&str, &str)> = failing
        .iter()
        .map(|one| (&*one.code, &*one.reason))
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told.contains(&("letters", "'length' takes a single item")),
        "{told:?}"
    );
    assert!(failing.iter().all(|one| one.times >= 2));
    drop(server);
    world.close().await;
}
