//! PostgreSQL's settings for this machine: memory, write-ahead log, planner, and what it may log.

use std::fs;
use std::path::Path;

use crate::config::ByteSize;

use super::EmbeddedSettings;

/// What the binaries at hand can compress with lz4.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compression {
    pub(super) wal_lz4: bool,
    pub(super) toast_lz4: bool,
}

/// Connections beyond the server's own: backup, an operator's psql, PostgreSQL's reserve.
const CONNECTIONS_SPARE: u32 = 12;

/// Memory to reckon with where the machine does not say how much it has.
const MEMORY_UNKNOWN: u64 = 2 << 30;

/// The text of `vesta.conf`.
pub(super) fn configuration(settings: &EmbeddedSettings, compression: Compression) -> String {
    let memory = memory();
    let shared_buffers = settings
        .shared_buffers
        .unwrap_or(ByteSize((memory / 8).clamp(64 << 20, 4 << 30)));
    let sized = [
        ("shared_buffers", megabytes(shared_buffers.0)),
        ("effective_cache_size", megabytes(memory / 2)),
        (
            "maintenance_work_mem",
            megabytes((memory / 32).clamp(64 << 20, 512 << 20)),
        ),
        (
            "max_connections",
            (settings.connections + CONNECTIONS_SPARE).to_string(),
        ),
        (
            "wal_compression",
            if compression.wal_lz4 { "lz4" } else { "on" }.to_owned(),
        ),
        (
            "default_toast_compression",
            if compression.toast_lz4 { "lz4" } else { "pglz" }.to_owned(),
        ),
    ];
    let mut text =
        "# Written by vesta at every start: put your own settings into local.conf.\n".to_owned();
    for (name, value) in sized {
        text.push_str(&format!("{name} = {value}\n"));
    }
    text.push_str(FIXED);
    text
}

/// Errors and their details stay out of the log, because statements carry patients' data.
const FIXED: &str = "\
work_mem = 8MB
wal_level = minimal
max_wal_senders = 0
min_wal_size = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
random_page_cost = 1.1
jit = off
gin_pending_list_limit = 256kB
autovacuum = on
autovacuum_vacuum_scale_factor = 0.05
autovacuum_vacuum_insert_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.02
autovacuum_naptime = 20s
timezone = 'UTC'
log_timezone = 'UTC'
unix_socket_permissions = 0700
logging_collector = off
log_checkpoints = off
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = none
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
";

/// Memory of this machine or, where that is less, of the container.
fn memory() -> u64 {
    let limits = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let container = limits.iter().filter_map(|path| number_in(Path::new(path)));
    let machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| total_of(&text));
    container.chain(machine).min().unwrap_or(MEMORY_UNKNOWN)
}

fn number_in(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Reads the line `MemTotal:       24683604 kB`.
pub(super) fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// In a unit that every value has at least one of: PostgreSQL refuses fractions.
fn megabytes(bytes: u64) -> String {
    format!("{}MB", (bytes >> 20).max(1))
}
