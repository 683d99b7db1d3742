//! Query parameters and page links that history and search have in common (<https://hl7.org/fhir/R4/http.html#paging>).

use fhir::json::ObjectWriter;
use fhir::search::query::decode;

use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};

/// The parameter that carries the place of a page. Opaque to clients.
pub(super) const CURSOR: &str = "_cursor";

/// The decoded names and values of a query, in order.
pub(super) fn parameters(query: &str) -> Result<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        })
        .collect()
}

fn decoded(text: &str) -> Result<String> {
    decode(text).map_err(|sentence| Error::new(ErrorKind::BadValue, sentence))
}

/// The parameters that say how the answer is written: a plan has no use for them, the links repeat them.
pub(super) fn formats(query: &str) -> Result<Vec<(String, String)>> {
    let mut named = parameters(query)?;
    named.retain(|(name, _)| matches!(name.as_str(), "_format" | "_pretty"));
    Ok(named)
}

/// The cursor of a query, if there is one.
pub(super) fn cursor(query: &str) -> Result<Option<String>> {
    let named = parameters(query)?
        .into_iter()
        .find(|(name, _)| name == CURSOR);
    Ok(named.map(|(_, value)| value))
}

/// `_count`: at least nothing, at most the limit; more than the limit is the limit, as the specification allows.
pub(super) fn count(cx: &RequestContext, value: &str) -> Result<u32> {
    let wrong = || {
        Error::new(
            ErrorKind::BadValue,
            "'_count' must be a whole number, zero or more",
        )
    };
    match value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        true => Ok(value
            .parse()
            .unwrap_or(u32::MAX)
            .min(cx.limits.page_size_max)),
        false => Err(wrong()),
    }
}

/// `self`, `first` and `next`.
pub(super) fn write_links(
    bundle: &mut ObjectWriter<'_>,
    path: &str,
    understood: &[(String, String)],
    cursor: Option<&str>,
    next: Option<&str>,
) {
    let url = |cursor: Option<&str>| {
        let page = cursor.map(|cursor| (CURSOR.to_owned(), cursor.to_owned()));
        let query: Vec<String> = understood
            .iter()
            .chain(page.iter())
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        match query.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", query.join("&")),
        }
    };
    let link = |links: &mut fhir::json::Writer, relation: &str, url: &str| {
        links.object(|link| {
            link.string("relation", relation);
            link.string("url", url);
        });
    };
    bundle.array("link", |links| {
        link(links, "self", &url(cursor));
        if cursor.is_some() {
            link(links, "first", &url(None));
        }
        if let Some(next) = next {
            link(links, "next", &url(Some(next)));
        }
    });
}

/// Percent-encodes all that has a meaning in a query; what FHIR itself uses in values stays readable.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b'/'
            | b',' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
