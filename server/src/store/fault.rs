//! What a database fault means to a client, and which faults another try may mend.

use crate::error::{Error, ErrorKind};

/// Turns a fault of the driver or the database into an error. Constraints that have a meaning get it where they are met.
pub(super) fn from_sqlx(fault: sqlx::Error) -> Error {
    let kind = match &fault {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Some("the database is not reachable; try again"),
        sqlx::Error::Database(database) => match database.code().as_deref() {
            Some("40001" | "40P01" | "23505" | "55P03") => {
                Some("another request stood in the way; try again")
            }
            // Shutdown, crash recovery, too many connections, a standby.
            Some(code)
                if code.starts_with("57P")
                    || code.starts_with("08")
                    || code == "53300"
                    || code == "25006" =>
            {
                Some("the database is not ready; try again")
            }
            Some(OUTDATED) => Some("the search parameters have changed meanwhile; try again"),
            Some("57014") => {
                return Error::new(ErrorKind::Timeout, "the database took too long")
                    .caused_by(fault);
            }
            // A row of an index has its bounds: a code or URL of many thousand characters.
            Some("54000") => {
                return Error::new(
                    ErrorKind::TooCostly,
                    "a code, URL or other value is too long to be indexed",
                )
                .caused_by(fault);
            }
            _ => None,
        },
        _ => None,
    };
    match kind {
        Some(sentence) => Error::new(ErrorKind::Unavailable, sentence).caused_by(fault),
        None => Error::internal(fault),
    }
}

/// Another transaction made the same resource between the look and the write.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("another transaction wrote the same resource at the same moment")]
struct Raced;

/// The error of work that met such a race: [`super::Attempts`] does it again.
pub(crate) fn raced() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "another request stood in the way; try again",
    )
    .caused_by(Raced)
}

/// Whether the same work, done again from its beginning, may succeed: a deadlock, a serialization failure, or a key that
/// another transaction took at the same moment.
pub(super) fn is_retryable(error: &Error) -> bool {
    if error.cause().is_some_and(|cause| cause.is::<Raced>()) {
        return true;
    }
    let Some(fault) = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<sqlx::Error>())
    else {
        return false;
    };
    matches!(fault, sqlx::Error::Database(database)
        if matches!(database.code().as_deref(), Some("40001" | "40P01" | "23505" | "55P03")))
}

/// What the database says of a write that was made ready with definitions that are no longer current.
const OUTDATED: &str = "VS001";

/// Whether a write was refused because the definitions of search parameters have changed since it was made ready. Nothing
/// was done.
pub(crate) fn is_outdated(error: &Error) -> bool {
    let fault = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<sqlx::Error>());
    matches!(fault, Some(sqlx::Error::Database(database)) if database.code().as_deref() == Some(OUTDATED))
}

/// Whether the connection itself is lost, so that nothing is known of what was under way.
pub(super) fn is_disconnect(error: &Error) -> bool {
    let Some(fault) = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<sqlx::Error>())
    else {
        return false;
    };
    match fault {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(database) => database
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => false,
    }
}

/// The answer where the database was lost in the middle of a write.
pub(super) fn unknown_outcome() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the database was lost while it worked: whether this was stored is not known; read before you try again",
    )
}

/// Whether a pooled connection turned out to lead nowhere: its server has been restarted. Another one may not.
pub(super) fn is_stale(error: &Error) -> bool {
    let cause = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<sqlx::Error>());
    let is_of_the_pool = matches!(
        cause,
        Some(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
    );
    is_disconnect(error) && !is_of_the_pool
}

/// How many connections of a pool may turn out to lead nowhere, one after the other.
pub(super) const STALE_MAX: u32 = 64;
