//! Assertions by which a client proves who it is
//! (<https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html>).

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, dangerous, decode, decode_header};
use serde::Deserialize;

use super::answer::{Answered, Refusal};
use super::{Identity, secret};
use crate::accounts::fits;
use crate::store::{ClientKind, IdentityClient};

/// The only type of assertion there is.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest life of an assertion.
const LIFE_MAX: SignedDuration = SignedDuration::from_mins(5);
/// How far clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// The longest `jti`.
const JTI_MAX: usize = 512;

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    jti: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names(&self, url: &str) -> bool {
        match self {
            Self::One(own) => own == url,
            Self::Many(all) => all.iter().any(|own| own == url),
        }
    }
}

/// The client an assertion claims to be of; nothing is proved by it.
pub(super) fn claimed(assertion: &str) -> Answered<String> {
    let claims: Claims = dangerous::insecure_decode_claims(assertion)
        .map_err(|_| Refusal::client("the assertion cannot be read"))?;
    Ok(claims.sub)
}

/// Whether an assertion proves that it comes from a client, and is shown for the first time.
pub(super) async fn check(
    identity: &Identity,
    client: &IdentityClient,
    assertion: &str,
    now: Timestamp,
) -> Answered<()> {
    let header =
        decode_header(assertion).map_err(|_| Refusal::client("the assertion cannot be read"))?;
    // Decided here and by the key, never by the header alone.
    if !matches!(header.alg, Algorithm::RS384 | Algorithm::ES384) {
        return Err(Refusal::client("assertions are signed with RS384 or ES384"));
    }
    if header.crit.is_some() {
        return Err(Refusal::client("the assertion has critical extensions"));
    }
    let kid = header.kid.clone();
    let kid = kid.ok_or_else(|| Refusal::client("the header of the assertion has no kid"))?;
    let keys = match &client.kind {
        ClientKind::Jwks(jwks) => serde_json::from_str(jwks)
            .map_err(|_| Refusal::client("the keys of this client cannot be read"))?,
        ClientKind::JwksUri(uri) => identity.jwks.of(uri, &kid, now).await?,
        ClientKind::Public | ClientKind::Symmetric(_) => {
            return Err(Refusal::client("this client does not use assertions"));
        }
    };
    let claims = signed_by(&keys, &kid, &header, assertion)
        .ok_or_else(|| Refusal::client("no key of this client has signed the assertion"))?;
    let expires = in_time(identity, client, &claims, now)?;
    let is_first = identity
        .store
        .use_identity_assertion(&client.id, secret::hash(&claims.jti), expires + SKEW)
        .await?;
    match is_first {
        true => Ok(()),
        false => Err(Refusal::client("the assertion was shown before")),
    }
}

fn in_time(
    identity: &Identity,
    client: &IdentityClient,
    claims: &Claims,
    now: Timestamp,
) -> Answered<Timestamp> {
    let refused = |sentence: &str| Err(Refusal::client(sentence));
    if claims.iss != *client.id || claims.sub != *client.id {
        return refused("iss and sub of the assertion must both be the client_id");
    }
    if !claims.aud.names(&identity.url("/auth/token")) {
        return refused("aud of the assertion must be the token endpoint");
    }
    let instant = |seconds| {
        Timestamp::from_second(seconds)
            .map_err(|_| Refusal::client("an instant of the assertion is out of range"))
    };
    let expires = instant(claims.exp)?;
    if expires <= now - SKEW {
        return refused("the assertion has expired");
    }
    if expires > now + LIFE_MAX + SKEW {
        return refused("the assertion must expire within five minutes");
    }
    if let Some(not_before) = claims.nbf
        && instant(not_before)? > now + SKEW
    {
        return refused("the assertion is not valid yet");
    }
    if claims.jti.is_empty() || claims.jti.len() > JTI_MAX {
        return refused("the jti of the assertion is empty or too long");
    }
    Ok(expires)
}

/// Claims, where a key of that name and of the kind that the algorithm needs has signed them.
fn signed_by(keys: &JwkSet, kid: &str, header: &Header, assertion: &str) -> Option<Claims> {
    let mut validation = Validation::new(header.alg);
    // The clock is asked in one place, and it is not the library's.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    keys.keys
        .iter()
        .filter(|key| key.common.key_id.as_deref() == Some(kid) && fits(key, header.alg))
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .find_map(|key| decode(assertion, &key, &validation).ok())
        .map(|token| token.claims)
}
