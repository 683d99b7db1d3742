//! Corrections of published definitions: data that names the definition, gives the reason and patches its JSON
//! (<https://www.rfc-editor.org/rfc/rfc6902>) before it is compiled.

use std::collections::BTreeMap;

use crate::json::{Document, ParseError, Value};
use crate::patch::{PatchError, apply_json_patch};

/// Why a correction cannot be used; the compile stops with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionError {
    /// Not of the form `{ "definition", "reason", "patch": [...] }`.
    #[error("{origin}: '{member}' is missing or of the wrong type")]
    Malformed {
        /// The correction's file.
        origin: String,
        /// The member.
        member: &'static str,
    },
    /// Not JSON.
    #[error("{origin}: {fault}")]
    Json {
        /// The correction's file.
        origin: String,
        /// What is wrong.
        fault: ParseError,
    },
    /// Two corrections of one definition; their order would matter.
    #[error("{origin}: '{definition}' has another correction already")]
    Duplicate {
        /// The correction's file.
        origin: String,
        /// The canonical URL.
        definition: String,
    },
    /// The patch cannot be applied: its test fails, or it says nothing sensible.
    #[error("{origin}: {fault}")]
    Patch {
        /// The correction's file.
        origin: String,
        /// The operation and its place.
        fault: PatchError,
    },
    /// No package carries the definition.
    #[error("{origin}: no package defines '{definition}'")]
    Unused {
        /// The correction's file.
        origin: String,
        /// The canonical URL.
        definition: String,
    },
}

/// The corrections, by canonical URL of the definition.
#[derive(Debug, Default)]
pub struct Corrections {
    by_definition: BTreeMap<String, Correction>,
}

#[derive(Debug)]
struct Correction {
    origin: String,
    patch: Document,
    used: bool,
}

impl Corrections {
    /// Adds one; `origin` names its file in errors.
    pub fn add(&mut self, origin: &str, json: &str) -> Result<(), CorrectionError> {
        let document = parse(origin, json.to_owned())?;
        let malformed = |member| CorrectionError::Malformed {
            origin: origin.to_owned(),
            member,
        };
        let text = |name| {
            let text = document.root().get(name).and_then(Value::string);
            text.filter(|text| !text.trim().is_empty())
        };
        let definition = text("definition").ok_or_else(|| malformed("definition"))?;
        text("reason").ok_or_else(|| malformed("reason"))?;
        let patch = document.root().get("patch");
        let patch = patch.filter(|patch| begins_with_test(*patch));
        let patch = patch.ok_or_else(|| malformed("patch"))?.raw().to_owned();
        let definition = definition.into_owned();
        if self.by_definition.contains_key(&definition) {
            return Err(CorrectionError::Duplicate {
                origin: origin.to_owned(),
                definition,
            });
        }
        let correction = Correction {
            origin: origin.to_owned(),
            patch: parse(origin, patch)?,
            used: false,
        };
        self.by_definition.insert(definition, correction);
        Ok(())
    }

    /// The definition, corrected where there is a correction for its URL.
    pub fn apply(&mut self, definition: Document) -> Result<Document, CorrectionError> {
        let url = definition.root().get("url").and_then(Value::string);
        let Some(correction) = url.and_then(|url| self.by_definition.get_mut(&*url)) else {
            return Ok(definition);
        };
        correction.used = true;
        let origin = &correction.origin;
        let corrected = apply_json_patch(&definition, &correction.patch);
        let corrected = corrected.map_err(|fault| CorrectionError::Patch {
            origin: origin.clone(),
            fault,
        })?;
        parse(origin, corrected)
    }

    /// An error for the first correction whose definition never came.
    pub fn finish(&self) -> Result<(), CorrectionError> {
        match self.by_definition.iter().find(|(_, one)| !one.used) {
            None => Ok(()),
            Some((definition, correction)) => Err(CorrectionError::Unused {
                origin: correction.origin.clone(),
                definition: definition.clone(),
            }),
        }
    }
}

/// A correction proves that the fault is still there before it mends it.
fn begins_with_test(patch: Value<'_>) -> bool {
    let first = patch.items().next().and_then(|first| first.get("op"));
    first.and_then(Value::string).as_deref() == Some("test")
}

fn parse(origin: &str, json: String) -> Result<Document, CorrectionError> {
    Document::parse(json).map_err(|fault| CorrectionError::Json {
        origin: origin.to_owned(),
        fault,
    })
}
