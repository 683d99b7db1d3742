//! The definitions in force: what the server brings itself, and the SearchParameters that are stored. They change while
//! it runs; a request works with those of one moment (server/decisions/0014-search-parameters-at-run-time.md).

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use fhir::definitions::unready::{Reason, Unready};
use fhir::ids::{ResourceKey, ResourceType};

use super::Definitions;
use super::run_time::{RunTimeParameter, join};
use super::stored_profiles::StoredProfile;
use super::wanted::{self, WORDS, Wanted};
use crate::error::Result;

/// What is stored of definitions, and how far search values are computed by them: one moment of the database.
#[derive(Clone, Debug, Default)]
pub struct StoredDefinitions {
    /// The number of the definitions.
    pub generation: i64,
    /// Counts changes of `index`.
    pub revision: i64,
    /// What the server that made this generation brought itself.
    pub built_in: String,
    /// The SearchParameters, in the order of their creation.
    pub parameters: Vec<(ResourceKey, bytes::Bytes)>,
    /// Counts changes of the stored profiles.
    pub profiles_revision: i64,
    /// The stored profiles, in the order of their creation, where they have changed.
    pub profiles: Option<Vec<StoredProfile>>,
    /// By type.
    pub index: BTreeMap<ResourceType, IndexState>,
}

/// How far the search values of one type are computed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexState {
    /// The parameters whose values all resources have, with the hash of their definition.
    pub complete: Vec<String>,
    /// Which definitions the walk under way is for.
    pub target: Option<String>,
    /// The resources it has looked at.
    pub walked: i64,
    /// How many there were.
    pub expected: i64,
    /// What stopped it.
    pub fault: Option<String>,
}

impl IndexState {
    /// How much of the walk is done; a hundred is never reached while it lasts.
    pub fn percent(&self) -> u8 {
        let part = self.walked.saturating_mul(100) / self.expected.max(1);
        match self.target {
            Some(_) => u8::try_from(part.clamp(0, 99)).unwrap_or(99),
            None => 0,
        }
    }
}

/// The definitions in force, for whoever asks next.
#[derive(Debug)]
pub struct CurrentDefinitions {
    /// What the server brings itself.
    built_in: Arc<Definitions>,
    now: ArcSwap<Definitions>,
    /// One at a time reads what is stored.
    pub(crate) refreshing: tokio::sync::Mutex<()>,
    /// One at a time changes what is stored, and whoever was overtaken again and again holds up the next change.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

impl CurrentDefinitions {
    /// Begins with what the server brings itself.
    pub fn new(built_in: Arc<Definitions>) -> Self {
        Self {
            now: ArcSwap::new(Arc::clone(&built_in)),
            built_in,
            refreshing: tokio::sync::Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// Those of this moment.
    pub fn now(&self) -> Arc<Definitions> {
        self.now.load_full()
    }

    /// What the server brings itself.
    pub fn built_in(&self) -> &Arc<Definitions> {
        &self.built_in
    }

    /// Puts others in force.
    pub fn set(&self, definitions: Definitions) {
        self.now.store(Arc::new(definitions));
    }

    /// The definitions that what is stored makes. A stored parameter that cannot be used is left out, and the log says so:
    /// it was usable when it was written, and what it needs has gone since.
    pub fn with(&self, stored: &StoredDefinitions) -> Result<Definitions> {
        let now = self.now();
        let mut next = match now.generation == stored.generation {
            true => Definitions::clone(&now),
            false => {
                let mut parameters = Vec::new();
                for (key, content) in &stored.parameters {
                    parameters.extend(RunTimeParameter::of_stored(key, content)?);
                }
                let mut joined = join(&self.built_in, parameters)?;
                joined.failures = Arc::default();
                joined
            }
        };
        match &stored.profiles {
            Some(list) => next.set_stored_profiles(list.clone(), stored.profiles_revision),
            None => next.keep_stored_profiles(&now),
        }
        next.generation = stored.generation;
        next.revision = stored.revision;
        next.set_unready(unready(&next, stored));
        Ok(next)
    }
}

/// The parameters that not all resources have their values of yet.
fn unready(definitions: &Definitions, stored: &StoredDefinitions) -> Unready {
    let mut unready = definitions.switched_off();
    for (resource_type, wanted) in definitions.wanted() {
        let state = stored.index.get(resource_type);
        let complete = state.map_or(&[][..], |state| &state.complete);
        let percent = state.map_or(0, IndexState::percent);
        for one in wanted.iter().filter(|one| !complete.contains(one)) {
            let code = one.split(' ').next().unwrap_or_default();
            unready.add(*resource_type, code, Reason::Indexing(percent));
        }
    }
    unready
}

impl Definitions {
    /// The number of these definitions, as the database knows it.
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// Which state of the search values they know of.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// All three numbers that tell whether others are in force by now.
    pub fn moment(&self) -> (i64, i64, i64) {
        (self.generation, self.revision, self.profiles_revision())
    }

    /// What is not answered at the moment.
    pub fn unready(&self) -> &Unready {
        self.parameters.unready()
    }

    pub(super) fn set_unready(&mut self, unready: Unready) {
        if unready != *self.parameters.unready() {
            let mut parameters = (*self.parameters).clone();
            parameters.set_unready(unready);
            self.parameters = Arc::new(parameters);
        }
    }

    /// The parameters of each type that are indexed: code, blank, hash of what the values depend on.
    pub fn wanted(&self) -> &Wanted {
        self.wanted.get_or_init(|| {
            let basis = self.basis.get_or_init(|| wanted::basis(&self.registries));
            wanted::wanted(&self.registries, basis, self.full_text)
        })
    }

    /// What is indexed of one type, as one text that changes with it.
    pub fn target(&self, resource_type: ResourceType) -> String {
        let parameters = self.wanted().get(&resource_type);
        wanted::target(parameters.map_or(&[][..], Vec::as_slice))
    }

    /// What is indexed of all types, as one text that changes with it.
    pub fn fingerprint(&self) -> String {
        wanted::fingerprint(self.wanted())
    }

    /// What this installation does without.
    pub(super) fn switched_off(&self) -> Unready {
        let mut unready = Unready::none();
        if !self.full_text {
            for resource_type in ResourceType::all() {
                for code in WORDS {
                    unready.add(resource_type, code, Reason::SwitchedOff);
                }
            }
        }
        unready
    }
}
