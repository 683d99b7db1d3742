//! Logic with three values, and arithmetic (<http://hl7.org/fhirpath/N1/#boolean-logic>, <http://hl7.org/fhirpath/N1/#math>).

use std::borrow::Cow;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::EvaluationError;
use super::collection::Collection;
use super::environment::Hooks;
use super::evaluation::{Answer, Evaluation};
use super::item::Item;
use super::quantity::{Quantity, Unit};
use super::tree::Operator;

/// Whether an operator answers true, false or nothing.
pub(super) fn is_predicate(operator: Operator) -> bool {
    !matches!(
        operator,
        Operator::Union
            | Operator::Add
            | Operator::Subtract
            | Operator::Concatenate
            | Operator::Multiply
            | Operator::Divide
            | Operator::Div
            | Operator::Mod
    )
}

/// `and`, `or`, `xor` and `implies` of values that may be unknown.
pub(super) fn logic(operator: Operator, left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match operator {
        Operator::And => match (left, right) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Operator::Or => match (left, right) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Operator::Implies => logic(Operator::Or, left.map(|left| !left), right),
        _ => Some(left? != right?),
    }
}

/// A sign before a number or quantity.
pub(super) fn polarity<'a>(
    items: Collection<'a>,
    negative: bool,
    evaluation: &Evaluation<'_, 'a>,
) -> Answer<'a> {
    let what = if negative { "-" } else { "+" };
    let Some(item) = evaluation.single(&items, what)? else {
        return Ok(items);
    };
    let value = item.system(evaluation.environment.structures);
    Ok(match value {
        Some(Item::Integer(value)) if negative => value.checked_neg().map(Item::Integer).into(),
        Some(Item::Decimal(value)) if negative => Item::Decimal(negated(value)).into(),
        Some(Item::Quantity(quantity)) if negative => Item::Quantity(Quantity {
            value: negated(quantity.value),
            unit: quantity.unit,
        })
        .into(),
        Some(value @ (Item::Integer(_) | Item::Decimal(_) | Item::Quantity(_))) => value.into(),
        _ => return Err(EvaluationError::Type(what)),
    })
}

/// Zero has no sign.
pub(super) fn negated(value: Decimal) -> Decimal {
    if value.is_zero() { value } else { -value }
}

fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Concatenate => "&",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Div => "div",
        _ => "mod",
    }
}

/// What `+ - & * / div mod` make of two single items; nothing on overflow and division by zero.
pub(super) fn arithmetic<'a>(
    operator: Operator,
    left: Collection<'a>,
    right: Collection<'a>,
    evaluation: &Evaluation<'_, 'a>,
) -> Answer<'a> {
    let what = symbol(operator);
    if operator == Operator::Concatenate {
        let left = evaluation.string(&left, what)?.unwrap_or_default();
        let right = evaluation.string(&right, what)?.unwrap_or_default();
        return evaluation.text(format!("{left}{right}"));
    }
    if left.is_empty() || right.is_empty() {
        return Ok(Collection::empty());
    }
    let structures = evaluation.environment.structures;
    let value = |items: &Collection<'a>| -> Result<Option<Item<'a>>, EvaluationError> {
        let Some(item) = evaluation.single(items, what)? else {
            return Ok(None);
        };
        Ok(item.system(structures))
    };
    let (Some(left), Some(right)) = (value(&left)?, value(&right)?) else {
        return Err(EvaluationError::Type(what));
    };
    match (left, right) {
        (Item::Integer(left), Item::Integer(right)) => Ok(integers(operator, left, right).into()),
        (Item::String(left), Item::String(right)) if operator == Operator::Add => {
            evaluation.text(format!("{left}{right}"))
        }
        (Item::Quantity(left), Item::Quantity(right)) => {
            quantities(operator, left, right, evaluation)
        }
        (Item::Quantity(left), right) if number(&right).is_some() => {
            scaled(operator, left, number(&right), what)
        }
        (left, Item::Quantity(right)) if number(&left).is_some() => match operator {
            Operator::Multiply => scaled(operator, right, number(&left), what),
            _ => Err(EvaluationError::Type(what)),
        },
        (left @ (Item::Date(_) | Item::DateTime(_) | Item::Time(_)), Item::Quantity(amount))
            if matches!(operator, Operator::Add | Operator::Subtract) =>
        {
            super::durations::moved(&left, &amount, operator == Operator::Subtract)
                .map(Collection::from)
        }
        (left, right) => match (number(&left), number(&right)) {
            (Some(left), Some(right)) => Ok(decimals(operator, left, right).into()),
            _ => Err(EvaluationError::Type(what)),
        },
    }
}

fn number(item: &Item<'_>) -> Option<Decimal> {
    match item {
        Item::Integer(value) => Some(Decimal::from(*value)),
        Item::Decimal(value) => Some(*value),
        _ => None,
    }
}

fn integers<'a>(operator: Operator, left: i32, right: i32) -> Option<Item<'a>> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Div => left.checked_div(right),
        Operator::Mod => left.checked_rem(right),
        _ => {
            return Decimal::from(left)
                .checked_div(Decimal::from(right))
                .map(|quotient| Item::Decimal(quotient.normalize()));
        }
    }
    .map(Item::Integer)
}

fn calculate(operator: Operator, left: Decimal, right: Decimal) -> Option<Decimal> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        // The digits of a quotient are no precision anyone wrote.
        Operator::Divide => left.checked_div(right).map(|quotient| quotient.normalize()),
        Operator::Div => left.checked_div(right).map(|quotient| quotient.trunc()),
        _ => left.checked_rem(right),
    }
}

fn decimals<'a>(operator: Operator, left: Decimal, right: Decimal) -> Option<Item<'a>> {
    let result = calculate(operator, left, right)?;
    if operator == Operator::Div {
        return result.to_i32().map(Item::Integer);
    }
    Some(Item::Decimal(result))
}

fn scaled<'a>(
    operator: Operator,
    quantity: Quantity<'a>,
    factor: Option<Decimal>,
    what: &'static str,
) -> Answer<'a> {
    let factor = factor.ok_or(EvaluationError::Type(what))?;
    match operator {
        Operator::Multiply | Operator::Divide => Ok(calculate(operator, quantity.value, factor)
            .map(|value| {
                Item::Quantity(Quantity {
                    value,
                    unit: quantity.unit,
                })
            })
            .into()),
        _ => Err(EvaluationError::Type(what)),
    }
}

fn quantities<'a>(
    operator: Operator,
    left: Quantity<'a>,
    right: Quantity<'a>,
    evaluation: &Evaluation<'_, 'a>,
) -> Answer<'a> {
    let hooks = &evaluation.environment.hooks;
    let what = symbol(operator);
    if let Operator::Add | Operator::Subtract = operator {
        let sum = finer(operator, left, right, hooks)?;
        return Ok(sum.map(Item::Quantity).into());
    }
    if !matches!(operator, Operator::Multiply | Operator::Divide) {
        return Err(EvaluationError::Type(what));
    }
    if operator == Operator::Divide
        && let Some((left, right)) = left.aligned(&right, hooks)
    {
        return Ok(calculate(operator, left, right)
            .map(|value| {
                Item::Quantity(Quantity {
                    value,
                    unit: Unit::one(),
                })
            })
            .into());
    }
    let (Some(left_unit), Some(right_unit)) = (left.unit.ucum(), right.unit.ucum()) else {
        return Err(EvaluationError::Type(what));
    };
    let unit = match (operator, left_unit, right_unit) {
        (_, unit, "1") => unit.to_owned(),
        (Operator::Multiply, "1", unit) => unit.to_owned(),
        (Operator::Multiply, left, right) => format!("{}.{}", factor(left), factor(right)),
        (_, left, right) => format!("{}/{}", factor(left), factor(right)),
    };
    Ok(calculate(operator, left.value, right.value)
        .map(|value| {
            Item::Quantity(Quantity {
                value,
                unit: Unit::Ucum(unit.into()),
            })
        })
        .into())
}

/// A sum or difference, in the finer of the two units; nothing beyond the range of decimals.
fn finer<'a>(
    operator: Operator,
    left: Quantity<'a>,
    right: Quantity<'a>,
    hooks: &Hooks<'_>,
) -> Result<Option<Quantity<'a>>, EvaluationError> {
    let unknown = EvaluationError::NotSupported("adding quantities of different units");
    if left.unit == right.unit {
        let value = calculate(operator, left.value, right.value);
        let unit = left.unit;
        return Ok(value.map(|value| Quantity { value, unit }));
    }
    let each = |value: Decimal| {
        let of = |unit: &Unit<'a>| Quantity {
            value,
            unit: unit.clone(),
        };
        of(&left.unit).aligned(&of(&right.unit), hooks)
    };
    // Where nothing of one unit is something of the other, as with temperatures, a sum means nothing.
    let nothing = each(Decimal::ZERO).filter(|(left, right)| left.is_zero() && right.is_zero());
    let (Some(_), Some((one_left, one_right))) = (nothing, each(Decimal::ONE)) else {
        return Err(unknown);
    };
    let (left_value, right_value) = left.aligned(&right, hooks).ok_or(unknown)?;
    let (one, unit) = match one_left <= one_right {
        true => (one_left, left.unit),
        false => (one_right, right.unit),
    };
    let value = calculate(operator, left_value, right_value)
        .and_then(|value| value.checked_div(one))
        .map(|value| value.normalize());
    Ok(value.map(|value| Quantity { value, unit }))
}

/// A unit as a factor of another: in brackets where it has factors itself.
fn factor(unit: &str) -> Cow<'_, str> {
    if unit.contains(['.', '/']) {
        return Cow::Owned(format!("({unit})"));
    }
    Cow::Borrowed(unit)
}
