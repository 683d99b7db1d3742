//! Walking a resource along the element table: names, JSON types, cardinalities, choices
//! (<https://hl7.org/fhir/R4/json.html>).

use std::collections::HashSet;

use super::companions::Beside;
use super::findings::{Findings, Path};
use super::{bindings, narrative, primitives, references};
use crate::definitions::Definitions;
use crate::definitions::primitive::PrimitiveType;
use crate::definitions::structure::{
    Element, ElementType, Shape, TypeDefinition, TypeId, TypeKind,
};
use crate::ids::ResourceType;
use crate::json::{Kind, Value};
use crate::outcome::{Issue, IssueType};
use crate::xml::is_narrative;

pub(super) struct Walker<'d> {
    definitions: &'d Definitions,
    /// `Element`: what stands beside a primitive.
    pub(super) companion_type: Option<TypeId>,
    findings: Findings,
    /// Whether the resources of a Bundle's entries are left alone: they are checked where they are written.
    passes_over_entries: bool,
    /// The ids of elements of the resource that is walked.
    ids: HashSet<Box<str>>,
}

/// Which elements of an object have come up, one bit each.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) elements: u128,
    pub(super) has_content: bool,
}

/// A member that belongs to the type: what it stands for.
#[derive(Clone, Copy)]
pub(super) struct Known<'d, 'v> {
    pub(super) element: &'d Element,
    pub(super) chosen: &'d ElementType,
    /// The name without the underscore of a companion.
    pub(super) name: &'v str,
}

impl<'d> Walker<'d> {
    pub(super) fn new(definitions: &'d Definitions) -> Self {
        Self {
            definitions,
            companion_type: definitions.structures.by_name("Element"),
            findings: Findings::default(),
            passes_over_entries: false,
            ids: HashSet::new(),
        }
    }

    pub(super) fn into_issues(self) -> Vec<Issue> {
        self.findings.into_issues()
    }

    pub(super) fn into_findings(self) -> Findings {
        self.findings
    }

    pub(super) fn definition(&self, id: TypeId) -> &'d TypeDefinition {
        self.definitions.structures.get(id)
    }

    /// The same walker, for a Bundle whose entries are checked one by one elsewhere.
    pub(super) fn passing_over_entries(mut self) -> Self {
        self.passes_over_entries = true;
        self
    }

    /// A resource: the outermost one, or one inside another.
    pub(super) fn resource(&mut self, value: Value<'_>, path: &Path<'_>, is_contained: bool) {
        let name = value.get("resourceType").and_then(Value::string);
        let id = name
            .as_deref()
            .and_then(ResourceType::parse)
            .and_then(|known| self.definitions.structures.by_name(known.name()));
        let Some(id) = id else {
            let text = "a resource names its type, one of R4's, in 'resourceType'";
            return self.fault(path, value, IssueType::Structure, text);
        };
        let outer = std::mem::take(&mut self.ids);
        self.members(value, id, path, is_contained);
        self.ids = outer;
    }

    /// The id of an element: without white space, and no other in the resource has it
    /// (<https://hl7.org/fhir/R4/element.html#id>).
    fn element_id(&mut self, value: Value<'_>, path: &Path<'_>) {
        let Some(id) = value.string() else { return };
        if id.contains(char::is_whitespace) {
            let text = "the id of an element has no white space";
            self.fault(path, value, IssueType::Value, text);
        } else if !self.ids.insert(id.into()) {
            let text = "another element of the resource has the same id";
            self.fault(path, value, IssueType::Duplicate, text);
        }
    }

    /// An object that is not a resource.
    fn object(&mut self, value: Value<'_>, id: TypeId, path: &Path<'_>, is_contained: bool) {
        if value.kind() != Kind::Object {
            return self.fault(path, value, IssueType::Structure, "must be a JSON object");
        }
        let seen = self.members(value, id, path, is_contained);
        if !seen.has_content {
            let text = "must have a value or elements besides its id (ele-1)";
            self.fault(path, value, IssueType::Structure, text);
        }
    }

    pub(super) fn members(
        &mut self,
        object: Value<'_>,
        id: TypeId,
        path: &Path<'_>,
        is_contained: bool,
    ) -> Seen {
        let definition = self.definition(id);
        let is_resource = definition.kind == TypeKind::Resource;
        let mut seen = Seen::default();
        for (name, value) in object.members() {
            if self.findings.is_full() {
                return seen;
            }
            if is_resource && name == "resourceType" {
                continue;
            }
            seen.has_content |= name != "id";
            // The same element has the same id in snapshot and differential.
            if !is_resource && name == "id" && &*definition.name != "ElementDefinition" {
                self.element_id(value, &path.member("id"));
            }
            let bare = name.strip_prefix('_').unwrap_or(&name);
            let Some((place, element, chosen)) = definition.placed_member(bare) else {
                self.unknown(definition, &name, value, path);
                continue;
            };
            let bit = 1u128 << place;
            if seen.elements & bit != 0 && element.is_choice {
                self.second_choice(definition, object, place, bare, value, path);
            }
            let known = Known {
                element,
                chosen,
                name: bare,
            };
            let here = if element.is_choice {
                path.choice(&element.name, &self.definition(chosen.type_id).name)
            } else {
                path.member(bare)
            };
            let present = if bare.len() == name.len() {
                self.value(object, value, known, &here, is_contained);
                true
            } else {
                self.companion(object, value, known, &here)
            };
            if present {
                seen.elements |= bit;
            }
        }
        let missing = definition.required & !seen.elements;
        if missing != 0 {
            self.missing(definition, missing, object, path);
        }
        if definition.shape == Shape::Extension {
            self.extension(object, path);
        }
        seen
    }

    fn missing(
        &mut self,
        definition: &TypeDefinition,
        missing: u128,
        object: Value<'_>,
        path: &Path<'_>,
    ) {
        for (place, element) in definition.elements.iter().enumerate() {
            if missing & (1 << place) != 0 {
                let suffix = if element.is_choice { "[x]" } else { "" };
                let text = format!("'{}{suffix}' is required", element.name);
                self.fault(path, object, IssueType::Required, text);
            }
        }
    }

    fn unknown(
        &mut self,
        definition: &TypeDefinition,
        name: &str,
        value: Value<'_>,
        path: &Path<'_>,
    ) {
        let text = match suggestion(definition, name) {
            Some(hint) => format!("unknown element of {}: {hint}", definition.name),
            None => format!("unknown element of {}", definition.name),
        };
        // Other names than FHIR's could be anything, patients' names too.
        let is_plain = name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let member = path.member(name);
        let here = if is_plain { &member } else { path };
        self.fault(here, value, IssueType::Structure, text);
    }

    /// The element has come up before; its own companion may have, another type of the choice may not.
    fn second_choice(
        &mut self,
        definition: &TypeDefinition,
        object: Value<'_>,
        place: usize,
        name: &str,
        value: Value<'_>,
        path: &Path<'_>,
    ) {
        let earlier = object
            .members()
            .take_while(|(_, earlier)| earlier.index() < value.index());
        for (earlier, _) in earlier {
            let earlier = earlier.strip_prefix('_').unwrap_or(&earlier);
            let same_element = definition
                .placed_member(earlier)
                .is_some_and(|(other, ..)| other == place);
            if same_element && earlier != name {
                let text = "only one type of the choice may be given";
                self.fault(&path.member(name), value, IssueType::Structure, text);
                return;
            }
        }
    }

    /// A member that is not a companion.
    fn value(
        &mut self,
        object: Value<'_>,
        value: Value<'_>,
        known: Known<'d, '_>,
        path: &Path<'_>,
        is_contained: bool,
    ) {
        let Known {
            element, chosen, ..
        } = known;
        match (element.is_list(), value.kind() == Kind::Array) {
            (true, false) => {
                let text = "must be a JSON array: the element may repeat";
                self.fault(path, value, IssueType::Structure, text);
            }
            (false, true) => {
                let text = "must not be a JSON array: the element does not repeat";
                self.fault(path, value, IssueType::Structure, text);
            }
            (false, false) => self.single(value, element, chosen, path, is_contained),
            (true, true) => {
                let mut count = 0;
                let mut beside = Beside::default();
                for (index, item) in value.items().enumerate() {
                    count += 1;
                    let here = path.item(index);
                    if item.is_null() && self.is_padding(object, known, index, &mut beside) {
                        continue;
                    }
                    self.single(item, element, chosen, &here, is_contained);
                    if self.findings.is_full() {
                        return;
                    }
                }
                self.count(count, value, element, path);
            }
        }
    }

    fn count(&mut self, count: usize, value: Value<'_>, element: &Element, path: &Path<'_>) {
        if count == 0 {
            let text = "an array must not be empty";
            self.fault(path, value, IssueType::Structure, text);
        } else if element.max.is_some_and(|max| count > max as usize) {
            self.fault(path, value, IssueType::Structure, "repeats too often");
        } else if count < element.min as usize {
            self.fault(path, value, IssueType::Required, "repeats too rarely");
        }
    }

    fn single(
        &mut self,
        value: Value<'_>,
        element: &'d Element,
        chosen: &'d ElementType,
        path: &Path<'_>,
        is_contained: bool,
    ) {
        let shape = self.definition(chosen.type_id).shape;
        match shape {
            Shape::Primitive(primitive) => self.primitive(value, primitive, element, path),
            Shape::AnyResource if self.passes_over_entries => {}
            Shape::AnyResource => self.inner_resource(value, path, is_contained),
            Shape::Plain
            | Shape::Extension
            | Shape::Reference
            | Shape::Coding
            | Shape::CodeableConcept
            | Shape::Quantity => {
                self.object(value, chosen.type_id, path, is_contained);
                let is_simple = chosen.is_simple;
                let fault = match shape {
                    Shape::Reference => references::fault(value),
                    Shape::Quantity if is_simple && value.get("comparator").is_some() => {
                        Some("a SimpleQuantity has no comparator (sqt-1)")
                    }
                    _ => None,
                };
                if let Some(text) = fault {
                    self.fault(path, value, IssueType::Value, text);
                }
                self.bound(value, shape, element, path);
            }
        }
    }

    fn primitive(
        &mut self,
        value: Value<'_>,
        primitive: PrimitiveType,
        element: &Element,
        path: &Path<'_>,
    ) {
        if let Some((code, text)) = primitives::fault(primitive, value) {
            return self.fault(path, value, code, text);
        }
        if primitive == PrimitiveType::Xhtml {
            let text = value.string().unwrap_or_default();
            if let Err(fault) = narrative::check(&text) {
                self.fault(path, value, IssueType::Invalid, fault.to_string());
            } else if !is_narrative(&text) {
                let text = "the narrative is not well-formed XML";
                self.fault(path, value, IssueType::Invalid, text);
            }
            return;
        }
        self.bound(value, Shape::Primitive(primitive), element, path);
    }

    fn bound(&mut self, value: Value<'_>, shape: Shape, element: &Element, path: &Path<'_>) {
        let Some(binding) = &element.binding else {
            return;
        };
        let Some(id) = binding.code_set else {
            return;
        };
        let set = self.definitions.code_sets.get(id);
        if !bindings::holds(value, shape, binding.strength, set) {
            let text = format!("not a code of the value set {}, which is required", set.url);
            self.fault(path, value, IssueType::CodeInvalid, text);
        }
    }

    fn inner_resource(&mut self, value: Value<'_>, path: &Path<'_>, is_contained: bool) {
        if value.kind() != Kind::Object {
            let text = "must be a resource, a JSON object";
            return self.fault(path, value, IssueType::Structure, text);
        }
        let contains = path.name() == "contained";
        if contains && is_contained {
            let text = "a contained resource must not contain resources (dom-2)";
            return self.fault(path, value, IssueType::Structure, text);
        }
        self.resource(value, path, contains);
    }

    fn extension(&mut self, object: Value<'_>, path: &Path<'_>) {
        let mut has_value = false;
        let mut has_extension = false;
        for (name, _) in object.members() {
            let bare = name.strip_prefix('_').unwrap_or(&name);
            has_value |= bare.starts_with("value");
            has_extension |= bare == "extension";
        }
        let text = match (has_value, has_extension) {
            (true, true) => "must have a value or extensions, not both (ext-1)",
            (false, false) => "must have a value or extensions (ext-1)",
            _ => return,
        };
        self.fault(path, object, IssueType::Structure, text);
    }

    pub(super) fn fault(
        &mut self,
        path: &Path<'_>,
        value: Value<'_>,
        code: IssueType,
        text: impl Into<Box<str>>,
    ) {
        self.findings.add(path, value, code, text);
    }
}

/// What the writer may have meant.
fn suggestion(definition: &TypeDefinition, name: &str) -> Option<String> {
    let bare = name.trim_start_matches('_');
    if let Some(element) = definition.element(bare)
        && element.is_choice
    {
        let example = &element.types.first()?.json_name;
        return Some(format!(
            "the name of a choice ends in its type, as in '{example}'"
        ));
    }
    let near = definition
        .members
        .iter()
        .find(|member| member.name.eq_ignore_ascii_case(bare))?;
    Some(format!("the name is '{}'", near.name))
}
