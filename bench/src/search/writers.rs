//! Eight clients that create Observations while others search. Nothing they write answers a question that is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::dataset::Dataset;
use crate::Result;
use crate::http::{Client, Request};
use crate::random::Random;

/// As many as the aim speaks of.
const WRITERS: u64 = 8;

/// Writers at work.
#[derive(Debug)]
pub(super) struct Writers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Result<u64>>,
    started: Instant,
}

/// Lets them begin.
pub(super) fn start(dataset: &Dataset) -> Writers {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for number in 0..WRITERS {
        let (client, stop) = (dataset.server.client(), Arc::clone(&stop));
        tasks.spawn(write(client, stop, Random::new(number + 77)));
    }
    Writers {
        stop,
        tasks,
        started: Instant::now(),
    }
}

impl Writers {
    /// Lets them end; answers how many resources they wrote, and in which time.
    pub(super) async fn stop(mut self) -> Result<(u64, Duration)> {
        self.stop.store(true, Ordering::Relaxed);
        let mut written = 0;
        while let Some(its) = self.tasks.join_next().await {
            written += its??;
        }
        Ok((written, self.started.elapsed()))
    }
}

async fn write(mut client: Client, stop: Arc<AtomicBool>, mut random: Random) -> Result<u64> {
    let mut written = 0;
    while !stop.load(Ordering::Relaxed) {
        let body = observation(&mut random);
        let request = Request::new("POST", "/fhir/Observation", &body);
        client.send(request).await?.expect(201)?;
        written += 1;
    }
    Ok(written)
}

/// As one of the clinic's, with codes, people, units and a time that are not the clinic's.
fn observation(random: &mut Random) -> String {
    let (code, patient) = (random.below(400), random.below(10_000));
    let (encounter, value) = (random.below(80_000), random.between(100, 900));
    let second = random.below(60);
    format!(
        r#"{{"resourceType":"Observation","identifier":[{{"system":"https://vesta.example/written","value":"{}"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"survey"}}]}}],"code":{{"coding":[{{"system":"https://vesta.example/codes","code":"w{code}","display":"Written {code}"}}],"text":"Written {code}"}},"subject":{{"reference":"Patient/written-{patient}"}},"encounter":{{"reference":"Encounter/written-{encounter}"}},"effectiveDateTime":"2031-01-01T08:00:{second:02}Z","issued":"2031-01-01T08:10:00Z","performer":[{{"reference":"Practitioner/written-{}"}}],"valueQuantity":{{"value":{value},"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}}}"#,
        random.uuid(),
        random.below(100)
    )
}
