//! Round trips: PostgreSQL itself writes every statement it executes into its log for a moment, and they are counted.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use sqlx::PgConnection;

use super::figures::kind_name;
use super::{Bench, Kind};
use crate::Result;
use crate::report::Table;
use crate::statistics::Ratio;

/// Few requests at one time, and many.
const CLIENTS: [usize; 2] = [1, 32];
const WINDOW: Duration = Duration::from_millis(300);

/// Statements per request of one kind at one number of clients.
#[derive(Debug)]
pub(super) struct Counted {
    kind: Kind,
    clients: usize,
    ratio: Ratio,
}

/// Counts for each kind.
pub(super) async fn count(bench: &Bench<'_>, kinds: &[Kind]) -> Result<Vec<Counted>> {
    let mut connection = bench.server.connect().await?;
    let mut counted = Vec::new();
    let log = bench.server.database_log();
    set_logging(&mut connection, true).await?;
    for &kind in kinds {
        for clients in CLIENTS {
            counted.push(Counted {
                kind,
                clients,
                ratio: count_one(bench, kind, clients, &log).await?,
            });
        }
    }
    set_logging(&mut connection, false).await?;
    Ok(counted)
}

async fn count_one(bench: &Bench<'_>, kind: Kind, clients: usize, log: &Path) -> Result<Ratio> {
    let mut log = File::open(log)?;
    log.seek(SeekFrom::End(0))?;
    let window = bench.http(kind, clients, WINDOW).await?;
    let mut text = Vec::new();
    log.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let statements = text.lines().filter(|line| is_round_trip(line)).count();
    Ok(Ratio::of(u64::try_from(statements)?, window.done))
}

/// Each execution is one, prepared or not; the bench's own look at the transaction numbers is none of the server's.
fn is_round_trip(line: &str) -> bool {
    let is_execution = line.contains(" ms  execute ") || line.contains(" ms  statement: ");
    is_execution && !line.contains("pg_snapshot_xmax(pg_current_snapshot())::text")
}

/// Prints them.
pub(super) fn print(counted: &[Counted]) {
    let mut table = Table::new(&["round trips to the database", "clients", "per request"]);
    for Counted {
        kind,
        clients,
        ratio,
    } in counted
    {
        table.row(vec![
            kind_name(*kind).to_owned(),
            clients.to_string(),
            ratio.to_string(),
        ]);
    }
    table.print();
}

async fn set_logging(connection: &mut PgConnection, on: bool) -> Result<()> {
    let change = match on {
        true => "alter system set log_min_duration_statement = 0",
        false => "alter system reset log_min_duration_statement",
    };
    sqlx::raw_sql(change).execute(&mut *connection).await?;
    sqlx::raw_sql("select pg_reload_conf()")
        .execute(&mut *connection)
        .await?;
    // Backends take a new setting with their next statement; the postmaster needs a moment to tell them.
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_counted_and_nothing_else() {
        let check =
            |line: &str, expected: bool| assert_eq!(is_round_trip(line), expected, "{line}");
        check(
            "2026-01-01 LOG:  duration: 0.120 ms  execute sqlx_s_1: -- current versions",
            true,
        );
        check(
            "2026-01-01 LOG:  duration: 0.120 ms  statement: COMMIT",
            true,
        );
        check(
            "2026-01-01 LOG:  duration: 0.120 ms  bind sqlx_s_1: -- current versions",
            false,
        );
        check(
            "2026-01-01 LOG:  duration: 0.120 ms  parse sqlx_s_1: -- current versions",
            false,
        );
        check("\twith input as materialized (", false);
        check(
            "LOG:  duration: 0.1 ms  execute s: select pg_snapshot_xmax(pg_current_snapshot())::text",
            false,
        );
    }
}
