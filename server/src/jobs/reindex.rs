//! Computes the search values that stored resources do not have yet, type by type, after the definitions of search
//! parameters have changed. It goes on where it was stopped, and writes that come meanwhile are not held up
//! (server/decisions/0014-search-parameters-at-run-time.md).

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use fhir::ids::ResourceType;
use fhir::json::ParseLimits;
use fhir::resource::Resource;
use tokio::time::Instant;

use crate::context::RequestContext;
use crate::definitions::{CurrentDefinitions, Definitions};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{IndexWalk, Indexed, Store, StoredVersion, is_outdated};

/// Resources whose values are replaced in one statement.
const BATCH: u32 = 200;

/// Between two looks whether the transactions of before have ended.
const LOOK: Duration = Duration::from_millis(20);

/// Between two looks whether definitions have changed.
const POLL: Duration = Duration::from_secs(1);

/// How long a type rests whose walk was stopped by one of its resources.
const REST: Duration = Duration::from_secs(60);

/// Follows the definitions that are stored, for as long as the server runs: what another server has changed is in force
/// here a second later.
pub async fn follow_definitions(store: &Store, current: &CurrentDefinitions) {
    let mut is_failing = false;
    loop {
        match store.refresh_if_changed(current).await {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::error!(kind = ?error.kind(), %error, cause = error.cause(), "the definitions cannot be followed");
            }
            Err(_) => {}
        }
        record(&current.now());
        tokio::time::sleep(POLL).await;
    }
}

/// What there is to do, for whoever watches the server.
fn record(definitions: &Definitions) {
    let waiting = definitions.unready().indexing().count();
    metrics::gauge!("vesta_search_parameters_being_indexed")
        .set(u32::try_from(waiting).unwrap_or(u32::MAX));
}

/// Computes what is missing, for as long as the server runs.
pub async fn keep_indexed(store: &Store, current: &CurrentDefinitions, cx: &RequestContext) {
    let mut resting = HashMap::new();
    loop {
        if let Err(error) = index_missing(store, current, cx, &mut resting).await {
            tracing::error!(kind = ?error.kind(), %error, cause = error.cause(), "search values cannot be computed; trying again");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The types that wait, and until when: what their walk was for has not changed.
type Resting = HashMap<ResourceType, (String, Instant)>;

/// Computes what is missing by now.
async fn index_missing(
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
    resting: &mut Resting,
) -> Result<()> {
    let definitions = current.now();
    let mut types: Vec<ResourceType> = definitions.unready().indexing().map(|one| one.0).collect();
    types.dedup();
    types.retain(|one| match resting.get(one) {
        Some((target, until)) => *target != definitions.target(*one) || *until <= Instant::now(),
        None => true,
    });
    if types.is_empty() {
        return Ok(());
    }
    let Some(_lock) = store.lock_index().await? else {
        return Ok(());
    };
    for resource_type in types {
        match index_type(store, &definitions, cx, resource_type).await {
            Ok(Done::All) => {}
            Ok(Done::Stopped) => {
                let rest = (definitions.target(resource_type), Instant::now() + REST);
                resting.insert(resource_type, rest);
            }
            // Begins anew by the definitions that are current by then.
            Err(error) if is_outdated(&error) => break,
            Err(error) => return Err(error),
        }
    }
    store.refresh(current).await
}

/// Computes the search values of everything that is stored anew. What was done before an interruption is done again.
pub async fn reindex(
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
) -> Result<()> {
    let _lock = store.lock_index().await?.ok_or_else(|| {
        Error::new(
            ErrorKind::Unavailable,
            "another process is computing search values; wait until it has ended",
        )
    })?;
    let mut done = Vec::new();
    let mut stopped = Vec::new();
    while let Some(next) = ResourceType::all().find(|one| !done.contains(one)) {
        let definitions = current.now();
        match index_type(store, &definitions, cx, next).await {
            Ok(Done::All) => done.push(next),
            Ok(Done::Stopped) => {
                done.push(next);
                stopped.push(next.name());
            }
            Err(error) if is_outdated(&error) => store.refresh(current).await?,
            Err(error) => return Err(error),
        }
    }
    match stopped.is_empty() {
        true => store.refresh(current).await,
        false => Err(Error::internal(format!(
            "not all resources of {} could be indexed; the log says why",
            stopped.join(", ")
        ))),
    }
}

/// What became of the walk of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// All resources have their values.
    All,
    /// One has none, and the log says why.
    Stopped,
}

async fn index_type(
    store: &Store,
    definitions: &Definitions,
    cx: &RequestContext,
    resource_type: ResourceType,
) -> Result<Done> {
    let mut walk = store.begin_index_walk(definitions, resource_type).await?;
    // What was written by the definitions of before shows when its transaction has ended.
    while !store.have_ended(walk.horizon).await? {
        tokio::time::sleep(LOOK).await;
    }
    loop {
        let resources = store.walk(cx, resource_type, walk.reached, BATCH).await?;
        let Some((last, _)) = resources.last() else {
            break;
        };
        let next = IndexWalk {
            reached: *last,
            walked: walk.walked + i64::try_from(resources.len()).map_err(Error::internal)?,
            ..walk
        };
        let indexed = match values(definitions, cx, resources) {
            Ok(indexed) => indexed,
            Err(fault) => {
                tracing::error!(%resource_type, fault, "a stored resource cannot be indexed");
                store
                    .note_index_walk(definitions, resource_type, &walk, Some(&fault))
                    .await?;
                return Ok(Done::Stopped);
            }
        };
        store
            .reindex(cx, definitions.generation(), &indexed)
            .await?;
        store
            .note_index_walk(definitions, resource_type, &next, None)
            .await?;
        walk = next;
    }
    let is_finished = store.finish_index_walk(definitions, resource_type).await?;
    if is_finished && walk.walked > 0 {
        tracing::info!(%resource_type, resources = walk.walked, "all resources are indexed");
    }
    Ok(Done::All)
}

/// The search values of resources; which one has none, and why.
fn values(
    definitions: &Definitions,
    cx: &RequestContext,
    resources: Vec<(i64, StoredVersion)>,
) -> std::result::Result<Vec<Indexed>, String> {
    let mut indexed = Vec::with_capacity(resources.len());
    for (row, version) in resources {
        let Some(content) = version.content else {
            continue;
        };
        let key = &version.key;
        let resource = Resource::parse_with(content, ParseLimits::STORED)
            .map_err(|fault| format!("{key}: {fault}"))?;
        let found = definitions
            .index_values(&resource, &cx.base_url)
            .map_err(|fault| format!("{key}: {fault}"))?;
        let mut values = found.values;
        values.place_around(key);
        indexed.push(Indexed {
            row,
            version: version.version,
            values,
        });
    }
    Ok(indexed)
}
