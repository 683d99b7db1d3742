//! What still refers to resources that are to be deleted.

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::search::hash::{ANY_REFERENCE, key_hash, reference};
use sqlx::Row;

use super::batch::key_columns;
use super::fault::from_sqlx;
use super::{Transaction, statements, write};
use crate::error::{Error, Result};

impl Transaction {
    /// The first of these resources that something still refers to, and the refusal to delete it; asked last, when all is
    /// written.
    pub async fn find_referenced(
        &mut self,
        keys: &[ResourceKey],
    ) -> Result<Option<(ResourceKey, Error)>> {
        let names_them = self.access().reason().is_some();
        let found = self.referrers(keys).await?;
        let first = keys.iter().find_map(|key| Some((key, found.get(key)?)));
        Ok(first.map(|(key, by)| (key.clone(), write::referenced(by, names_them))))
    }

    /// Those of these resources that something still refers to, each with some of what does.
    pub async fn referrers(
        &mut self,
        keys: &[ResourceKey],
    ) -> Result<BTreeMap<ResourceKey, Vec<String>>> {
        let (types, ids) = key_columns(keys.iter());
        let element = |key| reference(ANY_REFERENCE, key_hash(key));
        let elements: Vec<i64> = keys.iter().map(element).collect();
        let rows = sqlx::query(statements::FIND_REFERRERS)
            .bind(types)
            .bind(ids)
            .bind(elements)
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        let mut found: BTreeMap<ResourceKey, Vec<String>> = BTreeMap::new();
        for row in rows {
            let target: &str = row.try_get("target").map_err(from_sqlx)?;
            let by = row.try_get("referrer").map_err(from_sqlx)?;
            let target = target.parse().map_err(Error::internal)?;
            found.entry(target).or_default().push(by);
        }
        Ok(found)
    }
}
