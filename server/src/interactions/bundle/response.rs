//! The entries of the answer (<https://hl7.org/fhir/R4/http.html#transaction-response>).

use fhir::json::Writer;
use fhir::outcome::operation_outcome;
use http::{Method, StatusCode};

use crate::context::{RequestContext, ReturnPreference};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::Outcome;

/// What became of one entry.
pub(super) type Answer = Result<Outcome>;

/// A HEAD learns what a GET would answer, but for the body.
pub(super) fn without_body_of_head(method: &Method, answer: &mut Answer) {
    if let (&Method::HEAD, Ok(outcome)) = (method, answer) {
        outcome.body = None;
    }
}

/// Bytes of resources that one Bundle answers with: several times what a client may send.
const BYTES_MAX: usize = 256 << 20;

/// What is left of the room in one answer: a Bundle of a few kilobytes may ask for everything many times over.
pub(super) struct Room {
    left: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { left: BYTES_MAX }
    }

    /// Keeps an answer that fits. What was only looked for is refused otherwise; what was written is answered without
    /// its resource.
    pub(super) fn take(&mut self, answer: &mut Answer) {
        let Ok(outcome) = answer else {
            return;
        };
        let size = outcome.body.as_ref().map_or(0, bytes::Bytes::len);
        match self.left.checked_sub(size) {
            Some(left) => self.left = left,
            None if outcome.is_write => outcome.body = None,
            None => {
                let sentence =
                    "the answers to the entries are larger together than one answer may be";
                *answer = Err(Error::new(ErrorKind::TooCostly, sentence));
            }
        }
    }
}

/// The Bundle that answers: one entry for each, in the order they were sent.
pub(super) fn bundle(cx: &RequestContext, kind: &str, answers: &[Answer]) -> Outcome {
    let size: usize = answers
        .iter()
        .flatten()
        .filter_map(|outcome| outcome.body.as_ref())
        .map(bytes::Bytes::len)
        .sum();
    let mut writer = Writer::with_capacity(answers.len() * 160 + size);
    writer.object(|bundle| {
        bundle.string("resourceType", "Bundle");
        bundle.string("type", kind);
        bundle.array("link", |links| {
            links.object(|link| {
                link.string("relation", "self");
                link.string("url", &cx.base_url);
            });
        });
        if !answers.is_empty() {
            bundle.array("entry", |entries| {
                for answer in answers {
                    match answer {
                        Ok(outcome) => write_outcome(cx, entries, outcome),
                        Err(error) => write_error(entries, error),
                    }
                }
            });
        }
    });
    Outcome {
        is_never_kept: answers.iter().flatten().any(|one| one.is_never_kept),
        ..Outcome::body(StatusCode::OK, writer.finish())
    }
}

fn status_line(status: StatusCode) -> String {
    format!(
        "{} {}",
        status.as_str(),
        status.canonical_reason().unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}

fn write_outcome(cx: &RequestContext, entries: &mut Writer, outcome: &Outcome) {
    let shows_resource = !outcome.is_write || cx.preference == ReturnPreference::Representation;
    let body = outcome
        .body
        .as_deref()
        .filter(|_| shows_resource)
        .and_then(|body| std::str::from_utf8(body).ok());
    entries.object(|entry| {
        if let Some((key, _)) = &outcome.location {
            entry.string("fullUrl", &format!("{}/{key}", cx.base_url));
        }
        if let Some(body) = body {
            entry.raw("resource", body);
        }
        entry.object("response", |response| {
            response.string("status", &status_line(outcome.status));
            if let Some((key, version)) = &outcome.location {
                response.string(
                    "location",
                    &format!("{}/{key}/_history/{version}", cx.base_url),
                );
            }
            if let Some((version, last_updated)) = outcome.version {
                response.string("etag", &version.etag());
                response.string("lastModified", &last_updated.to_string());
            }
            let wants_outcome =
                outcome.is_write && cx.preference == ReturnPreference::OperationOutcome;
            if wants_outcome || !outcome.issues.is_empty() {
                response.raw("outcome", &operation_outcome(&outcome.issues));
            }
        });
    });
}

fn write_error(entries: &mut Writer, error: &Error) {
    entries.object(|entry| {
        entry.object("response", |response| {
            response.string("status", &status_line(error.status()));
            response.raw("outcome", &operation_outcome(error.issues()));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_or_left_out() {
        let mut room = Room { left: 10 };
        let mut check = |size: usize, is_write: bool, expected: Option<usize>| {
            let mut answer = Ok(Outcome {
                is_write,
                ..Outcome::body(StatusCode::OK, vec![b' '; size])
            });
            room.take(&mut answer);
            let kept = match answer {
                Ok(outcome) => Some(outcome.body.map_or(0, |body| body.len())),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::TooCostly);
                    None
                }
            };
            assert_eq!(kept, expected, "{size}");
        };
        check(6, false, Some(6));
        check(5, false, None);
        check(5, true, Some(0));
        check(4, false, Some(4));
        check(0, false, Some(0));
        check(1, false, None);
    }
}
