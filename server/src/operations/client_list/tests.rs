//! Clients are listed by pages, and nothing that they prove who they are with.

use crate::operations::managed::testing::{Office, text_of};
use crate::operations::testing::brief;

#[tokio::test]
async fn clients_are_listed_by_pages() {
    let Some(office) = Office::open().await else {
        return;
    };
    let add = async |more: &[&str]| {
        let all = [&["name=App", "scopes=openid"], more].concat();
        office.call("client-add", &all).await.unwrap()
    };
    let secret = add(&["client-id=c", "secret?true", "certificate-name=lab.example"]).await;
    add(&[
        "client-id=a",
        "redirect-uri@https://a/x",
        "launch-uri@https://a/l",
    ])
    .await;
    add(&["client-id=b", "jwks-uri@https://b/jwks"]).await;
    let listed = async |query: &str| {
        let url = format!("$client-list{query}");
        let answer = office.world.get_with(&office.cx, &url).await.unwrap();
        assert!(!answer.contains(&text_of(&secret, "client-secret")));
        brief(&answer)
    };
    let a = "client(client-id=a name=App proof=none redirect-uri=https://a/x launch-uri=https://a/l scopes=openid self-registered=false)";
    let b = "client(client-id=b name=App proof=jwks-uri jwks-uri=https://b/jwks scopes=openid self-registered=false)";
    let c = "client(client-id=c name=App proof=secret certificate-name=lab.example scopes=openid self-registered=false)";
    assert_eq!(listed("").await, format!("{a} {b} {c} more=false"));
    assert_eq!(listed("?_count=1&after=a").await, format!("{b} more=true"));
    assert_eq!(listed("?client-id=c").await, format!("{c} more=false"));
    assert_eq!(listed("?client-id=none").await, "more=false");
    office.world.close().await;
}
