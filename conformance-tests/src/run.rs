//! Runs case files against a server and tells which hold.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use regex::Regex;

use crate::case::{Capture, Case, OneOrMany, Step};
use crate::expect::unmet;
use crate::json::{self, Json};
use crate::matcher::mismatch;
use crate::template::Variables;
use crate::wire::{Answer, Client, Request, encoded};

/// Between two requests of a step that may take its time.
const PAUSE: Duration = Duration::from_millis(200);

/// How a case ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every expectation was met.
    Passed,
    /// The server does not claim what the case is about.
    Skipped,
    /// What was not met, or what is wrong with the case.
    Failed(String),
}

/// A case file by name, with its rule and how it ended.
#[derive(Debug)]
pub struct Report {
    /// `area/name`
    pub name: String,
    /// The rule.
    pub title: String,
    /// How it ended.
    pub verdict: Verdict,
}

/// All case files under a folder whose `area/name` contains a text, in order.
pub fn case_files(folder: &Path, only: &str) -> Result<Vec<(String, PathBuf)>, String> {
    let mut files = Vec::new();
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for area in std::fs::read_dir(folder).map_err(failed)? {
        let area = area.map_err(failed)?.path();
        if !area.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&area).map_err(failed)? {
            let file = file.map_err(failed)?.path();
            let stem = |path: &Path| path.file_stem().map(|s| s.to_string_lossy().into_owned());
            let (Some(area), Some(name)) = (stem(&area), stem(&file)) else {
                continue;
            };
            let name = format!("{area}/{name}");
            if file.extension().is_some_and(|e| e == "json") && name.contains(only) {
                files.push((name, file));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Runs all files, a number of them at once; the reports come in the order of the files.
pub async fn run_all(
    client: &Client,
    base: &str,
    files: Vec<(String, PathBuf)>,
    at_once: usize,
) -> Result<Vec<Report>, String> {
    let metadata = client
        .send(Request::new("GET", format!("{base}/metadata")))
        .await?;
    let capabilities = metadata
        .json()
        .map_err(|error| format!("{base}/metadata: {error}"))?;
    let mut cases: Vec<_> = files
        .into_iter()
        .map(|(name, file)| (name, load(&file)))
        .collect();
    // Those that wait longest begin first.
    cases.sort_by_key(|(_, case)| Reverse(case.as_ref().map_or(0, patience)));
    let runs = cases.into_iter().map(|(name, case)| {
        let capabilities = &capabilities;
        async move {
            let (title, verdict) = match case {
                Ok(case) => {
                    let verdict = run(client, base, capabilities, &case).await;
                    (case.title, verdict)
                }
                Err(error) => (String::new(), Verdict::Failed(error)),
            };
            Report {
                name,
                title,
                verdict,
            }
        }
    });
    let runs = stream::iter(runs).buffer_unordered(at_once.max(1));
    let mut reports: Vec<Report> = runs.collect().await;
    reports.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(reports)
}

/// For how many seconds a case may wait.
fn patience(case: &Case) -> u64 {
    let steps = case.steps.iter();
    steps.map(|step| step.eventually.unwrap_or(0)).sum()
}

/// Reads a case file.
pub fn load(file: &Path) -> Result<Case, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("not a case: {error}"))
}

async fn run(client: &Client, base: &str, capabilities: &Json, case: &Case) -> Verdict {
    for (path, matcher) in &case.needs {
        match json::read(matcher.get()) {
            Ok(matcher) => {
                if mismatch(&matcher, json::select(capabilities, path).as_ref()).is_some() {
                    return Verdict::Skipped;
                }
            }
            Err(error) => return Verdict::Failed(error.to_string()),
        }
    }
    let mut variables = Variables::fresh(base);
    variables.define(&case.vars);
    for (number, step) in case.steps.iter().enumerate() {
        if let Err(why) = run_step(client, base, step, &mut variables).await {
            let shown = variables.fill(&step.request).unwrap_or_default();
            return Verdict::Failed(format!("step {} ({shown}): {why}", number + 1));
        }
    }
    Verdict::Passed
}

/// Runs a step, again and again where it may take its time.
async fn run_step(
    client: &Client,
    base: &str,
    step: &Step,
    variables: &mut Variables,
) -> Result<(), String> {
    let begun = Instant::now();
    let patience = Duration::from_secs(step.eventually.unwrap_or(0));
    loop {
        match try_step(client, base, step, variables).await {
            Err(_) if begun.elapsed() < patience => tokio::time::sleep(PAUSE).await,
            done => return done,
        }
    }
}

async fn try_step(
    client: &Client,
    base: &str,
    step: &Step,
    variables: &mut Variables,
) -> Result<(), String> {
    let mut requests = Vec::new();
    for n in 0..step.parallel.unwrap_or(1) {
        variables.set("n", n.to_string());
        requests.push(request(base, step, variables)?);
    }
    let method = requests
        .first()
        .map(|request| request.method.clone())
        .unwrap_or_default();
    let answers = join_all(requests.into_iter().map(|request| client.send(request))).await;
    let answers = answers
        .into_iter()
        .collect::<Result<Vec<Answer>, String>>()?;
    for answer in &answers {
        let found = unmet(&step.expect, &method, answer, variables)?;
        if !found.is_empty() {
            return Err(found.join("; "));
        }
    }
    summary(step, &answers)?;
    for (name, capture) in &step.capture {
        let answer = answers.first().ok_or("no answer to capture from")?;
        variables.set(name, captured(capture, answer)?);
    }
    Ok(())
}

fn request(base: &str, step: &Step, variables: &Variables) -> Result<Request, String> {
    let line = variables.fill(&step.request)?;
    let (method, target) = line.split_once(' ').unwrap_or((&line, ""));
    let url = match target {
        "" => base.to_owned(),
        absolute if absolute.starts_with("http://") || absolute.starts_with("https://") => {
            absolute.to_owned()
        }
        query if query.starts_with('?') => format!("{base}{query}"),
        path => format!("{base}/{path}"),
    };
    let mut request = Request::new(method, url);
    request.http2 = step.http2;
    if let Some((content_type, body)) = body(step, variables)? {
        request.body = Some(body);
        if let Some(content_type) = content_type {
            request = request.with("Content-Type", content_type);
        }
    }
    if let (Some(coding), Some(body)) = (step.encode, &request.body) {
        let (body, name) = encoded(body, coding)?;
        request.body = Some(body);
        request = request.with("Content-Encoding", name);
    }
    for (name, values) in &step.headers {
        request
            .headers
            .retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        for value in values.iter().flat_map(OneOrMany::as_slice) {
            request.headers.push((name.clone(), variables.fill(value)?));
        }
    }
    Ok(request)
}

type Body = (Option<&'static str>, Vec<u8>);

fn body(step: &Step, variables: &Variables) -> Result<Option<Body>, String> {
    let given = [
        step.json.is_some(),
        step.xml.is_some(),
        step.text.is_some(),
        step.base64.is_some(),
    ];
    if given.iter().filter(|given| **given).count() > 1 {
        return Err("more than one body".to_owned());
    }
    Ok(if let Some(json) = &step.json {
        let text = variables.fill(json.get())?;
        Some((
            Some("application/fhir+json; charset=utf-8"),
            text.into_bytes(),
        ))
    } else if let Some(xml) = &step.xml {
        Some((
            Some("application/fhir+xml; charset=utf-8"),
            variables.fill(xml)?.into_bytes(),
        ))
    } else if let Some(text) = &step.text {
        Some((None, variables.fill(text)?.into_bytes()))
    } else if let Some(encoded) = &step.base64 {
        Some((
            None,
            STANDARD
                .decode(encoded)
                .map_err(|error| error.to_string())?,
        ))
    } else {
        None
    })
}

/// What must hold of all answers of a parallel step together.
fn summary(step: &Step, answers: &[Answer]) -> Result<(), String> {
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    if !step.expect.counts.is_empty() && counts != step.expect.counts {
        return Err(format!(
            "statuses {counts:?}, expected {:?}",
            step.expect.counts
        ));
    }
    for path in &step.expect.alike {
        let mut values = Vec::new();
        for answer in answers {
            values.push(json::select(&answer.json()?, path));
        }
        values.dedup();
        if values.len() != 1 {
            return Err(format!("{path} differs between the answers"));
        }
    }
    Ok(())
}

fn captured(capture: &Capture, answer: &Answer) -> Result<String, String> {
    let text = match (&capture.json, &capture.header) {
        (Some(path), _) => match json::select(&answer.json()?, path) {
            Some(Json::String(text)) => text,
            Some(other) => other.to_string(),
            None => return Err(format!("nothing at {path} to capture")),
        },
        (None, Some(name)) => answer
            .header(name)
            .ok_or(format!("no header {name} to capture"))?,
        (None, None) if capture.body => answer.text()?.into_owned(),
        (None, None) => return Err("a capture of nothing".to_owned()),
    };
    let Some(pattern) = &capture.regex else {
        return Ok(text);
    };
    let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
    let group = regex.captures(&text).and_then(|groups| groups.get(1));
    let group = group.ok_or(format!("{text} has no {pattern}"))?;
    Ok(group.as_str().to_owned())
}
