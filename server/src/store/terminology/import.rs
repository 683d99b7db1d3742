//! Imports of code systems: what files say of codes is put down in tables of imports, concepts are built from it under a
//! key that nobody knows, and the CodeSystem that is written last takes them. Broken off, an import can be gone on with
//! (server/decisions/0019-imported-code-systems.md).

use fhir::terminology::import::head::Head;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};

use super::pieces::{Pieces, Rows};
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::{Store, statements};

/// Concepts that are built or cleared in one transaction: each is done in a second or so.
const PLACES: i32 = 5_000;

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

/// How far an import has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// How many pieces are put down.
    pub pieces: u64,
    /// The digest of these.
    pub digest: Vec<u8>,
    /// What was made of them: nothing before all of them were there.
    pub building: Option<Building>,
}

/// How many concepts are built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Building {
    /// How many there will be.
    pub concepts: i32,
    /// How many there are, at least.
    pub built: i32,
    /// How many steps of the hierarchy lead to codes that are none.
    pub lost: i64,
    /// Whether the CodeSystem may take them.
    pub is_finished: bool,
}

/// An import under way, with a connection of its own. Dropped before it is finished, it leaves nothing that anybody sees.
#[derive(Debug)]
pub struct CodeImport {
    connection: PgConnection,
    id: String,
    tid: i64,
    reached: Reached,
}

impl Store {
    /// Begins an import, or goes on with one of the same CodeSystem that was broken off. Nothing where another is under way.
    pub async fn begin_code_import(&self, head: &Head) -> Result<Option<CodeImport>> {
        let mut connection = self.patient_connection().await?;
        if !lock(&mut connection, &head.id).await? {
            return Ok(None);
        }
        let row = sqlx::query(statements::BEGIN_CODE_IMPORT)
            .bind(&head.id)
            .bind(&head.url)
            .bind(&head.version)
            .bind(head.content())
            .fetch_one(&mut connection)
            .await
            .map_err(from_sqlx)?;
        Ok(Some(CodeImport {
            connection,
            id: head.id.clone(),
            tid: row.try_get("tid").map_err(from_sqlx)?,
            reached: reached(&row)?,
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

fn reached(row: &PgRow) -> Result<Reached> {
    let pieces: i64 = row.try_get("pieces").map_err(from_sqlx)?;
    let stage: &str = row.try_get("stage").map_err(from_sqlx)?;
    let building = Building {
        concepts: row.try_get("concepts").map_err(from_sqlx)?,
        built: row.try_get("built").map_err(from_sqlx)?,
        lost: row.try_get("lost").map_err(from_sqlx)?,
        is_finished: stage == "built",
    };
    Ok(Reached {
        pieces: pieces.unsigned_abs(),
        digest: row.try_get("digest").map_err(from_sqlx)?,
        building: (stage != "reading").then_some(building),
    })
}

impl CodeImport {
    /// How far it had come when it was broken off.
    pub fn reached(&self) -> &Reached {
        &self.reached
    }

    /// For what is read.
    pub fn pieces(&self) -> Pieces {
        Pieces::of(self.tid)
    }

    /// Puts down what was read.
    pub async fn add(&mut self, pieces: Rows) -> Result<()> {
        let mut tx = self.connection.begin().await.map_err(from_sqlx)?;
        let copy = tx.copy_in_raw(statements::COPY_IMPORT_PIECES);
        let mut copy = copy.await.map_err(from_sqlx)?;
        copy.send(pieces.rows.as_bytes()).await.map_err(from_sqlx)?;
        copy.finish().await.map_err(from_sqlx)?;
        sqlx::query(statements::NOTE_CODE_IMPORT)
            .bind(self.tid)
            .bind(i64::try_from(pieces.all).map_err(Error::internal)?)
            .bind(pieces.digest)
            .execute(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)
    }

    /// Nobody goes on with it.
    pub async fn abandon(&mut self) -> Result<()> {
        sqlx::query(statements::ABANDON_CODE_IMPORT)
            .bind(self.tid)
            .execute(&mut self.connection)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Orders what was put down by concepts.
    pub async fn arrange(&mut self) -> Result<Arranged> {
        let row = sqlx::query(statements::ARRANGE_CODE_IMPORT)
            .bind(self.tid)
            .fetch_one(&mut self.connection)
            .await
            .map_err(from_sqlx)?;
        if let Some(code) = row.try_get("twice").map_err(from_sqlx)? {
            return Ok(Arranged::Twice(code));
        }
        Ok(Arranged::Concepts {
            count: row.try_get("concepts").map_err(from_sqlx)?,
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
