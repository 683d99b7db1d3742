//! People who log in elsewhere: browsers that were sent there, and the accounts of those who came back.

use jiff::Timestamp;
use sqlx::Row;

use super::SecretHash;
use super::grants::instant;
use super::users::{IdentityUser, user};
use crate::error::Result;
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// A browser that is sent to a provider.
#[derive(Clone, Copy, Debug)]
pub struct Departure<'a> {
    /// The hash of the state it comes back with.
    pub state: SecretHash,
    /// The hash of its cookie.
    pub browser: SecretHash,
    /// The provider, by the name it has here.
    pub provider: &'a str,
}

/// A browser that is back.
#[derive(Clone, Debug)]
pub struct Departed {
    /// The query of the app's request; empty where there is none.
    pub request: String,
    /// When it was sent.
    pub departed_at: Timestamp,
}

impl Store {
    /// Keeps that a browser was sent away, until it is back.
    pub async fn add_identity_departure(
        &self,
        departure: Departure<'_>,
        request: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<()> {
        sqlx::query(statements::ADD_IDENTITY_DEPARTURE)
            .bind(departure.state.0.as_slice())
            .bind(departure.browser.0.as_slice())
            .bind(departure.provider)
            .bind(request)
            .bind(Instant(now))
            .bind(Instant(expires))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// A browser is back, once; `None` where it was never sent, or another was, or it is late.
    pub async fn end_identity_departure(
        &self,
        departure: Departure<'_>,
        now: Timestamp,
    ) -> Result<Option<Departed>> {
        let row = sqlx::query(statements::END_IDENTITY_DEPARTURE)
            .bind(departure.state.0.as_slice())
            .bind(departure.browser.0.as_slice())
            .bind(departure.provider)
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let Some(row) = row else {
            return Ok(None);
        };
        Ok(Some(Departed {
            request: row.try_get("request").map_err(from_sqlx)?,
            departed_at: instant(&row, "departed_at")?,
        }))
    }

    /// The account of whom an issuer calls so.
    pub async fn identity_federated_user(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<IdentityUser>> {
        let row = sqlx::query(statements::READ_IDENTITY_FEDERATED_USER)
            .bind(issuer)
            .bind(subject)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(user).transpose()
    }

    /// Makes the account of whom an issuer calls so, or changes name and person of the one there is. Who is another person
    /// by now has no session and no grant any more.
    pub async fn keep_identity_federated_user(
        &self,
        issuer: &str,
        subject: &str,
        user: &IdentityUser,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        sqlx::query(statements::KEEP_IDENTITY_FEDERATED_USER)
            .bind(issuer)
            .bind(subject)
            .bind(user.id)
            .bind(&*user.login)
            .bind(&*user.name)
            .bind(user.fhir_user.to_string())
            .bind(Instant(now))
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)
    }
}
