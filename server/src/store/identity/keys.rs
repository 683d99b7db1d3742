//! Keys that sign ID tokens, and assertions that were shown.

use std::fmt;

use jiff::Timestamp;
use sqlx::Row;

use super::SecretHash;
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// A key that signs.
#[derive(Clone)]
pub struct SigningKey {
    /// Its name.
    pub kid: Box<str>,
    /// What it signs by.
    pub algorithm: SigningAlgorithm,
    /// PKCS #8, sealed.
    pub private_key: Vec<u8>,
    /// Since when.
    pub created_at: Timestamp,
}

/// What a key signs by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSA of 2048 bits with SHA-256.
    Rs256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
}

impl SigningAlgorithm {
    /// As JSON Web Algorithms names it (<https://www.rfc-editor.org/rfc/rfc7518#section-3.1>).
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es384 => "ES384",
        }
    }
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
            let algorithm: &str = row.try_get("algorithm").map_err(from_sqlx)?;
            Ok(SigningKey {
                kid: kid.into(),
                algorithm: match algorithm {
                    "RS256" => SigningAlgorithm::Rs256,
                    "ES384" => SigningAlgorithm::Es384,
                    _ => return Err(Error::internal("a stored key is of no known algorithm")),
                },
                private_key: row.try_get("private_key").map_err(from_sqlx)?,
                created_at: created_at.0,
            })
        };
        rows.iter().map(key).collect()
    }

    /// Adds a key, unless another server has added one since that begins with the same mark.
    pub async fn add_identity_key(
        &self,
        key: &SigningKey,
        mark: &[u8],
        since: Timestamp,
    ) -> Result<()> {
        sqlx::query(statements::ADD_IDENTITY_KEY)
            .bind(&*key.kid)
            .bind(&key.private_key)
            .bind(Instant(key.created_at))
            .bind(Instant(since))
            .bind(key.algorithm.name())
            .bind(mark)
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
