//! What FHIR adds (<https://hl7.org/fhir/R4/fhirpath.html#functions>).

use super::references::resolve;
use super::{Function, values};
use crate::json::Value;
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::tree::Call;
use crate::path::{Collection, EvaluationError, Item};

pub(super) const FUNCTIONS: &[Function] = &[
    values("extension", (1, 1), extension),
    values("hasExtension", (1, 1), |evaluation, input, call, focus| {
        Ok((!extension(evaluation, input, call, focus)?.is_empty()).into())
    }),
    values("hasValue", (0, 0), |evaluation, input, _, _| {
        Ok((input.len() == 1 && get_value(evaluation, &input).is_some()).into())
    }),
    values("getValue", (0, 0), |evaluation, input, _, _| {
        Ok(get_value(evaluation, &input).into())
    }),
    values("resolve", (0, 0), resolve),
    values("conformsTo", (1, 1), conforms_to),
    values("memberOf", (1, 1), member_of),
    values("subsumes", (1, 1), |evaluation, input, call, focus| {
        let other = evaluation.argument(call, 0, focus)?;
        subsumes(evaluation, &input, &other, "subsumes")
    }),
    values("subsumedBy", (1, 1), |evaluation, input, call, focus| {
        let other = evaluation.argument(call, 0, focus)?;
        subsumes(evaluation, &other, &input, "subsumedBy")
    }),
    values("htmlChecks", (0, 0), html_checks),
    values("checkModifiers", (1, 32), check_modifiers),
    values("elementDefinition", (0, 0), |_, _, _, _| {
        Err(EvaluationError::NotSupported("elementDefinition"))
    }),
    values("slice", (2, 2), |_, _, _, _| {
        Err(EvaluationError::NotSupported("slice"))
    }),
];

fn extension<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let url = evaluation.argument(call, 0, focus)?;
    let mut found = Collection::empty();
    let Some(url) = evaluation.string(&url, "extension")? else {
        return Ok(found);
    };
    for node in input.iter().filter_map(Item::node) {
        evaluation.named(node, "extension", &mut |child| {
            let own = child.value.and_then(|value| value.get("url")?.string());
            if own.as_deref() == Some(&*url) {
                evaluation.push(&mut found, Item::Node(child))?;
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// The value of a single primitive.
fn get_value<'a>(evaluation: &Evaluation<'_, 'a>, input: &Collection<'a>) -> Option<Item<'a>> {
    let [item] = &input[..] else {
        return None;
    };
    let structures = evaluation.environment.structures;
    match item {
        Item::Node(node) if node.is_primitive(structures) => node.system(structures),
        Item::Node(_) | Item::Elsewhere(_) => None,
        item => Some(item.clone()),
    }
}

fn conforms_to<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let url = evaluation.argument(call, 0, focus)?;
    let (Some(item), Some(url)) = (
        evaluation.single(&input, "conformsTo")?,
        evaluation.string(&url, "conformsTo")?,
    ) else {
        return Ok(Collection::empty());
    };
    let node = item.node().ok_or(EvaluationError::Type("conformsTo"))?;
    evaluation
        .environment
        .hooks
        .conforms_to
        .and_then(|conforms_to| conforms_to(node, &url))
        .map(Into::into)
        .ok_or(EvaluationError::NotSupported("conformsTo"))
}

fn member_of<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let url = evaluation.argument(call, 0, focus)?;
    let (Some(item), Some(url)) = (
        evaluation.single(&input, "memberOf")?,
        evaluation.string(&url, "memberOf")?,
    ) else {
        return Ok(Collection::empty());
    };
    evaluation
        .environment
        .hooks
        .member_of
        .and_then(|member_of| member_of(item, &url))
        .map(Into::into)
        .ok_or(EvaluationError::NotSupported("memberOf"))
}

fn subsumes<'a>(
    evaluation: &Evaluation<'_, 'a>,
    ancestor: &Collection<'a>,
    descendant: &Collection<'a>,
    what: &'static str,
) -> Answer<'a> {
    let (Some(ancestor), Some(descendant)) = (
        evaluation.single(ancestor, what)?,
        evaluation.single(descendant, what)?,
    ) else {
        return Ok(Collection::empty());
    };
    evaluation
        .environment
        .hooks
        .subsumes
        .and_then(|subsumes| subsumes(ancestor, descendant))
        .map(Into::into)
        .ok_or(EvaluationError::NotSupported(what))
}

fn html_checks<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    _: &'a Call,
    _: Focus<'_, 'a>,
) -> Answer<'a> {
    let Some(item) = evaluation.single(&input, "htmlChecks")? else {
        return Ok(Collection::empty());
    };
    let node = item.node().ok_or(EvaluationError::Type("htmlChecks"))?;
    let html_checks = evaluation.environment.hooks.html_checks;
    html_checks
        .map(|html_checks| html_checks(node).into())
        .ok_or(EvaluationError::NotSupported("htmlChecks"))
}

/// The input, unless it carries a modifier extension that is not among those named.
fn check_modifiers<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut known = Vec::with_capacity(call.arguments.len());
    for place in 0..call.arguments.len() {
        let url = evaluation.argument(call, place, focus)?;
        known.extend(evaluation.string(&url, "checkModifiers")?);
    }
    for node in input.iter().filter_map(Item::node) {
        evaluation.named(node, "modifierExtension", &mut |child| {
            let url = child
                .value
                .and_then(|value| value.get("url").and_then(Value::string));
            if url.is_some_and(|url| known.contains(&url)) {
                Ok(())
            } else {
                Err(EvaluationError::Type("checkModifiers"))
            }
        })?;
    }
    Ok(input)
}
