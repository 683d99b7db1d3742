//! Why a file cannot be imported: the place in it, and what is wrong there.

use std::io;

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// Columns are missing that nothing can be read without.
    #[error("the file has no column {}", .0.join(", "))]
    MissingColumns(Vec<String>),
    /// Something in a line is not what the layout has there.
    #[error("line {line}: {what}")]
    Line {
        /// Which, counted from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// Something in an XML file is not what the layout has there.
    #[error("byte {position}: {what}")]
    Xml {
        /// How many bytes stand before it, or before what it is in.
        position: u64,
        /// What is wrong.
        what: String,
    },
    /// Nobody wants what is read.
    #[error("the import was given up")]
    Ended,
}

impl ImportFault {
    pub(super) fn line(line: u64, what: impl Into<String>) -> Self {
        Self::Line {
            line,
            what: what.into(),
        }
    }
}
