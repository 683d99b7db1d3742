//! Work of a transaction that may be taken back without giving up the rest.

use std::collections::BTreeSet;

use fhir::ids::ResourceKey;

use super::claims::Unsettled;
use super::fault::from_sqlx;
use super::{Transaction, statements};
use crate::audit::AuditRecord;
use crate::auth::Access;
use crate::error::Result;

/// What a transaction had done at a moment that it may come back to.
#[derive(Debug)]
pub struct Mark {
    record: Option<Box<AuditRecord>>,
    has_written: bool,
    access: Access,
    forced: BTreeSet<ResourceKey>,
    /// How many warnings there were.
    warnings: usize,
}

impl Transaction {
    /// A place to come back to: what follows may be taken back. All that was written before has been settled.
    pub async fn mark(&mut self) -> Result<Mark> {
        sqlx::query(statements::MARK)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        let (access, forced) = (self.access().clone(), self.forced.clone());
        let warnings = self.warnings.len();
        let trail = self.trail();
        Ok(Mark {
            warnings,
            record: trail.record.clone(),
            has_written: trail.has_written,
            access,
            forced,
        })
    }

    /// Takes back what followed a mark.
    pub async fn back_to(&mut self, mark: Mark) -> Result<()> {
        sqlx::query(statements::BACK_TO_MARK)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        let trail = self.trail();
        trail.record = mark.record;
        trail.has_written = mark.has_written;
        *self.unsettled() = Unsettled::default();
        // What was done in between may have been the server's own.
        self.write_as(mark.access);
        self.forced = mark.forced;
        self.warnings.truncate(mark.warnings);
        Ok(())
    }
}
