//! FHIRPath against tables of our own, R4's definitions and examples, and the official suite.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "tests read the suites and definitions from files"
)]

mod definitions;
mod sweep;
