//! Calendars behind secret links: of the secret the database knows a hash alone.

use fhir::ids::ResourceKey;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::{SecretHash, Store, Transaction, statements};
use crate::error::{Error, Result};

impl Store {
    /// Whose calendar stands behind a secret.
    pub async fn calendar_of_link(&self, secret: &SecretHash) -> Result<Option<ResourceKey>> {
        let person: Option<String> = sqlx::query_scalar(statements::READ_CALENDAR_LINK)
            .bind(secret.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let key = person.map(|person| person.parse().map_err(Error::internal));
        key.transpose()
    }
}

impl Transaction {
    /// Puts a new secret in place of the one there was.
    pub async fn keep_calendar_link(
        &mut self,
        person: &ResourceKey,
        secret: &SecretHash,
    ) -> Result<()> {
        let now = self.now();
        sqlx::query(statements::KEEP_CALENDAR_LINK)
            .bind(person.to_string())
            .bind(secret.0.as_slice())
            .bind(Instant(now))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Ends the link to somebody's calendar, and says whether there was one.
    pub async fn drop_calendar_link(&mut self, person: &ResourceKey) -> Result<bool> {
        let dropped = sqlx::query(statements::DROP_CALENDAR_LINK)
            .bind(person.to_string())
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(dropped.rows_affected() > 0)
    }
}
