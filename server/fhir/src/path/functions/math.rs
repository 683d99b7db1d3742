//! Functions of numbers (<http://hl7.org/fhirpath/N1/#math>). What has no result, has none: nothing is returned.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, MathematicalOps, RoundingStrategy};

use super::{Function, values};
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::tree::Call;
use crate::path::{Collection, EvaluationError, Item, Quantity};

pub(super) const FUNCTIONS: &[Function] = &[
    values("abs", (0, 0), abs),
    values("ceiling", (0, 0), |evaluation, input, _, _| {
        whole(evaluation, &input, "ceiling", |value| value.ceil())
    }),
    values("floor", (0, 0), |evaluation, input, _, _| {
        whole(evaluation, &input, "floor", |value| value.floor())
    }),
    values("truncate", (0, 0), |evaluation, input, _, _| {
        whole(evaluation, &input, "truncate", |value| value.trunc())
    }),
    values("round", (0, 1), round),
    values("exp", (0, 0), |evaluation, input, _, _| {
        decimal(evaluation, &input, "exp", |value| value.checked_exp())
    }),
    values("ln", (0, 0), |evaluation, input, _, _| {
        decimal(evaluation, &input, "ln", |value| value.checked_ln())
    }),
    values("sqrt", (0, 0), |evaluation, input, _, _| {
        decimal(evaluation, &input, "sqrt", |value| value.sqrt())
    }),
    values("log", (1, 1), |evaluation, input, call, focus| {
        let base = evaluation.argument(call, 0, focus)?;
        let (Some(value), Some(base)) = (
            number(evaluation, &input, "log")?,
            number(evaluation, &base, "log")?,
        ) else {
            return Ok(Collection::empty());
        };
        Ok(logarithm(value, base).map(Item::Decimal).into())
    }),
    values("power", (1, 1), power),
];

/// The only number of a collection.
fn number<'a>(
    evaluation: &Evaluation<'_, 'a>,
    items: &Collection<'a>,
    what: &'static str,
) -> Result<Option<Decimal>, EvaluationError> {
    let Some(item) = evaluation.single(items, what)? else {
        return Ok(None);
    };
    match item.system(evaluation.environment.structures) {
        Some(Item::Integer(value)) => Ok(Some(Decimal::from(value))),
        Some(Item::Decimal(value)) => Ok(Some(value)),
        _ => Err(EvaluationError::Type(what)),
    }
}

fn abs<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    _: &'a Call,
    _: Focus<'_, 'a>,
) -> Answer<'a> {
    let Some(item) = evaluation.single(&input, "abs")? else {
        return Ok(input);
    };
    match item.system(evaluation.environment.structures) {
        Some(Item::Integer(value)) => Ok(value.checked_abs().map(Item::Integer).into()),
        Some(Item::Decimal(value)) => Ok(Item::Decimal(value.abs()).into()),
        Some(Item::Quantity(quantity)) => Ok(Item::Quantity(Quantity {
            value: quantity.value.abs(),
            unit: quantity.unit,
        })
        .into()),
        _ => Err(EvaluationError::Type("abs")),
    }
}

fn whole<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    what: &'static str,
    make: fn(&Decimal) -> Decimal,
) -> Answer<'a> {
    let value = number(evaluation, input, what)?;
    Ok(value
        .and_then(|value| make(&value).to_i32())
        .map(Item::Integer)
        .into())
}

fn decimal<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    what: &'static str,
    make: fn(&Decimal) -> Option<Decimal>,
) -> Answer<'a> {
    let value = number(evaluation, input, what)?;
    evaluation.charge(100)?;
    Ok(value
        .and_then(|value| make(&value))
        .map(Item::Decimal)
        .into())
}

fn round<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let precision = evaluation.argument(call, 0, focus)?;
    let precision = evaluation.integer(&precision, "round")?.unwrap_or(0);
    let precision = u32::try_from(precision).map_err(|_| EvaluationError::Type("round"))?;
    let value = number(evaluation, &input, "round")?;
    Ok(value
        .map(|value| {
            let strategy = RoundingStrategy::MidpointAwayFromZero;
            Item::Decimal(value.round_dp_with_strategy(precision.min(28), strategy))
        })
        .into())
}

fn logarithm(value: Decimal, base: Decimal) -> Option<Decimal> {
    let quotient = value.checked_ln()?.checked_div(base.checked_ln()?)?;
    // The quotient of two rounded logarithms is off in its last digits.
    Some(quotient.round_dp(20).normalize())
}

fn power<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let exponent = evaluation.argument(call, 0, focus)?;
    let (Some(value), Some(power)) = (
        number(evaluation, &input, "power")?,
        number(evaluation, &exponent, "power")?,
    ) else {
        return Ok(Collection::empty());
    };
    evaluation.charge(100)?;
    let is_integer = |items: &Collection<'a>| {
        let value = items
            .first()
            .and_then(|item| item.system(evaluation.environment.structures));
        matches!(value, Some(Item::Integer(_)))
    };
    let are_integers = is_integer(&input) && is_integer(&exponent);
    // A negative number has no root: nothing, not a complex number.
    if value.is_sign_negative() && !power.fract().is_zero() {
        return Ok(Collection::empty());
    }
    let result = match power.normalize().to_i64() {
        Some(power_whole) if power.fract().is_zero() => value.checked_powi(power_whole),
        _ if power == Decimal::new(5, 1) => value.sqrt(),
        _ => value.checked_powd(power),
    };
    Ok(result
        .map(|result| match result.to_i32() {
            Some(integer) if are_integers && result.fract().is_zero() => Item::Integer(integer),
            _ => Item::Decimal(result.normalize()),
        })
        .into())
}
