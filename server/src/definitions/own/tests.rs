//! Our definitions are valid, constrain what their base has, and mean what their examples say.
#![expect(
    clippy::disallowed_methods,
    reason = "tests find packages, examples and demo data where they are kept"
)]

mod examples;
mod held;
mod structure;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use fhir::json::{Document, Value};
use fhir::resource::Resource;

use super::definitions;
use fhir::definitions::DefinitionsBuilder;

use crate::definitions::{Definitions, PackageList, Settings, load};

const CANONICAL: &str = "https://vesta.example/fhir";

fn packages() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = || {
        let cache = variable("XDG_CACHE_HOME");
        cache.or_else(|| Some(variable("HOME")?.join(".cache")))
    };
    variable("VESTA_PACKAGES_DIR").or_else(|| Some(cache()?.join("vesta/packages")))
}

/// What the server checks with; nothing where the packages are absent.
fn checks() -> Option<&'static Definitions> {
    static ALL: OnceLock<Option<Definitions>> = OnceLock::new();
    ALL.get_or_init(|| {
        let packages_dir = packages()?;
        let settings = Settings {
            data_dir: packages_dir.clone(),
            packages_dir,
            packages: PackageList::shipped().unwrap(),
        };
        let loaded = load(&settings).inspect_err(|error| println!("skipped: {error}"));
        Some(Definitions::new(loaded.ok()?.definitions).unwrap())
    })
    .as_ref()
}

/// Our definitions by canonical URL.
fn ours() -> &'static BTreeMap<String, Resource> {
    static ALL: OnceLock<BTreeMap<String, Resource>> = OnceLock::new();
    ALL.get_or_init(|| {
        let resources = definitions().map(|(_, text)| Resource::parse(*text).unwrap());
        resources
            .filter_map(|resource| Some((text(resource.root(), "url")?, resource)))
            .collect()
    })
}

/// The profiles and extensions among them.
fn structures() -> impl Iterator<Item = (&'static str, &'static Resource)> {
    let all = ours()
        .iter()
        .map(|(url, resource)| (url.as_str(), resource));
    all.filter(|(_, resource)| resource.resource_type().name() == "StructureDefinition")
}

fn text(value: Value<'_>, name: &str) -> Option<String> {
    Some(value.get(name)?.string()?.into_owned())
}

fn elements(structure: &Resource) -> impl Iterator<Item = Value<'_>> {
    let differential = structure.get("differential").unwrap();
    differential.get("element").unwrap().items()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The codes of every code system, and the code systems and codes of every value set, HL7's and ours.
#[derive(Default)]
struct Terminology {
    systems: BTreeMap<String, BTreeSet<String>>,
    value_sets: BTreeMap<String, Vec<(String, BTreeSet<String>)>>,
    structures: BTreeSet<String>,
}

impl Terminology {
    fn read() -> Option<&'static Self> {
        static ALL: OnceLock<Option<Terminology>> = OnceLock::new();
        ALL.get_or_init(|| {
            let folder = packages()?;
            checks()?;
            let mut all = Self::default();
            for package in PackageList::shipped().unwrap().packages {
                let visited = package.visit(&folder, DefinitionsBuilder::uses, |_, bytes| {
                    all.add(Document::parse(bytes).unwrap().root());
                    Ok(())
                });
                visited.unwrap();
            }
            for resource in ours().values() {
                all.add(resource.root());
            }
            Some(all)
        })
        .as_ref()
    }

    fn add(&mut self, definition: Value<'_>) {
        let (Some(kind), Some(url)) = (text(definition, "resourceType"), text(definition, "url"))
        else {
            return;
        };
        match &*kind {
            "CodeSystem" => collect(definition, self.systems.entry(url).or_default()),
            "ValueSet" if !self.value_sets.contains_key(&url) => {
                let include = definition.at(&["compose", "include"]);
                let include = include.into_iter().flat_map(Value::items);
                let parts = include.map(|one| {
                    let mut codes = BTreeSet::new();
                    collect(one, &mut codes);
                    (text(one, "system").unwrap_or_default(), codes)
                });
                self.value_sets.insert(url, parts.collect());
            }
            "StructureDefinition" => {
                self.structures.insert(url);
            }
            _ => {}
        }
    }

    /// Whether a code is in a value set that names systems and codes, no filters.
    fn holds(&self, value_set: &str, code: &str) -> bool {
        let parts = self.value_sets.get(value_set).into_iter().flatten();
        parts
            .into_iter()
            .any(|(system, codes)| match codes.is_empty() {
                true => self
                    .systems
                    .get(system)
                    .is_some_and(|all| all.contains(code)),
                false => codes.contains(code),
            })
    }
}

/// The codes of concepts and those below them.
fn collect(parent: Value<'_>, codes: &mut BTreeSet<String>) {
    for concept in parent.get("concept").into_iter().flat_map(Value::items) {
        codes.extend(text(concept, "code"));
        collect(concept, codes);
    }
}
