//! Sealing: committed rows get their links in the chain, one process at a time, in an order that nothing can come before
//! any more (server/decisions/0024-audit-trail.md).

use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::list::{audit_row, digest};
use crate::audit::{AuditEventId, AuditRow, Checkpoint, Digest, GENESIS, Link, event, link};
use crate::context::RequestContext;
use crate::error::Result;
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// What one round of the sealer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Rows that got their links.
    pub rows: usize,
    /// Whether another process seals at this moment.
    pub is_busy: bool,
}

/// The chain as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainState {
    /// The first link of a period; 0 where it has none.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// The hash before the first.
    pub before: Option<Digest>,
    /// Events that wait for their link.
    pub unsealed: i64,
    /// An event that has none although it should.
    pub unlinked: Option<AuditEventId>,
}

/// Some links of the chain, in their order.
pub type ChainPage = Vec<LinkedRow>;

/// A link and the row it tells of.
#[derive(Clone, Debug)]
pub struct LinkedRow {
    /// The link.
    pub link: Link,
    /// The event it names.
    pub event: AuditEventId,
    /// The row; `None` where it is gone.
    pub row: Option<AuditRow>,
}

impl Store {
    /// Links committed rows, at most so many; of rows that a restored backup has left first.
    pub async fn seal(&self, now: Timestamp, limit: u32, restored: bool) -> Result<Sealed> {
        let mut tx = self.pool.begin().await.map_err(from_sqlx)?;
        let is_alone: bool = sqlx::query_scalar(statements::LOCK_SEAL)
            .fetch_one(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        if !is_alone {
            return Ok(Sealed {
                is_busy: true,
                ..Sealed::default()
            });
        }
        let statement = match restored {
            true => statements::LIST_RESTORED_UNSEALED,
            false => statements::LIST_UNSEALED,
        };
        let rows = sqlx::query(statement)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        if !rows.is_empty() {
            add_links(&mut tx, now, &rows).await?;
        }
        tx.commit().await.map_err(from_sqlx)?;
        Ok(Sealed {
            rows: rows.len(),
            is_busy: false,
        })
    }

    /// Signs the head of the chain, where it has moved since it was signed last.
    pub async fn sign_head(&self, now: Timestamp) -> Result<()> {
        let key = self.audit_key()?;
        let chain = self.audit_chain_name().await?;
        let mut tx = self.pool.begin().await.map_err(from_sqlx)?;
        let is_alone: bool = sqlx::query_scalar(statements::LOCK_SEAL)
            .fetch_one(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        let (seq, hash) = head(&mut tx).await?;
        let last = sqlx::query(statements::READ_LAST_CHECKPOINT)
            .fetch_optional(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        let last = last.as_ref().map(checkpoint).transpose()?;
        let has_moved = last.as_ref().map_or(0, |last| last.seq) < seq;
        if !(is_alone && has_moved) {
            return Ok(());
        }
        let (number, prev) = last.map_or((1, Vec::new()), |last| (last.number + 1, last.signature));
        let mut new = Checkpoint {
            number,
            seq,
            hash,
            at: now,
            prev,
            key_id: key.id().to_owned(),
            signature: Vec::new(),
        };
        new.signature = key.sign(&new.text(&chain));
        sqlx::query(statements::ADD_CHECKPOINT)
            .bind(new.number)
            .bind(new.seq)
            .bind(new.hash.to_vec())
            .bind(Instant(new.at))
            .bind(new.prev)
            .bind(new.key_id)
            .bind(new.signature)
            .execute(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)
    }

    /// Which links were made in a period, and what has none.
    pub async fn chain_state(
        &self,
        _cx: &RequestContext,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<ChainState> {
        let (from, until) = (from.map(Instant), until.map(Instant));
        let range = sqlx::query(statements::READ_CHAIN_RANGE)
            .bind(from)
            .bind(until)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let before: Option<Vec<u8>> = range.try_get("before").map_err(from_sqlx)?;
        let unlinked = sqlx::query(statements::FIND_UNLINKED)
            .bind(from)
            .bind(until)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let unlinked = match &unlinked {
            Some(row) => Some(AuditEventId {
                row: row.try_get("seq").map_err(from_sqlx)?,
                place: row.try_get("place").map_err(from_sqlx)?,
            }),
            None => None,
        };
        let number = |name: &str| -> Result<i64> {
            let number: Option<i64> = range.try_get(name).map_err(from_sqlx)?;
            Ok(number.unwrap_or(0))
        };
        Ok(ChainState {
            first: number("first")?,
            last: number("last")?,
            before: before.and_then(|bytes| bytes.try_into().ok()),
            unsealed: sqlx::query_scalar(statements::COUNT_UNSEALED)
                .fetch_one(&self.pool)
                .await
                .map_err(from_sqlx)?,
            unlinked,
        })
    }

    /// Links behind one, up to another, with their rows: at most so many.
    pub async fn chain_page(
        &self,
        _cx: &RequestContext,
        (behind, last): (i64, i64),
        limit: u32,
    ) -> Result<ChainPage> {
        let rows = sqlx::query(statements::LIST_LINKS)
            .bind(behind)
            .bind(last)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(linked_row).collect()
    }

    /// Checkpoints behind one, in their order: at most so many.
    pub async fn checkpoints(
        &self,
        _cx: &RequestContext,
        behind: i64,
        limit: u32,
    ) -> Result<Vec<Checkpoint>> {
        let rows = sqlx::query(statements::LIST_CHECKPOINTS)
            .bind(behind)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(checkpoint).collect()
    }
}

/// The last link and its hash.
async fn head(connection: &mut PgConnection) -> Result<(i64, Digest)> {
    let head = sqlx::query(statements::READ_CHAIN_HEAD)
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    match head {
        Some(head) => Ok((
            head.try_get("seq").map_err(from_sqlx)?,
            digest(&head, "hash")?,
        )),
        None => Ok((0, GENESIS)),
    }
}

async fn add_links(connection: &mut PgConnection, now: Timestamp, rows: &[PgRow]) -> Result<()> {
    let (mut seq, mut prev) = head(connection).await?;
    let (mut seqs, mut audits, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let (mut prevs, mut hashes) = (Vec::new(), Vec::new());
    for row in rows {
        let row = audit_row(row)?;
        for id in row.events() {
            seq += 1;
            let link = link(seq, prev, &event(&row, id.place, None));
            seqs.push(seq);
            audits.push(id.row);
            places.push(id.place);
            prevs.push(prev.to_vec());
            hashes.push(link.hash.to_vec());
            prev = link.hash;
        }
        // Rendering and hashing keep a thread busy: others go on in between.
        tokio::task::yield_now().await;
    }
    sqlx::query(statements::ADD_LINKS)
        .bind(seqs)
        .bind(audits)
        .bind(places)
        .bind(prevs)
        .bind(hashes)
        .bind(Instant(now))
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

fn linked_row(row: &PgRow) -> Result<LinkedRow> {
    let is_there: Option<i64> = row.try_get("seq").map_err(from_sqlx)?;
    Ok(LinkedRow {
        link: Link {
            seq: row.try_get("link").map_err(from_sqlx)?,
            prev: digest(row, "prev")?,
            hash: digest(row, "hash")?,
        },
        event: AuditEventId {
            row: row.try_get("audit").map_err(from_sqlx)?,
            place: row.try_get("place").map_err(from_sqlx)?,
        },
        row: is_there.map(|_| audit_row(row)).transpose()?,
    })
}

pub(super) fn checkpoint(row: &PgRow) -> Result<Checkpoint> {
    let at: Instant = row.try_get("at").map_err(from_sqlx)?;
    Ok(Checkpoint {
        number: row.try_get("number").map_err(from_sqlx)?,
        seq: row.try_get("seq").map_err(from_sqlx)?,
        hash: digest(row, "hash")?,
        at: at.0,
        prev: row.try_get("prev").map_err(from_sqlx)?,
        key_id: row.try_get("key_id").map_err(from_sqlx)?,
        signature: row.try_get("signature").map_err(from_sqlx)?,
    })
}
