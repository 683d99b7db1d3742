//! Forgets what calls of operations were answered, when it is not repeated any more.

use std::time::Duration;

use crate::context;
use crate::store::Store;

/// How often.
const EVERY: Duration = Duration::from_secs(600);

/// Forgets them, again and again.
pub async fn forget_answers(store: &Store) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        if let Err(error) = store.forget_answers(context::now()).await {
            tracing::warn!(%error, cause = ?error.cause(), "answers that are repeated no more are not forgotten yet");
        }
    }
}
