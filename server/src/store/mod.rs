//! The store: the only module that speaks SQL. Resources go in and out as JSON text; every change writes the resource,
//! its history, its search values and its change event in one commit, or none of them.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this module is the SQL boundary"
)]

mod absent;
mod audit;
pub mod backup;
mod batch;
mod bound;
mod break_glass;
mod calendars;
mod changes;
mod claims;
mod combine;
mod connect;
mod consents;
mod cursor;
mod definitions;
mod fault;
mod history;
mod holds;
mod idempotency;
mod identity;
mod include;
mod instant;
mod judged;
mod kept;
mod labels;
mod lending;
mod links;
mod locks;
mod mark;
mod messages;
mod page;
mod past;
mod permission;
mod prepared;
mod read;
mod referrers;
mod reindex;
mod reply_links;
mod role;
mod search;
mod setting;
mod source;
mod stamp;
mod statements;
mod terminology;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod transaction;
mod waiting;
mod withdrawn;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use fhir::ids::{ResourceKey, VersionId};
use jiff::Timestamp;
use sqlx::PgPool;

pub use audit::{
    AuditFilter, AuditPlace, AuditTrail, ChainPage, ChainState, LinkedRow, Sealed, StoredEvent,
    WaitingRow,
};
pub(crate) use audit::{permit_trail, trail_is_closed};
pub use break_glass::{BreakGlass, OpenedRecord};
pub use calendars::{BusyLane, Proposal};
pub use changes::{Change, ChangePosition};
pub use claims::{CalendarOf, Reclaimed, Refusal, SlotTime};
pub use connect::{MIGRATIONS, StoreSettings, migrate, wait_until_reachable};
pub use consents::{Dated, MarkedPatients, ProvisionsFor};
pub use definitions::{IndexLock, IndexWalk};
pub(crate) use fault::{is_outdated, raced};
pub use history::{HistoryFilter, HistoryPage, HistoryScope};
pub use holds::Held;
pub use idempotency::{IdempotentCall, Recalled, RepeatedAnswer};
pub use identity::{
    Attempt, Ceremony, ClientKind, CodeTerms, Credentials, Departed, Departure, Epochs, GrantUser,
    Granted, IdentityClient, IdentityGrant, IdentitySession, IdentityUser, KnownToken, NewCode,
    NewGrant, NewSession, NewToken, PreparedLaunch, ReusedGrant, RunningGrant, SecretHash,
    SessionLimits, SigningAlgorithm, SigningKey, StoredPasskey, TokenKind, UsedCode,
};
pub use kept::KeptAnswers;
pub use labels::{LabelInUse, LabelKind};
pub use mark::Mark;
pub use messages::{News, Planned, VisitNews};
pub use prepared::{ExpectedVersions, PreparedDelete, PreparedWrite, Verb, WriteCondition};
pub use reindex::Indexed;
pub use reply_links::ReplyLink;
pub use role::make_serve_role;
pub use search::{ExplainedStatement, Explanation, MatchPlace, SearchPage};
pub use source::Source;
pub use terminology::{
    Arranged, Building, ClosureEntry, ClosureNews, CodeImport, KnownSystem, MappingsOf, Moment,
    Pieces, Reached, Rows,
};
pub use transaction::{Attempts, Transaction};
pub use waiting::{FreedTime, Waiting};

use crate::audit::AuditRecord;
pub use crate::audit::{SecurityEvent, SecurityEventKind};
use combine::Combiner;
use cursor::CursorKey;
use judged::{Judged, JudgedRow};
use lending::Lending;
use read::Wanted;
use search::Searching;
use terminology::{Cache, FoundCodes, WantedCodes};

/// One version of a resource as it is stored.
#[derive(Clone, Debug)]
pub struct StoredVersion {
    /// Type and id.
    pub key: ResourceKey,
    /// The version.
    pub version: VersionId,
    /// When it was made.
    pub last_updated: Timestamp,
    /// The verb that made it: `POST`, `PUT`, `PATCH` or `DELETE`.
    pub verb: Verb,
    /// The JSON text; `None` where this version is a deletion.
    pub content: Option<Bytes>,
}

impl StoredVersion {
    /// A definition that nobody has ever written.
    pub fn unwritten(key: ResourceKey, content: Bytes) -> Self {
        Self {
            key,
            version: VersionId::FIRST,
            last_updated: Timestamp::UNIX_EPOCH,
            verb: Verb::Put,
            content: Some(content),
        }
    }
}

/// What a write did.
#[derive(Clone, Debug)]
pub struct Written {
    /// The version it made.
    pub version: VersionId,
    /// When.
    pub last_updated: Timestamp,
    /// Whether there was no such resource before.
    pub created: bool,
    /// The JSON text as stored, with id, version and instant.
    pub content: Bytes,
}

/// What a delete did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// The version that says it is deleted.
    Now(VersionId, Timestamp),
    /// There was nothing to delete.
    Absent,
}

/// The database, and the tasks that carry queued requests to it.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    /// Statements of searches are fenced: here they are planned once for each connection.
    searches: Lending,
    searching: Arc<Searching>,
    /// One connection that no request can take, so that readiness is told from load.
    health: PgPool,
    cursor_key: Arc<CursorKey>,
    /// What is told whoever asks.
    pub published: Arc<KeptAnswers>,
    terminology: Arc<Cache>,
    creates: Combiner<PreparedWrite, Written>,
    puts: Combiner<PreparedWrite, Written>,
    deletes: Combiner<PreparedDelete, Deleted>,
    reads: Combiner<Wanted, Option<StoredVersion>>,
    judged: Combiner<Judged, Option<JudgedRow>>,
    tokens: Combiner<(SecretHash, Timestamp), Option<KnownToken>>,
    records: Combiner<AuditRecord, ()>,
    /// Nothing where there is no audit trail.
    audit: Option<Arc<AuditTrail>>,
    /// What is committed with the next change of accounts, apps, sessions or grants.
    beside: Option<Arc<AuditRecord>>,
    codes: Combiner<WantedCodes, FoundCodes>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}
