//! The official definitions, joined, for tests; nothing where the packages are absent.

#![expect(
    clippy::disallowed_methods,
    reason = "tests read the corrections where they stand"
)]

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::codes_builder::CodeSetsBuilder;
use super::corrections::Corrections;
use super::{Definitions, DefinitionsBuilder};
use crate::fixtures;
use crate::json::Document;

/// The definitions of R4 with the expanded value sets.
pub(crate) fn definitions() -> Option<&'static Definitions> {
    static ALL: OnceLock<Option<Definitions>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut builder = DefinitionsBuilder::default();
        let mut corrections = corrections();
        let mut add = |name: &str, bytes: Vec<u8>| {
            if DefinitionsBuilder::uses(name.split('-').next().unwrap()) {
                let definition = corrections.apply(Document::parse(bytes).unwrap()).unwrap();
                builder.add(definition.root()).unwrap();
            }
        };
        let found = fixtures::expansions(&mut add) && fixtures::examples(&mut add);
        found.then(|| builder.build().unwrap())
    })
    .as_ref()
}

/// All value sets and code systems of R4, to be compiled one by one.
pub(crate) fn codes() -> &'static CodeSetsBuilder {
    static ALL: OnceLock<CodeSetsBuilder> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut builder = CodeSetsBuilder::default();
        let mut add = |name: &str, bytes: Vec<u8>| match name.split('-').next() {
            Some("ValueSet") => builder.add_value_set(Document::parse(bytes).unwrap().root()),
            Some("CodeSystem") => builder.add_code_system(Document::parse(bytes).unwrap().root()),
            _ => {}
        };
        let _ = fixtures::expansions(&mut add) && fixtures::examples(&mut add);
        builder
    })
}

/// The corrections that the server makes to StructureDefinitions.
fn corrections() -> Corrections {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/corrections");
    let mut corrections = Corrections::default();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        corrections.add(path.to_str().unwrap(), &text).unwrap();
    }
    corrections
}
