//! The codes that a value set is made of: what it includes, less what it excludes.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::terminology::canonical::{Canonical, compare_versions};
use crate::terminology::code_system::CodeSystem;
use crate::terminology::concept::Concept;
use crate::terminology::fault::{FaultKind, Finding, Stop};
use crate::terminology::filter::Filters;
use crate::terminology::grammar;
use crate::terminology::knowledge::{Selection, have_words};
use crate::terminology::rule::Rule;
use crate::terminology::sources::{Sources, Way, supplemented};
use crate::terminology::value_set::{Compose, ConceptSet, Identity, ListedConcept, ValueSet};
use crate::terminology::versions::listed;

use super::uses::Uses;

/// One code of a value set.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The system.
    pub system: Box<str>,
    /// The version of the system it was found in.
    pub version: Option<Box<str>>,
    /// The concept.
    pub concept: Arc<Concept>,
    /// The code system; none where only the value set knows the code.
    pub code_system: Option<Arc<CodeSystem>>,
    /// What the value set says of it.
    pub listed: Option<Arc<ListedConcept>>,
    /// Whether it is no longer used.
    pub is_inactive: bool,
    /// Whether it groups others.
    pub is_abstract: bool,
}

impl Entry {
    /// A concept of a code system.
    pub(super) fn of(system: &Arc<CodeSystem>, concept: &Arc<Concept>) -> Self {
        Self {
            system: system.url.clone(),
            version: system.version.clone(),
            is_inactive: system.is_inactive(concept),
            is_abstract: system.is_abstract(concept),
            concept: Arc::clone(concept),
            code_system: Some(Arc::clone(system)),
            listed: None,
        }
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.concept.code
    }

    /// Whether all these words, in lower case, stand in the code or in a text for it, also in one that only the value
    /// set has.
    pub(super) fn has_words(&self, words: &[Box<str>]) -> bool {
        let listed = self.listed.iter();
        let own = listed.flat_map(|listed| {
            let designations = listed.designations.iter().map(|one| &*one.value);
            listed.display.as_deref().into_iter().chain(designations)
        });
        words.is_empty() || have_words(self.concept.texts().chain(own), words)
    }

    pub(super) fn key(&self, with_version: bool) -> Key {
        let version = self.version.clone().filter(|_| with_version);
        (self.system.clone(), self.concept.code.clone(), version)
    }
}

pub(super) type Key = (Box<str>, Box<str>, Option<Box<str>>);

/// The codes of value sets, each with and without those that do not have the words.
type Known = HashMap<(Identity, bool), Option<Arc<[Entry]>>>;

/// Puts the codes of value sets together.
pub(in crate::terminology) struct Expander<'k> {
    pub(super) sources: Sources<'k>,
    /// Words that all codes have that matter.
    pub(super) words: Vec<Box<str>>,
    /// Whether codes count that do not have the words: others are compared with them.
    pub(super) is_whole: Cell<bool>,
    pub(super) uses: RefCell<Uses>,
    /// What is said of a value set that has too many codes.
    pub(super) advice: String,
    /// How many codes the code systems have that pages are made of, or that others are compared with.
    pub(super) looked_at: Cell<usize>,
    /// What value sets that others include came to; nothing where something is missing.
    known: RefCell<Known>,
}

impl<'k> Expander<'k> {
    pub(in crate::terminology) fn new(sources: Sources<'k>) -> Self {
        Self {
            sources,
            words: Vec::new(),
            is_whole: Cell::default(),
            uses: RefCell::default(),
            advice:
                "ask for one page of them by 'count' and 'offset', or narrow it down by 'filter'"
                    .to_owned(),
            looked_at: Cell::default(),
            known: RefCell::default(),
        }
    }

    pub(super) fn searching(mut self, words: Vec<Box<str>>) -> Self {
        self.words = words;
        self
    }

    pub(super) fn uses(&self) -> Uses {
        self.uses.borrow().clone()
    }

    /// The codes of a value set, in its order and without repeats.
    pub(in crate::terminology) fn codes(
        &self,
        value_set: &Arc<ValueSet>,
    ) -> Result<Vec<Entry>, Stop> {
        self.uses.borrow_mut().value_set(value_set, None);
        self.of_value_set(value_set, &[])
    }

    /// Puts codes together that others are compared with. They are not narrowed down by words where one of the others may
    /// have these by what the value set says of it.
    fn compared_with<T>(&self, others: &[Entry], codes: impl FnOnce() -> T) -> T {
        let is_named = |entry: &Entry| {
            let listed = entry.listed.as_deref();
            listed.is_some_and(|one| one.display.is_some() || !one.designations.is_empty())
        };
        let was_whole = self.is_whole.get();
        self.is_whole.set(was_whole || others.iter().any(is_named));
        let codes = codes();
        self.is_whole.set(was_whole);
        codes
    }

    fn of_value_set(&self, value_set: &Arc<ValueSet>, way: Way<'_>) -> Result<Vec<Entry>, Stop> {
        let Some(compose) = &value_set.compose else {
            return self.of_expansion(value_set);
        };
        let mut way = way.to_vec();
        way.push(Arc::clone(value_set));
        let mut entries = Vec::new();
        let mut is_missing = false;
        for set in &compose.include {
            match self.of_set(value_set, compose, &way, set) {
                Ok(more) => entries.extend(more),
                // What is missing here does not keep from noting what is missing elsewhere.
                Err(Stop::Missing) => is_missing = true,
                Err(fault) => return Err(fault),
            }
            if entries.len() > self.sources.settings.codes_max {
                return Err(self.too_costly(&value_set.named()));
            }
        }
        let mut excluded = HashSet::new();
        let by_version = compose.versions_match() == Some(false);
        for set in &compose.exclude {
            let out = || self.of_set(value_set, &Compose::default(), &way, set);
            match self.compared_with(&entries, out) {
                Ok(out) => excluded.extend(out.iter().map(|entry| entry.key(by_version))),
                Err(Stop::Missing) => is_missing = true,
                Err(fault) => return Err(fault),
            }
        }
        if is_missing {
            return Err(Stop::Missing);
        }
        if !excluded.is_empty() {
            self.note_merged(&entries, by_version);
        }
        entries.retain(|entry| !excluded.contains(&entry.key(by_version)));
        Ok(self.without_repeats(entries, compose.versions_match() == Some(true)))
    }

    /// The codes of a value set that another includes by a reference: worked out once, however many include it.
    fn of_included(
        &self,
        from: &ValueSet,
        reference: &str,
        other: &Arc<ValueSet>,
        way: Way<'_>,
    ) -> Result<Arc<[Entry]>, Stop> {
        let Some(identity) = from.identity_of(reference, other) else {
            return Ok(self.of_value_set(other, way)?.into());
        };
        let identity = (identity, self.is_whole.get());
        if let Some(known) = self.known.borrow().get(&identity) {
            return known.clone().ok_or(Stop::Missing);
        }
        let found: Option<Arc<[Entry]>> = match self.of_value_set(other, way) {
            Ok(entries) => Some(entries.into()),
            Err(Stop::Missing) => None,
            Err(fault) => return Err(fault),
        };
        self.known.borrow_mut().insert(identity, found.clone());
        found.ok_or(Stop::Missing)
    }

    /// Each code once; of several versions the latest, where they are taken for the same.
    fn without_repeats(&self, entries: Vec<Entry>, merged: bool) -> Vec<Entry> {
        if merged {
            self.note_merged(&entries, false);
        }
        let mut places = HashMap::new();
        let mut unique: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            match places.entry(entry.key(!merged)) {
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(unique.len());
                    unique.push(entry);
                }
                std::collections::hash_map::Entry::Occupied(place) => {
                    let known = &mut unique[*place.get()];
                    let version = |one: &Entry| one.version.clone().unwrap_or_default();
                    if compare_versions(&version(&entry), &version(known)).is_gt() {
                        *known = entry;
                    }
                }
            }
        }
        unique
    }

    fn note_merged(&self, entries: &[Entry], by_version: bool) {
        let used = self.uses.borrow();
        let of_systems = used
            .parameters
            .iter()
            .filter(|(name, _)| name == "used-codesystem");
        let canonicals: Vec<Canonical> = of_systems.map(|(_, one)| Canonical::parse(one)).collect();
        let has_versions = entries.iter().any(|entry| {
            let of_it = canonicals.iter().filter(|one| one.url == entry.system);
            of_it.count() > 1
        });
        drop(used);
        self.uses.borrow_mut().merged |= has_versions && !by_version;
    }

    fn of_set(
        &self,
        value_set: &Arc<ValueSet>,
        compose: &Compose,
        way: Way<'_>,
        set: &ConceptSet,
    ) -> Result<Vec<Entry>, Stop> {
        let mut entries = match &set.system {
            Some(url) => Some(self.of_system(value_set, url, set)?),
            None => None,
        };
        for reference in &set.value_sets {
            let other = self.sources.included(way, value_set, reference)?;
            if value_set.inside(reference).is_none() {
                self.uses.borrow_mut().value_set(&other, Some(value_set));
            }
            let more = || self.of_included(value_set, reference, &other, way);
            entries = Some(match entries {
                None => more()?.to_vec(),
                Some(entries) => {
                    let more = self.compared_with(&entries, more)?;
                    common(entries, &more)
                }
            });
        }
        let mut entries = entries.unwrap_or_default();
        if compose.inactive == Some(false) || self.sources.settings.active_only {
            entries.retain(|entry| !entry.is_inactive);
        }
        Ok(entries)
    }

    pub(super) fn of_system(
        &self,
        value_set: &Arc<ValueSet>,
        url: &str,
        set: &ConceptSet,
    ) -> Result<Vec<Entry>, Stop> {
        let (knowledge, settings) = (self.sources.knowledge, self.sources.settings);
        let version = settings.versions.version(url, set.version.as_deref());
        let Some(system) = knowledge.code_system(url, version.as_deref())? else {
            let known = knowledge.versions(url)?;
            // Codes that are listed are known even where their system is not.
            return match known.is_empty() && !set.concepts.is_empty() && set.filters.is_empty() {
                true => Ok(set
                    .concepts
                    .iter()
                    .map(|one| unresolved(url, set, one))
                    .collect()),
                false => Err(unknown_system(url, version.as_deref(), &known)),
            };
        };
        if let Some(finding) = settings.versions.check(&system) {
            return Err(finding.stop(FaultKind::Unprocessable));
        }
        self.uses.borrow_mut().code_system(&system, value_set);
        let filters = Filters::of(knowledge, &system, set, "ValueSet.compose")?;
        let selection = match set.concepts.is_empty() {
            true if self.is_whole.get() => filters.selection(&[]),
            true => filters.selection(&self.words),
            false => Selection::Codes(set.concepts.iter().map(|one| one.code.clone()).collect()),
        };
        let found = self.sources.concepts(&system, selection.clone())?;
        if found.is_cut {
            return Err(self.too_costly(&value_set.named()));
        }
        let mut concepts = found.list.clone();
        concepts.retain(|concept| filters.pass(&system, concept));
        self.add_supplements(value_set, &system, &selection, &mut concepts)?;
        let plain = |concept: &Arc<Concept>| Entry::of(&system, concept);
        if set.concepts.is_empty() {
            return Ok(concepts.iter().map(plain).collect());
        }
        let entry = |concept: &Arc<Concept>, listed: &ListedConcept| Entry {
            listed: Some(Arc::new(listed.clone())),
            ..plain(concept)
        };
        // In the order of the value set.
        let mut by_code: HashMap<String, Vec<&Arc<Concept>>> = HashMap::new();
        for concept in &concepts {
            let folded = concept.code.to_ascii_lowercase();
            by_code.entry(folded).or_default().push(concept);
        }
        let with_concept = |listed: &ListedConcept| {
            let near = by_code.get(&listed.code.to_ascii_lowercase())?;
            let same = |concept: &&&Arc<Concept>| system.same_code(&concept.code, &listed.code);
            let concept = near.iter().find(same)?;
            if grammar::is_one(&system) && listed.display.is_some() {
                // A grammar has no text for a code; the value set has.
                let mut named = Concept::clone(concept);
                named.display.clone_from(&listed.display);
                return Some(entry(&Arc::new(named), listed));
            }
            Some(entry(concept, listed))
        };
        Ok(set.concepts.iter().filter_map(with_concept).collect())
    }

    pub(super) fn add_supplements(
        &self,
        value_set: &ValueSet,
        system: &CodeSystem,
        selection: &Selection,
        concepts: &mut [Arc<Concept>],
    ) -> Result<(), Stop> {
        for supplement in self.sources.supplements(system, Some(value_set))? {
            self.uses.borrow_mut().supplement(&supplement);
            let selection = match selection {
                Selection::Codes(_) => selection.clone(),
                _ => Selection::All(Vec::new()),
            };
            let more = self.sources.knowledge.concepts(&supplement, selection)?;
            if more.is_cut {
                return Err(self.too_costly(&value_set.named()));
            }
            for concept in concepts.iter_mut() {
                if let Some(said) = more.list.iter().find(|one| one.code == concept.code) {
                    *concept = Arc::new(supplemented(concept, said));
                }
            }
        }
        Ok(())
    }

    /// The codes of an expansion that stands in the value set.
    pub(super) fn of_expansion(&self, value_set: &ValueSet) -> Result<Vec<Entry>, Stop> {
        let mut entries = Vec::new();
        for one in &value_set.expansion {
            let concept = Concept {
                code: one.code.clone(),
                display: one.display.clone(),
                ..Concept::default()
            };
            entries.push(Entry {
                system: one.system.clone(),
                version: one.version.clone(),
                concept: Arc::new(concept),
                code_system: None,
                listed: None,
                is_inactive: one.is_inactive,
                is_abstract: one.is_abstract,
            });
        }
        if self.sources.settings.active_only {
            entries.retain(|entry| !entry.is_inactive);
        }
        Ok(entries)
    }

    pub(super) fn too_costly(&self, named: &str) -> Stop {
        let most = self.sources.settings.codes_max;
        let advice = &self.advice;
        let sentence = format!(
            "The value set '{named}' has too many codes to be expanded (more than {most}); {advice}"
        );
        Finding::of(Rule::TooCostly, sentence).stop(FaultKind::TooCostly)
    }
}

/// The entries that others have, too.
fn common(entries: Vec<Entry>, others: &[Entry]) -> Vec<Entry> {
    let keys: HashSet<Key> = others.iter().map(|entry| entry.key(false)).collect();
    let is_common = |entry: &Entry| keys.contains(&entry.key(false));
    entries.into_iter().filter(is_common).collect()
}

fn unresolved(url: &str, set: &ConceptSet, listed: &ListedConcept) -> Entry {
    Entry {
        system: url.into(),
        version: set.version.clone(),
        concept: Arc::new(Concept {
            code: listed.code.clone(),
            display: listed.display.clone(),
            ..Concept::default()
        }),
        code_system: None,
        listed: Some(Arc::new(listed.clone())),
        is_inactive: false,
        is_abstract: false,
    }
}

fn unknown_system(url: &str, version: Option<&str>, known: &[Box<str>]) -> Stop {
    let mut sentence = format!("A definition for CodeSystem '{url}'");
    if let Some(version) = version {
        sentence.push_str(&format!(" version '{version}'"));
    }
    sentence.push_str(" could not be found, so the value set cannot be expanded");
    let rule = match version {
        None => Rule::UnknownSystemOfExpansion,
        Some(_) => Rule::UnknownVersionOfExpansion,
    };
    if version.is_some() {
        sentence.push_str(&match known.is_empty() {
            true => ". No versions of this code system are known".to_owned(),
            false => format!(". Valid versions: {}", listed(known)),
        });
    }
    Finding::of(rule, sentence).stop(FaultKind::Unprocessable)
}
