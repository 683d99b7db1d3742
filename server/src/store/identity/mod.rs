//! Tables of identity: people who log in, clients, sessions, grants, tokens and keys. Secrets are known by their hashes
//! alone (server/decisions/0022-own-authorization-server.md).

mod clients;
mod federation;
mod grants;
mod keys;
mod launches;
mod passkeys;
mod sessions;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

use std::fmt;

use jiff::Timestamp;

pub use clients::{ClientKind, IdentityClient};
pub use federation::{Departed, Departure};
pub use grants::{GrantUser, Granted, IdentityGrant, NewGrant, RunningGrant};
pub use keys::{SigningAlgorithm, SigningKey};
pub use launches::PreparedLaunch;
pub use passkeys::{Ceremony, StoredPasskey};
pub use sessions::{IdentitySession, NewSession, SessionLimits};
pub(super) use tokens::Tokens;
pub use tokens::{CodeTerms, KnownToken, NewCode, NewToken, ReusedGrant, TokenKind, UsedCode};
pub use users::{Attempt, Credentials, Epochs, IdentityUser};

use sha2::{Digest, Sha256};

use super::Store;
use super::fault::from_sqlx;
use super::instant::Instant;
use super::statements;
use crate::error::Result;

/// The SHA-256 hash of what somebody shows to be let in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// What a secret is known by.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

impl Store {
    /// Forgets what has run out, and sessions and revoked grants older than `old`.
    pub async fn forget_identity(&self, now: Timestamp, old: Timestamp) -> Result<()> {
        sqlx::query(statements::FORGET_IDENTITY)
            .bind(Instant(now))
            .bind(Instant(old))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}
