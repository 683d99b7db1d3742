//! Corrections of published definitions: data that names the definition, gives the reason and patches its JSON
//! (<https://www.rfc-editor.org/rfc/rfc6902>) before it is compiled.

use std::collections::BTreeMap;

use crate::json::{Document, Kind, ParseError, Value, edit};

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
    /// The text to be corrected is not what the correction expects.
    #[error("{origin}: '{path}' {fault}")]
    Patch {
        /// The correction's file.
        origin: String,
        /// Where, as JSON Pointer.
        path: String,
        /// What is wrong there.
        fault: &'static str,
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
    document: Document,
    used: bool,
}

impl Corrections {
    /// Adds one; `origin` names its file in errors.
    pub fn add(&mut self, origin: &str, json: &str) -> Result<(), CorrectionError> {
        let document = Document::parse(json.to_owned()).map_err(|fault| CorrectionError::Json {
            origin: origin.to_owned(),
            fault,
        })?;
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
        let operations = document.root().get("patch");
        if !operations.is_some_and(|list| begins_with_test(list)) {
            return Err(malformed("patch"));
        }
        let definition = definition.into_owned();
        if self.by_definition.contains_key(&definition) {
            return Err(CorrectionError::Duplicate {
                origin: origin.to_owned(),
                definition,
            });
        }
        let correction = Correction {
            origin: origin.to_owned(),
            document,
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
        let mut current = definition;
        let patch = correction.document.root().get("patch");
        for operation in patch.into_iter().flat_map(Value::items) {
            current = correction.step(&current, operation)?;
        }
        Ok(current)
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

impl Correction {
    fn step(&self, current: &Document, operation: Value<'_>) -> Result<Document, CorrectionError> {
        let text = |name| operation.get(name).and_then(Value::string);
        let path = text("path").unwrap_or_default();
        let fault = |fault| CorrectionError::Patch {
            origin: self.origin.clone(),
            path: path.as_ref().to_owned(),
            fault,
        };
        let target = pointed(current.root(), &path).ok_or_else(|| fault("does not exist"))?;
        let value = operation
            .get("value")
            .ok_or_else(|| fault("has no value to set or test"))?;
        match text("op").as_deref() {
            Some("test") if same(target, value) => Ok(current.clone()),
            Some("test") => Err(fault("is not what the correction expects")),
            Some("replace") => Document::parse(edit::replace(target, value.raw()))
                .map_err(|_| fault("cannot be replaced by that value")),
            _ => Err(fault("has an operation other than 'test' and 'replace'")),
        }
    }
}

/// The value at a JSON Pointer.
fn pointed<'a>(root: Value<'a>, pointer: &str) -> Option<Value<'a>> {
    let steps = pointer.strip_prefix('/')?.split('/');
    steps.into_iter().try_fold(root, |value, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match value.kind() {
            Kind::Array => value.items().nth(step.parse().ok()?),
            _ => value.get(&step),
        }
    })
}

/// Equality of primitives, which is all that corrections test.
fn same(left: Value<'_>, right: Value<'_>) -> bool {
    left.kind() == right.kind()
        && left.primitive().is_some()
        && left.primitive() == right.primitive()
}
