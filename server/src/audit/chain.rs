//! The chain: each event's hash covers the event and the hash before it, so that none can be changed, left out, put in
//! or moved without breaking every hash behind it.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// A hash.
pub type Digest = [u8; 32];

/// What stands before the first link.
pub const GENESIS: Digest = [0; 32];

/// The place of an event in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// The hash before it.
    pub prev: Digest,
    /// Its own.
    pub hash: Digest,
}

/// The link of an event behind another: `SHA-256(prev ‖ 0x0A ‖ canonical)`, where the canonical text is that of RFC 8785.
pub fn link(seq: i64, prev: Digest, canonical: &str) -> Link {
    let mut hash = Sha256::new();
    hash.update(prev);
    hash.update(b"\n");
    hash.update(canonical.as_bytes());
    Link {
        seq,
        prev,
        hash: hash.finalize().into(),
    }
}

/// The head of the chain at a moment, signed; each names the signature of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its number, from 1.
    pub number: i64,
    /// The link it speaks of.
    pub seq: i64,
    /// That link's hash.
    pub hash: Digest,
    /// When.
    pub at: Timestamp,
    /// The signature of the checkpoint before, or nothing.
    pub prev: Vec<u8>,
    /// The key it is signed with.
    pub key_id: String,
    /// The signature, by Ed25519 over [`Checkpoint::text`].
    pub signature: Vec<u8>,
}

impl Checkpoint {
    /// What is signed.
    pub fn text(&self, chain: &str) -> String {
        format!(
            "vesta audit checkpoint\n{chain}\n{}\n{}\n{}\n{}\n{}\n{}\n",
            self.number,
            self.seq,
            hexadecimal(&self.hash),
            self.at,
            hexadecimal(&self.prev),
            self.key_id,
        )
    }
}

/// Bytes as text.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
