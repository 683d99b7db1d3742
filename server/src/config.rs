//! Configuration: every setting is a flag and a `VESTA_…` variable, and its comment here is its help.
#![expect(
    clippy::disallowed_methods,
    reason = "this module is the only reader of the environment"
)]

mod access;
mod audit;
mod calendars;
mod check;
mod codes;
mod embedded;
mod federation;
mod identity;
mod limits;
mod messages;
#[cfg(test)]
mod tests;
mod validation;
mod values;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use access::{AccessSettings, ConsentDefault};
pub use audit::{AuditMode, AuditSettings};
pub use calendars::CalendarSettings;
pub use check::{ConfigError, Report, Start};
pub use codes::CodeSource;
pub use embedded::{PostgresSettings, SERVE_ROLE};
pub use federation::FederationSettings;
pub use identity::{ClientCommand, IdTokenAlgorithm, IdentitySettings, UserCommand};
pub use limits::Limits;
pub use messages::MessageSettings;
pub use validation::{Profiles, References, Unknown, ValidationSettings};
pub use values::{ByteSize, Secret};

/// Vesta, a FHIR R4 server on PostgreSQL.
///
/// Every setting is a flag and an environment variable; a flag wins. What is unknown or
/// contradictory stops the start. `vesta check-config` shows what is in force.
#[derive(Debug, Clone, Parser)]
#[command(name = "vesta", version, max_term_width = 100)]
#[command(disable_help_subcommand = true, subcommand_required = true)]
pub struct Config {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Address and port to listen on.
    #[arg(
        long,
        env = "VESTA_LISTEN",
        global = true,
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,

    /// Base URL of the FHIR API as clients see it [default: http(s)://LISTEN/fhir]
    #[arg(long, env = "VESTA_BASE_URL", global = true, value_name = "URL")]
    pub base_url: Option<String>,

    /// Directory of the embedded PostgreSQL and of everything else this installation owns
    /// [default: /var/lib/vesta for root, else vesta in the XDG data directory]
    #[arg(long, env = "VESTA_DATA_DIR", global = true, value_name = "DIR")]
    #[arg(default_value_os_t = defaults::data_dir(), hide_default_value = true)]
    pub data_dir: PathBuf,

    /// URL of a PostgreSQL 14-18 to use instead of the embedded one:
    /// postgres://user:password@host/database
    #[arg(long, env = "VESTA_DATABASE_URL", global = true, value_name = "URL")]
    pub database_url: Option<Secret>,

    /// Directory of the FHIR packages [default: vesta/packages in the XDG cache directory]
    #[arg(long, env = "VESTA_PACKAGES_DIR", global = true, value_name = "DIR")]
    #[arg(default_value_os_t = defaults::packages_dir(), hide_default_value = true)]
    pub packages_dir: PathBuf,

    /// List of the FHIR packages to read, in the form of fhir-packages.toml [default: the list this
    /// program was built with]
    #[arg(long, env = "VESTA_PACKAGES_LIST", global = true, value_name = "FILE")]
    pub packages_list: Option<PathBuf>,

    /// Bundle or directory of Bundles that `serve` loads when the database holds no resource
    #[arg(
        long,
        env = "VESTA_LOAD_WHEN_EMPTY",
        global = true,
        value_name = "PATH"
    )]
    pub load_when_empty: Option<PathBuf>,

    /// Accounts of the demo clinic, whose passwords everybody knows: `serve` adds them to a database that
    /// began with VESTA_LOAD_WHEN_EMPTY, on a loopback listener, and prints them
    #[arg(long, env = "VESTA_DEMO_ACCOUNTS", global = true, value_name = "FILE")]
    pub demo_accounts: Option<PathBuf>,

    /// Who may use the API: holders of access tokens that this server issues (`smart`), or everybody,
    /// for everything, on a loopback listener (`disabled`)
    #[arg(long, env = "VESTA_AUTH", global = true, value_enum, default_value_t = Auth::Disabled)]
    pub auth: Auth,

    /// PEM file with the certificate chain; with --tls-key it turns TLS on
    #[arg(long, env = "VESTA_TLS_CERT", global = true, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// PEM file with the private key of the certificate
    #[arg(long, env = "VESTA_TLS_KEY", global = true, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// PEM file with the authorities that sign certificates of clients: systems that are registered
    /// with one show it while they connect (mutual TLS)
    #[arg(
        long,
        env = "VESTA_TLS_CLIENT_AUTHORITIES",
        global = true,
        value_name = "FILE"
    )]
    pub tls_client_authorities: Option<PathBuf>,

    /// What to log: a level, or a filter such as `info,vesta=debug`
    #[arg(
        long,
        env = "VESTA_LOG",
        global = true,
        value_name = "FILTER",
        default_value = "info,sqlx=warn"
    )]
    pub log: String,

    /// Form of the log lines, which go to standard error
    #[arg(long, env = "VESTA_LOG_FORMAT", global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// Validation.
    #[command(flatten, next_help_heading = "Validation")]
    pub validation: ValidationSettings,

    /// The authorization server.
    #[command(flatten, next_help_heading = "Authorization")]
    pub identity: IdentitySettings,

    /// Other identity providers.
    #[command(flatten, next_help_heading = "Authorization")]
    pub federation: FederationSettings,

    /// Who may see what.
    #[command(flatten, next_help_heading = "Consents")]
    pub access: AccessSettings,

    /// The audit trail.
    #[command(flatten, next_help_heading = "Audit")]
    pub audit: AuditSettings,

    /// What is sent to patients.
    #[command(flatten, next_help_heading = "Messages")]
    pub messages: MessageSettings,

    /// The embedded PostgreSQL.
    #[command(flatten, next_help_heading = "Embedded PostgreSQL")]
    pub postgres: PostgresSettings,

    /// Calendars.
    #[command(flatten, next_help_heading = "Calendars")]
    pub calendars: CalendarSettings,

    /// Limits.
    #[command(flatten, next_help_heading = "Limits")]
    pub limits: Limits,

    /// Directories that may hold programs, as the `PATH` of the environment lists them.
    #[arg(skip)]
    pub search_path: Vec<PathBuf>,

    /// Directories below which the set-up may have put server binaries.
    #[arg(skip)]
    pub cache_dirs: Vec<PathBuf>,
}

/// What one run of `vesta` does.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve the FHIR API and run the background jobs
    Serve {
        /// Which part of the work this process does
        #[arg(long, env = "VESTA_ROLE", value_enum, default_value_t = Role::All)]
        role: Role,
    },
    /// Bring the database schema up to date, then stop
    Migrate,
    /// Load transaction Bundles, shifting their dates to today
    Load {
        /// Files, or directories of files, with one Bundle each
        #[arg(required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
    },
    /// Import LOINC, SNOMED CT, ICD-10-CM or codes in a CSV file
    ImportCodes {
        /// What is imported.
        #[command(subcommand)]
        source: CodeSource,
    },
    /// Manage who may log in
    User {
        /// What is done.
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Manage apps and systems that ask for access
    Client {
        /// What is done.
        #[command(subcommand)]
        command: ClientCommand,
    },
    /// Compute the search values of all resources anew
    Reindex,
    /// Compute anew who is busy when, from the Appointments and Slots there are
    Reproject,
    /// Write everything the database holds to one file
    Backup {
        /// File to write; it must not exist yet
        file: PathBuf,
    },
    /// Fill an empty database from a backup, all or nothing
    Restore {
        /// File that `vesta backup` wrote
        file: PathBuf,
    },
    /// Print the settings in force and what is wrong with them, then stop
    CheckConfig,
}

/// Which part of the work a `serve` process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The FHIR API and the background jobs
    All,
    /// The FHIR API alone
    Api,
    /// The background jobs alone
    Worker,
}

/// Who may use the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Everybody who can reach the listener
    Disabled,
    /// Holders of an access token of this server (SMART on FHIR)
    Smart,
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One readable line per event
    Text,
    /// One JSON object per line
    Json,
}

impl Config {
    /// Reads flags and environment of this process, and refuses what does not fit together.
    pub fn from_environment() -> Result<Start, ConfigError> {
        Config::read(std::env::args_os().collect(), std::env::vars_os().collect())
    }

    fn read(
        arguments: Vec<OsString>,
        environment: Vec<(OsString, OsString)>,
    ) -> Result<Start, ConfigError> {
        let command = described();
        let matches = match command.clone().try_get_matches_from(arguments) {
            Ok(matches) => matches,
            Err(error) => return check::refusal(&command, error),
        };
        let mut config = Config::from_arg_matches(&matches)
            .map_err(|error| ConfigError::one(check::first_line(&command, &error)))?;
        config.search_path = defaults::search_path();
        config.cache_dirs = defaults::cache_dirs();
        let report = check::report(&command, &matches, &config, &environment);
        if config.command == Command::CheckConfig {
            return Ok(Start::Report(report));
        }
        match report.problems.is_empty() {
            true => Ok(Start::Run(Box::new(config))),
            false => Err(ConfigError {
                problems: report.problems,
            }),
        }
    }

    /// Base URL of the FHIR API; `bound` is the address that the listener got.
    pub fn fhir_base(&self, bound: SocketAddr) -> String {
        match &self.base_url {
            Some(base_url) => base_url.clone(),
            None => format!(
                "{}://{bound}/fhir",
                if self.tls() { "https" } else { "http" }
            ),
        }
    }

    /// Whether there is an audit trail.
    pub fn is_audited(&self) -> bool {
        match self.audit.audit {
            Some(mode) => mode == AuditMode::On,
            None if matches!(self.command, Command::Serve { .. }) => self.auth != Auth::Disabled,
            // Whoever loads or changes accounts need not say how the server is reached.
            None => self.auth != Auth::Disabled || self.audit_key_file().exists(),
        }
    }

    /// Where the key of the audit trail is.
    pub fn audit_key_file(&self) -> PathBuf {
        let own = || self.data_dir.join("audit.key");
        self.audit.audit_key_file.clone().unwrap_or_else(own)
    }

    /// Where the key is that seals second factors and keys.
    pub fn identity_key_file(&self) -> PathBuf {
        let own = || self.data_dir.join("identity.key");
        self.identity.identity_key_file.clone().unwrap_or_else(own)
    }

    /// Whether the listener speaks TLS.
    pub fn tls(&self) -> bool {
        self.tls_cert.is_some() && self.tls_key.is_some()
    }
}

/// The description of all arguments; values from the environment never show in a help text.
fn described() -> clap::Command {
    Config::command()
        .mut_args(|argument| argument.hide_env_values(true))
        .mut_subcommands(|command| command.mut_args(|argument| argument.hide_env_values(true)))
}

/// Defaults that depend on the account and its environment.
mod defaults {
    use std::path::{Path, PathBuf};

    fn directory(variable: &str, below_home: &str) -> Option<PathBuf> {
        let absolute = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
    }

    /// Root's own directories are closed to the account that PostgreSQL runs as.
    pub(super) fn data_dir() -> PathBuf {
        let system = PathBuf::from("/var/lib/vesta");
        if nix::unistd::geteuid().is_root() {
            return system;
        }
        directory("XDG_DATA_HOME", ".local/share").map_or(system, |path| path.join("vesta"))
    }

    pub(super) fn packages_dir() -> PathBuf {
        cache_dir().join("packages")
    }

    pub(super) fn cache_dirs() -> Vec<PathBuf> {
        vec![cache_dir(), system_cache_dir()]
    }

    fn cache_dir() -> PathBuf {
        directory("XDG_CACHE_HOME", ".cache").map_or(system_cache_dir(), |path| path.join("vesta"))
    }

    fn system_cache_dir() -> PathBuf {
        Path::new("/var/cache/vesta").to_path_buf()
    }

    pub(super) fn search_path() -> Vec<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .filter(|directory| directory.is_absolute())
            .collect()
    }
}
