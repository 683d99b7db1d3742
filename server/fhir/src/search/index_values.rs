//! The index values of one resource: what the store keeps beside it, and what a plan is compared with.

use bigdecimal::BigDecimal;
use jiff::{SignedDuration, Timestamp};

use crate::ids::ResourceKey;

/// Everything a resource can be found by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexValues {
    /// Index elements, sorted, each once (see [`super::hash`]).
    pub tokens: Vec<i64>,
    /// Folded strings, sorted, each once.
    pub strings: Vec<StringValue>,
    /// Periods, sorted, each once.
    pub dates: Vec<DateValue>,
    /// Numbers and quantities, sorted, each once.
    pub numbers: Vec<NumberValue>,
    /// Positions on the earth, sorted, each once.
    pub positions: Vec<PositionValue>,
    /// The words of the narrative, folded, in their order, with one blank between two; empty where there is none.
    pub narrative: Box<str>,
    /// All words, likewise.
    pub content: Box<str>,
    /// The resources of this server that it refers to by literal references, sorted, each once. Not stored: each is
    /// among the tokens under [`super::hash::ANY_REFERENCE`] as well.
    pub references: Vec<ResourceKey>,
    /// The parameters whose values the resource does not give, though it is stored. Not stored.
    pub unindexed: Vec<Unindexed>,
}

/// A parameter that has no values in a resource because they could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unindexed {
    /// The code.
    pub parameter: Box<str>,
    /// Why, without anything of the resource.
    pub reason: Box<str>,
}

/// A string of one parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StringValue {
    /// The parameter's seed.
    pub parameter: i64,
    /// The whole text, folded (see [`super::fold`]); never cut, an ordered index keeps
    /// [`INDEX_PREFIX_CHARACTERS`] of it. The exact text is among the tokens.
    pub folded: Box<str>,
}

/// A point or span of time of one parameter: `[lower, upper)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateValue {
    /// The parameter's seed.
    pub parameter: i64,
    /// The first moment; `Timestamp::MIN` for a period without start.
    pub lower: Timestamp,
    /// The first moment after; `Timestamp::MAX` for a period without end.
    pub upper: Timestamp,
}

/// A number, or a quantity in one of its units: `lower ..= upper`, a point unless it is a range.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberValue {
    /// The parameter's seed; for a quantity in canonical UCUM units, [`super::hash::canonical_seed`] of it and the unit;
    /// for a composite, the seed of the group and the value's other half.
    pub parameter: i64,
    /// The least value; for a range without one, the negative of [`super::numbers::open_end`].
    pub lower: BigDecimal,
    /// The greatest value; for a range without one, [`super::numbers::open_end`].
    pub upper: BigDecimal,
    /// Hashes of the unit, in each form it can be asked for; sorted. Empty for numbers and canonical quantities.
    pub units: Vec<i64>,
}

/// A position of one parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PositionValue {
    /// The parameter's seed.
    pub parameter: i64,
    /// Degrees.
    pub latitude: BigDecimal,
    /// Degrees.
    pub longitude: BigDecimal,
}

/// How much of a folded string an ordered index keeps (see [`super::fold::index_prefix`]).
///
/// A prefix that is longer must be compared with the whole text as well.
pub const INDEX_PREFIX_CHARACTERS: usize = 128;

impl IndexValues {
    /// Sorts and takes doubles out, so that equal resources have equal values.
    pub fn normalise(&mut self) {
        self.tokens.sort_unstable();
        self.tokens.dedup();
        self.strings.sort_unstable();
        self.strings.dedup();
        self.dates.sort_unstable();
        self.dates.dedup();
        self.numbers.sort_unstable();
        self.numbers.dedup();
        self.positions.sort_unstable();
        self.positions.dedup();
        self.references.sort_unstable();
        self.references.dedup();
    }
}

impl DateValue {
    /// Longer than a day. Short periods are found by where they begin alone; the few long ones have an index of their own
    /// for where they end.
    pub fn is_long(&self) -> bool {
        self.lower.duration_until(self.upper) > SignedDuration::from_hours(24)
    }
}
