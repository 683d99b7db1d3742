//! fhirbolt as a second opinion on Vesta's XML codec: the examples of R4, and how two JSON texts are compared.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use fhir::definitions::StructuresBuilder;
use fhir::definitions::structure::Structures;
use fhir::json::{Document, Kind, Value};
use flate2::read::GzDecoder;

/// Visits every JSON resource of `hl7.fhir.r4.examples`; `false` with a printed reason where the package is absent.
pub fn examples(mut visit: impl FnMut(&str, Vec<u8>)) -> bool {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let folder = variable("VESTA_PACKAGES_DIR").or_else(|| {
        let cache =
            variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
        Some(cache.join("vesta/packages"))
    });
    let path = folder
        .unwrap_or_default()
        .join("hl7.fhir.r4.examples-4.0.1.tgz");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) => {
            eprintln!("skipped: {} is absent ({error})", path.display());
            return false;
        }
    };
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries().expect("the package is an archive") {
        let mut entry = entry.expect("the archive is whole");
        let path = entry.path().expect("a path").into_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.contains('-') && name.ends_with(".json") {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the archive is whole");
            visit(&name, bytes);
        }
    }
    true
}

/// The element table of the package's own definitions.
pub fn structures() -> Option<Structures> {
    let mut builder = StructuresBuilder::default();
    let found = examples(|name, bytes| {
        if name.starts_with("StructureDefinition-") {
            let document = Document::parse(bytes).expect("a definition is JSON");
            builder.add(document.root()).expect("a definition is sound");
        }
    });
    found.then(|| builder.build().expect("the definitions are whole"))
}

/// The first place where two values differ: members in any order, numbers by their text but for the case of the
/// exponent's letter, strings by `same`, which is told whether it looks at a narrative.
pub fn difference(
    a: Value<'_>,
    b: Value<'_>,
    same: &mut impl FnMut(bool, &str, &str) -> bool,
) -> Option<String> {
    match (a.kind(), b.kind()) {
        (Kind::Object, Kind::Object) => {
            let theirs: BTreeMap<_, _> = b.members().collect();
            if a.members().count() != theirs.len() {
                return Some(" has other members".to_owned());
            }
            a.members().find_map(|(name, value)| {
                let Some(other) = theirs.get(&name) else {
                    return Some(format!(".{name} is lost"));
                };
                let place = match (value.string(), other.string()) {
                    (Some(a), Some(b)) => {
                        (!same(name == "div", &a, &b)).then(|| " differs".to_owned())
                    }
                    _ => difference(value, *other, same),
                };
                place.map(|place| format!(".{name}{place}"))
            })
        }
        (Kind::Array, Kind::Array) => {
            if a.items().count() != b.items().count() {
                return Some(" has another length".to_owned());
            }
            let mut pairs = a.items().zip(b.items()).enumerate();
            pairs.find_map(|(index, (a, b))| {
                difference(a, b, same).map(|place| format!("[{index}]{place}"))
            })
        }
        (Kind::String, Kind::String) => {
            let (a, b) = (
                a.string().unwrap_or_default(),
                b.string().unwrap_or_default(),
            );
            (!same(false, &a, &b)).then(|| " differs".to_owned())
        }
        (Kind::Number, Kind::Number) => {
            (!a.raw().eq_ignore_ascii_case(b.raw())).then(|| " differs".to_owned())
        }
        (a_kind, b_kind) => (a_kind != b_kind || a.raw() != b.raw()).then(|| " differs".to_owned()),
    }
}
