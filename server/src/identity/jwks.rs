//! Keys that clients publish, fetched and kept for a while
//! (<https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys>).

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use tokio::sync::Mutex;

use super::answer::{Answered, Refusal};

/// How long keys are believed.
const KEPT: SignedDuration = SignedDuration::from_mins(5);
/// How long a key that is missing is not asked for again.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// How long fetching may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest set of keys.
const BYTES_MAX: usize = 256 * 1024;

/// Sets of keys by where they are published.
#[derive(Debug, Default)]
pub(super) struct PublishedKeys {
    known: Mutex<HashMap<Box<str>, (Timestamp, JwkSet)>>,
    client: OnceLock<reqwest::Client>,
}

/// Whether keys may be fetched from there: by TLS, or from this machine.
pub(super) fn may_be_fetched(uri: &str) -> bool {
    let Ok(parsed) = uri.parse::<http::Uri>() else {
        return false;
    };
    let host = parsed.host().unwrap_or_default();
    match parsed.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => ["127.0.0.1", "[::1]", "localhost"].contains(&host),
        _ => false,
    }
}

impl PublishedKeys {
    /// The keys published there. They are fetched again when they are old, or when one is missing among them.
    pub(super) async fn of(&self, uri: &str, kid: &str, now: Timestamp) -> Answered<JwkSet> {
        if let Some((at, keys)) = self.known.lock().await.get(uri) {
            let age = now.duration_since(*at);
            if age < PATIENCE || (age < KEPT && keys.find(kid).is_some()) {
                return Ok(keys.clone());
            }
        }
        let keys = self.fetch(uri).await?;
        let mut known = self.known.lock().await;
        known.insert(uri.into(), (now, keys.clone()));
        Ok(keys)
    }

    async fn fetch(&self, uri: &str) -> Answered<JwkSet> {
        let failed = |error: reqwest::Error| {
            tracing::warn!(%error, "the keys of a client cannot be fetched");
            Refusal::client("the keys of this client cannot be fetched")
        };
        if !may_be_fetched(uri) {
            return Err(Refusal::client(
                "the keys of this client are not behind TLS",
            ));
        }
        let client = self.client()?;
        let mut response = client
            .get(uri)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > BYTES_MAX {
                return Err(Refusal::client("the keys of this client are too many"));
            }
        }
        serde_json::from_slice(&bytes)
            .map_err(|_| Refusal::client("the keys of this client cannot be read"))
    }

    fn client(&self) -> Answered<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // TLS may have been set up for the listener already; the second time changes nothing.
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(crate::error::Error::internal)?;
        Ok(self.client.get_or_init(|| client))
    }
}
