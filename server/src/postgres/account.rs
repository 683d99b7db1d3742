//! The account that PostgreSQL runs as: it refuses root, so root hands its cluster to another one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use nix::unistd::{Uid, User, geteuid};

use super::StartError;

/// Account for a new cluster of root, where no setting names one.
const UNPRIVILEGED: &str = "nobody";

/// The account that PostgreSQL runs as.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) name: String,
    uid: u32,
    gid: u32,
    switch: bool,
}

impl Account {
    /// The owner of the cluster where there is one; else the wanted account, or nobody for root.
    pub(super) fn choose(cluster: &Path, wanted: Option<&str>) -> Result<Account, StartError> {
        let owner = match fs::metadata(cluster) {
            Ok(metadata) => Some(metadata.uid()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(cause) => return Err(StartError::files("open", cluster)(cause)),
        };
        let me = geteuid();
        let account = match (wanted, owner) {
            (Some(name), _) => by_name(name)?,
            (None, Some(owner)) if me.is_root() => by_uid(Uid::from_raw(owner))?,
            (None, None) if me.is_root() => by_name(UNPRIVILEGED)?,
            (None, _) => by_uid(me)?,
        };
        if account.uid == 0 {
            return Err(refused(format!(
                "PostgreSQL refuses to run as root: `chown -R {UNPRIVILEGED} {}`, or name another account in VESTA_POSTGRES_USER",
                cluster.display()
            )));
        }
        if !me.is_root() && account.uid != me.as_raw() {
            return Err(refused(format!(
                "only root can run PostgreSQL as {}: unset VESTA_POSTGRES_USER",
                account.name
            )));
        }
        match owner {
            Some(owner) if owner != account.uid => Err(refused(format!(
                "{} belongs to {}, not to {}: start vesta as its owner or as root, or `chown -R {}` it",
                cluster.display(),
                by_uid(Uid::from_raw(owner))?.name,
                account.name,
                account.name
            ))),
            _ => Ok(account),
        }
    }

    /// A command that runs as this account in `directory`, knowing nothing of our environment.
    pub(super) fn command(&self, program: &Path, directory: &Path) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/bin:/bin")
            .current_dir(directory)
            .stdin(std::process::Stdio::null());
        if self.switch {
            command.gid(self.gid).uid(self.uid);
        }
        command
    }

    /// Gives a file or directory to this account and closes it to all others.
    pub(super) fn own(&self, path: &Path, mode: u32) -> Result<(), StartError> {
        let given = match self.switch {
            true => std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid)),
            false => Ok(()),
        };
        given
            .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
            .map_err(StartError::files("set the owner of", path))
    }

    /// Whether a directory belongs to this account and is closed to all others.
    pub(super) fn owns_privately(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|metadata| {
            metadata.is_dir() && metadata.uid() == self.uid && metadata.mode() & 0o077 == 0
        })
    }

    /// Refuses a directory that this account cannot come to, naming the closed parent.
    pub(super) fn must_reach(&self, directory: &Path) -> Result<(), StartError> {
        for ancestor in directory.ancestors() {
            let metadata = fs::metadata(ancestor).map_err(StartError::files("open", ancestor))?;
            let bit = if metadata.uid() == self.uid {
                0o100
            } else if metadata.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            if metadata.mode() & bit == 0 {
                return Err(refused(format!(
                    "PostgreSQL runs as {}, who may not enter {}: `chmod o+x` it, or choose another VESTA_DATA_DIR",
                    self.name,
                    ancestor.display()
                )));
            }
        }
        Ok(())
    }

    /// Names of the system accounts that may connect: this one and the one vesta runs as.
    pub(super) fn clients(&self) -> Vec<String> {
        let mut names = vec![self.name.clone()];
        if self.switch {
            names.push("root".to_owned());
        }
        names
    }
}

fn by_name(name: &str) -> Result<Account, StartError> {
    match User::from_name(name) {
        Ok(Some(user)) => Ok(of(user)),
        _ => Err(refused(format!(
            "there is no account {name}: name another in VESTA_POSTGRES_USER"
        ))),
    }
}

fn by_uid(uid: Uid) -> Result<Account, StartError> {
    match User::from_uid(uid) {
        Ok(Some(user)) => Ok(of(user)),
        _ => Err(refused(format!(
            "user id {uid} has no name in /etc/passwd, and PostgreSQL asks for one"
        ))),
    }
}

fn of(user: User) -> Account {
    Account {
        switch: geteuid().is_root(),
        name: user.name,
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
    }
}

fn refused(message: String) -> StartError {
    StartError::Account(message)
}
