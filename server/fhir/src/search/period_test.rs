//! Comparing dates as ranges (<https://hl7.org/fhir/R4/search.html#prefix>).

use jiff::Timestamp;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prefix {
    /// Equal: the search range contains the value's.
    Eq,
    /// Not equal.
    Ne,
    /// Greater: the range above the search value overlaps the value's.
    Gt,
    /// Less: the range below the search value overlaps the value's.
    Lt,
    /// Greater or equal.
    Ge,
    /// Less or equal.
    Le,
    /// Starts after: the range above the search value contains the value's.
    Sa,
    /// Ends before: the range below the search value contains the value's.
    Eb,
    /// Approximately: the search range, already widened, overlaps the value's.
    Ap,
}

impl Prefix {
    const ALL: [Self; 9] = [
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Lt,
        Self::Ge,
        Self::Le,
        Self::Sa,
        Self::Eb,
        Self::Ap,
    ];

    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Ge => "ge",
            Self::Le => "le",
            Self::Sa => "sa",
            Self::Eb => "eb",
            Self::Ap => "ap",
        }
    }

    /// Takes the prefix off a raw value; without one it is `eq`.
    pub fn split(raw: &str) -> (Self, &str) {
        let named = |prefix: Self| raw.strip_prefix(prefix.code()).map(|rest| (prefix, rest));
        Self::ALL
            .into_iter()
            .find_map(named)
            .unwrap_or((Self::Eq, raw))
    }
}

/// One comparison with the search range `[lower, upper)`.
///
/// With a value `[l, u)` it says, in terms that an index answers:
///
/// | prefix | holds when |
/// | --- | --- |
/// | eq | `lower <= l and u <= upper` |
/// | ne | not eq |
/// | gt | `u > upper` |
/// | lt | `l < lower` |
/// | ge | gt or eq |
/// | le | lt or eq |
/// | sa | `l >= upper` |
/// | eb | `u <= lower` |
/// | ap | `l < upper and u > lower` |
///
/// With a single moment `t` (see [`PeriodTest::matches_instant`]) the same follow from `l = t`, `u` just after `t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeriodTest {
    /// How.
    pub prefix: Prefix,
    /// The first moment of the search range.
    pub lower: Timestamp,
    /// The first moment after it.
    pub upper: Timestamp,
}

impl PeriodTest {
    /// Whether a value `[lower, upper)` passes.
    pub fn matches_period(&self, lower: Timestamp, upper: Timestamp) -> bool {
        let within = self.lower <= lower && upper <= self.upper;
        match self.prefix {
            Prefix::Eq => within,
            Prefix::Ne => !within,
            Prefix::Gt => upper > self.upper,
            Prefix::Lt => lower < self.lower,
            Prefix::Ge => upper > self.upper || within,
            Prefix::Le => lower < self.lower || within,
            Prefix::Sa => lower >= self.upper,
            Prefix::Eb => upper <= self.lower,
            Prefix::Ap => lower < self.upper && upper > self.lower,
        }
    }

    /// Whether a moment passes; for `_lastUpdated`.
    pub fn matches_instant(&self, moment: Timestamp) -> bool {
        let within = self.lower <= moment && moment < self.upper;
        match self.prefix {
            Prefix::Eq | Prefix::Ap => within,
            Prefix::Ne => !within,
            Prefix::Gt | Prefix::Sa => moment >= self.upper,
            Prefix::Lt | Prefix::Eb => moment < self.lower,
            Prefix::Ge => moment >= self.lower,
            Prefix::Le => moment < self.upper,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i8) -> Timestamp {
        format!("2020-01-{number:02}T00:00:00Z").parse().unwrap()
    }

    /// The letters of the prefixes that hold for the search range 10..20 and a value.
    fn holding(matches: impl Fn(&PeriodTest) -> bool) -> String {
        ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
            .into_iter()
            .filter(|prefix| {
                matches(&PeriodTest {
                    prefix: Prefix::split(prefix).0,
                    lower: day(10),
                    upper: day(20),
                })
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn each_prefix_compares_ranges_as_the_specification_says() {
        let check = |lower, upper, expected: &str| {
            let actual = holding(|test| test.matches_period(day(lower), day(upper)));
            assert_eq!(actual, expected, "{lower}..{upper}");
        };
        check(12, 15, "eq ge le ap");
        check(10, 20, "eq ge le ap");
        check(5, 15, "ne lt le ap");
        check(15, 25, "ne gt ge ap");
        check(5, 25, "ne gt lt ge le ap");
        check(1, 10, "ne lt le eb");
        check(20, 25, "ne gt ge sa");
        let open = holding(|test| test.matches_period(Timestamp::MIN, day(15)));
        assert_eq!(open, "ne lt le ap");
        let open = holding(|test| test.matches_period(day(15), Timestamp::MAX));
        assert_eq!(open, "ne gt ge ap");
    }

    #[test]
    fn each_prefix_compares_moments() {
        let check = |moment, expected: &str| {
            let actual = holding(|test| test.matches_instant(day(moment)));
            assert_eq!(actual, expected, "{moment}");
        };
        check(9, "ne lt le eb");
        check(10, "eq ge le ap");
        check(19, "eq ge le ap");
        check(20, "ne gt ge sa");
    }

    #[test]
    fn a_prefix_is_two_letters_or_none() {
        let check = |raw: &str, expected: (Prefix, &str)| assert_eq!(Prefix::split(raw), expected);
        check("ge2020", (Prefix::Ge, "2020"));
        check("2020", (Prefix::Eq, "2020"));
        check("eq2020", (Prefix::Eq, "2020"));
        check("x", (Prefix::Eq, "x"));
        check("é2020", (Prefix::Eq, "é2020"));
    }
}
