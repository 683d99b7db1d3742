//! XML Patch (RFC 5261): add, replace and remove, on the resource's XML form.
//!
//! The server's copy holds no comments or processing instructions outside of narratives
//! (<https://hl7.org/fhir/R4/xml.html>), so an operation on one that is not there has nothing to do.

mod apply;
mod select;
mod tree;

use super::{PatchError, PatchErrorKind, WORK_BYTES_MAX, error, reason, same_identity};
use crate::definitions::structure::Structures;
use crate::resource::Resource;
use crate::xml::{XmlError, XmlLimits, from_xml, to_xml};
use tree::Tree;

/// Applies an XML Patch. All operations hold or none does.
pub fn apply_xml_patch(
    resource: &Resource,
    patch_xml: &[u8],
    structures: &Structures,
) -> Result<Resource, PatchError> {
    let unwritable = |fault: XmlError| {
        let sentence = format!("the resource has no XML form: {fault}");
        error(None, "", reason(PatchErrorKind::Result, sentence))
    };
    let text = to_xml(resource, structures, false).map_err(unwritable)?;
    let patched = patch_text(&text, patch_xml, WORK_BYTES_MAX)?;
    let result =
        from_xml(patched.as_bytes(), structures, XmlLimits::default()).map_err(|fault| {
            let sentence = format!("the result is no resource: {}", fault.kind);
            error(None, "", reason(PatchErrorKind::Result, sentence))
        })?;
    same_identity(resource.root(), result.root())?;
    Ok(result)
}

/// Applies a patch to any XML, within a bound on the bytes all operations go through.
pub(super) fn patch_text(
    target: &str,
    patch_xml: &[u8],
    work_bytes_max: usize,
) -> Result<String, PatchError> {
    let limits = XmlLimits::default();
    let read = |bytes, kind| {
        Tree::parse(bytes, limits)
            .map_err(|fault: XmlError| error(None, "", reason(kind, fault.to_string())))
    };
    let patch = read(patch_xml, PatchErrorKind::Malformed)?;
    let mut tree = read(target.as_bytes(), PatchErrorKind::Place)?;
    apply::all(&mut tree, &patch, work_bytes_max)?;
    Ok(tree.text())
}
