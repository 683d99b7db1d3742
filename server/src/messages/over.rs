//! What nobody has sent that was due long ago is ended, so that no request stays open for ever.

use jiff::Timestamp;

use super::deliver::unsent;
use super::{Work, is_active};
use crate::error::Result;
use crate::store::Transaction;

/// Ends one message that was due before a moment: its request is `revoked`, and a Communication says that nothing has sent it;
/// `false` where there is none.
pub async fn end_over(work: Work<'_>, before: Timestamp) -> Result<bool> {
    let mut attempts = work.store.attempts();
    loop {
        let mut tx = attempts.begin(work.cx).await?;
        let result = end(work, &mut tx, before).await;
        if let Some(done) = attempts.finish(tx, result).await {
            return done;
        }
    }
}

async fn end(work: Work<'_>, tx: &mut Transaction, before: Timestamp) -> Result<bool> {
    let Some(message) = tx.message_over(before).await? else {
        return Ok(false);
    };
    // Locked as they are where it is sent.
    tx.lock(vec![message.appointment.clone(), message.request.clone()])
        .await?;
    if !tx.is_handed_over(&message).await? {
        return Ok(true);
    }
    let request = work.read(tx, &message.request).await?;
    match request.is_some_and(|request| is_active(&request)) {
        true => unsent(work, tx, &message, "no-provider").await?,
        // Somebody else has sent it, or nobody shall.
        false => tx.drop_message(&message.request).await?,
    }
    Ok(true)
}
