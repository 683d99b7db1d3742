//! Whether one resource matches a plan: for subscriptions, and as the measure the store's SQL is held to.

use jiff::Timestamp;

use super::index_values::IndexValues;
use super::plan::{Clause, Plan, StringOrder, StringTest};
use crate::ids::{ResourceId, ResourceType};

/// What a plan is compared with.
#[derive(Clone, Copy, Debug)]
pub struct ResourceFacts<'a> {
    /// The type.
    pub resource_type: ResourceType,
    /// The logical id.
    pub id: &'a ResourceId,
    /// `meta.lastUpdated`
    pub last_updated: Timestamp,
    /// What it can be found by; normalised.
    pub values: &'a IndexValues,
}

impl Plan {
    /// Whether the resource is of a type searched and passes every clause.
    pub fn matches(&self, facts: ResourceFacts<'_>) -> bool {
        self.covers(facts.resource_type) && self.clauses.iter().all(|one| one.matches(facts))
    }
}

impl Clause {
    fn matches(&self, facts: ResourceFacts<'_>) -> bool {
        let values = facts.values;
        let has = |element: &i64| values.tokens.binary_search(element).is_ok();
        match self {
            Self::AnyToken(elements) => elements.iter().any(has),
            Self::NoToken(elements) => !elements.iter().any(has),
            Self::Ids(ids) => ids.contains(facts.id),
            Self::NotIds(ids) => !ids.contains(facts.id),
            Self::Types(types) => types.contains(&facts.resource_type),
            Self::LastUpdated(tests) => tests
                .iter()
                .any(|test| test.matches_instant(facts.last_updated)),
            Self::String { parameters, tests } => values
                .strings
                .iter()
                .filter(|value| parameters.contains(&value.parameter))
                .any(|value| tests.iter().any(|test| test.matches(&value.folded))),
            Self::Date {
                parameters, tests, ..
            } => values
                .dates
                .iter()
                .filter(|value| parameters.contains(&value.parameter))
                .any(|value| {
                    let matches = |test: &super::period_test::PeriodTest| {
                        test.matches_period(value.lower, value.upper)
                    };
                    tests.iter().any(matches)
                }),
            Self::All(clauses) => clauses.iter().all(|one| one.matches(facts)),
            Self::Any(clauses) => clauses.iter().any(|one| one.matches(facts)),
            Self::Not(clause) => !clause.matches(facts),
            // Not planned yet.
            Self::Number(_)
            | Self::Near { .. }
            | Self::Text { .. }
            | Self::RefersTo { .. }
            | Self::ReferredBy { .. }
            | Self::Nothing => false,
        }
    }
}

impl StringTest {
    fn matches(&self, folded: &str) -> bool {
        match self {
            Self::StartsWith(text) => folded.starts_with(&**text),
            Self::Contains(text) => folded.contains(&**text),
            Self::EndsWith(text) => folded.ends_with(&**text),
            Self::Compares(order, text) => match order {
                StringOrder::Equal => *folded == **text,
                StringOrder::NotEqual => *folded != **text,
                StringOrder::Greater => *folded > **text,
                StringOrder::Less => *folded < **text,
                StringOrder::GreaterOrEqual => *folded >= **text,
                StringOrder::LessOrEqual => *folded <= **text,
            },
        }
    }
}

#[cfg(test)]
mod tests;
