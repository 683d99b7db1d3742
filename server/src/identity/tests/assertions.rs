//! Assertions of clients: which algorithm, whose key, for whom, how long, how often.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;

use super::*;

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The keys of a client.
pub(super) struct Keys {
    elliptic: EcdsaKeyPair,
    rsa: RsaKeyPair,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            elliptic: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        }
    }

    pub(super) fn set(&self) -> Value {
        let point = self.elliptic.public_key().as_ref();
        let public = self.rsa.public_key();
        json!({"keys": [
            {"kty": "EC", "crv": "P-384", "kid": "ec", "alg": "ES384", "use": "sig",
             "x": base64(&point[1..49]), "y": base64(&point[49..])},
            {"kty": "RSA", "kid": "rsa", "alg": "RS384",
             "n": base64(public.modulus().big_endian_without_leading_zero()),
             "e": base64(public.exponent().big_endian_without_leading_zero())},
        ]})
    }

    /// Signs as the algorithm of the header says, honestly or not.
    pub(super) fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            base64(header.to_string()),
            base64(claims.to_string())
        );
        let random = SystemRandom::new();
        let by_rsa = |padding| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa
                .sign(padding, &random, message.as_bytes(), &mut signature)
                .unwrap();
            signature
        };
        let signature = match header["alg"].as_str().unwrap() {
            "ES384" => self
                .elliptic
                .sign(&random, message.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            "RS384" => by_rsa(&RSA_PKCS1_SHA384),
            "RS256" => by_rsa(&RSA_PKCS1_SHA256),
            // The public key as the secret of a MAC: the classic confusion.
            "HS384" => {
                let key = self.set()["keys"][1]["n"].as_str().unwrap().to_owned();
                let mut mac = Hmac::<sha2::Sha384>::new_from_slice(key.as_bytes()).unwrap();
                mac.update(message.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
            _ => Vec::new(),
        };
        format!("{message}.{}", base64(signature))
    }
}

async fn begun() -> (Server, Keys) {
    let server = Server::new().await;
    let keys = Keys::new();
    let client = NewClient {
        certificate_name: None,
        id: Some("backend".to_owned()),
        name: "Backend".to_owned(),
        kind: NewClientKind::Jwks(keys.set().to_string()),
        redirect_uris: Vec::new(),
        launch_uri: None,
        scopes: "system/*.rs system/Task.cu user/*.rs".to_owned(),
    };
    server
        .administration
        .add_client(client, now())
        .await
        .unwrap();
    (server, keys)
}

fn claims(server: &Server, jti: &str) -> Value {
    json!({
        "iss": "backend",
        "sub": "backend",
        "aud": format!("{BASE}/auth/token"),
        "exp": server.now.as_second() + 300,
        "jti": jti,
    })
}

async fn shown(server: &Server, assertion: &str, scope: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", scope),
        ("client_assertion_type", assertion::ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    server.post("/auth/token", &form, &[]).await
}

#[tokio::test]
async fn a_backend_service_gets_a_short_token_for_itself() {
    let (mut server, keys) = begun().await;
    for (alg, kid) in [("ES384", "ec"), ("RS384", "rsa")] {
        let header = json!({"alg": alg, "kid": kid, "typ": "JWT"});
        let assertion = keys.signed(&header, &claims(&server, alg));
        let tokens = shown(
            &server,
            &assertion,
            "system/*.read system/Task.write user/*.rs",
        )
        .await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let tokens = tokens.json();
        assert_eq!(tokens["scope"], "system/*.rs system/Task.cu");
        assert_eq!(tokens["expires_in"], 300);
        assert!(tokens.get("refresh_token").is_none());
        let grant = server.grant(&tokens["access_token"]).await.unwrap();
        assert_eq!((grant.user, &*grant.client_id), (None, "backend"));
        shown(&server, &assertion, "system/*.rs")
            .await
            .is_error(401, "invalid_client");
    }
    let header = json!({"alg": "ES384", "kid": "ec"});
    let assertion = keys.signed(&header, &claims(&server, "x"));
    shown(&server, &assertion, "user/*.rs patient/*.rs openid")
        .await
        .is_error(400, "invalid_scope");
    server.later(299);
    let tokens = shown(
        &server,
        &keys.signed(&header, &claims(&server, "y")),
        "system/*.rs",
    )
    .await;
    let token = tokens.json()["access_token"].clone();
    server.later(300);
    assert!(server.grant(&token).await.is_none());
}

#[tokio::test]
async fn the_algorithm_is_ours_to_choose_and_the_key_is_the_clients() {
    let (server, keys) = begun().await;
    let other = Keys::new();
    let headers = [
        json!({"alg": "HS384", "kid": "rsa"}),
        json!({"alg": "none", "kid": "ec"}),
        json!({"alg": "RS256", "kid": "rsa"}),
        json!({"alg": "ES384", "kid": "rsa"}),
        json!({"alg": "RS384", "kid": "ec"}),
        json!({"alg": "ES384", "kid": "unknown"}),
        json!({"alg": "ES384"}),
        json!({"alg": "ES384", "kid": "ec", "crit": ["b64"], "b64": true}),
    ];
    for (number, header) in headers.iter().enumerate() {
        let claims = claims(&server, &format!("j{number}"));
        let answer = shown(&server, &keys.signed(header, &claims), "system/*.rs").await;
        answer.is_error(401, "invalid_client");
    }
    let header = json!({"alg": "ES384", "kid": "ec", "jwk": other.set()["keys"][0]});
    let forged = other.signed(&header, &claims(&server, "k"));
    shown(&server, &forged, "system/*.rs")
        .await
        .is_error(401, "invalid_client");
    for text in ["", "a", "a.b", "a.b.c", "..", "....."] {
        let answer = shown(&server, text, "system/*.rs").await;
        assert!(answer.status == 401 || text.is_empty(), "{text} {answer:?}");
        assert!(answer.json().get("access_token").is_none());
    }
}

#[tokio::test]
async fn an_assertion_is_for_this_endpoint_for_five_minutes_and_once() {
    let (server, keys) = begun().await;
    let header = json!({"alg": "ES384", "kid": "ec"});
    let now = server.now.as_second();
    let changes: [(&str, Value, u16); 16] = [
        // The last second that there is, and others near it.
        ("exp", json!(253_402_207_200_i64), 401),
        ("exp", json!(i64::MAX), 401),
        ("exp", json!(i64::MIN), 401),
        ("exp", json!(now - 31), 401),
        ("exp", json!(now - 29), 200),
        ("exp", json!(now + 331), 401),
        ("exp", json!("soon"), 401),
        ("nbf", json!(now + 60), 401),
        ("nbf", json!(now - 60), 200),
        ("aud", json!(BASE), 401),
        ("aud", json!(["x", format!("{BASE}/auth/token")]), 200),
        ("aud", json!([]), 401),
        ("iss", json!("app"), 401),
        ("sub", json!("app"), 401),
        ("jti", json!(""), 401),
        ("jti", json!("j".repeat(513)), 401),
    ];
    for (number, (name, value, status)) in changes.iter().enumerate() {
        let mut claims = claims(&server, &format!("c{number}"));
        claims[*name] = value.clone();
        let answer = shown(&server, &keys.signed(&header, &claims), "system/*.rs").await;
        assert_eq!(answer.status, *status, "{name} {value} {answer:?}");
    }
    for name in ["exp", "aud", "iss", "sub", "jti"] {
        let mut claims = claims(&server, name);
        claims.as_object_mut().unwrap().remove(name);
        let answer = shown(&server, &keys.signed(&header, &claims), "system/*.rs").await;
        answer.is_error(401, "invalid_client");
    }
}

#[tokio::test]
async fn only_a_client_with_its_own_key_acts_by_itself() {
    let (server, keys) = begun().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "system/*.rs"),
    ];
    let basic = server.basic();
    let answer = server
        .post("/auth/token", &form, &[("authorization", &basic)])
        .await;
    answer.is_error(400, "unauthorized_client");
    let public = [form[0], form[1], ("client_id", "app")];
    server
        .post("/auth/token", &public, &[])
        .await
        .is_error(400, "unauthorized_client");
    let unproved = [form[0], form[1], ("client_id", "backend")];
    server
        .post("/auth/token", &unproved, &[])
        .await
        .is_error(401, "invalid_client");
    let header = json!({"alg": "ES384", "kid": "ec"});
    let assertion = keys.signed(&header, &claims(&server, "z"));
    let other_type = [
        form[0],
        form[1],
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        ),
        ("client_assertion", &*assertion),
    ];
    server
        .post("/auth/token", &other_type, &[])
        .await
        .is_error(401, "invalid_client");
    let mixed = [
        form[0],
        form[1],
        ("client_id", "app"),
        ("client_assertion_type", assertion::ASSERTION_TYPE),
        ("client_assertion", &*assertion),
    ];
    server
        .post("/auth/token", &mixed, &[])
        .await
        .is_error(401, "invalid_client");
}

#[tokio::test]
async fn keys_that_are_registered_are_public_and_usable() {
    let (server, keys) = begun().await;
    let check = async |jwks: Value, expected: bool| {
        let client = NewClient {
            certificate_name: None,
            id: None,
            name: "Other".to_owned(),
            kind: NewClientKind::Jwks(jwks.to_string()),
            redirect_uris: Vec::new(),
            launch_uri: None,
            scopes: "system/*.rs".to_owned(),
        };
        let added = server.administration.add_client(client, now()).await;
        assert_eq!(added.is_ok(), expected, "{jwks}");
    };
    let set = keys.set();
    check(set.clone(), true).await;
    let mut private = set.clone();
    private["keys"][0]["d"] = json!("AAAA");
    check(private, false).await;
    let mut unnamed = set.clone();
    unnamed["keys"] = json!([set["keys"][0].clone()]);
    unnamed["keys"][0].as_object_mut().unwrap().remove("kid");
    check(unnamed, false).await;
    check(json!({"keys": []}), false).await;
    check(
        json!({"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]}),
        false,
    )
    .await;
    check(json!("nothing"), false).await;
}

#[tokio::test]
async fn where_people_are_sent_is_checked_when_it_is_registered() {
    let (server, _) = begun().await;
    let check = async |uri: &str, expected: bool| {
        let client = NewClient {
            certificate_name: None,
            id: None,
            name: "Other".to_owned(),
            kind: NewClientKind::Public,
            redirect_uris: vec![uri.to_owned()],
            launch_uri: None,
            scopes: "openid".to_owned(),
        };
        let added = server.administration.add_client(client, now()).await;
        assert_eq!(added.is_ok(), expected, "{uri}");
    };
    check("https://app.example.org/a?b=c", true).await;
    check("http://127.0.0.1:3000/callback", true).await;
    check("http://localhost/callback", true).await;
    check("org.example.app:/callback", true).await;
    for uri in [
        "http://app.example.org/",
        "https://app.example.org/#a",
        "https://",
        "javascript:alert(1)",
        "data:text/html,a",
        "/callback",
        "app:/callback",
        "https://app.example.org/; script-src *",
        "https://app.example.org/ a",
        "",
    ] {
        check(uri, false).await;
    }
}

/// A certificate that says this name of itself.
fn certificate(name: &str) -> Arc<ClientCertificate> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    Arc::new(ClientCertificate::read(made.cert.der()).unwrap())
}

#[tokio::test]
async fn a_client_with_a_certificate_is_nobody_without_it() {
    let (mut server, keys) = begun().await;
    let client = |kind, name: &str| NewClient {
        id: Some("connector".to_owned()),
        name: "Connector".to_owned(),
        kind,
        redirect_uris: Vec::new(),
        launch_uri: None,
        scopes: "system/*.rs".to_owned(),
        certificate_name: Some(name.to_owned()),
    };
    for (kind, name) in [
        (NewClientKind::Public, "lab.example"),
        (NewClientKind::Secret, ""),
        (NewClientKind::Secret, "lab example"),
    ] {
        let added = server.administration.add_client(client(kind, name), now());
        assert!(added.await.is_err(), "{name}");
    }
    let jwks = NewClientKind::Jwks(keys.set().to_string());
    let added = server
        .administration
        .add_client(client(jwks, "lab.example"), now());
    added.await.unwrap();
    let header = json!({"alg": "ES384", "kid": "ec"});
    let ask = async |server: &Server, jti: &str| {
        let mut claims = claims(server, jti);
        claims["iss"] = json!("connector");
        claims["sub"] = json!("connector");
        shown(server, &keys.signed(&header, &claims), "system/*.rs").await
    };
    ask(&server, "a").await.is_error(401, "invalid_client");
    server.certificate = Some(certificate("other.example"));
    ask(&server, "b").await.is_error(401, "invalid_client");
    let own = certificate("lab.example");
    server.certificate = Some(Arc::clone(&own));
    let tokens = ask(&server, "c").await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let token = tokens.json()["access_token"].clone();
    assert!(server.grant(&token).await.is_some());
    // With another certificate, be it of the same name, or none the token is worth nothing; with its own it is again.
    for other in [Some(certificate("lab.example")), None] {
        server.certificate = other;
        assert!(server.grant(&token).await.is_none());
    }
    server.certificate = Some(own);
    assert!(server.grant(&token).await.is_some());
    let mut claims = claims(&server, "d");
    claims["iss"] = json!("connector");
    claims["sub"] = json!("connector");
    let assertion = keys.signed(&header, &claims);
    let form = [
        ("token", token.as_str().unwrap()),
        ("client_assertion_type", assertion::ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    let said = server.post("/auth/introspect", &form, &[]).await.json();
    let bound = said["cnf"]["x5t#S256"].as_str().unwrap_or_default();
    assert_eq!(bound.len(), 43, "{said}");
}
