//! Computes the search values of all resources anew, after the definitions of search parameters have changed. It goes on
//! where it was stopped, and writes that come meanwhile are not held up.

use fhir::json::ParseLimits;
use fhir::resource::Resource;

use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, Result};
use crate::store::{Indexed, Store};

/// Resources computed between two looks at the database.
const BATCH: u32 = 500;

/// The setting that says which definitions the stored search values were computed by.
const FINGERPRINT: &str = "index_fingerprint";

/// The setting that says how far a reindex has come: fingerprint and row.
const PROGRESS: &str = "reindex_progress";

/// Notes by which definitions all that will be stored is indexed.
pub async fn note_definitions_of_an_empty_store(
    store: &Store,
    definitions: &Definitions,
) -> Result<()> {
    match store.is_empty().await? {
        true => {
            store
                .set_setting(FINGERPRINT, &definitions.index_fingerprint())
                .await
        }
        false => Ok(()),
    }
}

/// Reindexes when the stored values were computed by other definitions than these.
pub async fn reindex_if_needed(
    store: &Store,
    definitions: &Definitions,
    cx: &RequestContext,
) -> Result<()> {
    let fingerprint = definitions.index_fingerprint();
    match store.setting(FINGERPRINT).await? {
        Some(stored) if stored == fingerprint => Ok(()),
        _ => {
            tracing::warn!(
                "the search parameters have changed: searches may miss resources until all are indexed anew"
            );
            reindex(store, definitions, cx).await
        }
    }
}

/// Reindexes everything, going on where an earlier run by the same definitions was stopped.
pub async fn reindex(store: &Store, definitions: &Definitions, cx: &RequestContext) -> Result<()> {
    let fingerprint = definitions.index_fingerprint();
    let progress = store.setting(PROGRESS).await?;
    let reached = progress
        .as_deref()
        .and_then(|progress| progress.strip_prefix(&format!("{fingerprint} ")));
    let mut after: i64 = reached.and_then(|row| row.parse().ok()).unwrap_or(0);
    let mut count = 0usize;
    let generation = definitions.generation();
    loop {
        let resources = store.walk(cx, after, BATCH).await?;
        let Some((last, _)) = resources.last() else {
            break;
        };
        after = *last;
        count += resources.len();
        let mut indexed = Vec::with_capacity(resources.len());
        for (row, version) in resources {
            let Some(content) = version.content else {
                continue;
            };
            let resource =
                Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
            let values = definitions.index_values(&resource, &cx.base_url)?;
            indexed.push(Indexed {
                row,
                version: version.version,
                values: values.values,
            });
        }
        store.reindex(cx, generation, &indexed).await?;
        store
            .set_setting(PROGRESS, &format!("{fingerprint} {after}"))
            .await?;
        tracing::info!(resources = count, row = after, "reindexing");
    }
    store.set_setting(FINGERPRINT, &fingerprint).await?;
    store.set_setting(PROGRESS, "").await?;
    tracing::info!(resources = count, "all resources are indexed");
    Ok(())
}
