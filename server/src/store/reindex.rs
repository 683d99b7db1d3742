//! Search values computed anew, resource by resource, while the server serves.

use fhir::ids::{ResourceType, VersionId};
use fhir::search::index_values::IndexValues;
use sqlx::Row;

use super::batch::IndexColumns;
use super::fault::from_sqlx;
use super::read::{stored_key, stored_version};
use super::{Store, StoredVersion, statements};
use crate::context::RequestContext;
use crate::error::Result;

/// New search values of one version.
#[derive(Clone, Debug)]
pub struct Indexed {
    /// The row's number in the order of creation.
    pub row: i64,
    /// The version the values were computed from; another one keeps its own.
    pub version: VersionId,
    /// The values.
    pub values: IndexValues,
}

impl Store {
    /// The next resources of a type after a row, in the order of their creation, with their row numbers.
    pub async fn walk(
        &self,
        _cx: &RequestContext,
        resource_type: ResourceType,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, StoredVersion)>> {
        let rows = sqlx::query(statements::WALK_RESOURCES)
            .bind(resource_type.name())
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter()
            .map(|row| {
                Ok((
                    row.try_get("rid").map_err(from_sqlx)?,
                    stored_version(row, stored_key(row)?)?,
                ))
            })
            .collect()
    }

    /// Replaces the search values of these versions, as far as they are still current. They were computed with a generation
    /// of definitions, and are refused where there is a later one.
    pub async fn reindex(
        &self,
        _cx: &RequestContext,
        generation: i64,
        indexed: &[Indexed],
    ) -> Result<()> {
        let mut columns = IndexColumns::of_values(indexed.iter().map(|one| &one.values));
        let query = sqlx::query(statements::REINDEX_RESOURCES)
            .bind(generation)
            .bind(indexed.iter().map(|one| one.row).collect::<Vec<_>>())
            .bind(
                indexed
                    .iter()
                    .map(|one| one.version.number())
                    .collect::<Vec<_>>(),
            )
            .bind(std::mem::take(&mut columns.toks));
        columns
            .bind(query)
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}
