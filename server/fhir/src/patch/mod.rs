//! stub
use crate::{definitions::structure::Structures, json::Document, resource::Resource};
/// k
#[derive(Debug, Clone, Copy)]
pub enum PatchErrorKind {
    Malformed,
    Place,
    Test,
    Identity,
    Result,
    Costly,
}
/// e
#[derive(Debug)]
pub struct PatchError {
    /// k
    pub kind: PatchErrorKind,
}
impl std::fmt::Display for PatchError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
/// a
pub fn apply_json_patch(_: &Document, _: &Document) -> Result<String, PatchError> {
    Err(PatchError {
        kind: PatchErrorKind::Costly,
    })
}
/// b
pub fn apply_xml_patch(_: &Resource, _: &[u8], _: &Structures) -> Result<Resource, PatchError> {
    Err(PatchError {
        kind: PatchErrorKind::Costly,
    })
}
