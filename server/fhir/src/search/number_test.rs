//! Comparing numbers by their implicit precision (<https://hl7.org/fhir/R4/search.html#number>).

use bigdecimal::BigDecimal;

use super::index_values::NumberValue;
use super::period_test::Prefix;
use super::plan::NumberTest;

/// Longest number that is read: far more than any measurement, far less than costs anything.
const LENGTH_MAX: usize = 64;

/// Greatest power of ten, up or down.
const EXPONENT_MAX: i64 = 99;

/// A number of a search, with the range that its digits stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchNumber {
    /// As written.
    pub exact: BigDecimal,
    /// The least number that rounds to it.
    pub lower: BigDecimal,
    /// The least number that rounds to the next.
    pub upper: BigDecimal,
}

impl SearchNumber {
    /// Reads a decimal as FHIR writes it; its last digit says how precise it is: `100` is `[99.5, 100.5)`, `100.00`
    /// is `[99.995, 100.005)`. A single digit with an exponent counts for two: R4 itself reads `1e2` as `[95, 105)`.
    pub fn parse(text: &str) -> Option<Self> {
        if !is_decimal(text) {
            return None;
        }
        let exact: BigDecimal = text.parse().ok()?;
        let (_, scale) = exact.as_bigint_and_exponent();
        if scale.checked_abs()? > EXPONENT_MAX {
            return None;
        }
        // Half of what one more in the last digit is.
        let slack = BigDecimal::new(
            5.into(),
            scale + 1 + i64::from(is_one_digit_with_exponent(text)),
        );
        Some(Self {
            lower: (&exact - &slack).normalized(),
            upper: (&exact + &slack).normalized(),
            exact: exact.normalized(),
        })
    }

    /// Widened to a tenth of the number at both sides, as R4 recommends for `ap`; never narrower than its precision.
    #[must_use]
    pub fn approximate(self) -> Self {
        let slack = self.exact.abs() * BigDecimal::new(1.into(), 1);
        Self {
            lower: self.lower.min(&self.exact - &slack).normalized(),
            upper: self.upper.max(&self.exact + &slack).normalized(),
            exact: self.exact,
        }
    }
}

fn is_one_digit_with_exponent(text: &str) -> bool {
    let mantissa = text.split_once(['e', 'E']).map(|(mantissa, _)| mantissa);
    mantissa.is_some_and(|one| one.trim_start_matches('-').len() == 1)
}

/// Whether a text is written as a decimal, and longer or further from one than numbers here may be.
pub(super) fn is_beyond(text: &str) -> bool {
    exponent_of(text).is_some() && SearchNumber::parse(text).is_none()
}

/// What `is_beyond` is told with.
pub(super) fn range() -> String {
    format!(
        "a number has at most {LENGTH_MAX} characters, and powers of ten from -{EXPONENT_MAX} to {EXPONENT_MAX}"
    )
}

fn is_decimal(text: &str) -> bool {
    text.len() <= LENGTH_MAX && exponent_of(text).is_some_and(|exponent| exponent.len() < 4)
}

/// The digits of the exponent, which may be none; nothing where the text is no decimal.
fn exponent_of(text: &str) -> Option<&str> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let number = number.strip_prefix('-').unwrap_or(number);
    let is_number = match number.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(number),
    };
    let unsigned = exponent.map(|one| one.strip_prefix(['-', '+']).unwrap_or(one));
    let is_exponent = unsigned.is_none_or(digits);
    (is_number && is_exponent).then(|| unsigned.unwrap_or_default())
}

impl NumberTest {
    /// Whether an indexed number or quantity is of the parameters and the unit, and passes.
    pub fn matches(&self, value: &NumberValue) -> bool {
        self.parameters.contains(&value.parameter)
            && self.unit.is_none_or(|unit| value.units.contains(&unit))
            && match &self.second {
                Some(second) => {
                    self.matches_range(&value.lower, &value.lower)
                        && second.matches_range(&value.upper, &value.upper)
                }
                None => self.matches_range(&value.lower, &value.upper),
            }
    }

    /// Whether the closed range `l ..= u` passes; `x` is [`NumberTest::exact`].
    ///
    /// | prefix | holds when |
    /// | --- | --- |
    /// | eq | `lower <= l and u < upper` |
    /// | ne | not eq |
    /// | gt | `u > x` |
    /// | lt | `l < x` |
    /// | ge | `u >= x` |
    /// | le | `l <= x` |
    /// | sa | `l > x` |
    /// | eb | `u < x` |
    /// | ap | `l < upper and u >= lower` |
    pub fn matches_range(&self, l: &BigDecimal, u: &BigDecimal) -> bool {
        let within = self.lower <= *l && *u < self.upper;
        let x = &self.exact;
        match self.prefix {
            Prefix::Eq => within,
            Prefix::Ne => !within,
            Prefix::Gt => u > x,
            Prefix::Lt => l < x,
            Prefix::Ge => u >= x,
            Prefix::Le => l <= x,
            Prefix::Sa => l > x,
            Prefix::Eb => u < x,
            Prefix::Ap => *l < self.upper && *u >= self.lower,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_says_how_precise_a_number_is() {
        let shown = |number: SearchNumber| {
            let bounds = [&number.lower, &number.exact, &number.upper];
            bounds.map(BigDecimal::to_plain_string).join(" ")
        };
        let check = |text: &str, expected: Option<&str>| {
            let number = SearchNumber::parse(text).map(shown);
            assert_eq!(number.as_deref(), expected, "{text}");
        };
        check("100", Some("99.5 100 100.5"));
        check("100.00", Some("99.995 100 100.005"));
        check("1e2", Some("95 100 105"));
        check("5e-3", Some("0.00495 0.005 0.00505"));
        check("1.0e2", Some("95 100 105"));
        check("1.00E+2", Some("99.5 100 100.5"));
        check("-5.4", Some("-5.45 -5.4 -5.35"));
        check("5.40e-3", Some("0.005395 0.0054 0.005405"));
        check("0", Some("-0.5 0 0.5"));
        check("007", Some("6.5 7 7.5"));
        for wrong in [
            "", "-", ".5", "5.", "+5", "1e", "1e2.5", "x", "1 ", "0x1", "1e100", "1e-99.", "1_0",
            "NaN", "inf", "1e999", "1e1000",
        ] {
            check(wrong, None);
        }
        check(
            &"1".repeat(64),
            Some(&format!("{0}0.5 {0}1 {0}1.5", "1".repeat(63))),
        );
        check(&"1".repeat(65), None);
        let near = |text: &str| SearchNumber::parse(text).map(|one| shown(one.approximate()));
        assert_eq!(near("100").as_deref(), Some("90 100 110"));
        assert_eq!(near("-100").as_deref(), Some("-110 -100 -90"));
        assert_eq!(near("0.0").as_deref(), Some("-0.05 0 0.05"));
        assert_eq!(near("1e2").as_deref(), Some("90 100 110"));
    }

    #[test]
    fn each_prefix_compares_ranges_as_the_specification_says() {
        let decimal = |text: &str| text.parse::<BigDecimal>().unwrap();
        let holding = |lower: &str, upper: &str| {
            let prefixes = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];
            let holds = |code: &&str| {
                let number = SearchNumber::parse("100").unwrap();
                let prefix = Prefix::split(code).0;
                let number = if prefix == Prefix::Ap {
                    number.approximate()
                } else {
                    number
                };
                let test = NumberTest {
                    parameters: vec![1],
                    unit: None,
                    prefix,
                    exact: number.exact,
                    lower: number.lower,
                    upper: number.upper,
                    second: None,
                    beside: Vec::new(),
                };
                test.matches_range(&decimal(lower), &decimal(upper))
            };
            prefixes
                .into_iter()
                .filter(holds)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let check = |lower: &str, upper: &str, expected: &str| {
            assert_eq!(holding(lower, upper), expected, "{lower}..{upper}");
        };
        check("100", "100", "eq ge le ap");
        check("99.5", "99.5", "eq lt le eb ap");
        check("100.4", "100.4", "eq gt ge sa ap");
        check("100.5", "100.5", "ne gt ge sa ap");
        check("90", "90", "ne lt le eb ap");
        check("110", "110", "ne gt ge sa");
        check("50", "60", "ne lt le eb");
        check("95", "105", "ne gt lt ge le ap");
        check("100", "120", "ne gt ge le ap");
        check("80", "100", "ne lt ge le ap");
    }

    #[test]
    fn a_unit_and_a_parameter_select_the_values_compared() {
        let number = SearchNumber::parse("5").unwrap();
        let test = |unit| NumberTest {
            parameters: vec![7],
            unit,
            prefix: Prefix::Eq,
            exact: number.exact.clone(),
            lower: number.lower.clone(),
            upper: number.upper.clone(),
            second: None,
            beside: Vec::new(),
        };
        let value = |parameter, units: &[i64]| NumberValue {
            parameter,
            lower: 5.into(),
            upper: 5.into(),
            units: units.to_vec(),
        };
        assert!(test(None).matches(&value(7, &[])));
        assert!(!test(None).matches(&value(8, &[])));
        assert!(test(Some(2)).matches(&value(7, &[1, 2])));
        assert!(!test(Some(3)).matches(&value(7, &[1, 2])));
    }
}
