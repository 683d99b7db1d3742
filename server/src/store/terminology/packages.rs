//! What packages bring, filled in as a whole: all of it is there, or nothing.

use sqlx::Row;
use tokio::sync::mpsc::Receiver;

use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::{Store, statements};

/// Resources that are handed to the database at once.
const AT_ONCE: usize = 50;

impl Store {
    /// What of packages has been filled in; nothing where nothing has.
    pub async fn package_terminology(&self) -> Result<String> {
        let row = sqlx::query(statements::READ_TERMINOLOGY_STATE)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        row.try_get("packages").map_err(from_sqlx)
    }

    /// Puts code systems, value sets and concept maps, as they come, in the place of what other packages have brought.
    /// False where another server has done so meanwhile. What comes is nothing unless all of it does.
    pub async fn fill_package_terminology(
        &self,
        fingerprint: &str,
        mut resources: Receiver<Result<Vec<u8>>>,
    ) -> Result<bool> {
        let mut transaction = self.pool.begin().await.map_err(from_sqlx)?;
        let is_new: bool = sqlx::query_scalar(statements::BEGIN_PACKAGE_TERMINOLOGY)
            .bind(fingerprint)
            .fetch_one(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if !is_new {
            return Ok(false);
        }
        let mut part = Vec::with_capacity(AT_ONCE);
        loop {
            if resources.recv_many(&mut part, AT_ONCE).await == 0 {
                break;
            }
            let mut texts = Vec::with_capacity(part.len());
            for resource in part.drain(..) {
                texts.push(String::from_utf8(resource?).map_err(Error::internal)?);
            }
            sqlx::query(statements::ADD_TERMINOLOGY)
                .bind(texts)
                .execute(&mut *transaction)
                .await
                .map_err(from_sqlx)?;
        }
        sqlx::query(statements::FINISH_PACKAGE_TERMINOLOGY)
            .bind(fingerprint)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)?;
        Ok(true)
    }
}
