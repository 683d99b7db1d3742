//! Reads by key, and of past versions: the stored text goes out as it is, nothing is parsed.

use fhir::ids::{ResourceKey, VersionId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::batch::key_columns;
use super::combine::Batch;
use super::fault::from_sqlx;
use super::instant::Instant;
use super::prepared::Verb;
use super::{Store, StoredVersion, statements};
use crate::error::{Error, Result};

impl Store {
    /// The current version; `None` where there never was such a resource.
    pub(super) async fn read_current(&self, key: ResourceKey) -> Result<Option<StoredVersion>> {
        self.reads.ask(key).await
    }
}

/// One version, current or past.
pub(super) async fn read_version(
    connection: &mut PgConnection,
    key: &ResourceKey,
    version: VersionId,
) -> Result<Option<StoredVersion>> {
    let row = sqlx::query(statements::READ_VERSION)
        .bind(key.resource_type.name())
        .bind(key.id.as_str())
        .bind(version.number())
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    row.map(|row| stored_version(&row, key.clone())).transpose()
}

pub(super) struct Reads;

impl Batch for Reads {
    type Request = ResourceKey;
    type Answer = Option<StoredVersion>;
    const REPEATABLE: bool = true;

    fn fitting(requests: &[ResourceKey]) -> usize {
        requests.len()
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[ResourceKey],
    ) -> Result<Vec<Result<Option<StoredVersion>>>> {
        Ok(read_resources(connection, requests)
            .await?
            .into_iter()
            .map(Ok)
            .collect())
    }
}

/// Reads current versions, each in the place of its key.
pub(super) async fn read_resources(
    connection: &mut PgConnection,
    keys: &[ResourceKey],
) -> Result<Vec<Option<StoredVersion>>> {
    let (types, ids) = key_columns(keys.iter());
    let rows = sqlx::query(statements::READ_RESOURCES)
        .bind(types)
        .bind(ids)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    let mut found: Vec<Option<StoredVersion>> = keys.iter().map(|_| None).collect();
    for row in rows {
        let n: i32 = row.try_get(0).map_err(from_sqlx)?;
        let place = usize::try_from(n - 1).map_err(Error::internal)?;
        if let (Some(slot), Some(key)) = (found.get_mut(place), keys.get(place)) {
            *slot = Some(stored_version(&row, key.clone())?);
        }
    }
    Ok(found)
}

/// Reads a row that has `version_id`, `last_updated`, `method` and `content`.
pub(super) fn stored_version(row: &PgRow, key: ResourceKey) -> Result<StoredVersion> {
    let version: i64 = row.try_get("version_id").map_err(from_sqlx)?;
    let last_updated: Instant = row.try_get("last_updated").map_err(from_sqlx)?;
    let method: &str = row.try_get("method").map_err(from_sqlx)?;
    let content: Option<String> = row.try_get("content").map_err(from_sqlx)?;
    Ok(StoredVersion {
        key,
        version: VersionId::new(version)
            .ok_or_else(|| Error::internal("a stored version is not positive"))?,
        last_updated: last_updated.0,
        verb: Verb::parse(method).ok_or_else(|| Error::internal("a stored method is unknown"))?,
        content: content.map(Into::into),
    })
}

/// The key in the columns `resource_type` and `id`.
pub(super) fn stored_key(row: &PgRow) -> Result<ResourceKey> {
    let resource_type: &str = row.try_get("resource_type").map_err(from_sqlx)?;
    let id: &str = row.try_get("id").map_err(from_sqlx)?;
    let resource_type = fhir::ids::ResourceType::parse(resource_type)
        .ok_or_else(|| Error::internal("a stored resource type is unknown"))?;
    Ok(ResourceKey::new(
        resource_type,
        id.parse().map_err(Error::internal)?,
    ))
}
