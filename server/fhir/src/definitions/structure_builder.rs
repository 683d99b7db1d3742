//! StructureDefinitions with snapshots become the element table.

use std::collections::{HashMap, HashSet};

use super::primitive::PrimitiveType;
use super::structure::{
    Binding, BindingStrength, Constraint, Element, ElementType, Member, Shape, Structures,
    TypeDefinition, TypeId, TypeKind,
};
use crate::json::Value;

/// A definition that cannot be used; the start stops with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// A member the definition must have is not there or of the wrong kind.
    #[error("{definition}: '{member}' is missing or of the wrong type")]
    Missing {
        /// The definition's URL, or where it stood.
        definition: String,
        /// The member.
        member: &'static str,
    },
    /// An element has a type nobody defines.
    #[error("{path}: unknown type '{name}'")]
    UnknownType {
        /// The element's path.
        path: String,
        /// The type's name.
        name: String,
    },
    /// More types than the table can number.
    #[error("too many types")]
    TooManyTypes,
    /// A type with more elements than the table can mark.
    #[error("{name}: more than 128 elements")]
    TooManyElements {
        /// The type's name.
        name: String,
    },
    /// A profile whose type, or what it is derived from, nobody defines.
    #[error("{url}: the profile's type, or what it is derived from, is unknown")]
    UnusableProfile {
        /// The canonical URL.
        url: String,
    },
    /// A primitive type this code has no grammar for.
    #[error("{name}: not a primitive type of R4")]
    UnknownPrimitive {
        /// The type's name.
        name: String,
    },
    /// A code where the definition allows only certain others.
    #[error("{definition}: '{code}' is not a {member} of R4")]
    UnknownCode {
        /// The definition's URL.
        definition: String,
        /// The member.
        member: &'static str,
        /// What stood there.
        code: String,
    },
    /// A compartment relies on a search parameter that is not there.
    #[error("{compartment}: {resource_type} has no search parameter '{parameter}'")]
    UnknownParameter {
        /// The compartment's URL.
        compartment: String,
        /// The type searched.
        resource_type: String,
        /// The parameter's code.
        parameter: String,
    },
}

/// Collects StructureDefinitions, then resolves their names against each other.
#[derive(Debug, Default)]
pub struct StructuresBuilder {
    drafts: Vec<Draft>,
    names: HashSet<String>,
}

#[derive(Debug)]
struct Draft {
    name: String,
    kind: TypeKind,
    is_abstract: bool,
    base: Option<String>,
    elements: Vec<DraftElement>,
    constraints: Vec<Constraint>,
}

#[derive(Debug)]
struct DraftElement {
    path: String,
    element: Element,
    types: Vec<NamedType>,
}

impl StructuresBuilder {
    /// Adds one StructureDefinition. A type that is there already, profiles, extensions and logical models are passed over: they define no type.
    pub fn add(&mut self, definition: Value<'_>) -> Result<(), DefinitionError> {
        let text = |name| definition.get(name).and_then(Value::string);
        let url = text("url").unwrap_or_default().into_owned();
        let missing = |member| DefinitionError::Missing {
            definition: url.clone(),
            member,
        };
        let kind = match text("kind").ok_or_else(|| missing("kind"))?.as_ref() {
            "resource" => TypeKind::Resource,
            "complex-type" => TypeKind::Complex,
            "primitive-type" => TypeKind::Primitive,
            _ => return Ok(()),
        };
        if text("derivation").as_deref() == Some("constraint") {
            return Ok(());
        }
        let name = text("type").ok_or_else(|| missing("type"))?.into_owned();
        // Two packages may carry the same type; the one loaded first counts.
        if !self.names.insert(name.clone()) {
            return Ok(());
        }
        let snapshot = definition
            .at(&["snapshot", "element"])
            .ok_or_else(|| missing("snapshot"))?;
        let base =
            text("baseDefinition").and_then(|base| base.rsplit('/').next().map(str::to_owned));
        let is_abstract = definition
            .get("abstract")
            .and_then(Value::boolean)
            .unwrap_or(false);
        self.add_snapshot(
            Draft {
                name,
                kind,
                is_abstract,
                base,
                elements: Vec::new(),
                constraints: Vec::new(),
            },
            snapshot,
        )
        .map_err(missing)
    }

    fn add_snapshot(&mut self, root: Draft, snapshot: Value<'_>) -> Result<(), &'static str> {
        let paths: Vec<String> = snapshot
            .items()
            .map(|item| {
                item.get("path")
                    .and_then(Value::string)
                    .map(Into::into)
                    .ok_or("path")
            })
            .collect::<Result<_, _>>()?;
        let parents: HashSet<&str> = paths
            .iter()
            .filter_map(|path| Some(path.rsplit_once('.')?.0))
            .collect();
        let is_primitive = root.kind == TypeKind::Primitive;
        let mut drafts = vec![root];
        for (item, path) in snapshot.items().zip(&paths) {
            let constraints = constraints(item);
            let Some((parent, name)) = path.rsplit_once('.') else {
                drafts[0].constraints = constraints;
                continue;
            };
            if is_primitive && name == "value" {
                continue;
            }
            let is_backbone = parents.contains(path.as_str());
            let types = if is_backbone {
                vec![(path.clone(), Vec::new(), false)]
            } else {
                element_types(item, path)
            };
            let element = element(
                item,
                name,
                if is_backbone {
                    Vec::new()
                } else {
                    constraints.clone()
                },
            );
            let owner = drafts
                .iter_mut()
                .find(|draft| draft.name == parent)
                .ok_or("path")?;
            owner.elements.push(DraftElement {
                path: path.clone(),
                element,
                types,
            });
            if is_backbone {
                drafts.push(Draft {
                    name: path.clone(),
                    kind: TypeKind::Backbone,
                    is_abstract: false,
                    base: item
                        .get("type")
                        .and_then(|types| types.items().next()?.get("code")?.string())
                        .map(Into::into),
                    elements: Vec::new(),
                    constraints,
                });
            }
        }
        self.drafts.append(&mut drafts);
        Ok(())
    }

    /// The table; an error names the first element whose type nobody defines.
    pub fn build(self) -> Result<Structures, DefinitionError> {
        let ids: HashMap<String, TypeId> = self
            .drafts
            .iter()
            .enumerate()
            .map(|(place, draft)| {
                Ok((
                    draft.name.clone(),
                    TypeId(u16::try_from(place).map_err(|_| DefinitionError::TooManyTypes)?),
                ))
            })
            .collect::<Result<_, DefinitionError>>()?;
        let types = self
            .drafts
            .into_iter()
            .map(|draft| resolve(draft, &ids))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(types.into())
    }
}

fn resolve(draft: Draft, ids: &HashMap<String, TypeId>) -> Result<TypeDefinition, DefinitionError> {
    let id = |path: &str, name: &str| {
        ids.get(name)
            .copied()
            .ok_or_else(|| DefinitionError::UnknownType {
                path: path.to_owned(),
                name: name.to_owned(),
            })
    };
    let mut elements = Vec::with_capacity(draft.elements.len());
    let mut members = Vec::new();
    for DraftElement {
        path,
        mut element,
        types,
    } in draft.elements
    {
        for (name, targets, is_simple) in types {
            let type_id = id(&path, &name)?;
            let json_name = if element.is_choice {
                choice_name(&element.name, &name)
            } else {
                element.name.clone()
            };
            let place =
                |count: usize| u16::try_from(count).map_err(|_| DefinitionError::TooManyTypes);
            members.push(Member::new(
                json_name.clone(),
                place(elements.len())?,
                place(element.types.len())?,
            ));
            element.types.push(ElementType {
                type_id,
                json_name,
                targets,
                is_simple,
            });
        }
        elements.push(element);
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let base = draft
        .base
        .as_deref()
        .map(|base| id(&draft.name, base))
        .transpose()?;
    Ok(TypeDefinition {
        kind: draft.kind,
        shape: shape(&draft.name, draft.kind, draft.is_abstract)?,
        is_abstract: draft.is_abstract,
        base,
        required: required(&draft.name, &elements)?,
        elements,
        constraints: draft.constraints,
        members,
        name: draft.name.into(),
    })
}

fn shape(name: &str, kind: TypeKind, is_abstract: bool) -> Result<Shape, DefinitionError> {
    if kind == TypeKind::Primitive {
        let primitive =
            PrimitiveType::parse(name).ok_or_else(|| DefinitionError::UnknownPrimitive {
                name: name.to_owned(),
            })?;
        return Ok(Shape::Primitive(primitive));
    }
    Ok(match name {
        _ if kind == TypeKind::Resource && is_abstract => Shape::AnyResource,
        "Extension" => Shape::Extension,
        "Reference" => Shape::Reference,
        "Coding" => Shape::Coding,
        "CodeableConcept" => Shape::CodeableConcept,
        "Quantity" | "Age" | "Count" | "Distance" | "Duration" => Shape::Quantity,
        _ => Shape::Plain,
    })
}

fn required(name: &str, elements: &[Element]) -> Result<u128, DefinitionError> {
    if elements.len() > 128 {
        return Err(DefinitionError::TooManyElements {
            name: name.to_owned(),
        });
    }
    Ok(elements
        .iter()
        .enumerate()
        .filter(|(_, element)| element.min > 0)
        .fold(0, |bits, (place, _)| bits | 1 << place))
}

/// `value` and `dateTime` make `valueDateTime`.
fn choice_name(element: &str, type_name: &str) -> Box<str> {
    let mut letters = type_name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    element
        .chars()
        .chain(first)
        .chain(letters)
        .collect::<String>()
        .into()
}

fn element(item: Value<'_>, name: &str, constraints: Vec<Constraint>) -> Element {
    let flag = |name| item.get(name).and_then(Value::boolean).unwrap_or(false);
    let max = item.get("max").and_then(Value::string);
    Element {
        name: name.strip_suffix("[x]").unwrap_or(name).into(),
        min: item
            .get("min")
            .and_then(Value::number)
            .and_then(|min| min.parse().ok())
            .unwrap_or(0),
        max: max.and_then(|max| max.parse().ok()),
        types: Vec::new(),
        is_choice: name.ends_with("[x]"),
        is_summary: flag("isSummary"),
        is_modifier: flag("isModifier"),
        is_xml_attribute: item.get("representation").is_some_and(|list| {
            list.items()
                .any(|code| code.string().as_deref() == Some("xmlAttr"))
        }),
        binding: item
            .get("binding")
            .and_then(binding)
            .map(Binding::without_versions),
        constraints,
    }
}

/// A type's name, its reference targets, and whether it is a SimpleQuantity.
type NamedType = (String, Vec<Box<str>>, bool);

/// The types of an element that has no elements of its own here.
fn element_types(item: Value<'_>, path: &str) -> Vec<NamedType> {
    if let Some(target) = item.get("contentReference").and_then(Value::string) {
        let named = target.trim_start_matches('#').to_owned();
        return vec![(named, Vec::new(), false)];
    }
    let Some(types) = item.get("type") else {
        return Vec::new();
    };
    types
        .items()
        .filter_map(|one| {
            let code = one.get("code")?.string()?;
            let targets = one.get("targetProfile").map(targets).unwrap_or_default();
            let mut profiles = one.get("profile").into_iter().flat_map(Value::items);
            let is_simple = profiles.any(|one| one.string().as_deref() == Some(SIMPLE_QUANTITY));
            Some((type_name(&code, one, path), targets, is_simple))
        })
        .collect()
}

const SIMPLE_QUANTITY: &str = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity";

/// FHIRPath's system types stand where R4 means one of its own primitives; an extension says which.
fn type_name(code: &str, one: Value<'_>, path: &str) -> String {
    if !code.starts_with("http://hl7.org/fhirpath/") {
        return code.to_owned();
    }
    // `Resource.id` is an `id`; the extension of R4 says `string` there, `resource.html#id` says `id`.
    if path.ends_with(".id")
        && path.starts_with(|first: char| first.is_ascii_uppercase())
        && path.matches('.').count() == 1
    {
        let owner = path.trim_end_matches(".id");
        if owner == "Resource"
            || crate::ids::ResourceType::parse(owner).is_some()
            || owner == "DomainResource"
        {
            return "id".to_owned();
        }
    }
    let extension = one
        .get("extension")
        .into_iter()
        .flat_map(Value::items)
        .find_map(|extension| extension.get("valueUrl")?.string());
    extension.map_or_else(|| "string".to_owned(), Into::into)
}

fn targets(profiles: Value<'_>) -> Vec<Box<str>> {
    profiles
        .items()
        .filter_map(|profile| profile.string())
        .filter_map(|profile| Some(Box::from(profile.rsplit('/').next()?)))
        .filter(|name| **name != *"Resource")
        .collect()
}

pub(super) fn binding(item: Value<'_>) -> Option<Binding> {
    let strength = match item.get("strength")?.string()?.as_ref() {
        "required" => BindingStrength::Required,
        "extensible" => BindingStrength::Extensible,
        "preferred" => BindingStrength::Preferred,
        _ => BindingStrength::Example,
    };
    let value_set = item.get("valueSet")?.string()?;
    let maximum = item.get("extension").and_then(|list| {
        list.items()
            .find(|one| one.get("url").and_then(Value::string).as_deref() == Some(MAX_VALUE_SET))?
            .get("valueCanonical")?
            .string()
    });
    Some(Binding {
        strength,
        value_set: value_set.as_ref().into(),
        maximum: maximum.as_deref().map(Box::from),
        code_set: None,
    })
}

const MAX_VALUE_SET: &str = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet";

pub(super) fn constraints(item: Value<'_>) -> Vec<Constraint> {
    let Some(list) = item.get("constraint") else {
        return Vec::new();
    };
    list.items()
        .filter_map(|one| {
            let text = |name| one.get(name).and_then(Value::string);
            let key = text("key")?;
            // Every element carries these two; they belong to the types Element and Extension.
            if matches!(key.as_ref(), "ele-1" | "ext-1") {
                return None;
            }
            let human = text("human").unwrap_or_default();
            let expression = text("expression")?;
            Some(Constraint {
                is_warning: text("severity")? == "warning",
                is_best_practice: is_best_practice(one),
                ..Constraint::new(&key, &human, &expression)
            })
        })
        .collect()
}

fn is_best_practice(constraint: Value<'_>) -> bool {
    let extensions = constraint.get("extension").into_iter();
    extensions.flat_map(Value::items).any(|extension| {
        extension.get("url").and_then(Value::string).as_deref() == Some(BEST_PRACTICE)
            && extension.get("valueBoolean").and_then(Value::boolean) == Some(true)
    })
}

const BEST_PRACTICE: &str =
    "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice";
