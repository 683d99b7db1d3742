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

/// Reads a number searched for: `100` means 99.5 up to 100.5, `100.00` means 99.995 up to 100.005, `1e2` 95 up to 105 (the
/// specification's own example, which gives a single digit with an exponent the precision of two).
pub fn sought(text: &str) -> Option<Sought> {
    let exact = read(text)?;
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let decimals = digits
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let exponent: i64 = exponent.parse().ok()?;
    let last = exponent - i64::try_from(decimals).ok()?;
    let last = match digits.trim_start_matches('-').len() == 1 && digits.len() < text.len() {
        true => last - 1,
        false => last,
    };
    // Half of the last place written: five at the place after it.
    let half = BigDecimal::from_str(&format!("5e{}", last - 1)).ok()?;
    Some(Sought {
        from: &exact - &half,
        until: &exact + &half,
        exact,
    })
}

/// Whether a value passes a prefix, by the words of [`super::moment::passes`] for ranges of numbers. Where the sides of
/// two ranges touch, the words do not say whether they intersect.
pub fn passes(prefix: &str, sought: &Sought, value: &Range) -> Option<bool> {
    let (lower, upper) = (value.lower.as_ref(), value.upper.as_ref());
    let exact = &sought.exact;
    let contains = lower.is_some_and(|one| sought.from <= *one)
        && upper.is_some_and(|one| *one < sought.until);
    let above = upper.is_none_or(|one| one > exact);
    let below = lower.is_none_or(|one| one < exact);
    let is_point = lower == upper;
    let or_equal = |beyond: bool, side: Option<&BigDecimal>| match side {
        _ if beyond => Some(true),
        Some(one) if one == exact => is_point.then_some(true),
        _ => Some(false),
    };
    match prefix {
        "eq" => Some(contains),
        "ne" => Some(!contains),
        "gt" => Some(above),
        "lt" => Some(below),
        "ge" => or_equal(above, upper),
        "le" => or_equal(below, lower),
        "sa" => Some(lower.is_some_and(|one| one > exact)),
        "eb" => Some(upper.is_some_and(|one| one < exact)),
        // A tenth is what is recommended; a server may add what the number's own precision allows.
        "ap" => {
            let tenth = exact.abs() / BigDecimal::from(10);
            let (from, until) = (exact - &tenth, exact + &tenth);
            let inside =
                lower.is_none_or(|one| *one < until) && upper.is_none_or(|one| from < *one);
            let (from, until) = (
                from.min(sought.from.clone()),
                until.max(sought.until.clone()),
            );
            let outside =
                lower.is_some_and(|one| until < *one) || upper.is_some_and(|one| *one < from);
            match (inside, outside) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            }
        }
        _ => None,
    }
}
