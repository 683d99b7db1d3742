//! Settings of the audit trail.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is recorded of requests, and as whose work.
#[derive(Debug, Clone, Args)]
pub struct AuditSettings {
    /// Whether every request is recorded as AuditEvent [default: on, and off where VESTA_AUTH is
    /// disabled, the only place where it may be; other commands than serve also record where there is
    /// a key of the trail]
    #[arg(long, env = "VESTA_AUDIT", global = true, value_enum)]
    pub audit: Option<AuditMode>,

    /// Whether a read is answered although it cannot be recorded; writes never are
    #[arg(
        long,
        env = "VESTA_AUDIT_READS_OPEN",
        global = true,
        value_name = "BOOL"
    )]
    #[arg(default_value_t = false, action = clap::ArgAction::Set)]
    pub audit_reads_open: bool,

    /// File with the key that signs checkpoints of the trail; all nodes of one database need the same
    /// [default: audit.key in VESTA_DATA_DIR, made where there is none]
    #[arg(long, env = "VESTA_AUDIT_KEY_FILE", global = true, value_name = "FILE")]
    pub audit_key_file: Option<PathBuf>,

    /// Name of this node in AuditEvents, as the id of a Device
    #[arg(
        long,
        env = "VESTA_AUDIT_NODE",
        global = true,
        value_name = "ID",
        default_value = "vesta"
    )]
    pub audit_node: String,

    /// Name of the place this node stands at, in AuditEvents
    #[arg(long, env = "VESTA_AUDIT_SITE", global = true, value_name = "NAME")]
    pub audit_site: Option<String>,
}

/// Whether there is an audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditMode {
    /// Every request is recorded
    On,
    /// None is: for benchmarks and test suites
    Off,
}
