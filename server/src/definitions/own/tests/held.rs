//! Whether a resource keeps a profile, as far as our profiles go: cardinalities, slices by URL or by a value, fixed values
//! and patterns, required codes, and rules.

use fhir::json::{Kind, Value};
use fhir::path::{Environment, Expression, Item, Node, condition, evaluate};
use fhir::resource::Resource;

use super::{CANONICAL, Terminology, checks, elements, ours, text};

/// The keys of rules and the ids of elements that a resource breaks.
pub(super) fn broken(
    structure: &Resource,
    resource: &Resource,
    terminology: &Terminology,
) -> Vec<String> {
    let mut found = Vec::new();
    for element in elements(structure) {
        let path = text(element, "path").unwrap();
        for rule in element.get("constraint").into_iter().flat_map(Value::items) {
            let expression = text(rule, "expression").unwrap();
            if holds(&expression, resource, Some(&path)).contains(&false) {
                found.extend(text(rule, "key"));
            }
        }
    }
    let shape = Shape {
        structure,
        terminology,
    };
    shape.check(resource.root(), "", &mut found);
    found
}

/// Whether a profile is meant for a resource of its type.
pub(super) fn applies(structure: &Resource, resource: &Resource) -> bool {
    let extensions = structure
        .get("extension")
        .into_iter()
        .flat_map(Value::items);
    let conditions = extensions.filter_map(|one| text(one.get("valueExpression")?, "expression"));
    let mut held = conditions.flat_map(|expression| holds(&expression, resource, None));
    held.all(|held| held)
}

/// What an expression says of the resource, or of each of its elements at a path.
fn holds(expression: &str, resource: &Resource, path: Option<&str>) -> Vec<bool> {
    let structures = checks().unwrap().structures();
    let node = Node::resource(resource.root(), structures).unwrap();
    let mut environment = Environment::new(structures);
    environment.resource = Some(node);
    let parsed = Expression::parse(expression).unwrap();
    let path = Expression::parse(path.unwrap_or("$this")).unwrap();
    let items = evaluate(&path, Item::Node(node), &environment).unwrap();
    let held = items.into_iter().map(|item| {
        let held = condition(&parsed, item, &environment);
        held.unwrap_or_else(|error| panic!("{expression}: {error}")) != Some(false)
    });
    held.collect()
}

/// The elements of one profile or extension.
#[derive(Clone, Copy)]
struct Shape<'s> {
    structure: &'s Resource,
    terminology: &'s Terminology,
}

impl<'s> Shape<'s> {
    fn elements(self) -> impl Iterator<Item = (String, Value<'s>)> {
        elements(self.structure).map(|element| (text(element, "id").unwrap(), element))
    }

    fn check(self, root: Value<'_>, prefix: &str, found: &mut Vec<String>) {
        for (id, element) in self.elements() {
            let Some((of, below)) = id.split_once('.') else {
                continue;
            };
            let mut parents = vec![root];
            let mut so_far = of.to_owned();
            let mut segments: Vec<&str> = below.split('.').collect();
            let last = segments.pop().unwrap();
            for segment in segments {
                so_far = format!("{so_far}.{segment}");
                let children = parents.iter();
                let children = children.flat_map(|parent| self.children(*parent, segment, &so_far));
                parents = children
                    .filter(|child| child.kind() == Kind::Object)
                    .collect();
            }
            for parent in parents {
                let there = self.children(parent, last, &id);
                if !self.fits(&id, element, &there) {
                    found.push(format!("{prefix}{id}"));
                }
                self.extensions(element, &there, found);
            }
        }
    }

    fn fits(self, id: &str, element: Value<'_>, there: &[Value<'_>]) -> bool {
        let number = |name| element.get(name).and_then(Value::primitive);
        let least = number("min").map_or(0, |min| min.parse().unwrap());
        let most = number("max").map_or(usize::MAX, |max| max.parse().unwrap_or(usize::MAX));
        let rules = element
            .get("slicing")
            .and_then(|slicing| text(slicing, "rules"));
        let is_closed = rules.as_deref() == Some("closed");
        (least..=most).contains(&there.len())
            && there.iter().all(|one| {
                has_pattern(element, *one)
                    && self.is_coded(element, *one)
                    && (!is_closed || self.is_sliced(id, *one))
            })
    }

    /// Extensions are held to their own definitions.
    fn extensions(self, element: Value<'_>, there: &[Value<'_>], found: &mut Vec<String>) {
        for url in profiles(element) {
            let name = url.strip_prefix(&format!("{CANONICAL}/StructureDefinition/"));
            let prefix = format!("{}#", name.unwrap());
            let shape = Self {
                structure: &ours()[&url],
                ..self
            };
            there
                .iter()
                .for_each(|one| shape.check(*one, &prefix, found));
        }
    }

    /// The values of one element or slice below an object.
    fn children<'a>(self, parent: Value<'a>, segment: &str, id: &str) -> Vec<Value<'a>> {
        let name = segment.split(':').next().unwrap();
        let is_meant = |key: &str| match name.strip_suffix("[x]") {
            Some(stem) => key.strip_prefix(stem).is_some_and(|rest| !rest.is_empty()),
            None => {
                key == name || key.strip_prefix('_') == Some(name) && parent.get(name).is_none()
            }
        };
        let members = parent.members().filter(|(key, _)| is_meant(key));
        let values = members.flat_map(|(_, value)| value.each());
        let is_slice = segment.contains(':');
        values
            .filter(|one| !is_slice || self.is_of(id, *one))
            .collect()
    }

    /// Whether a value belongs to the slice of that id.
    fn is_of(self, id: &str, value: Value<'_>) -> bool {
        let (_, own) = self.elements().find(|(other, _)| other == id).unwrap();
        if let Some(url) = profiles(own).into_iter().next() {
            return text(value, "url") == Some(url);
        }
        let mut discriminators = self.elements().filter_map(|(other, element)| {
            let name = other.strip_prefix(id)?.strip_prefix('.')?.to_owned();
            let is_direct = !name.contains(['.', ':']) && pattern(element).is_some();
            is_direct.then_some((name, element))
        });
        discriminators.all(|(name, element)| {
            value
                .get(&name)
                .is_some_and(|one| has_pattern(element, one))
        })
    }

    fn is_sliced(self, id: &str, value: Value<'_>) -> bool {
        let is_slice = |other: &str| {
            let rest = other
                .strip_prefix(id)
                .and_then(|rest| rest.strip_prefix(':'));
            rest.is_some_and(|rest| !rest.contains('.'))
        };
        let mut slices = self.elements().filter(|(other, _)| is_slice(other));
        slices.any(|(slice, _)| self.is_of(&slice, value))
    }

    /// Whether a code is one of a required binding.
    fn is_coded(self, element: Value<'_>, value: Value<'_>) -> bool {
        let binding = element.get("binding");
        let required = binding.filter(|one| text(*one, "strength").as_deref() == Some("required"));
        let value_set = required.and_then(|one| text(one, "valueSet"));
        let code = value
            .string()
            .map(String::from)
            .or_else(|| text(value, "code"));
        let pair = value_set.zip(code);
        pair.is_none_or(|(value_set, code)| self.terminology.holds(&value_set, &code))
    }
}

fn profiles(element: Value<'_>) -> Vec<String> {
    let types = element.get("type").into_iter().flat_map(Value::items);
    let profiles = types
        .filter_map(|one| one.get("profile"))
        .flat_map(Value::items);
    profiles
        .filter_map(|one| Some(one.string()?.into_owned()))
        .collect()
}

fn pattern(element: Value<'_>) -> Option<Value<'_>> {
    let mut members = element.members();
    let found = members.find(|(name, _)| name.starts_with("fixed") || name.starts_with("pattern"));
    found.map(|(_, value)| value)
}

fn has_pattern(element: Value<'_>, value: Value<'_>) -> bool {
    pattern(element).is_none_or(|pattern| contains(value, pattern))
}

/// Whether a value has all that a pattern has.
fn contains(value: Value<'_>, pattern: Value<'_>) -> bool {
    match pattern.kind() {
        Kind::Object => pattern
            .members()
            .all(|(name, one)| value.get(&name).is_some_and(|other| contains(other, one))),
        Kind::Array => pattern
            .items()
            .all(|one| value.items().any(|other| contains(other, one))),
        _ => value.primitive() == pattern.primitive(),
    }
}
