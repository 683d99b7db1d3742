//! Code systems whose codes are made by a grammar, so that nobody lists them: units, languages, media types.

use crate::definitions::codes::{is_language_tag, is_mime_type};
use crate::search::ucum;

use super::code_system::{CodeSystem, Standing, SystemKey};
use super::concept::Concept;

const UCUM: &str = "http://unitsofmeasure.org";
const LANGUAGES: &str = "urn:ietf:bcp:47";
const MEDIA_TYPES: &str = "urn:ietf:bcp:13";

/// Their URLs.
pub const MADE_BY_GRAMMARS: [&str; 3] = [UCUM, LANGUAGES, MEDIA_TYPES];

/// The code system, where it is one of these.
pub(super) fn code_system(url: &str, version: Option<&str>) -> Option<CodeSystem> {
    let is_one = MADE_BY_GRAMMARS.contains(&url) && version.is_none();
    is_one.then(|| CodeSystem {
        key: SystemKey(i64::MIN),
        url: url.into(),
        version: None,
        name: None,
        standing: Standing {
            status: "active".into(),
            ..Standing::default()
        },
        content: "complete".into(),
        case_sensitive: url == UCUM,
        language: None,
        hierarchy_meaning: None,
        value_set: None,
        supplements: None,
        version_needed: false,
        properties: Vec::new(),
        filters: Vec::new(),
        concept_count: 0,
        given: None,
    })
}

/// Whether a system is one of these.
pub(super) fn is_one(system: &CodeSystem) -> bool {
    system.key == SystemKey(i64::MIN)
}

/// The concept of a code, where the grammar makes it.
pub(super) fn concept(system: &CodeSystem, code: &str) -> Option<Concept> {
    let is_code = match &*system.url {
        UCUM => ucum::is_unit(code),
        LANGUAGES => is_language_tag(code),
        _ => is_mime_type(code),
    };
    is_code.then(|| Concept {
        code: code.into(),
        display: Some(code.into()),
        ..Concept::default()
    })
}
