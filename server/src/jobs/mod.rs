//! Work that no request asks for.

mod reindex;

pub use reindex::{follow_definitions, keep_indexed, reindex};
