//! Work that no request asks for.

mod answers;
mod holds;
mod identity;
mod messages;
mod openings;
mod reindex;
mod seal;
mod statistics;
mod terminology;
mod waiting;

pub use answers::forget_answers;
#[cfg(test)]
pub(crate) use holds::end_holds;
pub use holds::keep_holds;
pub use identity::forget_identity;
pub use messages::{keep_planning, keep_sending};
pub use openings::tell_of_openings;
pub use reindex::{follow_definitions, keep_indexed, reindex};
pub use seal::seal_trail;
pub use statistics::keep_statistics;
pub use terminology::{clear_imports, fill_terminology};
pub use waiting::keep_waiting;
