//! The commands: what each run of `vesta` starts, does and stops again, in this order.

use std::io::Write;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::backup::{self, BackupError};
use crate::config::{Command, Config};
use crate::postgres::{Database, StartError};
use crate::store::{self, MIGRATIONS};
use crate::telemetry::{self, TelemetryError};

/// How long threads that work on files may take to end.
const LAST_TASKS: Duration = Duration::from_secs(2);

/// Why a command failed: one line for whoever started it.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The process itself cannot be set up.
    #[error("cannot set up the process: {0}")]
    Process(#[from] std::io::Error),
    /// Logs or metrics cannot be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// There is no database.
    #[error(transparent)]
    Database(#[from] StartError),
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Store(#[from] crate::error::Error),
    /// Backup or restore failed.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// This build has no such command yet.
    #[error("this build of vesta cannot {0} yet")]
    Missing(&'static str),
    /// The command was interrupted before it was done.
    #[error("interrupted")]
    Interrupted,
}

/// Sets up the process, runs the command, and leaves nothing running.
pub fn run(config: &Config) -> Result<(), CommandError> {
    telemetry::start_logging(config)?;
    let threads = usize::try_from(config.limits.worker_threads).unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    let done = runtime.block_on(dispatch(config));
    // A thread that waits for a file must not hold up the end of an interrupted command.
    runtime.shutdown_timeout(LAST_TASKS);
    done
}

async fn dispatch(config: &Config) -> Result<(), CommandError> {
    // From here on both signals end the command in order, whatever it is doing.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let database = tokio::select! {
        database = open(config) => database?,
        () = stopped(&mut interrupt, &mut terminate) => return Err(CommandError::Interrupted),
    };
    let done = until_stopped(config, &database, stopped(&mut interrupt, &mut terminate)).await;
    database.stop().await;
    done
}

/// `serve` ends in its own time when it is told to stop; any other command is given up.
async fn until_stopped(
    config: &Config,
    database: &Database,
    stopped: impl Future<Output = ()>,
) -> Result<(), CommandError> {
    let stop = CancellationToken::new();
    let command = perform(config, database, &stop);
    tokio::pin!(command);
    tokio::select! {
        done = &mut command => return done,
        () = stopped => stop.cancel(),
    }
    match config.command {
        Command::Serve { .. } => command.await,
        _ => Err(CommandError::Interrupted),
    }
}

async fn stopped(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Only `serve` must be alone on its data directory; the others may join a serving vesta.
async fn open(config: &Config) -> Result<Database, StartError> {
    match config.command {
        Command::Serve { .. } => Database::start(config).await,
        _ => Database::start_or_join(config).await,
    }
}

async fn perform(
    config: &Config,
    database: &Database,
    _stop: &CancellationToken,
) -> Result<(), CommandError> {
    match &config.command {
        Command::Serve { .. } => Err(CommandError::Missing("serve")),
        Command::Migrate => Ok(store::migrate(database.url().expose()).await?),
        Command::Load { bundles: _ } => Err(CommandError::Missing("load")),
        Command::Reindex => Err(CommandError::Missing("reindex")),
        Command::Backup { file } => {
            let written = backup::write(database.url(), file).await?;
            tracing::info!(file = %file.display(), %written, "backup complete");
            Ok(())
        }
        Command::Restore { file } => {
            let restored = backup::restore(database.url(), &MIGRATIONS, file).await?;
            tracing::info!(file = %file.display(), %restored, "restore complete");
            Ok(())
        }
        // The configuration answers this one before any command runs.
        Command::CheckConfig => Ok(()),
    }
}

/// Prints what to try next: three commands that work on the demo data.
pub fn print_next_steps(out: &mut impl Write, fhir_base: &str) -> std::io::Result<()> {
    writeln!(
        out,
        "\nVesta serves FHIR R4 at {fhir_base}\n\n\
         Try:\n  \
         curl '{fhir_base}/metadata'\n  \
         curl '{fhir_base}/Patient?_count=3&_pretty=true'\n  \
         curl -X POST '{fhir_base}/Patient' -H 'Content-Type: application/fhir+json' \\\n       \
         -d '{{\"resourceType\":\"Patient\",\"name\":[{{\"family\":\"Moreau\",\"given\":[\"Ada\"]}}]}}'\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_steps_are_three_requests_to_this_server() {
        let mut out = Vec::new();
        print_next_steps(&mut out, "http://127.0.0.1:8080/fhir").unwrap();
        let text = String::from_utf8(out).unwrap();
        let requests: Vec<&str> = text.lines().filter(|line| line.contains("curl ")).collect();
        assert_eq!(requests.len(), 3, "{text}");
        for request in requests {
            assert!(
                request.contains("'http://127.0.0.1:8080/fhir/"),
                "{request}"
            );
        }
    }
}
