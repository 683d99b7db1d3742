//! Real clusters in temporary directories: made, found again, killed, refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::postmaster::{Status, parse_pid_file};
use super::*;
use crate::testing::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

fn settings(data_dir: &Path) -> EmbeddedSettings {
    EmbeddedSettings {
        data_dir: data_dir.to_path_buf(),
        bin_dir: None,
        search_path: vec!["/usr/local/bin".into(), "/usr/bin".into()],
        cache_dirs: vec!["/var/cache/vesta".into()],
        user: None,
        shared_buffers: Some(ByteSize::mib(16)),
        connections: 4,
        start_timeout: LIMIT,
        stop_timeout: LIMIT,
        fsync: false,
    }
}

async fn answers(postgres: &EmbeddedPostgres) -> bool {
    let options: PgConnectOptions = postgres.connect_url().parse().unwrap();
    match options.connect().await {
        Ok(mut connection) => connection.ping().await.is_ok(),
        Err(_) => false,
    }
}

fn pid(data_dir: &Path) -> i32 {
    postmaster::running(&data_dir.join("postgresql"))
        .unwrap()
        .pid
}

async fn refusal(settings: &EmbeddedSettings) -> String {
    let error = EmbeddedPostgres::start(settings).await.unwrap_err();
    let line = error.to_string();
    assert!(!line.contains('\n'), "one line: {line}");
    line
}

#[tokio::test]
async fn a_cluster_is_made_found_again_and_held_by_one() {
    let directory = TempDir::new("cluster");
    let settings = settings(directory.path());
    let first = EmbeddedPostgres::start(&settings).await.unwrap();
    assert!(first.is_up());
    assert!(answers(&first).await);

    let line = refusal(&settings).await;
    let me = format!("another vesta (process {}) uses", std::process::id());
    assert!(line.starts_with(&me), "{line}");
    let joined = EmbeddedPostgres::start_or_join(&settings).await.unwrap();
    assert!(answers(&joined).await);
    joined.stop().await;
    assert!(answers(&first).await, "who joined leaves it running");

    let postmaster = pid(directory.path());
    first.stop().await;
    assert!(!Path::new(&format!("/proc/{postmaster}")).exists());

    let again = EmbeddedPostgres::start_or_join(&settings).await.unwrap();
    assert!(answers(&again).await);
    let cluster = fs::metadata(directory.path().join("postgresql")).unwrap();
    assert_eq!(cluster.permissions().mode() & 0o777, 0o700);
    again.stop().await;
}

#[tokio::test]
async fn a_killed_postmaster_is_started_again_and_readiness_says_so() {
    let directory = TempDir::new("killed");
    let postgres = EmbeddedPostgres::start(&settings(directory.path()))
        .await
        .unwrap();
    let mut up = postgres.watch_up();
    for _ in 0..2 {
        let before = pid(directory.path());
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        for expected in [false, true] {
            let changed = up.wait_for(|up| *up == expected);
            tokio::time::timeout(LIMIT, changed).await.unwrap().unwrap();
        }
        assert_ne!(pid(directory.path()), before);
        assert!(answers(&postgres).await);
    }
    postgres.stop().await;
}

/// What `kill -9` of vesta leaves: its lock is free, its postmaster runs on.
#[tokio::test]
async fn the_postmaster_of_a_killed_vesta_is_taken_over() {
    let directory = TempDir::new("orphan");
    let settings = settings(directory.path());
    let first = EmbeddedPostgres::start(&settings).await.unwrap();
    let url = first.connect_url().to_owned();
    first.stop().await;
    let data_dir = DataDir::open(directory.path()).unwrap();
    let account = Account::choose(&data_dir.cluster(), None).unwrap();
    let binaries = Binaries::find(&settings, &account, &data_dir.cluster(), None).unwrap();
    let launch = Launch::prepare(&settings, &data_dir, &account, &binaries).unwrap();
    let mut orphan = launch.start().unwrap();
    launch.until_ready(&mut orphan).await.unwrap();
    let before = pid(directory.path());

    let second = EmbeddedPostgres::start(&settings).await.unwrap();
    assert_eq!(pid(directory.path()), before, "never a second one");
    assert_eq!(second.connect_url(), url);
    assert!(answers(&second).await);
    let mut up = second.watch_up();
    kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
    orphan.wait().await;
    for expected in [false, true] {
        let changed = up.wait_for(|up| *up == expected);
        tokio::time::timeout(LIMIT, changed).await.unwrap().unwrap();
    }
    assert!(answers(&second).await, "and supervised like an own child");
    second.stop().await;
}

#[tokio::test]
async fn a_pid_file_that_names_another_process_is_stale() {
    let directory = TempDir::new("stale");
    let settings = settings(directory.path());
    EmbeddedPostgres::start(&settings)
        .await
        .unwrap()
        .stop()
        .await;
    let cluster = fs::canonicalize(directory.path().join("postgresql")).unwrap();
    let me = std::process::id();
    let text = format!(
        "{me}\n{}\n1\n5432\n/nowhere\n\n0 0\nready   \n",
        cluster.display()
    );
    fs::write(cluster.join("postmaster.pid"), text).unwrap();
    let postgres = EmbeddedPostgres::start(&settings).await.unwrap();
    assert!(answers(&postgres).await);
    postgres.stop().await;
}

#[tokio::test]
async fn a_cluster_may_be_a_link_to_another_disk() {
    let directory = TempDir::new("link");
    let settings = settings(directory.path());
    let start = || EmbeddedPostgres::start(&settings);
    start().await.unwrap().stop().await;
    let (cluster, moved) = (
        directory.path().join("postgresql"),
        directory.path().join("moved"),
    );
    fs::rename(&cluster, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &cluster).unwrap();
    let postgres = start().await.unwrap();
    assert!(answers(&postgres).await);
    postgres.stop().await;
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused_with_the_way_out() {
    let directory = TempDir::new("version");
    let cluster = directory.path().join("postgresql");
    fs::create_dir(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "13\n").unwrap();
    let settings = settings(directory.path());
    if nix::unistd::geteuid().is_root() {
        let line = refusal(&settings).await;
        assert!(line.contains("PostgreSQL refuses to run as root"), "{line}");
        std::os::unix::fs::chown(&cluster, Some(65_534), None).unwrap();
    }
    let line = refusal(&settings).await;
    assert!(
        line.contains("was made by PostgreSQL 13, but only "),
        "{line}"
    );
    assert!(line.contains("vesta backup"), "{line}");

    fs::write(cluster.join("PG_VERSION"), "?\n").unwrap();
    let line = refusal(&settings).await;
    assert!(line.contains("does not hold a version number"), "{line}");
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_in_one_line() {
    let directory = TempDir::new("refused");
    let good = settings(&directory.path().join("data"));
    let empty = directory.path().join("empty");
    fs::create_dir(&empty).unwrap();
    fs::write(directory.path().join("file"), "").unwrap();

    let mut without = good.clone();
    without.bin_dir = Some(empty);
    let line = refusal(&without).await;
    assert!(
        line.starts_with("no PostgreSQL 14-18 server binaries found"),
        "{line}"
    );

    let mut stranger = good.clone();
    stranger.user = Some("nobody-of-this-name".to_owned());
    assert!(refusal(&stranger).await.starts_with("there is no account"));

    let mut on_file = good.clone();
    on_file.data_dir = directory.path().join("file/data");
    let line = refusal(&on_file).await;
    assert!(line.contains("file/data: Not a directory"), "{line}");

    if nix::unistd::geteuid().is_root() {
        let closed = directory.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let mut unreachable = good.clone();
        unreachable.data_dir = closed.join("data");
        let line = refusal(&unreachable).await;
        assert!(line.contains("who may not enter"), "{line}");
    }

    let broken = directory.path().join("data/postgresql/postgresql.conf");
    EmbeddedPostgres::start(&good).await.unwrap().stop().await;
    fs::write(&broken, "no_such_setting = 1\n").unwrap();
    let line = refusal(&good).await;
    assert!(
        line.contains("unrecognized configuration parameter"),
        "{line}"
    );
}

/// A path too long for a socket moves the socket, and only the socket, to a private directory.
#[tokio::test]
async fn a_long_data_directory_has_its_socket_elsewhere() {
    let directory = TempDir::new("long");
    let long = directory.path().join("d".repeat(100));
    let postgres = EmbeddedPostgres::start(&settings(&long)).await.unwrap();
    assert!(postgres.connect_url().contains("%2Ftmp%2Fvesta%2D"));
    assert!(answers(&postgres).await);
    let moved = postmaster::running(&long.join("postgresql")).unwrap();
    postgres.stop().await;
    fs::remove_dir_all(moved.socket_dir).unwrap();
}

#[test]
fn versions_pid_files_and_memory_are_read() {
    let major = |line: &str| binaries::parse_major(line);
    assert_eq!(
        major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
        Some(15)
    );
    assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
    assert_eq!(major("postgres (PostgreSQL) unknown"), None);
    assert_eq!(major("something else"), None);

    let complete = "4711\n/data\n1700000000\n5432\n/run/x\n\n  5432001  3\nready   \n";
    let status = Status {
        pid: 4711,
        socket_dir: "/run/x".into(),
        ready: true,
    };
    assert_eq!(parse_pid_file(complete), Some(status));
    let starting = parse_pid_file("4711\n/data\n1\n5432\n/run/x\n").unwrap();
    assert!(!starting.ready);
    assert_eq!(parse_pid_file(""), None);
    assert_eq!(parse_pid_file("-1\n"), None);

    assert_eq!(
        sizing::total_of("MemFree: 1 kB\nMemTotal:   2048 kB\n"),
        Some(2 << 20)
    );
    assert_eq!(sizing::total_of("MemTotal: much\n"), None);
}

#[test]
fn the_reason_is_the_first_line_that_names_one() {
    let check = |said: &str, expected: &str| assert_eq!(cluster::reason(said.as_bytes()), expected);
    check(
        "22:38 [1] LOG:  starting\n22:38 [1] FATAL:  disk full\nHINT:  Make room.\nLOG:  down\n",
        "FATAL:  disk full; HINT:  Make room.",
    );
    check(
        "22:38 [1] LOG:  unknown setting \"x\"\n22:38 [1] FATAL:  file \"c\" contains errors\n",
        "LOG:  unknown setting \"x\"; FATAL:  file \"c\" contains errors",
    );
    check("Killed\n\n", "Killed");
    check("", "it said nothing");
}
