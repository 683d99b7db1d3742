//! A new password is told once.

use crate::operations::managed::testing::{Office, text_of};

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_one() {
    let Some(office) = Office::open().await else {
        return;
    };
    let added = ["login=anna", "fhir-user>Practitioner/anna"];
    let first = office.call("user-add", &added).await.unwrap();
    let store = &office.world.interactions.store;
    let before = store.identity_user("anna").await.unwrap().unwrap();
    let set = office.call("user-set-password", &["login=Anna"]).await;
    let second = text_of(&set.unwrap(), "password");
    assert_ne!(text_of(&first, "password"), second);
    let after = store.identity_user("anna").await.unwrap().unwrap();
    assert_ne!(
        before.credentials.password_hash,
        after.credentials.password_hash
    );
    assert_ne!(
        before.epochs, after.epochs,
        "sessions and grants have ended"
    );
    let told = office.trail("password-set").await;
    assert!(
        told.contains(r#""who":{"reference":"Practitioner/me"}"#),
        "{told}"
    );
    office.trail_lacks(&second).await;
    // Whoever is not known is not named: people type passwords there.
    let typed = "login=correct-horse-battery";
    let refusal = office.call("user-set-password", &[typed]).await;
    assert_eq!(refusal.unwrap_err(), "400 nobody has this login");
    office.trail_lacks("correct-horse-battery").await;
    office.world.close().await;
}
