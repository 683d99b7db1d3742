//! Eight clients that create Observations while others search: the clinic goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::clinic::Clinic;
use super::dataset::Dataset;
use crate::Result;
use crate::http::{Client, Request};

/// As many as the aim speaks of.
const WRITERS: usize = 8;

/// Writers at work.
#[derive(Debug)]
pub(super) struct Writers {
    stop: Arc<AtomicBool>,
    next: Arc<AtomicU64>,
    first: u64,
    tasks: JoinSet<Result<()>>,
    started: Instant,
}

/// Lets them begin. From now on the tables of the other side lack what is written.
pub(super) fn start(dataset: &Dataset) -> Result<Writers> {
    dataset.changes()?;
    let stop = Arc::new(AtomicBool::new(false));
    let first = dataset.clinic.count("Observation");
    let next = Arc::new(AtomicU64::new(first));
    let mut tasks = JoinSet::new();
    for _ in 0..WRITERS {
        let (client, clinic) = (dataset.server.client(), Arc::clone(&dataset.clinic));
        tasks.spawn(write(client, clinic, Arc::clone(&next), Arc::clone(&stop)));
    }
    Ok(Writers {
        stop,
        next,
        first,
        tasks,
        started: Instant::now(),
    })
}

impl Writers {
    /// Lets them end; answers how many resources they wrote, and in which time.
    pub(super) async fn stop(mut self) -> Result<(u64, Duration)> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(done) = self.tasks.join_next().await {
            done??;
        }
        let written = self.next.load(Ordering::Relaxed).saturating_sub(self.first);
        Ok((written, self.started.elapsed()))
    }
}

async fn write(
    mut client: Client,
    clinic: Arc<Clinic>,
    next: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let body = clinic.text("Observation", number);
        let request = Request::new("POST", "/fhir/Observation", &body);
        client.send(request).await?.expect(201)?;
    }
    Ok(())
}
