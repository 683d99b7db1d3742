//! [`Outcome`] and [`Error`] to HTTP (<https://hl7.org/fhir/R4/http.html>).

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, LOCATION, RETRY_AFTER, VARY, WARNING, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use fhir::ids::ResourceType;
use fhir::json::Document;
use fhir::outcome::{Issue, operation_outcome};
use fhir::resource::Resource;
use fhir::subset::Subset;
use fhir::xml::to_xml;

use super::admission::challenge;
use super::headers::http_date;
use super::ihe::IheOperation;
use super::negotiation::{Format, Representation, wants_content};
use super::pretty::pretty;
use super::{Http, binary, heavy};
use crate::context::ReturnPreference;
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::Outcome;

/// Says that nothing was done: a call with the same key was, and is answered so again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How the client wants its answer, as far as it is known, and what the log says of the request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) representation: Representation,
    pub(super) pretty: bool,
    pub(super) subset: Option<Subset>,
    /// Whether the answer is a Bundle of resources, whose entries are cut by `subset`.
    pub(super) has_entries: bool,
    pub(super) returned: Option<ReturnPreference>,
    pub(super) is_head: bool,
    /// Whether the client has said who it is, rightly or not.
    pub(super) has_token: bool,
    /// The `Accept` headers, where a Binary may go out as what it holds.
    pub(super) accept: Option<Vec<Box<str>>>,
    /// Whether an Appointment goes out as an event of a calendar.
    pub(super) is_calendar: bool,
    pub(super) allow: Option<&'static str>,
    pub(super) route: Option<(&'static str, Option<ResourceType>)>,
    pub(super) interaction: Option<&'static str>,
    /// The operation whose refusal goes out in a Bundle.
    pub(super) ihe: Option<IheOperation>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            representation: Representation::DEFAULT,
            pretty: false,
            subset: None,
            has_entries: false,
            returned: None,
            is_head: false,
            has_token: false,
            accept: None,
            is_calendar: false,
            allow: None,
            route: None,
            interaction: None,
            ihe: None,
        }
    }
}

/// What the headers say of version, place and repetition.
fn headers_of(http: &Http, outcome: &Outcome) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(VARY, HeaderValue::from_static("accept"));
    if let Some((version, instant)) = outcome.version {
        insert(&mut headers, ETAG, &version.etag());
        if let Some(date) = http_date(instant) {
            insert(&mut headers, LAST_MODIFIED, &date);
        }
    }
    if let Some((key, version)) = &outcome.location {
        let base = &http.settings.base_url;
        let location = format!("{base}/{key}/_history/{version}");
        insert(&mut headers, LOCATION, &location);
    }
    if outcome.is_never_kept {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if outcome.is_replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    headers
}

/// The answer to an interaction that succeeded.
pub(super) async fn of_outcome(
    http: &Arc<Http>,
    reply: &Reply,
    outcome: Outcome,
) -> Result<Response> {
    let mut headers = headers_of(http, &outcome);
    let mut status = outcome.status;
    let is_write = outcome.is_write || matches!(reply.interaction, Some("delete"));
    if let Some(plain) = outcome.plain {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(plain.cache));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(plain.content_type));
        headers.remove(LAST_MODIFIED);
        let body = outcome.body.filter(|_| status != StatusCode::NOT_MODIFIED);
        return Ok(assembled(status, headers, body, reply.is_head));
    }
    let says_issues = is_write && reply.returned == Some(ReturnPreference::OperationOutcome);
    let body = match outcome.body {
        _ if status == StatusCode::NOT_MODIFIED => None,
        _ if says_issues => Some(operation_outcome(&outcome.issues).into()),
        _ if outcome.is_write && reply.returned == Some(ReturnPreference::Minimal) => None,
        None if !outcome.issues.is_empty() && status != StatusCode::NO_CONTENT => {
            Some(operation_outcome(&outcome.issues).into())
        }
        body => {
            warn(&mut headers, &outcome.issues);
            body
        }
    };
    if says_issues && status == StatusCode::NO_CONTENT {
        status = StatusCode::OK;
    }
    let Some(body) = body else {
        return Ok(assembled(status, headers, None, reply.is_head));
    };
    if let Some(accept) = reply.accept.clone()
        && status == StatusCode::OK
    {
        let is_content = heavy(body.len(), {
            let body = body.clone();
            move || Ok(wants_binary_content(body, &accept))
        });
        if is_content.await? {
            return binary_content(headers, body, reply.is_head).await;
        }
    }
    if reply.is_calendar && status == StatusCode::OK {
        let event = calendar_event(http, &body)?;
        let content_type = HeaderValue::from_static("text/calendar; charset=utf-8");
        headers.insert(CONTENT_TYPE, content_type);
        return Ok(assembled(status, headers, Some(event), reply.is_head));
    }
    let subset = reply
        .subset
        .clone()
        .filter(|_| status.is_success() && !says_issues);
    let body = render(http, reply, subset, body).await?;
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(reply.representation.content_type()),
    );
    Ok(assembled(status, headers, Some(body), reply.is_head))
}

/// The answer to an interaction that failed: an OperationOutcome.
pub(super) async fn of_error(http: &Arc<Http>, reply: &Reply, error: &Error) -> Response {
    let json = match reply.ihe {
        Some(operation) => operation.refusal(error.issues()),
        None => operation_outcome(error.issues()),
    };
    let json = Bytes::from(json);
    let mut representation = reply.representation;
    let body = match render(http, reply, None, json.clone()).await {
        Ok(body) => body,
        // An element table without OperationOutcome writes no XML.
        Err(_) => {
            representation = Representation::DEFAULT;
            json
        }
    };
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(representation.content_type()),
    );
    headers.insert(VARY, HeaderValue::from_static("accept"));
    if let (ErrorKind::MethodNotAllowed, Some(allow)) = (error.kind(), reply.allow) {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    if let ErrorKind::Throttled { retry_after_s } = error.kind() {
        headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
    }
    if let Some(challenge) = challenge(http, error, reply.has_token) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    assembled(error.status(), headers, Some(body), reply.is_head)
}

/// The answer to OPTIONS.
pub(super) fn options(allowed: &'static str) -> Response {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(ALLOW, HeaderValue::from_static(allowed));
    assembled(StatusCode::NO_CONTENT, headers, None, false)
}

/// The JSON of a body in the format asked for. Plain JSON goes through untouched.
async fn render(
    http: &Arc<Http>,
    reply: &Reply,
    subset: Option<Subset>,
    json: Bytes,
) -> Result<Bytes> {
    let is_plain = reply.representation.format == Format::Json && !reply.pretty;
    if is_plain && subset.is_none() {
        return Ok(json);
    }
    let http = Arc::clone(http);
    let (format, is_pretty) = (reply.representation.format, reply.pretty);
    let has_entries = reply.has_entries;
    heavy(json.len(), move || {
        let structures = &http.parts.structures;
        let limits = http.settings.limits.parse;
        let parse = |json: Bytes| Document::parse_with(json, limits).map_err(Error::internal);
        let mut document = parse(json)?;
        if let Some(subset) = subset {
            let part = match has_entries {
                true => subset.of_entries(document.root(), structures),
                false => subset.of_resource(document.root(), structures),
            };
            document = parse(part.into())?;
        }
        match format {
            Format::Json if is_pretty => Ok(pretty(document.root()).into()),
            Format::Json => Ok(document.bytes().clone()),
            Format::Xml => {
                let resource = Resource::of(document).map_err(Error::internal)?;
                let xml = to_xml(&resource, structures, is_pretty).map_err(|error| {
                    Error::new(
                        ErrorKind::NotAcceptable,
                        "the resource holds what XML cannot carry; ask for application/fhir+json",
                    )
                    .caused_by(error)
                })?;
                Ok(xml.into())
            }
        }
    })
    .await
}

/// An Appointment as an event of a calendar.
fn calendar_event(http: &Http, appointment: &Bytes) -> Result<Bytes> {
    let limits = http.settings.limits.parse;
    let appointment = Document::parse_with(appointment.clone(), limits).map_err(Error::internal)?;
    let event = fhir::scheduling::calendar(appointment.root(), &http.settings.base_url);
    let refused = || {
        Error::new(
            ErrorKind::NotAcceptable,
            "the appointment has no time, so it is no event of a calendar",
        )
    };
    event.map(Bytes::from).ok_or_else(refused)
}

fn wants_binary_content(binary: Bytes, accept: &[Box<str>]) -> bool {
    let accept: Vec<&str> = accept.iter().map(|range| &**range).collect();
    let content_type = Document::parse(binary)
        .ok()
        .and_then(|binary| binary::content_type(&binary));
    content_type.is_some_and(|content_type| wants_content(None, &accept, &content_type))
}

async fn binary_content(mut headers: HeaderMap, body: Bytes, is_head: bool) -> Result<Response> {
    let content = heavy(body.len(), move || binary::content(body)).await?;
    if insert(&mut headers, CONTENT_TYPE, &content.content_type).is_none() {
        insert(&mut headers, CONTENT_TYPE, "application/octet-stream");
    }
    if let Some(context) = &content.security_context {
        insert(
            &mut headers,
            HeaderName::from_static("x-security-context"),
            context,
        );
    }
    // What somebody stored must not act as a page of this server.
    insert(&mut headers, CONTENT_SECURITY_POLICY, "sandbox");
    insert(&mut headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    let body = Some(content.data.into());
    Ok(assembled(StatusCode::OK, headers, body, is_head))
}

fn assembled(
    status: StatusCode,
    headers: HeaderMap,
    body: Option<Bytes>,
    is_head: bool,
) -> Response {
    let body = body.unwrap_or_default();
    let length = body.len();
    let mut response = Response::new(match is_head {
        true => Body::empty(),
        false => Body::from(body),
    });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if length > 0 {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response
}

/// Sets a header; `None` where the text cannot stand in one.
fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) -> Option<()> {
    headers.insert(name, HeaderValue::from_str(text).ok()?);
    Some(())
}

/// Beside a body that has no room for issues, warnings go into headers.
fn warn(headers: &mut HeaderMap, issues: &[Issue]) {
    for issue in issues {
        let text: String = issue
            .diagnostics
            .chars()
            .map(|character| match character {
                '"' | '\\' => '\'',
                ' '..='~' => character,
                _ => '?',
            })
            .collect();
        if let Ok(warning) = HeaderValue::from_str(&format!("199 - \"{text}\"")) {
            headers.append(WARNING, warning);
        }
    }
}
