//! Reads by key, and of past versions: the stored text goes out as it is, nothing is parsed.

use bytes::Bytes;
use fhir::ids::{ResourceKey, VersionId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::batch::key_columns;
use super::combine::Batch;
use super::fault::from_sqlx;
use super::instant::Instant;
use super::past::is_admitted;
use super::prepared::Verb;
use super::search::{RowFilter, arguments};
use super::{Store, StoredVersion, statements};
use crate::auth::Permission;
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, Result};

impl Store {
    /// The current version; `None` where there never was such a resource, or it may not be read.
    pub(super) async fn read_current(
        &self,
        cx: &RequestContext,
        key: &ResourceKey,
    ) -> Result<Option<StoredVersion>> {
        let filter = RowFilter::of(&cx.access, Permission::Read, &[key.resource_type]);
        let key = key.clone();
        self.reads.ask(Wanted { key, filter }).await
    }
}

/// One version, current or past, of a resource that may be read, if that version may be too.
pub(super) async fn read_version(
    cx: &RequestContext,
    definitions: &Definitions,
    connection: &mut PgConnection,
    key: &ResourceKey,
    version: VersionId,
) -> Result<Option<StoredVersion>> {
    let filter = RowFilter::of(&cx.access, Permission::Read, &[key.resource_type]);
    let arguments = arguments![key.resource_type.name(), key.id.as_str(), version.number()];
    let mut asked = statements::READ_VERSION.within(&filter, arguments);
    let row = asked
        .query()
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let found = stored_version(&row, key.clone())?;
    Ok(is_admitted(cx, definitions, &found).then_some(found))
}

/// A current version that somebody wants, as far as they may see it.
pub(super) struct Wanted {
    key: ResourceKey,
    filter: RowFilter,
}

pub(super) struct Reads;

impl Batch for Reads {
    type Request = Wanted;
    type Answer = Option<StoredVersion>;
    const REPEATABLE: bool = true;

    /// One statement asks for those who may see the same.
    fn fitting(requests: &[Wanted]) -> usize {
        let first = requests.first();
        let differs = |one: &Wanted| first.is_some_and(|first| first.filter != one.filter);
        requests.iter().position(differs).unwrap_or(requests.len())
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[Wanted],
    ) -> Result<Vec<Result<Option<StoredVersion>>>> {
        let Some(first) = requests.first() else {
            return Ok(Vec::new());
        };
        let keys: Vec<ResourceKey> = requests.iter().map(|one| one.key.clone()).collect();
        let found = read_resources(connection, &keys, &first.filter).await?;
        Ok(found.into_iter().map(Ok).collect())
    }
}

/// Reads current versions, each in the place of its key, as far as a filter lets them through.
pub(super) async fn read_resources(
    connection: &mut PgConnection,
    keys: &[ResourceKey],
    filter: &RowFilter,
) -> Result<Vec<Option<StoredVersion>>> {
    let (types, ids) = key_columns(keys.iter());
    let rows = statements::READ_RESOURCES
        .within(filter, arguments![types, ids])
        .query()
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
    version_of(key, version, last_updated, method, content.map(Into::into))
}

fn version_of(
    key: ResourceKey,
    version: i64,
    last_updated: Instant,
    method: &str,
    content: Option<Bytes>,
) -> Result<StoredVersion> {
    Ok(StoredVersion {
        key,
        version: VersionId::new(version)
            .ok_or_else(|| Error::internal("a stored version is not positive"))?,
        last_updated: last_updated.0,
        verb: Verb::parse(method).ok_or_else(|| Error::internal("a stored method is unknown"))?,
        content,
    })
}

/// Reads `resource_type`, `id`, `version_id`, `last_updated`, `method` and `content`, which stand in a row in this order from
/// a column on.
pub(super) fn stored_version_from(row: &PgRow, first: usize) -> Result<StoredVersion> {
    let column = |n| first + n;
    let resource_type: &str = row.try_get(column(0)).map_err(from_sqlx)?;
    let id: &str = row.try_get(column(1)).map_err(from_sqlx)?;
    let version: i64 = row.try_get(column(2)).map_err(from_sqlx)?;
    let last_updated: Instant = row.try_get(column(3)).map_err(from_sqlx)?;
    let method: &str = row.try_get(column(4)).map_err(from_sqlx)?;
    let content: Option<String> = row.try_get(column(5)).map_err(from_sqlx)?;
    let key = key_of(resource_type, id)?;
    let content = content.map(Into::into);
    version_of(key, version, last_updated, method, content)
}

/// The key in the columns `resource_type` and `id`.
pub(super) fn stored_key(row: &PgRow) -> Result<ResourceKey> {
    let resource_type: &str = row.try_get("resource_type").map_err(from_sqlx)?;
    let id: &str = row.try_get("id").map_err(from_sqlx)?;
    key_of(resource_type, id)
}

fn key_of(resource_type: &str, id: &str) -> Result<ResourceKey> {
    let resource_type = fhir::ids::ResourceType::parse(resource_type)
        .ok_or_else(|| Error::internal("a stored resource type is unknown"))?;
    Ok(ResourceKey::new(
        resource_type,
        id.parse().map_err(Error::internal)?,
    ))
}
