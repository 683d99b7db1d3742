//! A search with every name resolved and every value typed: what the store compiles to SQL.

use std::fmt::Write as _;

use bigdecimal::BigDecimal;

use super::period_test::{PeriodTest, Prefix};
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
    /// `_include` and `_revinclude`, in the order of the query.
    pub includes: Vec<Include>,
    /// `_contained`
    pub contained: Contained,
    /// `_containedType`
    pub contained_type: ContainedType,
    /// Name and value of each parameter that was understood, decoded, in the order of the query: for the self link.
    pub understood: Vec<(String, String)>,
    /// What a lenient search left out.
    pub warnings: Vec<Issue>,
    /// Of a search of one type: that type, and the seeds of references that place resources of it into compartments.
    pub placed_by: Option<(ResourceType, Vec<i64>)>,
}

/// What the resources at the other end of a reference must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Criteria {
    /// Their types, sorted, never empty.
    pub resource_types: Vec<ResourceType>,
    /// All must hold; empty is any resource of the types.
    pub clauses: Vec<Clause>,
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
    /// The resource is of one of these types; sorted, never empty. Only where a search of several types means something
    /// else for each.
    Types(Vec<ResourceType>),
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
        /// No resource has more than one period of these parameters: the tests of several clauses over the same
        /// parameters then speak of one period, and may be answered by one range.
        single: bool,
    },
    /// A number or quantity passes one of the tests; sorted, never empty.
    Number(Vec<NumberTest>),
    /// A position is near one of those asked for (`Location.near`).
    Near {
        /// Seeds, sorted.
        parameters: Vec<i64>,
        /// Sorted, never empty.
        tests: Vec<NearTest>,
    },
    /// `_text`, `_content`
    Text {
        /// Which words.
        part: TextPart,
        /// What they must be.
        query: TextQuery,
    },
    /// A chain: the resource refers by one of the seeds to a resource that meets the criteria.
    RefersTo {
        /// Seeds of the reference parameter, sorted, never empty.
        seeds: Vec<i64>,
        /// Met by the target.
        target: Criteria,
    },
    /// `_has`: a resource that meets the criteria refers to this one by one of the seeds.
    ReferredBy {
        /// Seeds of the reference parameter of the other resource, sorted, never empty.
        seeds: Vec<i64>,
        /// Met by the resource that refers.
        source: Criteria,
    },
    /// A chain along canonical references, and `_has` against them: an element of the resource differs by one of these from
    /// an element of a resource that meets the criteria ([`super::hash::canonical_way`]).
    Names {
        /// Sorted, never empty.
        ways: Vec<i64>,
        /// Met by the resource at the other end.
        other: Criteria,
    },
    /// All must hold; never empty.
    All(Vec<Clause>),
    /// One must hold; never empty.
    Any(Vec<Clause>),
    /// It must not hold.
    Not(Box<Clause>),
    /// No resource can match.
    Nothing,
}

/// A comparison with the range of a number or quantity, in the unit that the seeds imply.
///
/// With an indexed value `lower ..= upper` (a plain number is a point) it says what
/// [`PeriodTest`] says of periods, for closed ranges: `eq` and `ne` ask whether the value lies within the search range,
/// whose bounds come from the implicit precision of the search value; `ap` asks whether it overlaps a wider one; all
/// other prefixes compare with [`NumberTest::exact`]. The table is at [`NumberTest::matches_range`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberTest {
    /// Seeds of the rows that are compared, sorted, never empty.
    pub parameters: Vec<i64>,
    /// One of the row's units must be this ([`super::index_values::NumberValue::units`]); `None` is any.
    pub unit: Option<i64>,
    /// How.
    pub prefix: Prefix,
    /// The value as it was written.
    pub exact: BigDecimal,
    /// The least value that is equal by the implicit precision (or approximately, for `ap`). The exact value where the
    /// prefix takes no notice of either.
    pub lower: BigDecimal,
    /// The least value that is too great to be equal; likewise.
    pub upper: BigDecimal,
    /// The row is no range but two numbers of a composite: the test is about the first ([`NumberValue::lower`]), and
    /// this about the second ([`NumberValue::upper`]).
    ///
    /// [`NumberValue::lower`]: super::index_values::NumberValue::lower
    /// [`NumberValue::upper`]: super::index_values::NumberValue::upper
    pub second: Option<Box<NumberTest>>,
    /// The rows stand beside a code of the resource, which has one of these elements as well, as far as it can be told: how
    /// many rows there are of both is no matter of chance. Empty where they do not.
    pub beside: Vec<i64>,
}

/// Within a distance of a point on the earth.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NearTest {
    /// Degrees.
    pub latitude: BigDecimal,
    /// Degrees.
    pub longitude: BigDecimal,
    /// Metres.
    pub distance: BigDecimal,
}

/// Which words of a resource are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextPart {
    /// `_text`: those of the narrative.
    Narrative,
    /// `_content`: all.
    Content,
}

/// A condition on words; all are folded ([`super::fold`]) and made of letters and digits alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextQuery {
    /// The word occurs.
    Word(Box<str>),
    /// A word that begins so occurs.
    Prefix(Box<str>),
    /// The words occur one after the other.
    Phrase(Vec<Box<str>>),
    /// All hold; never empty.
    All(Vec<TextQuery>),
    /// One holds; never empty.
    Any(Vec<TextQuery>),
    /// It does not hold.
    Not(Box<TextQuery>),
}

/// Resources to add to the matches (<https://hl7.org/fhir/R4/search.html#revinclude>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// `_revinclude`: those that refer to the matches, not those that the matches refer to.
    pub reverse: bool,
    /// `:iterate`: also from what was included.
    pub iterate: bool,
    /// The type that holds the reference; `None` is any.
    pub source: Option<ResourceType>,
    /// The reference parameter; `None` is every one.
    pub parameter: Option<Box<str>>,
    /// Seeds of the parameters, for all source types; sorted, never empty.
    pub seeds: Vec<i64>,
    /// The types that the other end may have; empty is any.
    pub targets: Vec<ResourceType>,
    /// Whether the references are canonical: then the types of the other end are always named.
    pub is_canonical: bool,
}

/// Whether contained resources are searched (<https://hl7.org/fhir/R4/search.html#contained>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contained {
    /// They are not.
    #[default]
    False,
    /// Only they are.
    True,
    /// They are, too.
    Both,
}

/// What is shown of a contained resource that matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContainedType {
    /// The resource it is contained in.
    #[default]
    Container,
    /// Itself.
    Contained,
}

/// A comparison with a folded string; the text is folded and not empty. (`:exact` is a token.)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StringTest {
    /// The value begins with it; see [`super::fold::prefix_end`] and
    /// [`INDEX_PREFIX_CHARACTERS`](super::index_values::INDEX_PREFIX_CHARACTERS).
    StartsWith(Box<str>),
    /// The value has it anywhere.
    Contains(Box<str>),
    /// The value ends with it (`ew` of `_filter`).
    EndsWith(Box<str>),
    /// The whole value compares so with it, by code points (`_filter`).
    Compares(StringOrder, Box<str>),
}

/// How two texts compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StringOrder {
    /// The same.
    Equal,
    /// Not the same.
    NotEqual,
    /// After it.
    Greater,
    /// Before it.
    Less,
    /// After it, or the same.
    GreaterOrEqual,
    /// Before it, or the same.
    LessOrEqual,
}

/// One key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// What is compared.
    pub key: SortKey,
    /// Greatest first.
    pub descending: bool,
}

/// What results can be ordered by. A resource without a value comes last, in both directions; of several values the
/// least counts in ascending order, the greatest in descending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// `_id`
    Id,
    /// `_lastUpdated`
    LastUpdated,
    /// `_score`: how well the words of `_text` and `_content` fit and how near positions are, the best the greatest.
    Score,
    /// Folded strings of these seeds.
    String(Vec<i64>),
    /// The first moment of periods of these seeds.
    Date(Vec<i64>),
    /// Numbers and quantities, by their lower bound: rows of these seeds.
    Number(Vec<i64>),
    /// Texts in the content: SQL/JSON paths that begin with `$`; the code of a token, the text of a reference or uri.
    Text(Vec<Box<str>>),
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
