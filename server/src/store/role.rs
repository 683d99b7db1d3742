//! The role under which `serve` works: it may do everything with resources, but only add to the audit trail and read it
//! (server/decisions/0024-audit-trail.md).

use sqlx::{Connection as _, PgConnection};

use super::connect::options;
use super::fault::from_sqlx;
use super::{Store, statements};
use crate::error::Result;

/// Makes the role where there is none, and grants it what it needs; only a superuser or an owner that may make roles can.
pub async fn make_serve_role(url: &str) -> Result<()> {
    let mut connection = PgConnection::connect_with(&options(url)?)
        .await
        .map_err(from_sqlx)?;
    sqlx::query(statements::CREATE_SERVE_ROLE)
        .execute(&mut connection)
        .await
        .map_err(from_sqlx)?;
    grant_serve_role(&mut connection).await?;
    connection.close().await.map_err(from_sqlx)
}

/// Grants the role what it needs, where there is such a role; tables of a new migration are among it.
pub(super) async fn grant_serve_role(connection: &mut PgConnection) -> Result<()> {
    sqlx::query(statements::GRANT_SERVE_ROLE)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

impl Store {
    /// Whether the role of these connections could change or remove what the audit trail holds.
    pub async fn may_change_trail(&self) -> Result<bool> {
        sqlx::query_scalar(statements::MAY_CHANGE_TRAIL)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)
    }
}
