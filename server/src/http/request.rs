//! HTTP to [`crate::interactions::Interaction`], and back through [`super::response`].

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts as Head;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use fhir::ids::{ResourceKey, ResourceType};
use fhir::subset::Subset;

use super::controls::{Controls, Kept};
use super::ihe::IheOperation;
use super::negotiation::{BodyType, Format, Representation, body_type, negotiate, wants_calendar};
use super::response::{self, Reply};
use super::{BASE_PATH, Http, admission, binary, body, headers, heavy};
use crate::auth::Access;
use crate::context::{Handling, RequestContext};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::route::{Route, RouteBody, RouteRequest, Routed};
use crate::interactions::{Interaction, Outcome};

/// The methods of a path.
fn allowed(http: &Http, route: &Route) -> &'static str {
    match http.settings.keeps_trail {
        true => route.allowed_beside_trail(),
        false => route.allowed(),
    }
}

/// Notes what the caller of an operation knows the call by.
fn note_key(interaction: &mut Interaction, head: &Head) -> Result<()> {
    if let Interaction::Operation { conditions, .. } = interaction {
        conditions.idempotency_key = headers::idempotency_key(&head.headers)?;
    }
    Ok(())
}

/// Answers one request to the FHIR API. What is learned of the client goes into `reply` as soon as it is known, so
/// that an error at any point is answered as the client wants it.
pub(super) async fn answer(
    http: &Arc<Http>,
    request_id: &Arc<str>,
    head: &Head,
    body: Body,
    reply: &mut Reply,
) -> Result<Response> {
    let whole = head.uri.path();
    let path = whole.strip_prefix(BASE_PATH).unwrap_or(whole);
    let route = Route::parse(&head.method, path);
    let known = route.as_ref();
    let kept = known.map_or(Kept::Nothing, |route| kept(route, &head.method));
    let accept = headers::accept(&head.headers);
    let preferences = headers::Preferences::of(&head.headers);
    reply.is_head = head.method == Method::HEAD;
    reply.has_token = head.headers.contains_key(AUTHORIZATION);
    reply.returned = preferences.returned;
    if let Ok(route) = &route {
        reply.route = Some((route.pattern(), route.resource_type()));
        reply.allow = Some(allowed(http, route));
    }

    let query = head.uri.query().unwrap_or_default();
    let (mut controls, rest) = Controls::parse(query, kept)?;
    let mut negotiated = negotiate(controls.format.as_deref(), &accept);
    reply.prefer(&controls, &negotiated);
    let route = route?;
    if head.method == Method::OPTIONS {
        return Ok(response::options(allowed(http, &route)));
    }
    route.permits(&head.method)?;
    let access = admission::access(http, &route, head).await?;

    let body = read_body(http, &route, head, body).await?;
    if let (Some(RouteBody::Form(form)), Kept::All | Kept::ForOperation) = (&body, kept) {
        let all = format!("{query}&{form}");
        controls = Controls::parse(&all, kept)?.0;
        negotiated = negotiate(controls.format.as_deref(), &accept);
        reply.prefer(&controls, &negotiated);
    }
    if !goes_out_as_it_is(&route, &head.method, &controls, &accept, reply) {
        negotiated?;
    }
    reply.subset = subset(http, &route, &head.method, controls.subset)?;

    let mut if_none_match = headers::if_none_match(&head.headers)?;
    // What has versions that are not those of a resource, so that nobody else compares them.
    let known = match route {
        Route::Metadata => if_none_match.clone(),
        _ if route.is_public() => if_none_match.take(),
        _ => None,
    };
    let handling = preferences.handling.unwrap_or(Handling::Strict);
    let mut routed = route.interaction(RouteRequest {
        method: &head.method,
        path,
        query: &rest,
        body,
        if_match: headers::if_match(&head.headers)?,
        if_none_match,
        if_none_exist: headers::if_none_exist(&head.headers)?,
        if_modified_since: headers::if_modified_since(&head.headers),
        handling,
    })?;
    note_key(&mut routed.interaction, head)?;
    let asks = Asks {
        access,
        handling,
        languages: headers::accept_language(&head.headers),
        address: headers::address(&head.extensions),
    };
    let mut outcome = performed(http, request_id, asks, routed, reply).await?;
    if let (Some(tags), Some((version, _))) = (known, outcome.version)
        && tags.matches(version)
    {
        outcome.status = StatusCode::NOT_MODIFIED;
    }
    response::of_outcome(http, reply, outcome).await
}

/// What a request says of itself beside what it asks.
struct Asks {
    access: Access,
    handling: Handling,
    languages: Option<Box<str>>,
    address: Option<IpAddr>,
}

async fn performed(
    http: &Http,
    request_id: &Arc<str>,
    asks: Asks,
    routed: Routed,
    reply: &mut Reply,
) -> Result<Outcome> {
    reply.interaction = Some(routed.interaction.name());
    if http.settings.ihe_error_bundle {
        reply.ihe = IheOperation::of(&routed.interaction);
    }
    reply.has_entries = matches!(
        routed.interaction,
        Interaction::Search { .. } | Interaction::History { .. }
    );
    let mut cx = RequestContext::new(
        asks.access,
        Arc::clone(request_id),
        Arc::clone(&http.settings.base_url),
        asks.handling,
        reply.returned.unwrap_or_default(),
        Arc::clone(&http.settings.limits),
    );
    cx.languages = asks.languages;
    cx.address = asks.address;
    let mut outcome = (http.parts.perform)(cx, routed.interaction).await?;
    outcome.issues.extend(routed.warnings);
    Ok(outcome)
}

impl Reply {
    fn prefer(&mut self, controls: &Controls, negotiated: &Result<Representation>) {
        self.pretty = controls.pretty;
        if let Ok(representation) = negotiated {
            self.representation = *representation;
        }
    }
}

/// What has links reads the control parameters itself, because they repeat them.
fn kept(route: &Route, method: &Method) -> Kept {
    let is_read = method == Method::GET || method == Method::HEAD;
    match route {
        Route::Search(_) | Route::Compartment(_) | Route::History(_) => Kept::All,
        Route::System | Route::Type(_) if is_read => Kept::All,
        Route::Operation(..) => Kept::ForOperation,
        Route::System
        | Route::Type(_)
        | Route::Metadata
        | Route::Instance(_)
        | Route::Version(..) => Kept::Nothing,
    }
}

/// Whether what is asked for goes out in a form of its own, rather than FHIR's: a Binary perhaps, an Appointment as an event.
fn goes_out_as_it_is(
    route: &Route,
    method: &Method,
    controls: &Controls,
    accept: &[&str],
    reply: &mut Reply,
) -> bool {
    let format = controls.format.as_deref();
    if route.is_public() && *route != Route::Metadata {
        return true;
    }
    if is_read(route, method, "Appointment") && wants_calendar(format, accept) {
        reply.is_calendar = true;
    } else if is_read(route, method, "Binary") && format.is_none() && controls.subset.is_none() {
        reply.accept = Some(accept.iter().map(|&range| range.into()).collect());
    } else {
        return false;
    }
    true
}

/// Whether a version of a resource of a type is asked for.
fn is_read(route: &Route, method: &Method, named: &str) -> bool {
    let key = match route {
        Route::Instance(key) | Route::Version(key, _) => key,
        _ => return false,
    };
    key.resource_type.name() == named && (method == Method::GET || method == Method::HEAD)
}

fn is_binary(resource_type: ResourceType) -> bool {
    resource_type.name() == "Binary"
}

/// Which part of the resources is asked for, where that has a meaning.
fn subset(
    http: &Http,
    route: &Route,
    method: &Method,
    subset: Option<Subset>,
) -> Result<Option<Subset>> {
    let Some(subset) = subset else {
        return Ok(None);
    };
    let bad = |sentence: String| Error::new(ErrorKind::BadValue, sentence);
    let is_search = kept(route, method) == Kept::All;
    if matches!(route, Route::System) && !is_search {
        return Err(bad(
            "_summary and _elements mean nothing to a batch or transaction".to_owned(),
        ));
    }
    if subset == Subset::Count && !is_search {
        return Err(bad("_summary=count belongs to searches".to_owned()));
    }
    // A page of a search may hold included resources of other types.
    let resource_type = if is_search {
        None
    } else {
        route.resource_type()
    };
    let resource_type = match route {
        Route::Metadata => ResourceType::parse("CapabilityStatement"),
        _ => resource_type,
    };
    subset
        .check(resource_type, &http.parts.structures)
        .map_err(|error| bad(error.to_string()))?;
    Ok(Some(subset))
}

async fn read_body(
    http: &Arc<Http>,
    route: &Route,
    head: &Head,
    body: Body,
) -> Result<Option<RouteBody>> {
    if matches!(route, Route::Metadata) {
        // Everybody may ask for it, and nobody has anything to send: nothing is read of strangers.
        return Ok(None);
    }
    let bytes = body::collect(&head.headers, body, http.settings.body_bytes_max).await?;
    let security_context = headers::single(&head.headers, "x-security-context")?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let content_type = headers::content_type(&head.headers)?;
    let target = binary_target(route, &head.method);
    if let Some(id) = target {
        let is_content = match (body_type(content_type), content_type) {
            (Ok(BodyType::Resource { is_fhir: true, .. }), _) | (_, None) => false,
            (Ok(BodyType::Resource { format, .. }), Some(_)) => {
                !holds_binary(http, format, bytes.clone()).await
            }
            (_, Some(_)) => true,
        };
        if is_content {
            let content_type = content_type.unwrap_or_default().to_owned();
            let context = security_context.map(str::to_owned);
            let wrapped = heavy(bytes.len(), move || {
                let id = id.as_ref().map(|key| key.id.as_str());
                let json = binary::wrapped(id, &content_type, context.as_deref(), &bytes);
                Ok(Bytes::from(json))
            });
            let resource = body::resource(http, Format::Json, wrapped.await?).await?;
            return Ok(Some(RouteBody::Resource(resource)));
        }
    }
    if security_context.is_some() {
        return Err(Error::new(
            ErrorKind::BadValue,
            "X-Security-Context belongs to a Binary that is sent in its own format",
        ));
    }
    match body::parse(http, body_type(content_type)?, bytes).await {
        // What is wrong with it may be the very question.
        Err(error) if is_operation(route) && error.kind() == ErrorKind::Malformed => {
            Ok(Some(RouteBody::Unreadable(error.issues().to_vec())))
        }
        parsed => parsed.map(Some),
    }
}

fn is_operation(route: &Route) -> bool {
    matches!(route, Route::Operation(..))
}

/// Whether content may be sent in its own format, and with which id it is stored.
fn binary_target(route: &Route, method: &Method) -> Option<Option<ResourceKey>> {
    match route {
        Route::Type(resource_type) if is_binary(*resource_type) => {
            (method == Method::POST || method == Method::PUT).then_some(None)
        }
        Route::Instance(key) if is_binary(key.resource_type) => {
            (method == Method::PUT).then(|| Some(key.clone()))
        }
        _ => None,
    }
}

/// Whether JSON or XML that does not say that it is FHIR is a Binary all the same.
async fn holds_binary(http: &Arc<Http>, format: Format, bytes: Bytes) -> bool {
    body::resource(http, format, bytes)
        .await
        .is_ok_and(|resource| is_binary(resource.resource_type()))
}
