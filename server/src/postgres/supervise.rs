//! Supervision: a dead postmaster is started again, ever more slowly, until vesta stops.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::data_dir::Lock;
use super::postmaster::{Launch, Postmaster};

const DELAY_FIRST: Duration = Duration::from_millis(100);
const DELAY_MAX: Duration = Duration::from_secs(30);

/// A postmaster that lived this long died of something new.
const STEADY: Duration = Duration::from_secs(60);

/// Keeps a postmaster running until `stop`, then stops it; the lock outlives it.
pub(super) async fn run(
    launch: Launch,
    mut postmaster: Postmaster,
    up: watch::Sender<bool>,
    stop: CancellationToken,
    lock: Lock,
) {
    let mut delay = DELAY_FIRST;
    loop {
        let since = Instant::now();
        tokio::select! {
            () = stop.cancelled() => break,
            () = postmaster.wait() => {}
        }
        up.send_replace(false);
        if since.elapsed() > STEADY {
            delay = DELAY_FIRST;
        }
        tracing::error!("PostgreSQL has ended; starting it again");
        match restarted(&launch, &mut delay, &stop).await {
            Some(restarted) => postmaster = restarted,
            None => break,
        }
        up.send_replace(true);
        tracing::info!("PostgreSQL is back");
    }
    up.send_replace(false);
    postmaster.stop().await;
    drop(lock);
}

/// Tries until a postmaster is ready; `None` when vesta stops meanwhile.
async fn restarted(
    launch: &Launch,
    delay: &mut Duration,
    stop: &CancellationToken,
) -> Option<Postmaster> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return None,
            () = sleep(*delay) => {}
        }
        *delay = (*delay * 2).min(DELAY_MAX);
        match attempt(launch, stop).await {
            Ok(found) => return found,
            Err(error) => tracing::error!(%error, "PostgreSQL does not start"),
        }
    }
}

async fn attempt(
    launch: &Launch,
    stop: &CancellationToken,
) -> Result<Option<Postmaster>, StartError> {
    let mut postmaster = launch.start()?;
    tokio::select! {
        ready = launch.until_ready(&mut postmaster) => ready.map(|()| Some(postmaster)),
        () = stop.cancelled() => {
            postmaster.stop().await;
            Ok(None)
        }
    }
}
