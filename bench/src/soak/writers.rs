//! Sixteen writers at the same time: creates, version-aware updates and deletes, transaction Bundles; and four that read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::ledger::{Bundles, Chain, Created, Ledger};
use crate::Result;
use crate::http::{Answer, Client, Request};
use crate::random::Random;
use crate::resources::{Subjects, sample};
use crate::server::OwnServer;

/// The system of the markers by which resources are found again.
pub(super) const MARKERS: &str = "https://vesta.example/soak";

/// Observations of each Bundle.
pub(super) const OBSERVATIONS: usize = 10;

const CREATORS: usize = 6;
const UPDATERS: usize = 5;
const BUNDLERS: usize = 5;
const READERS: usize = 4;

/// No answer within this time is no answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who writes, and until when.
struct Writer {
    client: Client,
    name: String,
    random: Random,
    stop: Arc<AtomicBool>,
    /// Ids of the requests that were acknowledged.
    answered: Vec<String>,
}

/// Whether a request was done.
enum Fate<T> {
    Done(T),
    Unknown,
}

/// Starts all writers; each ends when its first answer stays away, or when it is told to.
pub(super) fn start(
    server: &OwnServer,
    round: usize,
    stop: &Arc<AtomicBool>,
) -> JoinSet<Result<Ledger>> {
    let mut tasks = JoinSet::new();
    for number in 0..CREATORS + UPDATERS + BUNDLERS + READERS {
        let writer = Writer {
            client: server.client(),
            name: format!("r{round}-w{number}"),
            random: Random::new(u64::try_from(round * 100 + number).unwrap_or(0)),
            stop: Arc::clone(stop),
            answered: Vec::new(),
        };
        match number {
            ..CREATORS => tasks.spawn(writer.create()),
            CREATORS.. if number < CREATORS + UPDATERS => tasks.spawn(writer.update()),
            _ if number < CREATORS + UPDATERS + BUNDLERS => tasks.spawn(writer.bundle()),
            _ => tasks.spawn(writer.read()),
        };
    }
    tasks
}

impl Writer {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Sends a request. A server or database that is being killed may stay silent or be unavailable; it never refuses.
    async fn send<T>(
        &mut self,
        request: Request<'_>,
        statuses: &[u16],
        read: impl Fn(&Answer<'_>) -> Option<T>,
    ) -> Result<Fate<T>> {
        let id = format!("{}-{}", self.name, self.answered.len());
        let headers = format!("x-request-id: {id}\r\n{}", request.headers);
        let request = Request {
            headers: &headers,
            ..request
        };
        match tokio::time::timeout(PATIENCE, self.client.send(request)).await {
            Err(_) | Ok(Err(_)) => Ok(Fate::Unknown),
            Ok(Ok(answer)) if answer.status >= 500 => Ok(Fate::Unknown),
            Ok(Ok(answer)) if statuses.contains(&answer.status) => match read(&answer) {
                Some(known) => {
                    self.answered.push(id);
                    Ok(Fate::Done(known))
                }
                None => Err("an answer lacks its Location or ETag".into()),
            },
            Ok(Ok(answer)) => {
                answer.expect(statuses[0])?;
                Ok(Fate::Unknown)
            }
        }
    }

    fn observation(&mut self, marker: &str) -> String {
        let subjects = Subjects {
            patient: "Patient/soak",
            encounter: "Encounter/soak",
            practitioner: "Practitioner/soak",
        };
        let sample = sample("Observation", &mut self.random, subjects);
        let tag = format!(r#""meta":{{"tag":[{{"system":"{MARKERS}","code":"{marker}"}}]}}"#);
        format!(r#"{{"resourceType":"Observation",{tag},{}"#, sample.rest(0))
    }

    async fn create(mut self) -> Result<Ledger> {
        let mut ledger = Ledger::default();
        for n in 0.. {
            if !self.goes_on() {
                break;
            }
            let marker = format!("{}-{n}", self.name);
            let body = self.observation(&marker);
            let request = Request::new("POST", "/fhir/Observation", &body);
            let id = |answer: &Answer<'_>| {
                let location = answer.header("location")?;
                location.rsplit('/').nth(2).map(str::to_owned)
            };
            match self.send(request, &[201], id).await? {
                Fate::Done(id) => ledger.created.push(Created { id, body }),
                Fate::Unknown => {
                    ledger.unknown.push(marker);
                    break;
                }
            }
        }
        ledger.answered = self.answered;
        Ok(ledger)
    }

    /// Searches and reads, which are acknowledged only when the audit trail has them.
    async fn read(mut self) -> Result<Ledger> {
        for n in 0.. {
            let path = match n % 2 {
                0 => "/fhir/Observation?_count=5",
                _ => "/fhir/Patient?_count=5",
            };
            let request = Request::new("GET", path, "");
            let fate = self.send(request, &[200], |_| Some(())).await?;
            if !self.goes_on() || matches!(fate, Fate::Unknown) {
                break;
            }
        }
        Ok(Ledger {
            answered: self.answered,
            ..Ledger::default()
        })
    }

    async fn update(mut self) -> Result<Ledger> {
        let mut chain = Chain {
            id: format!("soak-{}", self.name),
            versions: Vec::new(),
            unknown: None,
        };
        let path = format!("/fhir/Patient/{}", chain.id);
        while self.goes_on() && chain.unknown.is_none() {
            let next = chain.versions.len() + 1;
            // Every eighth version is a deletion.
            let version = match next % 8 {
                0 => None,
                _ => Some(patient(&chain.id, next)),
            };
            let exists = matches!(chain.versions.last(), Some(Some(_)));
            let headers = match exists {
                true => format!("if-match: W/\"{}\"\r\n", chain.versions.len()),
                false => String::new(),
            };
            let request = Request {
                method: if version.is_some() { "PUT" } else { "DELETE" },
                path: &path,
                headers: &headers,
                body: version.as_deref().unwrap_or_default(),
            };
            let statuses: &[u16] = match (&version, exists) {
                (None, _) => &[204, 200],
                (Some(_), true) => &[200],
                (Some(_), false) => &[201],
            };
            let etag = format!("W/\"{next}\"");
            let is_next = |answer: &Answer<'_>| Some(answer.header("etag")? == etag);
            match self.send(request, statuses, is_next).await? {
                Fate::Done(true) => chain.versions.push(version),
                Fate::Done(false) => return Err("an update made another version".into()),
                Fate::Unknown => chain.unknown = Some(version),
            }
        }
        Ok(Ledger {
            chains: vec![chain],
            answered: self.answered,
            ..Ledger::default()
        })
    }

    async fn bundle(mut self) -> Result<Ledger> {
        let mut bundles = Bundles {
            patient: format!("soak-{}", self.name),
            markers: Vec::new(),
            unknown: None,
        };
        while self.goes_on() && bundles.unknown.is_none() {
            let version = bundles.markers.len() + 1;
            let marker = format!("{}-{version}", self.name);
            let mut entries = vec![format!(
                r#"{{"resource":{},"request":{{"method":"PUT","url":"Patient/{}"}}}}"#,
                patient(&bundles.patient, version),
                bundles.patient
            )];
            for _ in 0..OBSERVATIONS {
                let body = self.observation(&marker);
                entries.push(format!(
                    r#"{{"resource":{body},"request":{{"method":"POST","url":"Observation"}}}}"#
                ));
            }
            let body = format!(
                r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
                entries.join(",")
            );
            let request = Request::new("POST", "/fhir", &body);
            match self.send(request, &[200], |_| Some(())).await? {
                Fate::Done(()) => bundles.markers.push(marker),
                Fate::Unknown => bundles.unknown = Some(marker),
            }
        }
        Ok(Ledger {
            bundles: vec![bundles],
            answered: self.answered,
            ..Ledger::default()
        })
    }
}

/// A patient that says which version it shall be.
pub(super) fn patient(id: &str, version: usize) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"system":"{MARKERS}","value":"{version}"}}],"active":true,"name":[{{"family":"Version {version}","given":["Ada"]}}],"birthDate":"1980-02-{:02}"}}"#,
        version % 28 + 1
    )
}
