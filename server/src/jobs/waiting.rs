//! Time that was freed is offered to those who wait, by whichever process comes first, each piece once.

use std::time::Duration;

use crate::context::RequestContext;
use crate::definitions::CurrentDefinitions;
use crate::operations::{Woken, wake};
use crate::store::Store;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// Offers it, again and again.
pub async fn keep_waiting(store: &Store, current: &CurrentDefinitions, cx: &RequestContext) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        loop {
            let cx = RequestContext {
                now: crate::context::now(),
                ..cx.clone()
            };
            match wake(store, &current.now(), &cx).await {
                Ok(Woken::Offered(_) | Woken::Dropped | Woken::Halved) => {}
                Ok(Woken::Nothing) => break,
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause(), "freed time is not offered to those who wait yet");
                    break;
                }
            }
        }
    }
}
