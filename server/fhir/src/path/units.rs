//! Canonical units for the hook that wants them, by the same library that search uses (<https://ucum.org/ucum>).

use std::str::FromStr;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use rust_decimal::Decimal;

use crate::search::ucum;

/// A value and its UCUM unit in canonical units, for [`Hooks::canonical`]; digits beyond the 28 of a decimal are rounded.
/// `None` where the code is no unit of UCUM, has no canonical form, or the value is too large for a decimal.
///
/// [`Hooks::canonical`]: super::Hooks::canonical
pub fn canonical_quantity(value: Decimal, unit: &str) -> Option<(Decimal, String)> {
    let exact = BigDecimal::new(BigInt::from(value.mantissa()), i64::from(value.scale()));
    let (canonical, name) = ucum::canonical(&exact, unit)?;
    let rounded = Decimal::from_str(&canonical.to_plain_string()).ok()?;
    // What is too small for a decimal is not nothing.
    if rounded.is_zero() && !value.is_zero() {
        return None;
    }
    Some((rounded.normalize(), name.into()))
}
