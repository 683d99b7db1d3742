//! Notes of the installation to itself, shared by its nodes: what a job has reached.

use super::fault::from_sqlx;
use super::{Store, statements};
use crate::error::Result;

impl Store {
    /// The note of that name, if there is one.
    pub async fn setting(&self, name: &'static str) -> Result<Option<String>> {
        sqlx::query_scalar(statements::READ_SETTING)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// Writes a note down in place of the last one of that name.
    pub async fn set_setting(&self, name: &'static str, value: &str) -> Result<()> {
        sqlx::query(statements::WRITE_SETTING)
            .bind(name)
            .bind(value)
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}
