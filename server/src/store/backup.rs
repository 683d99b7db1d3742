//! The database's side of backup and restore: one snapshot out, one transaction in, by `COPY`.
//!
//! <https://www.postgresql.org/docs/current/sql-copy.html>
use futures_util::TryStreamExt;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row};
use tokio::sync::mpsc::{Receiver, Sender};

use super::statements;
use crate::backup::{BackupError, Frame, Header, Sequence, Summary, Table};
use crate::config::Secret;

/// Rows are gathered to frames of about this size.
const FRAME_BYTES: usize = 1 << 20;

/// Where sqlx notes the migrations it has run.
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

/// Columns that hold transaction numbers.
///
/// The numbers of one cluster mean nothing in another, where they may lie in the future. In the
/// backup all rows belong to one transaction older than any to come.
pub(crate) const TRANSACTION_NUMBERS: [(&str, &str); 4] = [
    ("change", "xid"),
    ("search_generation", "xid"),
    ("search_index", "horizon"),
    ("audit", "xid"),
];

/// One consistent state of the database, read-only, whatever is written meanwhile.
#[derive(Debug)]
pub struct Snapshot {
    connection: PgConnection,
}

/// An empty database that is being filled; nothing shows before the end.
#[derive(Debug)]
pub struct Refill {
    connection: PgConnection,
}

/// A table as the catalogue tells of it.
struct Found {
    table: Table,
    partitioned: bool,
    regclass: String,
    refers_to: Vec<String>,
}

impl Snapshot {
    /// Opens a connection; the snapshot is taken with the first statement.
    pub async fn open(url: &Secret) -> Result<Snapshot, BackupError> {
        let connection = connect(url).await?;
        Ok(Snapshot { connection })
    }

    /// Sends the whole content as frames; the last one only if all before it were sent.
    pub async fn send(&mut self, frames: &Sender<Frame>) -> Result<Summary, BackupError> {
        let begin = "begin isolation level repeatable read read only";
        let mut transaction = self.connection.begin_with(begin).await?;
        let connection = &mut *transaction;
        let found = in_reference_order(tables(connection).await?);
        if !found.iter().any(|it| it.table.name == MIGRATIONS_TABLE) {
            return Err(BackupError::NoSchema);
        }
        let tables = found.iter().map(|it| it.table.clone()).collect();
        let header = header(connection, tables).await?;
        let mut summary = Summary::default();
        if !sent(frames, Frame::Header(header)).await {
            return Ok(summary);
        }
        for found in &found {
            let Some(rows) = send_table(connection, found, frames).await? else {
                return Ok(summary);
            };
            summary.tables += 1;
            summary.rows += rows;
        }
        // Read after the rows: a sequence is never behind a row that was copied.
        for sequence in sequences(connection).await? {
            sent(frames, Frame::Sequence(sequence)).await;
        }
        transaction.rollback().await?;
        sent(frames, Frame::End).await;
        Ok(summary)
    }
}

/// A frame that cannot be sent: the writer has failed, and says itself why.
async fn sent(frames: &Sender<Frame>, frame: Frame) -> bool {
    frames.send(frame).await.is_ok()
}

async fn connect(url: &Secret) -> Result<PgConnection, BackupError> {
    let options: PgConnectOptions = url.expose().parse()?;
    let options = options.application_name("vesta backup").options([
        ("statement_timeout", "0"),
        ("bytea_output", "hex"),
        ("intervalstyle", "postgres"),
        ("datestyle", "ISO"),
        ("timezone", "UTC"),
        ("extra_float_digits", "1"),
    ]);
    Ok(options.connect().await?)
}

async fn tables(connection: &mut PgConnection) -> Result<Vec<Found>, sqlx::Error> {
    let rows = sqlx::query(statements::LIST_BACKUP_TABLES)
        .fetch_all(connection)
        .await?;
    let found = |row: &PgRow| {
        Ok(Found {
            table: Table {
                schema: row.try_get("schema")?,
                name: row.try_get("name")?,
                columns: row.try_get("columns")?,
            },
            partitioned: row.try_get("partitioned")?,
            regclass: row.try_get("regclass")?,
            refers_to: row.try_get("refers_to")?,
        })
    };
    rows.iter().map(found).collect()
}

/// A table comes after those it refers to; a circle of references keeps the order of names.
fn in_reference_order(mut waiting: Vec<Found>) -> Vec<Found> {
    let mut ordered: Vec<Found> = Vec::new();
    while !waiting.is_empty() {
        let free = waiting.iter().position(|it| {
            let is_waiting = |name: &String| waiting.iter().any(|other| other.regclass == *name);
            !it.refers_to.iter().any(is_waiting)
        });
        ordered.push(waiting.remove(free.unwrap_or(0)));
    }
    ordered
}

async fn header(connection: &mut PgConnection, tables: Vec<Table>) -> Result<Header, BackupError> {
    let server = sqlx::query(statements::DESCRIBE_BACKUP_SERVER)
        .fetch_one(&mut *connection)
        .await?;
    let rows = sqlx::query(statements::LIST_BACKUP_MIGRATIONS)
        .fetch_all(connection)
        .await?;
    let mut migrations = Vec::new();
    for row in &rows {
        if !row.try_get::<bool, _>("success")? {
            return Err(BackupError::NoSchema);
        }
        let checksum: Vec<u8> = row.try_get("checksum")?;
        migrations.push((row.try_get("version")?, hexadecimal(&checksum)));
    }
    let (postgresql, taken_at) = (server.try_get("postgresql")?, server.try_get("taken_at")?);
    Ok(Header::new(postgresql, taken_at, migrations, tables))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The number of rows; none where the frames are no longer taken.
async fn send_table(
    connection: &mut PgConnection,
    found: &Found,
    frames: &Sender<Frame>,
) -> Result<Option<u64>, sqlx::Error> {
    let statement = copy_out(found);
    if !sent(frames, Frame::Table).await {
        return Ok(None);
    }
    let mut rows = 0;
    let mut gathered: Vec<u8> = Vec::new();
    let mut copy = connection.copy_out_raw(&statement).await?;
    while let Some(row) = copy.try_next().await? {
        rows += 1;
        for part in row.chunks(FRAME_BYTES) {
            gathered.extend_from_slice(part);
            if gathered.len() >= FRAME_BYTES
                && !sent(frames, Frame::Rows(std::mem::take(&mut gathered))).await
            {
                return Ok(None);
            }
        }
    }
    drop(copy);
    if !gathered.is_empty() {
        sent(frames, Frame::Rows(gathered)).await;
    }
    Ok(sent(frames, Frame::TableEnd(rows)).await.then_some(rows))
}

fn copy_out(found: &Found) -> String {
    let (table, columns) = (qualified(&found.table), columns(&found.table));
    let renumbered = TRANSACTION_NUMBERS
        .iter()
        .find(|(name, _)| *name == found.table.name);
    if let Some((_, xid)) = renumbered {
        // The first transaction number that is not reserved.
        let values = found.table.columns.iter().map(|column| match column {
            column if column == xid => {
                format!(
                    "case when {0} is not null then '3'::xid8 end",
                    quoted(column)
                )
            }
            column => quoted(column),
        });
        let values: Vec<String> = values.collect();
        return format!("copy (select {} from {table}) to stdout", values.join(", "));
    }
    match found.partitioned {
        true => format!("copy (select {columns} from {table}) to stdout"),
        false => format!("copy {table} ({columns}) to stdout"),
    }
}

async fn sequences(connection: &mut PgConnection) -> Result<Vec<Sequence>, sqlx::Error> {
    let rows = sqlx::query(statements::LIST_BACKUP_SEQUENCES)
        .fetch_all(connection)
        .await?;
    let sequence = |row: &PgRow| {
        Ok(Sequence {
            schema: row.try_get("schema")?,
            name: row.try_get("name")?,
            last_value: row.try_get("last_value")?,
        })
    };
    rows.iter().map(sequence).collect()
}

impl Refill {
    /// Opens a connection.
    pub async fn open(url: &Secret) -> Result<Refill, BackupError> {
        let connection = connect(url).await?;
        Ok(Refill { connection })
    }

    /// Makes the backup's schema and takes its rows; all of it is there at the end, or nothing.
    pub async fn take(
        &mut self,
        frames: &mut Receiver<Frame>,
        migrations: &Migrator,
    ) -> Result<Summary, BackupError> {
        let mut transaction = self.connection.begin().await?;
        let connection = &mut *transaction;
        if let Some(found) = tables(connection).await?.first() {
            return Err(BackupError::NotEmpty(found.table.name.clone()));
        }
        let Some(Frame::Header(header)) = frames.recv().await else {
            return Err(cut_short());
        };
        make_schema(connection, migrations, &header).await?;
        for table in header.tables.iter().rev() {
            // What a migration puts into a table is in the backup, too.
            let table = qualified(table);
            run(
                connection,
                format!("alter table {table} disable trigger user"),
            )
            .await?;
            run(connection, format!("delete from {table}")).await?;
        }
        let mut summary = Summary::default();
        for table in &header.tables {
            summary.rows += take_table(connection, table, frames).await?;
            summary.tables += 1;
        }
        take_sequences(connection, frames).await?;
        for table in &header.tables {
            let table = qualified(table);
            run(
                connection,
                format!("alter table {table} enable trigger user"),
            )
            .await?;
        }
        transaction.commit().await?;
        // Without statistics the first searches would be planned blindly.
        self.connection.execute("analyze").await?;
        Ok(summary)
    }
}

/// The reader of the file knows better why the frames ended, and its word is preferred.
fn cut_short() -> BackupError {
    BackupError::Damaged {
        path: "the file".to_owned(),
        reason: "its parts are not in order".to_owned(),
    }
}

async fn make_schema(
    connection: &mut PgConnection,
    migrations: &Migrator,
    header: &Header,
) -> Result<(), BackupError> {
    connection.ensure_migrations_table(MIGRATIONS_TABLE).await?;
    for (version, checksum) in &header.migrations {
        let known = migrations.iter().find(|known| {
            known.version == *version
                && known.migration_type.is_up_migration()
                && hexadecimal(&known.checksum) == *checksum
        });
        let Some(migration) = known else {
            return Err(BackupError::OtherSchema(*version));
        };
        connection.execute(migration.sql.clone()).await?;
    }
    Ok(())
}

async fn take_table(
    connection: &mut PgConnection,
    table: &Table,
    frames: &mut Receiver<Frame>,
) -> Result<u64, BackupError> {
    if frames.recv().await != Some(Frame::Table) {
        return Err(cut_short());
    }
    let statement = format!("copy {} ({}) from stdin", qualified(table), columns(table));
    let mut copy = connection.copy_in_raw(&statement).await?;
    loop {
        match frames.recv().await {
            Some(Frame::Rows(rows)) => {
                copy.send(rows).await?;
            }
            Some(Frame::TableEnd(rows)) => {
                let taken = copy.finish().await?;
                return if taken == rows {
                    Ok(rows)
                } else {
                    Err(cut_short())
                };
            }
            _ => {
                copy.abort("the backup is damaged").await?;
                return Err(cut_short());
            }
        }
    }
}

async fn take_sequences(
    connection: &mut PgConnection,
    frames: &mut Receiver<Frame>,
) -> Result<(), BackupError> {
    loop {
        match frames.recv().await {
            Some(Frame::Sequence(sequence)) => {
                sqlx::query(statements::SET_BACKUP_SEQUENCE)
                    .bind(&sequence.schema)
                    .bind(&sequence.name)
                    .bind(sequence.last_value)
                    .execute(&mut *connection)
                    .await?;
            }
            Some(Frame::End) => return Ok(()),
            _ => return Err(cut_short()),
        }
    }
}

/// The only run-time text in these statements is names, and every name is quoted.
async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    connection
        .execute(sqlx::AssertSqlSafe(statement))
        .await
        .map(|_| ())
}

fn qualified(table: &Table) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

fn columns(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|name| quoted(name)).collect();
    names.join(", ")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
