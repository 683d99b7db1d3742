//! The keys that sign ID tokens: RS256, a new one every 90 days, an old one published as long as anything it signed
//! (<https://openid.net/specs/openid-connect-core-1_0.html#IDToken>).

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::store::{SigningKey, Store};

/// How long a key signs.
const SIGNS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long it is published from its first day on.
const PUBLISHED: SignedDuration = SignedDuration::from_hours(100 * 24);

/// A public key cannot be read out of a private one.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a key of this server cannot be used")]
struct Unusable;

/// The keys that are published, newest first. Where none is young enough to sign, one is made.
async fn published(store: &Store, now: Timestamp) -> Result<Vec<SigningKey>> {
    let keys = store.identity_keys(now - PUBLISHED).await?;
    if keys.iter().any(|key| key.created_at > now - SIGNS) {
        return Ok(keys);
    }
    let made = tokio::task::spawn_blocking(move || make(now));
    let key = made.await.map_err(Error::internal)??;
    store.add_identity_key(&key, now - SIGNS).await?;
    store.identity_keys(now - PUBLISHED).await
}

fn make(now: Timestamp) -> Result<SigningKey> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| Error::internal(Unusable))?;
    let der = pair.as_der().map_err(|_| Error::internal(Unusable))?;
    Ok(SigningKey {
        kid: super::secret::random()?.into(),
        private_key: der.as_ref().to_vec(),
        created_at: now,
    })
}

fn pair(key: &SigningKey) -> Result<KeyPair> {
    KeyPair::from_pkcs8(&key.private_key).map_err(Error::internal)
}

/// The JSON Web Key Set (<https://www.rfc-editor.org/rfc/rfc7517>).
pub(super) async fn key_set(store: &Store, now: Timestamp) -> Result<Value> {
    let jwk = |key: &SigningKey| {
        let pair = pair(key)?;
        let public = pair.public_key();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Ok(json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": key.kid,
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        }))
    };
    let keys = published(store, now).await?;
    let keys: Vec<Value> = keys.iter().map(jwk).collect::<Result<_>>()?;
    Ok(json!({ "keys": keys }))
}

/// Signs claims with the newest key (<https://www.rfc-editor.org/rfc/rfc7515#section-7.1>).
pub(super) async fn signed(store: &Store, claims: &Value, now: Timestamp) -> Result<String> {
    let keys = published(store, now).await?;
    let key = keys.first().ok_or_else(|| Error::internal(Unusable))?;
    let pair = pair(key)?;
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": key.kid});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .map_err(|_| Error::internal(Unusable))?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
