//! What is asked by others than operations, and what packages bring.

use std::collections::{BTreeSet, HashMap};

use fhir::search::coded::CodesAsked;
use fhir::terminology::membership::{MemberQuestion, Membership};

use super::{Given, Terminology};
use crate::definitions::{Brought, own_definition};
use crate::interactions::{Interaction, WriteConditions};
use crate::operations::testing::World;
use crate::store::Store;
use crate::store::testing::TestDatabase;

const COLOURS: &str = r#"{"resourceType":"CodeSystem","url":"http://here/colours","version":"1","status":"active","content":"complete",
    "valueSet":"http://here/all","concept":[{"code":"red","concept":[{"code":"scarlet"}]},{"code":"blue"}]}"#;

fn brought(resource: &str) -> Brought {
    Brought {
        text: resource.as_bytes().to_vec(),
        is_terminology: !resource.contains("StructureDefinition"),
        is_of_package: true,
    }
}

async fn fill(store: &Store, fingerprint: &str, resources: &[&str]) -> bool {
    let (sender, receiver) = tokio::sync::mpsc::channel(resources.len().max(1));
    for resource in resources {
        sender.send(Ok(brought(resource))).await.unwrap();
    }
    drop(sender);
    let filled = store.fill_package_terminology(fingerprint, receiver);
    filled.await.unwrap()
}

/// The codes that a search asks for, or why they cannot be told.
async fn codes(terminology: Terminology<'_>, asked: CodesAsked) -> String {
    let asked = BTreeSet::from([asked]);
    let mut answers = terminology.searched(&asked, &HashMap::new()).await.unwrap();
    match answers.remove(0).1 {
        Ok(found) => found
            .iter()
            .map(|one| &*one.code)
            .collect::<Vec<_>>()
            .join(" "),
        Err(refusal) => format!("{refusal:?}"),
    }
}

#[tokio::test]
async fn packages_are_filled_in_once_and_replaced_as_a_whole() {
    let database = TestDatabase::new().await;
    let store = database.store().await;
    let given = Given::default();
    let terminology = Terminology {
        store: &store,
        given: &given,
        concepts_max: 100,
    };
    let all = || CodesAsked::In("http://here/all".into());
    assert!(
        codes(terminology, all())
            .await
            .contains("'http://here/all'")
    );
    assert!(fill(&store, "one", &[COLOURS]).await);
    assert!(!fill(&store, "one", &[]).await);
    assert_eq!(store.package_terminology().await.unwrap(), "one");
    assert_eq!(codes(terminology, all()).await, "red scarlet blue");
    let below = CodesAsked::Below {
        system: "http://here/colours".into(),
        code: "red".into(),
    };
    assert_eq!(codes(terminology, below).await, "red scarlet");

    assert!(fill(&store, "two", &[&COLOURS.replace("scarlet", "crimson")]).await);
    assert_eq!(codes(terminology, all()).await, "red crimson blue");
    let known = store.known_systems().await.unwrap();
    assert_eq!((known.len(), known[0].concepts), (1, 3));
    store.close().await;
}

/// What cannot be read leaves what was there before.
#[tokio::test]
async fn a_package_that_fails_changes_nothing() {
    let database = TestDatabase::new().await;
    let store = database.store().await;
    assert!(fill(&store, "one", &[COLOURS]).await);
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    sender.send(Ok(brought(COLOURS))).await.unwrap();
    let fault = crate::error::Error::internal("no such package");
    sender.send(Err(fault)).await.unwrap();
    drop(sender);
    assert!(
        store
            .fill_package_terminology("two", receiver)
            .await
            .is_err()
    );
    assert_eq!(store.package_terminology().await.unwrap(), "one");
    assert_eq!(store.known_systems().await.unwrap().len(), 1);
    store.close().await;
}

#[tokio::test]
async fn what_packages_define_is_kept_as_they_bring_it() {
    let database = TestDatabase::new().await;
    let store = database.store().await;
    let profile = r#"{"resourceType":"StructureDefinition","id":"p","url":"http://here/p"}"#;
    let other = profile.replace("here", "there");
    let colours = COLOURS.replacen("CodeSystem\"", "CodeSystem\",\"id\":\"c\"", 1);
    assert!(fill(&store, "one", &[profile, &other, &colours]).await);
    let read = async |key: &str| {
        store
            .package_definition(&key.parse().unwrap())
            .await
            .unwrap()
    };
    assert_eq!(read("StructureDefinition/p").await.unwrap(), profile);
    assert_eq!(read("CodeSystem/c").await.unwrap(), colours);
    assert_eq!(read("Patient/p").await, None);
    let found = async |urls: &[&str], ids: &[&str]| {
        let types = ["StructureDefinition", "CodeSystem"];
        let found = store.package_definitions(&types, urls, ids).await.unwrap();
        let mut keys: Vec<String> = found.iter().map(|(key, _)| key.to_string()).collect();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(
        found(&["http://here/p"], &["c"]).await,
        "CodeSystem/c StructureDefinition/p"
    );
    assert_eq!(found(&["http://there/p"], &[]).await, "");
    assert!(fill(&store, "two", &[COLOURS]).await);
    assert_eq!(read("StructureDefinition/p").await, None);
    store.close().await;
}

#[tokio::test]
async fn members_are_told_in_one_go() {
    let database = TestDatabase::new().await;
    let store = database.store().await;
    fill(&store, "one", &[COLOURS]).await;
    let given = Given::default();
    let terminology = Terminology {
        store: &store,
        given: &given,
        concepts_max: 100,
    };
    let question = |value_set: &str, code: &str| MemberQuestion {
        value_set: value_set.into(),
        system: Some("http://here/colours".into()),
        version: None,
        code: code.into(),
    };
    let asked = BTreeSet::from([
        question("http://here/all", "mauve"),
        question("http://here/all", "red"),
        question("http://here/none", "red"),
    ]);
    let answers = terminology.members(&asked).await.unwrap();
    let answers: Vec<Membership> = answers.into_iter().map(|(_, answer)| answer).collect();
    assert_eq!(
        answers,
        [
            Membership::NotMember,
            Membership::Member,
            Membership::Unknown
        ]
    );
    store.close().await;
}

#[tokio::test]
async fn definitions_of_ours_are_worked_with_as_they_are_read() {
    let Some(world) = World::new().await else {
        return;
    };
    let roles = own_definition(&"CodeSystem/staff-role".parse().unwrap()).unwrap();
    fill(&world.interactions.store, "one", &[roles]).await;
    let check = async |url: &str, expected: &str| {
        let answer = world.get(url).await.unwrap_or_else(|refusal| refusal);
        assert!(answer.contains(expected), "{url}: {answer}");
    };
    check("ValueSet/staff-role/$expand", "\"contains\"").await;
    check(
        "CodeSystem/staff-role/$validate-code?code=nope",
        "\"valueBoolean\":false",
    )
    .await;
    check("StructureDefinition/clinic-patient/$validate", "All OK").await;
    check("OperationDefinition/ValueSet-expand/$validate", "All OK").await;
    check("StructureDefinition/nope/$validate", "404").await;
    world.close().await;
}

/// What stood in the place of a definition of a package gives it back when it is deleted; its versions stay.
#[tokio::test]
async fn what_is_deleted_gives_back_what_a_package_defines() {
    let Some(world) = World::new().await else {
        return;
    };
    let colours = COLOURS.replacen("CodeSystem\"", "CodeSystem\",\"id\":\"c\"", 1);
    fill(&world.interactions.store, "one", &[&colours]).await;
    world.put(&colours.replace("scarlet", "crimson")).await;
    let check = async |url: &str, expected: &str| {
        let answer = world.get(url).await.unwrap_or_else(|refusal| refusal);
        assert!(answer.contains(expected), "{url}: {answer}");
    };
    check("CodeSystem/c", "crimson").await;
    let delete = Interaction::Delete {
        key: "CodeSystem/c".parse().unwrap(),
        conditions: WriteConditions::default(),
    };
    let deleted = world.interactions.perform(&world.cx, delete).await;
    deleted.unwrap();
    check("CodeSystem/c", "scarlet").await;
    let known = "CodeSystem/c/$validate-code?code=scarlet";
    check(known, "\"valueBoolean\":true").await;
    check("CodeSystem/c/_history/1", "crimson").await;
    check("CodeSystem/c/_history/2", "410").await;
    world.close().await;
}
