//! The element table: every type of R4, its elements in order, their types, cardinalities and bindings
//! (<https://hl7.org/fhir/R4/elementdefinition.html>). No narrative, no text: only what code asks for.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::codes::CodeSetId;
use super::primitive::PrimitiveType;
use crate::path::Expression;

/// A type's place in [`Structures`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TypeId(pub(crate) u16);

/// What sort of type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeKind {
    /// A resource, abstract ones included.
    Resource,
    /// A data type with elements: `HumanName`.
    Complex,
    /// A data type with a value: `dateTime`.
    Primitive,
    /// The elements below one element: `Patient.contact`, `Timing.repeat`.
    Backbone,
}

/// What is particular about a type, beyond its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// Nothing.
    Plain,
    /// It has a value with a grammar.
    Primitive(PrimitiveType),
    /// `Resource` or `DomainResource`: the instance says its own type.
    AnyResource,
    /// `Extension`
    Extension,
    /// `Reference`
    Reference,
    /// `Coding`
    Coding,
    /// `CodeableConcept`
    CodeableConcept,
    /// `Quantity` and what specialises it.
    Quantity,
}

/// All types.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<TypeDefinition>", into = "Vec<TypeDefinition>")]
pub struct Structures {
    types: Vec<TypeDefinition>,
    by_name: HashMap<Box<str>, TypeId>,
}

/// One type and its elements.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypeDefinition {
    /// `Patient`, `HumanName`, `dateTime`, or the path of a backbone: `Patient.contact`.
    pub name: Box<str>,
    /// What sort of type.
    pub kind: TypeKind,
    /// What is particular about it.
    pub shape: Shape,
    /// Whether no instance is of exactly this type.
    pub is_abstract: bool,
    /// The type this one specialises: `DomainResource` of `Patient`, `BackboneElement` of `Patient.contact`.
    pub base: Option<TypeId>,
    /// The elements in the specification's order, inherited ones included.
    pub elements: Vec<Element>,
    /// Invariants of the type itself.
    pub constraints: Vec<Constraint>,
    /// JSON member names, sorted, with the element and the type each stands for.
    pub(crate) members: Vec<Member>,
    /// One bit per element, set where at least one occurrence is needed.
    pub(crate) required: u128,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    /// The first bytes of the name, so that most comparisons are of one number.
    #[serde(skip)]
    key: u64,
    pub(crate) name: Box<str>,
    pub(crate) element: u16,
    pub(crate) choice: u16,
}

/// One element of a type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Element {
    /// The name, without `[x]`.
    pub name: Box<str>,
    /// Fewest occurrences.
    pub min: u32,
    /// Most occurrences; `None` is `*`.
    pub max: Option<u32>,
    /// The types it may have; more than one, or one of a `[x]`, make a choice.
    pub types: Vec<ElementType>,
    /// Whether the definition's name ends in `[x]`.
    pub is_choice: bool,
    /// Whether it is part of `_summary=true`.
    pub is_summary: bool,
    /// Whether it can change the meaning of the rest.
    pub is_modifier: bool,
    /// Whether XML shows it as an attribute.
    pub is_xml_attribute: bool,
    /// The value set its codes come from.
    pub binding: Option<Binding>,
    /// Invariants given at this element.
    pub constraints: Vec<Constraint>,
}

/// One type an element may have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ElementType {
    /// The type.
    pub type_id: TypeId,
    /// The JSON member name: `valueQuantity` for a choice, else the element's name.
    pub json_name: Box<str>,
    /// Names of the resource types a Reference or canonical may point at; empty is any.
    pub targets: Vec<Box<str>>,
    /// Whether it is a quantity without a comparator
    /// (<https://hl7.org/fhir/R4/datatypes.html#SimpleQuantity>).
    pub is_simple: bool,
}

/// How strictly codes must come from a value set (<https://hl7.org/fhir/R4/terminologies.html#strength>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BindingStrength {
    /// Only those codes.
    Required,
    /// Those codes where one fits.
    Extensible,
    /// Recommended.
    Preferred,
    /// Shown as an example.
    Example,
}

/// A binding of an element to a value set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Binding {
    /// How strictly.
    pub strength: BindingStrength,
    /// The canonical URL of the value set, without its version.
    pub value_set: Box<str>,
    /// The value set that bounds a binding that is not required
    /// (<http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet>).
    pub maximum: Option<Box<str>>,
    /// The codes of `value_set` where it is required, else of `maximum`.
    pub(crate) code_set: Option<CodeSetId>,
}

/// An invariant (<https://hl7.org/fhir/R4/conformance-rules.html#constraints>).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constraint {
    /// `pat-1`
    pub key: Box<str>,
    /// Whether breaking it is a warning only.
    pub is_warning: bool,
    /// The rule in plain words.
    pub human: Box<str>,
    /// The rule as FHIRPath.
    pub expression: Box<str>,
    /// Whether it is advice that only those who ask for it hear
    /// (<http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice>).
    pub is_best_practice: bool,
    /// Parsed when it is first needed.
    #[serde(skip)]
    pub(crate) parsed: OnceLock<Option<Arc<Expression>>>,
}

impl Constraint {
    /// A rule whose breach is an error.
    pub(crate) fn new(key: &str, human: &str, expression: &str) -> Self {
        Self {
            key: key.into(),
            is_warning: false,
            human: human.into(),
            expression: expression.into(),
            is_best_practice: false,
            parsed: OnceLock::new(),
        }
    }

    /// The rule, parsed; `None` where it is no FHIRPath.
    pub fn parsed(&self) -> Option<&Expression> {
        let parsed = self
            .parsed
            .get_or_init(|| Expression::parse(&self.expression).ok().map(Arc::new));
        parsed.as_deref()
    }
}

impl Member {
    pub(crate) fn new(name: Box<str>, element: u16, choice: u16) -> Self {
        Self {
            key: key(&name),
            name,
            element,
            choice,
        }
    }
}

/// The first eight bytes as a number that sorts as the text does.
fn key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    if let Some(first) = bytes.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let mut first = [0; 8];
    first[..bytes.len()].copy_from_slice(bytes);
    u64::from_be_bytes(first)
}

impl From<Vec<TypeDefinition>> for Structures {
    fn from(mut types: Vec<TypeDefinition>) -> Self {
        for member in types.iter_mut().flat_map(|one| &mut one.members) {
            member.key = key(&member.name);
        }
        let by_name = types
            .iter()
            .zip(0u16..)
            .map(|(definition, place)| (definition.name.clone(), TypeId(place)))
            .collect();
        Self { types, by_name }
    }
}

impl From<Structures> for Vec<TypeDefinition> {
    fn from(structures: Structures) -> Self {
        structures.types
    }
}

impl Structures {
    /// The type of that name or backbone path.
    pub fn by_name(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// All bindings, to be joined to their codes.
    pub(crate) fn bindings_mut(&mut self) -> impl Iterator<Item = &mut Binding> {
        self.types
            .iter_mut()
            .flat_map(|definition| &mut definition.elements)
            .filter_map(|element| element.binding.as_mut())
    }

    /// The definition of a type.
    pub fn get(&self, id: TypeId) -> &TypeDefinition {
        &self.types[usize::from(id.0)]
    }

    /// All types, in no order that means anything.
    pub fn all(&self) -> impl Iterator<Item = (TypeId, &TypeDefinition)> {
        self.types
            .iter()
            .zip(0u16..)
            .map(|(definition, place)| (TypeId(place), definition))
    }

    /// Whether `id` is `ancestor` or specialises it, directly or through others.
    pub fn is_a(&self, id: TypeId, ancestor: TypeId) -> bool {
        let mut current = Some(id);
        while let Some(here) = current {
            if here == ancestor {
                return true;
            }
            current = self.get(here).base;
        }
        false
    }
}

impl TypeDefinition {
    /// The element and type behind a JSON member name (`valueQuantity`, `birthDate`); the leading underscore of a
    /// primitive's companion must be taken off before.
    pub fn member(&self, name: &str) -> Option<(&Element, &ElementType)> {
        let (_, element, chosen) = self.placed_member(name)?;
        Some((element, chosen))
    }

    /// The same with the element's place in [`TypeDefinition::elements`].
    pub(crate) fn placed_member(&self, name: &str) -> Option<(usize, &Element, &ElementType)> {
        let member = self.find(name)?;
        let element = self.elements.get(usize::from(member.element))?;
        let chosen = element.types.get(usize::from(member.choice))?;
        Some((usize::from(member.element), element, chosen))
    }

    fn find(&self, name: &str) -> Option<&Member> {
        let key = key(name);
        let first = self.members.partition_point(|member| member.key < key);
        self.members[first..]
            .iter()
            .take_while(|member| member.key == key)
            // Names of up to eight bytes are compared in full by their keys.
            .find(|member| {
                member.name.len() == name.len() && (name.len() <= 8 || *member.name == *name)
            })
    }

    /// The element of that name, without `[x]`.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.elements.iter().find(|element| &*element.name == name)
    }

    /// The element's place in the specification's order, by JSON member name.
    pub fn order(&self, member_name: &str) -> Option<usize> {
        Some(usize::from(self.find(member_name)?.element))
    }
}

impl Binding {
    /// The same, of the value sets that are published together with it, whatever version it names.
    pub(crate) fn without_versions(mut self) -> Self {
        self.value_set = without_version(&self.value_set);
        self.maximum = self.maximum.as_deref().map(without_version);
        self
    }

    /// The value sets whose codes tell what is an error or a warning.
    pub(crate) fn value_sets(&self) -> impl Iterator<Item = &str> {
        let own = matches!(
            self.strength,
            BindingStrength::Required | BindingStrength::Extensible
        );
        let maximum = self.maximum.as_deref();
        own.then_some(&*self.value_set).into_iter().chain(maximum)
    }
}

fn without_version(canonical: &str) -> Box<str> {
    canonical.split('|').next().unwrap_or_default().into()
}

impl Element {
    /// Whether JSON shows it as an array.
    pub fn is_list(&self) -> bool {
        self.max.is_none_or(|max| max > 1)
    }
}
