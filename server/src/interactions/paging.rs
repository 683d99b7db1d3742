//! Query parameters that history and search have in common (<https://hl7.org/fhir/R4/http.html#paging>).

use fhir::search::query::decode;

use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
pub(super) use crate::searchset::CURSOR;

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
        .find(|(name, value)| name == CURSOR && !value.is_empty());
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
