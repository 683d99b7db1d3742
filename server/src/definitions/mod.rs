//! What the specification defines, and what this product defines beside it: read from FHIR packages and from
//! `profiles/` and `search-params/`, compiled once into a compact file, read from that at every other start.

mod clinic;
mod compact_file;
mod compile;
mod current;
mod offered;
mod own;
mod packages;
mod rules;
mod run_time;
mod searched;
mod stored_profiles;
mod targets;
mod terminology;
#[cfg(test)]
mod tests;
mod unindexed;
mod usable;
mod validity;
mod wanted;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fhir::definitions::corrections::CorrectionError;
use fhir::definitions::{DefinitionError, Definitions as Registries};
use fhir::json::ParseError;

pub use current::{CurrentDefinitions, IndexState, StoredDefinitions};
pub use offered::{Inclusions, SearchParameterEntry};
use own::{OWN, OwnFile};
pub use own::{own_definition, own_definitions, own_types};
pub use packages::{Package, PackageList, Take};
pub use rules::{Definitions, FoundBy, Patch, stored_only};
pub use searched::Searched;
pub use stored_profiles::StoredProfile;
pub use targets::RequiredTargets;
pub use terminology::{Brought, PACKAGE_TYPES, terminology, terminology_fingerprint};
pub use unindexed::FailingParameter;

/// Where the definitions come from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Directory of the packages, `NAME-VERSION.tgz` each; the compact file stands beside them where that may be.
    pub packages_dir: PathBuf,
    /// Where the compact file goes when the directory of the packages is read-only.
    pub data_dir: PathBuf,
    /// The packages to be read.
    pub packages: PackageList,
}

/// The definitions, and how they were come by.
#[derive(Debug)]
pub struct Loaded {
    /// The registries.
    pub definitions: Registries,
    /// Whether they were compiled or read.
    pub origin: Origin,
    /// How long it took.
    pub elapsed: Duration,
}

/// How definitions were come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the compact file.
    CompactFile(PathBuf),
    /// From the packages; the compact file is there for the next start.
    Compiled(PathBuf),
    /// From the packages; neither directory could keep the compact file.
    NotKept,
}

/// Why there are no definitions; the start ends with it.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionsError {
    /// The list of packages is not as it should be.
    #[error("fhir-packages.toml: {0}")]
    List(String),
    /// A package is not there or cannot be read.
    #[error("{path}: {fault}")]
    Package {
        /// The file.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
    /// A package is not the one that is named.
    #[error(
        "{path}: not the package that fhir-packages.toml names (SHA-512 differs); fetch it again"
    )]
    Digest {
        /// The file.
        path: PathBuf,
    },
    /// A file in a package or of our own is not JSON.
    #[error("{origin}: {fault}")]
    Json {
        /// The file.
        origin: String,
        /// What is wrong.
        fault: ParseError,
    },
    /// A definition cannot be used.
    #[error("{origin}: {fault}")]
    Definition {
        /// The file, or the set as a whole.
        origin: String,
        /// What is wrong.
        fault: DefinitionError,
    },
    /// A correction cannot be used.
    #[error(transparent)]
    Correction(#[from] CorrectionError),
    /// The registries cannot be written down.
    #[error("the definitions cannot be written in compact form: {0}")]
    Encode(postcard::Error),
    /// The lock that lets one process compile at a time cannot be had.
    #[error("{path}: {fault}")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
}

/// Reads the compact file where it fits, else compiles the packages and keeps the result for the next start.
pub fn load(settings: &Settings) -> Result<Loaded, DefinitionsError> {
    let begin = Instant::now();
    let fingerprint = compact_file::fingerprint(&settings.packages, OWN);
    let (definitions, origin) = load_for(settings, OWN, &fingerprint)?;
    Ok(Loaded {
        definitions,
        origin,
        elapsed: begin.elapsed(),
    })
}

fn load_for(
    settings: &Settings,
    own: &[OwnFile],
    fingerprint: &compact_file::Fingerprint,
) -> Result<(Registries, Origin), DefinitionsError> {
    if let Some(found) = read(settings, fingerprint) {
        return Ok(found);
    }
    let Some(folder) = writable(settings) else {
        let definitions = compile::compile(&settings.packages_dir, &settings.packages, own)?;
        return Ok((definitions, Origin::NotKept));
    };
    let _lock = lock(folder)?;
    // Another process may have compiled while this one waited.
    if let Some(found) = read(settings, fingerprint) {
        return Ok(found);
    }
    let definitions = compile::compile(&settings.packages_dir, &settings.packages, own)?;
    let origin = match compact_file::write(folder, fingerprint, &definitions)? {
        Some(path) => Origin::Compiled(path),
        None => Origin::NotKept,
    };
    Ok((definitions, origin))
}

fn folders(settings: &Settings) -> [&Path; 2] {
    [&settings.packages_dir, &settings.data_dir]
}

fn read(
    settings: &Settings,
    fingerprint: &compact_file::Fingerprint,
) -> Option<(Registries, Origin)> {
    folders(settings).into_iter().find_map(|folder| {
        let path = folder.join(fingerprint.file_name());
        let definitions = compact_file::read(&path, fingerprint)?;
        Some((definitions, Origin::CompactFile(path)))
    })
}

/// The first of the two directories that takes a file.
fn writable(settings: &Settings) -> Option<&Path> {
    folders(settings).into_iter().find(|folder| {
        fs::create_dir_all(folder).is_ok() && File::create(folder.join(LOCK)).is_ok()
    })
}

const LOCK: &str = "compiled.lock";

/// Waits until no other process compiles; freed when the file is dropped, also when the process dies.
fn lock(folder: &Path) -> Result<File, DefinitionsError> {
    let path = folder.join(LOCK);
    let locked = File::create(&path).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|fault| DefinitionsError::Lock { path, fault })
}
