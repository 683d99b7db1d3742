//! Random texts that open something, and the hashes they are known by.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::store::SecretHash;

/// 256 random bits as 43 letters.
pub(crate) fn random() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

/// Random bytes.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::internal("no random bytes"))?;
    Ok(bytes)
}

/// What a text is known by.
pub(crate) fn hash(text: &str) -> SecretHash {
    SecretHash::of(text)
}

/// `BASE64URL(SHA256(text))`: the challenge of a verifier (<https://www.rfc-editor.org/rfc/rfc7636#section-4.2>).
pub(crate) fn challenge(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

/// Whether two texts are the same, in a time that tells nothing of them.
pub(crate) fn same(left: &str, right: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left.as_bytes(), right.as_bytes()).is_ok()
}
