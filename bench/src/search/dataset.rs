//! A clinic in a database of its own: loaded through the server's transactions once, and used again where it is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Args;
use tokio::task::JoinSet;

use super::clinic::{Clinic, TYPES};
use super::ideal;
use crate::Result;
use crate::http::{Client, Request};
use crate::report::progress;
use crate::server::{OwnServer, ServerOptions, open_directory, temporary_directory};
use crate::statistics::rate;

/// What is searched.
#[derive(Debug, Clone, Args)]
pub(super) struct DatasetOptions {
    #[command(flatten)]
    server: ServerOptions,

    /// Directory to keep the loaded data in, one part for each size, and to find them again
    #[arg(long, env = "BENCH_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Seed of the resources and of what is searched for
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
}

/// Resources of one Bundle.
const BUNDLE: u64 = 500;
/// Bundles that are loaded at the same time.
const CLIENTS: usize = 4;
/// How often loading says how far it is.
const STEPS: usize = 10;

/// A server with a clinic.
#[derive(Debug)]
pub(super) struct Dataset {
    pub(super) server: OwnServer,
    pub(super) clinic: Arc<Clinic>,
    /// Where the mark of kept data is, that says whether the other side's tables hold the same.
    changed: Option<PathBuf>,
}

impl Dataset {
    /// Starts a server with a clinic of that many patients.
    pub(super) async fn open(options: &DatasetOptions, patients: u64) -> Result<Self> {
        let clinic = Arc::new(Clinic::new(options.seed, patients));
        let Some(kept) = &options.data_dir else {
            let directory = temporary_directory("")?;
            let server = OwnServer::start_in(&options.server, directory, false).await?;
            load(&server, &clinic).await?;
            return Ok(Self {
                server,
                clinic,
                changed: None,
            });
        };
        let directory = prepare(kept, patients)?;
        let (mark, changed) = (directory.join("loaded"), directory.join("changed"));
        let is_loaded = fs::read_to_string(&mark).is_ok_and(|text| text == clinic.name());
        if !is_loaded && directory.join("data").exists() {
            let place = directory.display();
            return Err(format!("{place} holds other data: remove it or name another").into());
        }
        let server = OwnServer::start_in(&options.server, directory, true).await?;
        if !is_loaded {
            load(&server, &clinic).await?;
            fs::write(&mark, clinic.name())?;
        } else if changed.exists() {
            build_ideal(&server).await?;
            fs::remove_file(&changed)?;
        }
        Ok(Self {
            server,
            clinic,
            changed: Some(changed),
        })
    }

    /// Notes that something is about to be written: the next run makes the tables of the other side anew.
    pub(super) fn changes(&self) -> Result<()> {
        if let Some(changed) = &self.changed {
            fs::write(changed, [])?;
        }
        Ok(())
    }
}

fn prepare(kept: &Path, patients: u64) -> Result<PathBuf> {
    let directory = std::path::absolute(kept)?.join(format!("patients-{patients}"));
    fs::create_dir_all(&directory)?;
    open_directory(&directory)?;
    Ok(directory)
}

/// Part of a type: its name and the numbers of the resources.
type Part = (&'static str, std::ops::Range<u64>);

/// What each Bundle holds: first those whom everything is about, then everything in the order in which it happened.
fn bundles(clinic: &Clinic) -> Vec<Vec<Part>> {
    let (subjects, events) = TYPES.split_at(3);
    let mut bundles = Vec::new();
    for &name in subjects {
        let count = clinic.count(name);
        for first in (0..count).step_by(usize::try_from(BUNDLE).unwrap_or(1)) {
            bundles.push(vec![(name, first..count.min(first + BUNDLE))]);
        }
    }
    let size: u64 = events.iter().map(|name| clinic.count(name)).sum();
    let parts = size.div_ceil(BUNDLE);
    for part in 0..parts {
        let slice = |&name: &&'static str| {
            let count = clinic.count(name);
            (name, part * count / parts..(part + 1) * count / parts)
        };
        bundles.push(events.iter().map(slice).collect());
    }
    bundles
}

async fn load(server: &OwnServer, clinic: &Arc<Clinic>) -> Result<()> {
    let bundles = Arc::new(bundles(clinic));
    progress(&format!("loading {} resources", clinic.size()));
    let started = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CLIENTS {
        let (client, clinic) = (server.client(), Arc::clone(clinic));
        let (bundles, next) = (Arc::clone(&bundles), Arc::clone(&next));
        tasks.spawn(send(client, clinic, bundles, next));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let nanos = u64::try_from(started.elapsed().as_nanos())?;
    progress(&format!(
        "loaded: {} resources per second",
        rate(clinic.size(), nanos)
    ));
    build_ideal(server).await
}

async fn build_ideal(server: &OwnServer) -> Result<()> {
    progress("building the tables of the other side");
    ideal::build(&mut server.connect().await?).await
}

async fn send(
    mut client: Client,
    clinic: Arc<Clinic>,
    bundles: Arc<Vec<Vec<Part>>>,
    next: Arc<AtomicUsize>,
) -> Result<()> {
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some(parts) = bundles.get(place) else {
            return Ok(());
        };
        let step = bundles.len().div_ceil(STEPS);
        if place > 0 && place.is_multiple_of(step) {
            progress(&format!("  {} of {STEPS} loaded", place / step));
        }
        let text = bundle(&clinic, parts);
        client
            .send(Request::new("POST", "/fhir", &text))
            .await?
            .expect(200)?;
    }
}

fn bundle(clinic: &Clinic, parts: &[Part]) -> String {
    let entry = |name: &str, number: u64| {
        let (body, id) = (clinic.text(name, number), clinic.id(name, number));
        format!(r#"{{"resource":{body},"request":{{"method":"PUT","url":"{name}/{id}"}}}}"#)
    };
    let entries: Vec<String> = parts
        .iter()
        .flat_map(|(name, numbers)| numbers.clone().map(move |number| entry(name, number)))
        .collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        entries.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_in_one_bundle() {
        let clinic = Clinic::new(1, 37);
        let bundles = bundles(&clinic);
        let mut counted = 0;
        for resource_type in TYPES {
            let mut expected = 0;
            for (name, numbers) in bundles.iter().flatten() {
                if *name == resource_type {
                    assert_eq!(numbers.start, expected);
                    expected = numbers.end;
                }
            }
            assert_eq!(expected, clinic.count(resource_type));
            counted += expected;
        }
        assert_eq!(counted, clinic.size());
    }
}
