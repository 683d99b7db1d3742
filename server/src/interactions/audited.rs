//! What the audit trail says of interactions: what was asked, what was touched, and whose it is. A request is answered
//! only when its record is durable (server/decisions/0024-audit-trail.md).

mod found;
mod owners;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use fhir::ids::{ResourceId, ResourceKey, ResourceType, VersionId};
use fhir::json::{ParseLimits, Value};
use fhir::resource::Resource;

pub use owners::Owners;

use found::Finder;

use super::perform::Interactions;
use super::route::SECRET;
use super::{HistoryScope, Interaction, OperationInput, OperationTarget, Outcome, SearchScope};
use crate::audit::{AuditRecord, AuditedResource, RefusedRequest};
use crate::auth::{Access, Reason};
use crate::context::{Audited, RequestContext};
use crate::error::{Error, ErrorKind, Result};
use crate::operations::Registry;
use crate::store::Source;

/// Bodies above this size are looked through off the threads that answer requests.
const HEAVY_BYTES: usize = 256 * 1024;

impl Interaction {
    /// What the trail says of it before it is performed; `None` for what is public.
    pub(super) fn audited(&self, operations: &Registry) -> Option<Audited> {
        let (interaction, action) = match self {
            Self::Read { .. } => ("read", "R"),
            Self::Vread { .. } => ("vread", "R"),
            Self::Create { .. } => ("create", "C"),
            Self::Update { .. } | Self::ConditionalUpdate { .. } => ("update", "U"),
            Self::Patch { .. } | Self::ConditionalPatch { .. } => ("patch", "U"),
            Self::Delete { .. } | Self::ConditionalDelete { .. } => ("delete", "D"),
            Self::History { scope, .. } => match scope {
                HistoryScope::Instance(_) => ("history-instance", "R"),
                HistoryScope::Type(_) => ("history-type", "R"),
                HistoryScope::System => ("history-system", "R"),
            },
            Self::Search { scope, .. } => match scope {
                SearchScope::Type(_) | SearchScope::Compartment(_, Some(_)) => ("search-type", "E"),
                SearchScope::System | SearchScope::Compartment(_, None) => ("search-system", "E"),
            },
            Self::Bundle { resource } => match is_batch(resource) {
                true => ("batch", "E"),
                false => ("transaction", "E"),
            },
            Self::Operation { .. } => ("operation", "E"),
            Self::Capabilities { .. } => return None,
        };
        let operation = match self {
            Self::Operation { code, .. } => Some(code.clone()),
            _ => None,
        };
        let mut audited = Audited::new(interaction, action);
        audited.operation = operation;
        audited.target = self.target().map(Into::into);
        let query = self.query().filter(|query| !query.is_empty());
        let query = query.filter(|_| !self.may_hold_secrets(operations));
        audited.query = query.map(Into::into);
        Some(audited)
    }

    /// What it asks for, as a path below the base.
    fn target(&self) -> Option<String> {
        Some(match self {
            Self::Read { key, .. }
            | Self::Vread { key, .. }
            | Self::Update { key, .. }
            | Self::Patch { key, .. }
            | Self::Delete { key, .. } => key.to_string(),
            Self::Create { resource_type, .. }
            | Self::ConditionalUpdate { resource_type, .. }
            | Self::ConditionalPatch { resource_type, .. }
            | Self::ConditionalDelete { resource_type, .. } => resource_type.to_string(),
            Self::History { scope, .. } => match scope {
                HistoryScope::Instance(key) => key.to_string(),
                HistoryScope::Type(resource_type) => resource_type.to_string(),
                HistoryScope::System => return None,
            },
            Self::Search { scope, .. } => match scope {
                SearchScope::Type(resource_type) => resource_type.to_string(),
                SearchScope::System => return None,
                SearchScope::Compartment(key, Some(resource_type)) => {
                    format!("{key}/{resource_type}")
                }
                SearchScope::Compartment(key, None) => format!("{key}/*"),
            },
            Self::Operation { target, .. } => match target {
                OperationTarget::System => return None,
                OperationTarget::Type(resource_type) => resource_type.to_string(),
                OperationTarget::Instance(key) => key.to_string(),
            },
            Self::Bundle { .. } | Self::Capabilities { .. } => return None,
        })
    }

    /// Whether what is in its query lets in, or people may take it for that: the trail does not have it.
    fn may_hold_secrets(&self, operations: &Registry) -> bool {
        match self {
            Self::Operation { target, code, .. } => {
                &**code == SECRET || operations.is_never_kept(target, code)
            }
            _ => false,
        }
    }

    fn query(&self) -> Option<&str> {
        match self {
            Self::ConditionalUpdate { query, .. }
            | Self::ConditionalPatch { query, .. }
            | Self::ConditionalDelete { query, .. }
            | Self::History { query, .. }
            | Self::Search { query, .. } => Some(query),
            Self::Create { if_none_exist, .. } => if_none_exist.as_deref(),
            Self::Operation { input, .. } => match input {
                OperationInput::Query(query)
                | OperationInput::Body(_, query)
                | OperationInput::Unreadable(_, query) => Some(query),
            },
            Self::Read { .. }
            | Self::Vread { .. }
            | Self::Update { .. }
            | Self::Patch { .. }
            | Self::Delete { .. }
            | Self::Bundle { .. }
            | Self::Capabilities { .. } => None,
        }
    }
}

fn is_batch(bundle: &Resource) -> bool {
    bundle.get("type").and_then(Value::string).as_deref() == Some("batch")
}

impl Interactions {
    /// Records what became of a request, where the commit of what it wrote has not: then it may be answered.
    pub(super) async fn conclude(
        &self,
        cx: &RequestContext,
        result: Result<Outcome>,
    ) -> Result<Outcome> {
        let Some((record, audited)) = self.store.record(cx).zip(cx.audited.as_deref()) else {
            return result;
        };
        if audited.is_recorded() {
            return result;
        }
        let noted = audited.take_noted();
        let record = match &result {
            // Its entries are recorded each by itself.
            Ok(_) if audited.interaction == "batch" => record,
            Ok(outcome) => {
                let record = noted.iter().fold(record, AuditRecord::touching);
                self.of_outcome(cx, record, outcome).await?
            }
            Err(error) => {
                let consents = audited.consents();
                let decided = consents.iter().map(|(key, patients)| AuditedResource {
                    key: key.clone(),
                    version: None,
                    patients: patients.clone(),
                });
                let record = match consents.is_empty() {
                    true => record,
                    false => about_target(record),
                };
                let record = decided.fold(record, |record, one| record.touching(&one));
                failed(record, error)
            }
        };
        let mut record = about_target(record);
        record.note_opened(cx.access.opened());
        let unrecorded = match self.store.add_record(record).await {
            Ok(()) => return result,
            Err(unrecorded) => unrecorded,
        };
        match result {
            Err(error) if error.status().is_server_error() => Err(error),
            Ok(outcome) if self.reads_open && matches!(audited.action, "R" | "E") => {
                tracing::error!(request_id = %cx.request_id, cause = %unrecorded, "a read is answered that could not be recorded");
                Ok(outcome)
            }
            _ => Err(Error::new(
                ErrorKind::Unavailable,
                "the request cannot be recorded in the audit trail, and is not answered without",
            )
            .caused_by(unrecorded)),
        }
    }

    /// Records a request that was refused before it was known what it asks.
    pub async fn record_refused(&self, refused: RefusedRequest) -> Result<()> {
        match self.store.refused_record(refused) {
            Some(record) => self.store.add_record(about_target(record)).await,
            None => Ok(()),
        }
    }

    async fn of_outcome(
        &self,
        cx: &RequestContext,
        mut record: AuditRecord,
        outcome: &Outcome,
    ) -> Result<AuditRecord> {
        record.status = i16::try_from(outcome.status.as_u16()).unwrap_or_default();
        let Some(body) = outcome.body.clone() else {
            if !record.entities.is_empty() {
                return Ok(record);
            }
            let version = outcome.version.map(|(version, _)| version);
            let key = cx
                .audited
                .as_ref()
                .and_then(|one| one.target.as_deref()?.parse().ok());
            return Ok(match key {
                Some(key) => record.touching(&named(key, version)),
                None => record,
            });
        };
        // What is no resource has been noted by whoever made it.
        if outcome.plain.is_some() {
            return Ok(record);
        }
        if let Some(read) = self.remembered(cx, outcome) {
            return Ok(record.touching(&read));
        }
        let touched = self.touched(cx, body).await?;
        Ok(touched.iter().fold(record, AuditRecord::touching))
    }

    /// The resources in an answer, and whose they are.
    pub(super) async fn touched(
        &self,
        cx: &RequestContext,
        body: Bytes,
    ) -> Result<Vec<AuditedResource>> {
        let owners = holds_stored(cx).then_some(&self.owners);
        if body.len() <= HEAVY_BYTES {
            let finder = Finder {
                definitions: &self.definitions,
                cx,
                owners: owners.map(|owners| &**owners),
            };
            return finder.found(body);
        }
        let (definitions, cx) = (Arc::clone(&self.definitions), cx.clone());
        let owners = owners.cloned();
        let found = move || {
            let finder = Finder {
                definitions: &definitions,
                cx: &cx,
                owners: owners.as_deref(),
            };
            finder.found(body)
        };
        tokio::task::spawn_blocking(found)
            .await
            .map_err(Error::internal)?
    }

    /// The one resource that was read, where it is known whose it is.
    fn remembered(&self, cx: &RequestContext, outcome: &Outcome) -> Option<AuditedResource> {
        let audited = cx.audited.as_deref()?;
        if !matches!(audited.interaction, "read" | "vread") {
            return None;
        }
        let key: ResourceKey = audited.target.as_deref()?.parse().ok()?;
        let (version, _) = outcome.version?;
        let patients = self.owners.of(&key, version)?.to_vec();
        Some(AuditedResource {
            key,
            version: Some(version),
            patients,
        })
    }

    /// The patients of resources as they are now, where the request is recorded: those of what will be deleted.
    pub(super) async fn patients_of_current(
        &self,
        cx: &RequestContext,
        source: &mut Source<'_>,
        key: &ResourceKey,
    ) -> Result<Vec<ResourceId>> {
        if cx.audited.is_none() {
            return Ok(Vec::new());
        }
        // Whoever may delete it need not be allowed to read it.
        let own = RequestContext {
            access: Access::system(Reason::Admission),
            ..cx.clone()
        };
        let content = source.read(&own, key).await?.and_then(|one| one.content);
        let Some(content) = content else {
            return Ok(named(key.clone(), None).patients);
        };
        let resource =
            Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
        self.definitions.patients_of(cx, key, &resource)
    }
}

/// Whether an answer holds versions as they are stored: that of an operation may hold anything.
fn holds_stored(cx: &RequestContext) -> bool {
    let interaction = cx.audited.as_ref().map_or("", |one| one.interaction);
    ["read", "vread", "history", "search"]
        .iter()
        .any(|kind| interaction.starts_with(kind))
}

/// A resource of which nothing is known but its name.
fn named(key: ResourceKey, version: Option<VersionId>) -> AuditedResource {
    let is_patient = key.resource_type.name() == "Patient";
    AuditedResource {
        patients: is_patient.then(|| key.id.clone()).into_iter().collect(),
        version,
        key,
    }
}

/// Where nothing was touched, the record is about what was asked for.
fn about_target(record: AuditRecord) -> AuditRecord {
    let target = record.target.as_deref().unwrap_or_default();
    let mut parts = target.split('/');
    let key = parts.next().and_then(ResourceType::parse).zip(parts.next());
    let key =
        key.and_then(|(resource_type, id)| Some(ResourceKey::new(resource_type, id.parse().ok()?)));
    match key {
        Some(key) if record.entities.is_empty() => record.touching(&named(key, None)),
        _ => record,
    }
}

/// The record of a request that failed: what it might have touched is not told.
fn failed(mut record: AuditRecord, error: &Error) -> AuditRecord {
    let status = error.status();
    record.outcome = match status.as_u16() {
        401 | 403 => 8,
        400..500 => 4,
        _ => 8,
    };
    if matches!(status.as_u16(), 401 | 403) {
        // A security alert is told as such, whatever was asked.
        record.action = "E".into();
    }
    record.status = i16::try_from(status.as_u16()).unwrap_or_default();
    record.reason = error
        .issues()
        .first()
        .map(|issue| issue.diagnostics.clone());
    record
}
