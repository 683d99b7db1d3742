//! The last checkpoint that this node has seen, in a file outside the database: whoever owns the database can cut off the end
//! of the chain with its checkpoints, and this says that there was one.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::chain::{Checkpoint, hexadecimal};
use super::key::bytes;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHead {
    /// The name of the chain.
    pub chain: String,
    /// The number of the checkpoint.
    pub number: i64,
    /// The link it speaks of.
    pub seq: i64,
    /// Its signature.
    pub signature: Vec<u8>,
}

/// The file.
#[derive(Clone, Debug)]
pub struct HeadFile(PathBuf);

/// Why it tells nothing.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// It cannot be read or written.
    #[error("{path}: {cause}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It holds something else.
    #[error("{path} holds no checkpoint", path = .0.display())]
    Unusable(PathBuf),
}

const FIRST_LINE: &str = "vesta audit head";

impl KnownHead {
    /// A checkpoint of a chain.
    pub fn of(chain: &str, checkpoint: &Checkpoint) -> Self {
        Self {
            chain: chain.to_owned(),
            number: checkpoint.number,
            seq: checkpoint.seq,
            signature: checkpoint.signature.clone(),
        }
    }

    fn text(&self) -> String {
        format!(
            "{FIRST_LINE}\n{}\n{}\n{}\n{}\n",
            self.chain,
            self.number,
            self.seq,
            hexadecimal(&self.signature)
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().skip_while(|line| *line != FIRST_LINE).skip(1);
        Some(Self {
            chain: lines.next()?.to_owned(),
            number: lines.next()?.parse().ok()?,
            seq: lines.next()?.parse().ok()?,
            signature: bytes(lines.next()?)?,
        })
    }
}

impl HeadFile {
    /// The one beside a key.
    pub fn beside(key: &Path) -> Self {
        Self(key.with_extension("head"))
    }

    /// What it says; nothing where there is none yet.
    pub fn read(&self) -> Result<Option<KnownHead>, HeadError> {
        match fs::read_to_string(&self.0) {
            Ok(text) => match KnownHead::parse(&text) {
                Some(known) => Ok(Some(known)),
                None => Err(HeadError::Unusable(self.0.clone())),
            },
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.fault(cause)),
        }
    }

    /// Writes it anew; whoever reads it meanwhile finds the former text or this one.
    pub fn write(&self, known: &KnownHead) -> Result<(), HeadError> {
        let draft = self
            .0
            .with_extension(format!("head.{}.new", uuid::Uuid::new_v4()));
        let written = || {
            let mut options = OpenOptions::new();
            let options = options.write(true).create_new(true).mode(0o600);
            let mut new = options.open(&draft)?;
            new.write_all(known.text().as_bytes())?;
            new.sync_all()?;
            fs::rename(&draft, &self.0)
        };
        written().map_err(|cause| self.fault(cause))
    }

    fn fault(&self, cause: std::io::Error) -> HeadError {
        HeadError::File {
            path: self.0.clone(),
            cause,
        }
    }
}
