//! Around the API: health, metrics, time, turns and panics.

use super::*;
use crate::error::{Error, ErrorKind};

#[tokio::test]
async fn health_and_the_welcome_are_beside_the_base() {
    let server = Server::new(|_| Ok(read(PATIENT)));
    let live = server.get("/health/live", &[]).await;
    assert_eq!((live.status.as_u16(), live.text()), (200, "live\n"));
    let ready = server.get("/health/ready", &[]).await;
    assert_eq!((ready.status.as_u16(), ready.text()), (200, "ready\n"));
    let welcome = server.get("/", &[]).await;
    assert!(welcome.text().contains(BASE));
    for path in [
        "/nothing",
        "/fhirx",
        "/fhirx/Patient",
        "/health",
        "/Patient/1",
    ] {
        let answer = server.get(path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.is_outcome("not-supported", "/fhir"), "{path}");
    }
}

#[tokio::test]
async fn a_worker_answers_for_its_health_alone() {
    let parts = Parts {
        refused: Arc::new(|_| async { Ok(()) }.boxed()),
        perform: Arc::new(|_, _| async { Ok(Outcome::empty(StatusCode::OK)) }.boxed()),
        readiness: Arc::new(|| async { Ok(()) }.boxed()),
        structures: Arc::new(structures()),
        admission: None,
    };
    let router = health_router(settings(), parts).unwrap();
    for (path, status) in [
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/metrics", 200),
        ("/fhir/metadata", 404),
        ("/", 404),
    ] {
        let answer = send(&router, &format!("GET {path}"), &[], "").await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_not_ready() {
    let parts = Parts {
        refused: Arc::new(|_| async { Ok(()) }.boxed()),
        perform: Arc::new(|_, _| async { Ok(Outcome::empty(StatusCode::OK)) }.boxed()),
        readiness: Arc::new(|| {
            async { Err(Error::new(ErrorKind::Unavailable, "the database is away")) }.boxed()
        }),
        structures: Arc::new(structures()),
        admission: None,
    };
    let router = router(settings(), parts).unwrap();
    let answer = send(&router, "GET /health/ready", &[], "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (503, "the database is away\n")
    );
    let live = send(&router, "GET /health/live", &[], "").await;
    assert_eq!(live.status, 200);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_not_ready() {
    let parts = Parts {
        refused: Arc::new(|_| async { Ok(()) }.boxed()),
        perform: Arc::new(|_, _| async { Ok(Outcome::empty(StatusCode::OK)) }.boxed()),
        readiness: Arc::new(|| std::future::pending().boxed()),
        structures: Arc::new(structures()),
        admission: None,
    };
    let router = router(hasty(), parts).unwrap();
    let answer = send(&router, "GET /health/ready", &[], "").await;
    assert_eq!(answer.status, 503);
}

#[tokio::test]
async fn requests_are_counted_by_interaction_and_status() {
    let server = Server::new(|interaction| match interaction {
        Interaction::Vread { .. } => Ok(read(PATIENT)),
        _ => Err(Error::new(ErrorKind::Gone, "gone")),
    });
    assert_eq!(
        server.get("/fhir/Patient/1/_history/1", &[]).await.status,
        200
    );
    assert_eq!(
        server.send("DELETE /fhir/Patient/1", &[], "").await.status,
        410
    );
    let answer = server.get("/metrics", &[]).await;
    assert!(answer.header("content-type").starts_with("text/plain"));
    let has = |line: &str| assert!(answer.text().contains(line), "{line}:\n{}", answer.text());
    has("vesta_http_requests_total{interaction=\"vread\",status=\"2xx\"} ");
    has("vesta_http_requests_total{interaction=\"delete\",status=\"4xx\"} ");
    has(
        "vesta_http_request_duration_seconds_bucket{interaction=\"vread\",status=\"2xx\",le=\"10\"} ",
    );
}

/// Settings that give nothing much time.
fn hasty() -> Settings {
    Settings {
        request_timeout: Duration::from_millis(50),
        ..settings()
    }
}

/// A router whose interactions never end.
fn stuck(settings: Settings) -> Router {
    let parts = Parts {
        refused: Arc::new(|_| async { Ok(()) }.boxed()),
        perform: Arc::new(|_, _| std::future::pending().boxed()),
        readiness: Arc::new(|| async { Ok(()) }.boxed()),
        structures: Arc::new(structures()),
        admission: None,
    };
    router(settings, parts).unwrap()
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let router = stuck(hasty());
    let answer = send(&router, "GET /fhir/Patient/1?_pretty=true", &[], "").await;
    assert_eq!(answer.status, 503);
    assert!(answer.is_outcome("timeout", "longer"));
    assert!(answer.text().contains("\n  "));
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn requests_wait_for_their_turn_and_health_does_not() {
    let settings = Settings {
        requests_max: 1,
        ..hasty()
    };
    let router = stuck(settings);
    let first = send(&router, "GET /fhir/Patient/1", &[], "");
    let rest = async {
        tokio::task::yield_now().await;
        assert_eq!(send(&router, "GET /health/live", &[], "").await.status, 200);
        send(&router, "GET /fhir/Patient/2", &[], "").await
    };
    let (first, second) = tokio::join!(first, rest);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (503, 503));
}

#[tokio::test]
async fn a_panic_is_an_outcome_and_the_next_request_is_answered() {
    let server = Server::new(|interaction| match interaction {
        Interaction::Read { .. } => panic!("patient data"),
        _ => Ok(read(PATIENT)),
    });
    let answer = server.get("/fhir/Patient/1", &[]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.is_outcome("exception", "request id"));
    assert!(!answer.text().contains("patient data"));
    assert_eq!(
        server.get("/fhir/Patient/1/_history/1", &[]).await.status,
        200
    );
}
