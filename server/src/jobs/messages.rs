//! What became of visits is planned to be told, and what is due is sent, by whichever process comes first, each once.

use std::time::Duration;

use crate::context::RequestContext;
use crate::definitions::CurrentDefinitions;
use crate::messages::{Delivered, Messages, Work, deliver, plan};
use crate::store::Store;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// Plans and sends, again and again.
pub async fn keep_sending(
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
    messages: &Messages,
) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        while is_more(store, current, cx, messages).await {}
    }
}

/// Plans what became of one visit, and sends one message; whether there was either.
async fn is_more(
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
    messages: &Messages,
) -> bool {
    let cx = RequestContext {
        now: crate::context::now(),
        ..cx.clone()
    };
    let definitions = current.now();
    let work = Work {
        cx: &cx,
        store,
        definitions: &definitions,
        messages,
    };
    let is_planned = plan(work).await.unwrap_or_else(|error| {
        tracing::warn!(%error, cause = ?error.cause(), "what became of a visit is not told yet");
        false
    });
    let delivered = deliver(work).await.unwrap_or_else(|error| {
        tracing::warn!(%error, cause = ?error.cause(), "a message is not sent yet");
        Delivered::Nothing
    });
    is_planned || delivered != Delivered::Nothing
}
