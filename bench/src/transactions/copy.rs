//! The other side: the rows of each Bundle, taken out in binary form, and a COPY of them into tables of the same shape.

use futures_util::TryStreamExt;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use crate::Result;
use crate::server::OwnServer;

/// A table of the server, and the rows of one of its transactions there; the number is bound by the caller.
struct Rows {
    table: &'static str,
    of_transaction: &'static str,
}

/// Everything that a create writes to.
const TABLES: [Rows; 7] = [
    Rows {
        table: "resource",
        of_transaction: "select r.* from change c join resource r using (resource_type, id) where c.xid = '$xid' order by r.rid",
    },
    Rows {
        table: "index_string",
        of_transaction: "select s.* from change c join resource r using (resource_type, id) join index_string s using (rid) where c.xid = '$xid'",
    },
    Rows {
        table: "index_date",
        of_transaction: "select d.* from change c join resource r using (resource_type, id) join index_date d using (rid) where c.xid = '$xid'",
    },
    Rows {
        table: "index_number",
        of_transaction: "select n.* from change c join resource r using (resource_type, id) join index_number n using (rid) where c.xid = '$xid'",
    },
    Rows {
        table: "index_position",
        of_transaction: "select p.* from change c join resource r using (resource_type, id) join index_position p using (rid) where c.xid = '$xid'",
    },
    Rows {
        table: "index_text",
        of_transaction: "select t.* from change c join resource r using (resource_type, id) join index_text t using (rid) where c.xid = '$xid'",
    },
    Rows {
        table: "change",
        of_transaction: "select c.* from change c where c.xid = '$xid' order by c.seq",
    },
];

/// The rows of one Bundle: the bytes for each of the tables.
#[derive(Debug)]
pub(super) struct BundleRows {
    parts: Vec<Vec<u8>>,
    resources: u64,
}

/// Makes the tables that are copied into. They exist before the COPY begins, so that it writes its log like the server.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<()> {
    for Rows { table, .. } in &TABLES {
        let create = format!("create table copied_{table} (like {table} including all)");
        execute(connection, create).await?;
    }
    let settings = "alter table copied_resource set (autovacuum_vacuum_scale_factor = 0.05, \
                    autovacuum_analyze_scale_factor = 0.02); \
                    alter table copied_resource alter tok set statistics 1000";
    execute(connection, settings.to_owned()).await
}

async fn execute(connection: &mut PgConnection, statement: String) -> Result<()> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    Ok(())
}

/// The newest transaction that changed a resource.
pub(super) async fn last_transaction(connection: &mut PgConnection) -> Result<String> {
    let last = "select coalesce((select xid from change order by xid desc limit 1), '0')::text";
    Ok(sqlx::query_scalar(last).fetch_one(connection).await?)
}

/// What was written by each transaction after that one.
pub(super) async fn rows_since(
    connection: &mut PgConnection,
    transaction: &str,
) -> Result<Vec<BundleRows>> {
    let later: Vec<(String, i64)> = sqlx::query_as(
        "select xid::text, count(*) from change where xid > $1::xid8 group by change.xid order by change.xid",
    )
    .bind(transaction)
    .fetch_all(&mut *connection)
    .await?;
    let mut bundles = Vec::with_capacity(later.len());
    for (xid, resources) in later {
        // A number that PostgreSQL gave is put into a statement that takes no parameters.
        let xid: u64 = xid.parse()?;
        let mut parts = Vec::with_capacity(TABLES.len());
        for Rows { of_transaction, .. } in &TABLES {
            let select = of_transaction.replace("$xid", &xid.to_string());
            let statement = format!("copy ({select}) to stdout (format binary)");
            let mut stream = connection.copy_out_raw(&statement).await?;
            let mut part = Vec::new();
            while let Some(chunk) = stream.try_next().await? {
                part.extend_from_slice(&chunk);
            }
            parts.push(part);
        }
        bundles.push(BundleRows {
            parts,
            resources: u64::try_from(resources)?,
        });
    }
    Ok(bundles)
}

/// How many resources were written.
pub(super) fn resources(bundles: &[BundleRows]) -> u64 {
    bundles.iter().map(|bundle| bundle.resources).sum()
}

/// Copies the rows, each Bundle's in one transaction, with that many connections at the same time.
pub(super) async fn copy(
    server: &OwnServer,
    connections: usize,
    bundles: Vec<BundleRows>,
) -> Result<()> {
    let mut shares: Vec<Vec<BundleRows>> = (0..connections).map(|_| Vec::new()).collect();
    for (place, bundle) in bundles.into_iter().enumerate() {
        shares[place % connections].push(bundle);
    }
    let mut tasks = JoinSet::new();
    for share in shares {
        tasks.spawn(copy_share(server.connect().await?, share));
    }
    while let Some(copied) = tasks.join_next().await {
        copied??;
    }
    Ok(())
}

async fn copy_share(mut connection: PgConnection, bundles: Vec<BundleRows>) -> Result<()> {
    for bundle in bundles {
        let mut transaction = connection.begin().await?;
        for (Rows { table, .. }, part) in TABLES.iter().zip(&bundle.parts) {
            let statement = format!("copy copied_{table} from stdin (format binary)");
            let mut copy = transaction.copy_in_raw(&statement).await?;
            copy.send(part.as_slice()).await?;
            copy.finish().await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}
