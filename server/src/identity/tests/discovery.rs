//! What clients learn before they ask, and that it is true.

use super::*;

#[tokio::test]
async fn every_endpoint_that_is_named_is_there() {
    let server = Server::new().await;
    for name in ["smart-configuration", "openid-configuration"] {
        let path = format!("/.well-known/{name}");
        let answer = server.get(&path, &mut Cookie::default()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let body = answer.json();
        assert_eq!(body["issuer"], BASE);
        assert_eq!(
            body["code_challenge_methods_supported"],
            serde_json::json!(["S256"])
        );
        let endpoints = body.as_object().unwrap().iter();
        let endpoints: Vec<&str> = endpoints
            .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri")
            .map(|(_, url)| url.as_str().unwrap())
            .collect();
        assert!(endpoints.len() >= 5, "{endpoints:?}");
        for url in endpoints {
            let path = url.strip_prefix(BASE).unwrap();
            let got = server.get(path, &mut Cookie::default()).await;
            let posted = server.post(path, &[], &[]).await;
            assert!(got.status != 404 || posted.status != 404, "{path}");
        }
    }
    let other = server.get("/auth/nothing", &mut Cookie::default()).await;
    other.is_error(404, "invalid_request");
}

#[tokio::test]
async fn keys_turn_and_an_old_one_stays_for_what_it_has_signed() {
    let mut server = Server::new().await;
    let kids = async |server: &Server| {
        let keys = server
            .get("/auth/jwks", &mut Cookie::default())
            .await
            .json();
        let keys = keys["keys"].as_array().unwrap().clone();
        for key in &keys {
            assert_eq!(key["alg"], "RS256");
            assert!(key.get("d").is_none());
        }
        let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
        keys.iter().map(kid).collect::<Vec<String>>()
    };
    let first = kids(&server).await;
    assert_eq!(first.len(), 1);
    assert_eq!(kids(&server).await, first);
    server.later(91 * 24 * 3600);
    let second = kids(&server).await;
    assert_eq!(second.len(), 2);
    assert_eq!(second[1], first[0]);
    server.later(10 * 24 * 3600);
    assert_eq!(kids(&server).await, second[..1]);
}

#[tokio::test]
async fn a_browser_may_ask_from_elsewhere_for_tokens_but_not_for_pages() {
    let server = Server::new().await;
    let ask = async |path: &str| {
        let request = Request::builder().method("OPTIONS").uri(path);
        server.ask(request.body(Bytes::new()).unwrap()).await
    };
    let token = ask("/auth/token").await;
    assert_eq!(token.status, 200);
    assert!(
        token
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    let page = ask("/auth/consent").await;
    assert_eq!(page.status, 404);
    assert_eq!(page.header("access-control-allow-origin"), "");
}
