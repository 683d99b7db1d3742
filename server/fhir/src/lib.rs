//! What FHIR R4 says, and nothing of the world: no async, files, clock, HTTP or SQL.

pub mod definitions;
pub mod ids;
pub mod json;
pub mod outcome;
pub mod path;
pub mod resource;
