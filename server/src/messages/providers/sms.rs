//! Text messages, through a gateway that takes them over HTTP.

use std::time::Duration;

use fhir::json::Writer;
use futures_util::future::BoxFuture;
use http::StatusCode;
use reqwest::Url;

use super::{Medium, Outgoing, Provider, Unsent};
use crate::config::Secret;
use crate::error::{Error, Result};

/// How long the gateway has to answer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A gateway: `POST` of `{"id", "to", "text"}`, with the id as `Idempotency-Key`.
pub struct SmsGateway {
    url: Url,
    token: Option<Secret>,
    client: reqwest::Client,
}

impl SmsGateway {
    /// The gateway at a URL, which asks for a bearer token or for none.
    pub fn new(url: &str, token: Option<Secret>) -> Result<Self> {
        // TLS may have been set up for the listener already; the second time changes nothing.
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            url: Url::parse(url).map_err(Error::internal)?,
            token,
            client: client.build().map_err(Error::internal)?,
        })
    }
}

impl std::fmt::Debug for SmsGateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a key.
        f.write_str("SmsGateway")
    }
}

impl Provider for SmsGateway {
    fn sends(&self, medium: Medium) -> bool {
        medium == Medium::Sms
    }

    fn send<'a>(&'a self, message: &'a Outgoing) -> BoxFuture<'a, std::result::Result<(), Unsent>> {
        Box::pin(async move {
            let mut writer = Writer::with_capacity(256);
            writer.object(|object| {
                object.string("id", &message.id);
                object.string("to", &message.to);
                object.string("text", &message.text);
            });
            let mut request = self
                .client
                .post(self.url.clone())
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", &message.id)
                .body(writer.finish());
            if let Some(token) = &self.token {
                request = request.bearer_auth(token.expose());
            }
            // An error of the client would name the URL.
            let answered = request.send().await;
            let answered =
                answered.map_err(|_| Unsent::Later("the gateway does not answer".to_owned()))?;
            let status = answered.status();
            let said = format!("the gateway answered {}", status.as_u16());
            match status {
                _ if status.is_success() => Ok(()),
                StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN => Err(Unsent::Later(said)),
                _ if status.is_client_error() => Err(Unsent::Never(said)),
                _ => Err(Unsent::Later(said)),
            }
        })
    }
}
