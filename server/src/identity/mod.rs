//! The authorization server: who somebody is, which apps may act for them, and what a token stands for
//! (<https://hl7.org/fhir/smart-app-launch/>, server/decisions/0022-own-authorization-server.md).
//!
//! It has one door, [`Identity::answer`], from a request to a response, and knows nothing of the listener.

mod account;
mod answer;
mod assertion;
mod audited;
mod authorize;
mod client;
mod demonstration;
mod discovery;
mod encounters;
mod federation;
mod fetch;
mod introspection;
mod jwks;
mod keys;
mod launch;
mod login;
mod pages;
mod passkeys;
mod records;
mod registration;
mod replies;
mod session;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod token;
mod wish;
mod words;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};

use crate::accounts::{Passwords, Vault, secret};
use crate::auth::{CertificateThumbprint, ClientCertificate, Grant, Pace, Scopes, TooFast};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{KnownToken, SigningAlgorithm, Store, TokenKind};

pub use demonstration::{Demonstration, FirstToken};
pub use federation::Provider;
pub use records::PerformFor;
pub use replies::REPLY_PAGE;

/// Scopes that apps may have which register themselves; what is no such scope is refused.
pub fn registration_scopes(text: &str) -> Result<Scopes> {
    let parsed = Scopes::parse(text);
    match parsed.dropped.is_empty() && registration::may_be_registered(&parsed.scopes) {
        true => Ok(parsed.scopes),
        false => Err(Error::new(
            ErrorKind::BadValue,
            "VESTA_REGISTRATION_SCOPES are scopes of which none is system/",
        )),
    }
}

use answer::{Answered, Asked, Refusal};
use federation::Federation;
use fetch::Fetcher;
use jwks::PublishedKeys;
use passkeys::Passkeys;
use records::Records;

/// Settings of the authorization server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The FHIR base URL, which is the issuer too, without a slash at the end.
    pub base_url: Arc<str>,
    /// How long an access token is good.
    pub access_token: SignedDuration,
    /// How long a grant with `offline_access` is good.
    pub refresh_token: SignedDuration,
    /// How long a session lasts without a request.
    pub session_idle: SignedDuration,
    /// How long a session lasts at most.
    pub session_max: SignedDuration,
    /// Whether keys of clients may be fetched from addresses that are not public.
    pub allows_internal_fetches: bool,
    /// What apps that register themselves may have at most; nothing where none does.
    pub registration: Option<Scopes>,
    /// What ID tokens are signed by.
    pub id_tokens: SigningAlgorithm,
    /// Where else people may log in.
    pub providers: Vec<Provider>,
    /// Whether clients may show certificates.
    pub knows_certificates: bool,
}

/// As the settings have it.
impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: "http://127.0.0.1:8080/fhir".into(),
            access_token: SignedDuration::from_mins(15),
            refresh_token: SignedDuration::from_hours(90 * 24),
            session_idle: SignedDuration::from_mins(15),
            session_max: SignedDuration::from_hours(10),
            allows_internal_fetches: false,
            registration: None,
            id_tokens: SigningAlgorithm::Rs256,
            providers: Vec::new(),
            knows_certificates: false,
        }
    }
}

/// The authorization server.
pub struct Identity {
    store: Store,
    settings: Settings,
    jwks: PublishedKeys,
    federation: Federation,
    passkeys: Passkeys,
    passwords: Passwords,
    records: Records,
    registrations: Pace,
    vault: Vault,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// An authorization server on a store.
    pub fn new(store: Store, settings: Settings, vault: Vault, perform: PerformFor) -> Self {
        let fetcher = || Fetcher::new(settings.allows_internal_fetches);
        Self {
            store,
            jwks: PublishedKeys::new(fetcher()),
            federation: Federation::new(&settings.providers, fetcher(), &settings.base_url),
            passkeys: Passkeys::new(origin(&settings.base_url)),
            passwords: Passwords::default(),
            records: Records { perform },
            registrations: Pace::of_minute(registration::EACH_MINUTE),
            vault,
            settings,
        }
    }

    /// What an access token stands for; `None` where it is not in force, or is bound to another certificate than was shown.
    /// Asked anew for every request, so that what is revoked on one server is revoked on all.
    pub async fn grant(
        &self,
        bearer: &str,
        certificate: Option<CertificateThumbprint>,
        now: Timestamp,
    ) -> Result<Option<HeldGrant>> {
        let token = self.store.identity_token(secret::hash(bearer), now).await?;
        let access = token.filter(|token| token.kind == TokenKind::Access);
        let access = access.filter(|token| token.is_shown_with(certificate));
        Ok(access.map(|token| HeldGrant {
            admissions: token.admissions,
            grant: granted(token),
        }))
    }

    /// Answers a request whose path begins behind the FHIR base. Its extensions may hold the [`IpAddr`] it comes from, and that
    /// it is one too many ([`TooFast`]).
    pub async fn answer(&self, request: Request<Bytes>, now: Timestamp) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let shown = head.extensions.get::<Option<Arc<ClientCertificate>>>();
        let shown = shown.and_then(Clone::clone);
        let asked = Asked {
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body: &body,
            now,
            address: head.extensions.get::<IpAddr>().copied(),
            certificate: shown.as_deref(),
        };
        let is_for_people = is_page(asked.path);
        let mut answered = match head.extensions.get::<TooFast>() {
            Some(TooFast(retry_after_s)) => Err(too_fast(*retry_after_s).into()),
            None => self.routed(&asked).await,
        };
        if let Err(refusal) = &answered
            && let Err(unrecorded) = self.tell_refusal(&asked, refusal).await
        {
            answered = Err(unrecorded.into());
        }
        match answered {
            Ok(response) => response,
            Err(refusal) if is_for_people => {
                pages::refused(&refusal).unwrap_or_else(|fault| fault.as_json())
            }
            Err(refusal) => refusal.as_json(),
        }
    }

    /// Whether a path behind the FHIR base is that of a page, rather than of an endpoint for apps.
    pub fn is_for_people(path: &str) -> bool {
        is_page(path)
    }

    async fn routed(&self, asked: &Asked<'_>) -> Answered {
        let method = match asked.method {
            &Method::HEAD => &Method::GET,
            method => method,
        };
        match (method.as_str(), asked.path) {
            ("GET", "/.well-known/smart-configuration") => Ok(discovery::smart_configuration(self)),
            ("GET", "/.well-known/openid-configuration") => {
                Ok(discovery::openid_configuration(self))
            }
            ("GET", "/auth/jwks") => discovery::key_set(self, asked).await,
            ("GET" | "POST", "/auth/authorize") => authorize::answer(self, asked).await,
            ("POST", "/auth/login") => login::first_factor(self, asked).await,
            ("POST", "/auth/second-factor") => login::second_factor(self, asked).await,
            ("GET", passkeys::ADD) => passkeys::ask_for_new(self, asked).await,
            ("POST", passkeys::ADD) => passkeys::add(self, asked).await,
            ("POST", passkeys::REMOVE) => passkeys::remove(self, asked).await,
            ("GET", passkeys::SHOW) => passkeys::ask_for_known(self, asked).await,
            ("POST", passkeys::SHOW) => passkeys::show(self, asked).await,
            ("GET", passkeys::SCRIPT) => Ok(passkeys::script()),
            ("GET", federation::PATH) => federation::depart(self, asked).await,
            ("GET", path) if arrival(path).is_some() => {
                federation::arrive(self, asked, arrival(path).unwrap_or_default()).await
            }
            ("POST", "/auth/logout") => login::logout(self, asked).await,
            ("POST", "/auth/consent") => authorize::decide(self, asked).await,
            ("GET", "/auth/account") => account::show(self, asked).await,
            ("POST", "/auth/account/revoke") => account::revoke(self, asked).await,
            ("GET", REPLY_PAGE) => replies::show(self, asked).await,
            ("POST", REPLY_PAGE) => replies::answer(self, asked).await,
            ("POST", "/auth/token") => token::answer(self, asked).await,
            ("POST", "/auth/introspect") => introspection::introspect(self, asked).await,
            ("POST", "/auth/revoke") => introspection::revoke(self, asked).await,
            ("POST", "/auth/register") => registration::register(self, asked).await,
            ("POST", "/auth/launch") => launch::prepare(self, asked).await,
            ("OPTIONS", path) if !is_page(path) => Ok(discovery::preflight()),
            _ => Err(Refusal::OAuth {
                status: http::StatusCode::NOT_FOUND,
                error: "invalid_request",
                description: "There is nothing here for this method.".to_owned(),
            }),
        }
    }

    /// A URL behind the FHIR base.
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.base_url)
    }

    /// Scheme and authority of the FHIR base.
    fn origin(&self) -> &str {
        origin(&self.settings.base_url)
    }

    fn is_secure(&self) -> bool {
        self.settings.base_url.starts_with("https:")
    }

    fn cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-vesta",
            false => "vesta",
        }
    }

    fn cookie(&self, value: &str) -> String {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let name = self.cookie_name();
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
    }
}

fn origin(base: &str) -> &str {
    let begin = base.find("://").map_or(0, |place| place + 3);
    let end = base[begin..]
        .find('/')
        .map_or(base.len(), |place| begin + place);
    &base[..end]
}

/// What an access token stands for.
fn granted(token: KnownToken) -> Grant {
    let KnownToken {
        granted,
        scopes,
        expires,
        ..
    } = token;
    Grant {
        id: granted.grant,
        client_id: granted.client_id.as_ref().into(),
        login: granted.user.as_ref().map(|user| user.login.clone()),
        user: granted.user.map(|user| user.fhir_user),
        scopes,
        launch: granted.launch,
        purpose: None,
        authentication: granted.authentication,
        expires,
    }
}

/// What whoever asks holds.
#[derive(Clone, Debug)]
pub struct HeldGrant {
    /// What the token stands for.
    pub grant: Grant,
    /// How many commits had changed what roles, care teams and opened records allow when it was looked up.
    pub admissions: i64,
}

/// What people see, rather than clients.
const PAGES: [&str; 13] = [
    REPLY_PAGE,
    passkeys::ADD,
    passkeys::REMOVE,
    passkeys::SHOW,
    passkeys::SCRIPT,
    "/auth/authorize",
    federation::PATH,
    "/auth/login",
    "/auth/second-factor",
    "/auth/logout",
    "/auth/consent",
    "/auth/account",
    "/auth/account/revoke",
];

fn too_fast(retry_after_s: u32) -> Error {
    let kind = ErrorKind::Throttled { retry_after_s };
    Error::new(kind, "there were too many requests")
}

fn is_page(path: &str) -> bool {
    PAGES.contains(&path) || arrival(path).is_some()
}

/// The provider that somebody comes back from.
fn arrival(path: &str) -> Option<&str> {
    path.strip_prefix(federation::PATH)?.strip_prefix('/')
}
