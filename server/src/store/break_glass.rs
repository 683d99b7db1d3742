//! Records opened in an emergency.

use fhir::ids::ResourceKey;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::audit::add_records;
use super::fault::from_sqlx;
use super::instant::Instant;
use super::{Store, Transaction, statements};
use crate::audit::{AuditRecord, AuditSource, AuditedResource, Who};
use crate::error::{Error, Result};

/// A record that is opened.
#[derive(Clone, Debug)]
pub struct BreakGlass {
    /// The id.
    pub id: Uuid,
    /// The grant of the token it is opened with.
    pub grant_id: Uuid,
    /// By whom.
    pub holder: ResourceKey,
    /// Whose record.
    pub patient: ResourceKey,
    /// System and code of the reason.
    pub reason: (Box<str>, Box<str>),
    /// The reason in words.
    pub justification: Box<str>,
    /// From when on.
    pub opened: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// The task of its review.
    pub review: ResourceKey,
}

impl Transaction {
    /// Opens a record.
    pub async fn break_glass(&mut self, opened: &BreakGlass) -> Result<()> {
        sqlx::query(statements::ADD_BREAK_GLASS)
            .bind(opened.id)
            .bind(opened.grant_id)
            .bind(opened.holder.to_string())
            .bind(opened.patient.to_string())
            .bind(&*opened.reason.0)
            .bind(&*opened.reason.1)
            .bind(&*opened.justification)
            .bind(Instant(opened.opened))
            .bind(Instant(opened.ends))
            .bind(opened.review.to_string())
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

/// What the trail says of a record that is closed again.
fn ended(row: &PgRow, source: AuditSource, now: Timestamp) -> Result<AuditRecord> {
    let holder: String = row.try_get("holder").map_err(from_sqlx)?;
    let patient: &str = row.try_get("patient").map_err(from_sqlx)?;
    let grant: Uuid = row.try_get("grant_id").map_err(from_sqlx)?;
    let ends: Instant = row.try_get("ends_at").map_err(from_sqlx)?;
    let patient: ResourceKey = patient.parse().map_err(Error::internal)?;
    let record = AuditRecord {
        interaction: "security".into(),
        operation: Some(ENDED.into()),
        reason: Some(format!("the record was open until {}", ends.0).into()),
        who: Who {
            access: "job".into(),
            grant: Some(grant.to_string().into()),
            agent: Some(holder.into()),
            ..Who::default()
        },
        ..AuditRecord::of_none(now, 200, source, JOB, &Uuid::now_v7().to_string())
    };
    let mut record = record.touching(&AuditedResource {
        patients: vec![patient.id.clone()],
        version: None,
        key: patient.clone(),
    });
    record.note_opened(&[patient.id]);
    Ok(record)
}

/// A record that was opened.
#[derive(Clone, Debug)]
pub struct OpenedRecord {
    /// Whose.
    pub patient: ResourceKey,
    /// The code of the reason.
    pub reason: Box<str>,
    /// From when it may be seen.
    pub opened: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

/// The AuditEvent that tells of the end of one: nobody has asked for it.
const ENDED: &str = "break-glass-ended";
const JOB: &str = "urn:vesta:job";

impl Store {
    /// Tells of so many records, at most, that are closed again by a moment; each once, in the commit that says so.
    pub async fn end_opened_records(&self, most: u32, now: Timestamp) -> Result<usize> {
        let mut transaction = self.pool.begin().await.map_err(from_sqlx)?;
        let rows = sqlx::query(statements::END_BREAK_GLASS)
            .bind(Instant(now))
            .bind(i64::from(most))
            .fetch_all(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if let Some(trail) = self.audit.as_deref() {
            let mut records = Vec::with_capacity(rows.len());
            for row in &rows {
                let record = ended(row, trail.source.clone(), now)?;
                records.push(self.proven(record));
            }
            if !records.is_empty() {
                add_records(&mut transaction, &records).await?;
            }
        }
        transaction.commit().await.map_err(from_sqlx)?;
        Ok(rows.len())
    }

    /// The records that somebody, by any of these names, has opened, and that are not closed again at a moment.
    pub async fn opened_records(
        &self,
        holders: impl Iterator<Item = &ResourceKey>,
        now: Timestamp,
    ) -> Result<Vec<OpenedRecord>> {
        let holders: Vec<String> = holders.map(ToString::to_string).collect();
        let rows = sqlx::query(statements::LIST_BREAK_GLASS)
            .bind(holders)
            .bind(Instant(now))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let patient = |row: &PgRow| {
            let key: &str = row.try_get(0).map_err(from_sqlx)?;
            let reason: String = row.try_get(1).map_err(from_sqlx)?;
            let opened: Instant = row.try_get(2).map_err(from_sqlx)?;
            let ends: Instant = row.try_get(3).map_err(from_sqlx)?;
            Ok(OpenedRecord {
                patient: key.parse().map_err(Error::internal)?,
                reason: reason.into(),
                opened: opened.0,
                ends: ends.0,
            })
        };
        rows.iter().map(patient).collect()
    }
}
