//! What the trail says of changes of accounts, apps, sessions and grants: in the commit of each.

use std::sync::Arc;

use sqlx::Postgres;

use super::add_records;
use crate::audit::SecurityEvent;
use crate::error::Result;
use crate::store::Store;
use crate::store::fault::from_sqlx;

impl Store {
    /// The same store, whose next change of accounts, apps, sessions or grants is committed with this event.
    #[must_use]
    pub fn beside(&self, event: SecurityEvent) -> Self {
        let record = self.audit.as_deref().map(|trail| {
            let record = event.record(trail.source.clone());
            Arc::new(self.proven(record))
        });
        Self {
            beside: record,
            ..self.clone()
        }
    }

    /// Records an event that changes nothing, and waits until that is durable.
    pub async fn add_event(&self, event: SecurityEvent) -> Result<()> {
        match self.audit.as_deref() {
            Some(trail) => self.add_record(event.record(trail.source.clone())).await,
            None => Ok(()),
        }
    }

    /// A transaction that tells of itself, if it is committed.
    pub(in crate::store) async fn begin_told(
        &self,
    ) -> Result<sqlx::Transaction<'static, Postgres>> {
        let mut transaction = self.pool.begin().await.map_err(from_sqlx)?;
        if let Some(record) = self.beside.as_deref() {
            add_records(&mut transaction, std::slice::from_ref(record)).await?;
        }
        Ok(transaction)
    }
}
