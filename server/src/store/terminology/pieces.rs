//! What is read of the files of code systems, as rows of `COPY`
//! (<https://www.postgresql.org/docs/current/sql-copy.html>), and the digest that tells whether it is the same again.

use std::fmt::Write;

use fhir::terminology::import::{Piece, PieceKind};
use sha2::{Digest, Sha256};

/// What has been read since it was last taken, and how much before.
#[derive(Clone, Debug)]
pub struct Pieces {
    tid: i64,
    rows: String,
    count: u64,
    all: u64,
    digest: Sha256,
}

/// What is to be put down at once.
#[derive(Clone, Debug)]
pub struct Rows {
    pub(super) rows: String,
    /// How many.
    pub count: u64,
    /// How many with those before.
    pub(super) all: u64,
    /// The digest of all of them.
    pub(super) digest: Vec<u8>,
}

impl Pieces {
    /// Of the import with this key.
    pub(super) fn of(tid: i64) -> Self {
        Self {
            tid,
            rows: String::new(),
            count: 0,
            all: 0,
            digest: Sha256::new(),
        }
    }

    /// Adds one.
    pub fn push(&mut self, piece: &Piece) {
        let begin = self.rows.len();
        // Writing to a String cannot fail.
        let _ = write!(self.rows, "{}\t{}\t", self.tid, piece.kind.letter());
        escape(&mut self.rows, &piece.code);
        let _ = match piece.rank {
            Some(rank) => write!(self.rows, "\t{rank}\t"),
            None => write!(self.rows, "\t\\N\t"),
        };
        match piece.kind {
            PieceKind::Parent => self.rows.push_str("\\N"),
            _ => escape(&mut self.rows, &piece.json),
        }
        self.rows.push('\t');
        escape(&mut self.rows, &piece.words);
        self.rows.push('\n');
        self.digest.update(&self.rows.as_bytes()[begin..]);
        self.count += 1;
        self.all += 1;
    }

    /// How long the rows are.
    pub fn bytes(&self) -> usize {
        self.rows.len()
    }

    /// How many there were, with those that were taken or passed over.
    pub fn all(&self) -> u64 {
        self.all
    }

    /// The digest of all of them.
    pub fn digest(&self) -> Vec<u8> {
        self.digest.clone().finalize().to_vec()
    }

    /// Takes the rows.
    pub fn take(&mut self) -> Rows {
        let rows = Rows {
            rows: std::mem::take(&mut self.rows),
            count: self.count,
            all: self.all,
            digest: self.digest(),
        };
        self.count = 0;
        rows
    }

    /// Leaves the rows out: they are put down already.
    pub fn pass_over(&mut self) {
        self.rows.clear();
        self.count = 0;
    }
}

fn escape(rows: &mut String, text: &str) {
    for sign in text.chars() {
        match sign {
            '\\' => rows.push_str("\\\\"),
            '\t' => rows.push_str("\\t"),
            '\n' => rows.push_str("\\n"),
            '\r' => rows.push_str("\\r"),
            _ => rows.push(sign),
        }
    }
}
