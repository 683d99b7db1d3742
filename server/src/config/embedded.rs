//! Settings of the embedded PostgreSQL; with `--database-url` they have no meaning and are refused.

use std::path::PathBuf;

use clap::Args;

use super::ByteSize;

/// The role of the database under which `serve` works.
pub const SERVE_ROLE: &str = "vesta_serve";

/// How the embedded PostgreSQL is found and run.
#[derive(Debug, Clone, Args)]
pub struct PostgresSettings {
    /// Directory with `postgres` and `initdb` [default: the newest that is found]
    #[arg(
        long,
        env = "VESTA_POSTGRES_BIN_DIR",
        global = true,
        value_name = "DIR"
    )]
    pub postgres_bin_dir: Option<PathBuf>,

    /// Account that PostgreSQL runs as when vesta is started by root [default: nobody]
    #[arg(long, env = "VESTA_POSTGRES_USER", global = true, value_name = "USER")]
    pub postgres_user: Option<String>,

    /// Memory for PostgreSQL's own page cache [default: an eighth of the machine's]
    #[arg(
        long,
        env = "VESTA_POSTGRES_SHARED_BUFFERS",
        global = true,
        value_name = "SIZE"
    )]
    pub postgres_shared_buffers: Option<ByteSize>,

    /// Longest wait for PostgreSQL to become ready, crash recovery included (1-86400)
    #[arg(
        long,
        env = "VESTA_POSTGRES_START_TIMEOUT_S",
        global = true,
        value_name = "SECONDS"
    )]
    #[arg(default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub postgres_start_timeout_s: u64,

    /// Longest wait for PostgreSQL to stop before it is told to stop at once (1-3600)
    #[arg(
        long,
        env = "VESTA_POSTGRES_STOP_TIMEOUT_S",
        global = true,
        value_name = "SECONDS"
    )]
    #[arg(default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub postgres_stop_timeout_s: u64,

    /// For tests only: `false` loses data when the machine stops
    #[arg(long, env = "VESTA_POSTGRES_FSYNC", global = true, value_name = "BOOL")]
    #[arg(default_value_t = true, action = clap::ArgAction::Set)]
    pub postgres_fsync: bool,
}
