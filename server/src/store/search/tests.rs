//! Searches of a small world, compared with what its values say; and the plans of their statements.

mod oracle;
mod paging;
mod plans;
mod random;
mod world;
