//! The keys that sign ID tokens: RS256 or ES384, a new one every 90 days, an old one published as long as anything it signed
//! (<https://openid.net/specs/openid-connect-core-1_0.html#IDToken>).

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Identity;
use crate::error::{Error, Result};
use crate::store::{SigningAlgorithm, SigningKey};

/// How long a key signs.
const SIGNS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long it is published from its first day on.
const PUBLISHED: SignedDuration = SignedDuration::from_hours(100 * 24);
/// Octets of one number of a point on P-384; a public key is both behind an octet that says so.
const P384_OCTETS: usize = 48;

/// A public key cannot be read out of a private one.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a key of this server cannot be used")]
struct Unusable;

fn unusable<E>(_: E) -> Error {
    Error::internal(Unusable)
}

/// A key, opened.
enum Pair {
    Rsa(Box<RsaKeyPair>),
    Elliptic(Box<EcdsaKeyPair>),
}

/// What a key is sealed for.
fn purpose(kid: &str) -> String {
    format!("signing key {kid}")
}

/// The keys that are published and can be opened, newest first. Where none of the algorithm is young enough to sign, one is
/// made: so it is too where the key is lost that the others are sealed with.
async fn published(identity: &Identity, now: Timestamp) -> Result<Vec<(SigningKey, Pair)>> {
    let wanted = identity.settings.id_tokens;
    let keys = opened(identity, now).await?;
    let is_young = |key: &SigningKey| key.algorithm == wanted && key.created_at > now - SIGNS;
    if keys.iter().any(|(key, _)| is_young(key)) {
        return Ok(keys);
    }
    let made = tokio::task::spawn_blocking(move || make(wanted));
    let document = made.await.map_err(Error::internal)??;
    let kid = super::secret::random()?;
    let key = SigningKey {
        algorithm: wanted,
        private_key: identity.vault.seal(&purpose(&kid), &document)?,
        kid: kid.into(),
        created_at: now,
    };
    let mark = identity.vault.mark();
    identity
        .store
        .add_identity_key(&key, mark, now - SIGNS)
        .await?;
    opened(identity, now).await
}

async fn opened(identity: &Identity, now: Timestamp) -> Result<Vec<(SigningKey, Pair)>> {
    let keys = identity.store.identity_keys(now - PUBLISHED).await?;
    let open = |key: SigningKey| {
        let document = identity.vault.open(&purpose(&key.kid), &key.private_key);
        match document.and_then(|document| pair(key.algorithm, &document)) {
            Ok(pair) => Some((key, pair)),
            Err(error) => {
                tracing::warn!(kid = %key.kid, cause = ?error.cause(), "a key that signs ID tokens is not used");
                None
            }
        }
    };
    Ok(keys.into_iter().filter_map(open).collect())
}

/// A new key as PKCS #8.
fn make(algorithm: SigningAlgorithm) -> Result<Vec<u8>> {
    match algorithm {
        SigningAlgorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(unusable)?;
            let der = pair.as_der().map_err(unusable)?;
            Ok(der.as_ref().to_vec())
        }
        SigningAlgorithm::Es384 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING);
            let document = pair.and_then(|pair| pair.to_pkcs8v1()).map_err(unusable)?;
            Ok(document.as_ref().to_vec())
        }
    }
}

fn pair(algorithm: SigningAlgorithm, document: &[u8]) -> Result<Pair> {
    Ok(match algorithm {
        SigningAlgorithm::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(document).map_err(unusable)?;
            Pair::Rsa(Box::new(pair))
        }
        SigningAlgorithm::Es384 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, document);
            Pair::Elliptic(Box::new(pair.map_err(unusable)?))
        }
    })
}

fn number(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// One public key (<https://www.rfc-editor.org/rfc/rfc7518#section-6>).
fn public(key: &SigningKey, pair: &Pair) -> Result<Value> {
    let mut jwk = json!({"use": "sig", "alg": key.algorithm.name(), "kid": key.kid});
    match pair {
        Pair::Rsa(pair) => {
            let public = pair.public_key();
            jwk["kty"] = json!("RSA");
            jwk["n"] = json!(number(public.modulus().big_endian_without_leading_zero()));
            jwk["e"] = json!(number(public.exponent().big_endian_without_leading_zero()));
        }
        Pair::Elliptic(pair) => {
            let point = pair.public_key().as_ref();
            let both = point.split_first().map(|(_, both)| both);
            let (x, y) = both
                .and_then(|both| both.split_at_checked(P384_OCTETS))
                .ok_or_else(|| Error::internal(Unusable))?;
            jwk["kty"] = json!("EC");
            jwk["crv"] = json!("P-384");
            jwk["x"] = json!(number(x));
            jwk["y"] = json!(number(y));
        }
    }
    Ok(jwk)
}

/// The JSON Web Key Set (<https://www.rfc-editor.org/rfc/rfc7517>).
pub(super) async fn key_set(identity: &Identity, now: Timestamp) -> Result<Value> {
    let keys = published(identity, now).await?;
    let keys = keys.iter().map(|(key, pair)| public(key, pair));
    Ok(json!({ "keys": keys.collect::<Result<Vec<Value>>>()? }))
}

/// Signs claims with the newest key (<https://www.rfc-editor.org/rfc/rfc7515#section-7.1>).
pub(super) async fn signed(identity: &Identity, claims: &Value, now: Timestamp) -> Result<String> {
    let keys = published(identity, now).await?;
    let mut own = keys
        .iter()
        .filter(|(key, _)| key.algorithm == identity.settings.id_tokens);
    let (key, pair) = own.next().ok_or_else(|| Error::internal(Unusable))?;
    let header = json!({"alg": key.algorithm.name(), "typ": "JWT", "kid": key.kid});
    let message = format!(
        "{}.{}",
        number(header.to_string()),
        number(claims.to_string())
    );
    let random = SystemRandom::new();
    let signature = match pair {
        Pair::Rsa(pair) => {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(
                &RSA_PKCS1_SHA256,
                &random,
                message.as_bytes(),
                &mut signature,
            )
            .map_err(unusable)?;
            signature
        }
        Pair::Elliptic(pair) => {
            let signature = pair.sign(&random, message.as_bytes()).map_err(unusable)?;
            signature.as_ref().to_vec()
        }
    };
    Ok(format!("{message}.{}", number(signature)))
}
