//! What a provider answers, and what is made to look like it.

use hmac::{Hmac, KeyInit, Mac};

use super::super::assertions::{Keys, base64};
use super::*;

type Sign<'a> = &'a dyn Fn(&Value) -> String;

/// Lets somebody in by a token whose claims are changed, or that is signed in another way; nobody is let in.
async fn refused(
    (server, provider): (&Server, &OpenIdProvider),
    changed: Value,
    sign: Option<Sign<'_>>,
    reason: &str,
) {
    let mut cookie = Cookie::default();
    let departure = provider.departure(&server.sent("/auth/account", &mut cookie).await);
    let before = cookie.0.clone();
    let mut claims = provider.claims(&departure, server);
    for (name, value) in changed.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    let token = match sign {
        Some(sign) => sign(&claims),
        None => provider.keys.signed(&honest(), &claims),
    };
    provider.grants(&departure, token);
    let answer = server.back(&departure, &provider.issuer, &mut cookie).await;
    assert_eq!(answer.status, 401, "{reason} {answer:?}");
    assert!(answer.text.contains(reason), "{reason} {answer:?}");
    assert_eq!(cookie.0, before, "nobody is logged in");
    let told = server.trail_of("federated").await.pop().unwrap();
    let expected = format!("(clinic: {reason})");
    assert!(
        told.starts_with("login federated 8 login") && told.ends_with(&expected),
        "{told}"
    );
}

fn honest() -> Value {
    json!({"alg": "RS256", "kid": "rsa"})
}

/// Claims that are not right, and why.
fn wrong_claims(now: i64) -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"nonce": "another"}),
            "the ID token is of another login (nonce)",
        ),
        (
            json!({"nonce": null}),
            "the ID token is of another login (nonce)",
        ),
        (
            json!({"iss": "https://other.example.org"}),
            "the ID token is of another issuer",
        ),
        (json!({"aud": "other"}), "the ID token is for somebody else"),
        (
            json!({"aud": ["vesta", "other"]}),
            "the ID token is for somebody else",
        ),
        (json!({"exp": now}), "the ID token has expired"),
        (
            json!({"auth_time": null}),
            "the ID token does not say when the login was (auth_time)",
        ),
        (
            json!({"auth_time": now - 36_000}),
            "the login there is too old",
        ),
        (
            json!({"auth_time": now + 120}),
            "the login is of a time to come",
        ),
        (
            json!({"fhirUser": null}),
            "nobody here is whom the identity provider names",
        ),
        (
            json!({"fhirUser": "Practitioner/nobody"}),
            "nobody here is whom the identity provider names",
        ),
        (
            json!({"fhirUser": "Practitioner/gone"}),
            "nobody here is whom the identity provider names",
        ),
        (
            json!({"fhirUser": "RelatedPerson/r"}),
            "nobody here is whom the identity provider names",
        ),
        (
            json!({"fhirUser": "https://other.example.org/fhir/Practitioner/anna"}),
            "nobody here is whom the identity provider names",
        ),
    ]
}

#[tokio::test]
async fn an_id_token_with_a_wrong_claim_lets_nobody_in() {
    let (server, provider) = begun(REFERENCES).await;
    for (changed, reason) in wrong_claims(server.now.as_second()) {
        refused((&server, &provider), changed, None, reason).await;
    }
}

#[tokio::test]
async fn an_id_token_that_the_provider_has_not_signed_lets_nobody_in() {
    let (server, provider) = begun(REFERENCES).await;
    let foreign = Keys::new();
    let unsigned = "no key of the identity provider has signed the ID token";
    let parts = |header: Value, claims: &Value| {
        format!(
            "{}.{}",
            base64(header.to_string()),
            base64(claims.to_string())
        )
    };
    let mac = |secret: &str, claims: &Value| {
        let message = parts(json!({"alg": "HS256"}), claims);
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(message.as_bytes());
        format!("{message}.{}", base64(mac.finalize().into_bytes()))
    };
    let public = provider.keys.set()["keys"][1]["n"]
        .as_str()
        .unwrap()
        .to_owned();
    let forgeries: [Sign<'_>; 6] = [
        &|claims| foreign.signed(&honest(), claims),
        &|claims| format!("{}.", parts(json!({"alg": "none"}), claims)),
        &|claims| mac(&public, claims),
        // A key that both know would let either forge.
        &|claims| mac(SECRET, claims),
        // The key of one algorithm under the name of another.
        &|claims| {
            provider
                .keys
                .signed(&json!({"alg": "RS256", "kid": "ec"}), claims)
        },
        &|claims| {
            provider
                .keys
                .signed(&json!({"alg": "ES384", "kid": "rsa"}), claims)
        },
    ];
    for forgery in forgeries {
        refused((&server, &provider), json!({}), Some(forgery), unsigned).await;
    }
    // Changed after it was signed.
    let changed = |claims: &Value| {
        let token = provider.keys.signed(&honest(), claims);
        let (_, signature) = token.rsplit_once('.').unwrap();
        let mut claims = claims.clone();
        claims["fhirUser"] = json!("Patient/p1");
        format!("{}.{signature}", parts(honest(), &claims))
    };
    refused((&server, &provider), json!({}), Some(&changed), unsigned).await;
    let none = server
        .database
        .texts("select count(*)::text from identity_federated_user");
    assert_eq!(none.await, ["0"]);
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_asked_for_once_it_is_used() {
    let (mut server, provider) = begun(REFERENCES).await;
    let foreign = Keys::new();
    let mut set = foreign.set();
    set["keys"][1]["alg"] = json!("RS256");
    set["keys"][1]["kid"] = json!("next");
    *provider.published.lock().unwrap() = set.to_string();
    server.later(31);
    let mut cookie = Cookie::default();
    let departure = provider.departure(&server.sent("/auth/account", &mut cookie).await);
    let claims = provider.claims(&departure, &server);
    let next = json!({"alg": "RS256", "kid": "next"});
    provider.grants(&departure, foreign.signed(&next, &claims));
    let answer = server.back(&departure, &provider.issuer, &mut cookie).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

/// A departure whose answer lets somebody in.
async fn ready(server: &Server, provider: &OpenIdProvider, cookie: &mut Cookie) -> Departure {
    let departure = provider.departure(&server.sent("/auth/account", cookie).await);
    let header = json!({"alg": "ES384", "kid": "ec"});
    let token = provider
        .keys
        .signed(&header, &provider.claims(&departure, server));
    provider.grants(&departure, token);
    departure
}

#[tokio::test]
async fn an_answer_counts_once_in_the_browser_it_is_for_from_the_provider_that_was_asked() {
    let (server, provider) = begun(REFERENCES).await;
    let mut cookie = Cookie::default();
    let departure = ready(&server, &provider, &mut cookie).await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "vesta"),
        (
            "redirect_uri",
            "https://fhir.example.org/fhir/auth/federated/clinic",
        ),
        ("code_challenge_method", "S256"),
        ("scope", "openid profile"),
        ("acr_values", "urn:example:mfa"),
        ("max_age", "36000"),
        ("prompt", ""),
    ] {
        assert_eq!(departure.get(name), value, "{name}");
    }
    // Somebody else's answer, planted in another browser: forced login.
    let mut victim = Cookie::default();
    server.get("/auth/account", &mut victim).await;
    for mut other in [victim, Cookie::default()] {
        let planted = server.back(&departure, &provider.issuer, &mut other).await;
        assert_eq!(planted.status, 401, "{planted:?}");
    }
    let fixed = cookie.0.clone();
    let right = server.back(&departure, &provider.issuer, &mut cookie).await;
    assert_eq!(right.status, 303, "{right:?}");
    assert_ne!(
        cookie.0, fixed,
        "a cookie from before the login is worth nothing"
    );
    let mut fixed = Cookie(fixed);
    let account = server.get("/auth/account", &mut fixed).await;
    assert!(account.text.contains("current-password"));
    let again = server.back(&departure, &provider.issuer, &mut cookie).await;
    assert_eq!(again.status, 401, "{again:?}");
}

#[tokio::test]
async fn an_answer_of_another_issuer_or_too_late_is_none() {
    let (mut server, provider) = begun(REFERENCES).await;
    let mut cookie = Cookie::default();
    // Mix-up: the answer of another issuer, or of nobody; and a place that is no provider.
    for issuer in ["https://evil.example.org", ""] {
        let mut cookie = Cookie::default();
        let departure = ready(&server, &provider, &mut cookie).await;
        let answer = server.back(&departure, issuer, &mut cookie).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    let unknown = server
        .get("/auth/federated/other?code=x&state=y", &mut cookie)
        .await;
    assert_eq!(unknown.status, 404);
    let unknown = server
        .get("/auth/federated?provider=other", &mut cookie)
        .await;
    assert_eq!(unknown.status, 404);
    // Refused there, and too late.
    let mut cookie = Cookie::default();
    let departure = ready(&server, &provider, &mut cookie).await;
    let pairs = [
        ("error", "access_denied"),
        ("state", departure.get("state")),
        ("iss", &provider.issuer),
    ];
    let path = answer::with_query("/auth/federated/clinic", &pairs);
    assert_eq!(server.get(&path, &mut cookie).await.status, 401);
    let departure = ready(&server, &provider, &mut cookie).await;
    server.later(601);
    let late = server.back(&departure, &provider.issuer, &mut cookie).await;
    assert_eq!(late.status, 401);
    // A verifier that is not the one of this browser: the provider gives nothing for the code.
    let mut cookie = Cookie::default();
    let first = ready(&server, &provider, &mut cookie).await;
    ready(&server, &provider, &mut cookie).await;
    let crossed = server.back(&first, &provider.issuer, &mut cookie).await;
    assert!(
        crossed.text.contains("has not confirmed the login"),
        "{crossed:?}"
    );
}
