//! Why an import stopped; what was imported before is as it was.

use std::io;
use std::path::PathBuf;

use fhir::terminology::import::ImportFault;

use crate::error::Error;

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or folder cannot be read.
    #[error("{}: {fault}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
    /// An archive.
    #[error("{}: unpack it first: folders and files are imported, archives are not", path.display())]
    Packed {
        /// Which.
        path: PathBuf,
    },
    /// A folder does not hold what is needed.
    #[error("{}: there is no {what}", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// A folder holds what is needed more than once.
    #[error("{} and {}: which of the two? Name a folder with one of them", one.display(), other.display())]
    SeveralFiles {
        /// One.
        one: PathBuf,
        /// Another.
        other: PathBuf,
    },
    /// A file is not as its layout has it.
    #[error("{}: {fault}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        fault: ImportFault,
    },
    /// The version cannot be told.
    #[error("{}: nothing tells the version: say it by --version", path.display())]
    NoVersion {
        /// Of what.
        path: PathBuf,
    },
    /// An argument that cannot be used.
    #[error("{0}")]
    Argument(String),
    /// Another process imports the same.
    #[error(
        "CodeSystem/{id} is being imported by another process, or the database still works for one that was broken off: try again in a minute"
    )]
    Busy {
        /// The id of the CodeSystem.
        id: String,
    },
    /// A code stands twice.
    #[error("the code '{code}' stands twice; nothing was imported")]
    Twice {
        /// Which.
        code: String,
    },
    /// There is no code.
    #[error("there is no code; nothing was imported")]
    Empty,
    /// The CodeSystem was refused.
    #[error(
        "CodeSystem/{id} is refused, and with it the import: {}",
        sentence(fault)
    )]
    Refused {
        /// The id of the CodeSystem.
        id: String,
        /// Why.
        fault: Error,
    },
    /// Somebody has changed the CodeSystem meanwhile.
    #[error("CodeSystem/{id} was changed by another; nothing was imported")]
    Overtaken {
        /// The id of the CodeSystem.
        id: String,
    },
    /// The database.
    #[error("the database: {fault}{cause}", fault = .0, cause = cause(.0))]
    Store(Error),
}

/// All that is wrong.
fn sentence(error: &Error) -> String {
    let issues = error.issues().iter().map(|issue| {
        let places = issue.expression.join(", ");
        format!("{places} {}", issue.diagnostics).trim().to_owned()
    });
    issues.collect::<Vec<_>>().join("; ")
}

/// Whoever imports may read it.
fn cause(error: &Error) -> String {
    let cause = error.cause();
    cause.map_or_else(String::new, |cause| format!(" ({cause})"))
}
