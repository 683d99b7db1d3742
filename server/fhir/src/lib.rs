//! What FHIR R4 says, and nothing of the world: no async, files, clock, HTTP or SQL.

pub mod definitions;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod form;
pub mod ids;
pub mod json;
pub mod links;
pub mod outcome;
pub mod patch;
pub mod path;
pub mod resource;
pub mod scheduling;
pub mod search;
pub mod shift;
pub mod subset;
pub mod terminology;
pub mod time;
pub mod validation;
pub mod xml;
