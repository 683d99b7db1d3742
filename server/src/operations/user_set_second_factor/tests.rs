//! A new second factor is told once, and nobody takes their own away.

use crate::operations::managed::testing::{Office, text_of};

#[tokio::test]
async fn a_second_factor_is_set_and_taken_away() {
    let Some(office) = Office::open().await else {
        return;
    };
    for login in ["anna", "me"] {
        let added = [&format!("login={login}"), "fhir-user>Practitioner/anna"];
        office.call("user-add", &added).await.unwrap();
    }
    let store = &office.world.interactions.store;
    let has_factor = async |login: &str| {
        let user = store.identity_user(login).await.unwrap().unwrap();
        user.credentials.totp_secret.is_some()
    };
    let call = async |parameters: &[&str]| office.call("user-set-second-factor", parameters).await;
    let answer = call(&["login=anna"]).await.unwrap();
    let url = text_of(&answer, "url");
    assert!(
        url.starts_with("otpauth://totp/Vesta:anna?secret="),
        "{url}"
    );
    assert_eq!(answer.matches("recovery-code").count(), 10);
    assert!(has_factor("anna").await);
    office.trail_lacks(&text_of(&answer, "recovery-code")).await;
    let secret = url.split("secret=").nth(1).unwrap();
    office.trail_lacks(secret.split('&').next().unwrap()).await;
    let answer = call(&["login=anna", "remove?true"]).await.unwrap();
    assert!(!answer.contains("url") && !has_factor("anna").await);
    for code in ["second-factor-set", "second-factor-removed"] {
        let told = office.trail(code).await;
        assert!(told.contains(r#""altId":"me""#), "{told}");
    }
    call(&["login=me"]).await.unwrap();
    let refusal = call(&["login=ME", "remove?true"]).await.unwrap_err();
    assert!(
        refusal.starts_with("422 this is your own account"),
        "{refusal}"
    );
    assert!(has_factor("me").await);
    office.world.close().await;
}
