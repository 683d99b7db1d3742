//! `/health/live` and `/health/ready`: for whoever starts, watches and replaces the process.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::Http;

/// A database that takes longer to say that it is there is not, whatever time requests have.
const READY_TIMEOUT: Duration = Duration::from_secs(5);

/// The process answers.
pub(super) async fn live() -> impl IntoResponse {
    "live\n"
}

/// The database answers and has the schema this server needs.
pub(super) async fn ready(State(http): State<Arc<Http>>) -> impl IntoResponse {
    let asked = (http.parts.readiness)();
    let unready = |sentence: String| (StatusCode::SERVICE_UNAVAILABLE, format!("{sentence}\n"));
    let timeout = READY_TIMEOUT.min(http.settings.request_timeout);
    match tokio::time::timeout(timeout, asked).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n".to_owned()),
        Ok(Err(error)) => unready(error.to_string()),
        Err(_) => unready("the database does not answer".to_owned()),
    }
}
