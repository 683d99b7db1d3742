//! The resources of a FHIR package, streamed out of its archive.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;
use tokio::sync::mpsc::Sender;

/// One resource of a package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The file name without `.json`.
    pub(crate) name: String,
    /// `resourceType`
    pub(crate) kind: String,
    /// The logical id.
    pub(crate) id: String,
    /// Type and id.
    pub(crate) key: String,
    /// The resource to the letter.
    pub(crate) text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    resource_type: Option<String>,
    id: Option<String>,
}

/// Sends every resource whose name contains a text, and waits while the receiver is busy.
pub(crate) fn read_entries(package: &Path, only: &str, to: &Sender<Entry>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", package.display());
    let file = File::open(package).map_err(failed)?;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for member in archive.entries().map_err(failed)? {
        let mut member = member.map_err(failed)?;
        let path = member.path().map_err(failed)?.into_owned();
        let Some(name) = resource_name(&path) else {
            continue;
        };
        if !name.contains(only) {
            continue;
        }
        let mut text = String::new();
        member.read_to_string(&mut text).map_err(failed)?;
        if let Some(entry) = entry(name, text)?
            && to.blocking_send(entry).is_err()
        {
            return Ok(());
        }
    }
    Ok(())
}

/// Resources lie in the folder `package` as `.json`; `package.json` and hidden files are none.
fn resource_name(path: &Path) -> Option<String> {
    let folder = path.parent()?.file_name()?;
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let is_resource = folder == "package" && name != "package" && !name.starts_with('.');
    is_resource.then(|| name.to_owned())
}

/// A JSON file without `resourceType` or `id` is no example of a stored resource.
fn entry(name: String, text: String) -> Result<Option<Entry>, String> {
    let head: Head = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let (Some(kind), Some(id)) = (head.resource_type, head.id) else {
        return Ok(None);
    };
    let key = format!("{kind}/{id}");
    Ok(Some(Entry {
        name,
        kind,
        id,
        key,
        text,
    }))
}
