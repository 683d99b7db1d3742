//! Every resource of a FHIR package stored by PUT and read back equal, as JSON and through XML and back.

pub(crate) mod archive;
mod roundtrip;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::wire::Client;
use archive::{Entry, read_entries};
pub use roundtrip::{Problem, round_trip};

/// How many examples travel at once.
const AT_ONCE: usize = 8;
/// How many kilobytes of examples are in work at once; a larger one waits to be alone.
const KILOBYTES_AT_ONCE: u32 = 12_000;

/// What is known of the examples of a package: `invalid-examples.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Examples that a server has to refuse.
    pub invalid: Vec<Named>,
    /// Examples whose id occurs before in the package; they are run last, one after the other.
    pub repeated: Vec<Named>,
}

/// A file of the package and what is wrong with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The file name without `.json`.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// How the examples of a package fared.
#[derive(Debug, Default)]
pub struct Tally {
    /// Stored and read back equal.
    pub equal: usize,
    /// Of those, how many are definitions (conformance and terminology resources).
    pub definitions: usize,
    /// Refused by the server, with what it said.
    pub refused: BTreeMap<String, String>,
    /// Stored, but something else came back; or no answer.
    pub different: BTreeMap<String, String>,
    /// The id occurs in an earlier file.
    pub repeated: BTreeSet<String>,
}

impl Tally {
    fn add(&mut self, name: String, kind: &str, result: Result<(), Problem>) {
        match result {
            Ok(()) => {
                self.equal += 1;
                self.definitions += usize::from(is_definition(kind));
            }
            Err(Problem::Refused(why)) => {
                self.refused.insert(name, why);
            }
            Err(Problem::Different(why)) => {
                self.different.insert(name, why);
            }
        }
    }

    /// What is not as `invalid-examples.json` says; an empty list is success.
    pub fn surprises(&self, known: &Known) -> Vec<String> {
        let named = |list: &[Named]| list.iter().map(|n| n.name.clone()).collect::<BTreeSet<_>>();
        let (invalid, repeated) = (named(&known.invalid), named(&known.repeated));
        let mut found = Vec::new();
        for (name, why) in &self.refused {
            if !invalid.contains(name) {
                found.push(format!("{name}: refused, but not listed as invalid: {why}"));
            }
        }
        for name in &invalid {
            if !self.refused.contains_key(name) {
                found.push(format!("{name}: listed as invalid, but not refused"));
            }
        }
        for (name, why) in &self.different {
            found.push(format!("{name}: {why}"));
        }
        for name in self.repeated.symmetric_difference(&repeated) {
            found.push(format!("{name}: its id is repeated or listed so, not both"));
        }
        found
    }
}

/// Runs all examples of a package file (`.tgz`) against a server.
pub async fn run(
    client: &Client,
    base: &str,
    package: PathBuf,
    only: String,
) -> Result<Tally, String> {
    let (sender, mut entries) = mpsc::channel::<Entry>(AT_ONCE);
    let reader = tokio::task::spawn_blocking(move || read_entries(&package, &only, &sender));
    let budget = Arc::new(Semaphore::new(KILOBYTES_AT_ONCE as usize));
    let mut tally = Tally::default();
    let mut seen = BTreeSet::new();
    let mut again = Vec::new();
    let mut work = JoinSet::new();
    while let Some(entry) = entries.recv().await {
        if !seen.insert(entry.key.clone()) {
            tally.repeated.insert(entry.name.clone());
            again.push(entry);
            continue;
        }
        if work.len() >= AT_ONCE
            && let Some(done) = work.join_next().await
        {
            add(&mut tally, done)?;
        }
        let kilobytes = u32::try_from(entry.text.len() / 1024).unwrap_or(u32::MAX);
        let kilobytes = kilobytes.clamp(1, KILOBYTES_AT_ONCE);
        let permit = Arc::clone(&budget).acquire_many_owned(kilobytes).await;
        let permit = permit.map_err(|error| error.to_string())?;
        let (client, base) = (client.clone(), base.to_owned());
        work.spawn(async move {
            let result = round_trip(&client, &base, &entry.kind, &entry.id, entry.text).await;
            drop(permit);
            (entry.name, entry.kind, result)
        });
    }
    while let Some(done) = work.join_next().await {
        add(&mut tally, done)?;
    }
    for entry in again {
        let result = round_trip(client, base, &entry.kind, &entry.id, entry.text).await;
        tally.add(entry.name, &entry.kind, result);
    }
    reader.await.map_err(|error| error.to_string())??;
    Ok(tally)
}

type Done = Result<(String, String, Result<(), Problem>), tokio::task::JoinError>;

fn add(tally: &mut Tally, done: Done) -> Result<(), String> {
    let (name, kind, result) = done.map_err(|error| error.to_string())?;
    tally.add(name, &kind, result);
    Ok(())
}

fn is_definition(kind: &str) -> bool {
    matches!(
        kind,
        "CapabilityStatement"
            | "CodeSystem"
            | "CompartmentDefinition"
            | "ConceptMap"
            | "GraphDefinition"
            | "ImplementationGuide"
            | "NamingSystem"
            | "OperationDefinition"
            | "SearchParameter"
            | "StructureDefinition"
            | "StructureMap"
            | "TerminologyCapabilities"
            | "ValueSet"
    )
}
