//! The commands: what each run of `vesta` starts, does and stops again, in this order.

mod accounts;
mod first_steps;

use std::io::Write;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::backup::{self, BackupError};
use crate::config::{Auth, Command, Config, Role, Secret};
use crate::error::Error;
use crate::http::{Listener, TlsFiles, keep_metrics};
use crate::postgres::{Database, StartError};
use crate::store::{MIGRATIONS, migrate};
use crate::telemetry::{self, TelemetryError};

#[cfg(test)]
pub(crate) use first_steps::FIRST_PATIENT;
use first_steps::FirstSteps;

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
    /// Backup or restore failed.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// What the command does failed.
    #[error("{0}{cause}", cause = causes(.0))]
    Work(#[from] Error),
    /// The command was interrupted before it was done.
    #[error("interrupted")]
    Interrupted,
}

/// What lies behind an error, where that says more: whoever starts the server may read it.
fn causes(error: &Error) -> String {
    let cause = error.cause().map(ToString::to_string);
    let more = cause.filter(|cause| *cause != error.to_string());
    more.map(|cause| format!(" ({cause})")).unwrap_or_default()
}

/// Bytes of a thread's stack, as many as the main thread's: what is not touched costs nothing.
const STACK: usize = 8 << 20;

/// Sets up the process, runs the command, and leaves nothing running.
pub fn run(config: &Config) -> Result<(), CommandError> {
    telemetry::start_logging(config)?;
    let threads = usize::try_from(config.limits.worker_threads).unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_stack_size(STACK)
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
    stop: &CancellationToken,
) -> Result<(), CommandError> {
    match &config.command {
        Command::Serve { role } => serve(config, *role, database, stop).await,
        Command::Migrate => Ok(migrate(database.url().expose()).await?),
        Command::Load { bundles } => {
            let app = start(config, database).await?;
            let loaded = app.load(bundles).await;
            app.stop().await;
            loaded?;
            Ok(())
        }
        Command::ImportCodes { source } => {
            let app = start(config, database).await?;
            let imported = app.import_codes(source).await;
            app.stop().await;
            let imported = imported?;
            tracing::info!(
                id = %imported.id, url = %imported.url, version = %imported.version,
                concepts = imported.concepts, steps_lost = imported.lost, "import complete"
            );
            Ok(())
        }
        Command::User { command } => {
            accounts::user(config, database, command, &mut std::io::stdout()).await
        }
        Command::Client { command } => {
            accounts::client(config, database, command, &mut std::io::stdout()).await
        }
        Command::Reindex => {
            let app = start(config, database).await?;
            let done = app.reindex().await;
            app.stop().await;
            Ok(done?)
        }
        Command::Reproject => {
            let app = start(config, database).await?;
            let done = app.reclaim().await;
            app.stop().await;
            let made = done?;
            tracing::info!(
                resources = made.resources,
                claims = made.claims,
                beyond = made.beyond,
                "claims made anew"
            );
            Ok(())
        }
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

async fn start(config: &Config, database: &Database) -> Result<App, CommandError> {
    let base_url = config.fhir_base(config.listen);
    Ok(App::start(config, database.url().expose(), None, &base_url).await?)
}

async fn serve(
    config: &Config,
    role: Role,
    database: &Database,
    stop: &CancellationToken,
) -> Result<(), CommandError> {
    let files = match (&config.tls_cert, &config.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            client_authorities: config.tls_client_authorities.clone(),
        }),
        _ => None,
    };
    let listener = Listener::bind(config.listen, files.as_ref()).await?;
    let base_url = config.fhir_base(listener.address());
    let own = database.serve_url().map(Secret::expose);
    let app = App::start(config, database.url().expose(), own, &base_url).await?;
    app.warn_of_trail().await?;
    app.claim_if_needed().await?;
    if let Some(path) = &config.load_when_empty {
        app.load_when_empty(path).await?;
    }
    let jobs = match role {
        Role::All | Role::Worker => Some(tokio::spawn(app.clone().run_jobs(stop.clone()))),
        Role::Api => Some(tokio::spawn(app.clone().fill_terminology(stop.clone()))),
    };
    if config.auth == Auth::Disabled {
        tracing::warn!("VESTA_AUTH=disabled: whoever reaches this listener may do everything");
    }
    let following = tokio::spawn(app.clone().follow(stop.clone()));
    let metrics = tokio::spawn(keep_metrics(stop.clone()));
    let up = database.watch();
    let router = match role {
        Role::All | Role::Api => app.router(config, up)?,
        Role::Worker => app.health_router(config, up)?,
    };
    let first_steps = FirstSteps::of(config, &app).await?;
    std::io::stdout().write_all(first_steps.text(&base_url).as_bytes())?;
    let grace = Duration::from_secs(config.limits.shutdown_grace_s);
    let served = listener
        .serve(router, grace, stop.clone().cancelled_owned())
        .await;
    stop.cancel();
    if let Some(jobs) = jobs {
        // A job that panicked has said so in the log.
        let _ = jobs.await;
    }
    // Both end by themselves; nothing is lost with them.
    let _ = (following.await, metrics.await);
    app.stop().await;
    Ok(served?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_error_is_told_once() {
        let told = |cause: &str| {
            let error = Error::new(ErrorKind::Internal, "a").caused_by(cause.to_owned());
            CommandError::Work(error).to_string()
        };
        assert_eq!(told("a"), "a");
        assert_eq!(told("b"), "a (b)");
    }
}
