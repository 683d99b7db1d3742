//! The compiled definitions as one file: a header that says what they were made from, and their compact form.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use fhir::definitions::Definitions;
use sha2::{Digest, Sha256};

use super::DefinitionsError;
use super::own::OwnFile;
use super::packages::PackageList;

const MAGIC: &[u8; 8] = b"VESTADEF";
/// Magic, fingerprint, digest of the body.
const HEADER: usize = 8 + 32 + 32;

/// How many compact files stay in a directory.
const KEPT: usize = 3;

/// A digest of everything the definitions are made from, the code that makes them included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The name of the compact file made from exactly that.
    pub(super) fn file_name(&self) -> String {
        let hex: String = self.0[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("compiled-{hex}.bin")
    }
}

/// The fingerprint of a list of packages and the product's own files.
pub(super) fn fingerprint(packages: &PackageList, own: &[OwnFile]) -> Fingerprint {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    add(env!("CARGO_PKG_VERSION"));
    add(env!("VESTA_DEFINITIONS_CODE"));
    for package in &packages.packages {
        add(&package.name);
        add(&package.version);
        add(&package.sha512);
        add(&format!("{:?}", package.take));
    }
    for (path, text) in own {
        add(path);
        add(text);
    }
    Fingerprint(hasher.finalize().into())
}

/// The definitions in the file; `None` where it is absent, made from something else, cut short or damaged.
pub(super) fn read(path: &Path, fingerprint: &Fingerprint) -> Option<Definitions> {
    let bytes = fs::read(path).ok()?;
    let (header, body) = bytes.split_at_checked(HEADER)?;
    let is_ours = header.starts_with(MAGIC) && header[8..40] == fingerprint.0;
    if !is_ours || header[40..] != *Sha256::digest(body) {
        return None;
    }
    postcard::from_bytes(body).ok()
}

/// Writes the file beside its place and moves it there, so that no reader ever sees half of it; `None` where the
/// directory does not take it.
pub(super) fn write(
    folder: &Path,
    fingerprint: &Fingerprint,
    definitions: &Definitions,
) -> Result<Option<PathBuf>, DefinitionsError> {
    let body = postcard::to_stdvec(definitions).map_err(DefinitionsError::Encode)?;
    let path = folder.join(fingerprint.file_name());
    let temporary = path.with_extension("tmp");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(MAGIC)?;
        file.write_all(&fingerprint.0)?;
        file.write_all(&Sha256::digest(&body))?;
        file.write_all(&body)?;
        file.sync_all()
    });
    if written
        .and_then(|()| fs::rename(&temporary, &path))
        .is_err()
    {
        // What is left of it is overwritten the next time.
        return Ok(None);
    }
    remove_old(folder);
    Ok(Some(path))
}

/// Keeps the newest few compact files: those of the versions that may still run beside this one.
fn remove_old(folder: &Path) {
    let is_compact = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("compiled-") && name.ends_with(".bin"))
    };
    let mut found: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_compact)
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    let surplus = found.len().saturating_sub(KEPT);
    for (_, path) in &found[..surplus] {
        // One that cannot be removed takes room and does no other harm.
        let _ = fs::remove_file(path);
    }
}
