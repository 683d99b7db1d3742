//! Fills the tables of terminology with what packages bring, where that has not been done
//! (server/decisions/0017-terminology-in-tables.md).

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::context;
use crate::definitions::{Settings, terminology, terminology_fingerprint};
use crate::error::{Error, Result};
use crate::store::Store;

/// Resources that wait to be written.
const WAITING: usize = 100;

/// Fills them in, and says in the log how long it took.
pub async fn fill_terminology(store: &Store, settings: &Arc<Settings>) {
    let begin = context::now();
    match fill(store, settings).await {
        Ok(true) => {
            let elapsed_ms = context::now().as_millisecond() - begin.as_millisecond();
            tracing::info!(elapsed_ms, "terminology of packages filled in");
        }
        Ok(false) => {}
        Err(error) => {
            tracing::error!(%error, cause = ?error.cause(), "terminology of packages is not filled in");
        }
    }
}

/// Takes away what imports of code systems have left: what was replaced, deleted or broken off.
pub async fn clear_imports(store: &Store) {
    match store.clear_code_imports().await {
        Ok(0) => {}
        Ok(imports) => tracing::info!(imports, "what imports have left is cleared"),
        Err(error) => {
            tracing::error!(%error, cause = ?error.cause(), "what imports have left stays behind");
        }
    }
}

async fn fill(store: &Store, settings: &Arc<Settings>) -> Result<bool> {
    let fingerprint = terminology_fingerprint(settings);
    if store.package_terminology().await? == fingerprint {
        return Ok(false);
    }
    let (sender, resources) = mpsc::channel(WAITING);
    let settings = Arc::clone(settings);
    let reading = tokio::task::spawn_blocking(move || {
        let read = terminology(&settings, |one| sender.blocking_send(Ok(one)).is_ok());
        if let Err(error) = read {
            // Whoever writes may have failed before.
            let _ = sender.blocking_send(Err(Error::internal(error)));
        }
    });
    let filled = store
        .fill_package_terminology(&fingerprint, resources)
        .await;
    reading.await.map_err(Error::internal)?;
    filled
}
