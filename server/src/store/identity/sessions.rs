//! Sessions of browsers: known by the hash of a cookie.

use jiff::Timestamp;
use sqlx::Row;
use uuid::Uuid;

use super::SecretHash;
use super::users::{IdentityUser, user};
use crate::error::Result;
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// Who is behind a cookie.
#[derive(Clone, Debug)]
pub struct IdentitySession {
    /// The hash of the cookie.
    pub hash: SecretHash,
    /// The person.
    pub user: IdentityUser,
    /// When the first factor was shown.
    pub created_at: Timestamp,
    /// When the last factor was shown.
    pub authenticated_at: Timestamp,
    /// The factors, as `amr` names them.
    pub methods: Vec<String>,
}

/// A session that begins, or goes on under another cookie.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// The person.
    pub user: Uuid,
    /// When the first factor was shown.
    pub created_at: Timestamp,
    /// When the last factor was shown.
    pub authenticated_at: Timestamp,
    /// The factors.
    pub methods: &'a [String],
    /// The hash of the cookie it had before.
    pub replaces: Option<SecretHash>,
    /// The count of the person when the factor was held against what is stored.
    pub epoch: i32,
}

/// Which sessions are over.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Those not seen since.
    pub seen_since: Timestamp,
    /// Those begun before.
    pub created_since: Timestamp,
}

impl Store {
    /// Begins a session, in the place of the one it replaces.
    pub async fn begin_identity_session(
        &self,
        session: NewSession<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        sqlx::query(statements::BEGIN_IDENTITY_SESSION)
            .bind(session.hash.0.as_slice())
            .bind(session.user)
            .bind(Instant(session.created_at))
            .bind(Instant(now))
            .bind(session.methods)
            .bind(session.replaces.map(|hash| hash.0.to_vec()))
            .bind(session.epoch)
            .bind(Instant(session.authenticated_at))
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)
    }

    /// The session of a cookie, if it is not over; it is seen now.
    pub async fn identity_session(
        &self,
        hash: SecretHash,
        now: Timestamp,
        limits: SessionLimits,
    ) -> Result<Option<IdentitySession>> {
        let row = sqlx::query(statements::READ_IDENTITY_SESSION)
            .bind(hash.0.as_slice())
            .bind(Instant(now))
            .bind(Instant(limits.seen_since))
            .bind(Instant(limits.created_since))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let created_at: Instant = row.try_get("created_at").map_err(from_sqlx)?;
        let authenticated_at: Instant = row.try_get("authenticated_at").map_err(from_sqlx)?;
        Ok(Some(IdentitySession {
            hash,
            user: user(&row)?,
            created_at: created_at.0,
            authenticated_at: authenticated_at.0,
            methods: row.try_get("methods").map_err(from_sqlx)?,
        }))
    }

    /// Ends a session.
    pub async fn end_identity_session(&self, hash: SecretHash) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        sqlx::query(statements::END_IDENTITY_SESSION)
            .bind(hash.0.as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)
    }
}
