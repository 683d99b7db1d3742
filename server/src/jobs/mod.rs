//! Work that no request asks for.

mod answers;
mod identity;
mod reindex;
mod seal;
mod terminology;

pub use answers::forget_answers;
pub use identity::forget_identity;
pub use reindex::{follow_definitions, keep_indexed, reindex};
pub use seal::seal_trail;
pub use terminology::{clear_imports, fill_terminology};
