//! `<`, `<=`, `>` and `>=` (<http://hl7.org/fhirpath/N1/#comparison>).

use std::cmp::Ordering;

use super::EvaluationError;
use super::equality::{Numeric, charge_text, numeric};
use super::evaluation::Evaluation;
use super::item::Item;
use super::temporal::DateTime;
use super::tree::Operator;

/// The comparison an operator makes of two single items; nothing where it cannot be known.
pub(super) fn compare<'a>(
    operator: Operator,
    left: &[Item<'a>],
    right: &[Item<'a>],
    evaluation: &Evaluation<'_, 'a>,
) -> Result<Option<bool>, EvaluationError> {
    let what = "a comparison";
    if left.is_empty() || right.is_empty() {
        return Ok(None);
    }
    let (Some(left), Some(right)) = (
        evaluation.single(left, what)?,
        evaluation.single(right, what)?,
    ) else {
        return Ok(None);
    };
    let Some(ordering) = order(left, right, evaluation)? else {
        return Ok(None);
    };
    Ok(Some(match operator {
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        _ => ordering.is_ge(),
    }))
}

/// The order of two items of types that have one.
pub(super) fn order<'a>(
    left: &Item<'a>,
    right: &Item<'a>,
    evaluation: &Evaluation<'_, 'a>,
) -> Result<Option<Ordering>, EvaluationError> {
    let structures = evaluation.environment.structures;
    let (left_value, right_value) = (left.system(structures), right.system(structures));
    let (Some(left_value), Some(right_value)) = (left_value, right_value) else {
        let is_open = |item: &Item<'a>| {
            item.node().is_some_and(|node| {
                node.value.is_none()
                    || node.is_primitive(structures)
                    || &*structures.get(node.type_id).name == "Quantity"
            })
        };
        // Without a value, or with a comparator, there is nothing to compare.
        return if is_open(left) || is_open(right) {
            Ok(None)
        } else {
            Err(EvaluationError::Type("a comparison"))
        };
    };
    charge_text(&left_value, evaluation)?;
    Ok(match (&left_value, &right_value) {
        (Item::String(left), Item::String(right)) => Some(left.cmp(right)),
        (Item::Date(left), Item::Date(right)) => left.compare(*right),
        (Item::DateTime(left), Item::DateTime(right)) => left.compare(*right),
        (Item::Date(left), Item::DateTime(right)) => DateTime::of_date(*left).compare(*right),
        (Item::DateTime(left), Item::Date(right)) => left.compare(DateTime::of_date(*right)),
        (Item::Time(left), Item::Time(right)) => left.compare(*right),
        (left, right) => match (numeric(left), numeric(right)) {
            (Some(Numeric::Number(left)), Some(Numeric::Number(right))) => Some(left.cmp(&right)),
            (Some(left), Some(right)) => left
                .quantity()
                .compare(&right.quantity(), &evaluation.environment.hooks),
            _ => return Err(EvaluationError::Type("a comparison")),
        },
    })
}
