//! Search (<https://hl7.org/fhir/R4/search.html>): the text of a query becomes a [`plan::Plan`], a resource becomes
//! [`index_values::IndexValues`], and both speak of the same hashed elements. Pure: the store turns plans into SQL.

mod chain;
mod clauses;
mod combine;
mod compartment;
mod controls;
pub mod error;
pub mod extract;
mod filter;
pub mod fold;
pub mod grams;
mod groups;
pub mod hash;
mod include;
pub mod index_plan;
pub mod index_values;
pub mod lexemes;
mod link;
pub mod matches;
pub mod near;
pub mod number_test;
pub mod numbers;
mod operand;
pub mod period_test;
pub mod plan;
pub mod planner;
pub mod query;
mod references;
mod resolve;
mod sort;
mod text_query;
mod texts;
pub mod ucum;
mod url_path;
mod value_kind;
mod values;
pub mod words;
