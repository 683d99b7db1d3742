//! Work that no request asks for.

mod reindex;

pub use reindex::{reindex, reindex_if_needed};
