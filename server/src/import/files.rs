//! The files of a release, wherever in its folders they are: each release has other dates and numbers in the names.

use std::fs;
use std::path::{Path, PathBuf};

use super::ImportError;

/// How deep folders are looked into.
const DEPTH_MAX: usize = 12;

/// All files at and below a path, in the order of their names.
pub(super) fn all(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let unreadable = |path: &Path, fault| ImportError::Unreadable {
        path: path.to_owned(),
        fault,
    };
    let mut files = Vec::new();
    let mut waiting = vec![(path.to_owned(), 0)];
    while let Some((path, depth)) = waiting.pop() {
        let metadata = fs::metadata(&path).map_err(|fault| unreadable(&path, fault))?;
        if !metadata.is_dir() {
            files.push(path);
            continue;
        }
        if depth >= DEPTH_MAX {
            continue;
        }
        let entries = fs::read_dir(&path).map_err(|fault| unreadable(&path, fault))?;
        for entry in entries {
            let entry = entry.map_err(|fault| unreadable(&path, fault))?;
            waiting.push((entry.path(), depth + 1));
        }
    }
    files.sort();
    let is_archive = |path: &&PathBuf| {
        let extension = path.extension().unwrap_or_default();
        extension.eq_ignore_ascii_case("zip")
    };
    match files.as_slice() {
        [only] if is_archive(&only) => Err(ImportError::Packed { path: only.clone() }),
        _ => Ok(files),
    }
}

/// The one file that is wanted, if it is there; two of them are refused.
pub(super) fn one(
    files: &[PathBuf],
    is_it: impl Fn(&Path) -> bool,
) -> Result<Option<PathBuf>, ImportError> {
    let mut found = files.iter().filter(|path| is_it(path));
    match (found.next(), found.next()) {
        (Some(one), Some(other)) => Err(ImportError::SeveralFiles {
            one: one.clone(),
            other: other.clone(),
        }),
        (one, _) => Ok(one.cloned()),
    }
}
