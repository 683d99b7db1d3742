//! Who is let in: what is public, what a token must look like, what a refusal says.

use std::sync::Arc;

use axum::response::Response;
use futures_util::FutureExt;

use super::*;
use crate::auth::{
    Access, Authentication, Grant, LaunchContext, Pace, Paces, Rights, Scopes, TooFast,
};
use crate::error::{Error, ErrorKind};
use crate::http::Admission;

fn grant() -> Grant {
    Grant {
        id: uuid::Uuid::nil(),
        client_id: "app".into(),
        user: None,
        login: None,
        scopes: Scopes::default(),
        launch: LaunchContext::default(),
        purpose: None,
        authentication: Authentication {
            at: jiff::Timestamp::UNIX_EPOCH,
            methods: Vec::new(),
            acr: None,
        },
        expires: jiff::Timestamp::MAX,
    }
}

/// A server that knows one token, and lets nobody delete.
fn server() -> Server {
    paced(0, 0)
}

/// The same, where a client and an address may ask so often a minute.
fn paced(of_client: u32, of_address: u32) -> Server {
    let admission = Admission {
        authorize: Arc::new(|request| {
            let fast = request.extensions().get::<TooFast>().copied();
            let fast = fast.map_or(String::new(), |_| " too fast".to_owned());
            let said = format!("{} {}{fast}", request.method(), request.uri());
            async move {
                assert!(!said.ends_with("/panic"), "made to");
                Response::new(Bytes::from(said))
            }
            .boxed()
        }),
        is_page: |path| path == "/auth/login",
        admit: Arc::new(|token, _| {
            let access = (&*token == "good").then(|| Access::granted(grant(), Rights::default()));
            async move { Ok(access) }.boxed()
        }),
        paces: Arc::new(Paces {
            of_client: Pace::of_minute(of_client),
            of_user: Pace::of_minute(0),
            of_address: Pace::of_minute(of_address),
        }),
    };
    Server::admitting(
        settings(),
        Some(admission),
        |interaction| match interaction.name() {
            "vread" => Err(Error::new(
                ErrorKind::StepUp { max_age_s: 300 },
                "once more",
            )),
            "delete" => Err(Error::new(ErrorKind::Forbidden, "not that")),
            _ => Ok(read(PATIENT)),
        },
    )
}

#[tokio::test]
async fn only_a_token_in_force_lets_in() {
    let server = server();
    let check = async |headers: &[&str], status: u16, challenge: &str| {
        for request in [
            "GET /fhir/Patient/1",
            "POST /fhir/Patient",
            "POST /fhir",
            "GET /fhir/Patient",
        ] {
            let answer = server.send(request, headers, "").await;
            assert_eq!(answer.status, status, "{request} {headers:?}");
            assert_eq!(answer.header("www-authenticate"), challenge, "{headers:?}");
            assert!(answer.is_outcome("login", ""), "{answer:?}");
        }
    };
    check(&[], 401, "Bearer realm=\"fhir\"").await;
    let invalid = "Bearer realm=\"fhir\", error=\"invalid_token\"";
    for wrong in [
        "Bearer bad",
        "Bearer",
        "Bearer ",
        "Basic good",
        "good",
        "Bearer good good",
    ] {
        check(&[&format!("Authorization: {wrong}")], 401, invalid).await;
    }
    check(
        &["Authorization: Bearer good", "Authorization: Bearer good"],
        401,
        invalid,
    )
    .await;
    for right in ["Bearer good", "bearer good", "Bearer  good"] {
        let answer = server
            .get("/fhir/Patient/1", &[&format!("Authorization: {right}")])
            .await;
        assert_eq!(answer.status, 200, "{right}");
    }
}

#[tokio::test]
async fn what_a_token_does_not_allow_is_forbidden() {
    let server = server();
    let answer = server
        .send(
            "DELETE /fhir/Patient/1",
            &["Authorization: Bearer good"],
            "",
        )
        .await;
    assert_eq!(answer.status, 403);
    let challenge = answer.header("www-authenticate");
    assert_eq!(
        challenge,
        "Bearer realm=\"fhir\", error=\"insufficient_scope\""
    );
}

#[tokio::test]
async fn whoever_asks_too_fast_is_told_when_to_go_on() {
    let server = paced(2, 3);
    let token = ["Authorization: Bearer good"];
    for _ in 0..2 {
        let answer = server.get("/fhir/Patient/1", &token).await;
        assert_eq!(answer.status, 200);
    }
    let answer = server.get("/fhir/Patient/1", &token).await;
    assert_eq!(answer.status, 429);
    assert!(
        answer.is_outcome("throttled", "too many requests"),
        "{answer:?}"
    );
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=31).contains(&seconds), "{seconds}");
    // A token that is good for nothing takes from the address alone.
    let bad = async || {
        let token = ["Authorization: Bearer bad"];
        server.get("/fhir/Patient/1", &token).await.status
    };
    assert_eq!(bad().await, 401);
    assert_eq!(server.get("/fhir/metadata", &[]).await.status, 200);
    for status in [200, 200, 429] {
        let answer = server.get("/fhir/auth/jwks", &[]).await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(bad().await, 429);
}

#[tokio::test]
async fn a_page_that_is_asked_for_too_fast_is_told_so_as_a_page() {
    let server = paced(0, 1);
    let page = ["Accept: application/xhtml+xml, Text/HTML;q=0.9"];
    let answer = server.get("/fhir/auth/login", &page).await;
    assert_eq!(answer.text(), "GET /auth/login");
    let answer = server.get("/fhir/auth/login?x=1", &page).await;
    assert_eq!(answer.text(), "GET /auth/login?x=1 too fast");
    for (path, accept) in [
        ("/fhir/auth/login", "Accept: application/json"),
        ("/fhir/auth/token", page[0]),
    ] {
        let answer = server.get(path, &[accept]).await;
        assert_eq!(answer.status, 429, "{path} {accept}");
        assert!(answer.is_outcome("throttled", "too many requests"));
    }
}

#[tokio::test]
async fn whoever_has_to_log_in_once_more_is_told_how_fresh() {
    let path = "/fhir/Patient/1/_history/1";
    let answer = server().get(path, &["Authorization: Bearer good"]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.is_outcome("login", "once more"), "{answer:?}");
    assert_eq!(
        answer.header("www-authenticate"),
        "Bearer realm=\"fhir\", error=\"insufficient_user_authentication\", acr_values=\"urn:vesta:acr:mfa\", max_age=300"
    );
}

#[tokio::test]
async fn metadata_health_and_the_authorization_server_are_public() {
    let server = server();
    for path in ["/fhir/metadata", "/health/live", "/health/ready", "/"] {
        assert_eq!(server.get(path, &[]).await.status, 200, "{path}");
    }
    let check = async |request: &str, expected: &str| {
        let answer = server.send(request, &[], "").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, expected));
    };
    check(
        "GET /fhir/auth/authorize?a=b%20c",
        "GET /auth/authorize?a=b%20c",
    )
    .await;
    check(
        "POST /fhir/auth/account/revoke",
        "POST /auth/account/revoke",
    )
    .await;
    let well_known = "/.well-known/smart-configuration";
    check(
        &format!("GET /fhir{well_known}"),
        &format!("GET {well_known}"),
    )
    .await;
    let answer = server.get("/fhir/auth/panic", &[]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.is_outcome("exception", ""), "{answer:?}");
    let large = "a".repeat(64 * 1024 + 1);
    let answer = server.send("POST /fhir/auth/token", &[], large).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn without_authorization_there_is_no_authorization_server() {
    let server = Server::new(|_| Ok(read(PATIENT)));
    assert_eq!(server.get("/fhir/auth/authorize", &[]).await.status, 404);
    let answer = server
        .get("/fhir/Patient/1", &["Authorization: Bearer any"])
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn apps_of_other_origins_may_ask_with_a_token() {
    let server = server();
    let headers = [
        "Origin: https://app.example.org",
        "Access-Control-Request-Method: PUT",
    ];
    let answer = server.send("OPTIONS /fhir/Patient/1", &headers, "").await;
    assert_eq!(answer.status, 204);
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("PUT")
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    for headers in [&[][..], &["Authorization: Bearer good"]] {
        let answer = server.get("/fhir/Patient/1", headers).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains("etag")
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn strangers_who_send_slowly_hold_up_nobody() {
    let server = server();
    let endless = || Body::from_stream(futures_util::stream::pending::<Result<Bytes>>());
    // One more than may be under way at one time.
    let slow: Vec<_> = (0..=settings().requests_max)
        .map(|_| {
            let router = server.router.clone();
            tokio::spawn(
                async move { send(&router, "POST /fhir/auth/token", &[], endless()).await },
            )
        })
        .collect();
    tokio::task::yield_now().await;
    let answer = server
        .get("/fhir/Patient/1", &["Authorization: Bearer good"])
        .await;
    assert_eq!(answer.status, 200);
    // Nobody waits for what nobody reads.
    let answer = server.send("GET /fhir/metadata", &[], endless()).await;
    assert_eq!(answer.status, 200);
    slow.iter().for_each(tokio::task::JoinHandle::abort);
}
