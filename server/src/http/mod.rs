//! FHIR over HTTP: the only module that knows axum. A request becomes an [`Interaction`], an [`Outcome`] or an error
//! becomes a response (<https://hl7.org/fhir/R4/http.html>).

mod admission;
mod binary;
mod body;
mod controls;
mod cors;
mod headers;
mod health;
mod ihe;
mod layers;
mod listener;
mod metrics;
mod mutual;
mod negotiation;
mod pretty;
mod request;
mod response;
mod router;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use fhir::definitions::structure::Structures;
use futures_util::future::BoxFuture;

use crate::context::{Limits, RequestContext};
use crate::error::{Error, Result};
use crate::interactions::{Interaction, Outcome, RefusedRequest};

pub use admission::{Admission, Admit, Authorize};
pub use listener::{Listener, TlsFiles};
pub use metrics::keep_metrics;
pub use router::{health_router, router};

/// The path of the FHIR base on every listener.
pub const BASE_PATH: &str = "/fhir";

/// What performs an interaction.
pub type Perform =
    Arc<dyn Fn(RequestContext, Interaction) -> BoxFuture<'static, Result<Outcome>> + Send + Sync>;

/// What records a request that was refused before it was performed.
pub type Refused = Arc<dyn Fn(RefusedRequest) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// What says whether the database and its schema are ready.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// Settings of the HTTP side.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The FHIR base URL as clients see it, without a slash at the end.
    pub base_url: Arc<str>,
    /// What every request is held to.
    pub limits: Arc<Limits>,
    /// Largest request body, after decompression.
    pub body_bytes_max: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How many requests are worked on at once; more wait their turn.
    pub requests_max: usize,
    /// Whether there is an audit trail, whose AuditEvents nobody writes.
    pub keeps_trail: bool,
    /// Whether refused bookings go out in a Bundle.
    pub ihe_error_bundle: bool,
}

/// What the HTTP side is given to work with.
#[derive(Clone)]
pub struct Parts {
    /// What performs an interaction.
    pub perform: Perform,
    /// What records a refused request.
    pub refused: Refused,
    /// What `/health/ready` asks.
    pub readiness: Readiness,
    /// What stands before the FHIR API; nothing where authorization is switched off.
    pub admission: Option<Admission>,
    /// The element table, for XML and for parts of resources.
    pub structures: Arc<Structures>,
}

/// Settings and parts of one router.
struct Http {
    settings: Settings,
    parts: Parts,
    turns: tokio::sync::Semaphore,
}

/// Texts above this size are parsed and rendered off the threads that answer requests.
const HEAVY_BYTES: usize = 256 * 1024;

/// Runs work over a text of that size where it holds up nobody.
async fn heavy<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if bytes <= HEAVY_BYTES {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::internal(error)),
    }
}
