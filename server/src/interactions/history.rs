//! history of a resource, a type, or everything (<https://hl7.org/fhir/R4/http.html#history>).

use fhir::json::Writer;
use fhir::time::{DateTime, parse_partial};
use http::StatusCode;

use super::{HistoryScope, Outcome, paging, read};
use crate::context::{Handling, RequestContext};
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::searchset::PageLinks;
use crate::store::{HistoryFilter, Source, StoredVersion, Verb};

/// A Bundle of versions, newest first.
pub(super) async fn history(
    cx: &RequestContext,
    definitions: &Definitions,
    source: &mut Source<'_>,
    scope: &HistoryScope,
    query: &str,
) -> Result<Outcome> {
    let (filter, understood) = parse(cx, query)?;
    let page = source.history(cx, definitions, scope, &filter).await?;
    if let (HistoryScope::Instance(key), true) = (scope, page.versions.is_empty())
        && source.read(cx, key).await?.is_none()
    {
        return Err(read::not_found(key));
    }
    let path = match scope {
        HistoryScope::Instance(key) => format!("{}/{key}/_history", cx.base_url),
        HistoryScope::Type(resource_type) => format!("{}/{resource_type}/_history", cx.base_url),
        HistoryScope::System => format!("{}/_history", cx.base_url),
    };
    let mut writer = Writer::with_capacity(4096);
    writer.object(|bundle| {
        bundle.string("resourceType", "Bundle");
        bundle.string("type", "history");
        let links = PageLinks {
            path: &path,
            understood: &understood,
            cursor: filter.cursor.as_deref(),
            previous: None,
            next: page.next.as_deref(),
        };
        links.write(bundle);
        if !page.versions.is_empty() {
            bundle.array("entry", |entries| {
                for version in &page.versions {
                    write_entry(cx, entries, version);
                }
            });
        }
    });
    Ok(Outcome::body(StatusCode::OK, writer.finish()))
}

fn write_entry(cx: &RequestContext, entries: &mut Writer, version: &StoredVersion) {
    let key = &version.key;
    entries.object(|entry| {
        entry.string("fullUrl", &format!("{}/{key}", cx.base_url));
        if let Some(content) = version
            .content
            .as_deref()
            .and_then(|content| std::str::from_utf8(content).ok())
        {
            entry.raw("resource", content);
        }
        entry.object("request", |request| {
            request.string("method", version.verb.code());
            match version.verb {
                Verb::Post => request.string("url", key.resource_type.name()),
                Verb::Put | Verb::Patch | Verb::Delete => request.string("url", &key.to_string()),
            }
        });
        entry.object("response", |response| {
            response.string("status", status(version));
            response.string("etag", &version.version.etag());
            response.string("lastModified", &version.last_updated.to_string());
        });
    });
}

/// What the write that made the version answered.
fn status(version: &StoredVersion) -> &'static str {
    match version.verb {
        Verb::Delete => "204 No Content",
        Verb::Post => "201 Created",
        Verb::Put if version.version.number() == 1 => "201 Created",
        Verb::Put | Verb::Patch => "200 OK",
    }
}

/// `_since`, `_at`, `_count` and the page; `_at` may be less precise than an instant and means the period it names.
fn parse(cx: &RequestContext, query: &str) -> Result<(HistoryFilter, Vec<(String, String)>)> {
    let mut filter = HistoryFilter {
        count: cx.limits.page_size,
        ..HistoryFilter::default()
    };
    let mut understood = Vec::new();
    for (name, value) in paging::parameters(query)? {
        match name.as_str() {
            "_count" => filter.count = paging::count(cx, &value)?,
            "_since" => filter.since = Some(moment(&name, &value)?.lower()),
            "_at" => {
                let at = moment(&name, &value)?;
                filter.at = Some((at.lower(), at.upper()));
            }
            paging::CURSOR => {
                filter.cursor = Some(value);
                continue;
            }
            // What the HTTP side makes of the answer; the links repeat it.
            "_format" | "_pretty" | "_summary" | "_elements" => {}
            _ if cx.handling == Handling::Lenient => continue,
            _ => {
                return Err(Error::new(
                    ErrorKind::BadValue,
                    format!("history has no parameter '{name}'; it has _count, _since and _at"),
                ));
            }
        }
        understood.push((name, value));
    }
    Ok((filter, understood))
}

fn moment(name: &str, value: &str) -> Result<DateTime> {
    // A plus sign of the offset arrives as a space where the client did not encode it.
    parse_partial(&value.replace(' ', "+")).map_err(|_| {
        Error::new(
            ErrorKind::BadValue,
            format!("'{name}' must be a date or a moment, such as 2026-01-31T12:00:00Z"),
        )
    })
}
