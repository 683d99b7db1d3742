//! The public keys of clients: which can sign assertions
//! (<https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html>).

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};

/// Whether a key is one for this algorithm.
pub(crate) fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let is_for_signatures = matches!(
        key.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let says = key.common.key_algorithm.map(|own| own.to_string());
    let agrees = says.is_none_or(|own| own == format!("{algorithm:?}"));
    let is_of_kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS384) => true,
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES384) => {
            curve.curve == EllipticCurve::P384
        }
        _ => false,
    };
    is_for_signatures && agrees && is_of_kind
}

/// Whether a text is a set of public keys, at least one of which can sign assertions. A private key is refused: it is
/// not ours to keep.
pub(crate) fn is_key_set(text: &str) -> bool {
    let Ok(set) = serde_json::from_str::<JwkSet>(text) else {
        return false;
    };
    let Ok(raw) = serde_json::from_str::<serde_json::Value>(text) else {
        return false;
    };
    let keys = raw.get("keys").and_then(serde_json::Value::as_array);
    let is_private = keys.is_some_and(|keys| keys.iter().any(|key| key.get("d").is_some()));
    let algorithms = [Algorithm::RS384, Algorithm::ES384];
    let can_sign = |key: &Jwk| {
        key.common.key_id.is_some() && algorithms.iter().any(|algorithm| fits(key, *algorithm))
    };
    !is_private && set.keys.iter().any(can_sign)
}
