//! What every write does before it is written: the checks, the id, and the values it is found by.

#[cfg(test)]
mod tests;

use fhir::ids::{ResourceId, ResourceKey, ResourceType, VersionId};
use fhir::outcome::{Issue, Severity};
use fhir::resource::Resource;
use fhir::subset::is_subsetted;
use fhir::validation::CodeQuestion;
use http::StatusCode;

use super::perform::Interactions;
use super::trail::imported;
use super::{EntityTags, Outcome, WriteConditions};
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{ExpectedVersions, PreparedWrite, Transaction, Verb, WriteCondition, Written};
use crate::terminology::CodeAnswers;

/// A new logical id: a UUID that sorts by time.
pub(super) fn new_id() -> Result<ResourceId> {
    uuid::Uuid::now_v7()
        .to_string()
        .parse()
        .map_err(Error::internal)
}

/// Refuses a resource of another type than the URL says.
pub(super) fn check_type(resource: &Resource, expected: ResourceType) -> Result<()> {
    match resource.resource_type() == expected {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Malformed,
            format!(
                "the URL says {expected}, the resource is {}",
                resource.resource_type()
            ),
        )
        .at("resourceType")),
    }
}

/// Refuses a body whose id is missing or another than the URL says (<https://hl7.org/fhir/R4/http.html#update>).
pub(super) fn check_id(resource: &Resource, key: &ResourceKey) -> Result<()> {
    match resource.id() {
        Some(id) if id == key.id.as_str() => Ok(()),
        Some(_) => Err(Error::new(
            ErrorKind::BadValue,
            "the id of the resource is not the id of the URL",
        )
        .at(format!("{}.id", key.resource_type))),
        None => Err(Error::new(
            ErrorKind::BadValue,
            "the resource of an update must carry its id",
        )
        .at(format!("{}.id", key.resource_type))),
    }
}

/// Checks a resource and makes its write ready.
pub(super) async fn prepare(
    cx: &RequestContext,
    interactions: &Interactions,
    key: ResourceKey,
    verb: Verb,
    resource: &Resource,
) -> Result<PreparedWrite> {
    let (prepared, questions) = checked(cx, &interactions.definitions, key, verb, resource)?;
    let answers = CodeAnswers::to(cx, &interactions.store, questions.iter()).await?;
    answers.refuse(&questions)?;
    Ok(prepared)
}

/// The same but for what only the terminology knows of codes: whoever writes it asks that first.
pub(super) fn checked(
    cx: &RequestContext,
    definitions: &Definitions,
    key: ResourceKey,
    verb: Verb,
    resource: &Resource,
) -> Result<(PreparedWrite, Vec<CodeQuestion>)> {
    refuse_subsetted(resource)?;
    imported::check(cx, resource)?;
    let (targets, questions) = definitions.check_write(cx, resource)?;
    definitions.check_definition(&key, resource)?;
    let index = definitions.index_values(resource, &cx.base_url)?;
    let patients = match cx.audited {
        Some(_) => definitions.patients_of(cx, &key, resource)?,
        None => Vec::new(),
    };
    let prepared = PreparedWrite::new(key, verb, resource, index, cx.now).concerning(patients);
    Ok((prepared.referring_to(targets), questions))
}

/// A resource with parts left out must not replace the whole (<https://hl7.org/fhir/R4/search.html#summary>).
fn refuse_subsetted(resource: &Resource) -> Result<()> {
    match is_subsetted(resource.root()) {
        true => Err(Error::new(
            ErrorKind::BusinessRule,
            "the resource is tagged SUBSETTED: parts were left out when it was read, and writing it would lose them",
        )
        .at(format!("{}.meta.tag", resource.resource_type()))),
        false => Ok(()),
    }
}

impl WriteConditions {
    /// The same, as the store asks for it. `If-None-Match` of a write means "there is none" and nothing else.
    pub(super) fn for_store(&self) -> Result<WriteCondition> {
        let absent = match &self.if_none_match {
            None => false,
            Some(EntityTags::Any) => true,
            Some(EntityTags::Versions(_)) => {
                return Err(Error::new(
                    ErrorKind::NotSupported,
                    "If-None-Match of a write can only be '*'",
                ));
            }
        };
        let versions = self.if_match.clone().map(EntityTags::expected);
        Ok(WriteCondition { versions, absent })
    }
}

impl EntityTags {
    /// The versions that a write may meet.
    pub(super) fn expected(self) -> ExpectedVersions {
        match self {
            Self::Any => ExpectedVersions::Any,
            Self::Versions(versions) => ExpectedVersions::OneOf(versions),
        }
    }
}

/// The answer to a write that stored a version.
pub(super) fn answer(key: ResourceKey, written: Written) -> Outcome {
    let status = if written.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Outcome {
        version: Some((written.version, written.last_updated)),
        location: Some((key, written.version)),
        is_write: true,
        ..Outcome::body(status, written.content)
    }
}

/// The answer to a write that found what it wanted already there.
pub(super) fn unchanged(key: ResourceKey, version: VersionId, outcome: Outcome) -> Outcome {
    Outcome {
        location: Some((key, version)),
        is_write: true,
        ..outcome
    }
}

/// What to say of a write beside its answer: the draft of a definition could not be used as it is.
pub(super) fn warnings(
    interactions: &Interactions,
    key: &ResourceKey,
    resource: &Resource,
) -> Vec<Issue> {
    let faults = interactions
        .definitions
        .definition_faults(Some(&key.id), resource);
    faults
        .into_iter()
        .filter(|fault| fault.severity == Severity::Warning)
        .collect()
}

/// Stores one resource within a transaction.
pub(super) async fn put_one(tx: &mut Transaction, prepared: PreparedWrite) -> Result<Outcome> {
    let written = tx.put_one(&prepared).await?;
    Ok(answer(prepared.key().clone(), written))
}
