//! Backups of a real database: everything comes back, or nothing happens.
use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::*;
use crate::config::ByteSize;
use crate::postgres::{EmbeddedPostgres, EmbeddedSettings};
use crate::testing::TempDir;

/// References against the order of names, a partitioned table, computed and identity columns,
/// a row that a migration brings, a trigger, and names that must be quoted.
const SCHEMA: &str = "
    create table z_kind (code text primary key);
    insert into z_kind values ('seed');
    create table a_row (
        id bigint generated always as identity primary key,
        kind text not null references z_kind,
        body jsonb not null,
        bytes bytea,
        doubled bigint generated always as (length(body::text) * 2) stored
    );
    create table \"Odd \"\"Name\" (\"a b\" text, at timestamptz, amount numeric) partition by list (\"a b\");
    create table odd_1 partition of \"Odd \"\"Name\" for values in ('one');
    create table odd_rest partition of \"Odd \"\"Name\" default;
    create sequence untouched;
    create function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'a restore must not fire triggers'; end $$;
";

const ROWS: &str = "
    insert into z_kind values ('x'), (E'tab\\t, line\\n, \\\\ and é');
    insert into a_row (kind, body, bytes)
        select 'x', jsonb_build_object('n', n, 'text', repeat('é', 100)), '\\x00ff'::bytea
          from generate_series(1, 5000) n;
    insert into a_row (kind, body) values ('x', to_jsonb(repeat('long', 1000000)));
    insert into \"Odd \"\"Name\" values ('one', '2026-02-28 23:59:59.999999+00', 1.10), (null, 'infinity', 1e-20);
";

const TRIGGER: &str =
    "create trigger no before insert on a_row for each row execute function refuse()";

const STATE: &str = "
    select md5(string_agg(row, '|' order by row)) from (
        select a::text as row from a_row a union all select z::text from z_kind z
        union all select o::text from \"Odd \"\"Name\" o
        union all select last_value::text from a_row_id_seq
    ) rows";

fn migrator(steps: &[&'static str]) -> Migrator {
    let migration = |(version, sql): (i64, &&'static str)| {
        let sql = sqlx::SqlSafeStr::into_sql_str(*sql);
        Migration::new(
            version,
            Cow::from("step"),
            MigrationType::Simple,
            sql,
            false,
        )
    };
    Migrator::with_migrations((1..).zip(steps).map(migration).collect())
}

struct Server {
    postgres: EmbeddedPostgres,
    directory: TempDir,
}

impl Server {
    async fn start() -> Server {
        let directory = TempDir::new("backup");
        let settings = EmbeddedSettings {
            data_dir: directory.path().join("data"),
            bin_dir: None,
            search_path: vec!["/usr/local/bin".into(), "/usr/bin".into()],
            cache_dirs: vec!["/var/cache/vesta".into()],
            user: None,
            shared_buffers: Some(ByteSize::mib(16)),
            connections: 4,
            start_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(30),
            fsync: false,
        };
        let postgres = EmbeddedPostgres::start(&settings).await.unwrap();
        Server {
            postgres,
            directory,
        }
    }

    async fn database(&self, name: &str) -> Secret {
        use sqlx::migrate::MigrateDatabase;
        let url = self
            .postgres
            .connect_url()
            .replace("/vesta?", &format!("/{name}?"));
        if !sqlx::Postgres::database_exists(&url).await.unwrap() {
            sqlx::Postgres::create_database(&url).await.unwrap();
        }
        Secret::from(url)
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }
}

async fn run(url: &Secret, statements: &'static str) {
    let options: PgConnectOptions = url.expose().parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    connection.execute(statements).await.unwrap();
    connection.close().await.unwrap();
}

async fn migrate(url: &Secret, migrator: &Migrator) {
    let options: PgConnectOptions = url.expose().parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    migrator.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn text(url: &Secret, statement: &'static str) -> String {
    let options: PgConnectOptions = url.expose().parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    let text = sqlx::query_scalar(statement)
        .fetch_one(&mut connection)
        .await;
    connection.close().await.unwrap();
    text.unwrap()
}

#[tokio::test]
async fn what_was_written_is_restored_and_nothing_else_is_touched() {
    let server = Server::start().await;
    let (first, migrator) = (migrator(&[SCHEMA]), migrator(&[SCHEMA, TRIGGER]));
    let from = server.database("vesta").await;
    let file = server.file("one.backup");

    let refused = write(&from, &file).await.unwrap_err().to_string();
    assert!(refused.contains("run `vesta migrate` first"), "{refused}");
    migrate(&from, &first).await;
    run(&from, ROWS).await;
    migrate(&from, &migrator).await;
    let written = write(&from, &file).await.unwrap();
    assert_eq!(written.to_string(), "5008 rows in 4 tables");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let refused = write(&from, &file).await.unwrap_err().to_string();
    assert!(refused.contains("exists already"), "{refused}");

    let to = server.database("second").await;
    let restored = restore(&to, &migrator, &file).await.unwrap();
    assert_eq!(restored, written);
    assert_eq!(text(&to, STATE).await, text(&from, STATE).await);
    let migrations = "select string_agg(version::text, ',') from _sqlx_migrations";
    assert_eq!(text(&to, migrations).await, "1,2");
    migrate(&to, &migrator).await;
    let enabled = "select tgenabled::text from pg_trigger where tgname = 'no'";
    assert_eq!(text(&to, enabled).await, "O", "the trigger works again");

    let refused = restore(&to, &migrator, &file)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("the database is not empty"),
        "{refused}"
    );
    server.postgres.stop().await;
}

#[tokio::test]
async fn a_backup_that_cannot_be_restored_leaves_the_database_empty() {
    let server = Server::start().await;
    let known = migrator(&[SCHEMA]);
    let from = server.database("vesta").await;
    let file = server.file("good.backup");
    migrate(&from, &known).await;
    run(&from, ROWS).await;
    write(&from, &file).await.unwrap();
    let to = server.database("target").await;

    let other = migrator(&["create table z_kind (code text)"]);
    let refused = restore(&to, &other, &file).await.unwrap_err().to_string();
    assert!(
        refused.contains("schema version 1, which this vesta does not know"),
        "{refused}"
    );

    let good = fs::read(&file).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let cases: [(&str, &[u8]); 5] = [
        ("cut", &good[..good.len() / 2]),
        ("almost", &good[..good.len() - 9]),
        ("flipped", &flipped),
        ("empty", b""),
        ("foreign", b"this is no backup"),
    ];
    for (name, bytes) in cases {
        let damaged = server.file(name);
        fs::write(&damaged, bytes).unwrap();
        let error = restore(&to, &known, &damaged).await.unwrap_err();
        assert!(
            matches!(error, BackupError::Damaged { .. }),
            "{name}: {error}"
        );
    }
    let missing = restore(&to, &known, &server.file("missing"))
        .await
        .unwrap_err();
    assert!(missing.to_string().contains("cannot read"), "{missing}");
    let tables = "select count(*)::text from pg_tables where schemaname = 'public'";
    assert_eq!(text(&to, tables).await, "0");

    restore(&to, &known, &file).await.unwrap();
    let nowhere = server.file("no/such/directory");
    let refused = write(&from, &nowhere).await.unwrap_err().to_string();
    assert!(refused.contains("cannot write"), "{refused}");
    assert_eq!(
        fs::read_dir(server.directory.path()).unwrap().count(),
        7,
        "nothing unfinished stays"
    );
    server.postgres.stop().await;
}

const CHANGES: &str = "
    insert into change (xid, seq, resource_type, id, version_id, method, at) overriding system value values
        ('900000', 7, 'Patient', 'a', 1, 'POST', now()),
        ('900001', 5, 'Patient', 'b', 1, 'POST', now()),
        ('900001', 9, 'Patient', 'a', 2, 'PUT', now());
    select setval('change_seq_seq', 9)";

const NEXT_CHANGE: &str = "
    insert into change (resource_type, id, version_id, method, at) values ('Patient', 'c', 1, 'POST', now())";

/// A change that is made after the restore comes after all that were restored.
#[tokio::test]
async fn changes_keep_their_order_in_a_cluster_with_other_transaction_numbers() {
    let server = Server::start().await;
    let (from, to) = (server.database("vesta").await, server.database("to").await);
    migrate(&from, &crate::store::MIGRATIONS).await;
    run(&from, CHANGES).await;
    let file = server.file("changes.backup");
    write(&from, &file).await.unwrap();
    restore(&to, &crate::store::MIGRATIONS, &file)
        .await
        .unwrap();
    run(&to, NEXT_CHANGE).await;
    let order = "select string_agg(id || version_id, ' ' order by seq) from change";
    assert_eq!(text(&to, order).await, "b1 a1 a2 c1");
    assert_eq!(text(&from, order).await, "b1 a1 a2");

    let others = "select coalesce(string_agg(table_name || '.' || column_name, ' '), '')
        from information_schema.columns
        where table_schema = 'public' and udt_name in ('xid', 'xid8', 'pg_lsn', 'pg_snapshot', 'oid')";
    let known: Vec<String> = crate::store::backup::TRANSACTION_NUMBERS
        .iter()
        .map(|(table, xid)| format!("{table}.{xid}"))
        .collect();
    assert_eq!(
        text(&to, others).await,
        known.join(" "),
        "every other one needs a rule, too"
    );
    server.postgres.stop().await;
}
