//! `=` and `~` (<http://hl7.org/fhirpath/N1/#equality>).

use rust_decimal::Decimal;

use super::EvaluationError;
use super::collection::Collection;
use super::evaluation::{Answer, Evaluation};
use super::item::{Item, Node, decimal};
use super::quantity::{Quantity, Unit};
use super::seen::Seen;
use super::temporal::DateTime;
use crate::json::{Kind, Value};

type Verdict<T> = Result<T, EvaluationError>;

/// `=` of two collections: item by item, in order; nothing where either is empty or it cannot be known.
pub(super) fn equal_collections<'a>(
    left: &[Item<'a>],
    right: &[Item<'a>],
    evaluation: &Evaluation<'_, 'a>,
) -> Verdict<Option<bool>> {
    if left.is_empty() || right.is_empty() {
        return Ok(None);
    }
    if left.len() != right.len() {
        return Ok(Some(false));
    }
    let mut answer = Some(true);
    for (left, right) in left.iter().zip(right) {
        match equal(left, right, evaluation)? {
            Some(true) => {}
            Some(false) => return Ok(Some(false)),
            None => answer = None,
        }
    }
    Ok(answer)
}

/// `~` of two collections: in any order.
pub(super) fn equivalent_collections<'a>(
    left: &[Item<'a>],
    right: &[Item<'a>],
    evaluation: &Evaluation<'_, 'a>,
) -> Verdict<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    let mut open: Vec<&Item<'a>> = right.iter().collect();
    for item in left {
        let mut place = None;
        for (at, other) in open.iter().enumerate() {
            if equivalent(item, other, evaluation)? {
                place = Some(at);
                break;
            }
        }
        match place {
            Some(at) => drop(open.swap_remove(at)),
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// `in` and `contains`: whether a single item is among others.
pub(super) fn member_of<'a>(
    item: &[Item<'a>],
    list: &[Item<'a>],
    what: &'static str,
    evaluation: &Evaluation<'_, 'a>,
) -> Verdict<Option<bool>> {
    let Some(item) = evaluation.single(item, what)? else {
        return Ok(None);
    };
    holds(list, item, evaluation).map(Some)
}

/// Whether a list holds an equal item.
pub(super) fn holds<'a>(
    list: &[Item<'a>],
    item: &Item<'a>,
    evaluation: &Evaluation<'_, 'a>,
) -> Verdict<bool> {
    for other in list {
        if equal(other, item, evaluation)? == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl<'a> Evaluation<'_, 'a> {
    /// The items without those equal to an earlier one.
    pub(super) fn distinct(&self, items: Collection<'a>) -> Answer<'a> {
        if items.len() < 2 {
            return Ok(items);
        }
        let mut found = Collection::empty();
        let mut seen = Seen::default();
        for item in items {
            if seen.insert(&item, self)? {
                self.push(&mut found, item)?;
            }
        }
        Ok(found)
    }
}

/// `=` of two items.
pub(super) fn equal<'a>(
    left: &Item<'a>,
    right: &Item<'a>,
    evaluation: &Evaluation<'_, 'a>,
) -> Verdict<Option<bool>> {
    evaluation.charge(1)?;
    let structures = evaluation.environment.structures;
    if let (Item::Node(left), Item::Node(right)) = (left, right)
        && left.is_same(right)
    {
        return Ok(Some(true));
    }
    match (left.system(structures), right.system(structures)) {
        (Some(left), Some(right)) => {
            charge_text(&left, evaluation)?;
            Ok(equal_values(&left, &right, evaluation))
        }
        (None, None) => match (left, right) {
            (Item::Node(left), Item::Node(right)) => {
                nodes(*left, *right, Sameness::Equal, evaluation).map(Some)
            }
            _ => Ok(Some(false)),
        },
        (Some(_), None) | (None, Some(_)) => Ok(Some(false)),
    }
}

/// Looking at long texts costs more than a step.
pub(super) fn charge_text(item: &Item<'_>, evaluation: &Evaluation<'_, '_>) -> Verdict<()> {
    match item {
        Item::String(text) => evaluation.charge(text.len() / 64),
        _ => Ok(()),
    }
}

fn equal_values(
    left: &Item<'_>,
    right: &Item<'_>,
    evaluation: &Evaluation<'_, '_>,
) -> Option<bool> {
    let is_equal = |ordering: Option<std::cmp::Ordering>| ordering.map(std::cmp::Ordering::is_eq);
    match (left, right) {
        (Item::Boolean(left), Item::Boolean(right)) => Some(left == right),
        (Item::String(left), Item::String(right)) => Some(left == right),
        (Item::Date(left), Item::Date(right)) => is_equal(left.compare(*right)),
        (Item::DateTime(left), Item::DateTime(right)) => is_equal(left.compare(*right)),
        (Item::Date(left), Item::DateTime(right)) => {
            is_equal(DateTime::of_date(*left).compare(*right))
        }
        (Item::DateTime(left), Item::Date(right)) => {
            is_equal(left.compare(DateTime::of_date(*right)))
        }
        (Item::Time(left), Item::Time(right)) => is_equal(left.compare(*right)),
        (Item::Type(left), Item::Type(right)) => Some(left == right),
        (left, right) => match (numeric(left), numeric(right)) {
            (Some(Numeric::Number(left)), Some(Numeric::Number(right))) => Some(left == right),
            (Some(left), Some(right)) => is_equal(
                left.quantity()
                    .compare(&right.quantity(), &evaluation.environment.hooks),
            ),
            _ => Some(false),
        },
    }
}

/// A number with or without a unit.
pub(super) enum Numeric<'a> {
    Number(Decimal),
    Quantity(Quantity<'a>),
}

impl<'a> Numeric<'a> {
    pub(super) fn quantity(self) -> Quantity<'a> {
        match self {
            Self::Number(value) => Quantity {
                value,
                unit: Unit::one(),
            },
            Self::Quantity(quantity) => quantity,
        }
    }
}

/// A system's value as a number, if it is one.
pub(super) fn numeric<'a>(item: &Item<'a>) -> Option<Numeric<'a>> {
    match item {
        Item::Integer(value) => Some(Numeric::Number(Decimal::from(*value))),
        Item::Decimal(value) => Some(Numeric::Number(*value)),
        Item::Quantity(quantity) => Some(Numeric::Quantity(quantity.clone())),
        _ => None,
    }
}

/// `~` of two items.
pub(super) fn equivalent<'a>(
    left: &Item<'a>,
    right: &Item<'a>,
    evaluation: &Evaluation<'_, 'a>,
) -> Verdict<bool> {
    evaluation.charge(1)?;
    let structures = evaluation.environment.structures;
    match (left.system(structures), right.system(structures)) {
        (Some(left), Some(right)) => {
            charge_text(&left, evaluation)?;
            charge_text(&right, evaluation)?;
            Ok(equivalent_values(&left, &right, evaluation))
        }
        (None, None) => match (left, right) {
            (Item::Node(left), Item::Node(right)) => {
                nodes(*left, *right, Sameness::Equivalent, evaluation)
            }
            _ => Ok(false),
        },
        (Some(_), None) | (None, Some(_)) => Ok(false),
    }
}

fn equivalent_values(left: &Item<'_>, right: &Item<'_>, evaluation: &Evaluation<'_, '_>) -> bool {
    if let (Item::String(left), Item::String(right)) = (left, right) {
        return loose_text(left) == loose_text(right);
    }
    match (numeric(left), numeric(right)) {
        (Some(Numeric::Number(left)), Some(Numeric::Number(right))) => loose_number(left, right),
        (Some(left), Some(right)) => {
            let (left, right) = (left.quantity().loosened(), right.quantity().loosened());
            left.aligned(&right, &evaluation.environment.hooks)
                .is_some_and(|(left, right)| loose_number(left, right))
        }
        _ => equal_values(left, right, evaluation) == Some(true),
    }
}

/// Equal when rounded to the digits of the less precise; trailing zeros are no precision.
fn loose_number(left: Decimal, right: Decimal) -> bool {
    let (left, right) = (left.normalize(), right.normalize());
    let scale = left.scale().min(right.scale());
    let round = |value: Decimal| {
        value.round_dp_with_strategy(scale, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
    };
    round(left) == round(right)
}

/// Text without the difference of case and of white space.
fn loose_text(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sameness {
    Equal,
    Equivalent,
}

fn nodes(
    left: Node<'_>,
    right: Node<'_>,
    sameness: Sameness,
    evaluation: &Evaluation<'_, '_>,
) -> Verdict<bool> {
    Ok(pair(left.value, right.value, sameness, evaluation)?
        && pair(left.companion, right.companion, sameness, evaluation)?)
}

fn pair(
    left: Option<Value<'_>>,
    right: Option<Value<'_>>,
    sameness: Sameness,
    evaluation: &Evaluation<'_, '_>,
) -> Verdict<bool> {
    match (left, right) {
        (Some(left), Some(right)) => values(left, right, sameness, evaluation),
        (None, None) => Ok(true),
        (Some(_), None) | (None, Some(_)) => Ok(false),
    }
}

/// Whether two JSON values say the same; objects regardless of their members' order.
fn values(
    left: Value<'_>,
    right: Value<'_>,
    sameness: Sameness,
    evaluation: &Evaluation<'_, '_>,
) -> Verdict<bool> {
    evaluation.charge(1)?;
    let is_loose = sameness == Sameness::Equivalent;
    match (left.kind(), right.kind()) {
        (Kind::Object, Kind::Object) => {
            if left.members().count() != right.members().count() {
                return Ok(false);
            }
            for (key, left) in left.members() {
                if !pair(Some(left), right.get(&key), sameness, evaluation)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Kind::Array, Kind::Array) => arrays(left, right, sameness, evaluation),
        (Kind::Number, Kind::Number) => {
            let number = |value: Value<'_>| value.number().and_then(decimal);
            Ok(match (number(left), number(right)) {
                (Some(left), Some(right)) if is_loose => loose_number(left, right),
                (Some(left), Some(right)) => left == right,
                _ => left.raw() == right.raw(),
            })
        }
        (Kind::String, Kind::String) => Ok(match (left.string(), right.string()) {
            (Some(left), Some(right)) if is_loose => loose_text(&left) == loose_text(&right),
            (left, right) => left == right,
        }),
        (left_kind, right_kind) => Ok(left_kind == right_kind && left.raw() == right.raw()),
    }
}

fn arrays(
    left: Value<'_>,
    right: Value<'_>,
    sameness: Sameness,
    evaluation: &Evaluation<'_, '_>,
) -> Verdict<bool> {
    if left.items().count() != right.items().count() {
        return Ok(false);
    }
    if sameness == Sameness::Equal {
        for (left, right) in left.items().zip(right.items()) {
            if !values(left, right, sameness, evaluation)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let mut open: Vec<Value<'_>> = right.items().collect();
    for item in left.items() {
        let mut place = None;
        for (at, other) in open.iter().enumerate() {
            if values(item, *other, sameness, evaluation)? {
                place = Some(at);
                break;
            }
        }
        match place {
            Some(at) => drop(open.swap_remove(at)),
            None => return Ok(false),
        }
    }
    Ok(true)
}
