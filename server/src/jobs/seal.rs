//! Seals the audit trail: links committed rows into the chain a few times a second, and signs its head each minute
//! (server/decisions/0024-audit-trail.md). Of several processes one does it at a time.

use std::time::Duration;

use jiff::SignedDuration;
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
    let mut said = None;
    loop {
        let is_due = signed.is_none_or(|at| at.elapsed() >= SIGNED);
        match seal(store, &mut restored, is_due).await {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::error!(kind = ?error.kind(), %error, cause = error.cause(), "the audit trail cannot be sealed; trying again");
            }
            Err(_) => {}
        }
        if is_due {
            signed = Some(Instant::now());
            watch(store, &mut said).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Seals what there is by now.
async fn seal(store: &Store, restored: &mut bool, is_due: bool) -> Result<()> {
    let begun = Instant::now();
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
        // However much there is, checkpoints do not wait for it.
        if is_done || begun.elapsed() >= SIGNED {
            break;
        }
    }
    match is_due {
        true => store.sign_head(now()).await,
        false => Ok(()),
    }
}

/// How long a row may wait for its links before that is said.
const OVERDUE: SignedDuration = SignedDuration::from_mins(1);

/// Remembers the head of the chain outside the database, and says loudly, once, what is wrong with the trail.
async fn watch(store: &Store, said: &mut Option<String>) {
    let found = match store.remember_head().await {
        Ok(None) => None,
        Ok(Some(missing)) => Some(missing),
        Err(error) => Some(format!(
            "the head of the chain cannot be remembered outside the database: {}",
            error
                .cause()
                .map_or_else(|| error.to_string(), ToString::to_string)
        )),
    };
    if found != *said {
        if let Some(found) = &found {
            tracing::error!("the audit trail: {found}");
        }
        *said = found;
    }
    match store.count_waiting(now() - OVERDUE).await {
        Ok(0) => {}
        Ok(rows) => tracing::warn!(
            rows,
            "rows of the audit trail wait for their links for more than a minute: a transaction does not end"
        ),
        Err(error) => tracing::warn!(%error, "the audit trail cannot be looked at"),
    }
}
