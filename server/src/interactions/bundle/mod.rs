//! batch and transaction (<https://hl7.org/fhir/R4/http.html#transaction>): entries become interactions by the same
//! routes as HTTP requests. A batch performs each by itself, a transaction all in one commit.

mod batch;
mod entry;
mod resolve;
mod response;
mod staged;
mod transaction;

use fhir::json::Value;
use fhir::resource::Resource;

use super::Outcome;
use super::perform::Interactions;
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};

/// Performs a Bundle posted to the base.
pub(super) async fn bundle(
    interactions: &Interactions,
    cx: &RequestContext,
    bundle: &Resource,
) -> Result<Outcome> {
    let kind = bundle.get("type").and_then(Value::string);
    let count = bundle
        .get("entry")
        .map_or(0, |entries| entries.items().count());
    if count > cx.limits.bundle_entries {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "the Bundle has {count} entries, this server takes {}",
                cx.limits.bundle_entries
            ),
        ));
    }
    interactions.definitions.validate_request_bundle(bundle)?;
    match kind.as_deref() {
        Some("batch") => batch::batch(interactions, cx, bundle).await,
        Some("transaction") => transaction::transaction(interactions, cx, bundle).await,
        _ => Err(Error::new(
            ErrorKind::BadValue,
            "a Bundle posted to the base is of type batch or transaction",
        )
        .at("Bundle.type")),
    }
}
