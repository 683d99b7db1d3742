//! The elements below a node, each with its definition: primitives together with what stands beside them.

use crate::definitions::structure::{Element, ElementType, Structures, TypeId, TypeKind};
use crate::json::{Kind, Value};
use crate::path::Node;

/// One element below another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child<'a> {
    pub(super) element: &'a Element,
    pub(super) chosen: &'a ElementType,
    pub(super) node: Node<'a>,
    /// The place in its list, where it may repeat.
    pub(super) index: Option<usize>,
}

/// The elements below a node, in the order of the text; what the definition does not know is left out.
pub(super) fn children<'a>(structures: &'a Structures, node: Node<'a>) -> Vec<Child<'a>> {
    let Some(object) = members_of(node) else {
        return Vec::new();
    };
    let definition = structures.get(node.type_id);
    let mut found = Vec::new();
    let has_companions = object.members().any(|(name, _)| name.starts_with('_'));
    for (name, value) in object.members() {
        let (bare, is_companion) = match name.strip_prefix('_') {
            Some(bare) => (bare, true),
            None => (&*name, false),
        };
        let Some((element, chosen)) = definition.member(bare) else {
            continue;
        };
        let (main, companion) = if is_companion {
            if object.get(bare).is_some() {
                continue;
            }
            (None, Some(value))
        } else {
            let companion = has_companions.then(|| companion(object, bare)).flatten();
            (Some(value), companion)
        };
        add(structures, (element, chosen), (main, companion), &mut found);
    }
    found
}

fn companion<'a>(object: Value<'a>, name: &str) -> Option<Value<'a>> {
    object
        .members()
        .find(|(other, _)| other.strip_prefix('_') == Some(name))
        .map(|(_, value)| value)
}

fn add<'a>(
    structures: &'a Structures,
    (element, chosen): (&'a Element, &'a ElementType),
    (main, companion): (Option<Value<'a>>, Option<Value<'a>>),
    found: &mut Vec<Child<'a>>,
) {
    let mut push = |value: Option<Value<'a>>, companion: Option<Value<'a>>, index| {
        let value = value.filter(|value| !value.is_null());
        let companion = companion.filter(|companion| companion.kind() == Kind::Object);
        if value.is_none() && companion.is_none() {
            return;
        }
        found.push(Child {
            element,
            chosen,
            node: Node {
                value,
                companion,
                type_id: concrete(structures, value, chosen.type_id),
            },
            index,
        });
    };
    if !element.is_list() {
        return push(main, companion, None);
    }
    let mut mains = main.into_iter().flat_map(Value::items);
    let mut companions = companion.into_iter().flat_map(Value::items);
    for index in 0.. {
        let (main, companion) = (mains.next(), companions.next());
        if main.is_none() && companion.is_none() {
            break;
        }
        push(main, companion, Some(index));
    }
}

/// The object that holds a node's members: its own, or what stands beside a primitive.
fn members_of(node: Node<'_>) -> Option<Value<'_>> {
    match node.value {
        Some(value) if value.kind() == Kind::Object => Some(value),
        _ => node.companion,
    }
}

/// A resource's own type where the element only says `Resource`.
fn concrete(structures: &Structures, value: Option<Value<'_>>, type_id: TypeId) -> TypeId {
    if structures.get(type_id).kind != TypeKind::Resource {
        return type_id;
    }
    value
        .and_then(|value| Node::resource(value, structures))
        .map_or(type_id, |node| node.type_id)
}

/// The value of a node, or what stands beside it: where to point at.
pub(super) fn place<'a>(node: Node<'a>) -> Option<Value<'a>> {
    node.value.or(node.companion)
}

/// The text of a member of a node.
pub(super) fn text<'a>(node: Node<'a>, name: &str) -> Option<std::borrow::Cow<'a, str>> {
    node.value?.get(name)?.string()
}
