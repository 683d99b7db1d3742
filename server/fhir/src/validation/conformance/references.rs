//! References: contained ones lead somewhere, and targets have a type the element allows
//! (<https://hl7.org/fhir/R4/references.html>).

use std::collections::{HashMap, HashSet};

use super::nodes::{Child, place, text};
use super::world::Target;
use super::{Check, Scope};
use crate::ids::{Reference, ResourceType};
use crate::json::{Kind, Value};
use crate::outcome::{Issue, IssueType};
use crate::path::Node;
use crate::validation::findings::{Findings, Path};

/// How many references are checked at most.
const REFERENCES_MAX: usize = 10_000;

impl<'a> Check<'_, 'a> {
    /// A Reference by the rules of its type.
    pub(super) fn reference(
        &self,
        out: &mut Findings,
        child: Child<'a>,
        path: &Path<'_>,
        scope: Scope<'a>,
    ) {
        let node = child.node;
        let Some(reference) = text(node, "reference") else {
            return;
        };
        let target = self.target(&reference, scope);
        // What a patch puts into a resource refers to what that contains.
        if matches!(target, Target::Nowhere) && self.type_name(scope.resource) == "Parameters" {
            return;
        }
        if matches!(target, Target::Nowhere) {
            let what = (IssueType::NotFound, "no contained resource has this id");
            return self.error(out, path, node, what);
        }
        if matches!(target, Target::Elsewhere) {
            self.note_target(out, node, &reference, (path, scope));
        }
        if self.world.matches(&reference, scope.full_url) > 1 {
            let what = "more than one entry of the Bundle is what this refers to";
            self.error(out, path, node, (IssueType::MultipleMatches, what));
        }
        let declared = text(node, "type");
        let found = self.target_type(target, &reference);
        if let (Some(declared), Some(found)) = (&declared, found)
            && **declared != *found
        {
            let text = format!("'type' says {declared}, the reference is to a {found}");
            self.error(out, path, node, (IssueType::Value, text));
        }
        let allowed = &child.chosen.targets;
        if let Some(found) = found
            && !allowed.is_empty()
            && !allowed.iter().any(|one| **one == *found)
        {
            let text = format!("must refer to {}, not to a {found}", allowed.join(" or "));
            self.error(out, path, node, (IssueType::Value, text));
        }
        if let Some((name, _)) = literal(&reference)
            && let Some(found) = found
            && name != found
            && ResourceType::parse(name).is_some()
        {
            let text = format!("the reference is to a {name}, what it leads to is a {found}");
            self.error(out, path, node, (IssueType::Value, text));
        }
    }

    /// Takes note of where a reference of the outermost resource leads.
    fn note_target(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        reference: &str,
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        if !self.validator.strictness.references || self.world.is_inside_bundle(scope.root) {
            return;
        }
        let Reference::Local { key, .. } = Reference::parse(reference, self.validator.base_url)
        else {
            return;
        };
        let mut references = self.references.borrow_mut();
        if references.len() == REFERENCES_MAX {
            let text = format!("more than {REFERENCES_MAX} references are more than are checked");
            return self.error(out, path, node, (IssueType::TooCostly, text));
        }
        let text = format!("refers to {key}, which does not exist");
        let mut issue = Issue::error(IssueType::NotFound, text).at(path.to_string());
        issue.position = place(node).map(Value::position);
        references.push((key, issue));
    }

    /// A contained resource is referred to, or refers to its container (dom-3).
    pub(super) fn contained(&self, out: &mut Findings, node: Node<'a>, path: &Path<'_>) {
        let Some(root) = node.value else { return };
        let list = || root.get("contained").into_iter().flat_map(Value::items);
        if list().next().is_none() {
            return;
        }
        let mut locals = Locals::default();
        for (name, value) in root.members() {
            if name != "contained" {
                locals.collect(value, None);
            }
        }
        for (index, contained) in list().enumerate() {
            locals.collect(contained, Some(index));
        }
        let mut ids = HashSet::new();
        for (index, contained) in list().enumerate() {
            let Some(id) = contained.get("id").and_then(Value::string) else {
                let here = path.member("contained").item(index);
                let what = "a contained resource has an id, by which it is referred to";
                out.add(&here, contained, IssueType::Required, what);
                continue;
            };
            if !ids.insert(id.clone()) {
                let here = path.member("contained").item(index);
                let text = format!("another contained resource has the id '{id}'");
                out.add(&here, contained, IssueType::Duplicate, text);
            }
            if !locals.lead_to(&id, index) {
                let text = format!("nothing refers to the contained resource '#{id}' (dom-3)");
                out.add(path, root, IssueType::Invariant, text);
            }
        }
    }

    pub(super) fn target(&self, reference: &str, scope: Scope<'a>) -> Target<'a> {
        let structures = &self.definitions().structures;
        self.world
            .target(reference, scope.root, scope.full_url, structures)
    }

    /// The type of what a reference leads to, as far as that can be known.
    pub(super) fn target_type<'r>(&self, target: Target<'a>, reference: &'r str) -> Option<&'r str>
    where
        'a: 'r,
    {
        match target {
            Target::Contained(node) | Target::Bundled(node) => Some(self.type_name(node)),
            Target::Nowhere => None,
            Target::Elsewhere => {
                let (name, _) = literal(reference)?;
                ResourceType::parse(name).map(|known| known.name())
            }
        }
    }
}

/// Type and id of a literal reference: `Patient/1`, `http://server/Patient/1/_history/2`.
pub(super) fn literal(reference: &str) -> Option<(&str, &str)> {
    if reference.starts_with('#') || reference.starts_with("urn:") {
        return None;
    }
    let reference = reference.split(['?', '#', '|']).next().unwrap_or_default();
    let reference = reference
        .split_once("/_history/")
        .map_or(reference, |(before, _)| before);
    let (rest, id) = reference.rsplit_once('/')?;
    let name = rest.rsplit('/').next()?;
    Some((name, id))
}

/// The node a target is, where it is at hand.
pub(super) fn node_of(target: Target<'_>) -> Option<Node<'_>> {
    match target {
        Target::Contained(node) | Target::Bundled(node) => Some(node),
        Target::Elsewhere | Target::Nowhere => None,
    }
}

/// The references within a resource, and which contained resource each stands in.
#[derive(Default)]
struct Locals(HashMap<String, HashSet<Option<usize>>>);

impl Locals {
    /// Takes every text below a value that is a reference to a contained resource, or a link to one.
    fn collect(&mut self, value: Value<'_>, source: Option<usize>) {
        match value.kind() {
            Kind::Object => {
                for (name, below) in value.members() {
                    match below.string().filter(|_| name == "div") {
                        Some(text) => text.split('"').for_each(|part| self.add(part, source)),
                        None => self.collect(below, source),
                    }
                }
            }
            Kind::Array => value.items().for_each(|below| self.collect(below, source)),
            Kind::String => value
                .string()
                .iter()
                .for_each(|text| self.add(text, source)),
            Kind::Number | Kind::Boolean | Kind::Null => {}
        }
    }

    fn add(&mut self, text: &str, source: Option<usize>) {
        if let Some(id) = text.strip_prefix('#') {
            self.0.entry(id.to_owned()).or_default().insert(source);
        }
    }

    /// Whether something else than itself refers to a contained resource, or it refers to its container.
    fn lead_to(&self, id: &str, index: usize) -> bool {
        let from = |id: &str| self.0.get(id).into_iter().flatten();
        from(id).any(|source| *source != Some(index))
            || from("").any(|source| *source == Some(index))
    }
}
