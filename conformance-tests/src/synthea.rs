//! Loads the Synthea Bundles of the test data and checks the answer to every entry.

#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::{Path, PathBuf};

use bzip2::read::BzDecoder;

use crate::json::{self, Json};
use crate::wire::{Client, Request};

/// How one Bundle fared.
#[derive(Debug)]
pub struct Loaded {
    /// The file name.
    pub name: String,
    /// How many entries it has.
    pub entries: usize,
    /// What is wrong with the answer; at best nothing.
    pub problems: Vec<String>,
}

/// The Bundle files of a folder in the order in which they have to be loaded.
///
/// `0-…` hold the hospitals, then the practitioners; all others refer to them. Nothing where the folder is absent.
pub fn bundle_files(folder: &Path) -> Option<Vec<PathBuf>> {
    let files = std::fs::read_dir(folder).ok()?;
    let mut files: Vec<PathBuf> = files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|file| file.to_string_lossy().ends_with(".json.bz2"))
        .collect();
    files.sort_by_key(|file| {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        (!name.starts_with("0-"), name)
    });
    (!files.is_empty()).then_some(files)
}

/// Posts one Bundle.
pub async fn load(client: &Client, base: &str, file: &Path) -> Result<Loaded, String> {
    let name = file
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let text = bundle_text(file).map_err(|error| format!("{name}: {error}"))?;
    let bundle = json::read(&text).map_err(|error| format!("{name}: {error}"))?;
    let request = Request::new("POST", base.to_owned())
        .with_body("application/fhir+json; charset=utf-8", text.into_bytes());
    let answer = client
        .send(request)
        .await
        .map_err(|error| format!("{name}: {error}"))?;
    let problems = match (answer.status, answer.json()) {
        (200, Ok(response)) => problems(&bundle, &response),
        (status, _) => vec![format!("status {status}: {}", answer.excerpt())],
    };
    let entries = bundle
        .get("entry")
        .map_or(0, |entries| entries.items().len());
    Ok(Loaded {
        name,
        entries,
        problems,
    })
}

fn bundle_text(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    BzDecoder::new(std::fs::File::open(file)?).read_to_string(&mut text)?;
    Ok(text)
}

/// One answer for each entry, in the same order: 201, or 200 where `ifNoneExist` found one, and its place.
fn problems(bundle: &Json, response: &Json) -> Vec<String> {
    let text = |json: &Json, path: &str| {
        json::select(json, path).and_then(|found| found.as_str().map(str::to_owned))
    };
    let expected_type = text(bundle, "/type").map(|kind| format!("{kind}-response"));
    let mut found = Vec::new();
    if text(response, "/type") != expected_type {
        found.push(format!(
            "type {:?}, expected {expected_type:?}",
            text(response, "/type")
        ));
    }
    let sent = bundle.get("entry").map(Json::items).unwrap_or_default();
    let answered = response.get("entry").map(Json::items).unwrap_or_default();
    if sent.len() != answered.len() {
        found.push(format!(
            "{} answers to {} entries",
            answered.len(),
            sent.len()
        ));
    }
    for (number, (sent, answered)) in sent.iter().zip(answered).enumerate() {
        let status = text(answered, "/response/status").unwrap_or_default();
        let conditional = text(sent, "/request/ifNoneExist").is_some();
        let found_one = conditional && status.starts_with("200");
        if !status.starts_with("201") && !found_one {
            found.push(format!("entry {number}: status {status}: {answered}"));
            continue;
        }
        let kind = text(sent, "/resource/resourceType").unwrap_or_default();
        let location = text(answered, "/response/location").unwrap_or_default();
        if !location.contains(&format!("{kind}/")) {
            found.push(format!("entry {number}: location `{location}` of a {kind}"));
        }
    }
    found
}
