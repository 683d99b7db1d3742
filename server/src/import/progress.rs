//! How far an import is: said in the log, not too often.

use std::io::{self, Read};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::context;

/// Between two lines.
const INTERVAL_MS: i64 = 3_000;

/// How far it is.
#[derive(Debug)]
pub(super) struct Progress {
    bytes_all: u64,
    bytes_read: AtomicU64,
    pieces: AtomicU64,
    said_at: AtomicI64,
}

impl Progress {
    /// With so many bytes to be read.
    pub(super) fn of(bytes_all: u64) -> Self {
        Self {
            bytes_all,
            bytes_read: AtomicU64::new(0),
            pieces: AtomicU64::new(0),
            said_at: AtomicI64::new(context::now().as_millisecond()),
        }
    }

    /// So many pieces more are on their way into the database.
    pub(super) fn pieces(&self, more: u64) {
        let pieces = self.pieces.fetch_add(more, Ordering::Relaxed) + more;
        if self.is_due() {
            let read = self.bytes_read.load(Ordering::Relaxed);
            let percent = (read * 100).checked_div(self.bytes_all).unwrap_or(100);
            tracing::info!(percent, pieces, "reading");
        }
    }

    /// So many concepts are built.
    pub(super) fn concepts(&self, built: i32, all: i32) {
        if self.is_due() || built == all {
            tracing::info!(built, all, "building concepts");
        }
    }

    fn is_due(&self) -> bool {
        let now = context::now().as_millisecond();
        let is_due = now - self.said_at.load(Ordering::Relaxed) >= INTERVAL_MS;
        if is_due {
            self.said_at.store(now, Ordering::Relaxed);
        }
        is_due
    }
}

/// A file whose bytes are counted as they are read.
#[derive(Debug)]
pub(super) struct Counted<'a, R> {
    pub(super) inner: R,
    pub(super) progress: &'a Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.progress.bytes_read.fetch_add(bytes, Ordering::Relaxed);
        Ok(read)
    }
}
