//! What a client can see after a kill: every acknowledged write with its content, whole chains, whole Bundles.

use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::Proofs;
use super::ledger::{Bundles, Chain, Created, Ledger};
use super::writers::{MARKERS, OBSERVATIONS, patient};
use crate::Result;
use crate::http::{Client, Request};
use crate::server::OwnServer;

/// Clients that look at the same time.
const LOOKERS: usize = 8;

/// Compares a ledger with what the server has.
pub(super) async fn prove(server: &OwnServer, ledger: &Ledger, proofs: &mut Proofs) {
    let created = creates(server, &ledger.created).await;
    proofs.note("acknowledged creates are there with their content", created);
    let mut client = server.client();
    let unknown = unknown_creates(&mut client, &ledger.unknown).await;
    proofs.note("unanswered creates happened once or not at all", unknown);
    let chains = chains(&mut client, &ledger.chains).await;
    proofs.note("version chains are complete", chains);
    let bundles = bundles(&mut client, &ledger.bundles).await;
    proofs.note("Bundles are whole or absent", bundles);
}

/// A resource as it was sent: without what the server adds.
fn content(mut resource: Value) -> Value {
    if let Some(members) = resource.as_object_mut() {
        members.remove("id");
        if let Some(meta) = members.get_mut("meta").and_then(Value::as_object_mut) {
            meta.remove("versionId");
            meta.remove("lastUpdated");
        }
        if members
            .get("meta")
            .and_then(Value::as_object)
            .is_some_and(|meta| meta.is_empty())
        {
            members.remove("meta");
        }
    }
    resource
}

fn same(found: Value, sent: &str) -> Result<bool> {
    Ok(content(found) == content(serde_json::from_str(sent)?))
}

async fn get(client: &mut Client, path: &str) -> Result<Value> {
    let answer = client.send(Request::new("GET", path, "")).await?;
    let answer = answer
        .expect(200)
        .map_err(|error| format!("{path}: {error}"))?;
    Ok(serde_json::from_slice(answer.body)?)
}

async fn creates(server: &OwnServer, created: &[Created]) -> Result<String> {
    let all: Arc<[Created]> = created.into();
    let mut tasks: JoinSet<Result<()>> = JoinSet::new();
    for first in 0..LOOKERS {
        let (all, mut client) = (Arc::clone(&all), server.client());
        tasks.spawn(async move {
            for Created { id, body } in all.iter().skip(first).step_by(LOOKERS) {
                let found = get(&mut client, &format!("/fhir/Observation/{id}")).await?;
                if !same(found, body)? {
                    return Err(format!("Observation/{id} is not what was sent").into());
                }
            }
            Ok(())
        });
    }
    while let Some(looked) = tasks.join_next().await {
        looked??;
    }
    Ok(format!("{} of {}", all.len(), all.len()))
}

/// The Observations with a marker, as the index finds them.
async fn marked(client: &mut Client, marker: &str) -> Result<usize> {
    let path = format!("/fhir/Observation?_tag={MARKERS}%7C{marker}&_count=100");
    let found = get(client, &path).await?;
    let entries = found["entry"].as_array().map_or(&[][..], Vec::as_slice);
    let matches = |entry: &&Value| entry["search"]["mode"] == "match";
    Ok(entries.iter().filter(matches).count())
}

async fn unknown_creates(client: &mut Client, markers: &[String]) -> Result<String> {
    let mut happened = 0;
    for marker in markers {
        match marked(client, marker).await? {
            0 => {}
            1 => happened += 1,
            more => return Err(format!("{marker} was created {more} times").into()),
        }
    }
    Ok(format!("{happened} of {} had happened", markers.len()))
}

/// The versions of a patient, oldest first; a deletion has no resource. Fails where a number is missing.
async fn history(client: &mut Client, id: &str) -> Result<Vec<Option<Value>>> {
    let mut path = format!("/fhir/Patient/{id}/_history?_count=500");
    let mut newest_first = Vec::new();
    loop {
        let page = get(client, &path).await?;
        for entry in page["entry"].as_array().map_or(&[][..], Vec::as_slice) {
            newest_first.push(entry.clone());
        }
        let links = page["link"].as_array().map_or(&[][..], Vec::as_slice);
        let next = links.iter().find(|link| link["relation"] == "next");
        let next = next.and_then(|link| link["url"].as_str());
        match next.and_then(|url| Some(&url[url.find("/fhir/")?..])) {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    let mut versions = Vec::new();
    for (entry, version) in newest_first.iter().rev().zip(1usize..) {
        let etag = entry["response"]["etag"].as_str().unwrap_or_default();
        if etag != format!("W/\"{version}\"") {
            return Err(format!("Patient/{id}: version {version} is {etag}").into());
        }
        versions.push(entry.get("resource").cloned());
    }
    Ok(versions)
}

async fn chains(client: &mut Client, chains: &[Chain]) -> Result<String> {
    let mut count = 0;
    for chain in chains {
        count += chain_versions(client, chain).await?;
    }
    Ok(format!("{count} versions of {} resources", chains.len()))
}

async fn chain_versions(client: &mut Client, chain: &Chain) -> Result<usize> {
    let Chain {
        id,
        versions,
        unknown,
    } = chain;
    if versions.is_empty() && unknown.is_some() && is_absent(client, id).await? {
        return Ok(0);
    }
    let found = history(client, id).await?;
    let known = versions.len();
    let possible = known..=known + usize::from(unknown.is_some());
    if !possible.contains(&found.len()) {
        let found = found.len();
        return Err(format!("Patient/{id} has {found} versions, {known} were acknowledged").into());
    }
    for ((found, sent), n) in found.iter().zip(versions.iter().chain(unknown)).zip(1..) {
        let is_same = match (found, sent) {
            (Some(found), Some(sent)) => same(found.clone(), sent)?,
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            return Err(format!("Patient/{id}: version {n} is not what was sent").into());
        }
    }
    Ok(found.len())
}

async fn is_absent(client: &mut Client, id: &str) -> Result<bool> {
    let path = format!("/fhir/Patient/{id}");
    let answer = client.send(Request::new("GET", &path, "")).await?;
    Ok(answer.status == 404)
}

async fn bundles(client: &mut Client, all: &[Bundles]) -> Result<String> {
    let (mut whole, mut late) = (0, 0);
    for bundles in all {
        for marker in &bundles.markers {
            let found = marked(client, marker).await?;
            if found != OBSERVATIONS {
                return Err(
                    format!("of the acknowledged Bundle {marker} {found} are there").into(),
                );
            }
            whole += 1;
        }
        let mut versions = bundles.markers.len();
        if let Some(marker) = &bundles.unknown {
            match marked(client, marker).await? {
                0 => {}
                OBSERVATIONS => {
                    versions += 1;
                    late += 1;
                }
                part => return Err(format!("of the Bundle {marker} {part} are there").into()),
            }
        }
        bundle_patient(client, &bundles.patient, versions).await?;
    }
    Ok(format!("{whole} acknowledged, {late} more had happened"))
}

/// The patient has exactly one version for each Bundle that happened.
async fn bundle_patient(client: &mut Client, id: &str, versions: usize) -> Result<()> {
    if versions == 0 {
        return match is_absent(client, id).await? {
            true => Ok(()),
            false => Err(format!("Patient/{id} is there without its Bundle").into()),
        };
    }
    let found = history(client, id).await?;
    if found.len() != versions {
        let found = found.len();
        return Err(format!("Patient/{id} has {found} versions from {versions} Bundles").into());
    }
    for (found, version) in found.into_iter().zip(1..) {
        let found = found.ok_or("a version is a deletion")?;
        if !same(found, &patient(id, version))? {
            return Err(format!("Patient/{id}: version {version} is not what was sent").into());
        }
    }
    Ok(())
}
