//! The closed loop: each worker does its next step as soon as its last one is done, for a window of time.

use std::time::{Duration, Instant};

use clap::Args;
use tokio::task::JoinSet;

use crate::Result;
use crate::cpu::Usage;
use crate::server::OwnServer;
use crate::statistics::{percentile, rate};

/// How long and how often is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Rounds {
    /// Rounds; each figure is the median of them
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Milliseconds of each window of a round
    #[arg(long, default_value_t = 1_000)]
    window_ms: u64,

    /// One short round, to see that everything works: its figures say little
    #[arg(long)]
    quick: bool,
}

impl Rounds {
    /// How many.
    pub(crate) fn count(&self) -> usize {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    /// How long each window is.
    pub(crate) fn window(&self) -> Duration {
        Duration::from_millis(if self.quick {
            250
        } else {
            self.window_ms.max(50)
        })
    }
}

/// Somebody who does one thing after another.
pub(crate) trait Work: Send + 'static {
    /// Does one thing and checks that it was done; any fault ends the run.
    fn step(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// Connections are made and statements prepared before the window begins.
const WARM_UP: Duration = Duration::from_millis(100);

/// What happened in one window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) steps: u64,
    /// All steps, also those that ended before the window or behind it.
    pub(crate) done: u64,
    pub(crate) nanos: u64,
    pub(crate) usage: Usage,
    /// Transactions that took a number, which is those that wrote.
    pub(crate) commits: u64,
    /// Nanoseconds of each step, sorted.
    pub(crate) latencies: Vec<u64>,
}

impl Window {
    /// Steps per second.
    pub(crate) fn rate(&self) -> u64 {
        rate(self.steps, self.nanos)
    }

    /// Nanoseconds that this many permille of the steps did not exceed.
    pub(crate) fn percentile(&self, permille: usize) -> u64 {
        percentile(&self.latencies, permille)
    }
}

/// Lets all workers work until the window ends; what ends within it counts.
pub(crate) async fn run<W: Work>(
    server: &OwnServer,
    workers: Vec<W>,
    window: Duration,
) -> Result<(Vec<W>, Window)> {
    let mut observer = server.connect().await?;
    let begin = Instant::now() + (window / 10).max(WARM_UP);
    let end = begin + window;
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(work(worker, begin, end));
    }
    tokio::time::sleep_until(begin.into()).await;
    let (usage, commits) = (server.usage()?, transactions(&mut observer).await?);
    tokio::time::sleep_until(end.into()).await;
    let (usage, commits) = (
        server.usage()?.since(usage),
        transactions(&mut observer).await?.saturating_sub(commits),
    );
    let mut workers = Vec::new();
    let mut latencies = Vec::new();
    let mut all = 0;
    while let Some(done) = tasks.join_next().await {
        let (worker, its, mut its_latencies) = done??;
        workers.push(worker);
        all += its;
        latencies.append(&mut its_latencies);
    }
    latencies.sort_unstable();
    let window = Window {
        steps: u64::try_from(latencies.len())?,
        done: all,
        nanos: u64::try_from(window.as_nanos())?,
        usage,
        commits,
        latencies,
    };
    Ok((workers, window))
}

async fn work<W: Work>(mut worker: W, begin: Instant, end: Instant) -> Result<(W, u64, Vec<u64>)> {
    let mut latencies = Vec::with_capacity(1 << 12);
    let mut steps = 0;
    let mut started = Instant::now();
    while started < end {
        worker.step().await?;
        steps += 1;
        let done = Instant::now();
        if done > begin && done <= end {
            latencies.push(u64::try_from((done - started).as_nanos())?);
        }
        started = done;
    }
    Ok((worker, steps, latencies))
}

/// The number that the next transaction will take.
async fn transactions(observer: &mut sqlx::PgConnection) -> Result<u64> {
    let next: String = sqlx::query_scalar("select pg_snapshot_xmax(pg_current_snapshot())::text")
        .fetch_one(observer)
        .await?;
    Ok(next.parse()?)
}
