//! Black-box tests of a FHIR server: cases as data, run over HTTP against a base URL.

pub mod case;
pub mod examples;
pub mod expect;
pub mod json;
pub mod matcher;
pub mod oracle;
pub mod run;
pub mod search_data;
pub mod synthea;
pub mod template;
pub mod terminology;
pub mod wire;
pub mod xml;
