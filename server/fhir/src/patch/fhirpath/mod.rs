//! FHIRPath Patch (<https://hl7.org/fhir/R4/fhirpatch.html>): operations of a Parameters resource, one after the other,
//! each on what the one before has made, by splicing the text.

mod content;
mod operation;
mod place;

use super::{PatchError, PatchErrorKind, Reason, WORK_BYTES_MAX, error, reason, same_identity};
use crate::definitions::structure::{Structures, TypeDefinition};
use crate::json::{Document, ParseLimits, Value};
use crate::path::{Environment, EvaluationError, Item, Node, evaluate_within};
use content::{Content, Named};
use operation::{Action, Operation};
use place::Place;

/// What all operations of one patch may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Bytes that are gone through.
    pub(super) work_bytes: usize,
    /// Steps of paths.
    pub(super) steps: u32,
}

/// Applies the operations of a Parameters resource; answers the new JSON text. All operations hold or none does. Their
/// paths take so many steps at most, all together.
pub fn apply_fhirpath_patch(
    resource: &Document,
    parameters: &Document,
    structures: &Structures,
    steps: u32,
) -> Result<String, PatchError> {
    let budget = Budget {
        work_bytes: WORK_BYTES_MAX,
        steps,
    };
    apply_within(resource, parameters, structures, budget)
}

/// The same with other bounds.
pub(super) fn apply_within(
    resource: &Document,
    parameters: &Document,
    structures: &Structures,
    mut budget: Budget,
) -> Result<String, PatchError> {
    let operations = operation::read(parameters, structures)?;
    let mut document = resource.clone();
    for (index, operation) in operations.iter().enumerate() {
        let fail = |why: Reason| error(Some(index), operation.path.text(), why);
        budget.work_bytes = budget
            .work_bytes
            .checked_sub(document.bytes().len())
            .ok_or_else(|| {
                let sentence = "the patch is too much work for a resource of this size";
                fail(reason(PatchErrorKind::Costly, sentence))
            })?;
        let changed = apply(&document, operation, structures, &mut budget.steps).map_err(fail)?;
        let Some(text) = changed else {
            continue;
        };
        document = Document::parse_with(text, ParseLimits::STORED)
            .map_err(|fault| fail(reason(PatchErrorKind::Result, fault.kind.to_string())))?;
    }
    same_identity(resource.root(), document.root())?;
    Ok(document.text().to_owned())
}

/// The new text, or `None` where nothing changes.
fn apply(
    document: &Document,
    operation: &Operation<'_>,
    structures: &Structures,
    steps: &mut u32,
) -> Result<Option<String>, Reason> {
    let root = Node::resource(document.root(), structures)
        .ok_or_else(|| reason(PatchErrorKind::Place, "the patch is for a resource"))?;
    let nodes = nodes(operation, root, structures, steps)?;
    match (&operation.action, nodes.as_slice()) {
        (Action::Delete, []) => Ok(None),
        (_, []) => Err(at("the path leads to nothing in the resource")),
        (Action::Add(name, part), [node]) => add(root, *node, name, *part, structures).map(Some),
        (Action::Delete, [node]) => place(root, *node, structures)?.set(None).map(Some),
        (Action::Replace(part), [node]) => {
            let place = place(root, *node, structures)?;
            let element = place.element().ok_or_else(the_resource_itself)?;
            let content = Content::read(*part, element, structures)?;
            place.set(Some(content)).map(Some)
        }
        (Action::Insert(index, part), nodes) => {
            let list = list(root, nodes, structures)?;
            if *index > nodes.len() {
                return Err(at("the index is beyond the end of the list"));
            }
            let element = list.element().ok_or_else(the_resource_itself)?;
            let content = Content::read(*part, element, structures)?;
            list.rearrange(|occurrences| {
                occurrences.insert(*index, content.occurrence);
            })
            .map(Some)
        }
        (Action::Move(source, destination), nodes) => {
            let list = list(root, nodes, structures)?;
            if *source >= nodes.len() || *destination >= nodes.len() {
                return Err(at("the index is beyond the end of the list"));
            }
            if source == destination {
                return Ok(None);
            }
            list.rearrange(|occurrences| {
                let moved = occurrences.remove(*source);
                occurrences.insert(*destination, moved);
            })
            .map(Some)
        }
        (Action::Add(..) | Action::Delete | Action::Replace(_), _) => {
            Err(at("the path leads to more than one element"))
        }
    }
}

/// The elements a path leads to.
fn nodes<'a>(
    operation: &'a Operation<'_>,
    root: Node<'a>,
    structures: &'a Structures,
    steps: &mut u32,
) -> Result<Vec<Node<'a>>, Reason> {
    operation
        .path
        .check(structures, root.type_id)
        .map_err(|fault| at(fault.to_string()))?;
    let environment = Environment::new(structures);
    let items = evaluate_within(&operation.path, Item::Node(root), &environment, steps);
    let items = items.map_err(|fault| match fault {
        EvaluationError::Limit(_) => reason(PatchErrorKind::Costly, fault.to_string()),
        fault => at(fault.to_string()),
    })?;
    let elements = items
        .into_iter()
        .map(|item| item.node().ok_or_else(not_an_element));
    elements.collect()
}

fn place<'a>(
    root: Node<'a>,
    node: Node<'a>,
    structures: &'a Structures,
) -> Result<Place<'a>, Reason> {
    Place::of(root, node, structures).ok_or_else(not_an_element)
}

/// The list that nodes are, which are all there are of it and stand in its order.
fn list<'a>(
    root: Node<'a>,
    nodes: &[Node<'a>],
    structures: &'a Structures,
) -> Result<Place<'a>, Reason> {
    let whole = || at("the path does not lead to exactly one list and all of its elements");
    let mut found: Option<Place<'a>> = None;
    for (position, node) in nodes.iter().enumerate() {
        let place = Place::of(root, *node, structures).ok_or_else(whole)?;
        let fits = match &found {
            Some(first) => place.is_beside(first),
            None => true,
        };
        if !fits || place.position() != position {
            return Err(whole());
        }
        found.get_or_insert(place);
    }
    let list = found.ok_or_else(whole)?;
    if !list.element().is_some_and(|element| element.is_list()) {
        return Err(at("the element does not repeat"));
    }
    match list.count() == nodes.len() {
        true => Ok(list),
        false => Err(whole()),
    }
}

fn add(
    root: Node<'_>,
    node: Node<'_>,
    name: &str,
    part: Value<'_>,
    structures: &Structures,
) -> Result<String, Reason> {
    let definition: &TypeDefinition = structures.get(node.type_id);
    let named = Named::find(definition, name)
        .filter(|named| !(node.is_primitive(structures) && &*named.element.name == "value"))
        .ok_or_else(|| at(format!("there is no element '{name}' where the path leads")))?;
    let place = place(root, node, structures)?;
    let content = Content::read(part, named, structures)?;
    if !named.element.is_list() && place.has_member(definition, &named.element.name) {
        return Err(at(
            "the element to be added is there already and does not repeat",
        ));
    }
    place.append(named.element.is_list(), content)
}

fn at(sentence: impl Into<Box<str>>) -> Reason {
    reason(PatchErrorKind::Place, sentence)
}

fn not_an_element() -> Reason {
    at("the path does not lead to an element of the resource")
}

fn the_resource_itself() -> Reason {
    reason(
        PatchErrorKind::Identity,
        "the resource itself is neither replaced nor deleted by a patch",
    )
}
