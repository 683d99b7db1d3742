//! What FHIR R4 says, and nothing of the world: no async, files, clock, HTTP or SQL.

pub mod definitions;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod ids;
pub mod json;
pub mod outcome;
pub mod path;
pub mod resource;
pub mod search;
pub mod time;
