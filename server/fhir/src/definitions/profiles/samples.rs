//! Values that profiles give: equal to them, made after their pattern, within their bounds
//! (<https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.fixed_x_>).

use std::cmp::Ordering;
use std::str::FromStr;

use bigdecimal::BigDecimal;

use super::Sample;
use crate::json::{Kind, Value};
use crate::search::ucum;
use crate::time;

/// Whether a value is exactly the one given: the same members, in any order, and nothing more.
pub(crate) fn is_fixed(value: Value<'_>, fixed: Value<'_>) -> bool {
    match (value.kind(), fixed.kind()) {
        (Kind::Object, Kind::Object) => {
            value.members().count() == fixed.members().count()
                && fixed.members().all(|(name, fixed)| {
                    value.get(&name).is_some_and(|value| is_fixed(value, fixed))
                })
        }
        (Kind::Array, Kind::Array) => {
            let (mut values, mut all) = (value.items(), fixed.items());
            loop {
                match (values.next(), all.next()) {
                    (Some(value), Some(fixed)) if is_fixed(value, fixed) => {}
                    (value, fixed) => return value.is_none() && fixed.is_none(),
                }
            }
        }
        _ => is_same(value, fixed),
    }
}

/// Whether all that a pattern says is found in a value; lists may hold more.
pub(crate) fn has_pattern(value: Value<'_>, pattern: Value<'_>) -> bool {
    match (value.kind(), pattern.kind()) {
        (Kind::Object, Kind::Object) => pattern.members().all(|(name, pattern)| {
            value
                .get(&name)
                .is_some_and(|value| has_pattern(value, pattern))
        }),
        (Kind::Array, Kind::Array) => pattern
            .items()
            .all(|pattern| value.items().any(|value| has_pattern(value, pattern))),
        _ => is_same(value, pattern),
    }
}

/// Numbers by value, all else by text.
fn is_same(value: Value<'_>, other: Value<'_>) -> bool {
    match (value.kind(), other.kind()) {
        (Kind::Number, Kind::Number) => match (number(value), number(other)) {
            (Some(value), Some(other)) => value == other,
            _ => false,
        },
        (Kind::String, Kind::String) => value.string() == other.string(),
        (kind, other_kind) => kind == other_kind && value.raw() == other.raw(),
    }
}

pub(crate) fn number(value: Value<'_>) -> Option<BigDecimal> {
    BigDecimal::from_str(value.number()?).ok()
}

/// How a value stands to a bound; `None` where they cannot be compared.
pub(crate) fn compare(value: Value<'_>, bound: &Sample) -> Option<Ordering> {
    let other = bound.value()?;
    match (value.kind(), other.kind()) {
        (Kind::Number, Kind::Number) => Some(number(value)?.cmp(&number(other)?)),
        (Kind::String, Kind::String) => {
            let (value, other) = (value.string()?, other.string()?);
            match &*bound.type_name {
                "time" => time::parse_time(&value)
                    .ok()?
                    .compare(&time::parse_time(&other).ok()?),
                "date" | "dateTime" | "instant" => time::parse_partial(&value)
                    .ok()?
                    .compare(&time::parse_partial(&other).ok()?),
                _ => None,
            }
        }
        (Kind::Object, Kind::Object) => quantities(value, other),
        _ => None,
    }
}

/// Quantities with the same unit, or with units of UCUM that measure the same.
pub(crate) fn quantities(a: Value<'_>, b: Value<'_>) -> Option<Ordering> {
    fn text<'v>(value: Value<'v>, name: &str) -> Option<std::borrow::Cow<'v, str>> {
        value.get(name).and_then(Value::string)
    }
    let value = |value: Value<'_>| number(value.get("value")?);
    let (first, second) = (value(a)?, value(b)?);
    let (code, other) = (text(a, "code")?, text(b, "code")?);
    let (system, other_system) = (text(a, "system")?, text(b, "system")?);
    if system != other_system {
        return None;
    }
    if code == other {
        return Some(first.cmp(&second));
    }
    if system != ucum::SYSTEM {
        return None;
    }
    let (first, unit) = ucum::canonical(&first, &code)?;
    let (second, other) = ucum::canonical(&second, &other)?;
    (unit == other).then(|| first.cmp(&second))
}
