//! What calls of operations were answered, so that one that is sent again is done once.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::{Store, Transaction, statements};
use crate::error::{Error, Result};

/// How long an answer is repeated.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A call that carries a key of its caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentCall {
    /// Client and person.
    pub caller: Box<str>,
    /// The operation.
    pub operation: Box<str>,
    /// The key.
    pub key: Box<str>,
    /// What says what is asked.
    pub digest: [u8; 32],
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// What it made, with its version.
    pub location: Option<String>,
    /// The resource.
    pub body: String,
}

/// What is known of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// Nothing: it is to be done.
    Nothing,
    /// It is being done.
    InProgress,
    /// Its key was used for another.
    Other,
    /// It was done.
    Answered(RepeatedAnswer),
}

impl Transaction {
    /// What is known of a call. If nothing, no other transaction begins it before the end of this one.
    pub async fn recall(&mut self, call: &IdempotentCall, now: Timestamp) -> Result<Recalled> {
        let name = format!("{} {} {}", call.caller, call.operation, call.key);
        let is_alone: bool = sqlx::query_scalar(statements::LOCK_CALL)
            .bind(name)
            .fetch_one(self.connection())
            .await
            .map_err(from_sqlx)?;
        if !is_alone {
            return Ok(Recalled::InProgress);
        }
        let found = sqlx::query(statements::READ_ANSWER)
            .bind(&*call.caller)
            .bind(&*call.operation)
            .bind(&*call.key)
            .bind(Instant(now - KEPT))
            .fetch_optional(self.connection())
            .await
            .map_err(from_sqlx)?;
        let Some(row) = found else {
            return Ok(Recalled::Nothing);
        };
        let digest: Vec<u8> = row.try_get("digest").map_err(from_sqlx)?;
        if digest != call.digest {
            return Ok(Recalled::Other);
        }
        let status: i16 = row.try_get("status").map_err(from_sqlx)?;
        Ok(Recalled::Answered(RepeatedAnswer {
            status: u16::try_from(status).map_err(Error::internal)?,
            location: row.try_get("location").map_err(from_sqlx)?,
            body: row.try_get("body").map_err(from_sqlx)?,
        }))
    }

    /// Keeps the answer to a call, to be committed with what it did.
    pub async fn remember(
        &mut self,
        call: &IdempotentCall,
        answer: &RepeatedAnswer,
        now: Timestamp,
    ) -> Result<()> {
        let status = i16::try_from(answer.status).map_err(Error::internal)?;
        sqlx::query(statements::ADD_ANSWER)
            .bind(&*call.caller)
            .bind(&*call.operation)
            .bind(&*call.key)
            .bind(&call.digest[..])
            .bind(status)
            .bind(&answer.location)
            .bind(&answer.body)
            .bind(Instant(now))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

impl Store {
    /// Forgets answers that are repeated no more, and says how many.
    pub async fn forget_answers(&self, now: Timestamp) -> Result<u64> {
        let done = sqlx::query(statements::FORGET_ANSWERS)
            .bind(Instant(now - KEPT))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(done.rows_affected())
    }
}
