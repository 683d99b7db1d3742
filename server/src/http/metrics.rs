//! `/metrics`: how many requests of which interaction ended how, and how long they took, as Prometheus reads it.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::StatusCode;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

const REQUESTS: &str = "vesta_http_requests_total";
const DURATION: &str = "vesta_http_request_duration_seconds";

/// Upper bounds of the histogram's buckets, in seconds.
const BUCKETS: [f64; 13] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The process's one recorder; the first call installs it.
pub(super) fn recorder() -> Result<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).ok()?;
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).ok()?;
            metrics::describe_counter!(REQUESTS, "Requests to the FHIR API");
            metrics::describe_histogram!(DURATION, "Seconds from a request's head to its answer");
            Some(handle)
        })
        .as_ref()
        .ok_or_else(|| Error::internal("the metrics recorder could not be installed"))
}

/// How often histograms are folded.
const UPKEEP: Duration = Duration::from_secs(5);

/// Folds what the histograms have gathered, until told to stop: a server that nobody scrapes must not grow.
pub async fn keep_metrics(stop: CancellationToken) {
    let Ok(recorder) = recorder() else {
        return;
    };
    while tokio::time::timeout(UPKEEP, stop.cancelled())
        .await
        .is_err()
    {
        recorder.run_upkeep();
    }
}

/// Counts one request.
pub(super) fn count(interaction: &'static str, status: StatusCode, took: Duration) {
    let class = match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    };
    metrics::counter!(REQUESTS, "interaction" => interaction, "status" => class).increment(1);
    metrics::histogram!(DURATION, "interaction" => interaction, "status" => class)
        .record(took.as_secs_f64());
}
