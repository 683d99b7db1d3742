//! The proof of search (<https://hl7.org/fhir/R4/search.html>): a slow, obvious evaluation in memory, compared with a server.
//!
//! Resources are stored by PUT and read back; random queries made from the values that occur in them are answered here,
//! by the words of the specification, and by the server. What differs is printed in its least form.

pub mod beside;
pub mod compare;
pub mod content;
pub mod data;
pub mod decimal;
pub mod definitions;
pub mod dice;
pub mod evaluate;
pub mod filter;
pub mod folding;
pub mod generate;
pub mod include;
pub mod judge;
pub mod moment;
pub mod narrative;
pub mod order;
pub mod path;
pub mod query;
pub mod server;
#[cfg(test)]
mod tests;
pub mod unit;
pub mod value;
pub mod walk;
pub mod world;
