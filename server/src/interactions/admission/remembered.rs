//! What holders of grants may touch, remembered until something changes it: a server that asked the database for roles and
//! care teams at each request would spend most of its time on that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::auth::{Access, Grant};
use crate::definitions::Definitions;

/// How long at most: what begins or ends by the clock alone (the period of a role, of a care team, of an opened record)
/// counts this much later.
const AGE_MAX: SignedDuration = SignedDuration::from_secs(1);
/// Grants that are remembered; when there are more, all are forgotten.
const GRANTS_MAX: usize = 4096;

/// What is remembered, by the id of the grant.
#[derive(Debug, Default)]
pub struct Remembered {
    known: Mutex<HashMap<Uuid, Entry>>,
}

#[derive(Debug)]
struct Entry {
    grant: Grant,
    revision: i64,
    definitions: Arc<Definitions>,
    at: Timestamp,
    access: Access,
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
    /// What this very grant may touch, if nothing has changed that since.
    pub(super) fn get(&self, grant: &Grant, basis: &Basis) -> Option<Access> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.get(&grant.id)?;
        let age = basis.now.duration_since(entry.at);
        let is_fresh = !age.is_negative() && age <= AGE_MAX;
        let is_same = entry.revision == basis.revision
            && Arc::ptr_eq(&entry.definitions, &basis.definitions)
            && entry.grant == *grant;
        (is_fresh && is_same).then(|| entry.access.clone())
    }

    /// Remembers what a grant may touch. It was found out after the revision was read: what it depends on is as new as that.
    pub(super) fn put(&self, grant: Grant, basis: Basis, access: Access) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= GRANTS_MAX {
            known.clear();
        }
        let entry = Entry {
            grant,
            revision: basis.revision,
            definitions: basis.definitions,
            at: basis.now,
            access,
        };
        known.insert(entry.grant.id, entry);
    }
}
