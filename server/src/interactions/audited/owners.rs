//! Whose the versions are that were read lately. A version never changes, so what was found out about it once holds: a read
//! need not look through the text again to say whose it was.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fhir::ids::{ResourceId, ResourceKey, VersionId};

/// Resources that are kept in mind, twice: when so many are new, those that were not asked for since are forgotten.
const RESOURCES_MAX: usize = 32 * 1024;

/// A version, and the patients in whose compartments it is.
type Owned = (VersionId, Arc<[ResourceId]>);

/// What is known of one version of each resource.
#[derive(Debug, Default)]
pub struct Owners(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    new: HashMap<ResourceKey, Owned>,
    old: HashMap<ResourceKey, Owned>,
}

impl Owners {
    /// The patients of a version; `None` where they are not known.
    pub(super) fn of(&self, key: &ResourceKey, version: VersionId) -> Option<Arc<[ResourceId]>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, patients)) = known.new.get(key) {
            return (*of == version).then(|| Arc::clone(patients));
        }
        let (key, owned) = known.old.remove_entry(key)?;
        let patients = (owned.0 == version).then(|| Arc::clone(&owned.1));
        known.keep(key, owned);
        patients
    }

    /// Keeps in mind what was found out.
    pub(super) fn note(&self, key: ResourceKey, version: VersionId, patients: &[ResourceId]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.keep(key, (version, patients.into()));
    }
}

impl Known {
    fn keep(&mut self, key: ResourceKey, owned: Owned) {
        if self.new.len() >= RESOURCES_MAX {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(key, owned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_goes() {
        let owners = Owners::default();
        let version = VersionId::FIRST;
        let key = |number: usize| -> ResourceKey { format!("Basic/{number}").parse().unwrap() };
        let anna: ResourceId = "anna".parse().unwrap();
        for number in 0..3 * RESOURCES_MAX {
            owners.note(key(number), version, std::slice::from_ref(&anna));
            assert!(owners.of(&key(0), version).is_some(), "{number}");
        }
        assert_eq!(owners.of(&key(1), version), None);
        let known = owners.0.lock().unwrap();
        assert!(known.new.len() + known.old.len() <= 2 * RESOURCES_MAX);
        drop(known);
        assert_eq!(owners.of(&key(0), "2".parse().unwrap()), None);
        assert_eq!(
            owners.of(&key(0), version).as_deref(),
            Some([anna].as_slice())
        );
    }
}
