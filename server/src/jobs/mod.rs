//! Work that no request asks for.

mod identity;
mod reindex;
mod terminology;

pub use identity::forget_identity;
pub use reindex::{follow_definitions, keep_indexed, reindex};
pub use terminology::{clear_imports, fill_terminology};
