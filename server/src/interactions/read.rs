//! read and vread (<https://hl7.org/fhir/R4/http.html#read>, <https://hl7.org/fhir/R4/http.html#vread>).

use bytes::Bytes;
use fhir::ids::{ResourceKey, VersionId};
use fhir::json::ParseLimits;
use fhir::resource::Resource;
use http::StatusCode;
use jiff::Timestamp;

use super::{Outcome, ReadConditions};
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Source, Store, StoredVersion};

/// The current version; 404 where there never was one, 410 where it is deleted.
pub(super) async fn read(
    cx: &RequestContext,
    source: &mut Source<'_>,
    key: &ResourceKey,
) -> Result<Outcome> {
    let version = source.read(cx, key).await?.ok_or_else(|| not_found(key))?;
    answer(version)
}

/// A visit that `Appointment/$find` has offered to whoever asks: it is no version of anything, and nobody else's.
pub(super) async fn offered(
    cx: &RequestContext,
    store: &Store,
    key: &ResourceKey,
) -> Result<Option<Outcome>> {
    let is_offer =
        key.resource_type.name() == "Appointment" && key.id.as_str().starts_with("prop-");
    if !is_offer {
        return Ok(None);
    }
    let caller = cx.access.name();
    let offered = store.proposal(&caller, key.id.as_str(), cx.now).await?;
    Ok(offered.map(|content| Outcome::body(StatusCode::OK, content)))
}

/// A definition that is not stored. Its tag is made of its text; the instant is when the process began, which says nothing of
/// what another one answers, so that `If-Modified-Since` is passed over.
pub(super) fn brought(
    text: Bytes,
    version: (VersionId, Timestamp),
    conditions: &ReadConditions,
) -> Outcome {
    let tags = conditions.if_none_match.as_ref();
    let outcome = match tags.is_some_and(|tags| tags.matches(version.0)) {
        true => Outcome::empty(StatusCode::NOT_MODIFIED),
        false => Outcome::body(StatusCode::OK, text),
    };
    Outcome {
        version: Some(version),
        ..outcome
    }
}

/// 304 where the client has that already, and knows from it what it said.
pub(super) fn unless_known(
    cx: &RequestContext,
    definitions: &Definitions,
    key: &ResourceKey,
    outcome: Outcome,
    conditions: &ReadConditions,
) -> Result<Outcome> {
    if !is_unmodified(&outcome, conditions) {
        return Ok(outcome);
    }
    if let (Some((version, _)), Some(body)) = (outcome.version, outcome.body.clone())
        && cx.audited.is_some()
    {
        let resource = Resource::parse_with(body, ParseLimits::STORED).map_err(Error::internal)?;
        definitions.note_read(cx, key, version, &resource)?;
    }
    Ok(Outcome {
        status: StatusCode::NOT_MODIFIED,
        body: None,
        ..outcome
    })
}

/// One version, current or past.
pub(super) async fn vread(
    cx: &RequestContext,
    definitions: &Definitions,
    source: &mut Source<'_>,
    key: &ResourceKey,
    version: &str,
) -> Result<Outcome> {
    let unknown = || Error::new(ErrorKind::NotFound, format!("{key} has no such version"));
    let version: VersionId = version.parse().map_err(|_| unknown())?;
    let found = source
        .read_version(cx, definitions, key, version)
        .await?
        .ok_or_else(unknown)?;
    answer(found)
}

/// The refusal to answer what is not there.
pub(super) fn not_found(key: &ResourceKey) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no {key}"))
}

fn answer(version: StoredVersion) -> Result<Outcome> {
    let Some(content) = version.content else {
        return Err(Error::new(
            ErrorKind::Gone,
            format!("{} was deleted", version.key),
        ));
    };
    Ok(Outcome {
        version: Some((version.version, version.last_updated)),
        ..Outcome::body(StatusCode::OK, content)
    })
}

/// `If-None-Match` decides where both are given (RFC 9110 §13.2.2); HTTP dates count whole seconds.
fn is_unmodified(outcome: &Outcome, conditions: &ReadConditions) -> bool {
    let Some((version, last_updated)) = outcome.version else {
        return false;
    };
    match (&conditions.if_none_match, conditions.if_modified_since) {
        (Some(tags), _) => tags.matches(version),
        (None, Some(since)) => last_updated.as_second() <= since.as_second(),
        (None, None) => false,
    }
}
