//! Clients are registered with one way to prove who they are, and a secret is told once.

use crate::operations::managed::testing::{Office, text_of};
use crate::store::ClientKind;

#[tokio::test]
async fn a_secret_is_made_up_and_told_once() {
    let Some(office) = Office::open().await else {
        return;
    };
    let added = ["name=Lab", "scopes=openid", "client-id=lab", "secret?true"];
    let answer = office.call("client-add", &added).await.unwrap();
    assert_eq!(text_of(&answer, "client-id"), "lab");
    let secret = text_of(&answer, "client-secret");
    let store = &office.world.interactions.store;
    let client = store.identity_client("lab").await.unwrap().unwrap();
    let ClientKind::Symmetric(hash) = client.kind else {
        panic!("it proves who it is by its secret");
    };
    assert_eq!(crate::accounts::secret::hash(&secret), hash);
    office.trail_lacks(&secret).await;
    let told = office.trail("client-added").await;
    assert!(
        told.contains(r#""who":{"reference":"Practitioner/me"}"#),
        "{told}"
    );
    assert!(told.contains(r#""description":"lab""#), "{told}");
    office.world.close().await;
}

#[tokio::test]
async fn a_client_is_held_to_the_rules_of_the_command() {
    let Some(office) = Office::open().await else {
        return;
    };
    let check = async |more: &[&str], expected: &str| {
        let all = [&["name=App", "client-id=web"], more].concat();
        match office.call("client-add", &all).await {
            Ok(answer) => assert_eq!(expected, "", "{more:?}: {answer}"),
            Err(refusal) => assert!(refusal.starts_with(expected), "{more:?}: {refusal}"),
        }
    };
    let scopes = "scopes=openid launch/patient patient/*.rs";
    check(&[], "400").await;
    check(&["scopes=email"], "400 email is not a scope").await;
    check(
        &[scopes, "redirect-uri@http://elsewhere/x"],
        "400 http://elsewhere/x is not",
    )
    .await;
    check(&[scopes, "jwks={}"], "400 the keys must be").await;
    let keys = "jwks-uri@https://keys.example.org/jwks";
    check(
        &[scopes, keys, "secret?true"],
        "400 a client proves who it is by one of",
    )
    .await;
    check(
        &[scopes, "certificate-name=lab.example"],
        "400 a certificate",
    )
    .await;
    let callback = "redirect-uri@https://app.example.org/a";
    check(
        &[scopes, callback, "redirect-uri@https://app.example.org/b"],
        "",
    )
    .await;
    check(&[scopes, keys], "400 there is a client web already").await;
    office.world.close().await;
}
