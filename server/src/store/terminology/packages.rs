//! What packages bring, filled in as a whole: all of it is there, or nothing. As resources they are read by whoever asks for
//! what is not stored.

use fhir::ids::ResourceKey;
use sqlx::Row;
use tokio::sync::mpsc::Receiver;

use crate::definitions::{Brought, PACKAGE_TYPES};
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

    /// Puts definitions, as they come, in the place of what other packages have brought; of two with one key the first stays.
    /// False where another server has done so meanwhile. What comes is nothing unless all of it does.
    pub async fn fill_package_terminology(
        &self,
        fingerprint: &str,
        mut brought: Receiver<Result<Brought>>,
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
        sqlx::query(statements::CLEAR_PACKAGE_DEFINITIONS)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let mut part = Vec::with_capacity(AT_ONCE);
        loop {
            if brought.recv_many(&mut part, AT_ONCE).await == 0 {
                break;
            }
            let (mut terminology, mut definitions) = (Vec::new(), Vec::new());
            for one in part.drain(..) {
                let one = one?;
                let text = String::from_utf8(one.text).map_err(Error::internal)?;
                if one.is_terminology {
                    terminology.push(text.clone());
                }
                if one.is_of_package {
                    definitions.push(text);
                }
            }
            for (statement, texts) in [
                (statements::ADD_TERMINOLOGY, terminology),
                (statements::ADD_PACKAGE_DEFINITIONS, definitions),
            ] {
                sqlx::query(statement)
                    .bind(texts)
                    .execute(&mut *transaction)
                    .await
                    .map_err(from_sqlx)?;
            }
        }
        sqlx::query(statements::FINISH_PACKAGE_TERMINOLOGY)
            .bind(fingerprint)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)?;
        Ok(true)
    }

    /// What a package defines under a key.
    pub async fn package_definition(&self, key: &ResourceKey) -> Result<Option<String>> {
        if !PACKAGE_TYPES.contains(&key.resource_type.name()) {
            return Ok(None);
        }
        sqlx::query_scalar(statements::READ_PACKAGE_DEFINITION)
            .bind(key.resource_type.name())
            .bind(key.id.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// What packages define of some types under these URLs and ids.
    pub async fn package_definitions(
        &self,
        types: &[&str],
        urls: &[&str],
        ids: &[&str],
    ) -> Result<Vec<(ResourceKey, String)>> {
        let rows = sqlx::query(statements::FIND_PACKAGE_DEFINITIONS)
            .bind(types)
            .bind(urls)
            .bind(ids)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let found = rows.iter().map(|row| {
            let key: &str = row.try_get("key").map_err(from_sqlx)?;
            let content = row.try_get("content").map_err(from_sqlx)?;
            Ok((key.parse().map_err(Error::internal)?, content))
        });
        found.collect()
    }
}
