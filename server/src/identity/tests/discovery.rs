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
async fn tokens_are_signed_by_the_algorithm_of_the_settings() {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
    let mut server = Server::new().await;
    let first = server
        .get("/auth/jwks", &mut Cookie::default())
        .await
        .json();
    server.later(1);
    server.identity.settings.id_tokens = SigningAlgorithm::Es384;
    let tokens = server.tokens("paul", "app", "openid").await;
    let keys = server.get("/auth/jwks", &mut Cookie::default()).await;
    assert_eq!(keys.json()["keys"][1], first["keys"][0], "still published");
    let keys: JwkSet = serde_json::from_str(&keys.text).unwrap();
    let key = DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let mut validation = Validation::new(Algorithm::ES384);
    validation.validate_exp = false;
    validation.set_audience(&["app"]);
    let token = tokens["id_token"].as_str().unwrap();
    let decoded = decode::<Value>(token, &key, &validation).unwrap();
    assert_eq!(decoded.header.kid, keys.keys[0].common.key_id);
    let said = server
        .get("/.well-known/openid-configuration", &mut Cookie::default())
        .await
        .json();
    let algorithms = &said["id_token_signing_alg_values_supported"];
    assert_eq!(*algorithms, serde_json::json!(["ES384"]));
}

#[tokio::test]
async fn what_the_database_holds_opens_nothing_without_the_key() {
    let mut server = Server::new().await;
    let store = server.identity.store.clone();
    let keys = async |server: &Server| {
        let answer = server.get("/auth/jwks", &mut Cookie::default()).await;
        answer.json()["keys"][0]["kid"].clone()
    };
    let first = keys(&server).await;
    let anna = store.identity_user("anna").await.unwrap().unwrap();
    let sealed = anna.credentials.totp_secret.unwrap();
    assert!(!sealed.windows(20).any(|part| part == server.totp));
    let since = server.now - SignedDuration::from_hours(1);
    for key in store.identity_keys(since).await.unwrap() {
        assert!(aws_lc_rs::rsa::KeyPair::from_pkcs8(&key.private_key).is_err());
    }
    // Another's second factor is none of Anna's, though the database says so.
    let factor = server
        .administration
        .set_second_factor("paul")
        .await
        .unwrap();
    let paul = store.identity_user("paul").await.unwrap().unwrap();
    let foreign = paul.credentials.totp_secret.unwrap();
    let planted = Some((foreign.as_slice(), [].as_slice()));
    assert!(store.set_identity_totp("anna", planted).await.unwrap());
    let mut cookie = Cookie::default();
    let page = server
        .with_password("anna", "/auth/account", &mut cookie)
        .await;
    let code = totp_code(&factor.secret, server.now);
    let fields = [("code", code.as_str())];
    let answer = server
        .fill("/auth/second-factor", &page, &fields, &mut cookie)
        .await;
    assert_eq!(answer.status, 500, "{answer:?}");
    // Whoever loses the key signs with a new one.
    server.identity.vault = Vault::of(&[2; 32]).unwrap();
    let second = keys(&server).await;
    assert_ne!(first, second);
    assert_eq!(keys(&server).await, second);
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
