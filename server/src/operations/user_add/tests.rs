//! Somebody is let in, and the password is told once.

use crate::accounts::Passwords;
use crate::operations::managed::testing::{Office, text_of};

#[tokio::test]
async fn a_password_is_made_up_and_told_once() {
    let Some(office) = Office::open().await else {
        return;
    };
    let person = "fhir-user>http://localhost/fhir/Practitioner/anna";
    let added = ["login=Anna", person, "name=Anna Weiss"];
    let answer = office.call("user-add", &added).await.unwrap();
    assert_eq!(text_of(&answer, "login"), "anna");
    let password = text_of(&answer, "password");
    let store = &office.world.interactions.store;
    let user = store.identity_user("anna").await.unwrap().unwrap();
    assert_eq!(user.fhir_user.to_string(), "Practitioner/anna");
    assert_eq!(&*user.name, "Anna Weiss");
    let hash = user.credentials.password_hash.as_deref();
    let place = Passwords::default().place().unwrap();
    assert!(place.verify(&password, hash).await.unwrap());
    let told = office.trail("user-added").await;
    assert_eq!(told.matches(r#""resourceType":"AuditEvent""#).count(), 1);
    assert!(told.contains(r#""altId":"me""#), "{told}");
    assert!(told.contains(r#""who":{"reference":"Practitioner/me"}"#));
    assert!(told.contains(r#""description":"anna""#), "{told}");
    office.trail_lacks(&password).await;
    office.world.close().await;
}

#[tokio::test]
async fn a_login_is_somebodys_of_this_server_and_free() {
    let Some(office) = Office::open().await else {
        return;
    };
    let check = async |parameters: &[&str], expected: &str| {
        let refusal = office.call("user-add", parameters).await.unwrap_err();
        assert!(refusal.starts_with(expected), "{parameters:?}: {refusal}");
    };
    let person = "fhir-user>Practitioner/anna";
    office
        .call("user-add", &["login=anna", person])
        .await
        .unwrap();
    check(
        &["login=ANNA", person],
        "400 somebody logs in as anna already",
    )
    .await;
    check(&["login=a b", person], "400 a login is of").await;
    for other in ["fhir-user>Device/x", "fhir-user>http://elsewhere/Patient/x"] {
        check(&["login=bob", other], "400").await;
    }
    check(&["login=bob"], "400").await;
    check(
        &["login=bob", person, "password=correct horse battery"],
        "400",
    )
    .await;
    assert_eq!(
        office
            .trail("user-added")
            .await
            .matches(r#""resourceType":"AuditEvent""#)
            .count(),
        1
    );
    office.world.close().await;
}
