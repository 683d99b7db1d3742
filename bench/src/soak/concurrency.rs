//! Races between clients: conditional creates, Bundles over the same resources, updates of one version.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Proofs;
use super::writers::patient;
use crate::Result;
use crate::http::{Client, Request};
use crate::random::Random;
use crate::server::OwnServer;

const CREATES: usize = 64;
const BUNDLES: usize = 32;
const RESOURCES: usize = 100;

/// A request that is sent at the same moment as others.
struct Racer {
    method: &'static str,
    path: String,
    headers: String,
    body: String,
}

/// Runs all races.
pub(super) async fn prove(server: &OwnServer, proofs: &mut Proofs) {
    for attempt in 0..3 {
        let name = "64 conditional creates make one resource";
        proofs.note(name, conditional_creates(server, attempt).await);
    }
    let name = "32 transactions over 100 resources";
    proofs.note(name, transactions(server).await);
    let name = "32 version-aware transactions over 100 resources: one wins";
    proofs.note(name, version_aware_transactions(server).await);
    let name = "32 updates of one version: one wins";
    proofs.note(name, updates(server).await);
}

/// Sends all at the same moment, each over a connection that stands, and counts the statuses.
async fn race(server: &OwnServer, racers: Vec<Racer>) -> Result<BTreeMap<u16, usize>> {
    let barrier = Arc::new(Barrier::new(racers.len()));
    let mut tasks: JoinSet<Result<u16>> = JoinSet::new();
    for racer in racers {
        let (mut client, barrier) = (server.client(), Arc::clone(&barrier));
        tasks.spawn(async move {
            let connected = client
                .send(Request::new("GET", "/health/live", ""))
                .await
                .is_ok();
            barrier.wait().await;
            if !connected {
                return Err("a racer cannot connect".into());
            }
            let request = Request {
                method: racer.method,
                path: &racer.path,
                headers: &racer.headers,
                body: &racer.body,
            };
            Ok(client.send(request).await?.status)
        });
    }
    let mut statuses = BTreeMap::new();
    while let Some(status) = tasks.join_next().await {
        *statuses.entry(status??).or_insert(0) += 1;
    }
    Ok(statuses)
}

async fn conditional_creates(server: &OwnServer, attempt: usize) -> Result<String> {
    let identifier = format!("https://vesta.example/race%7C{attempt}");
    let racer = |_| Racer {
        method: "POST",
        path: "/fhir/Patient".to_owned(),
        headers: format!("if-none-exist: identifier={identifier}\r\n"),
        body: format!(
            r#"{{"resourceType":"Patient","identifier":[{{"system":"https://vesta.example/race","value":"{attempt}"}}]}}"#
        ),
    };
    let statuses = race(server, (0..CREATES).map(racer).collect()).await?;
    let path = format!("/fhir/Patient?identifier={identifier}");
    let mut client = server.client();
    let answer = client
        .send(Request::new("GET", &path, ""))
        .await?
        .expect(200)?;
    let found: serde_json::Value = serde_json::from_slice(answer.body)?;
    let found = found["entry"].as_array().map_or(0, Vec::len);
    match found == 1 && statuses == BTreeMap::from([(200, CREATES - 1), (201, 1)]) {
        true => Ok(shown(&statuses)),
        false => Err(format!("{found} resources, {}", shown(&statuses)).into()),
    }
}

/// Bundles that write the same resources, each in an order of its own.
fn bundles(kind: &str, condition: &str) -> Vec<Racer> {
    let bundle = |number: usize| {
        let mut places: Vec<usize> = (0..RESOURCES).collect();
        Random::new(u64::try_from(number).unwrap_or(0)).shuffle(&mut places);
        let entry = |place: &usize| {
            let id = format!("race-{kind}-{place}");
            let body = patient(&id, number + 2);
            format!(
                r#"{{"resource":{body},"request":{{"method":"PUT","url":"Patient/{id}"{condition}}}}}"#
            )
        };
        let entries: Vec<String> = places.iter().map(entry).collect();
        Racer {
            method: "POST",
            path: "/fhir".to_owned(),
            headers: String::new(),
            body: format!(
                r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
                entries.join(",")
            ),
        }
    };
    (0..BUNDLES).map(bundle).collect()
}

async fn transactions(server: &OwnServer) -> Result<String> {
    let statuses = race(server, bundles("plain", "")).await?;
    let won = statuses.get(&200).copied().unwrap_or(0);
    let allowed = statuses
        .keys()
        .all(|status| matches!(status, 200 | 409 | 412));
    if !allowed || won == 0 {
        return Err(shown(&statuses).into());
    }
    all_in_version(&mut server.client(), "plain", won).await?;
    Ok(shown(&statuses))
}

async fn version_aware_transactions(server: &OwnServer) -> Result<String> {
    let first = bundles("aware", "").swap_remove(0);
    let made = race(server, vec![first]).await?;
    if made.get(&200) != Some(&1) {
        return Err(shown(&made).into());
    }
    let statuses = race(server, bundles("aware", r#","ifMatch":"W/\"1\"""#)).await?;
    let lost = [409, 412]
        .iter()
        .filter_map(|status| statuses.get(status))
        .sum::<usize>();
    if statuses.get(&200) != Some(&1) || lost != BUNDLES - 1 {
        return Err(shown(&statuses).into());
    }
    all_in_version(&mut server.client(), "aware", 2).await?;
    Ok(shown(&statuses))
}

/// Each of the resources is in the same version: no Bundle did a part of its work.
async fn all_in_version(client: &mut Client, kind: &str, version: usize) -> Result<()> {
    for place in 0..RESOURCES {
        let path = format!("/fhir/Patient/race-{kind}-{place}");
        let answer = client
            .send(Request::new("GET", &path, ""))
            .await?
            .expect(200)?;
        let etag = answer.header("etag").unwrap_or_default();
        if etag != format!("W/\"{version}\"") {
            return Err(format!("{path} is in version {etag}, not {version}").into());
        }
    }
    Ok(())
}

async fn updates(server: &OwnServer) -> Result<String> {
    let racer = |number: usize, headers: &str| Racer {
        method: "PUT",
        path: "/fhir/Patient/race-update".to_owned(),
        headers: headers.to_owned(),
        body: patient("race-update", number),
    };
    race(server, vec![racer(1, "")]).await?;
    let racers = (0..32).map(|number| racer(number + 2, "if-match: W/\"1\"\r\n"));
    let statuses = race(server, racers.collect()).await?;
    match statuses == BTreeMap::from([(200, 1), (412, 31)]) {
        true => Ok(shown(&statuses)),
        false => Err(shown(&statuses).into()),
    }
}

/// How often each status was answered.
pub(super) fn shown(statuses: &BTreeMap<u16, usize>) -> String {
    let parts: Vec<String> = statuses
        .iter()
        .map(|(status, count)| format!("{count} × {status}"))
        .collect();
    parts.join(", ")
}
