//! The conditional headers (<https://hl7.org/fhir/R4/http.html#concurrency>) and where they have a meaning.

use fhir::ids::VersionId;
use http::Method;

use super::{CallConditions, EntityTags, OperationTarget, Route, RouteRequest, WriteConditions};
use crate::error::{Error, ErrorKind, Result};

impl EntityTags {
    /// Reads `*`, `W/"3"`, `"3"` or a list of tags. Text that is no list of tags is an error; a tag that is no version
    /// of this server matches nothing.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let mut versions = Vec::new();
        let mut rest = text;
        loop {
            let opened = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"');
            let (tag, after) = opened
                .and_then(|opened| opened.split_once('"'))
                .ok_or_else(malformed)?;
            versions.extend(tag.parse::<VersionId>());
            let after = after.trim_start();
            if after.is_empty() {
                return Ok(Self::Versions(versions));
            }
            rest = after.strip_prefix(',').ok_or_else(malformed)?.trim_start();
        }
    }

    /// Whether a version is among the tags.
    pub fn matches(&self, version: VersionId) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

fn malformed() -> Error {
    Error::new(
        ErrorKind::BadValue,
        "If-Match and If-None-Match hold '*' or version tags such as W/\"3\"",
    )
}

impl RouteRequest<'_> {
    /// Refuses a condition the interaction would not look at: ignoring it could write what was not to be written.
    /// On reads without versions the preconditions of a cache mean nothing and do no harm.
    pub(super) fn check_headers(&self, route: &Route, method: &Method) -> Result<()> {
        let is_create = method == Method::POST && matches!(route, Route::Type(_));
        let is_write = method != Method::GET && method != Method::POST;
        let is_call = method == Method::POST
            && matches!(route, Route::Operation(OperationTarget::Instance(_), _));
        let takes_versions =
            is_call || is_write && !(method == Method::DELETE && matches!(route, Route::Type(_)));
        let takes_absence = method == Method::PUT || method == Method::GET;
        let refused = if self.if_none_exist.is_some() && !is_create {
            Some("If-None-Exist belongs to a create")
        } else if self.if_match.is_some() && !takes_versions {
            Some(
                "If-Match belongs to an update, a patch, the delete of one resource or an operation on it",
            )
        } else if self.if_none_match.is_some() && !takes_absence {
            Some("If-None-Match belongs to a read or an update")
        } else {
            None
        };
        match refused {
            Some(sentence) => Err(Error::new(ErrorKind::BadValue, sentence)),
            None => Ok(()),
        }
    }

    pub(super) fn call_conditions(&mut self) -> CallConditions {
        CallConditions {
            if_match: self.if_match.take().map(EntityTags::expected),
            idempotency_key: None,
        }
    }

    pub(super) fn write_conditions(&mut self) -> WriteConditions {
        WriteConditions {
            if_match: self.if_match.take(),
            if_none_match: self.if_none_match.take(),
        }
    }
}
