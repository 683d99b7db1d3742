//! The data directory: made where missing, held by one vesta at a time.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::StartError;

/// An existing data directory, by its real path.
#[derive(Debug, Clone)]
pub(super) struct DataDir(PathBuf);

/// Who holds a data directory.
pub(super) enum Held {
    ByUs(Lock),
    ByOther(String),
}

/// Holds the data directory until it is dropped, or until this process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// To close it is not enough: a process that another thread is about to start has it open, too, until it runs its program.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lock of the data directory is not given back yet");
        }
    }
}

impl DataDir {
    pub(super) fn open(path: &Path) -> Result<DataDir, StartError> {
        create(path)?;
        let real = fs::canonicalize(path).map_err(StartError::files("open", path))?;
        Ok(DataDir(real))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.0.join("postgresql")
    }

    /// The kernel gives the lock back when its holder dies, so it is never stale.
    pub(super) fn lock(&self) -> Result<Held, StartError> {
        let path = self.0.join("vesta.lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(StartError::files("write", &path))?;
        match file.try_lock() {
            Ok(()) => {
                note_holder(&mut file).map_err(StartError::files("write", &path))?;
                Ok(Held::ByUs(Lock { file }))
            }
            Err(TryLockError::WouldBlock) => Ok(Held::ByOther(holder(&mut file))),
            Err(TryLockError::Error(cause)) => Err(StartError::Files {
                action: "lock",
                path,
                cause,
            }),
        }
    }
}

fn note_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!(" (process {})", text.trim()),
        _ => String::new(),
    }
}

/// Makes the directory and its missing parents: open to pass for root's, private otherwise.
fn create(path: &Path) -> Result<(), StartError> {
    let mut missing: Vec<&Path> = path
        .ancestors()
        .filter(|ancestor| !ancestor.as_os_str().is_empty())
        .take_while(|ancestor| !ancestor.exists())
        .collect();
    missing.reverse();
    let mode = if nix::unistd::geteuid().is_root() {
        0o711
    } else {
        0o700
    };
    for directory in missing {
        fs::create_dir(directory)
            .and_then(|()| fs::set_permissions(directory, fs::Permissions::from_mode(mode)))
            .map_err(StartError::files("create", directory))?;
    }
    Ok(())
}
