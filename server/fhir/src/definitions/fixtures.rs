//! The official definitions, joined, for tests; nothing where the packages are absent.

use std::sync::OnceLock;

use super::{Definitions, DefinitionsBuilder};
use crate::fixtures;
use crate::json::Document;

/// The definitions of R4 with the expanded value sets.
pub(crate) fn definitions() -> Option<&'static Definitions> {
    static ALL: OnceLock<Option<Definitions>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut builder = DefinitionsBuilder::default();
        let mut add = |name: &str, bytes: Vec<u8>| {
            if DefinitionsBuilder::uses(name.split('-').next().unwrap()) {
                builder.add(Document::parse(bytes).unwrap().root()).unwrap();
            }
        };
        let found = fixtures::expansions(&mut add) && fixtures::examples(&mut add);
        found.then(|| builder.build().unwrap())
    })
    .as_ref()
}
