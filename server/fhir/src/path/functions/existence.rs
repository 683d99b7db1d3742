//! Whether there is something (<http://hl7.org/fhirpath/N1/#existence>).

use super::{Function, expressions, values};
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::seen::Seen;
use crate::path::tree::Call;
use crate::path::{Collection, EvaluationError, Item};

pub(super) const FUNCTIONS: &[Function] = &[
    expressions("exists", (0, 1), exists),
    values("empty", (0, 0), |_, input, _, _| {
        Ok(input.is_empty().into())
    }),
    values("not", (0, 0), not),
    expressions("all", (1, 1), all),
    values("allTrue", (0, 0), |evaluation, input, _, _| {
        every(evaluation, &input, true, "allTrue").map(Into::into)
    }),
    values("allFalse", (0, 0), |evaluation, input, _, _| {
        every(evaluation, &input, false, "allFalse").map(Into::into)
    }),
    values("anyTrue", (0, 0), |evaluation, input, _, _| {
        every(evaluation, &input, false, "anyTrue").map(|none| (!none).into())
    }),
    values("anyFalse", (0, 0), |evaluation, input, _, _| {
        every(evaluation, &input, true, "anyFalse").map(|none| (!none).into())
    }),
    values("subsetOf", (1, 1), |evaluation, input, call, focus| {
        let other = evaluation.argument(call, 0, focus)?;
        within(evaluation, &input, &other).map(Into::into)
    }),
    values("supersetOf", (1, 1), |evaluation, input, call, focus| {
        let other = evaluation.argument(call, 0, focus)?;
        within(evaluation, &other, &input).map(Into::into)
    }),
    values("count", (0, 0), |_, input, _, _| {
        Ok(i32::try_from(input.len()).ok().map(Item::Integer).into())
    }),
    values("distinct", (0, 0), |evaluation, input, _, _| {
        evaluation.distinct(input)
    }),
    values("isDistinct", (0, 0), |evaluation, input, _, _| {
        let count = input.len();
        Ok((evaluation.distinct(input)?.len() == count).into())
    }),
];

fn exists<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let Some(criteria) = call.arguments.first() else {
        return Ok((!input.is_empty()).into());
    };
    for (index, item) in input.iter().enumerate() {
        if evaluation.boolean(criteria, focus.item(item, index))? == Some(true) {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

fn all<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    for (index, item) in input.iter().enumerate() {
        for criteria in &call.arguments {
            if evaluation.boolean(criteria, focus.item(item, index))? != Some(true) {
                return Ok(false.into());
            }
        }
    }
    Ok(true.into())
}

fn not<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    _: &'a Call,
    _: Focus<'_, 'a>,
) -> Answer<'a> {
    Ok(evaluation
        .as_boolean(&input, "not")?
        .map(|value| !value)
        .into())
}

/// Whether every item is a boolean of that value.
fn every<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    wanted: bool,
    what: &'static str,
) -> Result<bool, EvaluationError> {
    let mut answer = true;
    for item in input.iter() {
        match item.system(evaluation.environment.structures) {
            Some(Item::Boolean(value)) => answer &= value == wanted,
            _ => return Err(EvaluationError::Type(what)),
        }
    }
    Ok(answer)
}

fn within<'a>(
    evaluation: &Evaluation<'_, 'a>,
    inner: &Collection<'a>,
    outer: &Collection<'a>,
) -> Result<bool, EvaluationError> {
    let outer = Seen::of(outer, evaluation)?;
    for item in inner.iter() {
        if !outer.holds(item, evaluation)? {
            return Ok(false);
        }
    }
    Ok(true)
}
