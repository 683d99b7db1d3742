//! What became of visits is planned to be told, and what is due is sent, by whichever process comes first, each once.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::context::RequestContext;
use crate::definitions::CurrentDefinitions;
use crate::error::{Error, Result};
use crate::messages::{Delivered, Messages, Work, deliver, end_over, plan};
use crate::store::Store;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// How often a process that sends nothing looks for what nobody will send.
const SELDOM: Duration = Duration::from_secs(3600);

/// So long what is due is kept for processes that send.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What is done of it.
#[derive(Clone, Copy)]
enum Part {
    Plan,
    Send,
    /// What was due so long ago that it is of no use to anybody.
    EndOver,
}

impl Part {
    /// Does the next piece; `false` where there is none.
    async fn next(self, work: Work<'_>) -> Result<bool> {
        match self {
            Self::Plan => plan(work).await,
            Self::Send => Ok(deliver(work).await? != Delivered::Nothing),
            Self::EndOver => {
                let before = work.cx.now.checked_sub(KEPT).map_err(Error::internal)?;
                end_over(work, before).await
            }
        }
    }

    fn every(self) -> Duration {
        match self {
            Self::Plan | Self::Send => EVERY,
            Self::EndOver => SELDOM,
        }
    }

    /// What has failed.
    fn failed(self) -> &'static str {
        match self {
            Self::Plan => "what became of a visit is not told yet",
            Self::Send => "a message is not sent yet",
            Self::EndOver => "messages that nobody has sent are kept",
        }
    }
}

/// Plans, again and again; what sends may be slow, and holds up nobody here.
pub async fn keep_planning(
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
    messages: &Messages,
) {
    keep_doing(Part::Plan, store, current, cx, messages).await;
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
        return keep_doing(Part::EndOver, store, current, cx, messages).await;
    }
    let hands = 0..messages.hands.count();
    let hands = hands.map(|_| keep_doing(Part::Send, store, current, cx, messages));
    join_all(hands).await;
}

/// Does all there is to do of one part, again and again, one after the other.
async fn keep_doing(
    part: Part,
    store: &Store,
    current: &CurrentDefinitions,
    cx: &RequestContext,
    messages: &Messages,
) {
    let mut turns = tokio::time::interval(part.every());
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        loop {
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
            match part.next(work).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let cause = error.cause();
                    tracing::warn!(%error, ?cause, "{}", part.failed());
                    break;
                }
            }
        }
    }
}
