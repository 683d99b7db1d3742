//! From an element to the elements below it, by the element table (<https://hl7.org/fhir/R4/fhirpath.html#polymorphism>).

use super::EvaluationError;
use super::collection::Collection;
use super::evaluation::{Answer, Evaluation, Focus};
use super::item::{Item, Node, TypeInfo};
use super::members::{Member, Members};
use super::tree::{Step, Tree};
use crate::definitions::structure::{TypeId, TypeKind};
use crate::json::{Kind, Value};

impl<'a> Evaluation<'_, 'a> {
    /// The elements at the end of a path.
    pub(super) fn path(
        &self,
        base: Option<&'a Tree>,
        steps: &'a [Step],
        focus: Focus<'_, 'a>,
    ) -> Answer<'a> {
        let mut found = Collection::empty();
        match (base, focus.this) {
            (Some(tree), _) => {
                for item in self.run(tree, focus)?.iter() {
                    self.walk(item, steps, &mut found)?;
                }
            }
            (None, Some(item)) => {
                let is_type = steps.first().is_some_and(|step| step.may_be_type)
                    && self.is_named(item, &steps[0].name);
                let steps = if is_type { &steps[1..] } else { steps };
                self.walk(item, steps, &mut found)?;
            }
            (None, None) => {}
        }
        Ok(found)
    }

    fn walk(
        &self,
        item: &Item<'a>,
        steps: &'a [Step],
        found: &mut Collection<'a>,
    ) -> Result<(), EvaluationError> {
        let Some((step, rest)) = steps.split_first() else {
            return self.push(found, item.clone());
        };
        match item {
            Item::Node(node) => self.named(*node, &step.name, &mut |child| {
                self.walk(&Item::Node(child), rest, found)
            }),
            Item::Type(info) => match type_member(info, &step.name) {
                Some(item) => self.walk(&item, rest, found),
                None => Ok(()),
            },
            Item::Elsewhere(_) => Err(EvaluationError::NotSupported(
                "the content of a resource that is elsewhere",
            )),
            Item::Quantity(quantity) => match &*step.name {
                "value" => self.walk(&Item::Decimal(quantity.value), rest, found),
                _ => Ok(()),
            },
            Item::Boolean(_)
            | Item::Integer(_)
            | Item::Decimal(_)
            | Item::String(_)
            | Item::Date(_)
            | Item::DateTime(_)
            | Item::Time(_) => Ok(()),
        }
    }

    /// Visits the elements of one name; a choice is found by its name without type.
    pub(super) fn named(
        &self,
        node: Node<'a>,
        name: &str,
        visit: &mut dyn FnMut(Node<'a>) -> Result<(), EvaluationError>,
    ) -> Result<(), EvaluationError> {
        let Some(object) = members_of(node) else {
            return Ok(());
        };
        let definition = self.environment.structures.get(node.type_id);
        let mut found: Option<(Option<Value<'a>>, Option<Value<'a>>, TypeId)> = None;
        for member in Members::of(object).filter(|member| member.may_be(name)) {
            let Some((element, element_type)) = definition.member(member.name()) else {
                continue;
            };
            // `valueQuantity` is a JSON name, `value` the element's.
            if &*element.name != name {
                continue;
            }
            let pair = found.get_or_insert((None, None, element_type.type_id));
            // A choice given twice, which only invalid content does: each type for itself.
            if pair.2 != element_type.type_id {
                self.pairs(pair.0.take(), pair.1.take(), pair.2, visit)?;
                pair.2 = element_type.type_id;
            }
            if member.is_companion() {
                pair.1 = Some(member.value);
                continue;
            }
            pair.0 = Some(member.value);
            // Beside what is no primitive stands nothing, and no choice is given twice but by mistake.
            let kind = self.environment.structures.get(element_type.type_id).kind;
            if !element.is_choice && kind != TypeKind::Primitive {
                break;
            }
        }
        match found {
            Some((value, companion, type_id)) => self.pairs(value, companion, type_id, visit),
            None => Ok(()),
        }
    }

    /// Visits all elements below a node, in the order of the text.
    pub(super) fn children(
        &self,
        node: Node<'a>,
        visit: &mut dyn FnMut(Node<'a>) -> Result<(), EvaluationError>,
    ) -> Result<(), EvaluationError> {
        let Some(object) = members_of(node) else {
            return Ok(());
        };
        let definition = self.environment.structures.get(node.type_id);
        let companions: Vec<_> = Members::of(object).filter(Member::is_companion).collect();
        for member in Members::of(object) {
            self.charge(1)?;
            let (value, companion) = if member.is_companion() {
                // Beside a value it was visited with that.
                let mut members = Members::of(object);
                if members.any(|other| !other.is_companion() && other.is_beside(&member)) {
                    continue;
                }
                (None, Some(member.value))
            } else {
                let mut beside = companions.iter().filter(|other| other.is_beside(&member));
                (Some(member.value), beside.next().map(|other| other.value))
            };
            if let Some((_, element_type)) = definition.member(member.name()) {
                self.pairs(value, companion, element_type.type_id, visit)?;
            }
        }
        Ok(())
    }

    /// Visits everything below a node, each before what is below it.
    pub(super) fn descendants(
        &self,
        node: Node<'a>,
        found: &mut Collection<'a>,
    ) -> Result<(), EvaluationError> {
        // Documents nest no deeper than the JSON parser lets them.
        self.children(node, &mut |child| {
            self.push(found, Item::Node(child))?;
            self.descendants(child, found)
        })
    }

    /// Visits the items of a value and its companion, which stand side by side.
    fn pairs(
        &self,
        value: Option<Value<'a>>,
        companion: Option<Value<'a>>,
        type_id: TypeId,
        visit: &mut dyn FnMut(Node<'a>) -> Result<(), EvaluationError>,
    ) -> Result<(), EvaluationError> {
        if let (Some(value), None) = (value, companion)
            && !matches!(value.kind(), Kind::Array | Kind::Null)
        {
            return visit(Node {
                value: Some(value),
                companion,
                type_id: self.concrete(Some(value), type_id),
            });
        }
        let mut values = value.into_iter().flat_map(Value::each);
        let mut companions = companion.into_iter().flat_map(Value::each);
        loop {
            let (value, companion) = (values.next(), companions.next());
            if value.is_none() && companion.is_none() {
                return Ok(());
            }
            let value = value.filter(|value| !value.is_null());
            let companion = companion.filter(|companion| companion.kind() == Kind::Object);
            if value.is_none() && companion.is_none() {
                continue;
            }
            visit(Node {
                value,
                companion,
                type_id: self.concrete(value, type_id),
            })?;
        }
    }

    /// A resource's own type where the element only says `Resource`.
    fn concrete(&self, value: Option<Value<'a>>, type_id: TypeId) -> TypeId {
        let structures = self.environment.structures;
        if structures.get(type_id).kind != TypeKind::Resource {
            return type_id;
        }
        value
            .and_then(|value| Node::resource(value, structures))
            .map_or(type_id, |node| node.type_id)
    }
}

/// The object that holds a node's members: its own, or the companion of a primitive.
fn members_of(node: Node<'_>) -> Option<Value<'_>> {
    match node.value {
        Some(value) if value.kind() == Kind::Object => Some(value),
        _ => node.companion,
    }
}

fn type_member<'a>(info: &TypeInfo<'a>, name: &str) -> Option<Item<'a>> {
    let text = match name {
        "namespace" => info.namespace,
        "name" => info.name,
        "baseType" => info.base?,
        _ => return None,
    };
    Some(Item::String(text.into()))
}
