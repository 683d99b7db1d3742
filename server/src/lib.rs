//! Vesta: a FHIR R4 server for clinics and IVF clinics.

pub mod auth;
pub mod context;
pub mod error;
pub mod http;
pub mod interactions;
