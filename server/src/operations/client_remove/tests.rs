//! Clients are removed, but not the one that is used for it.

use crate::operations::managed::testing::Office;

#[tokio::test]
async fn a_client_is_removed_unless_it_asks_itself() {
    let Some(office) = Office::open().await else {
        return;
    };
    let call = async |id: &str| {
        let id = format!("client-id={id}");
        office.call("client-remove", &[&id]).await
    };
    for id in ["app", "other"] {
        let id = format!("client-id={id}");
        let added = ["name=App", "scopes=openid", &id];
        office.call("client-add", &added).await.unwrap();
    }
    call("other").await.unwrap();
    let told = office.trail("client-removed").await;
    assert!(
        told.contains(r#""who":{"reference":"Practitioner/me"}"#),
        "{told}"
    );
    assert_eq!(
        call("other").await.unwrap_err(),
        "400 there is no such client"
    );
    let refusal = call("app").await.unwrap_err();
    assert!(
        refusal.starts_with("422 this is the app that you use"),
        "{refusal}"
    );
    let store = &office.world.interactions.store;
    assert!(store.identity_client("app").await.unwrap().is_some());
    assert!(store.identity_client("other").await.unwrap().is_none());
    office.world.close().await;
}
