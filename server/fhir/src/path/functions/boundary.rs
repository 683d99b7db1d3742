//! How far a value may reach, given how precisely it was written, and sorting
//! (<https://hl7.org/fhirpath/#utility-functions>).

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Function, expressions, values};
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::operators::negated;
use crate::path::tree::{Call, Tree};
use crate::path::{Collection, Date, DateTime, EvaluationError, Item, Quantity, Time, comparison};

pub(super) const FUNCTIONS: &[Function] = &[
    values("lowBoundary", (0, 1), |evaluation, input, call, focus| {
        boundary(evaluation, &input, call, focus, Side::Low)
    }),
    values("highBoundary", (0, 1), |evaluation, input, call, focus| {
        boundary(evaluation, &input, call, focus, Side::High)
    }),
    values("precision", (0, 0), precision),
    values("comparable", (1, 1), comparable),
    expressions("sort", (0, 8), sort),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Low,
    High,
}

fn boundary<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
    side: Side,
) -> Answer<'a> {
    let what = call.function.name;
    let digits = evaluation.argument(call, 0, focus)?;
    let digits = evaluation.integer(&digits, what)?;
    let Some(item) = evaluation.single(input, what)? else {
        return Ok(Collection::empty());
    };
    let precision = |usual: u32| digits.map_or(Some(usual), |digits| u32::try_from(digits).ok());
    let answer = match item.system(evaluation.environment.structures) {
        Some(Item::Integer(value)) => precision(8)
            .and_then(|digits| number(value.into(), digits, side))
            .map(Item::Decimal),
        Some(Item::Decimal(value)) => precision(8)
            .and_then(|digits| number(value, digits, side))
            .map(Item::Decimal),
        Some(Item::Quantity(quantity)) => precision(8)
            .and_then(|digits| number(quantity.value, digits, side))
            .map(|value| {
                Item::Quantity(Quantity {
                    value,
                    unit: quantity.unit,
                })
            }),
        Some(Item::Date(value)) => precision(8)
            .and_then(|digits| date(value, digits, side))
            .map(Item::Date),
        Some(Item::DateTime(value)) => {
            precision(17).and_then(|digits| date_time(value, digits, side))
        }
        Some(Item::Time(value)) => precision(9)
            .and_then(|digits| time(value, digits, side))
            .map(Item::Time),
        None if item.node().is_some_and(|node| node.value.is_none()) => None,
        _ => return Err(EvaluationError::Type(what)),
    };
    Ok(answer.into())
}

/// Half a unit of the last digit away, in so many digits after the point.
///
/// The digits asked for cut a low boundary and round a high one, mirrored below zero: as R4's test suite has it.
fn number(value: Decimal, digits: u32, side: Side) -> Option<Decimal> {
    if digits > 28 {
        return None;
    }
    if value.is_sign_negative() && !value.is_zero() {
        let mirrored = match side {
            Side::Low => Side::High,
            Side::High => Side::Low,
        };
        return number(-value, digits, mirrored).map(negated);
    }
    let scale = value.scale() + 1;
    let half = Decimal::try_from_i128_with_scale(5, scale).ok()?;
    let (reached, strategy) = match side {
        Side::Low => (
            value.checked_sub(half)?,
            RoundingStrategy::ToNegativeInfinity,
        ),
        Side::High => (
            value.checked_add(half)?,
            RoundingStrategy::MidpointAwayFromZero,
        ),
    };
    let mut rounded = reached.round_dp_with_strategy(digits, strategy);
    rounded.rescale(digits);
    // Where the digits do not fit, there is no such boundary.
    (rounded.scale() == digits).then_some(rounded)
}

fn date(value: Date, digits: u32, side: Side) -> Option<Date> {
    let month = value
        .month
        .unwrap_or(if side == Side::Low { 1 } else { 12 });
    let day = match (value.day, side) {
        (Some(day), _) => day,
        (None, Side::Low) => 1,
        (None, Side::High) => {
            let first = Date {
                year: value.year,
                month: Some(month),
                day: Some(1),
            };
            u8::try_from(first.first_day()?.days_in_month()).ok()?
        }
    };
    let (month, day) = match digits {
        4 => (None, None),
        6 => (Some(month), None),
        8 => (Some(month), Some(day)),
        _ => return None,
    };
    Some(Date {
        year: value.year,
        month,
        day,
    })
}

fn time(value: Time, digits: u32, side: Side) -> Option<Time> {
    let last = side == Side::High;
    let minute = value.minute.unwrap_or(if last { 59 } else { 0 });
    let second = match (value.second, last) {
        (None, false) => 0,
        (None, true) => 59_999_000_000,
        (Some(second), false) => second,
        // The last millisecond the written digits leave open.
        (Some(second), true) => {
            let open = 10u64.pow(u32::from(9 - value.digits.min(9)));
            second + open.saturating_sub(1_000_000)
        }
    };
    let (minute, second, digits) = match digits {
        2 => (None, None, 0),
        4 => (Some(minute), None, 0),
        6 => (
            Some(minute),
            Some(second / 1_000_000_000 * 1_000_000_000),
            0,
        ),
        9 => (Some(minute), Some(second / 1_000_000 * 1_000_000), 3),
        _ => return None,
    };
    Some(Time {
        hour: value.hour,
        minute,
        second,
        digits,
    })
}

/// Without an offset, the earliest is 14 hours ahead of UTC and the latest 12 behind.
fn date_time<'a>(value: DateTime, digits: u32, side: Side) -> Option<Item<'a>> {
    if digits <= 8 {
        let date = date(value.date, digits, side)?;
        return Some(Item::DateTime(DateTime::of_date(date)));
    }
    let (hour, offset) = match side {
        Side::Low => (0, 14 * 60),
        Side::High => (23, -12 * 60),
    };
    let midnight = Time {
        hour,
        minute: None,
        second: None,
        digits: 0,
    };
    let time = time(value.time.unwrap_or(midnight), digits.checked_sub(8)?, side)?;
    Some(Item::DateTime(DateTime {
        date: date(value.date, 8, side)?,
        time: Some(time),
        offset: Some(value.offset.unwrap_or(offset)),
    }))
}

/// The digits a value was written with.
fn precision<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    _: &'a Call,
    _: Focus<'_, 'a>,
) -> Answer<'a> {
    let Some(item) = evaluation.single(&input, "precision")? else {
        return Ok(Collection::empty());
    };
    let of_date =
        |date: Date| 4 + 2 * (i32::from(date.month.is_some()) + i32::from(date.day.is_some()));
    let of_time = |time: Time| {
        let seconds = i32::from(time.second.is_some());
        2 + 2 * (i32::from(time.minute.is_some()) + seconds) + i32::from(time.digits)
    };
    let digits = match item.system(evaluation.environment.structures) {
        Some(Item::Integer(_)) => 0,
        Some(Item::Decimal(value)) => i32::try_from(value.scale()).unwrap_or(0),
        Some(Item::Date(value)) => of_date(value),
        Some(Item::DateTime(value)) => of_date(value.date) + value.time.map_or(0, of_time),
        Some(Item::Time(value)) => of_time(value),
        None if item.node().is_some_and(|node| node.value.is_none()) => {
            return Ok(Collection::empty());
        }
        _ => return Err(EvaluationError::Type("precision")),
    };
    Ok(Item::Integer(digits).into())
}

/// Whether two quantities have a unit in common.
fn comparable<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let other = evaluation.argument(call, 0, focus)?;
    let structures = evaluation.environment.structures;
    let (Some(left), Some(right)) = (
        evaluation.single(&input, "comparable")?,
        evaluation.single(&other, "comparable")?,
    ) else {
        return Ok(Collection::empty());
    };
    let (Some(Item::Quantity(left)), Some(Item::Quantity(right))) =
        (left.system(structures), right.system(structures))
    else {
        return Err(EvaluationError::Type("comparable"));
    };
    let hooks = &evaluation.environment.hooks;
    if left.aligned(&right, hooks).is_some() {
        return Ok(true.into());
    }
    // Only a unit service can say that two units have nothing in common.
    match hooks.canonical {
        Some(_) => Ok(false.into()),
        None => Err(EvaluationError::NotSupported("comparable")),
    }
}

/// Sorted by one or more keys; a minus before a key turns its order around. What has no key comes first.
fn sort<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut keyed = Vec::with_capacity(input.len());
    for (index, item) in input.into_iter().enumerate() {
        let mut keys = Vec::with_capacity(call.arguments.len().max(1));
        for argument in &call.arguments {
            let (tree, descending) = match argument {
                Tree::Polarity(true, operand) => (&**operand, true),
                tree => (tree, false),
            };
            let key = evaluation.run(tree, focus.item(&item, index))?;
            keys.push((evaluation.single(&key, "sort")?.cloned(), descending));
        }
        if call.arguments.is_empty() {
            keys.push((Some(item.clone()), false));
        }
        keyed.push((keys, item));
    }
    let mut fault = None;
    keyed.sort_by(|(left, _), (right, _)| {
        for ((left, descending), (right, _)) in left.iter().zip(right) {
            let ordering = match (left, right) {
                (Some(left), Some(right)) => match key_order(left, right, evaluation) {
                    Ok(ordering) if *descending => ordering.reverse(),
                    Ok(ordering) => ordering,
                    Err(error) => {
                        fault.get_or_insert(error);
                        std::cmp::Ordering::Equal
                    }
                },
                (left, right) => left.is_some().cmp(&right.is_some()),
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        std::cmp::Ordering::Equal
    });
    match fault {
        Some(error) => Err(error),
        None => Ok(keyed.into_iter().map(|(_, item)| item).collect()),
    }
}

fn key_order<'a>(
    left: &Item<'a>,
    right: &Item<'a>,
    evaluation: &Evaluation<'_, 'a>,
) -> Result<std::cmp::Ordering, EvaluationError> {
    evaluation.charge(1)?;
    let order = comparison::order(left, right, evaluation)?;
    // Keys of which nobody knows the order have none to sort by.
    order.ok_or(EvaluationError::Type("sort"))
}
