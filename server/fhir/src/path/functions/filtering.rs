//! Filtering, projection, tree navigation and aggregates (<http://hl7.org/fhirpath/N1/#filtering-and-projection>).

use super::{Function, expressions, typed, values};
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::seen::Seen;
use crate::path::tree::Call;
use crate::path::{Collection, EvaluationError, Item};

pub(super) const FUNCTIONS: &[Function] = &[
    expressions("where", (1, 1), filter),
    expressions("select", (1, 1), select),
    expressions("repeat", (1, 1), repeat),
    expressions("aggregate", (1, 2), aggregate),
    values("children", (0, 0), children),
    values("descendants", (0, 0), descendants),
    typed("ofType", |evaluation, input, call, _| {
        match &call.type_name {
            Some(name) => evaluation.of_type(input, name),
            None => Err(EvaluationError::Type("ofType")),
        }
    }),
    typed("as", |evaluation, input, call, _| match &call.type_name {
        Some(name) => evaluation.cast(input, name, "as"),
        None => Err(EvaluationError::Type("as")),
    }),
    typed("is", |evaluation, input, call, _| match &call.type_name {
        Some(name) => evaluation.is(&input, name),
        None => Err(EvaluationError::Type("is")),
    }),
];

fn filter<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut found = Collection::empty();
    for (index, item) in input.into_iter().enumerate() {
        if evaluation.boolean(&call.arguments[0], focus.item(&item, index))? == Some(true) {
            evaluation.push(&mut found, item)?;
        }
    }
    Ok(found)
}

fn select<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut found = Collection::empty();
    for (index, item) in input.iter().enumerate() {
        for item in evaluation.run(&call.arguments[0], focus.item(item, index))? {
            evaluation.push(&mut found, item)?;
        }
    }
    Ok(found)
}

/// Each equal item is taken once: a cycle ends by itself.
fn repeat<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut found = Collection::empty();
    let mut seen = Seen::default();
    let mut open = input.into_vec();
    while !open.is_empty() {
        let mut next = Vec::new();
        for (index, item) in open.iter().enumerate() {
            for item in evaluation.run(&call.arguments[0], focus.item(item, index))? {
                if seen.insert(&item, evaluation)? {
                    evaluation.push(&mut found, item.clone())?;
                    next.push(item);
                }
            }
        }
        open = next;
    }
    Ok(found)
}

fn aggregate<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut total = evaluation.argument(call, 1, focus)?;
    for (index, item) in input.iter().enumerate() {
        let here = Focus {
            this: Some(item),
            index: Some(index),
            total: Some(&total),
        };
        let next = evaluation.run(&call.arguments[0], here)?;
        evaluation.charge(next.len())?;
        total = next;
    }
    Ok(total)
}

fn children<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    _: &'a Call,
    _: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut found = Collection::empty();
    for node in input.iter().filter_map(Item::node) {
        evaluation.children(node, &mut |child| {
            evaluation.push(&mut found, Item::Node(child))
        })?;
    }
    Ok(found)
}

fn descendants<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    _: &'a Call,
    _: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut found = Collection::empty();
    for node in input.iter().filter_map(Item::node) {
        evaluation.descendants(node, &mut found)?;
    }
    Ok(found)
}
