//! Chains into contained resources (<https://hl7.org/fhir/R4/search.html#contained>): a chained condition is asked of what
//! a resource contains as well. Whether it holds there is seen by looking into the resource; where a contained resource
//! refers to one that is stored, somebody else has to say whether that meets the rest.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::extract::Extractor;
use super::index_plan::Source;
use super::matches::ResourceFacts;
use super::operand::RootMembers;
use super::plan::{Clause, Criteria, Plan};
use crate::ids::{Reference, ResourceKey};
use crate::json::{ParseLimits, Value};
use crate::path::Item;
use crate::resource::Resource;

/// Which stored resources that contained ones refer to meet what; and what is not known of that yet.
#[derive(Debug, Default)]
pub struct Beyond {
    known: BTreeMap<Criteria, BTreeMap<ResourceKey, bool>>,
    asked: BTreeMap<Criteria, BTreeSet<ResourceKey>>,
}

/// A resource that is looked into.
#[derive(Debug)]
pub struct Within<'a> {
    /// How values are found.
    pub extractor: Extractor<'a>,
    /// The resource.
    pub container: &'a Resource,
    /// Its `meta.lastUpdated`, which is also that of what it contains.
    pub last_updated: Timestamp,
}

impl Beyond {
    /// What was asked since, and is not known. As long as there is something, what was answered may be wrong.
    pub fn take_asked(&mut self) -> BTreeMap<Criteria, BTreeSet<ResourceKey>> {
        std::mem::take(&mut self.asked)
    }

    /// Takes the answer for some keys: those that meet the criteria.
    pub fn learn(&mut self, criteria: Criteria, asked: BTreeSet<ResourceKey>, met: &[ResourceKey]) {
        let known = self.known.entry(criteria).or_default();
        let answers = asked.into_iter().map(|key| {
            let is_met = met.contains(&key);
            (key, is_met)
        });
        known.extend(answers);
    }

    fn meets(&mut self, criteria: &Criteria, key: &ResourceKey) -> bool {
        let known = self.known.get(criteria).and_then(|known| known.get(key));
        known.copied().unwrap_or_else(|| {
            let asked = self.asked.entry(criteria.clone()).or_default();
            asked.insert(key.clone());
            false
        })
    }
}

impl Within<'_> {
    /// Whether the resource refers, at one of the seeds, to one that it contains and that meets the criteria.
    pub fn refers(&self, seeds: &[i64], target: &Criteria, beyond: &mut Beyond) -> bool {
        let members = RootMembers::of(self.container.root());
        let texts = self.references(self.container, &members, seeds);
        let mut inner = texts.iter().filter_map(|text| text.strip_prefix('#'));
        inner.any(|id| self.meets_inside(id, target, beyond))
    }

    /// Whether the contained resource of that id meets the criteria.
    fn meets_inside(&self, id: &str, target: &Criteria, beyond: &mut Beyond) -> bool {
        let all = self.container.get("contained").into_iter();
        let mut all = all.flat_map(Value::items);
        let is_named =
            |one: &Value<'_>| one.get("id").and_then(Value::string).as_deref() == Some(id);
        // What cannot be read, or indexed, is found by nothing.
        let Some(resource) = all
            .find(is_named)
            .and_then(|one| Resource::parse_with(one.raw().to_owned(), ParseLimits::STORED).ok())
        else {
            return false;
        };
        if !target.resource_types.contains(&resource.resource_type()) {
            return false;
        }
        let (Ok(values), Ok(id)) = (
            self.extractor.extract_contained(&resource, self.container),
            id.parse(),
        ) else {
            return false;
        };
        let clauses = target.clauses.iter();
        let plan = Plan {
            clauses: clauses
                .map(|one| self.settled(&resource, one, beyond))
                .collect(),
            ..Plan::default()
        };
        let facts = ResourceFacts {
            resource_type: resource.resource_type(),
            id: &id,
            last_updated: self.last_updated,
            values: &values,
        };
        plan.matches(facts).unwrap_or(false)
    }

    /// A clause with its chains answered for a contained resource. Nothing refers to that from outside, and along
    /// canonicals nothing is asked of it.
    fn settled(&self, contained: &Resource, clause: &Clause, beyond: &mut Beyond) -> Clause {
        let mut each = |clauses: &[Clause]| -> Vec<Clause> {
            let settled = clauses
                .iter()
                .map(|one| self.settled(contained, one, beyond));
            settled.collect()
        };
        match clause {
            Clause::All(clauses) => Clause::All(each(clauses)),
            Clause::Any(clauses) => Clause::Any(each(clauses)),
            Clause::Not(clause) => Clause::Not(Box::new(self.settled(contained, clause, beyond))),
            Clause::RefersTo { seeds, target } => {
                match self.leads_on(contained, (seeds, target), beyond) {
                    true => Clause::All(Vec::new()),
                    false => Clause::Nothing,
                }
            }
            other => other.clone(),
        }
    }

    /// Whether a contained resource refers to another, contained or stored, that meets the criteria.
    fn leads_on(
        &self,
        contained: &Resource,
        (seeds, target): (&[i64], &Criteria),
        beyond: &mut Beyond,
    ) -> bool {
        let members = RootMembers::within(contained.root(), self.container.root());
        let texts = self.references(contained, &members, seeds);
        let mut found = false;
        for text in texts {
            found |= match Reference::parse(&text, self.extractor.base_url) {
                Reference::Contained(id) => self.meets_inside(&id, target, beyond),
                Reference::Local { key, .. } => {
                    target.resource_types.contains(&key.resource_type) && beyond.meets(target, &key)
                }
                _ => false,
            };
        }
        found
    }

    /// The references of a resource at some seeds, as they are written.
    fn references(
        &self,
        from: &Resource,
        members: &RootMembers<'_>,
        seeds: &[i64],
    ) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut take = |value: Value<'_>| {
            found.extend(
                value
                    .get("reference")
                    .and_then(Value::string)
                    .map(Into::into),
            );
        };
        let plan = self.extractor.plan.types.get(&from.resource_type());
        let operands = plan.into_iter().flat_map(|plan| &plan.operands);
        for operand in operands.filter(|operand| seeds.contains(&operand.seed)) {
            match &operand.source {
                Source::Path { path, .. } => path.visit(members, &mut |value, _| take(value)),
                Source::Expression(expression) => {
                    let items = self
                        .extractor
                        .evaluated(from.root(), expression, &operand.code);
                    for item in items.into_iter().flatten() {
                        if let Item::Node(node) = item
                            && let Some(value) = node.value
                        {
                            take(value);
                        }
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
