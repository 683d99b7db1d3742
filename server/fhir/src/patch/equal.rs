//! When two JSON values are equal (RFC 6902 §4.6): members in any order, numbers by value and without floats.

use std::collections::HashMap;

use crate::json::{Kind, Value};

pub(super) fn equal(a: Value<'_>, b: Value<'_>) -> bool {
    match (a.kind(), b.kind()) {
        (Kind::Object, Kind::Object) => {
            let theirs: HashMap<_, _> = b.members().collect();
            a.members().count() == theirs.len()
                && a.members().all(|(name, value)| {
                    theirs.get(&name).is_some_and(|other| equal(value, *other))
                })
        }
        (Kind::Array, Kind::Array) => {
            let (mut a, mut b) = (a.items(), b.items());
            loop {
                match (a.next(), b.next()) {
                    (Some(a), Some(b)) if equal(a, b) => {}
                    (a, b) => return a.is_none() && b.is_none(),
                }
            }
        }
        (Kind::Number, Kind::Number) => canonical(a.raw()) == canonical(b.raw()),
        (Kind::String, Kind::String) => a.string() == b.string(),
        (a_kind, b_kind) => a_kind == b_kind && a.raw() == b.raw(),
    }
}

/// Sign, digits without zeros at either end, and the power of ten of the last one. Zero has no digits.
fn canonical(number: &str) -> (bool, String, i64) {
    let is_negative = number.starts_with('-');
    let number = number.trim_start_matches('-');
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('0').is_empty() {
        return (false, String::new(), 0);
    }
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let zeros = length(&digits) - length(significant);
    // The scanner lets through three digits at most.
    let exponent = exponent.parse::<i64>().unwrap_or(i64::MAX / 2);
    let last = exponent - length(fraction) + zeros;
    (
        is_negative,
        significant.trim_start_matches('0').to_owned(),
        last,
    )
}
