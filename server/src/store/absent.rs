//! Which of some resources do not exist, asked at once: what references of a write must lead to.

use std::collections::HashSet;

use fhir::ids::{ResourceKey, ResourceType};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::batch::key_columns;
use super::fault::from_sqlx;
use super::search::{RowFilter, arguments};
use super::{PreparedWrite, Store, Transaction, statements};
use crate::auth::Access;
use crate::context::RequestContext;
use crate::definitions::RequiredTargets;
use crate::error::{Error, Result};

impl Store {
    /// Those of the targets that are absent at the moment, or hidden.
    pub async fn absent(
        &self,
        cx: &RequestContext,
        targets: &RequiredTargets,
    ) -> Result<HashSet<ResourceKey>> {
        if targets.is_empty() {
            return Ok(HashSet::new());
        }
        // These connections keep their plans.
        let mut lent = self.searches.lend().await?;
        let found = absent(&cx.access, lent.get(), targets.keys().collect()).await?;
        lent.give_back();
        Ok(found)
    }

    /// Refuses a write that refers to what is absent. It may refer to itself.
    pub(super) async fn refuse_broken(
        &self,
        cx: &RequestContext,
        write: &PreparedWrite,
    ) -> Result<()> {
        let mut found = self.absent(cx, &write.targets).await?;
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
        let access = self.access().clone();
        absent(&access, self.connection(), keys).await
    }

    /// Refuses a write of this transaction that refers to what is absent.
    pub async fn refuse_broken(&mut self, targets: &RequiredTargets) -> Result<()> {
        let found = self.absent(std::iter::once(targets)).await?;
        targets.refuse(&found)
    }
}

async fn absent(
    access: &Access,
    connection: &mut PgConnection,
    keys: HashSet<&ResourceKey>,
) -> Result<HashSet<ResourceKey>> {
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let mut named: Vec<ResourceType> = keys.iter().map(|key| key.resource_type).collect();
    named.sort_unstable();
    named.dedup();
    let filter = RowFilter::referable(access, &named);
    let (types, ids) = key_columns(keys.into_iter());
    let rows = statements::FIND_ABSENT
        .within(&filter, arguments![types, ids])
        .query()
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    let key = |row: &PgRow| {
        let key: &str = row.try_get(0).map_err(from_sqlx)?;
        key.parse().map_err(Error::internal)
    };
    rows.iter().map(key).collect()
}
