//! Keeps what searches know of the stored values: no search waits for it.

use std::time::Duration;

use crate::context;
use crate::store::Store;

/// How often it is looked whether it has changed.
const EVERY: Duration = Duration::from_secs(5);

/// Reads it each minute, and sooner where much was written.
pub async fn keep_statistics(store: &Store) {
    let mut turns = tokio::time::interval(EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        if let Err(error) = store.read_statistics(context::now()).await {
            tracing::warn!(%error, cause = ?error.cause(), "searches go by old statistics");
        }
    }
}
