//! `bench`: measures Vesta beside the database's own limit, and proves that what it acknowledged survives kills.

mod audit;
mod booking;
mod bundles;
mod cpu;
mod diary;
mod fhirpath;
mod http;
mod load;
mod random;
mod report;
mod resources;
mod rest;
mod search;
mod server;
mod soak;
mod statistics;
mod storm;
mod terminology;
mod transactions;
mod validation;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Whatever goes wrong ends the run with one line.
pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// Starts a Vesta and a database of its own, measures or torments them, and leaves nothing running.
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    rest: rest::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Throughput and latency of single requests beside the same statements without HTTP (the default)
    Rest(rest::Options),
    /// Synthea-like transaction Bundles beside a COPY of the same rows
    Transactions(transactions::Options),
    /// Searches of a generated clinic beside the best statements over tables made for them
    Search(search::Options),
    /// `$validate-code` beside the bare lookup of the same codes
    Terminology(terminology::Options),
    /// Requests with an audit trail beside the same without
    Audit(audit::Options),
    /// `$book` beside a create, and `$find` in a full book beside a read
    Booking(booking::Options),
    /// Nanoseconds of FHIRPath: expressions of search, and the costliest invariants
    Fhirpath(fhirpath::Options),
    /// Validation of the official examples beside parsing and a JSON Schema, and the memory of the definitions
    Validation(validation::Options),
    /// Kills of server and database in the middle of writes, and races between clients
    Soak(soak::Options),
    /// Bookings by everything that books, at two servers, and whether nobody is booked twice
    Storm(storm::Options),
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command.unwrap_or(Command::Rest(arguments.rest)) {
        Command::Rest(options) => rest::run(&options).await,
        Command::Transactions(options) => transactions::run(&options).await,
        Command::Search(options) => search::run(&options).await,
        Command::Terminology(options) => terminology::run(&options).await,
        Command::Audit(options) => audit::run(&options).await,
        Command::Booking(options) => booking::run(&options).await,
        Command::Fhirpath(options) => fhirpath::run(&options),
        Command::Validation(options) => validation::run(&options),
        Command::Soak(options) => soak::run(&options).await,
        Command::Storm(options) => storm::run(&options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::failure(&error.to_string());
            ExitCode::FAILURE
        }
    }
}
