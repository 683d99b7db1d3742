//! Page links: where a page ends, signed, so that nothing is kept on the server and nothing can be made up.
//! The key is shared by all nodes through the database; a link stays good after a restart.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, ErrorKind, Result};

/// Bytes of the signature that travel.
const SIGNATURE_LENGTH: usize = 16;

/// Signs and checks page links.
pub(super) struct CursorKey {
    mac: Option<Hmac<Sha256>>,
}

impl CursorKey {
    pub(super) fn new(key: &str) -> Self {
        Self {
            mac: Hmac::new_from_slice(key.as_bytes()).ok(),
        }
    }

    fn signature(&self, purpose: &str, place: &str) -> Result<Vec<u8>> {
        let mut mac = self
            .mac
            .clone()
            .ok_or_else(|| Error::internal("the key of page links is unusable"))?;
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(place.as_bytes());
        Ok(mac.finalize().into_bytes()[..SIGNATURE_LENGTH].to_vec())
    }

    /// Makes the link text of a place; `purpose` binds it to one list: its scope and its parameters.
    pub(super) fn seal(&self, purpose: &str, place: &str) -> Result<String> {
        let mut bytes = self.signature(purpose, place)?;
        bytes.extend_from_slice(place.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the place back. A link that was changed, or made for another list, is refused.
    pub(super) fn open(&self, purpose: &str, link: &str) -> Result<String> {
        let refused = || {
            Error::new(
                ErrorKind::BadValue,
                "the page link is not one this server made for this request",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(link).map_err(|_| refused())?;
        let (signature, place) = bytes
            .split_at_checked(SIGNATURE_LENGTH)
            .ok_or_else(refused)?;
        let place = std::str::from_utf8(place).map_err(|_| refused())?;
        let mut mac = self.mac.clone().ok_or_else(refused)?;
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(place.as_bytes());
        mac.verify_truncated_left(signature)
            .map_err(|_| refused())?;
        Ok(place.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_only_where_and_as_it_was_made() {
        let key = CursorKey::new("secret");
        let link = key.seal("Patient", "17").unwrap();
        assert_eq!(key.open("Patient", &link).unwrap(), "17");
        let check = |key: &CursorKey, purpose: &str, link: &str| {
            assert_eq!(
                key.open(purpose, link).unwrap_err().kind(),
                ErrorKind::BadValue
            );
        };
        check(&key, "Observation", &link);
        check(&CursorKey::new("other"), "Patient", &link);
        check(&key, "Patient", "");
        check(&key, "Patient", "%%%");
        check(&key, "Patient", &link[..link.len() - 2]);
        check(
            &key,
            "Patient",
            &URL_SAFE_NO_PAD.encode([b"0123456789abcdef".as_slice(), b"18"].concat()),
        );
    }
}
