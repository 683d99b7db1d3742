//! Refuses settings that are unknown or contradict each other, and reports those in force.

use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::{Auth, Config};

/// What a start of `vesta` comes to once its settings are read.
#[derive(Debug)]
pub enum Start {
    /// Run the command of this configuration.
    Run(Box<Config>),
    /// Print this report of the settings and stop.
    Report(Report),
    /// Print this help or version text and stop.
    Text(String),
}

/// The settings in force, and what is wrong with them.
#[derive(Debug)]
pub struct Report {
    /// One line per setting: variable, value, where it comes from.
    pub settings: Vec<String>,
    /// One line per problem.
    pub problems: Vec<String>,
}

/// Why the settings do not allow a start: one line for each problem.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// One line per problem.
    pub problems: Vec<String>,
}

impl ConfigError {
    pub(super) fn one(problem: String) -> ConfigError {
        ConfigError {
            problems: vec![problem],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problems.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// Turns what the argument parser says into a text to print or one line of refusal.
pub(super) fn refusal(command: &Command, error: clap::Error) -> Result<Start, ConfigError> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(Start::Text(error.to_string())),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(ConfigError::one(format!(
                "say what to do: {} (more with --help)",
                commands(command)
            )))
        }
        _ => Err(ConfigError::one(first_line(command, &error))),
    }
}

fn commands(command: &Command) -> String {
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    names.join(", ")
}

/// The parser's sentence without its usage text, in one line, with the variable's name.
pub(super) fn first_line(command: &Command, error: &clap::Error) -> String {
    let text = error.to_string();
    let sentence: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .filter(|line| !line.is_empty())
        .collect();
    let sentence = sentence.join(" ");
    let sentence = sentence.strip_prefix("error: ").unwrap_or(&sentence);
    match variable_of(command, error) {
        Some(variable) => format!("{sentence} (variable {variable})"),
        None => sentence.to_owned(),
    }
}

fn variable_of(command: &Command, error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let long = named.split_whitespace().next()?.strip_prefix("--")?;
    all_arguments(command)
        .find(|argument| argument.get_long() == Some(long))
        .and_then(|argument| argument.get_env())
        .map(|variable| variable.to_string_lossy().into_owned())
}

fn all_arguments(command: &Command) -> impl Iterator<Item = &clap::Arg> {
    let of_subcommands = command.get_subcommands().flat_map(Command::get_arguments);
    command.get_arguments().chain(of_subcommands)
}

/// Collects the settings in force and everything that speaks against a start with them.
pub(super) fn report(
    command: &Command,
    matches: &ArgMatches,
    config: &Config,
    environment: &[(OsString, OsString)],
) -> Report {
    let mut problems = unknown_variables(command, environment);
    problems.extend(contradictions(matches, config));
    Report {
        settings: settings(command, matches, config),
        problems,
    }
}

fn unknown_variables(command: &Command, environment: &[(OsString, OsString)]) -> Vec<String> {
    let known: Vec<&OsStr> = all_arguments(command)
        .filter_map(|argument| argument.get_env())
        .collect();
    let mut problems: Vec<String> = environment
        .iter()
        .filter(|(name, _)| name.as_encoded_bytes().starts_with(b"VESTA_"))
        .filter(|(name, _)| !known.contains(&name.as_os_str()))
        .map(|(name, _)| format!("{} is not a setting", name.to_string_lossy()))
        .collect();
    problems.sort();
    problems
}

/// What speaks against who may use the API, and from where.
fn open_doors(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let mut refuse_if = |wrong: bool, problem: &str| {
        if wrong {
            problems.push(problem.to_owned());
        }
    };
    refuse_if(
        config.auth == Auth::Disabled && !config.listen.ip().is_loopback(),
        "VESTA_AUTH=disabled lets everybody do everything: VESTA_LISTEN must be a loopback address",
    );
    refuse_if(
        config.demo_accounts.is_some()
            && (config.auth == Auth::Disabled || !config.listen.ip().is_loopback()),
        "VESTA_DEMO_ACCOUNTS has passwords that everybody knows: it needs VESTA_AUTH=smart and a loopback address in VESTA_LISTEN",
    );
    let is_behind_tls = config
        .base_url
        .as_ref()
        .is_some_and(|base_url| base_url.starts_with("https://"));
    refuse_if(
        config.auth == Auth::Smart
            && !config.listen.ip().is_loopback()
            && !config.tls()
            && !is_behind_tls,
        "VESTA_AUTH=smart needs TLS: set VESTA_TLS_CERT and VESTA_TLS_KEY, or a VESTA_BASE_URL of https that a proxy serves",
    );
    refuse_if(
        config.auth != Auth::Disabled && !config.is_audited(),
        "VESTA_AUDIT=off is for VESTA_AUTH=disabled only",
    );
    problems
}

fn contradictions(matches: &ArgMatches, config: &Config) -> Vec<String> {
    let mut problems = open_doors(config);
    let limits = &config.limits;
    let mut refuse_if = |wrong: bool, problem: &str| {
        if wrong {
            problems.push(problem.to_owned());
        }
    };
    refuse_if(
        !fhir::ids::ResourceId::is_valid(&config.audit.audit_node),
        "VESTA_AUDIT_NODE must be letters, digits, '-' and '.', at most 64 of them",
    );
    refuse_if(
        config.tls_cert.is_some() != config.tls_key.is_some(),
        "VESTA_TLS_CERT and VESTA_TLS_KEY belong together: set both or none",
    );
    refuse_if(
        config.tls_client_authorities.is_some() && (!config.tls() || config.auth == Auth::Disabled),
        "VESTA_TLS_CLIENT_AUTHORITIES is for VESTA_AUTH=smart with VESTA_TLS_CERT and VESTA_TLS_KEY",
    );
    refuse_if(
        limits.page_size > limits.page_size_max,
        "VESTA_PAGE_SIZE is more than VESTA_PAGE_SIZE_MAX allows",
    );
    refuse_if(
        limits.combine_tasks * (7 + u32::from(config.is_audited())) >= limits.database_connections,
        "each of VESTA_COMBINE_TASKS takes seven connections, eight with an audit trail, and some must remain: raise VESTA_DATABASE_CONNECTIONS",
    );
    if let Some(base_url) = &config.base_url {
        refuse_if(
            !is_base_url(base_url),
            "VESTA_BASE_URL must be http(s)://host[:port]/path without a slash at the end, query or fragment",
        );
    }
    if let Some(database_url) = &config.database_url {
        let url = database_url.expose();
        refuse_if(
            !url.starts_with("postgres://") && !url.starts_with("postgresql://"),
            "VESTA_DATABASE_URL must start with postgres://",
        );
        for id in EMBEDDED_ONLY {
            refuse_if(
                is_explicit(matches, id),
                &format!(
                    "VESTA_{} is for the embedded PostgreSQL, VESTA_DATABASE_URL for another: set one",
                    id.to_uppercase()
                ),
            );
        }
    }
    problems.extend(config.messages.problems());
    if let Err(error) = config.log.parse::<tracing_subscriber::EnvFilter>() {
        problems.push(format!("VESTA_LOG is not a log filter: {error}"));
    }
    problems
}

const EMBEDDED_ONLY: [&str; 6] = [
    "postgres_bin_dir",
    "postgres_user",
    "postgres_shared_buffers",
    "postgres_start_timeout_s",
    "postgres_stop_timeout_s",
    "postgres_fsync",
];

fn is_explicit(matches: &ArgMatches, id: &str) -> bool {
    matches!(
        source(matches, id),
        Some(ValueSource::CommandLine | ValueSource::EnvVariable)
    )
}

/// A global flag is known to the level it stands on, so both levels are asked.
fn source(matches: &ArgMatches, id: &str) -> Option<ValueSource> {
    let of_subcommand = matches
        .subcommand()
        .filter(|(_, below)| below.try_contains_id(id).is_ok())
        .and_then(|(_, below)| below.value_source(id));
    let own = matches
        .try_contains_id(id)
        .ok()
        .and_then(|_| matches.value_source(id));
    of_subcommand.max(own)
}

fn is_base_url(text: &str) -> bool {
    let after_scheme = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    let well_formed = text
        .parse::<http::Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    after_scheme.is_some() && well_formed && !text.contains(['?', '#', '@']) && !text.ends_with('/')
}

fn settings(command: &Command, matches: &ArgMatches, config: &Config) -> Vec<String> {
    let shown = command
        .get_arguments()
        .filter(|argument| argument.get_env().is_some());
    shown
        .map(|argument| {
            let id = argument.get_id().as_str();
            let variable = argument.get_env().unwrap_or_default().to_string_lossy();
            let (value, origin) = in_force(matches, config, id);
            format!("{variable:<36} {value}  ({origin})")
        })
        .collect()
}

fn in_force(matches: &ArgMatches, config: &Config, id: &str) -> (String, &'static str) {
    let origin = match source(matches, id) {
        Some(ValueSource::CommandLine) => "flag",
        Some(ValueSource::EnvVariable) => "environment",
        _ => "default",
    };
    let below = matches.subcommand().map(|(_, below)| below);
    let raw = [below, Some(matches)]
        .into_iter()
        .flatten()
        .find_map(|level| level.try_get_raw(id).ok().flatten())
        .and_then(|mut values| values.next());
    let value = match (id, raw) {
        // Gateways take keys in their paths and queries.
        ("database_url" | "sms_url", Some(_)) => "(hidden)".to_owned(),
        ("smtp_url", Some(value)) if value.as_encoded_bytes().contains(&b'@') => {
            "(hidden)".to_owned()
        }
        ("database_url", None) => "the embedded PostgreSQL".to_owned(),
        ("audit", None) => match config.is_audited() {
            true => "on".to_owned(),
            false => "off".to_owned(),
        },
        ("audit_key_file", None) => config.audit_key_file().display().to_string(),
        ("identity_key_file", None) => config.identity_key_file().display().to_string(),
        ("base_url", None) => config.fhir_base(config.listen),
        (_, Some(value)) => value.to_string_lossy().into_owned(),
        (_, None) => "-".to_owned(),
    };
    (value, origin)
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for setting in &self.settings {
            writeln!(formatter, "{setting}")?;
        }
        for problem in &self.problems {
            writeln!(formatter, "wrong: {problem}")?;
        }
        if self.problems.is_empty() {
            writeln!(formatter, "nothing is wrong with these settings")?;
        }
        Ok(())
    }
}
