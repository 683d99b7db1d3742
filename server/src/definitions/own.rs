//! The product's own definitions, part of the binary: `profiles/` and `search-params/`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{Document, Value};

/// A file's path in the repository and its text.
pub(super) type OwnFile = (&'static str, &'static str);

/// All files, by path.
pub(super) const OWN: &[OwnFile] = include!(concat!(env!("OUT_DIR"), "/own_definitions.rs"));

/// Whether a file corrects a published definition.
pub(super) fn is_correction(path: &str) -> bool {
    path.contains("/corrections/")
}

/// The type and id that a file's path says: `profiles/<area>/<type>-<id>.json`, `search-params/<area>/<id>.json`.
fn named(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = path.rsplit_once('/')?;
    let name = file.strip_suffix(".json")?;
    match folder.starts_with("search-params/") {
        true => Some(("SearchParameter", name)),
        false => name.split_once('-'),
    }
}

fn definitions() -> impl Iterator<Item = &'static OwnFile> {
    OWN.iter().filter(|(path, _)| !is_correction(path))
}

/// The text of a definition of ours, for `GET [type]/[id]` where no stored resource has that key.
pub fn own_definition(key: &ResourceKey) -> Option<&'static str> {
    let wanted = (key.resource_type.name(), key.id.as_str());
    let mut all = definitions();
    let found = all.find(|(path, _)| named(path) == Some(wanted));
    found.map(|(_, text)| *text)
}

/// The types that definitions of ours have.
pub fn own_types() -> &'static [ResourceType] {
    static TYPES: LazyLock<Vec<ResourceType>> = LazyLock::new(|| {
        let mut types: Vec<ResourceType> = own_definitions()
            .map(|(key, _)| key.resource_type)
            .collect();
        types.sort_unstable();
        types.dedup();
        types
    });
    &TYPES
}

/// All definitions of ours.
pub fn own_definitions() -> impl Iterator<Item = (ResourceKey, &'static str)> {
    definitions().filter_map(|(path, text)| {
        let (name, id) = named(path)?;
        let resource_type = ResourceType::parse(name)?;
        Some((ResourceKey::new(resource_type, id.parse().ok()?), *text))
    })
}

/// The canonical URLs of our profiles, by the type of resource they are for.
pub(super) fn own_profiles() -> BTreeMap<ResourceType, Vec<Box<str>>> {
    let mut profiles: BTreeMap<ResourceType, Vec<Box<str>>> = BTreeMap::new();
    let structures = definitions()
        .filter(|(path, _)| named(path).is_some_and(|(name, _)| name == "StructureDefinition"));
    for (_, text) in structures {
        let document = Document::parse(*text).ok();
        let text = |name| document.as_ref()?.root().get(name).and_then(Value::string);
        // An extension is of no resource's type.
        let resource_type = text("type").and_then(|name| ResourceType::parse(&name));
        if let (Some(resource_type), Some(url)) = (resource_type, text("url")) {
            profiles.entry(resource_type).or_default().push(url.into());
        }
    }
    profiles
}
