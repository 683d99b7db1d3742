//! `resolve()` without a database: contained resources, and what a reference itself tells
//! (<https://hl7.org/fhir/R4/references.html>).

use std::borrow::Cow;

use crate::definitions::structure::{Structures, TypeId, TypeKind};
use crate::json::Value;
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::item::Elsewhere;
use crate::path::tree::Call;
use crate::path::{Collection, Item, Node};

/// The items references lead to; those that lead nowhere are left out.
pub(super) fn resolve<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    _: &'a Call,
    _: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut found = Collection::empty();
    for item in input {
        if let Some(target) = target(evaluation, &item) {
            evaluation.push(&mut found, target)?;
        }
    }
    Ok(found)
}

fn target<'a>(evaluation: &Evaluation<'_, 'a>, item: &Item<'a>) -> Option<Item<'a>> {
    let structures = evaluation.environment.structures;
    let (text, declared) = match item {
        Item::Node(node) if &*structures.get(node.type_id).name == "Reference" => {
            let member = |name| node.value?.get(name)?.string();
            (member("reference"), member("type"))
        }
        item => (item.string(structures), None),
    };
    let Some(text) = text else {
        // A logical reference: its type is all there is to know.
        let type_id = resource_type(structures, &declared?)?;
        return Some(Item::Elsewhere(Elsewhere {
            type_id: Some(type_id),
        }));
    };
    if let Some(id) = text.strip_prefix('#') {
        return contained(evaluation, id).map(Item::Node);
    }
    let at_hand = evaluation.environment.resources;
    if let Some(node) = at_hand.and_then(|resources| resources.get(&*text)) {
        return Some(Item::Node(*node));
    }
    let type_id = declared
        .and_then(|declared: Cow<'a, str>| resource_type(structures, &declared))
        .or_else(|| reference_type(structures, &text));
    Some(Item::Elsewhere(Elsewhere { type_id }))
}

/// The contained resource of that id; an empty id is the container itself.
fn contained<'a>(evaluation: &Evaluation<'_, 'a>, id: &str) -> Option<Node<'a>> {
    let structures = evaluation.environment.structures;
    let containers = [evaluation.resource, evaluation.root_resource()];
    for container in containers.into_iter().flatten() {
        let value = container.value?;
        if id.is_empty() {
            return evaluation.root_resource();
        }
        let fits = |candidate: &Value<'a>| {
            candidate.get("id").and_then(Value::string).as_deref() == Some(id)
        };
        let inner = value
            .get("contained")
            .into_iter()
            .flat_map(Value::items)
            .find(fits);
        if let Some(inner) = inner {
            return Node::resource(inner, structures);
        }
    }
    None
}

/// The resource type a literal reference names: `Patient/1`, `http://server/fhir/Patient/1/_history/2`.
fn reference_type(structures: &Structures, text: &str) -> Option<TypeId> {
    let text = text.split(['?', '#', '|']).next().unwrap_or_default();
    let mut parts = text.rsplit('/');
    let id = parts.next()?;
    let mut name = parts.next()?;
    if name == "_history" {
        parts.next()?;
        name = parts.next()?;
    }
    if id.is_empty() {
        return None;
    }
    resource_type(structures, name)
}

/// The resource type of a name or of the URL of its definition.
fn resource_type(structures: &Structures, name: &str) -> Option<TypeId> {
    let name = name
        .strip_prefix("http://hl7.org/fhir/StructureDefinition/")
        .unwrap_or(name);
    let found = structures.by_name(name)?;
    (structures.get(found).kind == TypeKind::Resource).then_some(found)
}
