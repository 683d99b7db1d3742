//! A search with every name resolved and every value typed: what the store compiles to SQL.

use std::fmt::Write as _;

use super::period_test::PeriodTest;
use crate::ids::{ResourceId, ResourceType};
use crate::outcome::Issue;

/// A search that can be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The types searched, sorted; empty is all of them.
    pub resource_types: Vec<ResourceType>,
    /// All must hold.
    pub clauses: Vec<Clause>,
    /// The order asked for, the first key first; empty is the server's own.
    pub sort: Vec<Sort>,
    /// `_count`
    pub count: Option<u32>,
    /// `_total`
    pub total: Total,
    /// `_summary`
    pub summary: Summary,
    /// `_elements`; empty is all.
    pub elements: Vec<Box<str>>,
    /// Name and value of each parameter that was understood, decoded, in the order of the query: for the self link.
    pub understood: Vec<(String, String)>,
    /// What a lenient search left out.
    pub warnings: Vec<Issue>,
}

/// One condition on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clause {
    /// The resource has one of these elements; sorted, each once, never empty.
    AnyToken(Vec<i64>),
    /// The resource has none of these elements; sorted, each once, never empty.
    NoToken(Vec<i64>),
    /// The logical id is one of these; sorted, never empty.
    Ids(Vec<ResourceId>),
    /// The logical id is none of these; sorted, never empty.
    NotIds(Vec<ResourceId>),
    /// `meta.lastUpdated` passes one of the tests ([`PeriodTest::matches_instant`]).
    LastUpdated(Vec<PeriodTest>),
    /// A string of one of the parameters passes one of the tests. (Several parameters: one code in several types.)
    String {
        /// Seeds, sorted.
        parameters: Vec<i64>,
        /// Sorted, never empty.
        tests: Vec<StringTest>,
    },
    /// A period of one of the parameters passes one of the tests ([`PeriodTest::matches_period`]).
    Date {
        /// Seeds, sorted.
        parameters: Vec<i64>,
        /// Sorted, never empty.
        tests: Vec<PeriodTest>,
    },
    /// No resource can match.
    Nothing,
}

/// A comparison with a folded string; the text is folded and not empty. (`:exact` is a token.)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StringTest {
    /// The value begins with it; see [`super::fold::prefix_end`] and
    /// [`INDEX_PREFIX_CHARACTERS`](super::index_values::INDEX_PREFIX_CHARACTERS).
    StartsWith(Box<str>),
    /// The value has it anywhere.
    Contains(Box<str>),
}

/// One key of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// What is compared.
    pub key: SortKey,
    /// Greatest first.
    pub descending: bool,
}

/// What results can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// `_id`
    Id,
    /// `_lastUpdated`
    LastUpdated,
}

/// Whether and how exactly matches are counted (<https://hl7.org/fhir/R4/search.html#total>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Total {
    /// Not asked for: a total is given only where it costs nothing.
    #[default]
    Unasked,
    /// `none`
    None,
    /// `estimate`
    Estimate,
    /// `accurate`
    Accurate,
}

/// How much of each resource is shown (<https://hl7.org/fhir/R4/search.html#summary>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Summary {
    /// All of it.
    #[default]
    False,
    /// The summary elements.
    True,
    /// Narrative, id, meta and mandatory elements.
    Text,
    /// All but the narrative.
    Data,
    /// Only how many there are.
    Count,
}

impl Plan {
    /// Whether the types, and so the plan, can match resources of a type.
    pub fn covers(&self, resource_type: ResourceType) -> bool {
        self.resource_types.is_empty() || self.resource_types.contains(&resource_type)
    }

    /// What is searched, as one text: equal for equal criteria, whatever their order, spelling, encoding or repetition.
    /// Conditional interactions lock on it.
    pub fn criteria_key(&self) -> String {
        let mut key = String::new();
        for resource_type in &self.resource_types {
            let _infallible = write!(key, "{resource_type},");
        }
        let mut clauses: Vec<&Clause> = self.clauses.iter().collect();
        clauses.sort_unstable();
        clauses.dedup();
        for clause in clauses {
            // Debug text quotes and escapes the strings inside: no clause can pass for two.
            let _infallible = write!(key, ";{clause:?}");
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts_with(text: &str) -> Clause {
        Clause::String {
            parameters: vec![1],
            tests: vec![StringTest::StartsWith(text.into())],
        }
    }

    fn key(types: &[&str], clauses: &[Clause]) -> String {
        let plan = Plan {
            resource_types: types
                .iter()
                .map(|name| ResourceType::parse(name).unwrap())
                .collect(),
            clauses: clauses.to_vec(),
            ..Plan::default()
        };
        plan.criteria_key()
    }

    #[test]
    fn equal_criteria_have_equal_keys_and_others_do_not() {
        let (a, b) = (Clause::AnyToken(vec![1, 2]), Clause::NoToken(vec![1, 2]));
        let same = key(&["Patient"], &[a.clone(), b.clone()]);
        assert_eq!(same, key(&["Patient"], &[b.clone(), a.clone(), b.clone()]));
        let others = [
            key(&["Group"], &[a.clone(), b.clone()]),
            key(&[], &[a.clone(), b.clone()]),
            key(&["Patient"], std::slice::from_ref(&a)),
            key(&["Patient"], &[a, Clause::NoToken(vec![1])]),
            key(&["Patient"], &[starts_with("a"), starts_with("b")]),
            key(&["Patient"], &[starts_with("a\";b")]),
        ];
        for (place, other) in others.iter().enumerate() {
            assert_ne!(*other, same);
            assert!(!others[..place].contains(other), "{other}");
        }
    }

    #[test]
    fn a_plan_covers_its_types() {
        let patient = ResourceType::parse("Patient").unwrap();
        let plan = Plan {
            resource_types: vec![ResourceType::parse("Group").unwrap()],
            ..Plan::default()
        };
        assert!(!plan.covers(patient));
        assert!(Plan::default().covers(patient));
    }
}
