//! A reader that hands out only so much for one row or element: a quotation mark that is never closed must not bring the
//! whole file into memory.

use std::io::{self, BufRead, Read};

/// Most bytes of one row or element, and of what is read ahead of it.
const BYTES_MAX: u64 = 4 << 20;

/// The bounded reader.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R> Bounded<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            left: BYTES_MAX,
        }
    }

    /// A row or element is done, the next one begins.
    pub(super) fn begin(&mut self) {
        self.left = BYTES_MAX;
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
    }

    fn check(&self) -> io::Result<()> {
        match self.left {
            0 => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row or element does not end: is a quotation mark or tag left open?",
            )),
            _ => Ok(()),
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let read = self.inner.read(buffer)?;
        self.spend(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.spend(bytes);
        self.inner.consume(bytes);
    }
}
