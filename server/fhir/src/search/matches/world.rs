//! Resources that are extracted and searched, chains included: what a store would answer.

use super::*;
use crate::definitions::fixtures::definitions;
use crate::resource::Resource;
use crate::search::coded::KnownAnswers;
use crate::search::error::SearchErrorKind;
use crate::search::extract::{ExtractLimits, Extractor};
use crate::search::hash;
use crate::search::index_plan::fixtures::index_plan;
use crate::search::plan::Criteria;
use crate::search::planner::{Handling, PlanLimits, Planner};
use crate::search::query::{Query, QueryLimits};

struct Indexed {
    resource_type: ResourceType,
    id: ResourceId,
    values: IndexValues,
}

/// Resources that can be searched.
pub(super) struct World {
    resources: Vec<Indexed>,
    /// What is known of codes.
    pub(super) codes: Option<KnownAnswers>,
}

const NOW: &str = "2013-06-01T00:00:00Z";

impl World {
    /// `None` where the definitions are absent.
    pub(super) fn of(resources: &[&str]) -> Option<Self> {
        let definitions = definitions()?;
        let extractor = Extractor {
            plan: index_plan()?,
            definitions,
            base_url: "http://here/fhir",
            limits: ExtractLimits::default(),
        };
        let indexed = resources.iter().map(|text| {
            let resource = Resource::parse(text.as_bytes().to_vec()).unwrap();
            Indexed {
                resource_type: resource.resource_type(),
                id: resource.id().unwrap().parse().unwrap(),
                values: extractor.extract(&resource).unwrap(),
            }
        });
        Some(Self {
            resources: indexed.collect(),
            codes: None,
        })
    }

    /// The ids that match, in the order of the resources.
    pub(super) fn search(&self, name: &str, query: &str) -> Result<Vec<&str>, SearchErrorKind> {
        let planner = Planner {
            parameters: &definitions().unwrap().search_parameters,
            index: index_plan().unwrap(),
            base_url: "http://here/fhir",
            now: NOW.parse().unwrap(),
            handling: Handling::Strict,
            limits: PlanLimits::default(),
            codes: self.codes.as_ref(),
        };
        let query = Query::parse(query, QueryLimits::default()).map_err(|fault| fault.kind)?;
        let plan = planner
            .plan(&[ResourceType::parse(name).unwrap()], &query)
            .map_err(|fault| fault.kind)?;
        let matches = |one: &&Indexed| {
            let expected = plan.covers(one.resource_type)
                && plan.clauses.iter().all(|clause| self.holds(clause, one));
            // What is known without the others is true.
            let known = plan.matches(facts(one));
            assert!(known.is_none_or(|known| known == expected), "{query:?}");
            assert!(known.is_some() || plan.needs_other_resources(), "{query:?}");
            expected
        };
        let found = self.resources.iter().filter(matches);
        Ok(found.map(|one| one.id.as_str()).collect())
    }

    pub(super) fn check(&self, query: &str, expected: &str) {
        let (name, text) = query.split_once('?').unwrap();
        let found = self.search(name, text).unwrap();
        assert_eq!(found.join(" "), expected, "{query}");
    }

    fn holds(&self, clause: &Clause, one: &Indexed) -> bool {
        match clause {
            Clause::All(clauses) => clauses.iter().all(|clause| self.holds(clause, one)),
            Clause::Any(clauses) => clauses.iter().any(|clause| self.holds(clause, one)),
            Clause::Not(clause) => !self.holds(clause, one),
            Clause::RefersTo { seeds, target } => self
                .resources
                .iter()
                .any(|other| refers(one, seeds, other) && self.meets(target, other)),
            Clause::ReferredBy { seeds, source } => self
                .resources
                .iter()
                .any(|other| refers(other, seeds, one) && self.meets(source, other)),
            Clause::Names { ways, other } => self.resources.iter().any(|far| {
                let has = |element: &i64| far.values.tokens.contains(element);
                let mut ways = ways.iter();
                ways.any(|way| one.values.tokens.iter().any(|own| has(&(own ^ way))))
                    && self.meets(other, far)
            }),
            other => other.matches(facts(one)).unwrap(),
        }
    }

    fn meets(&self, criteria: &Criteria, one: &Indexed) -> bool {
        criteria.resource_types.contains(&one.resource_type)
            && criteria
                .clauses
                .iter()
                .all(|clause| self.holds(clause, one))
    }
}

fn refers(one: &Indexed, seeds: &[i64], other: &Indexed) -> bool {
    let target = hash::target_hash(other.resource_type, other.id.as_str());
    let has = |seed: &i64| one.values.tokens.contains(&hash::reference(*seed, target));
    seeds.iter().any(has)
}

fn facts(one: &Indexed) -> ResourceFacts<'_> {
    ResourceFacts {
        resource_type: one.resource_type,
        id: &one.id,
        last_updated: NOW.parse().unwrap(),
        values: &one.values,
    }
}
