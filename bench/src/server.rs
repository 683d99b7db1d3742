//! A Vesta of the bench's own: a free loopback port, an embedded PostgreSQL on a temporary data directory, fsync on.

mod clinic;
mod companion;

pub(crate) use clinic::Person;
pub(crate) use companion::Companion;

use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use crate::Result;
use crate::cpu::Usage;
use crate::http::{Client, Request};

/// Where the server comes from.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerOptions {
    /// The server to start [default: vesta beside this program, built by cargo if it is not there]
    #[arg(long, env = "BENCH_SERVER", value_name = "PATH")]
    server: Option<PathBuf>,

    /// Directory of the FHIR packages [default: the server's own]
    #[arg(long, env = "VESTA_PACKAGES_DIR", value_name = "DIR")]
    packages_dir: Option<PathBuf>,

    /// Keep the data directory and the log of the server, and print where they are
    #[arg(long)]
    keep: bool,
}

/// What an installation's own settings of PostgreSQL may say: room for the connections that measure the limit.
const LOCAL_CONF: &str = "max_connections = 160\n";

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(10);

/// A server and its database; both end with it.
#[derive(Debug)]
pub(crate) struct OwnServer {
    program: PathBuf,
    packages_dir: Option<PathBuf>,
    directory: PathBuf,
    keep: bool,
    guard: Guard,
    /// What its clients show.
    token: Option<String>,
    address: SocketAddr,
    child: Option<Child>,
}

/// What stands between a server's clients and its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Nothing.
    Nothing,
    /// An audit trail.
    Trail,
    /// An audit trail and, once [`OwnServer::lock`] has been called, access tokens.
    Tokens,
}

impl OwnServer {
    /// Makes an empty database and starts a server on it.
    pub(crate) async fn start(options: &ServerOptions) -> Result<Self> {
        Self::start_in(options, temporary_directory("")?, options.keep).await
    }

    /// The same with something between its clients and its data.
    pub(crate) async fn start_guarded(options: &ServerOptions, guard: Guard) -> Result<Self> {
        let directory = temporary_directory(match guard {
            Guard::Nothing => "",
            Guard::Trail => "-trail",
            Guard::Tokens => "-tokens",
        })?;
        Self::start_as(options, directory, options.keep, guard).await
    }

    /// Starts the server anew, so that it asks for access tokens; from then on its clients have one of that person.
    pub(crate) async fn lock(&mut self, person: Person) -> Result<()> {
        self.shut_down()?;
        let accounts = self.directory.join("accounts.toml");
        fs::write(&accounts, clinic::accounts(person))?;
        let mut command = self.command("serve")?;
        let said = self.directory.join("said");
        command
            .args(["--auth", "smart", "--demo-accounts"])
            .arg(&accounts)
            .arg("--listen")
            .arg(self.address.to_string())
            .stdout(File::create(&said)?);
        self.child = Some(command.spawn()?);
        self.ready().await?;
        let text = fs::read_to_string(&said)?;
        let token = text
            .split_once("TOKEN='")
            .and_then(|(_, rest)| rest.split_once('\''));
        let (token, _) = token.ok_or_else(|| self.failed("the server prints no token"))?;
        self.token = Some(token.to_owned());
        Ok(())
    }

    /// Starts a server on what a directory holds, or on an empty database there.
    pub(crate) async fn start_in(
        options: &ServerOptions,
        directory: PathBuf,
        keep: bool,
    ) -> Result<Self> {
        Self::start_as(options, directory, keep, Guard::Nothing).await
    }

    async fn start_as(
        options: &ServerOptions,
        directory: PathBuf,
        keep: bool,
        guard: Guard,
    ) -> Result<Self> {
        let mut server = Self {
            program: program(options)?,
            packages_dir: options.packages_dir.clone(),
            directory,
            keep,
            guard,
            token: None,
            address: free_address()?,
            child: None,
        };
        let mut migrate = server.command("migrate")?;
        if !migrate.status()?.success() {
            return Err(server.failed("vesta migrate"));
        }
        fs::write(server.cluster().join("local.conf"), LOCAL_CONF)?;
        fs::set_permissions(
            server.cluster().join("local.conf"),
            Permissions::from_mode(0o644),
        )?;
        server.serve().await?;
        Ok(server)
    }

    /// Starts the server, which must not be running, and waits until it is ready.
    pub(crate) async fn serve(&mut self) -> Result<()> {
        let mut command = self.command("serve")?;
        command.arg("--listen").arg(self.address.to_string());
        if self.guard == Guard::Tokens {
            // The people that tokens are for.
            let clinic = self.directory.join("clinic.json");
            fs::write(&clinic, clinic::bundle())?;
            command.arg("--load-when-empty").arg(&clinic);
        }
        self.child = Some(command.spawn()?);
        self.ready().await
    }

    /// Waits until the server and its database answer.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        match answers(self.address, &mut self.child).await? {
            true => Ok(()),
            false => Err(self.failed("the server is not ready")),
        }
    }

    /// A new client of it.
    pub(crate) fn client(&self) -> Client {
        let client = Client::new(self.address);
        match &self.token {
            Some(token) => client.holding(token),
            None => client,
        }
    }

    /// Processor time up to now.
    pub(crate) fn usage(&self) -> Result<Usage> {
        Ok(Usage::now(self.server_pid()?, self.postmaster_pid()?))
    }

    /// How the server itself connects to its database, for statements of a fixed plan.
    pub(crate) fn database(&self) -> Result<PgConnectOptions> {
        Ok(PgConnectOptions::new_without_pgpass()
            .socket(self.socket_directory()?)
            .port(5432)
            .username("vesta")
            .database("vesta")
            .application_name("bench")
            .ssl_mode(sqlx::postgres::PgSslMode::Disable)
            .options([
                ("timezone", "UTC"),
                ("jit", "off"),
                ("plan_cache_mode", "force_generic_plan"),
            ])
            .disable_statement_logging())
    }

    /// A connection to its database.
    pub(crate) async fn connect(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect_with(&self.database()?).await?)
    }

    /// The same database as a URL, for the server's own store.
    pub(crate) fn database_url(&self) -> Result<String> {
        let directory = self.socket_directory()?;
        let text = directory.to_str().ok_or("the socket's path is not UTF-8")?;
        let host = text.replace('/', "%2F");
        Ok(format!(
            "postgres://vesta@{host}:5432/vesta?sslmode=disable"
        ))
    }

    /// Where PostgreSQL writes what it has to say.
    pub(crate) fn database_log(&self) -> PathBuf {
        self.data_dir().join("postgresql.log")
    }

    /// Ends the server without a warning and waits until it is gone; its database stays.
    pub(crate) fn kill_server(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Ends PostgreSQL's postmaster without a warning; the server starts it again.
    pub(crate) fn kill_postmaster(&self) -> Result<()> {
        Ok(kill(pid(self.postmaster_pid()?)?, Signal::SIGKILL)?)
    }

    /// The process of the server.
    pub(crate) fn server_pid(&self) -> Result<u32> {
        let child = self.child.as_ref().ok_or("the server is not running")?;
        Ok(child.id())
    }

    fn postmaster_pid(&self) -> Result<u32> {
        Ok(self.postmaster_line(0)?.parse()?)
    }

    fn socket_directory(&self) -> Result<PathBuf> {
        self.postmaster_line(4).map(PathBuf::from)
    }

    /// A line of the file in which PostgreSQL says how it runs.
    fn postmaster_line(&self, line: usize) -> Result<String> {
        let text = fs::read_to_string(self.cluster().join("postmaster.pid"))?;
        let found = text.lines().nth(line).map(|text| text.trim().to_owned());
        found.ok_or_else(|| "PostgreSQL does not say how it runs".into())
    }

    fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn cluster(&self) -> PathBuf {
        self.data_dir().join("postgresql")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("vesta.log")
    }

    /// A command of the server that knows no setting but the ones given here.
    fn command(&self, name: &str) -> Result<Command> {
        self.command_in(name, &self.data_dir())
    }

    /// The same with a data directory of its own.
    fn command_in(&self, name: &str, data_dir: &Path) -> Result<Command> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = Command::new(&self.program);
        let foreign = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("VESTA_") && !name.starts_with("VESTA_POSTGRES_")
        });
        for (name, _) in foreign {
            command.env_remove(name);
        }
        command.arg(name).arg("--data-dir").arg(data_dir);
        command.arg("--audit").arg(match self.guard {
            Guard::Nothing => "off",
            Guard::Trail | Guard::Tokens => "on",
        });
        if let Some(packages) = &self.packages_dir {
            command.arg("--packages-dir").arg(packages);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(command)
    }

    /// An error that ends with the last words of the server's log.
    fn failed(&self, what: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(8)..].join("\n");
        format!("{what}\n{last}").into()
    }

    /// Stops what still runs: in order, and by force only when that does not help.
    fn shut_down(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take()
            && child.try_wait()?.is_none()
        {
            kill(pid(child.id())?, Signal::SIGTERM)?;
            let deadline = Instant::now() + PATIENCE;
            while child.try_wait()?.is_none() {
                if Instant::now() > deadline {
                    child.kill()?;
                    child.wait()?;
                }
                std::thread::sleep(GLANCE);
            }
        }
        if let Ok(postmaster) = self.postmaster_pid() {
            kill(pid(postmaster)?, Signal::SIGQUIT)?;
            while Path::new(&format!("/proc/{postmaster}")).exists() {
                std::thread::sleep(GLANCE);
            }
        }
        Ok(())
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            crate::report::failure(&format!("the server could not be stopped: {error}"));
        }
        let place = self.directory.display();
        if self.keep {
            crate::report::progress(&format!("kept: {place}"));
        } else if let Err(error) = fs::remove_dir_all(&self.directory) {
            crate::report::failure(&format!("{place} could not be removed: {error}"));
        }
    }
}

/// Waits until a server and its database answer; `false` where it has ended, or takes too long.
async fn answers(address: SocketAddr, child: &mut Option<Child>) -> Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut client = Client::new(address);
        let asked = client.send(Request::new("GET", "/health/ready", ""));
        if let Ok(Ok(answer)) = tokio::time::timeout(Duration::from_secs(5), asked).await
            && answer.status == 200
        {
            return Ok(true);
        }
        let ended = match child {
            Some(child) => child.try_wait()?.is_some(),
            None => true,
        };
        if ended || Instant::now() > deadline {
            return Ok(false);
        }
        tokio::time::sleep(GLANCE).await;
    }
}

fn pid(number: u32) -> Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(number)?))
}

/// A directory of this run's own.
pub(crate) fn temporary_directory(suffix: &str) -> Result<PathBuf> {
    let name = format!("vesta-bench-{}{suffix}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    fs::create_dir(&directory)?;
    open_directory(&directory)?;
    Ok(directory)
}

/// PostgreSQL may run as another account, which must be able to come through.
pub(crate) fn open_directory(directory: &Path) -> Result<()> {
    Ok(fs::set_permissions(
        directory,
        Permissions::from_mode(0o711),
    )?)
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// The server that was asked for, or the one beside this program.
fn program(options: &ServerOptions) -> Result<PathBuf> {
    if let Some(server) = &options.server {
        return fs::canonicalize(server)
            .map_err(|error| format!("{}: {error}", server.display()).into());
    }
    let here = std::env::current_exe()?;
    let beside = here.with_file_name("vesta");
    if !beside.exists() {
        crate::report::progress("building vesta");
        let target = here.ancestors().nth(2).ok_or("no target directory")?;
        let built = Command::new("cargo")
            .args(["build", "--release", "--locked", "--package", "vesta"])
            .arg("--target-dir")
            .arg(target)
            .status()?;
        let release = target.join("release").join("vesta");
        return match built.success() && release.exists() {
            true => Ok(release),
            false => Err("vesta does not build".into()),
        };
    }
    Ok(beside)
}
