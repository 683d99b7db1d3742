//! Who asks, and what they may touch. SMART on FHIR arrives in this folder.

mod access;

pub use access::{Access, Reason};
