//! One entry of a batch or transaction: its request, read by the routes of HTTP.

use std::str::FromStr;

use fhir::json::{Document, Kind, Value};
use fhir::resource::Resource;
use fhir::subset::Subset;
use http::Method;

use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::route::{RouteBody, RouteRequest, route};
use crate::interactions::{EntityTags, Interaction, Outcome, Patch, paging};

/// An entry whose request is understood.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its place, from 0.
    pub(super) place: usize,
    /// Its method, for the order of processing.
    pub(super) method: Method,
    /// What the entry calls its resource.
    pub(super) full_url: Option<String>,
    /// What is asked.
    pub(super) interaction: Interaction,
    /// Which part of the resources found is asked for.
    part: Option<Subset>,
}

/// The FHIRPath of an entry.
pub(super) fn expression(place: usize) -> String {
    format!("Bundle.entry[{place}]")
}

/// Reads one entry. A fault names its place.
pub(super) fn read(cx: &RequestContext, place: usize, entry: Value<'_>) -> Result<Entry> {
    parse(cx, place, entry).map_err(|error| error.within(&expression(place)))
}

fn parse(cx: &RequestContext, place: usize, entry: Value<'_>) -> Result<Entry> {
    let bad = |sentence: &str, at: &str| Error::new(ErrorKind::BadValue, sentence).at(at);
    let request = entry.get("request").ok_or_else(|| {
        bad(
            "an entry of a batch or transaction needs a request",
            "request",
        )
    })?;
    let text = |name: &str| request.get(name).and_then(Value::string);
    let method = text("method").and_then(|name| Method::from_str(&name).ok());
    let method = method.ok_or_else(|| bad("the request needs a method", "request.method"))?;
    let url = text("url").ok_or_else(|| bad("the request needs a url", "request.url"))?;
    if url.contains('\0') {
        return Err(bad("a url has no NUL in it", "request.url"));
    }
    let (path, query) = local_path(cx, &url)?;
    let body = match entry.get("resource") {
        Some(resource) => Some(body(cx, &method, resource)?),
        None => None,
    };
    let tags = |name: &str, at: &str| {
        text(name)
            .map(|tags| EntityTags::parse(&tags).map_err(|error| error.at(at)))
            .transpose()
    };
    let if_modified_since = text("ifModifiedSince").map(|instant| {
        fhir::time::parse_instant(&instant)
            .map(|instant| instant.lower())
            .map_err(|_| {
                bad(
                    "ifModifiedSince must be an instant",
                    "request.ifModifiedSince",
                )
            })
    });
    let routed = route(RouteRequest {
        method: &method,
        path,
        query,
        body,
        if_match: tags("ifMatch", "request.ifMatch")?,
        if_none_match: tags("ifNoneMatch", "request.ifNoneMatch")?,
        if_none_exist: text("ifNoneExist").map(|query| query.trim_start_matches('?').to_owned()),
        if_modified_since: if_modified_since.transpose()?,
        handling: cx.handling,
    })
    .map_err(|error| error.at("request.url"))?;
    if let Interaction::Bundle { .. } = routed.interaction {
        return Err(bad(
            "a Bundle cannot be performed inside a Bundle",
            "request.url",
        ));
    }
    let part = part(&routed.interaction, query)?;
    let full_url = entry.get("fullUrl").and_then(Value::string).map(Into::into);
    Ok(Entry {
        place,
        method,
        full_url,
        interaction: routed.interaction,
        part,
    })
}

/// Which part of the resources a search or history is to answer. HTTP cuts its own answer, but knows nothing of one
/// within it.
fn part(interaction: &Interaction, query: &str) -> Result<Option<Subset>> {
    let is_search = match interaction {
        Interaction::Search { .. } => true,
        Interaction::History { .. } => false,
        _ => return Ok(None),
    };
    let mut summary: Option<String> = None;
    let mut elements: Option<String> = None;
    for (name, value) in paging::parameters(query)? {
        match (name.as_str(), &elements) {
            ("_summary", _) => summary = Some(value),
            ("_elements", Some(first)) => elements = Some(format!("{first},{value}")),
            ("_elements", None) => elements = Some(value),
            _ => {}
        }
    }
    let bad = |sentence: String| Error::new(ErrorKind::BadValue, sentence).at("request.url");
    let part = Subset::parse(summary.as_deref(), elements.as_deref());
    match part.map_err(|error| bad(error.to_string()))? {
        Some(Subset::Count) if is_search => Ok(None),
        Some(Subset::Count) => Err(bad("_summary=count belongs to searches".to_owned())),
        part => Ok(part),
    }
}

/// What is left of an answer when only a part of its resources is asked for.
#[derive(Clone, Debug)]
pub(super) struct Cut(Option<Subset>);

impl Entry {
    /// How the answer to the entry is to be cut.
    pub(super) fn cut(&self) -> Cut {
        Cut(self.part.clone())
    }
}

impl Cut {
    /// The answer, cut. A name that no element has is refused here, as HTTP refuses it.
    pub(super) fn apply(&self, definitions: &Definitions, outcome: Outcome) -> Result<Outcome> {
        let (Some(part), Some(body)) = (&self.0, outcome.body.clone()) else {
            return Ok(outcome);
        };
        let structures = definitions.structures();
        part.check(None, structures).map_err(|error| {
            Error::new(ErrorKind::BadValue, error.to_string()).at("request.url")
        })?;
        let bundle = Document::parse(body).map_err(Error::internal)?;
        Ok(Outcome {
            body: Some(part.of_entries(bundle.root(), structures).into()),
            ..outcome
        })
    }
}

/// The path and query of a request URL, which is relative to the base or stands under it.
fn local_path<'u>(cx: &RequestContext, url: &'u str) -> Result<(&'u str, &'u str)> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    match path.strip_prefix(&*cx.base_url) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Ok((rest, query)),
        _ if path.contains("://") || path.starts_with("urn:") => Err(Error::new(
            ErrorKind::BadValue,
            "the request goes to another server",
        )
        .at("request.url")),
        _ => Ok((path, query)),
    }
}

/// The resource of an entry is its body. A patch is a Parameters resource or travels in a Binary
/// (<https://hl7.org/fhir/R4/http.html#patch>).
fn body(cx: &RequestContext, method: &Method, resource: Value<'_>) -> Result<RouteBody> {
    if resource.kind() != Kind::Object {
        return Err(Error::new(ErrorKind::Malformed, "a resource is a JSON object").at("resource"));
    }
    let resource = Resource::parse_with(resource.raw().to_owned(), cx.limits.parse)
        .map_err(|error| Error::new(ErrorKind::Malformed, error.to_string()).at("resource"))?;
    if method != Method::PATCH || resource.resource_type().name() != "Binary" {
        return Ok(RouteBody::Resource(resource));
    }
    let text = |name: &str| resource.get(name).and_then(Value::string);
    let bad = |sentence: &str| Error::new(ErrorKind::BadValue, sentence).at("resource");
    let data = text("data").ok_or_else(|| bad("the Binary of a patch needs data"))?;
    let data = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data.as_bytes())
        .map_err(|_| bad("the data of the Binary is not base64"))?;
    match text("contentType").as_deref() {
        Some("application/json-patch+json") => {
            let patch = Document::parse_with(data, cx.limits.parse)
                .map_err(|error| bad(&error.to_string()))?;
            Ok(RouteBody::Patch(Patch::Json(patch)))
        }
        Some("application/xml-patch+xml") => Ok(RouteBody::Patch(Patch::Xml(data.into()))),
        _ => Err(bad(
            "the Binary of a patch is application/json-patch+json or application/xml-patch+xml",
        )),
    }
}
