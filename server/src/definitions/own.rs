//! The product's own definitions, part of the binary: `profiles/` and `search-params/`.

/// A file's path in the repository and its text.
pub(super) type OwnFile = (&'static str, &'static str);

/// All files, by path.
pub(super) const OWN: &[OwnFile] = include!(concat!(env!("OUT_DIR"), "/own_definitions.rs"));

/// Whether a file corrects a published definition.
pub(super) fn is_correction(path: &str) -> bool {
    path.contains("/corrections/")
}
