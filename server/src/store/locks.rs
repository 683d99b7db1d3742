//! What a transaction keeps others from until its end. Locks are always taken in one order: criteria first, then existing rows
//! in key order, then new rows in key order.

use fhir::ids::ResourceKey;
use fhir::search::plan::Plan;

use super::batch::key_columns;
use super::fault::{from_sqlx, raced};
use super::{Transaction, statements};
use crate::error::Result;

/// How often one try looks whether what it found and locked still matches.
const LOOKS: usize = 4;

impl Transaction {
    /// Waits until no other transaction works under one of these criteria, and keeps them until the end.
    pub async fn lock_criteria(&mut self, mut criteria: Vec<i64>) -> Result<()> {
        criteria.sort_unstable();
        criteria.dedup();
        sqlx::query(statements::LOCK_CRITERIA)
            .bind(criteria)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Waits for these resources, as far as they exist; nobody else changes them until the end.
    pub async fn lock(&mut self, mut keys: Vec<ResourceKey>) -> Result<()> {
        keys.sort();
        keys.dedup();
        let (types, ids) = key_columns(keys.iter());
        sqlx::query(statements::LOCK_RESOURCES)
            .bind(types)
            .bind(ids)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// What a plan matches, at most `limit`, locked until the end. What another request has changed between the look and
    /// the lock is looked at again, so that nobody writes to what matches no more.
    pub async fn lock_matches(&mut self, plan: &Plan, limit: u32) -> Result<Vec<ResourceKey>> {
        let mut found = self.matches(plan, limit).await?;
        for _ in 0..LOOKS {
            if found.is_empty() {
                return Ok(found);
            }
            self.lock(found.clone()).await?;
            let again = self.matches(plan, limit).await?;
            if again == found {
                return Ok(found);
            }
            found = again;
        }
        Err(raced())
    }
}
