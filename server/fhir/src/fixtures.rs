//! What tests read: the official definitions and examples of `hl7.fhir.r4.examples`, where the package is at hand.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests read the examples and say when they are absent"
)]

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;

use flate2::read::GzDecoder;

use crate::definitions::StructuresBuilder;
use crate::definitions::structure::Structures;
use crate::json::Document;

/// A package. Where it is absent: `None` with a printed reason, or a failure if the environment says that it is there.
fn package(name: &str) -> Option<tar::Archive<GzDecoder<File>>> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let folder = variable("VESTA_PACKAGES_DIR").or_else(|| {
        let cache =
            variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
        Some(cache.join("vesta/packages"))
    });
    let path = folder.unwrap_or_default().join(name);
    match File::open(&path) {
        Ok(file) => Some(tar::Archive::new(GzDecoder::new(file))),
        Err(error) => {
            let is_promised = variable("VESTA_PACKAGES_DIR").is_some();
            assert!(!is_promised, "{}: {error}", path.display());
            eprintln!("skipped: {} is absent ({error})", path.display());
            None
        }
    }
}

/// Visits every JSON file of the package (`Patient-example.json`, bytes), the definitions included. Answers whether
/// the package is at hand.
pub(crate) fn examples(visit: impl FnMut(&str, Vec<u8>)) -> bool {
    resources("hl7.fhir.r4.examples-4.0.1.tgz", visit)
}

/// Visits every expanded value set (`ValueSet-abstract-types`, bytes). Answers whether the package is at hand.
pub(crate) fn expansions(visit: impl FnMut(&str, Vec<u8>)) -> bool {
    resources("hl7.fhir.r4.expansions-4.0.1.tgz", visit)
}

fn resources(package_name: &str, mut visit: impl FnMut(&str, Vec<u8>)) -> bool {
    let Some(mut archive) = package(package_name) else {
        return false;
    };
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_resource = name.contains('-');
        if is_resource && path.parent().unwrap().ends_with("package") {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            visit(name, bytes);
        }
    }
    true
}

/// The element table of the official definitions, or `None` with a printed reason.
pub(crate) fn structures() -> Option<&'static Structures> {
    static TABLE: OnceLock<Option<Structures>> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            let mut builder = StructuresBuilder::default();
            let found = examples(|name, bytes| {
                if name.starts_with("StructureDefinition-") {
                    builder.add(Document::parse(bytes).unwrap().root()).unwrap();
                }
            });
            found.then(|| builder.build().unwrap())
        })
        .as_ref()
}

/// Keeps the fixture honest: the package that is at hand carries what the other tests rely on.
#[test]
fn the_package_builds_the_element_table() {
    let Some(structures) = structures() else {
        return;
    };
    for name in ["Patient", "Extension", "Timing.repeat", "dateTime", "xhtml"] {
        assert!(structures.by_name(name).is_some(), "{name}");
    }
}
