//! Numbers and the precision they imply (<https://hl7.org/fhir/R4/search.html#number>), exact.

use std::str::FromStr;

use bigdecimal::BigDecimal;

/// `lower ..= upper`; an open side is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The least value.
    pub lower: Option<BigDecimal>,
    /// The greatest.
    pub upper: Option<BigDecimal>,
}

/// A number searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// As it was written.
    pub exact: BigDecimal,
    /// The least number that is equal to it at its precision.
    pub from: BigDecimal,
    /// The least number that is too great to be equal.
    pub until: BigDecimal,
}

/// Reads a number.
pub fn read(text: &str) -> Option<BigDecimal> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    plain.then(|| BigDecimal::from_str(text).ok())?
}

/// Reads a number searched for: `100` means 99.5 up to 100.5, `100.00` means 99.995 up to 100.005, `1e2` 50 up to 150.
pub fn sought(text: &str) -> Option<Sought> {
    let exact = read(text)?;
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let decimals = digits
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let exponent: i64 = exponent.parse().ok()?;
    let last = exponent - i64::try_from(decimals).ok()?;
    // Half of the last place written: five at the place after it.
    let half = BigDecimal::from_str(&format!("5e{}", last - 1)).ok()?;
    Some(Sought {
        from: &exact - &half,
        until: &exact + &half,
        exact,
    })
}

/// Whether a value passes a prefix, by the words of [`super::moment::passes`] for ranges of numbers.
pub fn passes(prefix: &str, sought: &Sought, value: &Range) -> bool {
    let (lower, upper) = (value.lower.as_ref(), value.upper.as_ref());
    let contains = lower.is_some_and(|one| sought.from <= *one)
        && upper.is_some_and(|one| *one < sought.until);
    let above = upper.is_none_or(|one| *one > sought.exact);
    let below = lower.is_none_or(|one| *one < sought.exact);
    let is_exact = lower == Some(&sought.exact) && upper == Some(&sought.exact);
    match prefix {
        "eq" => contains,
        "ne" => !contains,
        "gt" => above,
        "lt" => below,
        "ge" => above || is_exact,
        "le" => below || is_exact,
        "sa" => lower.is_some_and(|one| *one > sought.exact),
        "eb" => upper.is_some_and(|one| *one < sought.exact),
        "ap" => {
            let tenth = sought.exact.abs() / BigDecimal::from(10);
            let (from, until) = (&sought.exact - &tenth, &sought.exact + &tenth);
            lower.is_none_or(|one| *one <= until) && upper.is_none_or(|one| *one >= from)
        }
        _ => false,
    }
}
