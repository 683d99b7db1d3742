//! FHIRPath against tables of our own, R4's definitions and examples, and the official suite.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests read the suite and say what they found"
)]

mod checks;
mod fuzz;
mod memo;
mod suite;
mod sweep;
mod tables;
