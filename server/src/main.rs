//! `vesta`: reads the settings, then does what they ask for.

use std::io::Write;
use std::process::ExitCode;

use vesta::commands;
use vesta::config::{Config, Start};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The settings do not allow a start.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let config = match Config::from_environment() {
        Ok(Start::Run(config)) => config,
        Ok(Start::Text(text)) => return say(&text, ExitCode::SUCCESS),
        Ok(Start::Report(report)) => {
            let code = match report.problems.is_empty() {
                true => ExitCode::SUCCESS,
                false => ExitCode::from(REFUSED),
            };
            return say(&report.to_string(), code);
        }
        Err(error) => return complain(&error, ExitCode::from(REFUSED)),
    };
    match commands::run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error, ExitCode::FAILURE),
    }
}

fn say(text: &str, code: ExitCode) -> ExitCode {
    match write!(std::io::stdout(), "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(error: &dyn std::error::Error, code: ExitCode) -> ExitCode {
    match writeln!(std::io::stderr(), "vesta: {error}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}
