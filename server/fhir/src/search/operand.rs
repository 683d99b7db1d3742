//! The plain part of FHIRPath that nearly all search parameters are written in, taken apart so that a resource is
//! walked without an evaluator: names below one another, `as`, and `where(resolve() is T)`.
//!
//! What is not of this form stays an expression. A test holds both ways to the same answers on all examples.

use std::borrow::Cow;

use crate::definitions::structure::{Element, ElementType, Structures, TypeId, TypeKind};
use crate::ids::{ResourceId, ResourceType};
use crate::json::Value;

/// One operand of a parameter's union, as a path.
#[derive(Debug)]
pub(super) struct Path {
    steps: Vec<Step>,
    /// `where(resolve() is T)`
    resolves_to: Option<ResourceType>,
}

#[derive(Debug)]
struct Step {
    /// JSON members, each with the type of what stands there; several for a choice of types.
    members: Vec<(Box<str>, TypeId)>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'t> {
    Name(&'t str),
    As(&'t str),
    ResolvesTo(&'t str),
}

/// The operands of a union; `None` where the text has other operators outside of parentheses.
pub(super) fn operands(text: &str) -> Option<Vec<&str>> {
    let (mut depth, mut quoted) = (0u32, false);
    let mut start = 0;
    let mut operands = Vec::new();
    let mut outside = String::new();
    for (place, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            _ if depth > 0 => {}
            '|' => {
                operands.push(text[start..place].trim());
                start = place + 1;
            }
            // Operators that bind less than a union.
            '=' | '~' | '<' | '>' | '!' => return None,
            other => outside.push(other),
        }
    }
    operands.push(text[start..].trim());
    // All other operators that do are words; `as` and `is` bind more than a union.
    let is_operator =
        |word: &str| matches!(word, "and" | "or" | "xor" | "implies" | "in" | "contains");
    let has_operator = outside.split_whitespace().any(is_operator);
    (!has_operator).then_some(operands)
}

/// The name an operand begins with: a type, or an element of the resource.
pub(super) fn first_name(operand: &str) -> &str {
    let text = operand.trim_start_matches(['(', ' ']);
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
    &text[..end.unwrap_or(text.len())]
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
        };
        let mut here: Vec<(&'s Element, &'s ElementType)> = Vec::new();
        let mut parent = resource_type;
        for part in parts {
            if path.resolves_to.is_some() {
                return Err(NotAPath::Otherwise);
            }
            match part {
                Part::Name(name) => {
                    if !here.is_empty() {
                        parent = path.step(&here)?;
                    }
                    let element = structures.get(parent).element(name);
                    let element = element.ok_or(NotAPath::UnknownElement)?;
                    here = element.types.iter().map(|one| (element, one)).collect();
                }
                Part::As(name) => {
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
                }
                Part::ResolvesTo(name) => {
                    let named = ResourceType::parse(name).ok_or(NotAPath::UnknownElement)?;
                    path.resolves_to = Some(named);
                }
            }
        }
        if here.is_empty() {
            return Err(NotAPath::Otherwise);
        }
        path.push(&here);
        let ends = here.iter().map(|(element, one)| (*element, one.type_id));
        Ok((path, ends.collect()))
    }

    /// Goes on below an element, which must be of one type.
    fn step(&mut self, here: &[(&Element, &ElementType)]) -> Result<TypeId, NotAPath> {
        let [(_, only)] = here else {
            return Err(NotAPath::Otherwise);
        };
        let parent = only.type_id;
        self.push(here);
        Ok(parent)
    }

    fn push(&mut self, here: &[(&Element, &ElementType)]) {
        let members = here
            .iter()
            .map(|(_, one)| (one.json_name.clone(), one.type_id));
        self.steps.push(Step {
            members: members.collect(),
        });
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
                match self.resolves_to {
                    Some(target) => walk(item, *type_id, below, &mut |value, type_id| {
                        if resolves_to(value, resource, target) {
                            visit(value, type_id);
                        }
                    }),
                    None => walk(item, *type_id, below, visit),
                }
            }
        }
    }
}

/// The members of a resource, read from the tape once: every path begins at them.
#[derive(Debug)]
pub(super) struct RootMembers<'v>(Vec<(Cow<'v, str>, Value<'v>)>);

impl<'v> RootMembers<'v> {
    pub(super) fn of(resource: Value<'v>) -> Self {
        Self(resource.members().collect())
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
            walk(item, *type_id, below, visit);
        }
    }
}

/// Whether a Reference points at a resource of a type, as far as it or the resource around it tells.
fn resolves_to(reference: Value<'_>, resource: &RootMembers<'_>, target: ResourceType) -> bool {
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

/// Reads `Name.name.as(T).where(resolve() is T)`, `(…)` around a beginning, and ` as T` behind it.
fn parse<'t>(text: &'t str, parts: &mut Vec<Part<'t>>) -> Option<()> {
    let mut rest = text;
    if let Some(inner) = text.strip_prefix('(') {
        let end = closing(inner)?;
        parse(inner[..end].trim(), parts)?;
        rest = &inner[end + 1..];
    } else {
        rest = name(rest, parts)?;
    }
    while let Some(behind) = rest.strip_prefix('.') {
        if let Some(arguments) = function(behind, "where") {
            let end = closing(arguments)?;
            let target = arguments[..end].trim().strip_prefix("resolve() is ")?;
            parts.push(Part::ResolvesTo(identifier(target.trim())?));
            rest = &arguments[end + 1..];
        } else if let Some(arguments) =
            function(behind, "as").or_else(|| function(behind, "ofType"))
        {
            let end = closing(arguments)?;
            parts.push(Part::As(identifier(arguments[..end].trim())?));
            rest = &arguments[end + 1..];
        } else {
            rest = name(behind, parts)?;
        }
    }
    match rest.trim_start().strip_prefix("as ") {
        Some(named) if rest.starts_with(' ') => parts.push(Part::As(identifier(named.trim())?)),
        _ if rest.is_empty() => {}
        _ => return None,
    }
    Some(())
}

fn function<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name)?.strip_prefix('(')
}

/// Where the parenthesis closes that was opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1u32;
    for (place, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(place);
        }
    }
    None
}

fn name<'t>(text: &'t str, parts: &mut Vec<Part<'t>>) -> Option<&'t str> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    parts.push(Part::Name(identifier(name)?));
    // A function, an index or an operator makes it an expression.
    (!rest.starts_with(['(', '['])).then_some(rest)
}

fn identifier(text: &str) -> Option<&str> {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_name && text.starts_with(|first: char| first.is_ascii_alphabetic())).then_some(text)
}

#[cfg(test)]
mod tests;
