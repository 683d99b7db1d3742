//! What only the database shows: chains, change events and search values of everything that is stored, and the feed as
//! the server reads it.

use std::collections::HashSet;

use sqlx::{PgConnection, Row};

use super::Proofs;
use crate::Result;
use crate::server::OwnServer;

const LIST_CHANGES: &str = include_str!("../../../server/src/store/sql/list_changes.sql");
const READ_HORIZON: &str = include_str!("../../../server/src/store/sql/read_horizon.sql");

/// Changes on a page of the feed.
const PAGE: i64 = 1_000;

/// Each statement answers what contradicts its name: nothing.
const CONTRADICTIONS: [(&str, &str); 4] = [
    (
        "every version chain in the database is 1..n",
        include_str!("../../sql/find_broken_chains.sql"),
    ),
    (
        "every version has its one change event",
        include_str!("../../sql/find_versions_without_change.sql"),
    ),
    (
        "every change event has its version",
        include_str!("../../sql/find_changes_without_version.sql"),
    ),
    (
        "search values belong to current resources",
        include_str!("../../sql/find_stray_search_values.sql"),
    ),
];

/// Looks for contradictions, and reads the feed from its beginning.
pub(super) async fn prove(server: &OwnServer, proofs: &mut Proofs) {
    let mut connection = match server.connect().await {
        Ok(connection) => connection,
        Err(error) => return proofs.note("the database can be looked at", Err(error)),
    };
    for (name, statement) in CONTRADICTIONS {
        proofs.note(name, none_found(&mut connection, statement).await);
    }
    proofs.note("the change feed is complete", feed(&mut connection).await);
}

async fn none_found(connection: &mut PgConnection, statement: &'static str) -> Result<String> {
    let found: Vec<String> = sqlx::query_scalar(statement).fetch_all(connection).await?;
    match found.first() {
        None => Ok("no exception".to_owned()),
        Some(first) => Err(format!("{} exceptions, among them {first}", found.len()).into()),
    }
}

/// Walks the feed page by page, in one window of all ended transactions: no event twice, none left out, and no version
/// before an earlier one of its resource.
async fn feed(connection: &mut PgConnection) -> Result<String> {
    let horizon: String = sqlx::query_scalar(READ_HORIZON)
        .fetch_one(&mut *connection)
        .await?;
    let mut seq = 0_i64;
    let mut seen: HashSet<(String, String, i64)> = HashSet::new();
    loop {
        let rows = sqlx::query(LIST_CHANGES)
            .bind("0")
            .bind(&horizon)
            .bind(seq)
            .bind(PAGE)
            .fetch_all(&mut *connection)
            .await?;
        for row in &rows {
            seq = row.try_get("seq")?;
            let (resource_type, id): (String, String) =
                (row.try_get("resource_type")?, row.try_get("id")?);
            let version: i64 = row.try_get("version_id")?;
            let before = (resource_type.clone(), id.clone(), version - 1);
            if version > 1 && !seen.contains(&before) {
                return Err("a version comes before an earlier one of its resource".into());
            }
            if !seen.insert((resource_type, id, version)) {
                return Err("an event comes twice".into());
            }
        }
        if i64::try_from(rows.len())? < PAGE {
            break;
        }
    }
    let stored: i64 = sqlx::query_scalar("select count(*) from change")
        .fetch_one(connection)
        .await?;
    match i64::try_from(seen.len())? == stored {
        true => Ok(format!(
            "{stored} events, each version after the one before it"
        )),
        false => Err(format!("{} of {stored} events are read", seen.len()).into()),
    }
}
