//! delete (<https://hl7.org/fhir/R4/http.html#delete>): a version of its own that says the resource is gone.

use fhir::ids::ResourceKey;
use http::StatusCode;

use super::perform::Interactions;
use super::{Outcome, WriteConditions};
use crate::context::RequestContext;
use crate::error::Result;
use crate::store::{Deleted, PreparedDelete, Source};

/// Deletes a resource. Deleting what is not there succeeds and does nothing.
pub(super) async fn delete(
    interactions: &Interactions,
    cx: &RequestContext,
    key: ResourceKey,
    conditions: &WriteConditions,
) -> Result<Outcome> {
    let mut source = Source::Committed(&interactions.store);
    let patients = interactions.patients_of_current(cx, &mut source, &key);
    let patients = patients.await?;
    let prepared = PreparedDelete::new(
        key,
        conditions.for_store()?,
        !cx.limits.delete_referenced,
        cx.now,
    )
    .concerning(patients);
    Ok(answer(interactions.store.delete(cx, prepared).await?))
}

/// The answer to a delete.
pub(super) fn answer(deleted: Deleted) -> Outcome {
    let version = match deleted {
        Deleted::Now(version, at) => Some((version, at)),
        Deleted::Absent => None,
    };
    Outcome {
        version,
        ..Outcome::empty(StatusCode::NO_CONTENT)
    }
}
