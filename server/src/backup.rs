//! Backup and restore: everything the database holds, in one file that any PostgreSQL 14-18 takes.
//!
//! `decisions/0010-backup.md` says why this is not `pg_dump`.

mod file;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use sqlx::migrate::Migrator;
use tokio::sync::mpsc;

use crate::config::Secret;
use crate::store::backup::{Refill, Snapshot};

pub use file::{Frame, Header, Sequence, Table};

/// Frames that may wait between the database and the file.
const QUEUE: usize = 16;

/// Why a backup or a restore failed; what it had begun is undone.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file cannot be written or read.
    #[error("cannot {action} {path}: {cause}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A backup is never written over something else.
    #[error("{0} exists already: choose another name")]
    Exists(String),
    /// The file is not a backup, is cut short, or was changed.
    #[error("{path} is not a complete backup: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is something in the database, and a restore would mix with it.
    #[error(
        "the database is not empty (it has a table {0}): restore into a new VESTA_DATA_DIR or an empty database"
    )]
    NotEmpty(String),
    /// The database to back up has never been migrated, or a migration of it failed.
    #[error("the database has no complete schema of vesta: run `vesta migrate` first")]
    NoSchema,
    /// The backup was taken with a schema that this vesta does not know.
    #[error(
        "the backup has schema version {0}, which this vesta does not know: restore with the vesta that wrote it"
    )]
    OtherSchema(i64),
    /// The database refused something.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be made.
    #[error("the schema cannot be made: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
}

/// How much was written or restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Number of tables.
    pub tables: usize,
    /// Number of rows in all of them.
    pub rows: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} rows in {} tables", self.rows, self.tables)
    }
}

/// Writes one consistent state of the database to a new file, beside whatever else goes on.
pub async fn write(url: &Secret, path: &Path) -> Result<Summary, BackupError> {
    let writer = file::Writer::create(path)?;
    let mut snapshot = Snapshot::open(url).await?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let writing = tokio::task::spawn_blocking(move || writer.write_all(receiver));
    let sent = snapshot.send(&sender).await;
    drop(sender);
    // The file's own trouble comes first: it is why frames could no longer be sent.
    joined(writing.await, path)?;
    sent
}

/// Fills an empty database from a backup, in one transaction.
pub async fn restore(
    url: &Secret,
    migrations: &Migrator,
    path: &Path,
) -> Result<Summary, BackupError> {
    let reader = file::Reader::open(path)?;
    let (sender, mut receiver) = mpsc::channel(QUEUE);
    let reading = tokio::task::spawn_blocking(move || reader.read_all(&sender));
    let restored = async {
        let mut refill = Refill::open(url).await?;
        refill.take(&mut receiver, migrations).await
    }
    .await;
    drop(receiver);
    // A damaged file ends the frames early: its own reason is the better one.
    joined(reading.await, path)?;
    restored
}

fn joined(
    result: Result<Result<(), BackupError>, tokio::task::JoinError>,
    path: &Path,
) -> Result<(), BackupError> {
    result.unwrap_or_else(|error| {
        Err(BackupError::File {
            action: "work on",
            path: path.display().to_string(),
            cause: std::io::Error::other(error),
        })
    })
}
