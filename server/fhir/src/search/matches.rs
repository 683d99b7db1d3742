//! Whether one resource matches a plan: for subscriptions, and as the measure the store's SQL is held to.

use jiff::Timestamp;

use super::index_values::IndexValues;
use super::period_test::PeriodTest;
use super::plan::{
    Clause, NearTest, NumberTest, Plan, StringOrder, StringTest, TextPart, TextQuery,
};
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
    /// Whether the resource is of a type searched and passes every clause; `None` where that depends on other resources,
    /// which only the store knows.
    pub fn matches(&self, facts: ResourceFacts<'_>) -> Option<bool> {
        match self.covers(facts.resource_type) {
            true => all(&self.clauses, facts),
            false => Some(false),
        }
    }

    /// Whether it takes other resources to say what matches: chains, `_has`, `_list`.
    pub fn needs_other_resources(&self) -> bool {
        self.clauses.iter().any(Clause::needs_other_resources)
    }
}

/// False if one is, whatever the others are.
fn all(clauses: &[Clause], facts: ResourceFacts<'_>) -> Option<bool> {
    let mut result = Some(true);
    for clause in clauses {
        match clause.matches(facts) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

impl Clause {
    /// The same of one clause.
    pub fn needs_other_resources(&self) -> bool {
        match self {
            Self::RefersTo { .. } | Self::ReferredBy { .. } | Self::Names { .. } => true,
            Self::All(clauses) | Self::Any(clauses) => {
                clauses.iter().any(Self::needs_other_resources)
            }
            Self::Not(clause) => clause.needs_other_resources(),
            Self::AnyToken(_)
            | Self::NoToken(_)
            | Self::Ids(_)
            | Self::NotIds(_)
            | Self::Types(_)
            | Self::LastUpdated(_)
            | Self::String { .. }
            | Self::Date { .. }
            | Self::Number(_)
            | Self::Near { .. }
            | Self::Text { .. }
            | Self::Nothing => false,
        }
    }

    fn matches(&self, facts: ResourceFacts<'_>) -> Option<bool> {
        let values = facts.values;
        let has = |element: &i64| values.tokens.binary_search(element).is_ok();
        Some(match self {
            Self::AnyToken(elements) => elements.iter().any(has),
            Self::NoToken(elements) => !elements.iter().any(has),
            Self::Ids(ids) => ids.contains(facts.id),
            Self::NotIds(ids) => !ids.contains(facts.id),
            Self::Types(types) => types.contains(&facts.resource_type),
            Self::LastUpdated(tests) => {
                let passes = |test: &PeriodTest| test.matches_instant(facts.last_updated);
                tests.iter().any(passes)
            }
            Self::String { parameters, tests } => {
                let mut strings = values.strings.iter();
                strings.any(|value| {
                    parameters.contains(&value.parameter)
                        && tests.iter().any(|test| test.matches(&value.folded))
                })
            }
            Self::Date {
                parameters, tests, ..
            } => {
                let mut dates = values.dates.iter();
                dates.any(|value| {
                    let passes = |test: &PeriodTest| test.matches_period(value.lower, value.upper);
                    parameters.contains(&value.parameter) && tests.iter().any(passes)
                })
            }
            Self::Number(tests) => {
                let passes = |value| tests.iter().any(|test: &NumberTest| test.matches(value));
                values.numbers.iter().any(passes)
            }
            Self::Near { parameters, tests } => {
                let mut positions = values.positions.iter();
                positions.any(|place| {
                    let near = |test: &NearTest| test.matches(&place.latitude, &place.longitude);
                    parameters.contains(&place.parameter) && tests.iter().any(near)
                })
            }
            Self::Text { part, query } => {
                let words = match part {
                    TextPart::Narrative => &values.narrative,
                    TextPart::Content => &values.content,
                };
                query.matches(&words.split(' ').collect::<Vec<&str>>())
            }
            Self::All(clauses) => return all(clauses, facts),
            Self::Any(clauses) => return any(clauses, facts),
            Self::Not(clause) => return clause.matches(facts).map(|matches| !matches),
            Self::RefersTo { .. } | Self::ReferredBy { .. } | Self::Names { .. } => return None,
            Self::Nothing => false,
        })
    }
}

/// True if one is, whatever the others are.
fn any(clauses: &[Clause], facts: ResourceFacts<'_>) -> Option<bool> {
    let mut result = Some(false);
    for clause in clauses {
        match clause.matches(facts) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => result = None,
        }
    }
    result
}

impl TextQuery {
    fn matches(&self, words: &[&str]) -> bool {
        match self {
            Self::Word(word) => words.contains(&&**word),
            Self::Prefix(beginning) => words.iter().any(|word| word.starts_with(&**beginning)),
            Self::Phrase(phrase) => {
                let phrase: Vec<&str> = phrase.iter().map(|word| &**word).collect();
                let is_phrase = |found: &[&str]| found == phrase;
                words.windows(phrase.len().max(1)).any(is_phrase)
            }
            Self::All(parts) => parts.iter().all(|one| one.matches(words)),
            Self::Any(parts) => parts.iter().any(|one| one.matches(words)),
            Self::Not(part) => !part.matches(words),
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
mod clinic_tests;
#[cfg(test)]
mod coded_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
