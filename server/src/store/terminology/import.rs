//! Imports of code systems: what files say of codes goes into a table of the importing connection alone, concepts are
//! built from it under a key that nobody knows, and the CodeSystem that is written last takes them
//! (server/decisions/0019-imported-code-systems.md).

use std::fmt::Write;

use fhir::terminology::import::head::Head;
use fhir::terminology::import::{Piece, PieceKind};
use sqlx::{Connection, PgConnection, Row};

use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::{Store, statements};

/// Concepts that are built or cleared in one transaction: each is done in a second or so.
const PLACES: i32 = 5_000;

/// What has been read and is to be put down at once: rows of `COPY`
/// (<https://www.postgresql.org/docs/current/sql-copy.html>).
#[derive(Debug, Default)]
pub struct Pieces {
    rows: String,
    /// How many.
    pub count: u64,
}

impl Pieces {
    /// Adds one.
    pub fn push(&mut self, piece: &Piece) {
        self.rows.push(piece.kind.letter());
        self.rows.push('\t');
        escape(&mut self.rows, &piece.code);
        // Writing to a String cannot fail.
        let _ = match piece.rank {
            Some(rank) => write!(self.rows, "\t{rank}\t"),
            None => write!(self.rows, "\t\\N\t"),
        };
        match piece.kind {
            PieceKind::Parent => self.rows.push_str("\\N"),
            _ => escape(&mut self.rows, &piece.json),
        }
        self.rows.push('\t');
        escape(&mut self.rows, &piece.words);
        self.rows.push('\n');
        self.count += 1;
    }

    /// How long the rows are.
    pub fn bytes(&self) -> usize {
        self.rows.len()
    }
}

fn escape(rows: &mut String, text: &str) {
    for sign in text.chars() {
        match sign {
            '\\' => rows.push_str("\\\\"),
            '\t' => rows.push_str("\\t"),
            '\n' => rows.push_str("\\n"),
            '\r' => rows.push_str("\\r"),
            _ => rows.push(sign),
        }
    }
}

/// What came, ordered by concepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arranged {
    /// A code stands twice: nothing can be built.
    Twice(String),
    /// So many concepts can be built.
    Concepts {
        /// How many.
        count: i32,
        /// How many steps lead to codes that are none.
        lost: i64,
    },
}

/// An import under way, with a connection of its own. Dropped before it is finished, it leaves nothing that anybody sees.
#[derive(Debug)]
pub struct CodeImport {
    connection: PgConnection,
    id: String,
    tid: i64,
}

impl Store {
    /// Begins an import. Nothing where another of the same CodeSystem is under way.
    pub async fn begin_code_import(&self, head: &Head) -> Result<Option<CodeImport>> {
        let mut connection = self.patient_connection().await?;
        if !lock(&mut connection, &head.id).await? {
            return Ok(None);
        }
        let tid = sqlx::query_scalar(statements::BEGIN_CODE_IMPORT)
            .bind(&head.id)
            .bind(&head.url)
            .bind(&head.version)
            .bind(head.content())
            .fetch_one(&mut connection)
            .await
            .map_err(from_sqlx)?;
        let id = head.id.clone();
        Ok(Some(CodeImport {
            connection,
            id,
            tid,
        }))
    }

    /// Takes away what imports have left that nobody has: replaced, deleted or broken off. How many these were.
    pub async fn clear_code_imports(&self) -> Result<usize> {
        let mut connection = self.patient_connection().await?;
        let left = sqlx::query(statements::LIST_CODE_IMPORTS_LEFT)
            .fetch_all(&mut connection)
            .await
            .map_err(from_sqlx)?;
        let mut cleared = 0;
        for row in &left {
            let tid: i64 = row.try_get("tid").map_err(from_sqlx)?;
            let id: String = row.try_get("id").map_err(from_sqlx)?;
            // Whose lock is held is under way.
            if lock(&mut connection, &id).await? {
                cleared += usize::from(clear(&mut connection, tid).await?);
                unlock(&mut connection, &id).await?;
            }
        }
        connection.close().await.map_err(from_sqlx)?;
        Ok(cleared)
    }

    /// A connection outside the pool whose statements may take as long as they need.
    async fn patient_connection(&self) -> Result<PgConnection> {
        let connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let mut connection = connection.detach();
        sqlx::query(statements::SET_PATIENCE)
            .execute(&mut connection)
            .await
            .map_err(from_sqlx)?;
        Ok(connection)
    }
}

async fn lock(connection: &mut PgConnection, id: &str) -> Result<bool> {
    sqlx::query_scalar(statements::LOCK_CODE_IMPORT)
        .bind(id)
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)
}

async fn unlock(connection: &mut PgConnection, id: &str) -> Result<()> {
    sqlx::query(statements::UNLOCK_CODE_IMPORT)
        .bind(id)
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

/// False where somebody has it after all, or another has cleared it.
async fn clear(connection: &mut PgConnection, tid: i64) -> Result<bool> {
    let last: Option<i32> = sqlx::query_scalar(statements::CLAIM_CODE_IMPORT)
        .bind(tid)
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let Some(last) = last else {
        return Ok(false);
    };
    for first in (0..=last).step_by(PLACES.unsigned_abs() as usize) {
        clear_up_to(connection, tid, Some(first.saturating_add(PLACES))).await?;
    }
    clear_up_to(connection, tid, None).await?;
    Ok(true)
}

async fn clear_up_to(connection: &mut PgConnection, tid: i64, last: Option<i32>) -> Result<()> {
    sqlx::query(statements::CLEAR_CODE_IMPORT)
        .bind(tid)
        .bind(last)
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(())
}

impl CodeImport {
    /// Puts down what was read.
    pub async fn add(&mut self, pieces: Pieces) -> Result<()> {
        let copy = self.connection.copy_in_raw(statements::COPY_IMPORT_PIECES);
        let mut copy = copy.await.map_err(from_sqlx)?;
        copy.send(pieces.rows.as_bytes()).await.map_err(from_sqlx)?;
        copy.finish().await.map_err(from_sqlx)?;
        Ok(())
    }

    /// Orders what was put down by concepts.
    pub async fn arrange(&mut self) -> Result<Arranged> {
        let row = sqlx::query(statements::ARRANGE_CODE_IMPORT)
            .fetch_one(&mut self.connection)
            .await
            .map_err(from_sqlx)?;
        if let Some(code) = row.try_get("twice").map_err(from_sqlx)? {
            return Ok(Arranged::Twice(code));
        }
        let count: i64 = row.try_get("concepts").map_err(from_sqlx)?;
        Ok(Arranged::Concepts {
            count: i32::try_from(count).map_err(Error::internal)?,
            lost: row.try_get("lost").map_err(from_sqlx)?,
        })
    }

    /// Builds concepts behind the first so many; how many there are then, at most.
    pub async fn build(&mut self, built: i32) -> Result<i32> {
        let last = built.saturating_add(PLACES);
        sqlx::query(statements::BUILD_CODE_IMPORT)
            .bind(self.tid)
            .bind(built.saturating_add(1))
            .bind(last)
            .execute(&mut self.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(last)
    }

    /// All concepts are built: the CodeSystem may take them.
    pub async fn finish(&mut self) -> Result<()> {
        sqlx::query(statements::FINISH_CODE_IMPORT)
            .bind(self.tid)
            .execute(&mut self.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Whether the CodeSystem has them.
    pub async fn is_used(&mut self) -> Result<bool> {
        sqlx::query_scalar(statements::IS_CODE_IMPORT_USED)
            .bind(self.tid)
            .fetch_one(&mut self.connection)
            .await
            .map_err(from_sqlx)
    }

    /// Ends the connection, and with it what it alone has.
    pub async fn close(mut self) -> Result<()> {
        // Not left to the database, which may take a moment to see that the connection is gone.
        unlock(&mut self.connection, &self.id).await?;
        self.connection.close().await.map_err(from_sqlx)
    }
}
