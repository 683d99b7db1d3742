//! Creates, updates and deletes of single resources: each is one statement with one commit, alone or combined.

use fhir::ids::VersionId;
use fhir::search::hash::{ANY_REFERENCE, key_hash, reference};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::batch::{IndexColumns, key_columns};
use super::combine::Batch;
use super::fault::{from_sqlx, is_disconnect, is_retryable, raced, unknown_outcome};
use super::instant::Instant;
use super::prepared::{PreparedDelete, PreparedWrite, Verb};
use super::{Deleted, Store, Written, permission, statements};
use crate::audit::rows;
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::scheduling::is_ruled;

impl Store {
    /// Stores a resource under an id that nobody has.
    pub async fn create(&self, cx: &RequestContext, write: PreparedWrite) -> Result<Written> {
        permission::permit_create(&cx.access, &write)?;
        self.refuse_broken(cx, &write).await?;
        if is_ruled(write.key.resource_type) {
            return self.create_alone(cx, &write).await;
        }
        let write = self.recorded(cx, write, Some(VersionId::FIRST))?;
        let written = self.creates.ask(write).await?;
        note_recorded(cx);
        Ok(written)
    }

    /// The same in a transaction of its own, where rules are asked of what is written.
    async fn create_alone(&self, cx: &RequestContext, write: &PreparedWrite) -> Result<Written> {
        let mut attempts = self.attempts();
        loop {
            let mut tx = attempts.begin(cx).await?;
            let result = tx.create(std::slice::from_ref(write)).await;
            let result = result.and_then(|mut written| {
                let written = written.pop();
                written.ok_or_else(|| Error::internal("a create answered nothing"))
            });
            if let Some(answer) = attempts.finish(tx, result).await {
                return answer;
            }
        }
    }

    /// Stores a resource under its id, whether there is one or not, if its condition holds.
    pub async fn put(&self, cx: &RequestContext, write: PreparedWrite) -> Result<Written> {
        let is_ruled = is_ruled(write.key.resource_type);
        if !is_ruled && permission::puts_anything(&cx.access, write.key.resource_type) {
            self.refuse_broken(cx, &write).await?;
            let write = self.recorded(cx, write, None)?;
            let written = self.puts.ask(write).await?;
            note_recorded(cx);
            return Ok(written);
        }
        // What rules are asked of is written under its lock at once.
        let judgements = if is_ruled { 0 } else { JUDGEMENTS };
        for _ in 0..judgements {
            if let Some(answer) = self.put_as_judged(cx, &write).await? {
                return Ok(answer);
            }
        }
        let mut attempts = self.attempts();
        loop {
            let mut tx = attempts.begin(cx).await?;
            let result = tx.put_one(&write).await;
            if let Some(answer) = attempts.finish(tx, result).await {
                return answer;
            }
        }
    }

    /// Deletes a resource, if its condition holds and, where asked, nobody refers to it.
    pub async fn delete(&self, cx: &RequestContext, mut delete: PreparedDelete) -> Result<Deleted> {
        delete.names_referrers = cx.access.reason().is_some();
        let is_ruled = is_ruled(delete.key.resource_type);
        if !is_ruled && permission::deletes_anything(&cx.access, delete.key.resource_type) {
            let delete = self.recorded_delete(cx, delete)?;
            let deleted = self.deletes.ask(delete).await?;
            if deleted != Deleted::Absent {
                note_recorded(cx);
            }
            return Ok(deleted);
        }
        // What rules are asked of is written under its lock at once.
        let judgements = if is_ruled { 0 } else { JUDGEMENTS };
        for _ in 0..judgements {
            if let Some(answer) = self.delete_as_judged(cx, &delete).await? {
                return Ok(answer);
            }
        }
        let mut attempts = self.attempts();
        loop {
            let mut tx = attempts.begin(cx).await?;
            let result = tx.delete_one(&delete).await;
            if let Some(answer) = attempts.finish(tx, result).await {
                return answer;
            }
        }
    }

    /// The delete with what its statement adds to the audit trail.
    pub(super) fn recorded_delete(
        &self,
        cx: &RequestContext,
        mut delete: PreparedDelete,
    ) -> Result<PreparedDelete> {
        self.refuse_trail(delete.key())?;
        if let Some(mut record) = self.record(cx) {
            record.status = 204;
            record.touch_written(&delete.key, None, &delete.patients);
            record.note_opened(cx.access.opened());
            delete.record = Some(Box::new(self.proven(record)));
        }
        Ok(delete)
    }

    /// The write with what its statement adds to the audit trail; only that knows the version of an update.
    pub(super) fn recorded(
        &self,
        cx: &RequestContext,
        mut write: PreparedWrite,
        version: Option<VersionId>,
    ) -> Result<PreparedWrite> {
        self.refuse_trail(write.key())?;
        if let Some(mut record) = self.record(cx) {
            // Of an operation only its write tells that it is one.
            record.action = match (&*record.action, write.verb) {
                ("E", Verb::Post) => "C".into(),
                ("E", _) => "U".into(),
                _ => record.action,
            };
            record.status = if write.verb == Verb::Post { 201 } else { 200 };
            record.touch_written(&write.key, version, &write.patients);
            record.note_opened(cx.access.opened());
            write.record = Some(Box::new(self.proven(record)));
        }
        Ok(write)
    }
}

/// How often a write is judged anew because somebody else changed its resource, before it waits for a lock.
const JUDGEMENTS: usize = 4;

/// The commit of a write brought its row to the trail.
pub(super) fn note_recorded(cx: &RequestContext) {
    if let Some(audited) = &cx.audited {
        audited.note_recorded();
    }
}

pub(super) struct Creates;

impl Batch for Creates {
    type Request = PreparedWrite;
    type Answer = Written;
    const REPEATABLE: bool = false;

    fn fitting(requests: &[PreparedWrite]) -> usize {
        requests.len()
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[PreparedWrite],
    ) -> Result<Vec<Result<Written>>> {
        create_resources(connection, requests)
            .await
            .map(|all| all.into_iter().map(Ok).collect())
    }
}

/// Writes new resources. One fault fails all.
pub(super) async fn create_resources(
    connection: &mut PgConnection,
    writes: &[PreparedWrite],
) -> Result<Vec<Written>> {
    let (types, ids) = key_columns(writes.iter().map(|write| &write.key));
    let contents: Vec<String> = writes
        .iter()
        .map(|write| write.stamp.content(VersionId::FIRST, write.instant))
        .collect();
    let mut index = IndexColumns::of(writes.iter());
    let query = sqlx::query(statements::CREATE_RESOURCES)
        .bind(generation(writes.iter()))
        .bind(types)
        .bind(ids)
        .bind(
            writes
                .iter()
                .map(|write| key_hash(&write.key))
                .collect::<Vec<_>>(),
        )
        .bind(
            writes
                .iter()
                .map(|write| Instant(write.instant))
                .collect::<Vec<_>>(),
        )
        .bind(&contents)
        .bind(
            writes
                .iter()
                .map(|write| write.stamp.is_exact)
                .collect::<Vec<_>>(),
        )
        .bind(std::mem::take(&mut index.toks));
    index
        .bind(query)
        .bind(rows(writes.iter().map(|write| write.record.as_deref())))
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    let written = |(write, content): (&PreparedWrite, String)| Written {
        version: VersionId::FIRST,
        last_updated: write.instant,
        created: true,
        content: content.into(),
    };
    Ok(writes.iter().zip(contents).map(written).collect())
}

pub(super) struct Puts;

impl Batch for Puts {
    type Request = PreparedWrite;
    type Answer = Written;
    const REPEATABLE: bool = false;

    /// A statement writes a row once: the second write of one key waits for the next statement.
    fn fitting(requests: &[PreparedWrite]) -> usize {
        let repeats = |place: &usize| {
            requests[..*place]
                .iter()
                .any(|earlier| earlier.key == requests[*place].key)
        };
        (0..requests.len()).find(repeats).unwrap_or(requests.len())
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[PreparedWrite],
    ) -> Result<Vec<Result<Written>>> {
        let mut sorted: Vec<(usize, &PreparedWrite)> = requests.iter().enumerate().collect();
        sorted.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key));
        let writes: Vec<&PreparedWrite> = sorted.iter().map(|(_, write)| *write).collect();
        let mut results = put_resources(connection, &writes).await?;
        for (result, write) in results.iter_mut().zip(&writes) {
            // Made by another in between: now it exists, and is updated.
            if matches!(result, Err(error) if is_retryable(error)) {
                // The others are committed by now: a fault here is the fault of this write alone.
                *result = match put_resources(connection, &[write]).await {
                    Ok(mut alone) => alone.pop().unwrap_or_else(|| Err(raced())),
                    Err(fault) if is_disconnect(&fault) => Err(unknown_outcome()),
                    Err(fault) => Err(fault),
                };
            }
        }
        Ok(in_order(&sorted, results))
    }
}

/// Puts results of a sorted run back in the order of the requests.
fn in_order<R, A>(sorted: &[(usize, R)], results: Vec<Result<A>>) -> Vec<Result<A>> {
    let mut placed: Vec<(usize, Result<A>)> = sorted
        .iter()
        .map(|(place, _)| *place)
        .zip(results)
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, result)| result).collect()
}

/// Writes resources in key order, without repeats. A write whose condition fails fails alone and writes nothing.
pub(super) async fn put_resources(
    connection: &mut PgConnection,
    writes: &[&PreparedWrite],
) -> Result<Vec<Result<Written>>> {
    let (types, ids) = key_columns(writes.iter().map(|write| &write.key));
    let mut index = IndexColumns::of(writes.iter().copied());
    let query = sqlx::query(statements::PUT_RESOURCES)
        .bind(generation(writes.iter().copied()))
        .bind(types)
        .bind(ids)
        .bind(column(writes, |write| key_hash(&write.key)))
        .bind(column(writes, |write| Instant(write.instant)))
        .bind(column(writes, |write| write.verb.code()))
        .bind(column(writes, |write| write.stamp.head.as_str()))
        .bind(column(writes, |write| write.stamp.middle))
        .bind(column(writes, |write| write.stamp.tail.as_str()))
        .bind(column(writes, |write| write.stamp.is_exact))
        .bind(std::mem::take(&mut index.toks))
        .bind(column(writes, |write| write.condition.versions_array()))
        .bind(column(writes, |write| write.condition.absent));
    let records = writes.iter().map(|write| write.record.as_deref());
    let rows = index
        .bind(query)
        .bind(rows(records))
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    answers(writes.len(), &rows, |place, verdict| {
        put_answer(writes[place], verdict)
    })
}

/// The generation that a statement speaks for. Where its writes are of several, the oldest: then none of them is done, and
/// each is tried alone.
fn generation<'w>(writes: impl Iterator<Item = &'w PreparedWrite>) -> Option<i64> {
    writes.map(|write| write.generation).min()
}

/// One array of a statement: what each write says of one thing.
fn column<'w, T>(writes: &[&'w PreparedWrite], of: impl Fn(&'w PreparedWrite) -> T) -> Vec<T> {
    writes.iter().map(|write| of(write)).collect()
}

fn put_answer(write: &PreparedWrite, verdict: &Verdict) -> Result<Written> {
    match verdict.name.as_str() {
        "created" | "updated" => Ok(Written {
            version: verdict
                .version
                .ok_or_else(|| Error::internal("a write made no version"))?,
            last_updated: verdict.last_updated,
            created: verdict.name == "created",
            content: write
                .stamp
                .content(
                    verdict.version.unwrap_or(VersionId::FIRST),
                    verdict.last_updated,
                )
                .into(),
        }),
        "mismatch" => Err(mismatch()),
        "exists" => Err(exists()),
        "raced" => Err(raced()),
        other => Err(Error::internal(format!("unknown verdict {other}"))),
    }
}

pub(super) struct Deletes;

impl Batch for Deletes {
    type Request = PreparedDelete;
    type Answer = Deleted;
    const REPEATABLE: bool = false;

    fn fitting(requests: &[PreparedDelete]) -> usize {
        let repeats = |place: &usize| {
            requests[..*place]
                .iter()
                .any(|earlier| earlier.key == requests[*place].key)
        };
        (0..requests.len()).find(repeats).unwrap_or(requests.len())
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[PreparedDelete],
    ) -> Result<Vec<Result<Deleted>>> {
        let mut sorted: Vec<(usize, &PreparedDelete)> = requests.iter().enumerate().collect();
        sorted.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key));
        let deletes: Vec<&PreparedDelete> = sorted.iter().map(|(_, delete)| *delete).collect();
        let results = delete_resources(connection, &deletes).await?;
        Ok(in_order(&sorted, results))
    }
}

/// Deletes resources in key order, without repeats. A delete that is refused is refused alone.
pub(super) async fn delete_resources(
    connection: &mut PgConnection,
    deletes: &[&PreparedDelete],
) -> Result<Vec<Result<Deleted>>> {
    let (types, ids) = key_columns(deletes.iter().map(|delete| &delete.key));
    let element = |delete: &&PreparedDelete| {
        delete
            .check_referrers
            .then(|| reference(ANY_REFERENCE, key_hash(&delete.key)))
    };
    let rows = sqlx::query(statements::DELETE_RESOURCES)
        .bind(types)
        .bind(ids)
        .bind(
            deletes
                .iter()
                .map(|delete| Instant(delete.instant))
                .collect::<Vec<_>>(),
        )
        .bind(
            deletes
                .iter()
                .map(|delete| delete.condition.versions_array())
                .collect::<Vec<_>>(),
        )
        .bind(deletes.iter().map(element).collect::<Vec<_>>())
        .bind(rows(deletes.iter().map(|delete| delete.record.as_deref())))
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    answers(deletes.len(), &rows, |place, verdict| {
        match (verdict.name.as_str(), verdict.version) {
            ("deleted", Some(version)) => Ok(Deleted::Now(version, verdict.last_updated)),
            ("absent", _) => Ok(Deleted::Absent),
            ("mismatch", _) => Err(mismatch()),
            ("referenced", _) => Err(referenced(
                &verdict.referrers,
                deletes[place].names_referrers,
            )),
            (other, _) => Err(Error::internal(format!("unknown verdict {other}"))),
        }
    })
}

/// The refusal to write to another version than the one that was meant.
pub(super) fn mismatch() -> Error {
    Error::new(
        ErrorKind::PreconditionFailed,
        "the resource is not in the version that If-Match names",
    )
}

/// The refusal to write what is only to be made.
pub(super) fn exists() -> Error {
    Error::new(
        ErrorKind::PreconditionFailed,
        "the resource exists, and If-None-Match asks that it does not",
    )
}

/// The refusal to delete what others refer to, naming some of them where that is for whoever asks.
pub(super) fn referenced(referrers: &[String], names_them: bool) -> Error {
    let sentence = match names_them {
        true => format!(
            "other resources refer to this one, among them {}",
            referrers.join(", ")
        ),
        false => "other resources refer to this one".to_owned(),
    };
    Error::new(ErrorKind::Conflict, sentence)
}

struct Verdict {
    name: String,
    version: Option<VersionId>,
    last_updated: Timestamp,
    referrers: Vec<String>,
}

/// Gives each request the answer of its row.
fn answers<A>(
    count: usize,
    rows: &[PgRow],
    answer: impl Fn(usize, &Verdict) -> Result<A>,
) -> Result<Vec<Result<A>>> {
    let mut results: Vec<Option<Result<A>>> = (0..count).map(|_| None).collect();
    for row in rows {
        let n: i32 = row.try_get("n").map_err(from_sqlx)?;
        let version: Option<i64> = row.try_get("version_id").map_err(from_sqlx)?;
        let at: Option<Instant> = row.try_get("last_updated").map_err(from_sqlx)?;
        let referrers: Option<Vec<String>> = match row.len() {
            5 => row.try_get("referrers").map_err(from_sqlx)?,
            _ => None,
        };
        let verdict = Verdict {
            name: row.try_get("verdict").map_err(from_sqlx)?,
            version: version.and_then(VersionId::new),
            last_updated: at.map_or(Timestamp::UNIX_EPOCH, |at| at.0),
            referrers: referrers.unwrap_or_default(),
        };
        let place = usize::try_from(n - 1).map_err(Error::internal)?;
        if let Some(slot) = results.get_mut(place) {
            *slot = Some(answer(place, &verdict));
        }
    }
    Ok(results
        .into_iter()
        .map(|result| {
            result.unwrap_or_else(|| {
                Err(Error::internal(
                    "a statement answered fewer rows than it was asked",
                ))
            })
        })
        .collect())
}
