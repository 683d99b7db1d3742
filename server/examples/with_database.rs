//! Runs a command with a private PostgreSQL of its own: `with_database COMMAND ARGUMENT…`. The command finds its URL in
//! `TEST_DATABASE_URL`; the cluster is gone when the command is.
#![expect(
    clippy::disallowed_methods,
    reason = "this program stands before any configuration"
)]

use std::process::{Command, ExitCode};
use std::time::Duration;

use vesta::postgres::{EmbeddedPostgres, EmbeddedSettings};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().ok_or("which command?")?;
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let data_dir = std::env::temp_dir().join(format!("vesta-tests-{}", &unique[..8]));
    std::fs::create_dir(&data_dir)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("XDG_CACHE_HOME")
        .map(Into::into)
        .or_else(|| {
            std::env::var_os("HOME").map(|home| std::path::PathBuf::from(home).join(".cache"))
        });
    let postgres = EmbeddedPostgres::start(&EmbeddedSettings {
        data_dir: data_dir.clone(),
        bin_dir: None,
        search_path: std::env::split_paths(&path).collect(),
        cache_dirs: home.into_iter().map(|cache| cache.join("vesta")).collect(),
        user: None,
        shared_buffers: None,
        connections: 200,
        start_timeout: Duration::from_secs(60),
        stop_timeout: Duration::from_secs(20),
        fsync: false,
    })
    .await?;
    let status = tokio::process::Command::from(Command::new(program))
        .args(arguments)
        .env("TEST_DATABASE_URL", postgres.connect_url())
        .status()
        .await;
    postgres.stop().await;
    std::fs::remove_dir_all(&data_dir)?;
    Ok(match status?.code() {
        Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        None => ExitCode::FAILURE,
    })
}
