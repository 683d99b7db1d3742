//! Apps in browsers, from other origins (<https://fetch.spec.whatwg.org/#http-cors-protocol>). No cookie counts at the FHIR
//! API, so that any origin may ask: what lets it in is the token.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use axum::http::{HeaderMap, HeaderValue};

/// Lets scripts of any origin read an answer.
pub(super) fn open(headers: &mut HeaderMap) {
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            ACCESS_CONTROL_EXPOSE_HEADERS,
            "content-location, etag, idempotent-replayed, last-modified, location, warning, www-authenticate, x-request-id",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Says which requests scripts may send.
pub(super) fn allow(headers: &mut HeaderMap, methods: &'static str) {
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "accept, authorization, content-type, idempotency-key, if-match, if-modified-since, if-none-exist, if-none-match, prefer, x-request-id",
        ),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
