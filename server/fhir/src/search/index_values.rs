//! The index values of one resource: what the store keeps beside it, and what a plan is compared with.

use jiff::Timestamp;

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
    /// The resources of this server that it refers to by literal references, sorted, each once. Not stored: each is
    /// among the tokens under [`super::hash::ANY_REFERENCE`] as well.
    pub references: Vec<ResourceKey>,
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
        self.references.sort_unstable();
        self.references.dedup();
    }
}
