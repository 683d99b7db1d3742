//! Seals the audit trail: links committed rows into the chain a few times a second, and signs its head each minute
//! (server/decisions/0024-audit-trail.md). Of several processes one does it at a time.

use std::time::Duration;

use tokio::time::Instant;

use crate::context::now;
use crate::error::Result;
use crate::store::Store;

/// Between two looks for rows that are not sealed.
const PAUSE: Duration = Duration::from_millis(250);

/// Rows that are linked in one transaction.
const ROWS: u32 = 500;

/// Between two signatures.
const SIGNED: Duration = Duration::from_secs(60);

/// Seals for as long as the server runs; where there is no trail there is nothing to do.
pub async fn seal_trail(store: &Store) {
    if !store.is_audited() {
        return;
    }
    let mut restored = true;
    let mut signed: Option<Instant> = None;
    let mut is_failing = false;
    loop {
        match seal(store, &mut restored, &mut signed).await {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::error!(kind = ?error.kind(), %error, cause = error.cause(), "the audit trail cannot be sealed; trying again");
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Seals what there is by now.
async fn seal(store: &Store, restored: &mut bool, signed: &mut Option<Instant>) -> Result<()> {
    loop {
        let sealed = store.seal(now(), ROWS, *restored).await?;
        metrics::counter!("vesta_audit_rows_sealed_total")
            .increment(u64::try_from(sealed.rows).unwrap_or(0));
        let is_done = sealed.rows < ROWS as usize;
        if sealed.is_busy {
            return Ok(());
        }
        if is_done && std::mem::take(restored) {
            continue;
        }
        if is_done {
            break;
        }
    }
    if signed.is_none_or(|at| at.elapsed() >= SIGNED) {
        store.sign_head(now()).await?;
        *signed = Some(Instant::now());
    }
    Ok(())
}
