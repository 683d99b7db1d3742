//! What a provider says: its own description, and ID tokens, verified
//! (<https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth>).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, AsyncHttpClient, AuthType,
    AuthenticationContextClass, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IdTokenFields, IdTokenVerifier, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadata, RedirectUrl, RequestTokenError, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::Provider;
use crate::auth::is_second_factor;
use crate::identity::fetch::{Fetcher, Unfetched};

/// How long a description is believed.
const KEPT: SignedDuration = SignedDuration::from_mins(5);
/// How long a description is not asked for again because a key is missing in it.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// Methods of logging in that are passed on (<https://www.rfc-editor.org/rfc/rfc8176#section-2>).
const METHODS: [&str; 21] = [
    "face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba",
    "retina", "sc", "sms", "swk", "tel", "user", "vbm", "wia",
];

/// What a description says beyond OpenID Connect.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Further {
    /// Whether answers name their issuer (<https://www.rfc-editor.org/rfc/rfc9207#section-3>).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}
impl AdditionalProviderMetadata for Further {}

/// The claims of an ID token that are nobody's standard.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct OwnClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}
impl AdditionalClaims for OwnClaims {}

/// What a provider says of itself, with its keys.
pub(super) type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Tokens = StandardTokenResponse<
    IdTokenFields<
        OwnClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type IdToken = openidconnect::IdToken<
    OwnClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Client = openidconnect::Client<
    OwnClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What only the browser that was sent away and the provider know.
pub(super) struct Ties {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// What the login there has to be like.
pub(super) struct Demands {
    /// How old it may be.
    pub(super) max_age: SignedDuration,
    /// Whether it has to be a new one.
    pub(super) is_new: bool,
}

/// Whom a provider vouches for.
#[derive(Debug)]
pub(super) struct Vouched {
    pub(super) subject: String,
    /// Every claim, by name.
    pub(super) claims: Map<String, Value>,
    pub(super) authenticated_at: Timestamp,
    /// `amr` of the session: it names a second factor only where the settings call what was shown one.
    pub(super) methods: Vec<String>,
}

/// Why a provider vouches for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unvouched {
    /// It cannot be asked: that is no fault of whoever logs in there.
    Away,
    /// Its word does not count, or it gives none.
    Refused(&'static str),
}

impl From<&'static str> for Unvouched {
    fn from(reason: &'static str) -> Self {
        Self::Refused(reason)
    }
}

/// A provider, and what is known of it.
pub(super) struct Place {
    pub(super) provider: Provider,
    redirect_uri: String,
    known: Mutex<Option<(Timestamp, Arc<Metadata>)>>,
}

impl Place {
    pub(super) fn new(provider: Provider, redirect_uri: String) -> Self {
        Self {
            provider,
            redirect_uri,
            known: Mutex::default(),
        }
    }

    /// What it says of itself; not older than `age`.
    async fn metadata(
        &self,
        fetcher: &Fetcher,
        age: SignedDuration,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, Unvouched> {
        let mut known = self.known.lock().await;
        if let Some((at, metadata)) = &*known {
            let own = now.duration_since(*at);
            if !own.is_negative() && own < age {
                return Ok(Arc::clone(metadata));
            }
        }
        let found = Metadata::discover_async(self.provider.issuer.clone(), fetcher).await;
        let found = found.map_err(|error| {
            tracing::warn!(%error, provider = %self.provider.id, "an identity provider cannot be read");
            Unvouched::Away
        })?;
        let found = Arc::new(found);
        *known = Some((now, Arc::clone(&found)));
        Ok(found)
    }

    pub(super) async fn known(
        &self,
        fetcher: &Fetcher,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, Unvouched> {
        self.metadata(fetcher, KEPT, now).await
    }

    fn client(&self, metadata: &Metadata) -> Result<Client, &'static str> {
        let redirect = RedirectUrl::new(self.redirect_uri.clone());
        let redirect = redirect.map_err(|_| "the address of this server is no URL")?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let names = |method| methods.is_some_and(|all| all.contains(&method));
        let posts = names(CoreClientAuthMethod::ClientSecretPost)
            && !names(CoreClientAuthMethod::ClientSecretBasic);
        let (id, secret) = (&self.provider.client_id, &self.provider.client_secret);
        let client = Client::from_provider_metadata(metadata.clone(), id.clone(), secret.clone());
        Ok(client
            .set_redirect_uri(redirect)
            .set_auth_type(match posts {
                true => AuthType::RequestBody,
                false => AuthType::BasicAuth,
            }))
    }

    /// Where a browser is sent.
    pub(super) async fn departure(
        &self,
        fetcher: &Fetcher,
        ties: Ties,
        demands: &Demands,
        now: Timestamp,
    ) -> Result<String, Unvouched> {
        let client = self.client(&*self.known(fetcher, now).await?)?;
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(ties.verifier));
        let mut asked = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new(ties.state),
                || Nonce::new(ties.nonce),
            )
            .add_scopes(self.provider.scopes.iter().cloned())
            .set_pkce_challenge(challenge)
            .set_max_age(Duration::from_secs(
                demands.max_age.as_secs().unsigned_abs(),
            ));
        for class in &self.provider.acr {
            asked = asked.add_auth_context_value(AuthenticationContextClass::new(class.clone()));
        }
        if demands.is_new {
            asked = asked.add_prompt(CoreAuthPrompt::Login);
        }
        let (url, _, _) = asked.url();
        Ok(url.to_string())
    }

    /// Exchanges the code that a browser came back with.
    pub(super) async fn vouched(
        &self,
        fetcher: &Fetcher,
        code: &str,
        ties: Ties,
        now: Timestamp,
    ) -> Result<Vouched, Unvouched> {
        let metadata = self.known(fetcher, now).await?;
        let client = self.client(&metadata)?;
        let exchange = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let exchange = exchange.map_err(|_| "the identity provider has no token endpoint")?;
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(ties.verifier));
        let tokens = exchange.request_async(fetcher).await.map_err(|error| {
            tracing::warn!(%error, provider = %self.provider.id, "an identity provider gave no token");
            match error {
                RequestTokenError::Request(_) => Unvouched::Away,
                _ => Unvouched::Refused("the identity provider has not confirmed the login"),
            }
        })?;
        let token = tokens.id_token().ok_or("there is no ID token")?;
        let nonce = Nonce::new(ties.nonce);
        match self.claims(&metadata, token, &nonce, now) {
            // Keys change: they are asked for once more.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let metadata = self.metadata(fetcher, PATIENCE, now).await?;
                self.claims(&metadata, token, &nonce, now)
            }
            claims => claims,
        }
        .unwrap_or_else(|error| Err(reason(&error)))
        .map_err(Unvouched::Refused)
    }

    /// Who an ID token says somebody is. Only signatures by a key of the provider count: neither none, nor one by a secret
    /// that both know.
    fn claims(
        &self,
        metadata: &Metadata,
        token: &IdToken,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<Result<Vouched, &'static str>, ClaimsVerificationError> {
        let keys = metadata.jwks().clone();
        let (id, issuer) = (&self.provider.client_id, &self.provider.issuer);
        let verifier = IdTokenVerifier::new_public_client(id.clone(), issuer.clone(), keys)
            .set_allowed_algs([
                CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
                CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
                CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
                CoreJwsSigningAlgorithm::RsaSsaPssSha256,
                CoreJwsSigningAlgorithm::RsaSsaPssSha384,
                CoreJwsSigningAlgorithm::RsaSsaPssSha512,
                CoreJwsSigningAlgorithm::EcdsaP256Sha256,
                CoreJwsSigningAlgorithm::EcdsaP384Sha384,
                CoreJwsSigningAlgorithm::EdDsa,
            ]);
        // The clock is asked in one place, and it is not the library's.
        let Some(moment) = as_text(now) else {
            return Ok(Err("the ID token cannot be read"));
        };
        let verifier = verifier.set_time_fn(move || moment);
        let claims = token.claims(&verifier, nonce)?;
        let at = claims.auth_time().map(|time| time.timestamp());
        let Some(Ok(authenticated_at)) = at.map(Timestamp::from_second) else {
            return Ok(Err(
                "the ID token does not say when the login was (auth_time)",
            ));
        };
        let Ok(Value::Object(all)) = serde_json::to_value(claims) else {
            return Ok(Err("the ID token cannot be read"));
        };
        let shown = claims.auth_method_refs().into_iter().flatten();
        let shown: Vec<&str> = shown.map(|method| method.as_str()).collect();
        let class = claims.auth_context_ref().map(|class| class.as_str());
        Ok(Ok(Vouched {
            subject: claims.subject().to_string(),
            claims: all,
            authenticated_at,
            methods: self.provider.methods(&shown, class),
        }))
    }
}

impl Provider {
    /// The methods of a session: of those that are a second factor by themselves, only what the settings call one.
    fn methods(&self, shown: &[&str], class: Option<&str>) -> Vec<String> {
        let is_known = |method: &&&str| METHODS.contains(*method);
        let known = shown.iter().filter(is_known);
        let by_class = class.is_some_and(|class| self.acr.iter().any(|own| own == class));
        let by_method = shown
            .iter()
            .any(|method| self.amr.iter().any(|own| own == method));
        let mut methods: Vec<String> = match by_class || by_method {
            true => std::iter::once("mfa")
                .chain(known.copied().filter(|method| *method != "mfa"))
                .map(ToOwned::to_owned)
                .collect(),
            false => known
                .filter(|method| !is_second_factor(method))
                .map(|method| (*method).to_owned())
                .collect(),
        };
        methods.dedup();
        methods
    }
}

/// The moment in the library's own type, which has no name here.
fn as_text<T: DeserializeOwned>(now: Timestamp) -> Option<T> {
    serde_json::from_value(Value::String(now.to_string())).ok()
}

/// Why an ID token is not believed. What it says is kept out of it.
fn reason(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(_) => "the ID token has expired",
        ClaimsVerificationError::InvalidAudience(_) => "the ID token is for somebody else",
        ClaimsVerificationError::InvalidIssuer(_) => "the ID token is of another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "the ID token is of another login (nonce)",
        ClaimsVerificationError::SignatureVerification(_) => {
            "no key of the identity provider has signed the ID token"
        }
        _ => "the ID token is not valid",
    }
}

/// The one way out, as the library wants it.
impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = Unfetched;
    type Future = BoxFuture<'c, Result<HttpResponse, Unfetched>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answered = self.send(request).await?;
            let status = answered.status();
            match status.is_server_error() {
                true => Err(Unfetched::Broken(status)),
                false => Ok(answered),
            }
        })
    }
}
