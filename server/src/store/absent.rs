//! Which of some resources do not exist, asked at once: what references of a write must lead to.

use std::collections::HashSet;

use fhir::ids::ResourceKey;
use sqlx::PgConnection;

use super::batch::key_columns;
use super::fault::from_sqlx;
use super::{PreparedWrite, Store, Transaction, statements};
use crate::definitions::RequiredTargets;
use crate::error::{Error, Result};

impl Store {
    /// Those of the targets that are absent at the moment.
    pub async fn absent(&self, targets: &RequiredTargets) -> Result<HashSet<ResourceKey>> {
        if targets.is_empty() {
            return Ok(HashSet::new());
        }
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        absent(&mut connection, targets.keys().collect()).await
    }

    /// Refuses a write that refers to what is absent. It may refer to itself.
    pub(super) async fn refuse_broken(&self, write: &PreparedWrite) -> Result<()> {
        let mut found = self.absent(&write.targets).await?;
        found.remove(&write.key);
        write.targets.refuse(&found)
    }
}

impl Transaction {
    /// Those of the targets of several writes that are absent; asked when all is written.
    pub async fn absent(
        &mut self,
        targets: impl Iterator<Item = &RequiredTargets>,
    ) -> Result<HashSet<ResourceKey>> {
        let keys: HashSet<&ResourceKey> = targets.flat_map(RequiredTargets::keys).collect();
        absent(self.connection(), keys).await
    }

    /// Refuses a write of this transaction that refers to what is absent.
    pub async fn refuse_broken(&mut self, targets: &RequiredTargets) -> Result<()> {
        let found = self.absent(std::iter::once(targets)).await?;
        targets.refuse(&found)
    }
}

async fn absent(
    connection: &mut PgConnection,
    keys: HashSet<&ResourceKey>,
) -> Result<HashSet<ResourceKey>> {
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let (types, ids) = key_columns(keys.into_iter());
    let found: Vec<String> = sqlx::query_scalar(statements::FIND_ABSENT)
        .bind(types)
        .bind(ids)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    let keys = found.into_iter().map(|key| key.parse());
    keys.collect::<std::result::Result<_, _>>()
        .map_err(Error::internal)
}
