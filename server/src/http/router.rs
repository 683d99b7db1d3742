//! Which path is answered by what. The FHIR API is one handler: its paths are [`crate::interactions::route`]'s.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::decompression::RequestDecompressionLayer;

use super::negotiation::negotiate;
use super::response::{self, Reply};
use super::{BASE_PATH, Http, Parts, Settings, admission, headers, health, layers, metrics};
use crate::error::{Error, ErrorKind, Result};

/// Answers below this size are not worth compressing.
const COMPRESSED_BYTES_MIN: u16 = 1024;

/// Everything that is answered on a listener.
pub fn router(settings: Settings, parts: Parts) -> Result<Router> {
    let recorder = metrics::recorder()?;
    let turns = Semaphore::new(settings.requests_max.clamp(1, Semaphore::MAX_PERMITS));
    let http = Arc::new(Http {
        settings,
        parts,
        turns,
    });
    let worth_compressing =
        SizeAbove::new(COMPRESSED_BYTES_MIN.into()).and(NotForContentType::IMAGES);
    let authorization = match http.parts.admission {
        None => Router::new(),
        Some(_) => Router::new()
            .route(
                &format!("{BASE_PATH}/auth/{{*path}}"),
                any(admission::authorize),
            )
            .route(
                &format!("{BASE_PATH}/.well-known/{{*path}}"),
                any(admission::authorize),
            ),
    };
    Ok(Router::new()
        .merge(authorization)
        .route(BASE_PATH, any(layers::fhir))
        .route(&format!("{BASE_PATH}/"), any(layers::fhir))
        .route(&format!("{BASE_PATH}/{{*path}}"), any(layers::fhir))
        .route("/", get(welcome))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(|| rendered(recorder)))
        .fallback(nothing)
        .method_not_allowed_fallback(not_allowed)
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(CompressionLayer::new().compress_when(worth_compressing))
        .with_state(http))
}

/// Health and metrics alone: what a worker answers.
pub fn health_router(settings: Settings, parts: Parts) -> Result<Router> {
    let recorder = metrics::recorder()?;
    let turns = Semaphore::new(1);
    let http = Arc::new(Http {
        settings,
        parts,
        turns,
    });
    Ok(Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(|| rendered(recorder)))
        .fallback(nothing)
        .with_state(http))
}

async fn welcome(State(http): State<Arc<Http>>) -> String {
    let base = &http.settings.base_url;
    format!(
        "Vesta, a FHIR R4 server. Its FHIR base is {base}, and {base}/metadata says what it can do.\n"
    )
}

async fn rendered(recorder: &PrometheusHandle) -> impl IntoResponse {
    recorder.run_upkeep();
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        recorder.render(),
    )
}

async fn nothing(http: State<Arc<Http>>, request: Request) -> Response {
    let sentence = format!("there is nothing here; the FHIR base is {BASE_PATH}");
    refused(
        http,
        request,
        Error::new(ErrorKind::UnknownEndpoint, sentence),
    )
    .await
}

async fn not_allowed(http: State<Arc<Http>>, request: Request) -> Response {
    let error = Error::new(ErrorKind::MethodNotAllowed, "this path allows GET, HEAD");
    refused(http, request, error).await
}

async fn refused(State(http): State<Arc<Http>>, request: Request, error: Error) -> Response {
    let mut reply = Reply {
        is_head: request.method() == Method::HEAD,
        allow: Some("GET, HEAD"),
        ..Reply::default()
    };
    if let Ok(representation) = negotiate(None, &headers::accept(request.headers())) {
        reply.representation = representation;
    }
    response::of_error(&http, &reply, &error).await
}
