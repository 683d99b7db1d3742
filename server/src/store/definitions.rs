//! The definitions as the database keeps them: which are current, and how far search values are computed by them
//! (server/decisions/0014-search-parameters-at-run-time.md).

use bytes::Bytes;
use fhir::ids::{ResourceKey, ResourceType, VersionId};
use sqlx::postgres::PgRow;
use sqlx::{Executor, PgConnection, Row};

use super::fault::{from_sqlx, raced};
use super::read::read_resources;
use super::search::RowFilter;
use super::{Store, statements};
use crate::definitions::{
    CurrentDefinitions, Definitions, IndexState, StoredDefinitions, StoredProfile,
};
use crate::error::{Error, ErrorKind, Result};

/// How often what is read is read again because it has changed meanwhile.
const TRIES: usize = 10;

/// How many stored profiles are looked at, most of which may be what the server brings as well.
const PROFILES_LISTED: i64 = 20_000;
/// How many of them are read at once.
const PROFILES_READ: usize = 50;

/// A walk through the resources of a type that computes their search values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexWalk {
    /// The last row it has done.
    pub reached: i64,
    /// How many it has done.
    pub walked: i64,
    /// The transaction number below which all must have ended before it looks.
    pub horizon: u64,
}

/// The right to compute search values: one process has it at a time, and loses it with its connection.
#[derive(Debug)]
pub struct IndexLock {
    _connection: PgConnection,
}

impl Store {
    /// Takes the database over for the definitions that this server brings, and puts what is stored in force.
    pub async fn adopt(&self, current: &CurrentDefinitions) -> Result<()> {
        let built_in = current.built_in();
        let (types, _, wanted) = columns(built_in);
        sqlx::query(statements::ADOPT_DEFINITIONS)
            .bind(built_in.fingerprint())
            .bind(types)
            .bind(wanted)
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        self.refresh(current).await
    }

    /// Puts in force what is stored now.
    pub async fn refresh(&self, current: &CurrentDefinitions) -> Result<()> {
        let _alone = current.refreshing.lock().await;
        self.read_into(current).await
    }

    /// Puts in force what is stored now, unless another request has done so since a write was refused for its generation.
    pub async fn refresh_past(&self, current: &CurrentDefinitions, outdated: i64) -> Result<()> {
        let _alone = current.refreshing.lock().await;
        match current.now().generation() == outdated {
            true => self.read_into(current).await,
            false => Ok(()),
        }
    }

    async fn read_into(&self, current: &CurrentDefinitions) -> Result<()> {
        for _ in 0..TRIES {
            let mut stored = self.stored_definitions().await?;
            if stored.built_in != current.built_in().fingerprint() {
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    "a server with other definitions has taken the database over; this one can only be stopped",
                ));
            }
            let now = current.now();
            if stored.profiles_revision != now.profiles_revision() {
                stored.profiles = Some(self.stored_profiles(&now).await?);
            }
            let next = current.with(&stored)?;
            if !is_declared(&next, &stored) && !self.declare(&next).await? {
                continue;
            }
            current.set(next);
            return Ok(());
        }
        Err(raced())
    }

    /// Puts in force what is stored now, where that is not in force yet.
    pub async fn refresh_if_changed(&self, current: &CurrentDefinitions) -> Result<()> {
        let row = sqlx::query(statements::READ_GENERATION)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let stored: (i64, i64, i64) = (
            row.try_get("generation").map_err(from_sqlx)?,
            row.try_get("revision").map_err(from_sqlx)?,
            row.try_get("profiles").map_err(from_sqlx)?,
        );
        let now = current.now();
        // While something is under way, how far it is changes without further notice.
        match stored == now.moment() && now.unready().indexing().next().is_none() {
            true => Ok(()),
            false => self.refresh(current).await,
        }
    }

    /// All that is stored of definitions, as of one moment.
    pub async fn stored_definitions(&self) -> Result<StoredDefinitions> {
        let begin = "begin isolation level repeatable read read only";
        let mut tx = self.pool.begin_with(begin).await.map_err(from_sqlx)?;
        let row = tx
            .fetch_one(statements::READ_GENERATION)
            .await
            .map_err(from_sqlx)?;
        let parameters = tx
            .fetch_all(statements::LIST_SEARCH_PARAMETERS)
            .await
            .map_err(from_sqlx)?;
        let index = tx
            .fetch_all(statements::LIST_SEARCH_INDEX)
            .await
            .map_err(from_sqlx)?;
        tx.rollback().await.map_err(from_sqlx)?;
        let mut stored = StoredDefinitions {
            generation: row.try_get("generation").map_err(from_sqlx)?,
            revision: row.try_get("revision").map_err(from_sqlx)?,
            built_in: row.try_get("built_in").map_err(from_sqlx)?,
            profiles_revision: row.try_get("profiles").map_err(from_sqlx)?,
            ..StoredDefinitions::default()
        };
        for row in &parameters {
            stored.parameters.push(parameter(row)?);
        }
        stored.index = index
            .iter()
            .filter_map(|row| state(row).transpose())
            .collect::<Result<_>>()?;
        Ok(stored)
    }

    /// The profiles that are stored; those that are known already are not read again.
    async fn stored_profiles(&self, known: &Definitions) -> Result<Vec<StoredProfile>> {
        let begin = "begin isolation level repeatable read read only";
        let mut tx = self.pool.begin_with(begin).await.map_err(from_sqlx)?;
        let rows = sqlx::query(statements::LIST_PROFILES)
            .bind(PROFILES_LISTED)
            .fetch_all(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        let mut profiles = Vec::with_capacity(rows.len());
        for rows in rows.chunks(PROFILES_READ) {
            let listed: Vec<(ResourceKey, VersionId)> =
                rows.iter().map(profile).collect::<Result<_>>()?;
            let is_unknown =
                |one: &&(ResourceKey, VersionId)| known.stored_profile(&one.0.id, one.1).is_none();
            let unknown: Vec<ResourceKey> = listed
                .iter()
                .filter(is_unknown)
                .map(|(key, _)| key.clone())
                .collect();
            // The server's own definitions, whoever asks.
            let everything = RowFilter::everything();
            let contents = read_resources(&mut tx, &unknown, &everything).await?;
            let mut contents = contents.into_iter();
            for (key, version) in listed {
                let read = match known.stored_profile(&key.id, version) {
                    Some(known) => Some(known.clone()),
                    None => contents.next().flatten().and_then(|found| {
                        let content = found.content?;
                        Some(StoredProfile::read(key.id, version, content))
                    }),
                };
                profiles.extend(read);
            }
        }
        tx.rollback().await.map_err(from_sqlx)?;
        Ok(profiles)
    }

    async fn declare(&self, definitions: &Definitions) -> Result<bool> {
        let (types, targets, wanted) = columns(definitions);
        sqlx::query_scalar(statements::DECLARE_SEARCH_INDEX)
            .bind(definitions.generation())
            .bind(types)
            .bind(targets)
            .bind(wanted)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// The right to compute search values; none while another process has it.
    pub async fn lock_index(&self) -> Result<Option<IndexLock>> {
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let locked: bool = sqlx::query_scalar(statements::LOCK_INDEX_WALK)
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        Ok(locked.then(|| IndexLock {
            _connection: connection.detach(),
        }))
    }

    /// Begins to compute the values of a type, or goes on with it.
    pub async fn begin_index_walk(
        &self,
        definitions: &Definitions,
        resource_type: ResourceType,
    ) -> Result<IndexWalk> {
        let row = sqlx::query(statements::BEGIN_INDEX_WALK)
            .bind(definitions.generation())
            .bind(resource_type.name())
            .bind(definitions.target(resource_type))
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let horizon: String = row.try_get("horizon").map_err(from_sqlx)?;
        Ok(IndexWalk {
            reached: row.try_get("reached").map_err(from_sqlx)?,
            walked: row.try_get("walked").map_err(from_sqlx)?,
            horizon: horizon.parse().map_err(Error::internal)?,
        })
    }

    /// Whether all transactions below a number have ended.
    pub async fn have_ended(&self, horizon: u64) -> Result<bool> {
        let reached: String = sqlx::query_scalar(statements::READ_HORIZON)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(reached.parse::<u64>().map_err(Error::internal)? >= horizon)
    }

    /// Notes how far the values of a type are computed, and what stops it.
    pub async fn note_index_walk(
        &self,
        definitions: &Definitions,
        resource_type: ResourceType,
        walk: &IndexWalk,
        fault: Option<&str>,
    ) -> Result<()> {
        sqlx::query(statements::NOTE_INDEX_WALK)
            .bind(resource_type.name())
            .bind(definitions.target(resource_type))
            .bind(walk.reached)
            .bind(walk.walked)
            .bind(fault)
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Notes that all resources of a type have their values; false where other definitions are current by now.
    pub async fn finish_index_walk(
        &self,
        definitions: &Definitions,
        resource_type: ResourceType,
    ) -> Result<bool> {
        let wanted = definitions.wanted().get(&resource_type);
        sqlx::query_scalar(statements::FINISH_INDEX_WALK)
            .bind(definitions.generation())
            .bind(resource_type.name())
            .bind(definitions.target(resource_type))
            .bind(wanted.cloned().unwrap_or_default())
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)
    }
}

/// Types, their targets, and arrays of their parameters, as the functions take them. Codes and hashes need no escapes.
fn columns(definitions: &Definitions) -> (Vec<&'static str>, Vec<String>, Vec<String>) {
    let (mut types, mut targets, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for (resource_type, parameters) in definitions.wanted() {
        types.push(resource_type.name());
        targets.push(definitions.target(*resource_type));
        let quoted: Vec<String> = parameters.iter().map(|one| format!("\"{one}\"")).collect();
        wanted.push(format!("{{{}}}", quoted.join(",")));
    }
    (types, targets, wanted)
}

/// Whether the database knows of nothing that these definitions do not ask for.
fn is_declared(definitions: &Definitions, stored: &StoredDefinitions) -> bool {
    let wanted = definitions.wanted();
    stored.index.iter().all(|(resource_type, state)| {
        let wanted = wanted.get(resource_type);
        let is_wanted = |one| wanted.is_some_and(|wanted| wanted.contains(one));
        let target = || definitions.target(*resource_type);
        state.complete.iter().all(is_wanted)
            && state.target.as_ref().is_none_or(|one| *one == target())
    })
}

fn profile(row: &PgRow) -> Result<(ResourceKey, VersionId)> {
    let id: &str = row.try_get("id").map_err(from_sqlx)?;
    let version: i64 = row.try_get("version_id").map_err(from_sqlx)?;
    let key = format!("StructureDefinition/{id}");
    let version = VersionId::new(version)
        .ok_or_else(|| Error::internal("a stored version is not positive"))?;
    Ok((key.parse().map_err(Error::internal)?, version))
}

fn parameter(row: &PgRow) -> Result<(ResourceKey, Bytes)> {
    let id: &str = row.try_get("id").map_err(from_sqlx)?;
    let content: String = row.try_get("content").map_err(from_sqlx)?;
    let key = format!("SearchParameter/{id}")
        .parse()
        .map_err(Error::internal)?;
    Ok((key, content.into()))
}

/// The state of a type; none for one that this server does not know.
fn state(row: &PgRow) -> Result<Option<(ResourceType, IndexState)>> {
    let name: &str = row.try_get("resource_type").map_err(from_sqlx)?;
    let Some(resource_type) = ResourceType::parse(name) else {
        return Ok(None);
    };
    let state = IndexState {
        complete: row.try_get("complete").map_err(from_sqlx)?,
        target: row.try_get("target").map_err(from_sqlx)?,
        walked: row.try_get("walked").map_err(from_sqlx)?,
        expected: row.try_get("expected").map_err(from_sqlx)?,
        fault: row.try_get("fault").map_err(from_sqlx)?,
    };
    Ok(Some((resource_type, state)))
}
