//! Patches of our own and the official cases.

mod fhirpath;
mod json;
mod official;
mod xml;
