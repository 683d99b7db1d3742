//! The plain part of FHIRPath that nearly all search parameters are written in, taken apart so that a resource is
//! walked without an evaluator: names below one another, `as`, `where(name='text')` and `where(resolve() is T)`.
//!
//! What is not of this form stays an expression. A test holds both ways to the same answers on all examples.

use std::borrow::Cow;

use self::syntax::{Part, parse};
use crate::definitions::structure::{Element, ElementType, Structures, TypeId, TypeKind};
use crate::ids::{ResourceId, ResourceType};
use crate::json::Value;

pub(super) mod syntax;

/// One operand of a parameter's union, as a path.
#[derive(Debug)]
pub(super) struct Path {
    steps: Vec<Step>,
    /// `where(resolve() is T)`
    resolves_to: Option<ResourceType>,
    /// The names of the elements, without their types.
    element: String,
}

#[derive(Debug)]
pub(super) struct Step {
    /// JSON members, each with the type of what stands there; several for a choice of types.
    pub(super) members: Vec<(Box<str>, TypeId)>,
    /// Whether the element may repeat.
    pub(super) is_list: bool,
    /// `where(name='text')`
    pub(super) condition: Option<Condition>,
}

/// A member that must be a text.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) member: Box<str>,
    pub(super) text: Box<str>,
}

/// What stands at the end of a path: elements, each with one of its types.
pub(super) type Ends<'s> = Vec<(&'s Element, TypeId)>;

/// Why an operand is not a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotAPath {
    /// Written with more of FHIRPath.
    Otherwise,
    /// An element that the types on the way do not have.
    UnknownElement,
}

impl Path {
    /// Takes an operand apart, for resources of a type; the elements at its end come with it.
    pub(super) fn compile<'s>(
        operand: &str,
        resource_type: TypeId,
        structures: &'s Structures,
    ) -> Result<(Self, Ends<'s>), NotAPath> {
        let mut parts = Vec::new();
        parse(operand.trim(), &mut parts).ok_or(NotAPath::Otherwise)?;
        let mut parts = parts.into_iter().peekable();
        let names_type = |part: &Part<'_>| {
            let Part::Name(name) = part else {
                return false;
            };
            let named = structures.by_name(name);
            named.is_some_and(|named| structures.is_a(resource_type, named))
        };
        parts.next_if(names_type);
        let mut path = Self {
            steps: Vec::new(),
            resolves_to: None,
            element: String::new(),
        };
        let mut here: Vec<(&'s Element, &'s ElementType)> = Vec::new();
        let mut condition = None;
        let mut parent = resource_type;
        for part in parts {
            if path.resolves_to.is_some() {
                return Err(NotAPath::Otherwise);
            }
            match part {
                Part::Name(name) => {
                    if !here.is_empty() {
                        parent = path.step(&here, condition.take())?;
                    }
                    let element = structures.get(parent).element(name);
                    let element = element.ok_or(NotAPath::UnknownElement)?;
                    here = element.types.iter().map(|one| (element, one)).collect();
                }
                Part::As(name) => narrow(&mut here, name, structures)?,
                Part::ResolvesTo(name) => {
                    let named = ResourceType::parse(name).ok_or(NotAPath::UnknownElement)?;
                    path.resolves_to = Some(named);
                }
                Part::Where(member, text) => {
                    let only = one_type(&here).ok_or(NotAPath::Otherwise)?;
                    let element = structures.get(only).element(member);
                    let element = element.ok_or(NotAPath::UnknownElement)?;
                    if condition.is_some() || element.is_list() || element.is_choice {
                        return Err(NotAPath::Otherwise);
                    }
                    condition = Some(Condition {
                        member: member.into(),
                        text: text.into(),
                    });
                }
            }
        }
        if here.is_empty() {
            return Err(NotAPath::Otherwise);
        }
        path.push(&here, condition);
        let ends = here.iter().map(|(element, one)| (*element, one.type_id));
        Ok((path, ends.collect()))
    }

    /// Goes on below an element, which must be of one type.
    fn step(
        &mut self,
        here: &[(&Element, &ElementType)],
        condition: Option<Condition>,
    ) -> Result<TypeId, NotAPath> {
        let parent = one_type(here).ok_or(NotAPath::Otherwise)?;
        self.push(here, condition);
        Ok(parent)
    }

    fn push(&mut self, here: &[(&Element, &ElementType)], condition: Option<Condition>) {
        let members = here
            .iter()
            .map(|(_, one)| (one.json_name.clone(), one.type_id));
        if let Some((element, _)) = here.first() {
            self.element.push('.');
            self.element.push_str(&element.name);
        }
        self.steps.push(Step {
            members: members.collect(),
            is_list: here.iter().any(|(element, _)| element.is_list()),
            condition,
        });
    }

    /// The steps, the first one from the resource.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The type that references must be to, as far as the path itself asks. [`Path::visit`] does not look at it.
    pub(super) fn resolves_to(&self) -> Option<ResourceType> {
        self.resolves_to
    }

    /// The names of the elements on the way: equal for the choices of one element.
    pub(super) fn element(&self) -> &str {
        &self.element
    }

    /// Whether no resource has more than one value there.
    pub(super) fn is_single(&self) -> bool {
        self.steps.iter().all(|step| !step.is_list)
    }

    /// The path in JSON's names, whatever the expression's spelling; `where(resolve() is T)` left out.
    pub(super) fn place(&self) -> String {
        let step = |step: &Step| {
            let names: Vec<&str> = step.members.iter().map(|(name, _)| &**name).collect();
            let condition = step.condition.as_ref();
            let condition = condition.map(|one| format!("[{}={:?}]", one.member, one.text));
            names.join("/") + &condition.unwrap_or_default()
        };
        let steps: Vec<String> = self.steps.iter().map(step).collect();
        steps.join(".")
    }

    /// Visits each value the path leads to, with its type.
    pub(super) fn visit<'v>(
        &self,
        resource: &RootMembers<'v>,
        visit: &mut dyn FnMut(Value<'v>, TypeId),
    ) {
        let Some((first, below)) = self.steps.split_first() else {
            return;
        };
        for (name, type_id) in &first.members {
            for item in resource.get(name).into_iter().flat_map(Value::each) {
                if first.holds(item) {
                    walk(item, *type_id, below, visit);
                }
            }
        }
    }
}

impl Step {
    fn holds(&self, item: Value<'_>) -> bool {
        let Some(Condition { member, text }) = &self.condition else {
            return true;
        };
        let found = item.get(member).and_then(Value::string);
        found.is_some_and(|found| found == **text)
    }
}

fn one_type(here: &[(&Element, &ElementType)]) -> Option<TypeId> {
    match here {
        [(_, only)] => Some(only.type_id),
        _ => None,
    }
}

/// Keeps the choices that `as` leaves.
fn narrow(
    here: &mut Vec<(&Element, &ElementType)>,
    name: &str,
    structures: &Structures,
) -> Result<(), NotAPath> {
    let named = structures.by_name(name).ok_or(NotAPath::UnknownElement)?;
    // A primitive is taken by its own type alone, as the evaluator does.
    let is_primitive = structures.get(named).kind == TypeKind::Primitive;
    here.retain(|(_, one)| {
        let inherits = !is_primitive && structures.is_a(one.type_id, named);
        one.type_id == named || inherits
    });
    if here.is_empty() {
        return Err(NotAPath::UnknownElement);
    }
    Ok(())
}

/// The members of a resource, read from the tape once: every path begins at them.
#[derive(Debug)]
pub(super) struct RootMembers<'v>(Vec<(Cow<'v, str>, Value<'v>)>);

impl<'v> RootMembers<'v> {
    pub(super) fn of(resource: Value<'v>) -> Self {
        Self(resource.members().collect())
    }

    /// Those of a contained resource, which has none contained itself: `#id` there is one that the container contains.
    pub(super) fn within(resource: Value<'v>, container: Value<'v>) -> Self {
        let own = resource.members();
        let siblings = container
            .get("contained")
            .map(|value| (Cow::Borrowed("contained"), value));
        Self(own.chain(siblings).collect())
    }

    fn get(&self, name: &str) -> Option<Value<'v>> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }
}

fn walk<'v>(
    value: Value<'v>,
    type_id: TypeId,
    steps: &[Step],
    visit: &mut dyn FnMut(Value<'v>, TypeId),
) {
    let Some((step, below)) = steps.split_first() else {
        if !value.is_null() {
            visit(value, type_id);
        }
        return;
    };
    for (name, type_id) in &step.members {
        for item in value.get(name).into_iter().flat_map(Value::each) {
            if step.holds(item) {
                walk(item, *type_id, below, visit);
            }
        }
    }
}

/// Whether a Reference points at a resource of a type, as far as it or the resource around it tells.
pub(super) fn resolves_to(
    reference: Value<'_>,
    resource: &RootMembers<'_>,
    target: ResourceType,
) -> bool {
    fn text<'v>(value: Value<'v>, name: &str) -> Option<Cow<'v, str>> {
        value.get(name).and_then(Value::string)
    }
    let Some(literal) = text(reference, "reference") else {
        return text(reference, "type").is_some_and(|named| named == target.name());
    };
    if let Some(id) = literal.strip_prefix('#') {
        let contained = resource.get("contained").into_iter().flat_map(Value::items);
        return contained
            .filter(|one| text(*one, "id").is_some_and(|known| known == id))
            .any(|one| text(one, "resourceType").is_some_and(|named| named == target.name()));
    }
    let path = literal
        .split_once("/_history/")
        .map_or(&*literal, |one| one.0);
    let mut segments = path.rsplit('/');
    let is_id = segments.next().is_some_and(ResourceId::is_valid);
    match segments.next().and_then(ResourceType::parse) {
        Some(named) if is_id => named == target,
        _ => text(reference, "type").is_some_and(|named| named == target.name()),
    }
}

#[cfg(test)]
mod tests;
