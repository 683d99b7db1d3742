//! Query strings of interactions that are no searches: which parameters there may be
//! (<https://hl7.org/fhir/R4/http.html#parameters>).

use fhir::outcome::{Issue, IssueType, Severity};

use super::RouteRequest;
use crate::context::Handling;
use crate::error::{Error, ErrorKind, Result};

impl RouteRequest<'_> {
    /// Refuses every parameter but these; lenient handling warns of the others instead.
    pub(super) fn only(&self, known: &[&str], warnings: &mut Vec<Issue>) -> Result<()> {
        for (name, _) in pairs(self.query) {
            let name = decoded(name)?;
            if known.contains(&name.as_str()) {
                continue;
            }
            let sentence = format!(
                "the query parameter '{}' means nothing to this interaction",
                short(&name)
            );
            match self.handling {
                Handling::Strict => return Err(Error::new(ErrorKind::BadValue, sentence)),
                Handling::Lenient => warnings.push(Issue::new(
                    Severity::Warning,
                    IssueType::NotSupported,
                    sentence,
                )),
            }
        }
        Ok(())
    }

    /// The search of a conditional interaction; without one it would select everything.
    pub(super) fn criteria(&self) -> Result<String> {
        if pairs(self.query).next().is_some() {
            return Ok(self.query.to_owned());
        }
        Err(Error::new(
            ErrorKind::BadValue,
            "an interaction without an id in its URL needs search parameters",
        ))
    }

    /// The search of `If-None-Exist`, which clients send with and without a question mark.
    pub(super) fn existence(&mut self) -> Result<Option<String>> {
        let Some(text) = self.if_none_exist.take() else {
            return Ok(None);
        };
        let query = text.trim();
        let query = query.strip_prefix('?').unwrap_or(query);
        if pairs(query).next().is_some() {
            return Ok(Some(query.to_owned()));
        }
        Err(Error::new(
            ErrorKind::BadValue,
            "If-None-Exist needs search parameters",
        ))
    }
}

/// Two query strings as one.
pub(super) fn joined(query: &str, form: &str) -> String {
    match (query.is_empty(), form.is_empty()) {
        (true, _) => form.to_owned(),
        (_, true) => query.to_owned(),
        (false, false) => format!("{query}&{form}"),
    }
}

/// The value of a parameter that may stand once.
pub(super) fn value(query: &str, name: &str) -> Result<Option<String>> {
    let mut found = None;
    for (key, value) in pairs(query) {
        if decoded(key)? != name {
            continue;
        }
        if found.is_some() {
            return Err(Error::new(
                ErrorKind::BadValue,
                format!("the query parameter '{name}' stands twice"),
            ));
        }
        found = Some(decoded(value)?);
    }
    Ok(found)
}

/// Names and values of a query string, still percent-encoded.
fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn decoded(text: &str) -> Result<String> {
    percent_decoded(text.as_bytes(), true).ok_or_else(|| {
        Error::new(
            ErrorKind::BadValue,
            "the query string is not well percent-encoded UTF-8",
        )
    })
}

/// At most as much of the caller's text as helps to find it.
fn short(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_control())
        .take(64)
        .collect()
}

/// The text behind percent escapes; `None` where an escape is broken or the text is not UTF-8.
pub(crate) fn percent_decoded(text: &[u8], plus_is_space: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => hex(*bytes.next()?)? * 16 + hex(*bytes.next()?)?,
            b'+' if plus_is_space => b' ',
            other => *other,
        });
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
