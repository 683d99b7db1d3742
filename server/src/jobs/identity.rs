//! Forgets sessions, tokens, launches and assertions that have run out.

use std::time::Duration;

use jiff::SignedDuration;

use crate::context;
use crate::store::Store;

/// How often.
const EVERY: Duration = Duration::from_secs(600);
/// How long sessions and revoked grants are kept: no session lasts longer.
const KEPT: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Forgets them, again and again.
pub async fn forget_identity(store: &Store) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        let now = context::now();
        if let Err(error) = store.forget_identity(now, now - KEPT).await {
            tracing::warn!(%error, cause = ?error.cause(), "what has run out is not forgotten yet");
        }
    }
}
