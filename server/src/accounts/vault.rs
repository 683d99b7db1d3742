//! Secrets that must be known again, sealed with a key that is not in the database: whoever reads the database or a
//! backup of it has no second factor of anybody, and signs no ID token. AES-256-GCM, bound to what a secret is for.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::secret;
use crate::error::{Error, ErrorKind, Result};

/// The form of what is sealed, and the name of the key it is sealed with.
const MARK_LEN: usize = 9;
const FORM: u8 = 1;

/// Seals and opens.
pub struct Vault {
    key: RandomizedNonceKey,
    mark: [u8; MARK_LEN],
}

/// Shows nothing.
impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

fn failed<E>(_: E) -> Error {
    Error::internal("a secret cannot be sealed")
}

impl Vault {
    /// One with the key in a file; where there is none it is made, for its owner alone.
    pub fn of_file(path: &Path) -> Result<Self> {
        let refused = |sentence: String| {
            let named = format!("VESTA_IDENTITY_KEY_FILE, {}: {sentence}", path.display());
            Error::new(ErrorKind::BadValue, named)
        };
        let unusable = |error: std::io::Error| refused(error.to_string());
        match fs::metadata(path) {
            Ok(metadata) if metadata.mode() & 0o077 != 0 => {
                return Err(refused("others may read it: chmod 600 it".to_owned()));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                make(path, &secret::random()?).map_err(unusable)?;
            }
            Err(error) => return Err(unusable(error)),
        }
        let text = fs::read_to_string(path).map_err(unusable)?;
        let key = URL_SAFE_NO_PAD.decode(text.trim()).ok();
        let key: Option<[u8; 32]> = key.and_then(|key| key.try_into().ok());
        let key = key.ok_or_else(|| refused("it is not 32 bytes as base64url".to_owned()))?;
        Self::of(&key)
    }

    pub(crate) fn of(key: &[u8; 32]) -> Result<Self> {
        let digest = Sha256::digest(key);
        let mut mark = [FORM; MARK_LEN];
        mark[1..].copy_from_slice(&digest[..MARK_LEN - 1]);
        Ok(Self {
            key: RandomizedNonceKey::new(&AES_256_GCM, key).map_err(failed)?,
            mark,
        })
    }

    /// What everything begins with that is sealed with this key.
    pub(crate) fn mark(&self) -> &[u8; MARK_LEN] {
        &self.mark
    }

    /// Seals a secret for one purpose.
    pub(crate) fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = secret.to_vec();
        let purpose = Aad::from(purpose.as_bytes());
        let nonce = self.key.seal_in_place_append_tag(purpose, &mut sealed);
        let nonce = nonce.map_err(failed)?;
        Ok([self.mark.as_slice(), nonce.as_ref(), &sealed].concat())
    }

    /// Opens what was sealed with this key for this purpose.
    pub(crate) fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let other = || {
            Error::internal(
                "a secret was sealed with another key, or is another's: VESTA_IDENTITY_KEY_FILE must be the file it was when the secret was set",
            )
        };
        let rest = sealed.strip_prefix(&self.mark).ok_or_else(other)?;
        let (nonce, rest) = rest.split_at_checked(NONCE_LEN).ok_or_else(other)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| other())?;
        let mut rest = rest.to_vec();
        let purpose = Aad::from(purpose.as_bytes());
        let opened = self.key.open_in_place(nonce, purpose, &mut rest);
        opened.map(|secret| secret.to_vec()).map_err(|_| other())
    }
}

/// What the second factor of a login is sealed for.
pub(crate) fn second_factor_of(login: &str) -> String {
    format!("second factor of {login}")
}

/// Of two processes that make a key, the first does.
fn make(path: &Path, key: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let draft = path.with_extension(format!("{}.new", uuid::Uuid::new_v4()));
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_opened_by_its_key_for_its_purpose_alone() {
        let vault = Vault::of(&[7; 32]).unwrap();
        let sealed = vault.seal("a", b"secret").unwrap();
        assert_ne!(sealed, vault.seal("a", b"secret").unwrap());
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(vault.open("a", &sealed).unwrap(), b"secret");
        assert!(vault.open("b", &sealed).is_err(), "for something else");
        let other = Vault::of(&[8; 32]).unwrap();
        assert!(other.open("a", &sealed).is_err(), "another key");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(vault.open("a", &changed).is_err(), "{place}");
            assert!(vault.open("a", &sealed[..place]).is_err(), "{place}");
        }
        assert!(vault.open("a", b"secret").is_err(), "never sealed");
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let directory = std::env::temp_dir().join(format!("vault-{}", uuid::Uuid::new_v4()));
        let path = directory.join("identity.key");
        let sealed = Vault::of_file(&path).unwrap().seal("a", b"s").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        let again = Vault::of_file(&path).unwrap();
        assert_eq!(again.open("a", &sealed).unwrap(), b"s");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Vault::of_file(&path).is_err(), "others may read it");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "not a key").unwrap();
        assert!(Vault::of_file(&path).is_err());
        fs::remove_dir_all(directory).unwrap();
    }
}
