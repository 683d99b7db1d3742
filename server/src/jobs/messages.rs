//! What became of visits is planned to be told, and what is due is sent, by whichever process comes first, each once.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::context::RequestContext;
use crate::definitions::CurrentDefinitions;
use crate::messages::{Delivered, Messages, Work, deliver, plan};
use crate::store::Store;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// How often a process that sends nothing looks for what nobody will send.
const SELDOM: Duration = Duration::from_secs(3600);

/// So long what is due is kept for processes that send.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Plans, again and again; what sends may be slow, and holds up nobody here.
pub async fn keep_planning(
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
    messages: &Messages,
) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        loop {
            let (cx, definitions) = (at_this_moment(cx), current.now());
            let work = Work {
                cx: &cx,
                store,
                definitions: &definitions,
                messages,
            };
            match plan(work).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause(), "what became of a visit is not told yet");
                    break;
                }
            }
        }
    }
}

/// Sends, again and again, several at the same time: one that takes long does not hold up the others.
pub async fn keep_sending(
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
    messages: &Messages,
) {
    if !messages.are_sent() {
        tracing::info!("this process sends no messages: what is due stays for those that do");
        return keep_for_others(store).await;
    }
    let hands = (0..messages.hands.count()).map(|_| send(store, current, cx, messages));
    join_all(hands).await;
}

/// Sends one after the other.
async fn send(
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
    messages: &Messages,
) {
    let mut turns = tokio::time::interval(EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        loop {
            let (cx, definitions) = (at_this_moment(cx), current.now());
            let work = Work {
                cx: &cx,
                store,
                definitions: &definitions,
                messages,
            };
            match deliver(work).await {
                Ok(Delivered::Nothing) => break,
                Ok(Delivered::Sent | Delivered::Later | Delivered::NotSent) => {}
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause(), "a message is not sent yet");
                    break;
                }
            }
        }
    }
}

/// Leaves what is due to others, until it is of no use to anybody.
async fn keep_for_others(store: &Store) {
    let mut turns = tokio::time::interval(SELDOM);
    loop {
        turns.tick().await;
        let Ok(before) = crate::context::now().checked_sub(KEPT) else {
            continue;
        };
        if let Err(error) = store.drop_messages_over(before).await {
            tracing::warn!(%error, cause = ?error.cause(), "messages that nobody has sent are kept");
        }
    }
}

fn at_this_moment(cx: &RequestContext) -> RequestContext {
    RequestContext {
        now: crate::context::now(),
        ..cx.clone()
    }
}
