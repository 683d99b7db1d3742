//! patch by JSON Patch, XML Patch and FHIRPath Patch (<https://hl7.org/fhir/R4/http.html#patch>).

use fhir::ids::ResourceKey;
use fhir::json::ParseLimits;
use fhir::resource::Resource;

use super::perform::Interactions;
use super::{Outcome, Patch, WriteConditions, read, write};
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{
    ExpectedVersions, PreparedWrite, Source, StoredVersion, Transaction, Verb, WriteCondition,
};

/// Changes the current version. The write holds only while that version is the current one; a patch that met another
/// write is applied anew to what that made, under a lock, so that it cannot lose twice.
pub(super) async fn patch(
    interactions: &Interactions,
    cx: &RequestContext,
    key: ResourceKey,
    patch: &Patch,
    conditions: &WriteConditions,
) -> Result<Outcome> {
    let asked = conditions.for_store()?;
    let current = Source::Committed(&interactions.store)
        .read(cx, &key)
        .await?;
    let current = current.ok_or_else(|| read::not_found(&key))?;
    let prepared = prepare(cx, interactions, &current, patch, &asked).await?;
    match interactions.store.put(cx, prepared).await {
        Err(error) if error.kind() == ErrorKind::PreconditionFailed && asked.versions.is_none() => {
        }
        result => return Ok(write::answer(key, result?)),
    }
    let mut attempts = interactions.store.attempts();
    loop {
        let mut tx = attempts.begin(cx).await?;
        let result = patch_locked(interactions, cx, &mut tx, &key, patch, &asked).await;
        if let Some(answer) = attempts.finish(tx, result).await {
            return answer;
        }
    }
}

/// Changes the current version of a resource that nobody else changes meanwhile.
pub(super) async fn patch_locked(
    interactions: &Interactions,
    cx: &RequestContext,
    tx: &mut Transaction,
    key: &ResourceKey,
    patch: &Patch,
    asked: &WriteCondition,
) -> Result<Outcome> {
    tx.lock(vec![key.clone()]).await?;
    let current = Source::Within(&interactions.store, tx)
        .read(cx, key)
        .await?;
    let current = current.ok_or_else(|| read::not_found(key))?;
    let prepared = prepare(cx, interactions, &current, patch, asked).await?;
    write::put_one(tx, prepared).await
}

/// Applies a patch to a version and makes the write ready; it will hold only while that version is the current one.
async fn prepare(
    cx: &RequestContext,
    interactions: &Interactions,
    current: &StoredVersion,
    patch: &Patch,
    asked: &WriteCondition,
) -> Result<PreparedWrite> {
    let Patched {
        after, condition, ..
    } = apply(cx, &interactions.definitions, current, patch, asked)?;
    let key = current.key.clone();
    let prepared = write::prepare(cx, interactions, key, Verb::Patch, &after).await?;
    Ok(prepared.under(condition))
}

/// What a patch makes of a version.
pub(super) struct Patched {
    /// The resource there is.
    pub(super) before: Resource,
    /// The resource there is to be.
    pub(super) after: Resource,
    /// That the version is still the current one.
    pub(super) condition: WriteCondition,
}

/// Applies a patch to a version.
pub(super) fn apply(
    cx: &RequestContext,
    definitions: &Definitions,
    current: &StoredVersion,
    patch: &Patch,
    asked: &WriteCondition,
) -> Result<Patched> {
    let key = &current.key;
    let gone = || Error::new(ErrorKind::Gone, format!("{key} was deleted"));
    let content = current.content.clone().ok_or_else(gone)?;
    let expected = asked.versions.as_ref();
    if expected.is_some_and(|versions| !versions.contains(current.version)) {
        return Err(Error::new(
            ErrorKind::PreconditionFailed,
            "the resource is not in the version that If-Match names",
        ));
    }
    let before = Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
    let after = definitions.apply_patch(cx, &before, patch)?;
    write::check_type(&after, key.resource_type)?;
    write::check_id(&after, key)?;
    let condition = WriteCondition {
        versions: Some(ExpectedVersions::OneOf(vec![current.version])),
        absent: false,
    };
    Ok(Patched {
        before,
        after,
        condition,
    })
}
