//! People who log in, and the attempts to.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::SecretHash;
use crate::auth::FhirUser;
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct IdentityUser {
    /// The id.
    pub id: Uuid,
    /// What they log in as, in lower case.
    pub login: Box<str>,
    /// How they are addressed.
    pub name: Box<str>,
    /// Who they are.
    pub fhir_user: FhirUser,
    /// What they prove it with.
    pub credentials: Credentials,
    /// Whether somebody has locked them out.
    pub is_locked: bool,
    /// What sessions and grants are compared with.
    pub epochs: Epochs,
}

/// How often something has changed that ends sessions, and grants. What carries another count is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// Passwords, second factors and locks.
    pub sessions: i32,
    /// Passwords.
    pub grants: i32,
}

/// Who tries to log in, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The hash of what was typed as a login.
    pub login: SecretHash,
    /// The address, as attempts are counted by it; never empty.
    pub address: &'a [u8],
}

/// What a login is held against. Never shown.
#[derive(Clone)]
pub struct Credentials {
    /// The argon2id hash of the password.
    pub password_hash: Option<Box<str>>,
    /// The secret of the second factor.
    pub totp_secret: Option<Vec<u8>>,
    /// Whether there are passkeys too.
    pub has_passkey: bool,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// What attempts of a login are counted under.
fn login_hash(login: &str) -> Vec<u8> {
    Sha256::digest(login.as_bytes()).to_vec()
}

pub(super) fn user(row: &PgRow) -> Result<IdentityUser> {
    let fhir_user: &str = row.try_get("fhir_user").map_err(from_sqlx)?;
    let login: String = row.try_get("login").map_err(from_sqlx)?;
    let name: String = row.try_get("name").map_err(from_sqlx)?;
    let password_hash: Option<String> = row.try_get("password_hash").map_err(from_sqlx)?;
    Ok(IdentityUser {
        id: row.try_get("id").map_err(from_sqlx)?,
        login: login.into(),
        name: name.into(),
        fhir_user: fhir_user.parse().map_err(Error::internal)?,
        credentials: Credentials {
            password_hash: password_hash.map(Into::into),
            totp_secret: row.try_get("totp_secret").map_err(from_sqlx)?,
            has_passkey: row.try_get("has_passkey").map_err(from_sqlx)?,
        },
        is_locked: row.try_get("is_locked").map_err(from_sqlx)?,
        epochs: Epochs {
            sessions: row.try_get("session_epoch").map_err(from_sqlx)?,
            grants: row.try_get("grant_epoch").map_err(from_sqlx)?,
        },
    })
}

impl Store {
    /// Adds somebody; `false` where the login is taken.
    pub async fn add_identity_user(&self, user: &IdentityUser, now: Timestamp) -> Result<bool> {
        let mut transaction = self.begin_told().await?;
        let added: Option<Uuid> = sqlx::query_scalar(statements::ADD_IDENTITY_USER)
            .bind(user.id)
            .bind(&*user.login)
            .bind(&*user.name)
            .bind(user.fhir_user.to_string())
            .bind(user.credentials.password_hash.as_deref())
            .bind(Instant(now))
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let is_done = added.is_some();
        if is_done {
            transaction.commit().await.map_err(from_sqlx)?;
        }
        Ok(is_done)
    }

    /// The person of that login.
    pub async fn identity_user(&self, login: &str) -> Result<Option<IdentityUser>> {
        let row = sqlx::query(statements::READ_IDENTITY_USER)
            .bind(login)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(user).transpose()
    }

    /// People by login, behind one, so many at most.
    pub async fn identity_users(&self, after: &str, limit: u32) -> Result<Vec<IdentityUser>> {
        let rows = sqlx::query(statements::LIST_IDENTITY_USERS)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(user).collect()
    }

    /// Counts an attempt to log in, whether there is such a person or not; `false` where it must wait.
    pub async fn begin_identity_attempt(
        &self,
        attempt: Attempt<'_>,
        now: Timestamp,
    ) -> Result<bool> {
        sqlx::query_scalar(statements::BEGIN_IDENTITY_ATTEMPT)
            .bind(attempt.login.0.as_slice())
            .bind(attempt.address)
            .bind(Instant(now))
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// The attempt was good; with `is_complete` those before it are forgiven too, and the address is known.
    pub async fn end_identity_attempt(
        &self,
        attempt: Attempt<'_>,
        is_complete: bool,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(statements::END_IDENTITY_ATTEMPT)
            .bind(attempt.login.0.as_slice())
            .bind(attempt.address)
            .bind(Instant(now))
            .bind(is_complete)
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Whether a code of a time step is used for the first time.
    pub async fn use_identity_step(&self, id: Uuid, step: i64) -> Result<bool> {
        let used: Option<bool> = sqlx::query_scalar(statements::USE_IDENTITY_STEP)
            .bind(id)
            .bind(step)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(used.is_some())
    }

    /// Whether a recovery code is one, and used for the first time.
    pub async fn use_identity_recovery_code(&self, id: Uuid, hash: SecretHash) -> Result<bool> {
        let used: Option<bool> = sqlx::query_scalar(statements::USE_IDENTITY_RECOVERY_CODE)
            .bind(id)
            .bind(hash.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(used.is_some())
    }

    /// Sets a password, ends sessions and revokes grants; `false` where there is no such person.
    pub async fn set_identity_password(
        &self,
        login: &str,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut transaction = self.begin_told().await?;
        let changed: i64 = sqlx::query_scalar(statements::SET_IDENTITY_PASSWORD)
            .bind(login)
            .bind(password_hash)
            .bind(Instant(now))
            .bind(login_hash(login))
            .fetch_one(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let is_done = changed > 0;
        if is_done {
            transaction.commit().await.map_err(from_sqlx)?;
        }
        Ok(is_done)
    }

    /// Sets a second factor with its recovery codes, or takes both away; passkeys go either way; `false` where there is no such person.
    pub async fn set_identity_totp(
        &self,
        login: &str,
        totp: Option<(&[u8], &[SecretHash])>,
    ) -> Result<bool> {
        let mut transaction = self.begin_told().await?;
        let id: Option<Uuid> = sqlx::query_scalar(statements::SET_IDENTITY_TOTP)
            .bind(login)
            .bind(totp.map(|(secret, _)| secret))
            .bind(login_hash(login))
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if let (Some(id), Some((_, hashes))) = (id, totp) {
            let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
            sqlx::query(statements::ADD_IDENTITY_RECOVERY_CODES)
                .bind(id)
                .bind(hashes)
                .execute(&mut *transaction)
                .await
                .map_err(from_sqlx)?;
        }
        let is_done = id.is_some();
        if is_done {
            transaction.commit().await.map_err(from_sqlx)?;
        }
        Ok(is_done)
    }

    /// Locks somebody out, or lets them in again; `false` where there is no such person.
    pub async fn lock_identity_user(&self, login: &str, is_locked: bool) -> Result<bool> {
        let mut transaction = self.begin_told().await?;
        let changed: i64 = sqlx::query_scalar(statements::LOCK_IDENTITY_USER)
            .bind(login)
            .bind(is_locked)
            .bind(login_hash(login))
            .fetch_one(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let is_done = changed > 0;
        if is_done {
            transaction.commit().await.map_err(from_sqlx)?;
        }
        Ok(is_done)
    }
}
