//! Somebody is locked out and let in again, but nobody themselves.

use crate::operations::managed::testing::Office;
use crate::operations::testing::brief;

#[tokio::test]
async fn people_are_locked_out_and_let_in_but_not_oneself() {
    let Some(office) = Office::open().await else {
        return;
    };
    for login in ["anna", "me"] {
        let added = [&format!("login={login}"), "fhir-user>Patient/anna"];
        office.call("user-add", &added).await.unwrap();
    }
    let store = &office.world.interactions.store;
    let is_locked = async |login: &str| {
        let user = store.identity_user(login).await.unwrap();
        user.unwrap().is_locked
    };
    let call = async |parameters: &[&str]| office.call("user-lock", parameters).await;
    let answer = call(&["login=Anna"]).await.unwrap();
    assert_eq!(brief(&answer), "login=anna locked=true");
    assert!(is_locked("anna").await);
    let answer = call(&["login=anna", "unlock?true"]).await.unwrap();
    assert_eq!(brief(&answer), "login=anna locked=false");
    assert!(!is_locked("anna").await);
    for code in ["user-locked", "user-unlocked"] {
        let told = office.trail(code).await;
        assert!(told.contains(r#""altId":"me""#), "{told}");
    }
    let refusal = call(&["login=Me"]).await.unwrap_err();
    assert!(
        refusal.starts_with("422 this is your own account"),
        "{refusal}"
    );
    assert!(!is_locked("me").await);
    let refusal = call(&["login=nobody"]).await.unwrap_err();
    assert_eq!(refusal, "400 nobody has this login");
    office.world.close().await;
}
