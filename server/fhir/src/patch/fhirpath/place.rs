//! Where a node stands in its resource, and how something is put there.

use std::borrow::Cow;
use std::ops::Range;

use super::content::{Content, Occurrence, texts};
use super::{Reason, the_resource_itself};
use crate::definitions::structure::{Element, ElementType, Structures, TypeDefinition, TypeKind};
use crate::json::{Document, Kind, ParseLimits, Value, edit, quoted};
use crate::patch::{PatchErrorKind, reason};
use crate::path::Node;

/// The way from a resource to one of its elements; empty for the resource itself.
#[derive(Debug)]
pub(super) struct Place<'a> {
    node: Node<'a>,
    steps: Vec<Step<'a>>,
}

/// One element on the way.
#[derive(Clone, Debug)]
struct Step<'a> {
    /// The object whose member the element is.
    owner: Value<'a>,
    /// Whether that object stands beside a primitive.
    owner_is_companion: bool,
    element: &'a Element,
    chosen: &'a ElementType,
    /// Which of the element's occurrences.
    position: usize,
}

impl<'a> Place<'a> {
    /// The place of a node; `None` where it stands in another document.
    pub(super) fn of(root: Node<'a>, node: Node<'a>, structures: &'a Structures) -> Option<Self> {
        let target = node.value.or(node.companion)?;
        let mut object = root.value?;
        if !std::ptr::eq(target.document(), object.document()) {
            return None;
        }
        let mut definition = structures.get(root.type_id);
        let mut owner_is_companion = false;
        let mut steps = Vec::new();
        while object.index() != target.index() {
            let (key, member) = object
                .members()
                .find(|(_, member)| extent(*member).contains(&target.index()))?;
            let bare = key.strip_prefix('_');
            let (element, chosen) = definition.member(bare.unwrap_or(&key))?;
            let (position, item) = member
                .each()
                .enumerate()
                .find(|(_, item)| extent(*item).contains(&target.index()))?;
            steps.push(Step {
                owner: object,
                owner_is_companion,
                element,
                chosen,
                position,
            });
            object = item;
            owner_is_companion = bare.is_some();
            definition = structures.get(chosen.type_id);
            if definition.kind == TypeKind::Resource
                && let Some(resource) = Node::resource(item, structures)
            {
                definition = structures.get(resource.type_id);
            }
        }
        Some(Self { node, steps })
    }

    /// The element; none of the resource itself.
    pub(super) fn element(&self) -> Option<&'a Element> {
        self.steps.last().map(|step| step.element)
    }

    /// Which of the element's occurrences it is.
    pub(super) fn position(&self) -> usize {
        self.steps.last().map_or(0, |step| step.position)
    }

    /// How many occurrences the element has there.
    pub(super) fn count(&self) -> usize {
        self.steps.last().map_or(0, |step| step.occurrences().len())
    }

    /// Whether both are occurrences of one element in one place.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        match (self.steps.last(), other.steps.last()) {
            (Some(a), Some(b)) => {
                a.owner.index() == b.owner.index() && a.chosen.json_name == b.chosen.json_name
            }
            _ => false,
        }
    }

    /// Whether an element of that name is there below this place.
    pub(super) fn has_member(&self, definition: &TypeDefinition, name: &str) -> bool {
        let members = self.object().into_iter().flat_map(Value::members);
        members
            .filter_map(|(key, _)| {
                let bare = key.strip_prefix('_').unwrap_or(&key);
                definition.member(bare).map(|(element, _)| element)
            })
            .any(|element| &*element.name == name)
    }

    /// The object that holds what is below.
    fn object(&self) -> Option<Value<'a>> {
        match self.node.value {
            Some(value) if value.kind() == Kind::Object => Some(value),
            _ => self.node.companion,
        }
    }

    /// The text with something else in this place, or nothing.
    pub(super) fn set(&self, content: Option<Content<'_>>) -> Result<String, Reason> {
        let Some((step, above)) = self.steps.split_last() else {
            return Err(the_resource_itself());
        };
        let mut occurrences = step.occurrences();
        let Some(content) = content else {
            occurrences.remove(step.position);
            return put(step, above, &occurrences);
        };
        if content.name == *step.chosen.json_name {
            occurrences[step.position] = content.occurrence;
            return put(step, above, &occurrences);
        }
        // Another type of a choice, which never repeats, has another name.
        let (value, companion) = texts(&[content.occurrence], false);
        let mut changes = vec![(Cow::Borrowed(&*step.chosen.json_name), None)];
        changes.push((beside(&step.chosen.json_name), None));
        changes.push((Cow::Borrowed(&content.name), value));
        changes.push((beside(&content.name), companion));
        with_members(step.owner, changes)
    }

    /// The text with the occurrences of this element changed.
    pub(super) fn rearrange<'b>(
        &'b self,
        change: impl FnOnce(&mut Vec<Occurrence<'b>>),
    ) -> Result<String, Reason> {
        let (step, above) = self.steps.split_last().ok_or_else(the_resource_itself)?;
        let mut occurrences = step.occurrences();
        change(&mut occurrences);
        put(step, above, &occurrences)
    }

    /// The text with an element more below this place.
    pub(super) fn append(&self, is_list: bool, content: Content<'_>) -> Result<String, Reason> {
        if let Some(owner) = self.object() {
            let mut all = occurrences(owner, &content.name);
            all.push(content.occurrence);
            let (value, companion) = texts(&all, is_list);
            let changes = vec![
                (Cow::Borrowed(&*content.name), value),
                (beside(&content.name), companion),
            ];
            return with_members(owner, changes);
        }
        // A primitive that has nothing beside it yet.
        let (step, above) = self.steps.split_last().ok_or_else(the_resource_itself)?;
        let (value, companion) = texts(&[content.occurrence], is_list);
        let member = |key: Cow<'_, str>, text: Option<String>| {
            text.map(|text| format!("{}:{text}", quoted(&key)))
        };
        let members = [
            member(Cow::Borrowed(&*content.name), value),
            member(beside(&content.name), companion),
        ];
        let members: Vec<_> = members.into_iter().flatten().collect();
        let mut occurrences = step.occurrences();
        occurrences[step.position].companion = Some(format!("{{{}}}", members.join(",")).into());
        put(step, above, &occurrences)
    }
}

impl<'a> Step<'a> {
    fn occurrences(&self) -> Vec<Occurrence<'a>> {
        occurrences(self.owner, &self.chosen.json_name)
    }
}

/// The occurrences of an element, with what stands beside each.
fn occurrences<'a>(owner: Value<'a>, name: &str) -> Vec<Occurrence<'a>> {
    let side = |name: &str| {
        let items = owner.get(name).into_iter().flat_map(Value::each);
        items
            .map(|item| (!item.is_null()).then(|| Cow::Borrowed(item.raw())))
            .collect::<Vec<_>>()
    };
    let (values, companions) = (side(name), side(&beside(name)));
    let count = values.len().max(companions.len());
    let both = |position: usize| Occurrence {
        value: values.get(position).cloned().flatten(),
        companion: companions.get(position).cloned().flatten(),
    };
    (0..count).map(both).collect()
}

/// The text with these occurrences of an element. Where nothing is left of its owner, that is taken away as well.
fn put(step: &Step<'_>, above: &[Step<'_>], all: &[Occurrence<'_>]) -> Result<String, Reason> {
    let name = &*step.chosen.json_name;
    let is_own = |key: &str| key.strip_prefix('_').unwrap_or(key) == name;
    let is_alone = step.owner.members().all(|(key, _)| is_own(&key));
    if let ([], true, Some((upper, above))) = (all, is_alone, above.split_last()) {
        let mut occurrences = upper.occurrences();
        if step.owner_is_companion && occurrences[upper.position].value.is_some() {
            occurrences[upper.position].companion = None;
        } else {
            occurrences.remove(upper.position);
        }
        return put(upper, above, &occurrences);
    }
    let (value, companion) = texts(all, step.element.is_list());
    let changes = vec![(Cow::Borrowed(name), value), (beside(name), companion)];
    with_members(step.owner, changes)
}

fn beside(name: &str) -> Cow<'static, str> {
    Cow::Owned(format!("_{name}"))
}

/// The text with members of one object set, or taken away where there is no text for them.
fn with_members(
    object: Value<'_>,
    changes: Vec<(Cow<'_, str>, Option<String>)>,
) -> Result<String, Reason> {
    let is_change =
        |name: &str, text: &Option<String>| text.is_some() || object.get(name).is_some();
    let changes = changes
        .into_iter()
        .filter(|(name, text)| is_change(name, text));
    let mut document: Option<Document> = None;
    for (name, text) in changes {
        // What changes is inside the object, so that its place on the tape is the same afterwards.
        let object = document
            .as_ref()
            .map_or(object, |document| Value::new(document, object.index()));
        let text = match text {
            Some(text) => edit::set_member(object, &name, &text),
            None => edit::remove_member(object, &name),
        };
        let parsed = Document::parse_with(text, ParseLimits::STORED)
            .map_err(|fault| reason(PatchErrorKind::Result, fault.kind.to_string()))?;
        document = Some(parsed);
    }
    let document = document.as_ref().unwrap_or_else(|| object.document());
    Ok(document.text().to_owned())
}

/// The places on the tape that a value takes, its own and those below.
fn extent(value: Value<'_>) -> Range<u32> {
    value.index()..value.document().node(value.index()).next
}
