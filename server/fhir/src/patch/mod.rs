//! Patches of a resource (<https://hl7.org/fhir/R4/http.html#patch>): JSON Patch, XML Patch and FHIRPath Patch, on the
//! resource's own text. What no operation names survives byte for byte.
//!
//! The specification names no status for a patch that cannot be applied beyond those of an update; RFC 5789 §2.2 does.
//! [`PatchErrorKind`] says which it is for each kind.

mod equal;
mod fhirpath;
mod json;
mod pointer;
#[cfg(test)]
mod tests;
mod xml;

use std::fmt;

pub use fhirpath::apply_fhirpath_patch;
pub use json::apply_json_patch;
pub use xml::apply_xml_patch;

use crate::json::Value;

/// Most bytes all operations of one patch may go through, so that a long patch of a long resource stays cheap.
const WORK_BYTES_MAX: usize = 256 << 20;

/// A patch that was not applied. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PatchError {
    /// Why not.
    pub kind: PatchErrorKind,
    /// The operation, counted from 0, where one is to blame.
    pub operation: Option<usize>,
    /// The path it names, as it stands in the patch.
    pub path: Box<str>,
    /// A sentence for a developer, without data of the resource.
    pub sentence: Box<str>,
}

/// Why a patch was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchErrorKind {
    /// The patch itself says nothing sensible: 400.
    Malformed,
    /// An operation names a place that the resource does not have, or not once: 422.
    Place,
    /// A `test` did not hold. It is no condition of the request's headers, so not 412, but a conflict with the state
    /// of the resource (RFC 5789 §2.2): 409.
    Test,
    /// The result would be another resource, of another type or id: 400, as for an update.
    Identity,
    /// The result is not a resource that can be carried over, is nested too deeply, or would hold a value of a type that
    /// its element does not have: 422.
    Result,
    /// More work than a patch may cause: 422 with the issue type `too-costly`.
    Costly,
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation {
            Some(operation) if !self.path.is_empty() => {
                write!(
                    f,
                    "operation {operation} at '{}': {}",
                    self.path, self.sentence
                )
            }
            Some(operation) => write!(f, "operation {operation}: {}", self.sentence),
            None => f.write_str(&self.sentence),
        }
    }
}

/// A reason that does not know yet which operation it is for.
type Reason = (PatchErrorKind, Box<str>);

fn reason(kind: PatchErrorKind, sentence: impl Into<Box<str>>) -> Reason {
    (kind, sentence.into())
}

fn error(operation: Option<usize>, path: &str, (kind, sentence): Reason) -> PatchError {
    PatchError {
        kind,
        operation,
        path: path.chars().take(256).collect::<String>().into(),
        sentence,
    }
}

/// Refuses a result that is another resource than the one patched.
fn same_identity(before: Value<'_>, after: Value<'_>) -> Result<(), PatchError> {
    for name in ["resourceType", "id"] {
        let shown = |root: Value<'_>| {
            root.get(name)
                .map(|value| (value.kind(), value.primitive().map(String::from)))
        };
        if shown(before) != shown(after) {
            let sentence = format!("a patch may not change '{name}'");
            return Err(error(None, "", reason(PatchErrorKind::Identity, sentence)));
        }
    }
    Ok(())
}
