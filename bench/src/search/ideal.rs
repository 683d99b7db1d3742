//! The other side: tables made for the questions of this bench, in the same database, from the same resources.

use sqlx::PgConnection;

use crate::Result;

/// Builds them, and brings both sides into the state that autovacuum would bring them into.
pub(super) async fn build(connection: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql(include_str!("../../sql/search/build_ideal.sql"))
        .execute(&mut *connection)
        .await?;
    settle(connection).await
}

/// No pending list, no dead row, fresh statistics, nothing left to be written by the next checkpoint.
pub(super) async fn settle(connection: &mut PgConnection) -> Result<()> {
    for statement in ["vacuum (analyze)", "checkpoint"] {
        sqlx::raw_sql(statement).execute(&mut *connection).await?;
    }
    Ok(())
}
