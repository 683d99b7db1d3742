//! The key that signs checkpoints: a file outside the database, so that whoever can change the database cannot sign.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use super::chain::hexadecimal;

/// A key pair of Ed25519 (<https://www.rfc-editor.org/rfc/rfc8032>).
pub struct AuditKey {
    pair: Ed25519KeyPair,
    id: String,
    /// For rows, which are too many to be signed.
    rows: Hmac<Sha256>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the key of the audit trail, {path}: {cause}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Others than its owner may read it.
    #[error("{path} is the key of the audit trail, and others may read it: chmod 600 it", path = .0.display())]
    Open(PathBuf),
    /// It holds something else.
    #[error("{path} is not a key of the audit trail: a private key of Ed25519 in PKCS#8, as hexadecimal text", path = .0.display())]
    Unusable(PathBuf),
}

impl AuditKey {
    /// The key in a file; where there is none it is made, for its owner alone.
    pub fn of_file(path: &Path) -> Result<Self, KeyError> {
        let file = |cause| KeyError::File {
            path: path.to_owned(),
            cause,
        };
        match fs::metadata(path) {
            Ok(metadata) if metadata.mode() & 0o077 != 0 => {
                return Err(KeyError::Open(path.to_owned()));
            }
            Ok(_) => {}
            Err(cause) if cause.kind() == ErrorKind::NotFound => {
                if let Some(directory) = path.parent() {
                    fs::create_dir_all(directory).map_err(file)?;
                }
                make(path)?;
            }
            Err(cause) => return Err(file(cause)),
        }
        let text = fs::read_to_string(path).map_err(file)?;
        let unusable = || KeyError::Unusable(path.to_owned());
        let document = bytes(text.trim()).ok_or_else(unusable)?;
        Self::of(&document).ok_or_else(unusable)
    }

    /// A key that is forgotten with the process.
    pub fn passing() -> Option<Self> {
        let document = Ed25519KeyPair::generate().ok()?.to_pkcs8v1().ok()?;
        Self::of(document.as_ref())
    }

    fn of(document: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document).ok()?;
        let digest = Sha256::digest(pair.public_key().as_ref());
        let rows = Sha256::digest([b"vesta audit row\n".as_slice(), document].concat());
        Some(Self {
            id: hexadecimal(&digest[..8]),
            pair,
            rows: Hmac::new_from_slice(&rows).ok()?,
        })
    }

    /// A name for the public half.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Begins to show that whoever has this key wrote something.
    pub(super) fn prover(&self) -> Prover {
        Prover(self.rows.clone())
    }

    /// Signs.
    pub fn sign(&self, text: &str) -> Vec<u8> {
        self.pair.sign(text.as_bytes()).as_ref().to_vec()
    }

    /// Whether this key signed that.
    pub fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.pair.public_key().as_ref())
            .verify(text.as_bytes(), signature)
            .is_ok()
    }
}

/// Takes what is proven, part by part; where one ends is proven, too.
pub(super) struct Prover(Hmac<Sha256>);

impl Prover {
    pub(super) fn number(&mut self, number: i64) {
        self.0.update(&number.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.update(&text.len().to_le_bytes());
        self.0.update(text.as_bytes());
    }

    pub(super) fn optional(&mut self, text: Option<&str>) {
        self.number(i64::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    pub(super) fn texts<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) {
        self.0.update(&texts.len().to_le_bytes());
        texts.for_each(|text| self.text(text));
    }

    pub(super) fn proof(self) -> String {
        hexadecimal(&self.0.finalize().into_bytes()[..16])
    }
}

/// Shows the name alone.
impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditKey").field("id", &self.id).finish()
    }
}

/// Of two processes that make one, the first does.
fn make(path: &Path) -> Result<(), KeyError> {
    let file = |cause| KeyError::File {
        path: path.to_owned(),
        cause,
    };
    let made = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1());
    let document = made.map_err(|_| file(std::io::Error::other("no key can be made")))?;
    let draft = path.with_extension(format!("{}.new", uuid::Uuid::new_v4()));
    let mut options = OpenOptions::new();
    let mut new = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(file)?;
    new.write_all(hexadecimal(document.as_ref()).as_bytes())
        .map_err(file)?;
    new.sync_all().map_err(file)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(file)?;
    match linked {
        Err(cause) if cause.kind() != ErrorKind::AlreadyExists => Err(file(cause)),
        _ => Ok(()),
    }
}

pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(text.get(place..place + 2)?, 16).ok())
        .collect()
}
