//! The requests and responses of HL7's tests of terminology servers, suite by suite
//! (<https://github.com/HL7/fhir-tx-ecosystem-ig>).

mod compare;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::json::{self, Json};
use crate::wire::{Answer, Client, Request};

/// How long a server may take to know what packages bring.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// What is known to be answered otherwise: `known-terminology.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The tests.
    pub differing: Vec<Differing>,
}

/// A test that is answered otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differing {
    /// `suite/test`
    pub test: String,
    /// Why.
    pub reason: String,
}

/// How a test went.
#[derive(Debug)]
pub struct Report {
    /// `suite/test`
    pub name: String,
    /// What is wrong; nothing where it passed.
    pub difference: Option<String>,
}

/// A folder of tests on a server.
#[derive(Clone, Copy, Debug)]
pub struct Suites<'a> {
    /// The client.
    pub client: &'a Client,
    /// The base URL.
    pub base: &'a str,
    /// Where `test-cases.json` is.
    pub folder: &'a Path,
    /// Only what has this text in its name.
    pub only: &'a str,
}

/// Whether a folder has tests.
pub fn is_there(folder: &Path) -> bool {
    folder.join("test-cases.json").is_file()
}

impl Suites<'_> {
    /// Runs all tests.
    pub async fn run(self) -> Result<Vec<Report>, String> {
        self.await_packages().await?;
        let cases = self.file("test-cases.json")?;
        let mut reports = Vec::new();
        for suite in cases.get("suites").map(Json::items).unwrap_or_default() {
            let name = member(suite, "name");
            let tests = suite.get("tests").map(Json::items).unwrap_or_default();
            let full = |test: &Json| format!("{name}/{}", member(test, "name"));
            if !tests.iter().any(|test| full(test).contains(self.only)) {
                continue;
            }
            let (stored, sent) = self.set_up(suite).await?;
            for test in tests.iter().filter(|test| full(test).contains(self.only)) {
                let difference = self.test(test, &sent).await.err();
                reports.push(Report {
                    name: full(test),
                    difference,
                });
            }
            for url in stored {
                self.client.send(Request::new("DELETE", url)).await?;
            }
        }
        Ok(reports)
    }

    /// Waits until the server knows R4's own value sets, which it may fill in after it answers; one that never does
    /// fails the tests that need them.
    async fn await_packages(self) -> Result<(), String> {
        let url = format!(
            "{}/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender",
            self.base
        );
        let begin = Instant::now();
        while self
            .client
            .send(Request::new("GET", url.clone()))
            .await?
            .status
            != 200
            && begin.elapsed() < PATIENCE
        {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Stores the resources of a suite. What the server refuses, because it is no R4, is sent with each request.
    async fn set_up(self, suite: &Json) -> Result<(Vec<String>, Vec<Json>), String> {
        let (mut stored, mut sent) = (Vec::new(), Vec::new());
        for path in suite.get("setup").map(Json::items).unwrap_or_default() {
            let path = path.as_str().unwrap_or_default();
            let mut resource = self.file(path)?;
            // Suites give one id to several resources.
            let id = path.trim_end_matches(".json").replace(['/', '_'], "-");
            let id = id.chars().take(64).collect();
            set(&mut resource, "id", Json::String(id));
            let kind = member(&resource, "resourceType");
            let url = format!("{}/{kind}/{}", self.base, member(&resource, "id"));
            let put = Request::new("PUT", url.clone())
                .with_body("application/fhir+json", resource.to_string().into_bytes());
            match self.client.send(put).await?.status {
                200 | 201 => stored.push(url),
                _ => sent.push(resource),
            }
        }
        Ok((stored, sent))
    }

    async fn test(self, test: &Json, sent: &[Json]) -> Result<(), String> {
        let answer = self.ask(test, sent).await?;
        let wants_failure = test.get("http-code").is_some();
        let is_failure = (400..500).contains(&answer.status);
        if wants_failure != is_failure || answer.status >= 500 {
            return Err(format!("status {}: {}", answer.status, answer.excerpt()));
        }
        let mut actual = answer.json()?;
        compare::as_r5(&mut actual);
        let mut first = None;
        for alternative in [
            "response",
            "response2",
            "response:flat",
            "response:tx.fhir.org",
        ] {
            let Some(path) = test.get(alternative).and_then(Json::as_str) else {
                continue;
            };
            if !self.folder.join(path).is_file() {
                continue;
            }
            match compare::difference(&self.file(path)?, &actual) {
                None => return Ok(()),
                Some(difference) => first = first.or(Some(difference)),
            }
        }
        Err(first.unwrap_or_else(|| "the test has no response".to_owned()))
    }

    async fn ask(self, test: &Json, sent: &[Json]) -> Result<Answer, String> {
        let mut parameters = self.file(&member(test, "request"))?;
        let mut more: Vec<Json> = Vec::new();
        if let Some(profile) = test.get("profile").and_then(Json::as_str) {
            let profile = self.file(profile)?;
            more.extend_from_slice(
                profile
                    .get("parameter")
                    .map(Json::items)
                    .unwrap_or_default(),
            );
        }
        let sent = sent.iter().map(|resource| {
            let name = ("name".to_owned(), Json::String("tx-resource".to_owned()));
            Json::Object(vec![name, ("resource".to_owned(), resource.clone())])
        });
        more.extend(sent);
        if let Json::Object(members) = &mut parameters {
            for (name, value) in members {
                if let ("parameter", Json::Array(list)) = (name.as_str(), value) {
                    list.append(&mut more);
                }
            }
        }
        let operation = match member(test, "operation").as_str() {
            "expand" => "ValueSet/$expand",
            "validate-code" => "ValueSet/$validate-code",
            "cs-validate-code" => "CodeSystem/$validate-code",
            "lookup" => "CodeSystem/$lookup",
            "translate" => "ConceptMap/$translate",
            "batch-validate" => "ValueSet/$batch-validate-code",
            other => return Err(format!("nobody knows the operation {other}")),
        };
        let mut post = Request::new("POST", format!("{}/{operation}", self.base))
            .with_body("application/fhir+json", parameters.to_string().into_bytes());
        if let Some(languages) = test.get("Accept-Language").and_then(Json::as_str) {
            post = post.with("Accept-Language", languages);
        }
        self.client.send(post).await
    }

    fn file(self, path: &str) -> Result<Json, String> {
        let whole: PathBuf = self.folder.join(path);
        let text = std::fs::read_to_string(&whole);
        let text = text.map_err(|error| format!("{}: {error}", whole.display()))?;
        json::read(text.trim_start_matches('\u{feff}')).map_err(|error| format!("{path}: {error}"))
    }
}

fn member(object: &Json, name: &str) -> String {
    let found = object.get(name).and_then(Json::as_str);
    found.unwrap_or_default().to_owned()
}

fn set(object: &mut Json, name: &str, value: Json) {
    if let Json::Object(members) = object {
        members.retain(|(one, _)| one != name);
        members.insert(1.min(members.len()), (name.to_owned(), value));
    }
}

/// What is not as it should be: tests that fail and are not known to, and tests that are known to and pass.
pub fn surprises(reports: &[Report], known: &Known, only: &str) -> Vec<String> {
    let is_known = |name: &str| known.differing.iter().any(|one| one.test == name);
    let mut surprises: Vec<String> = reports
        .iter()
        .filter(|report| !is_known(&report.name))
        .filter_map(|report| Some(format!("{}: {}", report.name, report.difference.as_ref()?)))
        .collect();
    let differs = |one: &&Differing| {
        let mut of_it = reports.iter().filter(|report| report.name == one.test);
        of_it.any(|report| report.difference.is_some())
    };
    let stale = known.differing.iter().filter(|one| one.test.contains(only));
    surprises.extend(
        stale
            .filter(|one| !differs(one))
            .map(|one| format!("{}: passes, or is no test, and is listed", one.test)),
    );
    surprises
}
