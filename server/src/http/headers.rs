//! The request headers that FHIR gives a meaning (<https://hl7.org/fhir/R4/http.html>).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AsHeaderName, CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
};
use axum::http::{Extensions, HeaderMap};
use jiff::Timestamp;

use crate::context::{Handling, ReturnPreference};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::EntityTags;

/// `Prefer`, as far as it is understood; the rest is ignored as RFC 7240 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Preferences {
    pub(super) returned: Option<ReturnPreference>,
    pub(super) handling: Option<Handling>,
}

impl Preferences {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut returned = None;
        let mut handling = None;
        let headers = headers.get_all("prefer").into_iter();
        for preference in headers
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split([',', ';']))
        {
            let Some((name, value)) = preference.split_once('=') else {
                continue;
            };
            let value = value.trim().trim_matches('"');
            // Of a preference that stands twice, the first counts.
            match name.trim().to_ascii_lowercase().as_str() {
                "return" if returned.is_none() => returned = by_name(&RETURNS, value),
                "handling" if handling.is_none() => handling = by_name(&HANDLINGS, value),
                _ => {}
            }
        }
        Self { returned, handling }
    }
}

const RETURNS: [(&str, ReturnPreference); 3] = [
    ("minimal", ReturnPreference::Minimal),
    ("representation", ReturnPreference::Representation),
    ("OperationOutcome", ReturnPreference::OperationOutcome),
];

const HANDLINGS: [(&str, Handling); 2] =
    [("strict", Handling::Strict), ("lenient", Handling::Lenient)];

fn by_name<T: Copy>(names: &[(&str, T)], value: &str) -> Option<T> {
    names
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(value))
        .map(|(_, meaning)| *meaning)
}

/// All `Accept` headers.
pub(super) fn accept(headers: &HeaderMap) -> Vec<&str> {
    headers
        .get_all(ACCEPT)
        .into_iter()
        .filter_map(|header| header.to_str().ok())
        .collect()
}

/// The languages a client wants; of several such headers the first.
pub(super) fn accept_language(headers: &HeaderMap) -> Option<Box<str>> {
    let header = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    (!header.trim().is_empty()).then(|| header.into())
}

pub(super) fn content_type(headers: &HeaderMap) -> Result<Option<&str>> {
    single(headers, CONTENT_TYPE)
}

pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<EntityTags>> {
    single(headers, IF_MATCH)?
        .map(EntityTags::parse)
        .transpose()
}

/// What the caller of an operation knows the call by: at most 64 visible characters.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<Box<str>>> {
    let Some(key) = single(headers, "idempotency-key")?.map(str::trim) else {
        return Ok(None);
    };
    match (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Some(key.into())),
        false => Err(Error::new(
            ErrorKind::BadValue,
            "an Idempotency-Key has 1 to 64 visible characters, without spaces",
        )),
    }
}

pub(super) fn if_none_match(headers: &HeaderMap) -> Result<Option<EntityTags>> {
    single(headers, IF_NONE_MATCH)?
        .map(EntityTags::parse)
        .transpose()
}

pub(super) fn if_none_exist(headers: &HeaderMap) -> Result<Option<String>> {
    Ok(single(headers, "if-none-exist")?.map(str::to_owned))
}

/// Text that is no HTTP date is ignored, as RFC 9110 §13.1.3 demands: the client gets the whole answer.
pub(super) fn if_modified_since(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(IF_MODIFIED_SINCE)?.to_str().ok()?;
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text.trim())
        .ok()
}

/// The instant as an HTTP date; `None` where its year has no four digits.
pub(super) fn http_date(instant: Timestamp) -> Option<String> {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&instant)
        .ok()
}

/// The id of a request: the client's where it sends a well-formed one, else a new one.
pub(super) fn request_id(headers: &HeaderMap) -> Arc<str> {
    let is_well_formed = |id: &&str| {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    match headers
        .get("x-request-id")
        .and_then(|header| header.to_str().ok())
        .filter(is_well_formed)
    {
        Some(id) => id.into(),
        None => uuid::Uuid::new_v4().to_string().into(),
    }
}

/// The address of whoever is at the other end of the connection.
pub(super) fn address(extensions: &Extensions) -> Option<IpAddr> {
    let connected = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(connected.0.ip().to_canonical())
}

/// A header that may stand once, in text.
pub(super) fn single<N: AsHeaderName + std::fmt::Display + Clone>(
    headers: &HeaderMap,
    name: N,
) -> Result<Option<&str>> {
    let bad =
        |sentence: &str| Error::new(ErrorKind::BadValue, format!("the header {name} {sentence}"));
    let mut all = headers.get_all(name.clone()).into_iter();
    let Some(header) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(bad("stands twice"));
    }
    header
        .to_str()
        .map(Some)
        .map_err(|_| bad("holds other characters than visible ASCII"))
}
