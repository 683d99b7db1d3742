//! Passkeys of people, and what was asked of them (<https://www.w3.org/TR/webauthn-3/>).

use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::SecretHash;
use super::grants::instant;
use crate::error::Result;
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// A passkey of somebody.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    /// The id of the credential.
    pub id: Vec<u8>,
    /// What its person calls it.
    pub name: Box<str>,
    /// Public key and counter, as text.
    pub passkey: Box<str>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last shown.
    pub used_at: Option<Timestamp>,
}

/// A question to the authenticator of a browser.
#[derive(Clone, Copy, Debug)]
pub struct Ceremony {
    /// The session that asks.
    pub session: SecretHash,
    /// Its person.
    pub user: Uuid,
    /// Whether a passkey is to be made, rather than shown.
    pub is_registration: bool,
}

fn stored(row: &PgRow) -> Result<StoredPasskey> {
    let name: String = row.try_get("name").map_err(from_sqlx)?;
    let passkey: String = row.try_get("passkey").map_err(from_sqlx)?;
    let used_at: Option<Instant> = row.try_get("used_at").map_err(from_sqlx)?;
    Ok(StoredPasskey {
        id: row.try_get("id").map_err(from_sqlx)?,
        name: name.into(),
        passkey: passkey.into(),
        created_at: instant(row, "created_at")?,
        used_at: used_at.map(|at| at.0),
    })
}

impl Store {
    /// The passkeys of somebody, in the order in which they were added.
    pub async fn identity_passkeys(&self, user: Uuid) -> Result<Vec<StoredPasskey>> {
        let rows = sqlx::query(statements::LIST_IDENTITY_PASSKEYS)
            .bind(user)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(stored).collect()
    }

    /// Adds a passkey; `false` where it is there already, or its person has ten.
    pub async fn add_identity_passkey(&self, user: Uuid, passkey: &StoredPasskey) -> Result<bool> {
        let mut transaction = self.begin_told().await?;
        sqlx::query(statements::LOCK_IDENTITY_PERSON)
            .bind(user)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let added: Option<bool> = sqlx::query_scalar(statements::ADD_IDENTITY_PASSKEY)
            .bind(passkey.id.as_slice())
            .bind(user)
            .bind(&*passkey.name)
            .bind(&*passkey.passkey)
            .bind(Instant(passkey.created_at))
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if added.is_some() {
            transaction.commit().await.map_err(from_sqlx)?;
        }
        Ok(added.is_some())
    }

    /// Removes a passkey of somebody and ends their other sessions; `false` where they have none of that id, or need a second
    /// factor and have no other at that moment, whatever they had when they were asked.
    pub async fn remove_identity_passkey(
        &self,
        user: Uuid,
        id: &[u8],
        needs_one: bool,
        session: SecretHash,
    ) -> Result<bool> {
        let mut transaction = self.begin_told().await?;
        // Of two at one time the second sees what the first has left; codes are taken away under the same lock.
        sqlx::query(statements::LOCK_IDENTITY_PERSON)
            .bind(user)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let removed: Option<bool> = sqlx::query_scalar(statements::REMOVE_IDENTITY_PASSKEY)
            .bind(user)
            .bind(id)
            .bind(needs_one)
            .bind(session.0.as_slice())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if removed.is_some() {
            transaction.commit().await.map_err(from_sqlx)?;
        }
        Ok(removed.is_some())
    }

    /// A passkey was shown, and is another text now; `false` where it is no more what it was when it was asked for.
    pub async fn use_identity_passkey(
        &self,
        user: Uuid,
        before: &StoredPasskey,
        after: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let used: Option<bool> = sqlx::query_scalar(statements::USE_IDENTITY_PASSKEY)
            .bind(user)
            .bind(before.id.as_slice())
            .bind(&*before.passkey)
            .bind(after)
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(used.is_some())
    }

    /// Keeps what was asked, until it is answered.
    pub async fn begin_identity_ceremony(
        &self,
        ceremony: Ceremony,
        state: &str,
        expires: Timestamp,
    ) -> Result<()> {
        sqlx::query(statements::BEGIN_IDENTITY_CEREMONY)
            .bind(ceremony.session.0.as_slice())
            .bind(ceremony.user)
            .bind(ceremony.is_registration)
            .bind(state)
            .bind(Instant(expires))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// What was asked, once; `None` where nothing was, or too long ago.
    pub async fn end_identity_ceremony(
        &self,
        ceremony: Ceremony,
        now: Timestamp,
    ) -> Result<Option<String>> {
        sqlx::query_scalar(statements::END_IDENTITY_CEREMONY)
            .bind(ceremony.session.0.as_slice())
            .bind(ceremony.user)
            .bind(ceremony.is_registration)
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)
    }
}
