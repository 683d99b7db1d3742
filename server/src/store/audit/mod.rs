//! The audit trail in the database: rows that are added with what they tell of, or made durable before it is answered
//! (server/decisions/0024-audit-trail.md).

mod beside;
mod head;
mod list;
mod seal;
mod waiting;

use std::sync::Arc;

use fhir::ids::{ResourceKey, ResourceType};
use sqlx::PgConnection;

use super::combine::Batch;
use super::fault::from_sqlx;
use super::{Store, statements};
use crate::audit::{AuditKey, AuditRecord, AuditSource, HeadFile, RefusedRequest, rows};
use crate::auth::Permission;
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};

pub use list::{AuditFilter, AuditPlace, StoredEvent};
pub use seal::{ChainPage, ChainState, LinkedRow, Sealed};
pub use waiting::WaitingRow;

/// What an audit trail is kept with.
#[derive(Clone, Debug)]
pub struct AuditTrail {
    /// Where records are made.
    pub source: AuditSource,
    /// What proves and signs them.
    pub key: Arc<AuditKey>,
    /// What this node remembers of the chain; without it a chain whose end was cut off is like one that never had it.
    pub head: Option<HeadFile>,
}

impl Store {
    /// Whether there is an audit trail.
    pub fn is_audited(&self) -> bool {
        self.audit.is_some()
    }

    /// The record of a request, of which nothing is known yet but what it asks; `None` where it is not recorded.
    pub fn record(&self, cx: &RequestContext) -> Option<AuditRecord> {
        AuditRecord::of(cx, &self.audit.as_deref()?.source)
    }

    /// The record of a request that was refused before it was known what it asks.
    pub fn refused_record(&self, refused: RefusedRequest) -> Option<AuditRecord> {
        let trail = self.audit.as_deref()?;
        Some(refused.record(trail.source.clone()))
    }

    /// Adds the record of a request that wrote nothing, and waits until it is durable.
    pub async fn add_record(&self, record: AuditRecord) -> Result<()> {
        self.records.ask(self.proven(record)).await
    }

    /// The key of the audit trail; without one there is none.
    pub fn audit_key(&self) -> Result<&Arc<AuditKey>> {
        let trail = self.audit.as_deref();
        trail.map(|trail| &trail.key).ok_or_else(|| {
            Error::new(
                ErrorKind::NotSupported,
                "this server keeps no audit trail (VESTA_AUDIT)",
            )
        })
    }

    /// The record as it is written.
    pub(super) fn proven(&self, mut record: AuditRecord) -> AuditRecord {
        if let Some(trail) = &self.audit {
            record.prove(&trail.key);
        }
        record
    }

    /// Refuses to write what only the server writes.
    pub(super) fn refuse_trail(&self, key: &ResourceKey) -> Result<()> {
        match self.is_audited() {
            true => refuse_trail(key),
            false => Ok(()),
        }
    }
}

/// The trail is shown to those who may see all of it: what a narrower right leaves of it is not known.
pub(crate) fn permit_trail(cx: &RequestContext, permission: Permission) -> Result<()> {
    let resource_type = ResourceType::parse("AuditEvent");
    match resource_type.is_some_and(|one| cx.access.is_unconfined(permission, one)) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Forbidden,
            "the audit trail is for those who may see all of it",
        )),
    }
}

/// Refuses to write an AuditEvent.
pub(super) fn refuse_trail(key: &ResourceKey) -> Result<()> {
    match key.resource_type.name() {
        "AuditEvent" => Err(trail_is_closed()),
        _ => Ok(()),
    }
}

/// The refusal to write an AuditEvent.
pub(crate) fn trail_is_closed() -> Error {
    Error::new(
        ErrorKind::MethodNotAllowed,
        "AuditEvents are written by the server alone, and nobody changes or deletes them",
    )
}

/// Records of requests that wrote nothing. To add one again, after a connection was lost, is no harm: its nonce says that it
/// is there already.
pub(super) struct Records;

impl Batch for Records {
    type Request = AuditRecord;
    type Answer = ();
    const REPEATABLE: bool = true;

    fn fitting(requests: &[AuditRecord]) -> usize {
        requests.len()
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[AuditRecord],
    ) -> Result<Vec<Result<()>>> {
        match add_records(connection, requests).await {
            Err(error) if is_there(&error) => {
                let mut added = Vec::with_capacity(requests.len());
                for one in requests {
                    let one = add_records(connection, std::slice::from_ref(one)).await;
                    added.push(one.or_else(|error| is_there(&error).then_some(()).ok_or(error)));
                }
                Ok(added)
            }
            done => done.map(|()| requests.iter().map(|_| Ok(())).collect()),
        }
    }
}

/// Whether a row has the nonce of one that is added.
fn is_there(error: &Error) -> bool {
    let fault = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<sqlx::Error>());
    let fault = fault.and_then(sqlx::Error::as_database_error);
    fault.is_some_and(|fault| fault.constraint() == Some("audit_nonce"))
}

/// Adds rows to the trail.
pub(super) async fn add_records(
    connection: &mut PgConnection,
    records: &[AuditRecord],
) -> Result<()> {
    sqlx::query(statements::ADD_AUDIT)
        .bind(rows(records.iter().map(Some)))
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}
