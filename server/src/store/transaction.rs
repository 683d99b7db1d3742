//! Work of several steps in one database transaction: conditional interactions and transaction Bundles.
//!
//! What loses against another transaction in spite of the order of locks (locks.rs) is done again from its beginning, inside
//! the server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fhir::ids::{ResourceId, ResourceKey, VersionId};
use fhir::outcome::Issue;
use jiff::Timestamp;
use sqlx::{PgConnection, Postgres};

use super::audit::{add_records, refuse_trail};
use super::claims::Unsettled;
use super::fault::{STALE_MAX, from_sqlx, is_disconnect, is_retryable, is_stale, unknown_outcome};
use super::prepared::{PreparedDelete, PreparedWrite};
use super::search::Searching;
use super::{Deleted, Store, Written, permission, write};
use crate::audit::{AuditKey, AuditRecord, AuditedResource};
use crate::auth::{Access, Reason};
use crate::context::{Audited, RequestContext};
use crate::error::{Error, Result};

/// How often work that lost against another transaction is done again.
const TRIES: u32 = 20;

/// Rows one statement of a transaction writes at most.
const ROWS: usize = 1000;

/// An open transaction. Dropped without commit, it did nothing.
pub struct Transaction {
    inner: sqlx::Transaction<'static, Postgres>,
    access: Access,
    searching: Arc<Searching>,
    trail: Trail,
    /// The moment of its request.
    now: Timestamp,
    base_url: Arc<str>,
    /// Visits to come of one kind that a person books for themselves.
    pub(super) self_booked_max: u32,
    unsettled: Unsettled,
    /// Slots that are blocks over whatever visits there are.
    pub(super) forced: BTreeSet<ResourceKey>,
    /// Visits that begin when a Slot of theirs does.
    pub(super) slot_starts: BTreeSet<ResourceKey>,
    /// What is to be said beside the answer.
    pub(super) warnings: Vec<Issue>,
    /// Whether nobody is told what becomes of visits.
    pub(super) is_silent: bool,
}

/// What a transaction has done so far, for the audit trail.
pub(super) struct Trail {
    /// Nothing where the request is not audited.
    pub(super) record: Option<Box<AuditRecord>>,
    audited: Option<Arc<Audited>>,
    /// Nothing where there is no audit trail.
    key: Option<Arc<AuditKey>>,
    /// Whether AuditEvents of a former system may be created.
    imports: bool,
    pub(super) has_written: bool,
    /// Whether it has read what its answer tells.
    has_read: bool,
}

/// Tries at one piece of work, each in a transaction of its own.
///
/// ```text
/// let mut attempts = store.attempts();
/// loop {
///     let mut tx = attempts.begin(cx).await?;
///     let result = work(&mut tx).await;
///     if let Some(answer) = attempts.finish(tx, result).await {
///         return answer;
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Attempts<'a> {
    store: &'a Store,
    tries: u32,
}

impl Store {
    /// Begins to try a piece of work. It may be done several times, so it must not act outside its transaction.
    pub fn attempts(&self) -> Attempts<'_> {
        Attempts {
            store: self,
            tries: 0,
        }
    }
}

impl Attempts<'_> {
    /// A new transaction.
    pub async fn begin(&mut self, cx: &RequestContext) -> Result<Transaction> {
        self.tries += 1;
        let mut stale = 0;
        loop {
            match self.store.pool.begin().await.map_err(from_sqlx) {
                Ok(inner) => {
                    let searching = self.store.searching.clone();
                    let trail = Trail {
                        record: self.store.record(cx).map(Box::new),
                        audited: cx.audited.clone(),
                        key: self.store.audit_key().ok().cloned(),
                        imports: cx.access.reason() == Some(Reason::Load),
                        has_written: false,
                        has_read: false,
                    };
                    return Ok(Transaction {
                        inner,
                        access: cx.access.clone(),
                        searching,
                        trail,
                        now: cx.now,
                        base_url: Arc::clone(&cx.base_url),
                        self_booked_max: cx.limits.self_booked,
                        unsettled: Unsettled::default(),
                        forced: BTreeSet::new(),
                        slot_starts: BTreeSet::new(),
                        warnings: Vec::new(),
                        is_silent: false,
                    });
                }
                // Nothing has been done yet: another connection may lead somewhere.
                Err(error) if is_stale(&error) && stale < STALE_MAX => stale += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Commits, or rolls back what failed. `None` when the work lost against another transaction and is to be done again.
    pub async fn finish<T>(&mut self, tx: Transaction, result: Result<T>) -> Option<Result<T>> {
        let mut tx = tx;
        let result = tx.settled(result).await;
        let result = match result {
            Ok(answer) => tx.add_record().await.map(|()| answer),
            refused => refused,
        };
        let outcome = match result {
            Ok(answer) => match tx.inner.commit().await {
                Ok(()) => {
                    tx.trail.note_recorded();
                    Ok(answer)
                }
                Err(fault) => Err(uncommitted(fault)),
            },
            Err(error) => {
                // A failed rollback closes the connection, which rolls back as well.
                let _ = tx.inner.rollback().await;
                Err(error)
            }
        };
        self.again(outcome).await
    }

    /// Rolls back what was only tried, whatever came of it; as [`Attempts::finish`] otherwise.
    pub async fn undo<T>(&mut self, tx: Transaction, result: Result<T>) -> Option<Result<T>> {
        let mut tx = tx;
        let result = tx.settled(result).await;
        // A failed rollback closes the connection, which rolls back as well.
        let _ = tx.inner.rollback().await;
        self.again(result).await
    }

    async fn again<T>(&self, outcome: Result<T>) -> Option<Result<T>> {
        match outcome {
            Err(error) if is_retryable(&error) && self.tries < TRIES => {
                tokio::time::sleep(Duration::from_millis(u64::from(self.tries) * 3)).await;
                None
            }
            other => Some(other),
        }
    }
}

impl Transaction {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// What came of its work, if the time that takes can be had.
    async fn settled<T>(&mut self, result: Result<T>) -> Result<T> {
        let answer = result?;
        let settled = self.settle().await;
        settled.map(|()| answer).map_err(|refusal| refusal.error)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn base_url(&self) -> Arc<str> {
        Arc::clone(&self.base_url)
    }

    pub(super) fn trail(&mut self) -> &mut Trail {
        &mut self.trail
    }

    pub(super) fn unsettled(&mut self) -> &mut Unsettled {
        &mut self.unsettled
    }

    /// For whom it works.
    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// Writes from now on what this access allows. The trail goes on to say whose request it is.
    pub fn write_as(&mut self, access: Access) {
        self.access = access;
    }

    pub(super) fn searching(&self) -> Arc<Searching> {
        self.searching.clone()
    }

    /// Refuses a create that may not be done.
    pub fn permit_create(&self, write: &PreparedWrite) -> Result<()> {
        permission::permit_create(&self.access, write)
    }

    /// Stores new resources under ids that nobody has.
    pub async fn create(&mut self, writes: &[PreparedWrite]) -> Result<Vec<Written>> {
        self.trail
            .refuse_new(writes.iter().map(PreparedWrite::key))?;
        for write in writes {
            self.permit_create(write)?;
        }
        self.refuse_endless(writes.iter(), &BTreeMap::new())?;
        let slotted = self.slotted(writes.iter(), &BTreeMap::new()).await?;
        let writes = slotted.as_deref().unwrap_or(writes);
        let mut written = Vec::with_capacity(writes.len());
        for part in writes.chunks(ROWS) {
            written.append(&mut write::create_resources(self.connection(), part).await?);
        }
        for (write, written) in writes.iter().zip(&written) {
            let version = written.version;
            self.trail.note(&write.key, version, &write.patients);
            self.follow(write, None).await?;
        }
        Ok(written)
    }

    /// Stores resources under their ids; keys are in order and do not repeat. One failed condition fails all, and answers
    /// end with the first that may not be written.
    pub async fn put(&mut self, writes: &[&PreparedWrite]) -> Result<Vec<Result<Written>>> {
        self.trail
            .refuse_new(writes.iter().map(|write| write.key()))?;
        let refused = self.refused_put(writes).await?;
        let permitted = match &refused {
            Some((place, _)) => &writes[..*place],
            None => writes,
        };
        let mut before = self
            .ruled_before(permitted.iter().map(|write| write.key()))
            .await?;
        self.refuse_endless(permitted.iter().copied(), &before)?;
        let slotted = self.slotted(permitted.iter().copied(), &before).await?;
        let slotted: Option<Vec<&PreparedWrite>> = slotted.as_ref().map(|all| all.iter().collect());
        let permitted = slotted.as_deref().unwrap_or(permitted);
        let mut written = Vec::with_capacity(writes.len());
        for part in permitted.chunks(ROWS) {
            written.append(&mut write::put_resources(self.connection(), part).await?);
        }
        for (write, result) in permitted.iter().zip(&mut written) {
            if let Ok(written) = result {
                // What is there is never written again.
                if !written.created {
                    self.trail.refuse(std::iter::once(write.key()))?;
                }
                let version = written.version;
                self.trail.note(&write.key, version, &write.patients);
                let before = before.remove(&write.key);
                if let Err(refusal) = self.follow(write, before).await {
                    *result = Err(refusal);
                }
            }
        }
        written.extend(refused.map(|(_, refusal)| Err(refusal)));
        Ok(written)
    }

    /// Stores one resource that refers to nothing absent.
    pub async fn put_one(&mut self, write: &PreparedWrite) -> Result<Written> {
        let written = self.put(&[write]).await?.pop();
        let written = written.ok_or_else(|| Error::internal("an update answered nothing"))??;
        self.refuse_broken(write.targets()).await?;
        Ok(written)
    }

    /// Deletes resources; keys are in order and do not repeat. What is hidden is not there.
    pub async fn delete(&mut self, deletes: &[&PreparedDelete]) -> Result<Vec<Result<Deleted>>> {
        self.trail
            .refuse(deletes.iter().map(|delete| delete.key()))?;
        let verdicts = self.verdicts_of_deletes(deletes).await?;
        let permitted: Vec<&PreparedDelete> = deletes
            .iter()
            .zip(&verdicts)
            .filter_map(|(delete, verdict)| verdict.is_none().then_some(*delete))
            .collect();
        let mut done = Vec::new();
        if !permitted.is_empty() {
            let keys = permitted.iter().map(|delete| delete.key());
            let mut before = self.ruled_before(keys).await?;
            done = write::delete_resources(self.connection(), &permitted).await?;
            for (delete, deleted) in permitted.iter().zip(&mut done) {
                if let Ok(Deleted::Now(version, _)) = deleted {
                    self.trail.note(&delete.key, *version, &delete.patients);
                    let before = before.remove(&delete.key);
                    if let Err(refusal) = self.rule(&delete.key, before, None, false) {
                        *deleted = Err(refusal);
                    }
                }
            }
        }
        let mut done = done.into_iter();
        let answers = verdicts.into_iter().map(|verdict| match verdict {
            Some(verdict) => verdict,
            None => done
                .next()
                .unwrap_or_else(|| Err(Error::internal("a delete answered nothing"))),
        });
        Ok(answers.collect())
    }

    /// Deletes one resource.
    pub(super) async fn delete_one(&mut self, delete: &PreparedDelete) -> Result<Deleted> {
        let deleted = self.delete(&[delete]).await?.pop();
        deleted.ok_or_else(|| Error::internal("a delete answered nothing"))?
    }

    /// Notes for the audit trail what the transaction has read beside what it wrote.
    pub fn note_read(&mut self, resources: Vec<AuditedResource>) {
        self.trail.has_read |= !resources.is_empty();
        if let Some(record) = self.trail.record.take() {
            let record = resources.iter().fold(*record, AuditRecord::touching);
            self.trail.record = Some(Box::new(record));
        }
    }

    /// Adds the row of what was written and read, to be committed with it. A transaction that did neither is recorded
    /// by whoever answers it.
    async fn add_record(&mut self) -> Result<()> {
        if let Some(audited) = self.trail.audited.clone() {
            self.note_read(audited.take_noted());
        }
        let record = self.trail.record.take();
        match record.zip(self.trail.key.clone()) {
            Some((mut record, key)) if self.trail.is_told() => {
                record.note_opened(self.access().opened());
                record.prove(&key);
                add_records(self.connection(), std::slice::from_ref(&*record)).await
            }
            _ => Ok(()),
        }
    }
}

impl Trail {
    fn note(&mut self, key: &ResourceKey, version: VersionId, patients: &[ResourceId]) {
        self.has_written = true;
        if let Some(mut record) = self.record.take() {
            if &*record.interaction == "operation" {
                // Of an operation only its write tells that it is one.
                record.action = "U".into();
            }
            let touched = AuditedResource {
                key: key.clone(),
                version: Some(version),
                patients: patients.to_vec(),
            };
            self.record = Some(Box::new(record.touching(&touched)));
        }
    }

    /// Whether its own row tells of it.
    fn is_told(&self) -> bool {
        self.has_written || self.has_read
    }

    /// The same for what may be new.
    fn refuse_new<'k>(&self, keys: impl Iterator<Item = &'k ResourceKey>) -> Result<()> {
        match self.imports {
            true => Ok(()),
            false => self.refuse(keys),
        }
    }

    fn refuse<'k>(&self, mut keys: impl Iterator<Item = &'k ResourceKey>) -> Result<()> {
        match self.key {
            Some(_) => keys.try_for_each(refuse_trail),
            None => Ok(()),
        }
    }

    fn note_recorded(&self) {
        if let (true, Some(audited)) = (self.is_told(), &self.audited) {
            audited.note_recorded();
        }
    }
}

/// A connection lost during the commit leaves it unknown whether there was one.
fn uncommitted(fault: sqlx::Error) -> Error {
    let error = from_sqlx(fault);
    match is_disconnect(&error) {
        true => unknown_outcome().caused_by(error),
        false => error,
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction")
    }
}
