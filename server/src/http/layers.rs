//! Around every request to the FHIR API: its id, its turn, its time, its panics, its log line and its metrics.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::{debug, error, info};

use super::response::{self, Reply};
use super::{BASE_PATH, Http, cors, headers, metrics, request};
use crate::context::now;
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::RefusedRequest;

/// Requests slower than this are worth a line in the log of every day.
const SLOW_MS: u128 = 1000;

/// Answers a request to the FHIR API, whatever happens.
pub(super) async fn fhir(State(http): State<Arc<Http>>, request: Request) -> Response {
    let started = Instant::now();
    let request_id = headers::request_id(request.headers());
    let method = request.method().clone();
    let asked = Asked {
        path: request.uri().path().into(),
        address: headers::address(request.extensions()),
        method: method.as_str().into(),
    };
    let mut reply = Reply::default();

    let work = AssertUnwindSafe(worked(&http, &request_id, request, &mut reply)).catch_unwind();
    let ended = tokio::time::timeout(http.settings.request_timeout, work).await;
    let is_given_up = !matches!(ended, Ok(Ok(_)));
    let result = match ended {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::internal("answering panicked")),
        Err(_) => Err(Error::new(
            ErrorKind::Timeout,
            "the request took longer than it may; what it wrote may or may not have been written",
        )),
    };
    let mut response = match result {
        Ok(response) => response,
        Err(error) => {
            let is_performed = reply.interaction.is_some() && !is_given_up;
            let error = match is_performed || is_too_fast(&error) {
                true => error,
                false => recorded(&http, &request_id, &asked, error).await,
            };
            log_error(&error, &request_id);
            response::of_error(&http, &reply, &error).await
        }
    };
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-request-id"), id);
    }

    if http.parts.admission.is_some() {
        cors::open(response.headers_mut());
        if let (true, Some(allowed)) = (method == Method::OPTIONS, reply.allow) {
            cors::allow(response.headers_mut(), allowed);
        }
    }

    let took = started.elapsed();
    let status = response.status();
    metrics::count(reply.interaction.unwrap_or("none"), status, took);
    let bytes = response.body().size_hint().exact().unwrap_or_default();
    let line = Line {
        method: &method,
        reply: &reply,
        status,
        took_ms: took.as_millis(),
        bytes,
        request_id: &request_id,
    };
    line.log();
    response
}

/// What is known of a request before it is read.
struct Asked {
    method: Box<str>,
    path: Box<str>,
    address: Option<IpAddr>,
}

/// Whether it was refused for its pace alone: a row for each would let anybody fill the trail.
fn is_too_fast(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Throttled { .. })
}

/// Records what nobody performed: a request that was refused before, or given up. The error it is answered with.
async fn recorded(http: &Http, request_id: &Arc<str>, asked: &Asked, error: Error) -> Error {
    let path = asked.path.strip_prefix(BASE_PATH).unwrap_or(&asked.path);
    let refused = RefusedRequest {
        now: now(),
        method: asked.method.clone(),
        path: path.into(),
        status: error.status().as_u16(),
        reason: error
            .issues()
            .first()
            .map(|issue| issue.diagnostics.clone()),
        address: asked.address,
        base_url: Arc::clone(&http.settings.base_url),
        request_id: Arc::clone(request_id),
    };
    match (http.parts.refused)(refused).await {
        Ok(()) => error,
        Err(unrecorded) => unrecorded,
    }
}

async fn worked(
    http: &Arc<Http>,
    request_id: &Arc<str>,
    request: Request,
    reply: &mut Reply,
) -> Result<Response> {
    let _turn = http.turns.acquire().await.map_err(Error::internal)?;
    let (head, body) = request.into_parts();
    request::answer(http, request_id, &head, body, reply).await
}

/// One line for one request, with nothing in it that comes out of a resource, an id or a query.
struct Line<'a> {
    method: &'a Method,
    reply: &'a Reply,
    status: StatusCode,
    took_ms: u128,
    bytes: u64,
    request_id: &'a str,
}

impl Line<'_> {
    fn log(&self) {
        let (route, resource_type) = self.reply.route.unwrap_or(("unknown", None));
        let resource_type = resource_type.map_or("-", |resource_type| resource_type.name());
        let (method, status) = (self.method.as_str(), self.status.as_u16());
        let (ms, bytes, request_id) = (self.took_ms, self.bytes, self.request_id);
        if status >= 400 || ms >= SLOW_MS {
            info!(
                method,
                route, resource_type, status, ms, bytes, request_id, "answered"
            );
        } else {
            debug!(
                method,
                route, resource_type, status, ms, bytes, request_id, "answered"
            );
        }
    }
}

/// The cause of an error, once, where it is answered.
fn log_error(error: &Error, request_id: &str) {
    let kind = error.kind();
    let Some(cause) = error.cause() else {
        return;
    };
    let cause = Causes(cause);
    if error.status().is_server_error() {
        error!(?kind, request_id, %cause, "the request failed");
    } else {
        debug!(?kind, request_id, %cause, "the request was refused");
    }
}

/// A chain of causes in one line.
struct Causes<'a>(&'a (dyn std::error::Error + Send + Sync));

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
