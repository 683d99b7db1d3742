//! Request bodies: read within the limit, and parsed by their `Content-Type`.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use bytes::{Bytes, BytesMut};
use fhir::json::{Document, ParseError, ParseErrorKind};
use fhir::outcome::{Issue, IssueType};
use fhir::resource::{Resource, ResourceError};
use fhir::xml::{XmlError, XmlErrorKind, XmlLimits, from_xml};
use futures_util::StreamExt;

use super::negotiation::{BodyType, Format};
use super::{Http, heavy};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::Patch;
use crate::interactions::route::RouteBody;

/// Reads the whole body, already decompressed; what grows beyond the limit is given up at once.
pub(super) async fn collect(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes> {
    // The decompression takes this header away wherever it knows the encoding.
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Error::new(
            ErrorKind::UnsupportedMediaType,
            "a body may be compressed by gzip or zstd",
        ));
    }
    let too_large = || {
        Error::new(
            ErrorKind::TooLarge,
            format!("a body may have {bytes_max} bytes at most, after decompression"),
        )
    };
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > bytes_max as u64) {
        return Err(too_large());
    }
    let mut stream = body.into_data_stream();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            Error::new(
                ErrorKind::Malformed,
                "the body could not be read to its end",
            )
            .caused_by(error)
        })?;
        if first.len() + rest.len() + chunk.len() > bytes_max {
            return Err(too_large());
        }
        // A body of one chunk is never copied.
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

/// Parses a body that is not empty and no Binary's content.
pub(super) async fn parse(
    http: &Arc<Http>,
    body_type: BodyType,
    bytes: Bytes,
) -> Result<RouteBody> {
    match body_type {
        BodyType::Resource { format, .. } => {
            resource(http, format, bytes).await.map(RouteBody::Resource)
        }
        BodyType::JsonPatch => {
            let limits = http.settings.limits.parse;
            let parsed = heavy(bytes.len(), move || {
                Document::parse_with(bytes, limits).map_err(json_error)
            });
            Ok(RouteBody::Patch(Patch::Json(parsed.await?)))
        }
        BodyType::XmlPatch => Ok(RouteBody::Patch(Patch::Xml(bytes))),
        BodyType::Form => match std::str::from_utf8(&bytes) {
            Ok(form) => Ok(RouteBody::Form(form.to_owned())),
            Err(error) => {
                Err(Error::new(ErrorKind::Malformed, "the form is not UTF-8").caused_by(error))
            }
        },
        BodyType::Other(_) => Err(Error::new(
            ErrorKind::UnsupportedMediaType,
            "a body is application/fhir+json or application/fhir+xml; only a Binary may be anything else",
        )),
    }
}

/// Parses a resource.
pub(super) async fn resource(http: &Arc<Http>, format: Format, bytes: Bytes) -> Result<Resource> {
    let parts = Arc::clone(http);
    heavy(bytes.len(), move || {
        let limits = parts.settings.limits.parse;
        match format {
            Format::Json => Resource::parse_with(bytes, limits).map_err(resource_error),
            Format::Xml => {
                let limits = XmlLimits {
                    json: limits,
                    ..XmlLimits::default()
                };
                from_xml(&bytes, &parts.parts.structures, limits).map_err(xml_error)
            }
        }
    })
    .await
}

fn resource_error(error: ResourceError) -> Error {
    match error {
        ResourceError::Json(error) => json_error(error),
        ResourceError::NotAnObject | ResourceError::NoType | ResourceError::UnknownType => {
            Error::new(ErrorKind::Malformed, error.to_string())
        }
    }
}

fn json_error(error: ParseError) -> Error {
    let kind = match error.kind {
        ParseErrorKind::TooLarge => ErrorKind::TooLarge,
        _ => ErrorKind::Malformed,
    };
    let issue = Issue::error(kind.fhir().1, error.kind.to_string()).positioned(error.position);
    Error::with_issues(kind, vec![issue])
}

fn xml_error(error: XmlError) -> Error {
    let kind = match error.kind {
        XmlErrorKind::TooLarge => ErrorKind::TooLarge,
        _ => ErrorKind::Malformed,
    };
    let mut issue =
        Issue::error(IssueType::Structure, error.kind.to_string()).positioned(error.position);
    issue.expression.extend(error.path);
    Error::with_issues(kind, vec![issue])
}
