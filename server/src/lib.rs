//! Vesta: a FHIR R4 server for clinics and IVF clinics.

pub mod accounts;
pub mod app;
pub mod audit;
pub mod auth;
pub mod backup;
pub mod commands;
pub mod config;
pub mod context;
pub mod definitions;
pub mod error;
pub mod http;
pub mod identity;
pub mod import;
pub mod interactions;
pub mod jobs;
pub mod load;
pub mod messages;
pub mod operations;
pub mod postgres;
pub mod scheduling;
pub mod searchset;
pub mod store;
pub mod telemetry;
pub mod terminology;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tidy;
