//! The R4 package: definitions for the element table, search parameters and examples.

use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::definitions::StructuresBuilder;
use crate::definitions::structure::Structures;
use crate::json::{Document, Value};
use crate::resource::Resource;

/// What tests need of the package.
pub(super) struct Package {
    pub(super) structures: Structures,
    pub(super) search_parameters: Vec<Document>,
    pub(super) resources: Vec<Resource>,
}

fn archive() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let folder = variable("VESTA_PACKAGES_DIR").or_else(|| Some(cache?.join("vesta/packages")))?;
    let archive = folder.join("hl7.fhir.r4.examples-4.0.1.tgz");
    archive.is_file().then_some(archive)
}

/// The package, read once; without it the caller's test has nothing to say, and says so.
pub(super) fn package() -> Option<&'static Package> {
    static PACKAGE: OnceLock<Option<Package>> = OnceLock::new();
    let package = PACKAGE.get_or_init(|| archive().map(read)).as_ref();
    if package.is_none() {
        println!("skipped: hl7.fhir.r4.examples-4.0.1.tgz is not in the package cache");
    }
    package
}

fn read(archive: PathBuf) -> Package {
    let file = std::fs::File::open(archive).unwrap();
    let mut entries = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut builder = StructuresBuilder::default();
    let mut search_parameters = Vec::new();
    let mut resources = Vec::new();
    for entry in entries.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".json") {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let Ok(document) = Document::parse(bytes) else {
            continue;
        };
        match document
            .root()
            .get("resourceType")
            .and_then(Value::string)
            .as_deref()
        {
            Some("StructureDefinition") => builder.add(document.root()).unwrap(),
            Some("SearchParameter") => search_parameters.push(document.clone()),
            _ => {}
        }
        if let Ok(resource) = Resource::of(document) {
            resources.push(resource);
        }
    }
    Package {
        structures: builder.build().unwrap(),
        search_parameters,
        resources,
    }
}
