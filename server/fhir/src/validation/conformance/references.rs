//! References: contained ones lead somewhere, and targets have a type the element allows
//! (<https://hl7.org/fhir/R4/references.html>).

use super::nodes::{Child, text};
use super::world::Target;
use super::{Check, Scope};
use crate::ids::ResourceType;
use crate::json::{Kind, Value};
use crate::outcome::{Issue, IssueType};
use crate::path::Node;
use crate::validation::findings::{Findings, Path};

/// How many references are told of at most.
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
        if matches!(target, Target::Nowhere) {
            let what = (IssueType::NotFound, "no contained resource has this id");
            return self.error(out, path, node, what);
        }
        if matches!(target, Target::Elsewhere) && !reference.contains([':', '?']) {
            let what = "what this refers to does not exist";
            let mut issue = Issue::error(IssueType::NotFound, what).at(path.to_string());
            issue.position = node.value.map(Value::position);
            let mut references = self.references.borrow_mut();
            if references.len() < REFERENCES_MAX {
                references.push((reference.as_ref().into(), issue));
            }
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

    /// A contained resource is referred to, or refers to its container (dom-3).
    pub(super) fn contained(&self, out: &mut Findings, node: Node<'a>, path: &Path<'_>) {
        let Some(root) = node.value else { return };
        let list = root.get("contained").into_iter().flat_map(Value::items);
        for (index, contained) in list.enumerate() {
            let Some(id) = contained.get("id").and_then(Value::string) else {
                let here = path.member("contained").item(index);
                let what = "a contained resource has an id, by which it is referred to";
                out.add(&here, contained, IssueType::Required, what);
                continue;
            };
            let local = format!("#{id}");
            if !refers(root, &local, contained.index()) && !refers(contained, "#", u32::MAX) {
                let text = format!("nothing refers to the contained resource '{local}' (dom-3)");
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

/// Whether a text below a value is that reference, or links to it; what is at a place is left out.
fn refers(value: Value<'_>, local: &str, except: u32) -> bool {
    if value.index() == except {
        return false;
    }
    match value.kind() {
        Kind::Object => value.members().any(|(name, below)| match &*name {
            "div" => below
                .string()
                .is_some_and(|text| text.contains(&format!("\"{local}\""))),
            _ => refers(below, local, except),
        }),
        Kind::Array => value.items().any(|below| refers(below, local, except)),
        Kind::String => value.string().as_deref() == Some(local),
        Kind::Number | Kind::Boolean | Kind::Null => false,
    }
}
