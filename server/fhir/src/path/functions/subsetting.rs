//! Parts of collections and several made one (<http://hl7.org/fhirpath/N1/#subsetting>).

use super::{Function, values};
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::seen::Seen;
use crate::path::tree::Call;
use crate::path::{Collection, EvaluationError, Item};

pub(super) const FUNCTIONS: &[Function] = &[
    values("single", (0, 0), |evaluation, input, _, _| {
        Ok(evaluation.input(input, "single")?.into())
    }),
    values("first", (0, 0), |_, input, _, _| {
        Ok(input.first().cloned().into())
    }),
    values("last", (0, 0), |_, input, _, _| {
        Ok(input.last().cloned().into())
    }),
    values("tail", (0, 0), |_, input, _, _| {
        Ok(input.into_iter().skip(1).collect())
    }),
    values(
        "skip",
        (1, 1),
        |evaluation, input, call, focus| match count(evaluation, call, focus, "skip")? {
            Some(count) => Ok(input.into_iter().skip(count).collect()),
            None => Err(EvaluationError::Type("skip")),
        },
    ),
    values(
        "take",
        (1, 1),
        |evaluation, input, call, focus| match count(evaluation, call, focus, "take")? {
            Some(count) => Ok(input.into_iter().take(count).collect()),
            None => Err(EvaluationError::Type("take")),
        },
    ),
    values("intersect", (1, 1), intersect),
    values("exclude", (1, 1), exclude),
    values("union", (1, 1), |evaluation, mut input, call, focus| {
        input.extend(evaluation.argument(call, 0, focus)?);
        evaluation.distinct(input)
    }),
    values("combine", (1, 2), combine),
];

/// How many to skip or take; a negative number is none.
fn count<'a>(
    evaluation: &Evaluation<'_, 'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
    what: &'static str,
) -> Result<Option<usize>, EvaluationError> {
    let argument = evaluation.argument(call, 0, focus)?;
    let count = evaluation.integer(&argument, what)?;
    Ok(count.map(|count| usize::try_from(count).unwrap_or(0)))
}

fn intersect<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let other = evaluation.argument(call, 0, focus)?;
    let mut found = Collection::empty();
    let (other, mut seen) = (Seen::of(&other, evaluation)?, Seen::default());
    for item in input {
        if other.holds(&item, evaluation)? && seen.insert(&item, evaluation)? {
            evaluation.push(&mut found, item)?;
        }
    }
    Ok(found)
}

fn exclude<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let other = evaluation.argument(call, 0, focus)?;
    let mut found = Collection::empty();
    let other = Seen::of(&other, evaluation)?;
    for item in input {
        if !other.holds(&item, evaluation)? {
            evaluation.push(&mut found, item)?;
        }
    }
    Ok(found)
}

fn combine<'a>(
    evaluation: &Evaluation<'_, 'a>,
    mut input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    for item in evaluation.argument(call, 0, focus)? {
        evaluation.push(&mut input, item)?;
    }
    // The second argument asks for the order to be kept, which it always is.
    let order = evaluation.argument(call, 1, focus)?;
    match evaluation.single(&order, "combine")? {
        None | Some(Item::Boolean(_)) => Ok(input),
        Some(_) => Err(EvaluationError::Type("combine")),
    }
}
