//! Registries of what the specification defines, built from its own JSON and kept in compact form.

pub mod structure;
mod structure_builder;
#[cfg(test)]
mod tests;

pub use structure_builder::{DefinitionError, StructuresBuilder};
