//! Rates, percentiles, medians and ratios, in whole numbers: nanoseconds, requests per second, permille.

use std::fmt;

/// Requests per second.
pub(crate) fn rate(count: u64, nanos: u64) -> u64 {
    let rate = u128::from(count) * 1_000_000_000 / u128::from(nanos.max(1));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// The value below which that many permille of sorted values lie.
pub(crate) fn percentile(sorted: &[u64], permille: usize) -> u64 {
    let place = (sorted.len() * permille).div_ceil(1000).max(1) - 1;
    sorted.get(place).copied().unwrap_or(0)
}

/// The middle one; of two middle ones the lower.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    percentile(&values, 500)
}

/// One number as a share of another, printed with two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ratio {
    permille: u64,
}

impl Ratio {
    /// That many thousandths.
    pub(crate) const fn permille(permille: u64) -> Self {
        Self { permille }
    }

    /// `part / whole`; nothing of nothing is 0.
    pub(crate) fn of(part: u64, whole: u64) -> Self {
        let permille = u128::from(part) * 1000 / u128::from(whole.max(1));
        Self {
            permille: u64::try_from(permille).unwrap_or(u64::MAX),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.permille + 5) / 10;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

/// Nanoseconds, printed as milliseconds with two decimals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Millis(pub(crate) u64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0 + 5_000) / 10_000;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_what_they_say() {
        assert_eq!(rate(3_000, 1_500_000_000), 2_000);
        let sorted: Vec<u64> = (1..=100).collect();
        assert_eq!(percentile(&sorted, 500), 50);
        assert_eq!(percentile(&sorted, 990), 99);
        assert_eq!(percentile(&sorted, 1000), 100);
        assert_eq!(percentile(&[], 500), 0);
        assert_eq!(median(vec![9, 1, 5]), 5);
        assert_eq!(median(vec![4, 1, 3, 2]), 2);
        assert_eq!(Ratio::of(7, 8).to_string(), "0.88");
        assert_eq!(Ratio::of(1_300, 1_000).to_string(), "1.30");
        assert!(Ratio::of(699, 1000) < Ratio::permille(700));
        assert_eq!(Millis(1_234_567).to_string(), "1.23");
    }
}
