//! What an evaluation knows, and what it finds out that it must know.
//!
//! Evaluations do not wait for anything. One that lacks a definition notes the need and stops; who drives it fetches all
//! that is noted and evaluates again. What was fetched stays, so each round goes further than the one before.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::canonical::{Canonical, compare_versions, version_matches};
use super::code_system::{CodeSystem, SystemKey};
use super::concept::Concept;
use super::condition::Condition;
use super::fault::Stop;
use super::value_set::ValueSet;

/// Something that has to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The value sets of that URL, in all versions.
    ValueSets(Box<str>),
    /// The code systems of that URL and their supplements, in all versions.
    CodeSystems(Box<str>),
    /// Concepts.
    Concepts(SystemKey, Selection),
    /// How many concepts a condition holds for.
    Count(SystemKey, Condition),
    /// Some of the concepts that a condition holds for.
    Slice(SystemKey, Slice),
}

/// Some of the concepts that a condition holds for, in the order of their code system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice {
    /// The condition.
    pub condition: Condition,
    /// How many are passed over.
    pub offset: usize,
    /// Most that are wanted.
    pub count: usize,
}

/// Which concepts of a code system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Selection {
    /// All that have these words, in lower case, in their code or texts; all where there are no words.
    All(Vec<Box<str>>),
    /// Those of these codes, in any case.
    Codes(Vec<Box<str>>),
    /// Those below a code.
    Below {
        /// The code.
        code: Box<str>,
        /// Whether it is selected, too.
        with_itself: bool,
        /// Words, in lower case, that those selected have in their code or texts.
        words: Vec<Box<str>>,
    },
    /// Those right below a code.
    RightBelow(Box<str>),
    /// Those whose property has one of these values.
    Having(Box<str>, Vec<Box<str>>),
}

/// Concepts that were selected, in the order of their code system.
#[derive(Clone, Debug, Default)]
pub struct Concepts {
    /// The concepts.
    pub list: Vec<Arc<Concept>>,
    /// Whether there are more than may be looked at; then the list is no answer.
    pub is_cut: bool,
}

/// What is known.
#[derive(Debug, Default)]
pub struct Knowledge {
    value_sets: HashMap<Box<str>, Vec<Arc<ValueSet>>>,
    code_systems: HashMap<Box<str>, Vec<Arc<CodeSystem>>>,
    concepts: HashMap<(SystemKey, Selection), Arc<Concepts>>,
    counts: HashMap<(SystemKey, Condition), Option<usize>>,
    slices: HashMap<(SystemKey, Slice), Arc<Concepts>>,
    given_value_sets: Vec<Arc<ValueSet>>,
    given_code_systems: Vec<Arc<CodeSystem>>,
    missing: RefCell<BTreeSet<Need>>,
}

impl Knowledge {
    /// Knows a value set that came with the request; it goes before others of its URL and version.
    pub fn give_value_set(&mut self, value_set: ValueSet) {
        self.given_value_sets.push(Arc::new(value_set));
    }

    /// Knows a code system that came with the request.
    pub fn give_code_system(&mut self, code_system: CodeSystem) {
        self.given_code_systems.push(Arc::new(code_system));
    }

    /// A key for a code system that comes with the request.
    pub fn next_given_key(&self) -> SystemKey {
        let count = i64::try_from(self.given_code_systems.len()).unwrap_or(i64::MAX - 1);
        SystemKey(-1 - count)
    }

    /// Learns the value sets of a URL; those found first go before others of the same version.
    pub fn learn_value_sets(&mut self, url: Box<str>, found: Vec<Arc<ValueSet>>) {
        self.value_sets.insert(url, found);
    }

    /// Learns the code systems of a URL, and supplements to it.
    pub fn learn_code_systems(&mut self, url: Box<str>, found: Vec<Arc<CodeSystem>>) {
        self.code_systems.insert(url, found);
    }

    /// Learns concepts.
    pub fn learn_concepts(&mut self, key: SystemKey, selection: Selection, found: Arc<Concepts>) {
        self.concepts.insert((key, selection), found);
    }

    /// Learns how many concepts a condition holds for; nothing where they are too many to be counted.
    pub fn learn_count(&mut self, key: SystemKey, condition: Condition, count: Option<usize>) {
        self.counts.insert((key, condition), count);
    }

    /// Learns some of the concepts that a condition holds for.
    pub fn learn_slice(&mut self, key: SystemKey, slice: Slice, found: Arc<Concepts>) {
        self.slices.insert((key, slice), found);
    }

    /// What has been noted since the last time.
    pub fn take_missing(&mut self) -> BTreeSet<Need> {
        std::mem::take(self.missing.get_mut())
    }

    /// Whether something has been noted.
    pub fn lacks(&self) -> bool {
        !self.missing.borrow().is_empty()
    }

    fn need<T>(&self, need: Need) -> Result<T, Stop> {
        self.missing.borrow_mut().insert(need);
        Err(Stop::Missing)
    }

    /// The value set of that URL in that version, or in its latest one.
    pub fn value_set(&self, canonical: &Canonical) -> Result<Option<Arc<ValueSet>>, Stop> {
        let given = self.given_value_sets.iter();
        let mut candidates: Vec<Arc<ValueSet>> = given
            .filter(|one| one.url.as_deref() == Some(&*canonical.url))
            .cloned()
            .collect();
        if newest(&candidates, canonical).is_none() || canonical.version.is_none() {
            match self.value_sets.get(&canonical.url) {
                Some(known) => candidates.extend(known.iter().cloned()),
                None if candidates.is_empty() => {
                    return self.need(Need::ValueSets(canonical.url.clone()));
                }
                None => {}
            }
        }
        Ok(newest(&candidates, canonical))
    }

    /// All versions of a code system, the latest first, and all supplements to it.
    pub fn code_systems(&self, url: &str) -> Result<Vec<Arc<CodeSystem>>, Stop> {
        let is_of = |one: &&Arc<CodeSystem>| {
            let supplemented = one.supplements.as_ref().map(|canonical| &*canonical.url);
            *one.url == *url || supplemented == Some(url)
        };
        let mut all: Vec<Arc<CodeSystem>> = Vec::new();
        let given = self.given_code_systems.iter().filter(is_of);
        all.extend(given.cloned());
        match self.code_systems.get(url) {
            Some(known) => {
                for one in known {
                    let is_given = |other: &Arc<CodeSystem>| {
                        other.url == one.url && other.version == one.version
                    };
                    if !all.iter().any(is_given) {
                        all.push(Arc::clone(one));
                    }
                }
            }
            None => return self.need(Need::CodeSystems(url.into())),
        }
        all.sort_by(|one, other| {
            let version = |one: &CodeSystem| one.version.clone().unwrap_or_default();
            compare_versions(&version(other), &version(one))
        });
        Ok(all)
    }

    /// Concepts of a code system.
    pub fn concepts(
        &self,
        system: &CodeSystem,
        selection: Selection,
    ) -> Result<Arc<Concepts>, Stop> {
        if let Some(given) = &system.given {
            let chosen = given.iter().filter(|one| selection.takes(one));
            return Ok(Arc::new(Concepts {
                list: chosen.cloned().map(Arc::new).collect(),
                is_cut: false,
            }));
        }
        if selection == Selection::Codes(Vec::new()) || system.concept_count == 0 {
            return Ok(Arc::default());
        }
        match self.concepts.get(&(system.key, selection.clone())) {
            Some(known) => Ok(Arc::clone(known)),
            None => self.need(Need::Concepts(system.key, selection)),
        }
    }

    /// How many concepts of a stored code system a condition holds for; nothing where they are too many to be counted.
    pub(super) fn count(
        &self,
        system: &CodeSystem,
        condition: &Condition,
    ) -> Result<Option<usize>, Stop> {
        if *condition == Condition::EVERY {
            return Ok(Some(system.concept_count));
        }
        if *condition == Condition::NONE || system.concept_count == 0 {
            return Ok(Some(0));
        }
        match self.counts.get(&(system.key, condition.clone())) {
            Some(known) => Ok(*known),
            None => self.need(Need::Count(system.key, condition.clone())),
        }
    }

    /// Some of the concepts of a stored code system that a condition holds for.
    pub(super) fn slice(&self, system: &CodeSystem, slice: Slice) -> Result<Arc<Concepts>, Stop> {
        match self.slices.get(&(system.key, slice.clone())) {
            Some(known) => Ok(Arc::clone(known)),
            None => self.need(Need::Slice(system.key, slice)),
        }
    }
}

/// The one of that version; of the latest where no version is asked for.
fn newest(candidates: &[Arc<ValueSet>], canonical: &Canonical) -> Option<Arc<ValueSet>> {
    let version = |one: &Arc<ValueSet>| one.version.clone().unwrap_or_default();
    let fits = |one: &&Arc<ValueSet>| {
        let wanted = canonical.version.as_deref();
        wanted.is_none_or(|wanted| version_matches(wanted, &version(one)))
    };
    // Of equal ones the first: it was given, or follows a resource.
    let best = candidates
        .iter()
        .enumerate()
        .filter(|(_, one)| fits(one))
        .max_by(|(place, one), (other_place, other)| {
            compare_versions(&version(one), &version(other))
                .then(Reverse(place).cmp(&Reverse(other_place)))
        });
    best.map(|(_, one)| Arc::clone(one))
}

impl Selection {
    /// Whether a concept is selected.
    pub fn takes(&self, concept: &Concept) -> bool {
        match self {
            Self::All(words) => has_words(concept, words),
            Self::Codes(codes) => codes
                .iter()
                .any(|code| code.eq_ignore_ascii_case(&concept.code)),
            Self::Below {
                code,
                with_itself,
                words,
            } => {
                let is_it = *with_itself && concept.code == *code;
                (is_it || concept.ancestors.contains(code)) && has_words(concept, words)
            }
            Self::RightBelow(code) => concept.parents.contains(code),
            Self::Having(property, values) => concept
                .values(property)
                .any(|value| values.iter().any(|one| **one == *value)),
        }
    }
}

/// Whether all these words, in lower case, stand in the code or the texts of a concept.
pub fn has_words(concept: &Concept, words: &[Box<str>]) -> bool {
    words.is_empty() || have_words(concept.texts(), words)
}

/// Whether each of these words, in lower case, stands in one of the texts.
pub(super) fn have_words<'t>(texts: impl Iterator<Item = &'t str>, words: &[Box<str>]) -> bool {
    let texts: Vec<String> = texts.map(str::to_lowercase).collect();
    words
        .iter()
        .all(|word| texts.iter().any(|text| text.contains(&**word)))
}
