//! One postmaster: started, or found running from before; watched; stopped.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::account::Account;
use super::binaries::Binaries;
use super::data_dir::DataDir;
use super::{EmbeddedSettings, PORT, StartError, cluster};

/// How often a starting or taken-over postmaster is looked at.
const GLANCE: Duration = Duration::from_millis(10);
const WATCH: Duration = Duration::from_millis(200);

/// How long the remains of a killed postmaster may take to vanish.
const REMAINS: Duration = Duration::from_secs(10);

/// How long an immediate stop may take before the processes are given up.
const IMMEDIATE_STOP: Duration = Duration::from_secs(10);

/// A log larger than this is set aside at the next start.
const LOG_BYTES_MAX: u64 = 4 << 20;

/// What `postmaster.pid` says of a process that really is the postmaster of this cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) pid: i32,
    pub(super) socket_dir: PathBuf,
    pub(super) ready: bool,
}

/// A postmaster that this process is responsible for.
#[derive(Debug)]
pub(super) struct Postmaster {
    pid: i32,
    child: Option<Child>,
    cluster: PathBuf,
    pub(super) socket_dir: PathBuf,
    stop_timeout: Duration,
    /// Where its words begin in a log that earlier ones wrote to, too.
    log_start: u64,
    ended: bool,
}

/// All it takes to start a postmaster, again and again.
#[derive(Debug)]
pub(super) struct Launch {
    settings: EmbeddedSettings,
    account: Account,
    binaries: Binaries,
    data_dir: DataDir,
    socket_dir: PathBuf,
}

impl Launch {
    pub(super) fn prepare(
        settings: &EmbeddedSettings,
        data_dir: &DataDir,
        account: &Account,
        binaries: &Binaries,
    ) -> Result<Launch, StartError> {
        Ok(Launch {
            settings: settings.clone(),
            account: account.clone(),
            binaries: binaries.clone(),
            data_dir: data_dir.clone(),
            socket_dir: cluster::socket_dir(data_dir, account)?,
        })
    }

    /// Takes over the postmaster that a killed vesta left, or starts one.
    ///
    /// What a kill leaves may still be on its way up or down, so both are tried for a while.
    pub(super) async fn take_over_or_start(&self) -> Result<Postmaster, StartError> {
        let deadline = Instant::now() + REMAINS;
        loop {
            let found = running(&self.data_dir.cluster());
            let taken_over = found.is_some();
            let mut postmaster = match found {
                Some(status) => {
                    tracing::warn!(pid = status.pid, "taking over the running PostgreSQL");
                    // Who may connect can have changed since it was started.
                    self.configure()?;
                    let postmaster = self.responsible_for(status.pid, None, status.socket_dir);
                    postmaster.signal(Signal::SIGHUP);
                    postmaster
                }
                None => self.start()?,
            };
            match self.until_ready(&mut postmaster).await {
                Ok(()) => return Ok(postmaster),
                Err(error) if Instant::now() < deadline && (taken_over || of_remains(&error)) => {
                    tracing::warn!(%error, "trying again");
                    sleep(WATCH).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn configure(&self) -> Result<(), StartError> {
        let cluster = self.data_dir.cluster();
        cluster::configure(&self.settings, &cluster, &self.account, &self.binaries)
    }

    /// Starts a postmaster; it is not ready yet.
    pub(super) fn start(&self) -> Result<Postmaster, StartError> {
        let cluster = self.data_dir.cluster();
        self.configure()?;
        remove_stranger(&cluster)?;
        let log = self.open_log()?;
        let log_start = log.metadata().map_or(0, |metadata| metadata.len());
        let errors = log
            .try_clone()
            .map_err(StartError::files("write", &self.log()))?;
        let program = self.binaries.program("postgres");
        let mut command = self.account.command(&program, &cluster);
        command
            .arg("-D")
            .arg(&cluster)
            .args(["-c", "listen_addresses=", "-c", &format!("port={PORT}")])
            .arg("-c")
            .arg(format!(
                "unix_socket_directories={}",
                quoted(&self.socket_dir)
            ))
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(errors));
        if !self.settings.fsync {
            command.args(["-c", "fsync=off"]);
        }
        // Its own process group: a Ctrl-C for vesta is vesta's to hand on, after the requests.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = tokio::process::Command::from(command)
            .spawn()
            .map_err(StartError::files("run", &program))?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        let pid = pid.ok_or_else(|| self.failed("it ended at once".to_owned()))?;
        let mut postmaster = self.responsible_for(pid, Some(child), self.socket_dir.clone());
        postmaster.log_start = log_start;
        Ok(postmaster)
    }

    /// Waits until the postmaster takes connections; one that does not is stopped.
    pub(super) async fn until_ready(&self, postmaster: &mut Postmaster) -> Result<(), StartError> {
        let cluster = self.data_dir.cluster();
        let deadline = Instant::now() + self.settings.start_timeout;
        loop {
            let status = running(&cluster).filter(|it| it.pid == postmaster.pid && it.ready);
            if let Some(status) = status {
                postmaster.socket_dir = status.socket_dir;
                return Ok(());
            }
            if postmaster.has_ended() {
                return Err(self.failed(self.last_words(postmaster.log_start)));
            }
            if Instant::now() > deadline {
                postmaster.stop().await;
                return Err(StartError::Timeout {
                    seconds: self.settings.start_timeout.as_secs(),
                    log: self.log(),
                });
            }
            sleep(GLANCE).await;
        }
    }

    fn responsible_for(&self, pid: i32, child: Option<Child>, socket_dir: PathBuf) -> Postmaster {
        Postmaster {
            pid,
            child,
            cluster: self.data_dir.cluster(),
            socket_dir,
            stop_timeout: self.settings.stop_timeout,
            log_start: fs::metadata(self.log()).map_or(0, |metadata| metadata.len()),
            ended: false,
        }
    }

    fn failed(&self, reason: String) -> StartError {
        StartError::Program {
            program: "postgres",
            reason,
        }
    }

    fn log(&self) -> PathBuf {
        self.data_dir.path().join("postgresql.log")
    }

    fn open_log(&self) -> Result<File, StartError> {
        let log = self.log();
        if fs::metadata(&log).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
            let old = log.with_extension("log.old");
            fs::rename(&log, &old).map_err(StartError::files("rename", &log))?;
        }
        File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&log)
            .map_err(StartError::files("write", &log))
    }

    fn last_words(&self, from: u64) -> String {
        let mut said = Vec::new();
        let read = File::open(self.log()).and_then(|mut log| {
            log.seek(SeekFrom::Start(from))?;
            log.read_to_end(&mut said)
        });
        match read {
            Ok(_) => cluster::reason(&said),
            Err(error) => format!("its log cannot be read: {error}"),
        }
    }
}

impl Postmaster {
    /// Returns when the postmaster has ended, for whatever reason.
    pub(super) async fn wait(&mut self) {
        match &mut self.child {
            Some(child) => {
                if let Err(error) = child.wait().await {
                    tracing::error!(%error, "cannot wait for PostgreSQL");
                }
                self.ended = true;
            }
            None => {
                while !self.has_ended() {
                    sleep(WATCH).await;
                }
            }
        }
    }

    /// Stops the postmaster: sessions are ended, everything is written; at once if that takes too long.
    pub(super) async fn stop(&mut self) {
        for (signal, patience) in [
            (Signal::SIGINT, self.stop_timeout),
            (Signal::SIGQUIT, IMMEDIATE_STOP),
        ] {
            if self.has_ended() {
                return;
            }
            self.signal(signal);
            if timeout(patience, self.wait()).await.is_ok() {
                return;
            }
            tracing::warn!(pid = self.pid, %signal, "PostgreSQL has not stopped");
        }
    }

    fn has_ended(&mut self) -> bool {
        if !self.ended {
            self.ended = match &mut self.child {
                Some(child) => !matches!(child.try_wait(), Ok(None)),
                None => !is_postmaster(self.pid, &self.cluster),
            };
        }
        self.ended
    }

    fn signal(&self, signal: Signal) {
        if let Err(error) = kill(Pid::from_raw(self.pid), signal) {
            tracing::warn!(pid = self.pid, %error, "cannot signal PostgreSQL");
        }
    }
}

impl Drop for Postmaster {
    /// Nothing stays behind where nobody waited for an orderly stop.
    fn drop(&mut self) {
        if !self.has_ended() {
            self.signal(Signal::SIGINT);
        }
    }
}

/// The postmaster that runs on this cluster, proven by its process and not only by its file.
pub(super) fn running(cluster: &Path) -> Option<Status> {
    let status = parse_pid_file(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)?;
    is_postmaster(status.pid, cluster).then_some(status)
}

/// PostgreSQL takes any live process of its account for the postmaster that the file names, and
/// gives up. Where that process is a stranger, the file is removed; all else is left to PostgreSQL,
/// which also looks for processes that still use the cluster's memory.
fn remove_stranger(cluster: &Path) -> Result<(), StartError> {
    let pid_file = cluster.join("postmaster.pid");
    let status = fs::read_to_string(&pid_file)
        .ok()
        .and_then(|text| parse_pid_file(&text));
    let is_stranger = status.is_some_and(|status| {
        let alive = Path::new("/proc").join(status.pid.to_string()).exists();
        alive && !is_postmaster(status.pid, cluster)
    });
    match is_stranger {
        true => fs::remove_file(&pid_file).map_err(StartError::files("remove", &pid_file)),
        false => Ok(()),
    }
}

/// Lines: process, data directory, start time, port, socket directory, address, memory key, state.
pub(super) fn parse_pid_file(text: &str) -> Option<Status> {
    let lines: Vec<&str> = text.lines().collect();
    let pid: i32 = lines.first()?.trim().parse().ok()?;
    (pid > 1).then(|| Status {
        pid,
        socket_dir: PathBuf::from(lines.get(4).unwrap_or(&"")),
        ready: lines.get(7).is_some_and(|state| state.trim() == "ready"),
    })
}

/// A live process whose program is postgres and which works in this directory.
fn is_postmaster(pid: i32, cluster: &Path) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let state = fs::read_to_string(process.join("stat"))
        .ok()
        .and_then(|stat| stat.rsplit(')').next()?.trim().chars().next());
    match state {
        None => return false,
        Some('Z' | 'X') => {
            // Process 1 of a container inherits what others leave; asking for it removes it.
            let reaped = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
            tracing::debug!(pid, ?reaped, "a postmaster had ended");
            return false;
        }
        Some(_) => {}
    }
    let link = |name: &str| fs::read_link(process.join(name)).ok();
    let program = link("exe").and_then(|path| path.file_name().map(ToOwned::to_owned));
    let named = program.is_some_and(|name| name.as_encoded_bytes().starts_with(b"postgres"));
    // An operator may have moved the cluster to another disk and left a link.
    named && link("cwd").is_some() && link("cwd") == fs::canonicalize(cluster).ok()
}

/// Backends of a killed postmaster hold its memory for a moment longer than it lived.
fn of_remains(error: &StartError) -> bool {
    let marks = ["shared memory block", "postmaster.pid", "lock file"];
    matches!(error, StartError::Program { reason, .. } if marks.iter().any(|mark| reason.contains(mark)))
}

/// One entry of PostgreSQL's list of directories, whatever the path contains.
fn quoted(directory: &Path) -> String {
    format!(
        "\"{}\"",
        directory.display().to_string().replace('"', "\"\"")
    )
}
