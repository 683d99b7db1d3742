//! Telemetry: log lines on standard error, and metrics in the Prometheus text format.
//!
//! Neither ever holds content of a resource: events and spans carry ids, codes and times.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Upper bounds of the buckets of every `_seconds` histogram.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// How often histograms are folded, so that a server nobody scrapes does not grow.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why logs or metrics cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter of `VESTA_LOG` is not one.
    #[error("VESTA_LOG is not a log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging was already set up in this process.
    #[error("logging is already set up: {0}")]
    Logging(#[from] tracing_subscriber::util::TryInitError),
    /// Metrics cannot be recorded.
    #[error("metrics cannot be recorded: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
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

/// Gives out the metrics recorded in this process.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Records all metrics of this process from now on; can be done once.
    pub fn start() -> Result<Metrics, TelemetryError> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(
                metrics_exporter_prometheus::Matcher::Suffix("_seconds".to_owned()),
                &SECONDS,
            )?
            .install_recorder()?;
        Ok(Metrics { handle })
    }

    /// The metrics as the answer to `GET /metrics`.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds what histograms have gathered, until `stop`.
    pub async fn upkeep(self, stop: CancellationToken) {
        while tokio::time::timeout(UPKEEP, stop.cancelled())
            .await
            .is_err()
        {
            self.handle.run_upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_metrics_are_rendered_with_their_buckets() {
        let metrics = Metrics::start().unwrap();
        metrics::counter!("vesta_requests_total", "interaction" => "read").increment(2);
        metrics::histogram!("vesta_request_seconds").record(0.004);
        let text = metrics.render();
        assert!(
            text.contains("vesta_requests_total{interaction=\"read\"} 2"),
            "{text}"
        );
        assert!(
            text.contains("vesta_request_seconds_bucket{le=\"0.005\"} 1"),
            "{text}"
        );
        assert!(Metrics::start().is_err(), "a second recorder is refused");
    }
}
