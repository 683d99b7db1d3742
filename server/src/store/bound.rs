//! Writes of those who may not write everything: what there is is judged, and the write bound to the version that was
//! (server/decisions/0033-judged-versions.md). So it is combined with those of everybody, and holds no lock while it waits.

use super::judged::JudgedRow;
use super::prepared::{ExpectedVersions, PreparedDelete, PreparedWrite, WriteCondition};
use super::write::{exists, mismatch, note_recorded};
use super::{Deleted, Store, Written, permission};
use crate::context::RequestContext;
use crate::error::{ErrorKind, Result};

impl Store {
    /// Stores a resource if it may be stored in the place of the version there is; nothing where that was no longer there.
    pub(super) async fn put_as_judged(
        &self,
        cx: &RequestContext,
        write: &PreparedWrite,
    ) -> Result<Option<Written>> {
        let judged = permission::judged_put(&cx.access, write);
        let row = self.judged.ask(judged).await?;
        permission::judge_put(&cx.access, write, row.as_ref())?;
        let bound = bound_to(&write.condition, row.as_ref())?;
        self.refuse_broken(cx, write).await?;
        let write = self.recorded(cx, write.clone().under(bound), None)?;
        let written = still_there(self.puts.ask(write).await)?;
        if written.is_some() {
            note_recorded(cx);
        }
        Ok(written)
    }

    /// Deletes a resource if the version there is may be deleted; nothing where that was no longer there.
    pub(super) async fn delete_as_judged(
        &self,
        cx: &RequestContext,
        delete: &PreparedDelete,
    ) -> Result<Option<Deleted>> {
        self.refuse_trail(delete.key())?;
        let judged = permission::judged_delete(&cx.access, delete);
        let row = self.judged.ask(judged).await?;
        if let Some(verdict) = permission::judge_delete(&cx.access, delete, row.as_ref()) {
            return verdict.map(Some);
        }
        let bound = PreparedDelete {
            condition: bound_to(&delete.condition, row.as_ref())?,
            ..delete.clone()
        };
        let delete = self.recorded_delete(cx, bound)?;
        let deleted = still_there(self.deletes.ask(delete).await)?;
        if matches!(deleted, Some(Deleted::Now(..))) {
            note_recorded(cx);
        }
        Ok(deleted)
    }
}

/// The condition of a write that holds for the version that was judged alone.
fn bound_to(condition: &WriteCondition, row: Option<&JudgedRow>) -> Result<WriteCondition> {
    match (row, &condition.versions) {
        (None, Some(_)) => Err(mismatch()),
        (None, None) => Ok(WriteCondition {
            versions: None,
            absent: true,
        }),
        (Some(_), _) if condition.absent => Err(exists()),
        (Some(row), Some(expected)) if !expected.contains(row.version) => Err(mismatch()),
        (Some(row), _) => Ok(WriteCondition {
            versions: Some(ExpectedVersions::OneOf(vec![row.version])),
            absent: false,
        }),
    }
}

/// What a write came to that was bound to a version; nothing where that was no longer there.
fn still_there<A>(result: Result<A>) -> Result<Option<A>> {
    match result {
        Err(error) if error.kind() == ErrorKind::PreconditionFailed => Ok(None),
        other => other.map(Some),
    }
}
