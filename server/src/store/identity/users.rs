//! People who log in, and the attempts to.

use std::fmt;

use jiff::Timestamp;
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
    /// Until when further attempts are not looked at.
    pub locked_until: Option<Timestamp>,
    /// Whether somebody has locked them out.
    pub is_locked: bool,
}

/// What a login is held against. Never shown.
#[derive(Clone)]
pub struct Credentials {
    /// The argon2id hash of the password.
    pub password_hash: Option<Box<str>>,
    /// The secret of the second factor.
    pub totp_secret: Option<Vec<u8>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

pub(super) fn user(row: &PgRow) -> Result<IdentityUser> {
    let fhir_user: &str = row.try_get("fhir_user").map_err(from_sqlx)?;
    let login: String = row.try_get("login").map_err(from_sqlx)?;
    let name: String = row.try_get("name").map_err(from_sqlx)?;
    let password_hash: Option<String> = row.try_get("password_hash").map_err(from_sqlx)?;
    let locked_until: Option<Instant> = row.try_get("locked_until").map_err(from_sqlx)?;
    Ok(IdentityUser {
        id: row.try_get("id").map_err(from_sqlx)?,
        login: login.into(),
        name: name.into(),
        fhir_user: fhir_user.parse().map_err(Error::internal)?,
        credentials: Credentials {
            password_hash: password_hash.map(Into::into),
            totp_secret: row.try_get("totp_secret").map_err(from_sqlx)?,
        },
        locked_until: locked_until.map(|instant| instant.0),
        is_locked: row.try_get("is_locked").map_err(from_sqlx)?,
    })
}

impl Store {
    /// Adds somebody; `false` where the login is taken.
    pub async fn add_identity_user(&self, user: &IdentityUser, now: Timestamp) -> Result<bool> {
        let added: Option<Uuid> = sqlx::query_scalar(statements::ADD_IDENTITY_USER)
            .bind(user.id)
            .bind(&*user.login)
            .bind(&*user.name)
            .bind(user.fhir_user.to_string())
            .bind(user.credentials.password_hash.as_deref())
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(added.is_some())
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

    /// People by login, so many at most.
    pub async fn identity_users(&self, limit: u32) -> Result<Vec<IdentityUser>> {
        let rows = sqlx::query(statements::LIST_IDENTITY_USERS)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(user).collect()
    }

    /// Counts an attempt to log in and gives what it is held against; `None` where there is no such person, or they
    /// have to wait, or are locked.
    pub async fn begin_identity_attempt(
        &self,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<IdentityUser>> {
        let row = sqlx::query(statements::BEGIN_IDENTITY_ATTEMPT)
            .bind(login)
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(user).transpose()
    }

    /// The attempt was good; with `is_complete` those before it are forgiven too.
    pub async fn end_identity_attempt(&self, id: Uuid, is_complete: bool) -> Result<()> {
        sqlx::query(statements::END_IDENTITY_ATTEMPT)
            .bind(id)
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
        let changed: i64 = sqlx::query_scalar(statements::SET_IDENTITY_PASSWORD)
            .bind(login)
            .bind(password_hash)
            .bind(Instant(now))
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(changed > 0)
    }

    /// Sets a second factor with its recovery codes, or takes both away; `false` where there is no such person.
    pub async fn set_identity_totp(
        &self,
        login: &str,
        totp: Option<(&[u8], &[SecretHash])>,
    ) -> Result<bool> {
        let mut transaction = self.pool.begin().await.map_err(from_sqlx)?;
        let id: Option<Uuid> = sqlx::query_scalar(statements::SET_IDENTITY_TOTP)
            .bind(login)
            .bind(totp.map(|(secret, _)| secret))
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
        transaction.commit().await.map_err(from_sqlx)?;
        Ok(id.is_some())
    }

    /// Locks somebody out, or lets them in again; `false` where there is no such person.
    pub async fn lock_identity_user(&self, login: &str, is_locked: bool) -> Result<bool> {
        let changed: i64 = sqlx::query_scalar(statements::LOCK_IDENTITY_USER)
            .bind(login)
            .bind(is_locked)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(changed > 0)
    }
}
