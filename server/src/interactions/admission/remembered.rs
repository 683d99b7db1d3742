//! What holders of grants may touch, remembered until something changes it: a server that asked the database for roles and
//! care teams at each request would spend most of its time on that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::auth::{Access, Grant};
use crate::definitions::Definitions;
use crate::error::Result;

/// How long at most, whatever else: a clock that was set wrong for a while is no reason for ever.
const AGE_MAX: SignedDuration = SignedDuration::from_secs(60);
/// Grants that are remembered; when there are more, all are forgotten.
const GRANTS_MAX: usize = 4096;

/// What is remembered, by the id of the grant.
#[derive(Debug, Default)]
pub struct Remembered {
    known: Mutex<HashMap<Uuid, Arc<Slot>>>,
}

/// What is remembered of one grant.
#[derive(Debug, Default)]
struct Slot {
    entry: Mutex<Option<Entry>>,
    /// Held while it is found out, so that of many requests at one time one does.
    finding: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Entry {
    grant: Grant,
    basis: Basis,
    found: Found,
}

/// What was found out of a grant.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What it may touch.
    pub(super) access: Access,
    /// When a period that counts begins or ends next.
    pub(super) until: Option<Timestamp>,
}

/// What an answer depends on, beside the grant.
#[derive(Clone, Debug)]
pub(super) struct Basis {
    /// How many commits had changed roles, care teams and opened records when the token was looked up.
    pub(super) revision: i64,
    /// By which a granular scope is understood.
    pub(super) definitions: Arc<Definitions>,
    /// The moment of the request.
    pub(super) now: Timestamp,
}

impl Remembered {
    /// What this very grant may touch, found out only if something has changed that since.
    pub(super) async fn or_find(
        &self,
        grant: Grant,
        basis: Basis,
        find: impl AsyncFnOnce(Grant) -> Result<Found>,
    ) -> Result<Access> {
        let slot = self.slot(grant.id);
        if let Some(access) = slot.get(&grant, &basis) {
            return Ok(access);
        }
        let _finding = slot.finding.lock().await;
        if let Some(access) = slot.get(&grant, &basis) {
            return Ok(access);
        }
        let found = find(grant.clone()).await?;
        let access = found.access.clone();
        // It was found out after the revision was read: what it depends on is as new as that.
        *slot.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(Entry {
            grant,
            basis,
            found,
        });
        Ok(access)
    }

    fn slot(&self, grant: Uuid) -> Arc<Slot> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= GRANTS_MAX && !known.contains_key(&grant) {
            known.clear();
        }
        Arc::clone(known.entry(grant).or_default())
    }
}

impl Slot {
    fn get(&self, grant: &Grant, basis: &Basis) -> Option<Access> {
        let entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry.as_ref()?;
        let age = basis.now.duration_since(entry.basis.now);
        let is_fresh = !age.is_negative()
            && age <= AGE_MAX
            && entry.found.until.is_none_or(|until| basis.now < until);
        // What is newer than the look-up of the token is new enough.
        let is_same = entry.basis.revision >= basis.revision
            && Arc::ptr_eq(&entry.basis.definitions, &basis.definitions)
            && entry.grant == *grant;
        (is_fresh && is_same).then(|| entry.found.access.clone())
    }
}
