//! What of a parameter can be sorted by, and how many values a resource has.

use super::Source;
use super::compiler::CompiledOperand;
use crate::definitions::search_parameters::SearchType;
use crate::ids::ResourceType;
use crate::search::operand::Path;
use crate::search::value_kind::ValueKind;

/// Whether the parts together have at most one value in any resource: there is one, or they are choices of one element.
pub(super) fn is_single(operands: &[CompiledOperand]) -> bool {
    let mut element = None;
    operands.iter().all(|operand| {
        let Source::Path { path, .. } = &operand.source else {
            return false;
        };
        let is_same = *element.get_or_insert(path.element()) == path.element();
        is_same && path.is_single() && operand.kinds.iter().all(|one| has_one_value(one.1))
    })
}

/// Whether a search compares no more than one thing of such a value.
fn has_one_value(kind: ValueKind) -> bool {
    match kind {
        ValueKind::Address | ValueKind::CodeableConcept | ValueKind::HumanName => false,
        ValueKind::Boolean
        | ValueKind::Canonical
        | ValueKind::Code
        | ValueKind::Coding
        | ValueKind::ContactPoint
        | ValueKind::Date
        | ValueKind::Id
        | ValueKind::Identifier
        | ValueKind::Money
        | ValueKind::Number
        | ValueKind::Other
        | ValueKind::Period
        | ValueKind::Position
        | ValueKind::Quantity
        | ValueKind::Range
        | ValueKind::Reference
        | ValueKind::Resource
        | ValueKind::SampledData
        | ValueKind::Text
        | ValueKind::Timing
        | ValueKind::Uri => true,
    }
}

/// SQL/JSON paths to the texts of tokens, references and uris, or none where a part is no plain path.
pub(super) fn sort_paths(
    search_type: SearchType,
    operands: &[CompiledOperand],
) -> Option<Vec<Box<str>>> {
    if !matches!(
        search_type,
        SearchType::Token | SearchType::Reference | SearchType::Uri
    ) {
        return None;
    }
    let mut paths = Vec::new();
    for operand in operands {
        let Source::Path { path, .. } = &operand.source else {
            return None;
        };
        let filter = operand.target.map(to_type).unwrap_or_default();
        for (member, kind) in &operand.kinds {
            let text = match kind {
                ValueKind::CodeableConcept => ".coding[*].code",
                ValueKind::Coding => ".code",
                ValueKind::ContactPoint | ValueKind::Identifier => ".value",
                ValueKind::Reference => ".reference",
                _ => "",
            };
            paths.push(format!("{}{filter}{text}", json_path(path, *member)).into());
        }
    }
    paths.sort_unstable();
    paths.dedup();
    Some(paths)
}

/// The place of a path's values; only its last step can be a choice.
fn json_path(path: &Path, last_member: usize) -> String {
    let mut text = "$".to_owned();
    for (place, step) in path.steps().iter().enumerate() {
        let is_last = place + 1 == path.steps().len();
        let member = step.members.get(if is_last { last_member } else { 0 });
        text.push('.');
        text.push_str(member.map_or("", |(name, _)| name));
        if step.is_list {
            text.push_str("[*]");
        }
        if let Some(condition) = &step.condition {
            let asked = format!(" ? (@.{} == \"{}\")", condition.member, condition.text);
            text.push_str(&asked);
        }
    }
    text
}

/// `where(resolve() is T)`: the reference says so, or its type where it does not.
fn to_type(target: ResourceType) -> String {
    let names = |name: &str| {
        format!("@.reference like_regex \"(^|/){name}/[A-Za-z0-9.-]{{1,64}}(/_history/.*)?$\"")
    };
    let named = names(target.name());
    let other = names("[A-Z][A-Za-z]+");
    format!(" ? ({named} || @.type == \"{target}\" && !({other}))")
}
