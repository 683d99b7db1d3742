//! Telemetry: log lines on standard error. They never hold content of a resource: events and spans carry ids, codes and
//! times. Metrics are recorded where requests are answered, in `http`.

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Why logs cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter of `VESTA_LOG` is not one.
    #[error("VESTA_LOG is not a log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging was already set up in this process.
    #[error("logging is already set up: {0}")]
    Logging(#[from] tracing_subscriber::util::TryInitError),
}

/// Sets up logging for the whole process, as the configuration says.
pub fn start_logging(config: &Config) -> Result<(), TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt;
    let filter: EnvFilter = config.log.parse()?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with_ansi(colours).finish().try_init()?;
        }
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}
