//! From one type of value to another (<http://hl7.org/fhirpath/N1/#conversion>).

use rust_decimal::Decimal;

use super::{Function, values};
use crate::path::evaluation::{Answer, Evaluation};
use crate::path::item::decimal;
use crate::path::{Calendar, Collection, DateTime, EvaluationError, Item, Quantity, Time, Unit};

pub(super) const FUNCTIONS: &[Function] = &[
    values("toBoolean", (0, 0), |e, input, _, _| {
        converted(e, &input, "toBoolean", to_boolean)
    }),
    values("convertsToBoolean", (0, 0), |e, input, _, _| {
        converts(e, &input, "convertsToBoolean", to_boolean)
    }),
    values("toInteger", (0, 0), |e, input, _, _| {
        converted(e, &input, "toInteger", to_integer)
    }),
    values("convertsToInteger", (0, 0), |e, input, _, _| {
        converts(e, &input, "convertsToInteger", to_integer)
    }),
    values("toDecimal", (0, 0), |e, input, _, _| {
        converted(e, &input, "toDecimal", to_decimal)
    }),
    values("convertsToDecimal", (0, 0), |e, input, _, _| {
        converts(e, &input, "convertsToDecimal", to_decimal)
    }),
    values("toString", (0, 0), |e, input, _, _| {
        converted(e, &input, "toString", to_string)
    }),
    values("convertsToString", (0, 0), |e, input, _, _| {
        converts(e, &input, "convertsToString", to_string)
    }),
    values("toDate", (0, 0), |e, input, _, _| {
        converted(e, &input, "toDate", to_date)
    }),
    values("convertsToDate", (0, 0), |e, input, _, _| {
        converts(e, &input, "convertsToDate", to_date)
    }),
    values("toDateTime", (0, 0), |e, input, _, _| {
        converted(e, &input, "toDateTime", to_date_time)
    }),
    values("convertsToDateTime", (0, 0), |e, input, _, _| {
        converts(e, &input, "convertsToDateTime", to_date_time)
    }),
    values("toTime", (0, 0), |e, input, _, _| {
        converted(e, &input, "toTime", to_time)
    }),
    values("convertsToTime", (0, 0), |e, input, _, _| {
        converts(e, &input, "convertsToTime", to_time)
    }),
    values("toQuantity", (0, 1), |e, input, call, focus| {
        let unit = e.argument(call, 0, focus)?;
        let quantity = converted(e, &input, "toQuantity", to_quantity)?;
        in_unit(e, quantity, &unit, "toQuantity")
    }),
    values("convertsToQuantity", (0, 1), |e, input, call, focus| {
        let unit = e.argument(call, 0, focus)?;
        if input.is_empty() {
            return Ok(input);
        }
        let quantity = converted(e, &input, "convertsToQuantity", to_quantity)?;
        Ok((!in_unit(e, quantity, &unit, "convertsToQuantity")?.is_empty()).into())
    }),
];

type Convert = for<'a> fn(Item<'a>) -> Option<Item<'a>>;

fn converted<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    what: &'static str,
    convert: Convert,
) -> Answer<'a> {
    let Some(item) = evaluation.single(input, what)? else {
        return Ok(Collection::empty());
    };
    Ok(item
        .system(evaluation.environment.structures)
        .and_then(convert)
        .into())
}

fn converts<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    what: &'static str,
    convert: Convert,
) -> Answer<'a> {
    if input.is_empty() {
        return Ok(Collection::empty());
    }
    Ok((!converted(evaluation, input, what, convert)?.is_empty()).into())
}

fn to_boolean(item: Item<'_>) -> Option<Item<'_>> {
    let value = match item {
        Item::Boolean(value) => value,
        Item::Integer(1) => true,
        Item::Integer(0) => false,
        Item::Decimal(value) if value == Decimal::ONE => true,
        Item::Decimal(value) if value.is_zero() => false,
        Item::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "1.0" => true,
            "false" | "f" | "no" | "n" | "0" | "0.0" => false,
            _ => return None,
        },
        _ => return None,
    };
    Some(Item::Boolean(value))
}

fn to_integer(item: Item<'_>) -> Option<Item<'_>> {
    let value = match item {
        Item::Integer(value) => value,
        Item::Boolean(value) => i32::from(value),
        Item::String(text) => text.parse().ok()?,
        _ => return None,
    };
    Some(Item::Integer(value))
}

fn to_decimal(item: Item<'_>) -> Option<Item<'_>> {
    let value = match item {
        Item::Decimal(value) => value,
        Item::Integer(value) => Decimal::from(value),
        Item::Boolean(value) => Decimal::from(i32::from(value)),
        Item::String(text) => number(&text)?,
        _ => return None,
    };
    Some(Item::Decimal(value))
}

/// A sign, digits, and perhaps a point with more digits.
fn number(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    decimal(text.strip_prefix('+').unwrap_or(text))
}

fn to_string(item: Item<'_>) -> Option<Item<'_>> {
    let text = match item {
        Item::String(text) => return Some(Item::String(text)),
        Item::Boolean(value) => value.to_string(),
        Item::Integer(value) => value.to_string(),
        Item::Decimal(value) => value.to_string(),
        Item::Date(value) => value.to_string(),
        Item::DateTime(value) => value.to_string(),
        Item::Time(value) => value.to_string(),
        Item::Quantity(value) => value.to_string(),
        Item::Node(_) | Item::Elsewhere(_) | Item::Type(_) => return None,
    };
    Some(Item::String(text.into()))
}

fn to_date(item: Item<'_>) -> Option<Item<'_>> {
    match item {
        Item::Date(date) => Some(Item::Date(date)),
        Item::DateTime(date_time) => Some(Item::Date(date_time.date)),
        Item::String(text) => DateTime::parse(&text)
            .filter(|_| !text.ends_with('T'))
            .map(|date_time| Item::Date(date_time.date)),
        _ => None,
    }
}

fn to_date_time(item: Item<'_>) -> Option<Item<'_>> {
    match item {
        Item::DateTime(date_time) => Some(Item::DateTime(date_time)),
        Item::Date(date) => Some(Item::DateTime(DateTime::of_date(date))),
        Item::String(text) => DateTime::parse(&text).map(Item::DateTime),
        _ => None,
    }
}

fn to_time(item: Item<'_>) -> Option<Item<'_>> {
    match item {
        Item::Time(time) => Some(Item::Time(time)),
        Item::String(text) => {
            let text = text.strip_prefix('T').unwrap_or(&text);
            Time::parse(text).map(Item::Time)
        }
        _ => None,
    }
}

fn to_quantity(item: Item<'_>) -> Option<Item<'_>> {
    let one = |value| Quantity {
        value,
        unit: Unit::one(),
    };
    let quantity = match item {
        Item::Quantity(quantity) => quantity,
        Item::Integer(value) => one(Decimal::from(value)),
        Item::Decimal(value) => one(value),
        Item::Boolean(value) => one(Decimal::from(i32::from(value))),
        Item::String(text) => parse_quantity(&text)?,
        _ => return None,
    };
    Some(Item::Quantity(quantity))
}

/// `4`, `4 days` or `4 'mg'`; a UCUM code stands in quotes.
fn parse_quantity<'a>(text: &str) -> Option<Quantity<'a>> {
    let text = text.trim();
    let end = text
        .find(|next: char| !next.is_ascii_digit() && !matches!(next, '+' | '-' | '.'))
        .unwrap_or(text.len());
    let value = number(&text[..end])?;
    let rest = text[end..].trim_start();
    let unit = if rest.is_empty() {
        Unit::one()
    } else if let Some(code) = rest
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    {
        if code.is_empty() || code.contains('\'') {
            return None;
        }
        Unit::Ucum(code.to_owned().into())
    } else {
        Unit::Calendar(Calendar::of(rest)?)
    };
    Some(Quantity { value, unit })
}

/// The quantity in the unit asked for, where it can be converted to it.
fn in_unit<'a>(
    evaluation: &Evaluation<'_, 'a>,
    quantity: Collection<'a>,
    unit: &Collection<'a>,
    what: &'static str,
) -> Answer<'a> {
    let Some(code) = evaluation.string(unit, what)? else {
        return Ok(quantity);
    };
    let Some(Item::Quantity(quantity)) = quantity.first() else {
        return Ok(quantity);
    };
    let unit = Calendar::of(&code).map_or(Unit::Ucum(code), Unit::Calendar);
    let one = Quantity {
        value: Decimal::ONE,
        unit,
    };
    if evaluation.environment.hooks.canonical.is_none()
        && quantity.unit != one.unit
        && (quantity.unit.duration().is_none() || one.unit.duration().is_none())
    {
        return Err(EvaluationError::NotSupported("converting units"));
    }
    let aligned = quantity.aligned(&one, &evaluation.environment.hooks);
    Ok(aligned
        .and_then(|(value, each)| value.checked_div(each))
        .map(|value| {
            Item::Quantity(Quantity {
                value,
                unit: one.unit,
            })
        })
        .into())
}
