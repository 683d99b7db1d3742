//! Conditions, clocks, types and traces (<http://hl7.org/fhirpath/N1/#utility-functions>).

use super::{Function, expressions, values};
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::tree::Call;
use crate::path::{Collection, DateTime, EvaluationError, Item};

pub(super) const FUNCTIONS: &[Function] = &[
    expressions("iif", (2, 3), iif),
    expressions("trace", (1, 2), trace),
    values("now", (0, 0), |evaluation, _, _, _| {
        Ok(Item::DateTime(now(evaluation, "now")?).into())
    }),
    values("today", (0, 0), |evaluation, _, _, _| {
        Ok(Item::Date(now(evaluation, "today")?.date).into())
    }),
    values("timeOfDay", (0, 0), |evaluation, _, _, _| {
        Ok(now(evaluation, "timeOfDay")?.time.map(Item::Time).into())
    }),
    values("type", (0, 0), |evaluation, input, _, _| {
        let structures = evaluation.environment.structures;
        Ok(input
            .iter()
            .map(|item| Item::Type(item.type_info(structures)))
            .collect())
    }),
];

fn now(evaluation: &Evaluation<'_, '_>, what: &'static str) -> Result<DateTime, EvaluationError> {
    evaluation
        .environment
        .now
        .ok_or(EvaluationError::NotSupported(what))
}

/// The branches are evaluated on the input, of which there is at most one item; only the one chosen is.
fn iif<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let here = Focus {
        this: evaluation.single(&input, "iif")?,
        ..focus
    };
    let condition = evaluation.boolean(&call.arguments[0], here)?;
    let branch = if condition == Some(true) { 1 } else { 2 };
    evaluation.argument(call, branch, here)
}

fn trace<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let name = evaluation.argument(call, 0, focus)?;
    let name = evaluation.string(&name, "trace")?.unwrap_or_default();
    let Some(hook) = evaluation.environment.hooks.trace else {
        return Ok(input);
    };
    match call.arguments.get(1) {
        None => hook(&name, &input),
        Some(projection) => {
            let mut shown = Collection::empty();
            for (index, item) in input.iter().enumerate() {
                shown.extend(evaluation.run(projection, focus.item(item, index))?);
            }
            hook(&name, &shown);
        }
    }
    Ok(input)
}
