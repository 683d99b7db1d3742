//! The file: gzip around frames, each a kind, a length and its bytes, closed by a SHA-256 of them all.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{Receiver, Sender};

use super::BackupError;

/// First words of every backup.
const FORMAT: &str = "vesta-backup";

/// The version of the format that this code writes and reads.
const VERSION: u32 = 1;

/// Longest frame that is read; what is written stays well below.
const FRAME_BYTES_MAX: u32 = 8 << 20;

/// What the backup is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: String,
    version: u32,
    /// Version of PostgreSQL, for whoever wonders.
    pub postgresql: String,
    /// When the database was in this state.
    pub taken_at: String,
    /// Versions and checksums of the migrations that made the schema.
    pub migrations: Vec<(i64, String)>,
    /// The tables in the order that their references allow.
    pub tables: Vec<Table>,
}

impl Header {
    /// The header of a backup in the format of this code.
    pub fn new(
        postgresql: String,
        taken_at: String,
        migrations: Vec<(i64, String)>,
        tables: Vec<Table>,
    ) -> Header {
        Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            postgresql,
            taken_at,
            migrations,
            tables,
        }
    }
}

/// A table and those of its columns that are not computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
}

/// A sequence that has given out values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The last value it gave out.
    pub last_value: i64,
}

/// One piece of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// What the backup is of; the first frame.
    Header(Header),
    /// The rows of the header's next table begin.
    Table,
    /// Rows, or parts of rows, as `COPY` writes them.
    Rows(Vec<u8>),
    /// The table is complete with this many rows.
    TableEnd(u64),
    /// Where a sequence stands.
    Sequence(Sequence),
    /// The backup is complete; in the file, the checksum stands here.
    End,
}

/// Writes a backup under a name of its own, and gives it the real one when it is complete.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    unfinished: PathBuf,
    output: GzEncoder<BufWriter<File>>,
    digest: Sha256,
}

impl Writer {
    pub(super) fn create(path: &Path) -> Result<Writer, BackupError> {
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(path.display().to_string()));
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".unfinished-{}", std::process::id()));
        let unfinished = path.with_file_name(name);
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(failed("write", &unfinished))?;
        Ok(Writer {
            path: path.to_path_buf(),
            unfinished,
            output: GzEncoder::new(BufWriter::new(file), Compression::fast()),
            digest: Sha256::new(),
        })
    }

    /// Takes frames until the end; without an end frame nothing is left behind.
    pub(super) fn write_all(mut self, mut frames: Receiver<Frame>) -> Result<(), BackupError> {
        let unfinished = self.unfinished.clone();
        while let Some(frame) = frames.blocking_recv() {
            let end = frame == Frame::End;
            self.write(&frame).map_err(failed("write", &unfinished))?;
            if end {
                return self.finish();
            }
        }
        // Whoever sent the frames says why they ended; dropping the writer removes the file.
        Ok(())
    }

    fn write(&mut self, frame: &Frame) -> std::io::Result<()> {
        let json = |value: serde_json::Result<Vec<u8>>| value.map_err(std::io::Error::from);
        let (kind, bytes) = match frame {
            Frame::Header(header) => (b'H', json(serde_json::to_vec(header))?),
            Frame::Table => (b'T', Vec::new()),
            Frame::Rows(rows) => return self.write_bytes(b'R', rows),
            Frame::TableEnd(rows) => (b'E', rows.to_be_bytes().to_vec()),
            Frame::Sequence(sequence) => (b'S', json(serde_json::to_vec(sequence))?),
            Frame::End => (b'Z', self.digest.clone().finalize().to_vec()),
        };
        self.write_bytes(kind, &bytes)
    }

    fn write_bytes(&mut self, kind: u8, bytes: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(bytes.len())
            .ok()
            .filter(|length| *length <= FRAME_BYTES_MAX)
            .ok_or_else(|| std::io::Error::other("a frame is too long"))?;
        let mut head = [kind, 0, 0, 0, 0];
        head[1..].copy_from_slice(&length.to_be_bytes());
        self.digest.update(head);
        self.digest.update(bytes);
        self.output.write_all(&head)?;
        self.output.write_all(bytes)
    }

    fn finish(mut self) -> Result<(), BackupError> {
        self.make_durable().map_err(failed("write", &self.path))
    }

    fn make_durable(&mut self) -> std::io::Result<()> {
        self.output.try_finish()?;
        self.output.get_mut().flush()?;
        self.output.get_ref().get_ref().sync_all()?;
        fs::rename(&self.unfinished, &self.path)?;
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory)?.sync_all()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        match fs::remove_file(&self.unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(file = %self.unfinished.display(), %error, "cannot remove the unfinished backup");
            }
            _ => {}
        }
    }
}

/// Reads a backup and proves it complete.
pub(super) struct Reader {
    path: PathBuf,
    input: GzDecoder<BufReader<File>>,
    digest: Sha256,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Reader, BackupError> {
        let file = File::open(path).map_err(failed("read", path))?;
        Ok(Reader {
            path: path.to_path_buf(),
            input: GzDecoder::new(BufReader::new(file)),
            digest: Sha256::new(),
        })
    }

    /// Sends frame after frame; `End` only if the whole file is as it was written.
    pub(super) fn read_all(mut self, frames: &Sender<Frame>) -> Result<(), BackupError> {
        let mut first = true;
        loop {
            let frame = self.read().map_err(|reason| BackupError::Damaged {
                path: self.path.display().to_string(),
                reason,
            })?;
            if first != matches!(frame, Frame::Header(_)) {
                return Err(BackupError::Damaged {
                    path: self.path.display().to_string(),
                    reason: "its header is not where it belongs".to_owned(),
                });
            }
            first = false;
            let end = frame == Frame::End;
            // Nobody takes frames any more: the restore has failed and says why itself.
            if frames.blocking_send(frame).is_err() || end {
                return Ok(());
            }
        }
    }

    fn read(&mut self) -> Result<Frame, String> {
        let said = |error: std::io::Error| match error.kind() {
            ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
            _ => error.to_string(),
        };
        let mut head = [0; 5];
        self.input.read_exact(&mut head).map_err(said)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > FRAME_BYTES_MAX {
            return Err("a frame is too long".to_owned());
        }
        let mut bytes = Vec::new();
        let wanted = u64::from(length);
        let read = (&mut self.input)
            .take(wanted)
            .read_to_end(&mut bytes)
            .map_err(said)?;
        if u64::try_from(read) != Ok(wanted) {
            return Err("it ends too early".to_owned());
        }
        if kind == b'Z' {
            return self.end(&bytes).map(|()| Frame::End);
        }
        self.digest.update(head);
        self.digest.update(&bytes);
        frame(kind, bytes)
    }

    fn end(&mut self, expected: &[u8]) -> Result<(), String> {
        if self.digest.clone().finalize().as_slice() != expected {
            return Err("its checksum is wrong".to_owned());
        }
        let mut more = [0; 1];
        match self.input.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err("something follows its end".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn frame(kind: u8, bytes: Vec<u8>) -> Result<Frame, String> {
    match kind {
        b'H' => {
            let header: Header = parsed(&bytes)?;
            match (header.format.as_str(), header.version) {
                (FORMAT, VERSION) => Ok(Frame::Header(header)),
                (FORMAT, other) => Err(format!("its format has version {other}, not {VERSION}")),
                _ => Err("it has another format".to_owned()),
            }
        }
        b'T' => Ok(Frame::Table),
        b'R' => Ok(Frame::Rows(bytes)),
        b'E' => match <[u8; 8]>::try_from(bytes) {
            Ok(rows) => Ok(Frame::TableEnd(u64::from_be_bytes(rows))),
            Err(_) => Err("a number of rows is not one".to_owned()),
        },
        b'S' => parsed(&bytes).map(Frame::Sequence),
        _ => Err("it has a frame of an unknown kind".to_owned()),
    }
}

fn parsed<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.display().to_string();
    move |cause| BackupError::File {
        action,
        path,
        cause,
    }
}
