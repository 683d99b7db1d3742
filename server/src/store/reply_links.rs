//! Links by which patients answer to messages: of the secret the database knows a hash alone.

use fhir::ids::ResourceKey;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::{News, SecretHash, Store, Transaction, statements};
use crate::error::{Error, Result};

/// What a link is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyLink {
    /// The visit.
    pub appointment: ResourceKey,
    /// Who is asked.
    pub patient: ResourceKey,
    /// What was told.
    pub kind: News,
    /// When the visit was to be.
    pub starts: Timestamp,
    /// What the message says.
    pub told: String,
    /// Its language.
    pub language: String,
    /// Until when the link leads anywhere.
    pub expires: Timestamp,
}

impl Store {
    /// What stands behind a secret.
    pub async fn reply_link(
        &self,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<ReplyLink>> {
        let row = sqlx::query(statements::READ_REPLY_LINK)
            .bind(secret.0.as_slice())
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(link).transpose()
    }
}

impl Transaction {
    /// Keeps what a new link is about.
    pub async fn keep_reply_link(&mut self, secret: &SecretHash, link: &ReplyLink) -> Result<()> {
        sqlx::query(statements::ADD_REPLY_LINK)
            .bind(secret.0.as_slice())
            .bind(link.appointment.to_string())
            .bind(link.patient.to_string())
            .bind(link.kind.code())
            .bind(Instant(link.starts))
            .bind(&link.told)
            .bind(&link.language)
            .bind(Instant(link.expires))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

fn link(row: &PgRow) -> Result<ReplyLink> {
    let key = |name: &str| {
        let text: &str = row.try_get(name).map_err(from_sqlx)?;
        text.parse().map_err(Error::internal)
    };
    let instant = |name: &str| {
        let instant: Instant = row.try_get(name).map_err(from_sqlx)?;
        Ok::<_, Error>(instant.0)
    };
    Ok(ReplyLink {
        appointment: key("appointment")?,
        patient: key("patient")?,
        kind: News::parse(row.try_get("kind").map_err(from_sqlx)?)?,
        starts: instant("starts")?,
        told: row.try_get("told").map_err(from_sqlx)?,
        language: row.try_get("language").map_err(from_sqlx)?,
        expires: instant("expires_at")?,
    })
}
