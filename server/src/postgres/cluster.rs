//! The cluster on disk: made in one step, and given its configuration before every start.

use std::fs;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::binaries::{Binaries, last_line};
use super::data_dir::DataDir;
use crate::config::SERVE_ROLE;

use super::{EmbeddedSettings, NAME, PORT, StartError, sizing};

/// Longest path of a Unix socket that the kernel takes.
const SOCKET_PATH_MAX: usize = 107;

/// The major version that the cluster says it has; none where there is no cluster.
pub(super) fn major_version(cluster: &Path) -> Result<Option<u32>, StartError> {
    let path = cluster.join("PG_VERSION");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !cluster.exists() => {
            return Ok(None);
        }
        Err(cause) => return Err(StartError::files("read", &path)(cause)),
    };
    match text.trim().parse() {
        Ok(version) => Ok(Some(version)),
        Err(_) => Err(StartError::Program {
            program: "reading PG_VERSION",
            reason: format!("{} does not hold a version number", path.display()),
        }),
    }
}

/// Makes the cluster beside its place and moves it there complete, so that half a one is never used.
pub(super) fn create(
    data_dir: &DataDir,
    account: &Account,
    binaries: &Binaries,
    fsync: bool,
) -> Result<(), StartError> {
    let unfinished = data_dir.path().join("postgresql.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(StartError::files("remove", &unfinished))?;
    }
    fs::create_dir(&unfinished).map_err(StartError::files("create", &unfinished))?;
    account.own(&unfinished, 0o700)?;
    tracing::info!(
        version = binaries.major,
        directory = %data_dir.path().display(),
        "creating the PostgreSQL cluster"
    );
    run_initdb(&unfinished, account, binaries, fsync)?;
    include_settings(&unfinished.join("postgresql.conf"))?;
    let cluster = data_dir.cluster();
    fs::rename(&unfinished, &cluster).map_err(StartError::files("create", &cluster))
}

fn run_initdb(
    directory: &Path,
    account: &Account,
    binaries: &Binaries,
    fsync: bool,
) -> Result<(), StartError> {
    let mut command = account.command(&binaries.program("initdb"), directory);
    command
        .arg("--pgdata")
        .arg(directory)
        .args(["--username", NAME, "--encoding", "UTF8", "--data-checksums"])
        .args([
            "--auth-local",
            "peer",
            "--auth-host",
            "reject",
            "--no-instructions",
        ]);
    if binaries.major >= 17 {
        // Sorts by code point like C, and knows the letters of all alphabets.
        command.args([
            "--locale-provider",
            "builtin",
            "--builtin-locale",
            "C.UTF-8",
        ]);
    }
    command.args(["--locale", "C"]);
    if !fsync {
        command.arg("--no-sync");
    }
    let output = command
        .output()
        .map_err(StartError::files("run", &binaries.program("initdb")))?;
    if output.status.success() {
        return Ok(());
    }
    if let Err(error) = fs::remove_dir_all(directory) {
        tracing::warn!(directory = %directory.display(), %error, "cannot remove the unfinished cluster");
    }
    Err(StartError::Program {
        program: "initdb",
        reason: reason(&output.stderr),
    })
}

/// PostgreSQL's own word for what went wrong, in one line without its time and process.
pub(super) fn reason(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let marks = ["FATAL:", "PANIC:", "initdb: error:"];
    let marked = |line: &&str| marks.iter().any(|mark| line.contains(mark));
    let Some(place) = lines.iter().position(marked) else {
        return last_line(output).unwrap_or("it said nothing".to_owned());
    };
    // Of a bad setting, only the line before tells which one it is.
    let first = match lines[place].ends_with("contains errors") {
        true => place.saturating_sub(1),
        false => place,
    };
    let mut said: Vec<&str> = lines[first..=place]
        .iter()
        .map(|line| message(line))
        .collect();
    let after = lines.get(place + 1).map(|line| line.trim());
    said.extend(after.filter(|line| line.starts_with("HINT:")));
    said.join("; ")
}

fn message(line: &str) -> &str {
    let severity = ["FATAL:", "PANIC:", "LOG:", "initdb: error:"];
    let start = severity.iter().find_map(|word| line.find(word));
    line.get(start.unwrap_or(0)..).unwrap_or(line).trim()
}

/// Ours first, the operator's after it: `local.conf` in the cluster is theirs and wins.
fn include_settings(postgresql_conf: &Path) -> Result<(), StartError> {
    let mut text =
        fs::read_to_string(postgresql_conf).map_err(StartError::files("read", postgresql_conf))?;
    text.push_str("\ninclude_if_exists = 'vesta.conf'\ninclude_if_exists = 'local.conf'\n");
    fs::write(postgresql_conf, text).map_err(StartError::files("write", postgresql_conf))
}

/// Writes who may connect and how much memory to use, as this machine has it now.
pub(super) fn configure(
    settings: &EmbeddedSettings,
    cluster: &Path,
    account: &Account,
    binaries: &Binaries,
) -> Result<(), StartError> {
    let map: String = account
        .clients()
        .iter()
        .flat_map(|client| [NAME, SERVE_ROLE].map(|role| format!("{NAME} \"{client}\" {role}\n")))
        .collect();
    let lz4 = |setting: &str| accepts(cluster, account, binaries, setting, "lz4");
    let compression = sizing::Compression {
        wal_lz4: lz4("wal_compression"),
        toast_lz4: lz4("default_toast_compression"),
    };
    let files = [
        (
            "pg_hba.conf",
            format!("local all {NAME},{SERVE_ROLE} peer map={NAME}\n"),
        ),
        ("pg_ident.conf", map),
        ("vesta.conf", sizing::configuration(settings, compression)),
    ];
    for (name, text) in files {
        let path = cluster.join(name);
        let unfinished = cluster.join(format!("{name}.new"));
        fs::write(&unfinished, text).map_err(StartError::files("write", &unfinished))?;
        account.own(&unfinished, 0o600)?;
        fs::rename(&unfinished, &path).map_err(StartError::files("write", &path))?;
    }
    Ok(())
}

/// Whether these binaries know the value of a setting; compression is a build-time choice.
fn accepts(
    cluster: &Path,
    account: &Account,
    binaries: &Binaries,
    setting: &str,
    value: &str,
) -> bool {
    account
        .command(&binaries.program("postgres"), cluster)
        .arg("-D")
        .arg(cluster)
        .args(["-c", &format!("{setting}={value}"), "-C", setting])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A directory for the socket that only the account can enter and whose path is short enough.
pub(super) fn socket_dir(data_dir: &DataDir, account: &Account) -> Result<PathBuf, StartError> {
    let near = data_dir.path().join("run");
    let directory = match fits(&near) {
        true => near,
        false => Path::new("/tmp").join(format!("vesta-{}", fingerprint(data_dir.path()))),
    };
    match fs::create_dir(&directory) {
        Ok(()) => account.own(&directory, 0o700)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(StartError::files("create", &directory)(cause)),
    }
    match account.owns_privately(&directory) {
        true => Ok(directory),
        false => Err(StartError::Account(format!(
            "{} must be a directory of {} that is closed to all others: remove it",
            directory.display(),
            account.name
        ))),
    }
}

fn fits(directory: &Path) -> bool {
    let socket = directory.join(format!(".s.PGSQL.{PORT}"));
    socket.as_os_str().len() <= SOCKET_PATH_MAX
}

fn fingerprint(path: &Path) -> String {
    use sha2::{Digest, Sha256};
    use std::os::unix::ffi::OsStrExt;
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
