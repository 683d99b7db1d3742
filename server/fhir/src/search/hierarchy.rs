//! What searches ask of resources that are parts of others of their type: `:above` and `:below` of references, along a strict
//! hierarchy (<https://hl7.org/fhir/R4/search.html#reference>), as that of Locations.
//!
//! As with codes, planning notes what it asks, and is done again when the answers are there.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::combine;
use super::error::{SearchError, SearchLimit};
use super::hash;
use super::planner::Planner;
use crate::ids::{ResourceKey, ResourceType};

/// The parameters by which resources refer to what they are a part of.
const PART_OF: [&str; 2] = ["partof", "part-of"];

/// The resources that are asked for, one of a type among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartsAsked {
    /// The resource.
    pub key: ResourceKey,
    /// Whether its parts are asked for, and theirs, or else what it is a part of.
    pub is_below: bool,
    /// Seeds of the parameter by which a resource of the type says what it is a part of.
    pub seeds: Vec<i64>,
}

impl PartsAsked {
    /// The elements that the direct parts of some resources have, sorted.
    pub fn elements(&self, wholes: &[ResourceKey]) -> Vec<i64> {
        let targets = wholes.iter().map(hash::key_hash);
        let around = |target: i64| {
            self.seeds
                .iter()
                .map(move |seed| hash::reference(*seed, target))
        };
        combine::sorted(targets.flat_map(around))
    }
}

/// There are more than a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyParts {
    /// The limit.
    pub limit: usize,
}

/// The resources, the one that was asked about among them.
pub type PartsAnswer = Result<Arc<[ResourceKey]>, TooManyParts>;

/// What has been asked while searches were planned, and the answers there are.
#[derive(Debug, Default)]
pub struct KnownParts {
    known: HashMap<PartsAsked, PartsAnswer>,
    asked: RefCell<BTreeSet<PartsAsked>>,
}

impl KnownParts {
    /// The resources; `None` where there is no answer yet, and then it is noted.
    pub(super) fn parts(
        &self,
        parameter: &str,
        asked: PartsAsked,
    ) -> Result<Option<Arc<[ResourceKey]>>, SearchError> {
        match self.known.get(&asked) {
            Some(Ok(parts)) => Ok(Some(Arc::clone(parts))),
            Some(Err(TooManyParts { limit })) => {
                let side = if asked.is_below { "below" } else { "above" };
                let message = format!("more than {limit} resources are {side} {}", asked.key);
                Err(SearchError::beyond(
                    SearchLimit::ExpansionCodes,
                    parameter,
                    message,
                ))
            }
            None => {
                self.asked.borrow_mut().insert(asked);
                Ok(None)
            }
        }
    }

    /// What has been noted since the last time: a plan that was made meanwhile is none.
    pub fn take_asked(&mut self) -> BTreeSet<PartsAsked> {
        std::mem::take(self.asked.get_mut())
    }

    /// Learns an answer.
    pub fn learn(&mut self, asked: PartsAsked, answer: PartsAnswer) {
        self.known.insert(asked, answer);
    }
}

impl Planner<'_> {
    /// Seeds of what says which resource of its own type a resource is a part of; empty where nothing says that, or may name
    /// other types as well, so that there is no strict hierarchy.
    pub(super) fn part_of(&self, resource_type: ResourceType) -> Vec<i64> {
        let codes = PART_OF.iter().filter(|code| {
            let definition = self.definition(resource_type, code);
            definition.is_some_and(
                |one| matches!(&*one.targets, [only] if **only == *resource_type.name()),
            )
        });
        let seeds = codes.flat_map(|code| self.seeds(resource_type, code));
        combine::sorted(seeds.map(|one| one.seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::coded::KnownAnswers;
    use crate::search::plan::Clause;
    use crate::search::planner::Handling;
    use crate::search::planner::fixtures::planner;
    use crate::search::query::{Query, QueryLimits};

    #[test]
    fn what_is_known_of_parts_is_looked_for() {
        let Some(planner) = planner(Handling::Strict) else {
            return;
        };
        let encounter = [ResourceType::parse("Encounter").unwrap()];
        let planned = |known: &KnownAnswers, text: &str| {
            let query = Query::parse(text, QueryLimits::default()).unwrap();
            let codes = Some(known);
            Planner { codes, ..planner }.plan(&encounter, &query)
        };
        let mut known = KnownAnswers::default();
        let plan = planned(&known, "location:below=Location/a").unwrap();
        assert_eq!(plan.clauses, [Clause::Nothing]);
        let asked: Vec<PartsAsked> = known.parts.take_asked().into_iter().collect();
        let [asked] = asked.as_slice() else {
            panic!("one question, not {asked:?}");
        };
        assert!(asked.is_below && asked.key.to_string() == "Location/a");
        let keys: Vec<ResourceKey> = ["Location/a", "Location/b"]
            .map(|key| key.parse().unwrap())
            .into();
        assert_eq!(asked.elements(&keys).len(), 2);
        known.parts.learn(asked.clone(), Ok(keys.into()));
        let plan = planned(&known, "location:below=Location/a").unwrap();
        let expected = planned(&known, "location=Location/a,Location/b").unwrap();
        assert_eq!(plan.clauses, expected.clauses);
        assert!(known.parts.take_asked().is_empty());
        known
            .parts
            .learn(asked.clone(), Err(TooManyParts { limit: 5 }));
        let error = planned(&known, "location:below=a").unwrap_err().to_string();
        assert!(
            error.contains("more than 5 resources are below Location/a"),
            "{error}"
        );
    }
}
