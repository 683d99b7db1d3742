//! Searches of the test data with the number of matches each must have, against a server that holds nothing else.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::json::{self, Json};
use crate::wire::{Client, Request};

/// How long a search parameter may take until it is searched by.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// A search and how many resources it must match.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Search {
    /// What is searched.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The parameters, not percent-encoded.
    pub query: String,
    /// The number of matches.
    pub match_count: usize,
}

/// What is held to be otherwise than the test data has it: `contested-searches.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The searches.
    pub contested: Vec<Contested>,
}

/// A search whose number of matches follows from the specification otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contested {
    /// `Type?query`
    pub search: String,
    /// The number of matches by the specification.
    pub count: usize,
    /// Why.
    pub reason: String,
}

impl Search {
    fn name(&self) -> String {
        format!("{}?{}", self.resource_type, self.query)
    }
}

/// The searches of a folder; nothing where it is absent.
pub fn searches(folder: &Path) -> Option<Result<Vec<Search>, String>> {
    let text = std::fs::read_to_string(folder.join("cases.json")).ok()?;
    Some(serde_json::from_str(&text).map_err(|error| format!("cases.json: {error}")))
}

/// Corrects the numbers that are contested; an error where one is about no search.
pub fn correct(searches: &mut [Search], known: &Known) -> Result<(), String> {
    for contested in &known.contested {
        let found = searches
            .iter_mut()
            .find(|one| one.name() == contested.search);
        let found = found.ok_or(format!("there is no search {}", contested.search))?;
        found.match_count = contested.count;
    }
    Ok(())
}

/// Stores the resources of the folder and waits until their search parameters are searched by.
pub async fn load(client: &Client, base: &str, folder: &Path) -> Result<usize, String> {
    for resource_type in ["Patient", "Observation"] {
        let url = format!("{base}/{resource_type}?_summary=count");
        let total = json::select(&get(client, &url).await?, "/total");
        if total != Some(Json::Number("0".to_owned())) {
            return Err(format!(
                "the server holds resources of type {resource_type}: the numbers mean nothing there"
            ));
        }
    }
    let mut files = resource_files(&folder.join("resources"))?;
    // Parameters first, so that their index is made by the writes.
    files.sort_by_key(|file| (!name(file).starts_with("searchparameter"), name(file)));
    for file in &files {
        let text =
            std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", name(file)))?;
        store(client, base, &text)
            .await
            .map_err(|error| format!("{}: {error}", name(file)))?;
    }
    Ok(files.len())
}

async fn store(client: &Client, base: &str, text: &str) -> Result<(), String> {
    // The parameters of the test data are drafts, which nobody has to search by.
    let text = text.replacen(r#""status": "draft""#, r#""status": "active""#, 1);
    let resource = json::read(&text).map_err(|error| error.to_string())?;
    let member = |name: &str| {
        resource
            .get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
    };
    let (resource_type, id) = (member("resourceType"), member("id"));
    let put = Request::new("PUT", format!("{base}/{resource_type}/{id}"))
        .with_body("application/fhir+json", text.clone().into_bytes());
    let answer = client.send(put).await?;
    if !matches!(answer.status, 200 | 201) {
        return Err(format!("status {}: {}", answer.status, answer.excerpt()));
    }
    if resource_type == "SearchParameter" {
        let bases = resource.get("base").map(Json::items).unwrap_or_default();
        for searched in bases.iter().filter_map(Json::as_str) {
            let code = member("code");
            await_parameter(client, &format!("{base}/{searched}?{code}:missing=true")).await?;
        }
    }
    Ok(())
}

async fn await_parameter(client: &Client, url: &str) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match get(client, url).await {
            Ok(_) => return Ok(()),
            Err(_) if begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
    }
}

/// What is wrong with the answer to a search; at best nothing.
pub async fn run(client: &Client, base: &str, search: &Search) -> Option<String> {
    let url = format!("{base}/{}?{}", search.resource_type, encoded(&search.query));
    let found = match get(client, &url).await {
        Ok(bundle) => matches(&bundle),
        Err(error) => return Some(format!("{}: {error}", search.name())),
    };
    let expected = search.match_count;
    (found != expected).then(|| format!("{}: {found} matches, expected {expected}", search.name()))
}

async fn get(client: &Client, url: &str) -> Result<Json, String> {
    let answer = client.send(Request::new("GET", url.to_owned())).await?;
    match answer.status {
        200 => answer.json(),
        status => Err(format!("status {status}: {}", answer.excerpt())),
    }
}

/// The number of entries that match, without what is included or said about the search.
fn matches(bundle: &Json) -> usize {
    let modes = json::select(bundle, "/entry/*/search/mode");
    let modes = modes.as_ref().map(Json::items).unwrap_or_default();
    modes
        .iter()
        .filter(|mode| mode.as_str() == Some("match"))
        .count()
}

/// A query with all percent-encoded but what separates its parts.
fn encoded(query: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z'
        | b'a'..=b'z'
        | b'0'..=b'9'
        | b'-'
        | b'.'
        | b'_'
        | b'~'
        | b'='
        | b'&'
        | b':' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    query.bytes().map(encode).collect()
}

fn resource_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).map_err(failed)? {
        files.push(file.map_err(failed)?.path());
    }
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    Ok(files)
}

fn name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
