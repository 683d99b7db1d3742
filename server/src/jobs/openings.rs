//! Records that were opened in an emergency: the trail tells when they are closed again, by whichever process comes first.

use std::time::Duration;

use crate::context::now;
use crate::store::Store;

/// How often.
const EVERY: Duration = Duration::from_secs(15);

/// How many are told of in one transaction.
const MOST: u32 = 100;

/// Tells of them, again and again.
pub async fn tell_of_openings(store: &Store) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        loop {
            match store.end_opened_records(MOST, now()).await {
                Ok(told) if told == MOST as usize => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause(), "the trail does not tell yet of records that are closed again");
                    break;
                }
            }
        }
    }
}
