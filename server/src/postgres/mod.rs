//! The embedded PostgreSQL: a private cluster, found, started, supervised and stopped by vesta.
//!
//! The cluster lives in `postgresql/` of the data directory and is reachable only over a Unix
//! socket that nobody but its account and root can open. A lock file keeps a second vesta away;
//! a postmaster that outlived a killed vesta is taken over. The start refuses what it cannot make
//! right, with one line that says what to do.

mod account;
mod binaries;
mod cluster;
mod data_dir;
mod database;
mod postmaster;
mod sizing;
mod supervise;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{ByteSize, Config, SERVE_ROLE};

pub use database::Database;

use account::Account;
use binaries::Binaries;
use data_dir::{DataDir, Held};
use postmaster::Launch;

/// Name of the database and of its owner.
const NAME: &str = "vesta";

/// Part of the socket's file name; nothing listens on a port of this number.
const PORT: u16 = 5432;

/// How the embedded PostgreSQL is found and run.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// Directory that holds the cluster, its lock, its log and normally its socket.
    pub data_dir: PathBuf,
    /// The only place to look for server binaries, where one is given.
    pub bin_dir: Option<PathBuf>,
    /// Directories of the environment's `PATH`.
    pub search_path: Vec<PathBuf>,
    /// Directories below which the set-up may have put server binaries.
    pub cache_dirs: Vec<PathBuf>,
    /// Account to run as when started by root.
    pub user: Option<String>,
    /// PostgreSQL's own page cache; sized from the machine where none is given.
    pub shared_buffers: Option<ByteSize>,
    /// Connections the server will open.
    pub connections: u32,
    /// Longest wait for readiness, crash recovery included.
    pub start_timeout: Duration,
    /// Longest wait for an orderly stop.
    pub stop_timeout: Duration,
    /// `false` only in tests: a stop of the machine then loses data.
    pub fsync: bool,
}

impl From<&Config> for EmbeddedSettings {
    fn from(config: &Config) -> EmbeddedSettings {
        let postgres = &config.postgres;
        EmbeddedSettings {
            data_dir: config.data_dir.clone(),
            bin_dir: postgres.postgres_bin_dir.clone(),
            search_path: config.search_path.clone(),
            cache_dirs: config.cache_dirs.clone(),
            user: postgres.postgres_user.clone(),
            shared_buffers: postgres.postgres_shared_buffers,
            connections: config.limits.database_connections,
            start_timeout: Duration::from_secs(postgres.postgres_start_timeout_s),
            stop_timeout: Duration::from_secs(postgres.postgres_stop_timeout_s),
            fsync: postgres.postgres_fsync,
        }
    }
}

/// Why there is no embedded PostgreSQL: one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A directory or file that vesta must read or write does not let it.
    #[error("cannot {action} {path}: {cause}", path = path.display())]
    Files {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Another vesta works on this data directory.
    #[error("another vesta{holder} uses {path}: stop it, or choose another VESTA_DATA_DIR", path = path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// ` (process n)` where that is known.
        holder: String,
    },
    /// No server binaries were found.
    #[error(
        "no PostgreSQL {oldest}-{newest} server binaries found{found}: install the package postgresql, \
         name their directory in VESTA_POSTGRES_BIN_DIR, or use VESTA_DATABASE_URL",
        oldest = binaries::OLDEST, newest = binaries::NEWEST
    )]
    NoBinaries {
        /// What was found instead, in words.
        found: String,
    },
    /// The cluster belongs to another major version than the binaries at hand.
    #[error(
        "{path} was made by PostgreSQL {cluster}, but only {found} found: install the binaries of {cluster}; \
         to change the version, run `vesta backup` with those, then `vesta restore` into a new data directory",
        path = path.display()
    )]
    OtherVersion {
        /// The cluster.
        path: PathBuf,
        /// Its major version.
        cluster: u32,
        /// The versions at hand, in words.
        found: String,
    },
    /// The account that PostgreSQL shall run as cannot be used.
    #[error("{0}")]
    Account(String),
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {reason}")]
    Program {
        /// Which program.
        program: &'static str,
        /// Its own last word.
        reason: String,
    },
    /// PostgreSQL did not become ready in time.
    #[error("PostgreSQL was not ready after {seconds} s; its log is {log}", log = log.display())]
    Timeout {
        /// How long was waited.
        seconds: u64,
        /// Where its log is.
        log: PathBuf,
    },
    /// The database in the running cluster could not be made.
    #[error("cannot create the database: {0}")]
    CreateDatabase(sqlx::Error),
}

impl StartError {
    fn files(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StartError {
        let path = path.to_path_buf();
        move |cause| StartError::Files {
            action,
            path,
            cause,
        }
    }
}

/// A running embedded PostgreSQL; stop it with [`EmbeddedPostgres::stop`].
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: String,
    serve_url: String,
    up: watch::Receiver<bool>,
    stop: CancellationToken,
    supervisor: Option<JoinHandle<()>>,
}

impl EmbeddedPostgres {
    /// Starts the cluster of the data directory, making it first where there is none.
    pub async fn start(settings: &EmbeddedSettings) -> Result<EmbeddedPostgres, StartError> {
        let data_dir = DataDir::open(&settings.data_dir)?;
        match data_dir.lock()? {
            Held::ByUs(lock) => EmbeddedPostgres::start_locked(settings, &data_dir, lock).await,
            Held::ByOther(holder) => Err(StartError::InUse {
                path: data_dir.path().to_path_buf(),
                holder,
            }),
        }
    }

    /// Like `start`, but where a running vesta holds the data directory, its PostgreSQL is shared.
    pub async fn start_or_join(
        settings: &EmbeddedSettings,
    ) -> Result<EmbeddedPostgres, StartError> {
        let data_dir = DataDir::open(&settings.data_dir)?;
        let holder = match data_dir.lock()? {
            Held::ByUs(lock) => {
                return EmbeddedPostgres::start_locked(settings, &data_dir, lock).await;
            }
            Held::ByOther(holder) => holder,
        };
        let postmaster = postmaster::running(&data_dir.cluster());
        match postmaster.filter(|status| status.ready) {
            Some(status) => Ok(EmbeddedPostgres {
                url: connect_url(NAME, &status.socket_dir),
                serve_url: connect_url(SERVE_ROLE, &status.socket_dir),
                up: watch::channel(true).1,
                stop: CancellationToken::new(),
                supervisor: None,
            }),
            None => Err(StartError::InUse {
                path: data_dir.path().to_path_buf(),
                holder,
            }),
        }
    }

    async fn start_locked(
        settings: &EmbeddedSettings,
        data_dir: &DataDir,
        lock: data_dir::Lock,
    ) -> Result<EmbeddedPostgres, StartError> {
        let cluster = data_dir.cluster();
        let account = Account::choose(&cluster, settings.user.as_deref())?;
        account.must_reach(data_dir.path())?;
        let version = cluster::major_version(&cluster)?;
        let binaries = Binaries::find(settings, &account, &cluster, version)?;
        if version.is_none() {
            cluster::create(data_dir, &account, &binaries, settings.fsync)?;
        }
        let launch = Launch::prepare(settings, data_dir, &account, &binaries)?;
        let postmaster = launch.take_over_or_start().await?;
        let url = connect_url(NAME, &postmaster.socket_dir);
        let serve_url = connect_url(SERVE_ROLE, &postmaster.socket_dir);
        let (up_sender, up) = watch::channel(true);
        let stop = CancellationToken::new();
        let supervision = supervise::run(launch, postmaster, up_sender, stop.clone(), lock);
        let embedded = EmbeddedPostgres {
            url,
            serve_url,
            up,
            stop,
            supervisor: Some(tokio::spawn(supervision)),
        };
        match create_database(&embedded.url).await {
            Ok(()) => Ok(embedded),
            Err(error) => {
                embedded.stop().await;
                Err(StartError::CreateDatabase(error))
            }
        }
    }

    /// Where the owner of the database connects: a URL that names the Unix socket.
    pub fn connect_url(&self) -> &str {
        &self.url
    }

    /// Where `serve` connects, once its role has been made.
    pub fn serve_url(&self) -> &str {
        &self.serve_url
    }

    /// Whether the postmaster is there and ready at this moment.
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Follows whether the postmaster is there and ready.
    pub fn watch_up(&self) -> watch::Receiver<bool> {
        self.up.clone()
    }

    /// Stops the cluster and returns once it is down; a joined one is left to its owner.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(supervisor) = self.supervisor.take()
            && let Err(error) = supervisor.await
        {
            tracing::error!(%error, "the supervision of PostgreSQL ended badly");
        }
    }
}

impl Drop for EmbeddedPostgres {
    /// The supervisor still stops the cluster where nobody waited for it.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn create_database(url: &str) -> Result<(), sqlx::Error> {
    use sqlx::migrate::MigrateDatabase;
    if !sqlx::Postgres::database_exists(url).await? {
        sqlx::Postgres::create_database(url).await?;
    }
    Ok(())
}

fn connect_url(role: &str, socket_dir: &Path) -> String {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    let mut host = String::new();
    for byte in socket_dir.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => host.push(char::from(*byte)),
            // Writing to a String cannot fail.
            _ => write!(host, "%{byte:02X}").unwrap_or_default(),
        }
    }
    format!("postgres://{role}@{host}:{PORT}/{NAME}?sslmode=disable")
}
