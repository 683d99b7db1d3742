//! Which client asks, and how it proves that (<https://www.rfc-editor.org/rfc/rfc6749#section-2.3>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;

use super::answer::{Answered, Form, Refusal};
use super::assertion::{self, ASSERTION_TYPE};
use super::{Asked, Identity, secret};
use crate::auth::{CertificateThumbprint, ClientCertificate};
use crate::store::{ClientKind, IdentityClient};

/// The client behind a request to an endpoint for clients. One that can prove who it is must.
pub(super) async fn authenticated(
    identity: &Identity,
    asked: &Asked<'_>,
    form: &Form,
) -> Answered<IdentityClient> {
    let client = proven(identity, asked, form).await?;
    let Some(name) = client.certificate_name.as_deref() else {
        return Ok(client);
    };
    match asked.certificate.is_some_and(|shown| shown.is_of(name)) {
        true => Ok(client),
        false => Err(Refusal::client(
            "this client must show its certificate while it connects (RFC 8705)",
        )),
    }
}

/// Refuses whoever does not even say which client they are: who asks about tokens proves that
/// (<https://www.rfc-editor.org/rfc/rfc7662#section-2.1>).
pub(super) fn shown(asked: &Asked<'_>, form: &Form) -> Answered<()> {
    let named = ["client_id", "client_assertion", "client_secret"];
    let is_shown = asked.headers.contains_key(AUTHORIZATION)
        || named.iter().any(|name| form.get(name).is_some());
    match is_shown {
        true => Ok(()),
        false => Err(Refusal::client("a client has to prove who it is")),
    }
}

/// The certificate that tokens of a client are bound to.
pub(super) fn bound_to(
    client: &IdentityClient,
    asked: &Asked<'_>,
) -> Option<CertificateThumbprint> {
    client.certificate_name.as_ref()?;
    asked.certificate.map(ClientCertificate::thumbprint)
}

async fn proven(identity: &Identity, asked: &Asked<'_>, form: &Form) -> Answered<IdentityClient> {
    if form.get("client_secret").is_some() {
        let basic = "a secret goes into the Authorization header, by client_secret_basic";
        return Err(Refusal::client(basic));
    }
    let is_asserted =
        form.get("client_assertion").is_some() || form.get("client_assertion_type").is_some();
    match (asked.header(AUTHORIZATION), is_asserted) {
        (Some(_), true) => Err(Refusal::new(
            "invalid_request",
            "a client proves who it is in one way at a time",
        )),
        (Some(authorization), false) => by_secret(identity, authorization, form).await,
        (None, true) => by_assertion(identity, asked, form).await,
        (None, false) => {
            let is_refresh = form.get("grant_type") == Some("refresh_token");
            let token = form.get("refresh_token").filter(|_| is_refresh);
            let client = match (form.get("client_id"), token) {
                (None, Some(token)) => of_refresh(identity, token).await?,
                _ => known(identity, form.need("client_id")?).await?,
            };
            match client.kind {
                ClientKind::Public => Ok(client),
                _ => Err(Refusal::client("this client must prove who it is")),
            }
        }
    }
}

/// A public client need not name itself where it refreshes
/// (<https://hl7.org/fhir/smart-app-launch/app-launch.html#request-4>): the token says whose it is.
async fn of_refresh(identity: &Identity, token: &str) -> Answered<IdentityClient> {
    let hash = secret::hash(token);
    let client = identity.store.identity_client_of_refresh(hash).await?;
    client.ok_or_else(|| Refusal::new("invalid_grant", "the refresh token is not good"))
}

async fn known(identity: &Identity, id: &str) -> Answered<IdentityClient> {
    let client = identity.store.identity_client(id).await?;
    client.ok_or_else(|| Refusal::client("there is no such client"))
}

async fn by_secret(
    identity: &Identity,
    authorization: &str,
    form: &Form,
) -> Answered<IdentityClient> {
    let (id, shown) = basic(authorization)
        .ok_or_else(|| Refusal::client("the Authorization header is not that of a client"))?;
    if form.get("client_id").is_some_and(|other| other != id) {
        return Err(Refusal::client(
            "client_id is not that of the Authorization header",
        ));
    }
    let client = known(identity, &id).await?;
    let ClientKind::Symmetric(hash) = &client.kind else {
        return Err(Refusal::client("this client has no secret"));
    };
    // Hashes are compared, which tells nothing of a secret of 256 random bits.
    match secret::hash(&shown) == *hash {
        true => Ok(client),
        false => Err(Refusal::client("the secret is wrong")),
    }
}

/// Id and secret of a Basic header, both percent-encoded inside (<https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1>).
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| {
        let (name, _) = fhir::form::pairs(text).next()?.ok()?;
        Some(name)
    };
    Some((decoded(id)?, decoded(secret)?))
}

async fn by_assertion(
    identity: &Identity,
    asked: &Asked<'_>,
    form: &Form,
) -> Answered<IdentityClient> {
    if form.need("client_assertion_type")? != ASSERTION_TYPE {
        return Err(Refusal::client("client_assertion_type is not known here"));
    }
    let assertion = form.need("client_assertion")?;
    let id = assertion::claimed(assertion)?;
    if form.get("client_id").is_some_and(|other| other != id) {
        return Err(Refusal::client("client_id is not that of the assertion"));
    }
    let client = known(identity, &id).await?;
    assertion::check(identity, &client, assertion, asked.now).await?;
    Ok(client)
}
