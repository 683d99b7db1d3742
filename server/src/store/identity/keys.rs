//! Keys that sign ID tokens, and assertions that were shown.

use std::fmt;

use jiff::Timestamp;
use sqlx::Row;

use super::SecretHash;
use crate::error::Result;
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// A key that signs.
#[derive(Clone)]
pub struct SigningKey {
    /// Its name.
    pub kid: Box<str>,
    /// PKCS #8.
    pub private_key: Vec<u8>,
    /// Since when.
    pub created_at: Timestamp,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// The keys made since, newest first.
    pub async fn identity_keys(&self, since: Timestamp) -> Result<Vec<SigningKey>> {
        let rows = sqlx::query(statements::LIST_IDENTITY_KEYS)
            .bind(Instant(since))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let key = |row: &sqlx::postgres::PgRow| {
            let kid: String = row.try_get("kid").map_err(from_sqlx)?;
            let created_at: Instant = row.try_get("created_at").map_err(from_sqlx)?;
            Ok(SigningKey {
                kid: kid.into(),
                private_key: row.try_get("private_key").map_err(from_sqlx)?,
                created_at: created_at.0,
            })
        };
        rows.iter().map(key).collect()
    }

    /// Adds a key, unless another server has added one since.
    pub async fn add_identity_key(&self, key: &SigningKey, since: Timestamp) -> Result<()> {
        sqlx::query(statements::ADD_IDENTITY_KEY)
            .bind(&*key.kid)
            .bind(&key.private_key)
            .bind(Instant(key.created_at))
            .bind(Instant(since))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Whether a client shows an assertion for the first time.
    pub async fn use_identity_assertion(
        &self,
        client_id: &str,
        jti: SecretHash,
        expires: Timestamp,
    ) -> Result<bool> {
        let used: Option<bool> = sqlx::query_scalar(statements::USE_IDENTITY_ASSERTION)
            .bind(client_id)
            .bind(jti.0.as_slice())
            .bind(Instant(expires))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(used.is_some())
    }
}
