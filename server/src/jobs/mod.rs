//! Work that no request asks for.

mod reindex;

pub use reindex::{note_definitions_of_an_empty_store, reindex, reindex_if_needed};
