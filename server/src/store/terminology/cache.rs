//! What was read lately: definitions, whole code systems, and which codes belong to which value sets, of one state of the
//! tables.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use fhir::terminology::code_system::{CodeSystem, SystemKey};
use fhir::terminology::condition::Condition;
use fhir::terminology::knowledge::{Concepts, Knowledge, Need, Selection};
use fhir::terminology::membership::{MemberQuestion, Membership};
use fhir::terminology::value_set::ValueSet;

/// Concepts that are kept at most, and definitions, each of which counts as many concepts.
const WEIGHT_MAX: usize = 200_000;
const DEFINITION_WEIGHT: usize = 20;

/// What is kept, shared by all requests.
#[derive(Debug, Default)]
pub(in crate::store) struct Cache {
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    revision: i64,
    value_sets: HashMap<Box<str>, Vec<Arc<ValueSet>>>,
    code_systems: HashMap<Box<str>, Vec<Arc<CodeSystem>>>,
    concepts: HashMap<(SystemKey, Selection), Arc<Concepts>>,
    counts: HashMap<(SystemKey, Condition), Option<usize>>,
    members: HashMap<MemberQuestion, Membership>,
    weight: usize,
}

impl Cache {
    /// A panic leaves behind what is whole: each entry is put in at once.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps something of a state; of an earlier one than that known, it is not kept.
    pub(super) fn write(&self, revision: i64, keep: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.revision < revision || kept.weight > WEIGHT_MAX {
            *kept = Kept {
                revision: kept.revision.max(revision),
                ..Kept::default()
            };
        }
        if kept.revision == revision {
            keep(&mut kept);
        }
    }

    /// Forgets what is of another state.
    pub(super) fn forget(&self, revision: i64) {
        self.write(revision, |_| {});
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.revision != revision {
            // A restored database counts from the past.
            *kept = Kept {
                revision,
                ..Kept::default()
            };
        }
    }
}

impl Kept {
    /// Teaches what is needed; the state it is of, where it is known.
    pub(super) fn teach(&self, knowledge: &mut Knowledge, need: &Need) -> Option<i64> {
        match need {
            Need::ValueSets(url) => {
                knowledge.learn_value_sets(url.clone(), self.value_sets.get(url)?.clone());
            }
            Need::CodeSystems(url) => {
                knowledge.learn_code_systems(url.clone(), self.code_systems.get(url)?.clone());
            }
            Need::Concepts(key, selection) => {
                let found = self.concepts.get(&(*key, selection.clone()))?;
                knowledge.learn_concepts(*key, selection.clone(), Arc::clone(found));
            }
            Need::Count(key, condition) => {
                let count = self.counts.get(&(*key, condition.clone()))?;
                knowledge.learn_count(*key, condition.clone(), *count);
            }
            // Nobody asks for the same page again and again.
            Need::Slice(..) => return None,
        }
        Some(self.revision)
    }

    /// The state that what is kept is of.
    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    /// Whether a code belongs to a value set, where that has been asked before.
    pub(super) fn member(&self, question: &MemberQuestion) -> Option<Membership> {
        self.members.get(question).copied()
    }

    pub(super) fn keep_member(&mut self, question: MemberQuestion, answer: Membership) {
        self.weight += 1;
        self.members.insert(question, answer);
    }

    pub(super) fn keep_value_sets(&mut self, url: Box<str>, found: Vec<Arc<ValueSet>>) {
        self.weight += DEFINITION_WEIGHT * (1 + found.len());
        self.value_sets.insert(url, found);
    }

    pub(super) fn keep_code_systems(&mut self, url: Box<str>, found: Vec<Arc<CodeSystem>>) {
        self.weight += DEFINITION_WEIGHT * (1 + found.len());
        self.code_systems.insert(url, found);
    }

    pub(super) fn keep_concepts(&mut self, key: (SystemKey, Selection), found: Arc<Concepts>) {
        self.weight += 1 + found.list.len();
        self.concepts.insert(key, found);
    }

    pub(super) fn keep_count(&mut self, key: (SystemKey, Condition), count: Option<usize>) {
        self.weight += key.1.weight();
        self.counts.insert(key, count);
    }
}
