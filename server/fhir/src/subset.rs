//! `_summary` and `_elements`: parts of a resource, marked as such (<https://hl7.org/fhir/R4/search.html#summary>,
//! <https://hl7.org/fhir/R4/search.html#elements>). What is kept is copied from the text byte for byte.

#[cfg(test)]
mod tests;

use crate::definitions::structure::{Element, ElementType, Structures, TypeDefinition, TypeKind};
use crate::ids::ResourceType;
use crate::json::edit::Splices;
use crate::json::{Kind, ObjectWriter, Value, Writer};

/// The system of the tag that marks a part of a resource.
pub const SUBSETTED_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
/// The code of that tag.
pub const SUBSETTED_CODE: &str = "SUBSETTED";

/// Which part of a resource is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subset {
    /// `_summary=true`: the elements marked as summary, and what is mandatory or modifies meaning.
    Summary,
    /// `_summary=text`: id, meta, the narrative and mandatory elements.
    Text,
    /// `_summary=data`: everything but the narrative.
    Data,
    /// `_summary=count`: of a search, how many; of a resource there is no such part.
    Count,
    /// `_elements`: those named, and what is mandatory or modifies meaning.
    Elements(Vec<Box<str>>),
}

/// A value of `_summary` or `_elements` that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubsetError {
    /// Not one of the five values.
    #[error("_summary is true, text, data, count or false")]
    Summary,
    /// Not a list of element names.
    #[error("_elements is a list of names of top-level elements, separated by commas")]
    Elements,
    /// A name no element has.
    #[error("_elements names '{0}', which is no top-level element")]
    UnknownElement(Box<str>),
    /// Two different parts at once.
    #[error("_summary and _elements cannot be combined")]
    Both,
}

impl Subset {
    /// Reads the values of the two parameters; `None` asks for the whole.
    pub fn parse(
        summary: Option<&str>,
        elements: Option<&str>,
    ) -> Result<Option<Self>, SubsetError> {
        let summary = match summary {
            None | Some("false") => None,
            Some("true") => Some(Self::Summary),
            Some("text") => Some(Self::Text),
            Some("data") => Some(Self::Data),
            Some("count") => Some(Self::Count),
            Some(_) => return Err(SubsetError::Summary),
        };
        let Some(elements) = elements else {
            return Ok(summary);
        };
        if summary.is_some() {
            return Err(SubsetError::Both);
        }
        elements
            .split(',')
            .map(|name| {
                let name = name.trim();
                let name = name.strip_suffix("[x]").unwrap_or(name);
                let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && name.len() <= 64;
                is_name.then(|| name.into()).ok_or(SubsetError::Elements)
            })
            .collect::<Result<_, _>>()
            .map(|names| Some(Self::Elements(names)))
    }

    /// Refuses names that are no elements of the type or, where results may be of many types, of any type.
    pub fn check(
        &self,
        resource_type: Option<ResourceType>,
        structures: &Structures,
    ) -> Result<(), SubsetError> {
        let Self::Elements(names) = self else {
            return Ok(());
        };
        let types: Vec<&TypeDefinition> = match resource_type {
            Some(resource_type) => definition(resource_type.name(), structures)
                .into_iter()
                .collect(),
            None => structures
                .all()
                .map(|(_, definition)| definition)
                .filter(|definition| definition.kind == TypeKind::Resource)
                .collect(),
        };
        let is_element = |name: &str| {
            types
                .iter()
                .any(|known| known.element(name).is_some() || known.member(name).is_some())
        };
        match names.iter().find(|name| !is_element(name)) {
            Some(unknown) => Err(SubsetError::UnknownElement(unknown.clone())),
            None => Ok(()),
        }
    }

    /// The JSON of this part of a resource, tagged SUBSETTED. A resource of an unknown type stays whole.
    pub fn of_resource(&self, resource: Value<'_>, structures: &Structures) -> String {
        let name = resource.get("resourceType").and_then(Value::string);
        let definition = name.and_then(|name| definition(&name, structures));
        let (Some(definition), false) = (definition, *self == Self::Count) else {
            return resource.raw().to_owned();
        };
        let mut writer = Writer::with_capacity(resource.raw().len() + 128);
        writer.object(|object| {
            for name in ["resourceType", "id"] {
                if let Some(value) = resource.get(name) {
                    object.raw(name, value.raw());
                }
            }
            write_meta(object, resource.get("meta"));
            for (name, value) in resource.members() {
                if !matches!(&*name, "resourceType" | "id" | "meta") {
                    self.write_member(object, &name, value, definition, structures);
                }
            }
        });
        writer.finish()
    }

    /// The JSON of a Bundle whose entries hold this part of their resources; outcomes stay whole, and what is included
    /// is not cut by a list of elements, which speaks of the matches.
    pub fn of_entries(&self, bundle: Value<'_>, structures: &Structures) -> String {
        let mut splices = Splices::default();
        let entries = bundle.get("entry").into_iter().flat_map(Value::items);
        let is_cut = |entry: &Value<'_>| {
            let mode = entry.at(&["search", "mode"]).and_then(Value::string);
            !matches!(self, Self::Elements(_)) || mode.is_none_or(|mode| mode != "include")
        };
        for resource in entries
            .filter(is_cut)
            .filter_map(|entry| entry.get("resource"))
        {
            let name = resource.get("resourceType").and_then(Value::string);
            if name.is_some_and(|name| name != "OperationOutcome") {
                splices.replace(resource, self.of_resource(resource, structures));
            }
        }
        splices.apply(bundle.document().text())
    }

    fn write_member(
        &self,
        object: &mut ObjectWriter<'_>,
        name: &str,
        value: Value<'_>,
        definition: &TypeDefinition,
        structures: &Structures,
    ) {
        let known = definition.member(name.strip_prefix('_').unwrap_or(name));
        match (self, known) {
            (Self::Data, _) => {
                if name != "text" {
                    object.raw(name, value.raw());
                }
            }
            (Self::Summary, Some((element, element_type))) => {
                if belongs_to_summary(element) {
                    write_summary(object, name, value, element_type, structures);
                }
            }
            (Self::Text, Some((element, _))) => {
                if name == "text" || element.min > 0 {
                    object.raw(name, value.raw());
                }
            }
            (Self::Elements(names), Some((element, element_type))) => {
                let is_named = names
                    .iter()
                    .any(|asked| **asked == *element.name || **asked == *element_type.json_name);
                if is_named || element.min > 0 || element.is_modifier {
                    object.raw(name, value.raw());
                }
            }
            (Self::Count, _) | (_, None) => {}
        }
    }
}

fn definition<'a>(name: &str, structures: &'a Structures) -> Option<&'a TypeDefinition> {
    structures.by_name(name).map(|id| structures.get(id))
}

fn belongs_to_summary(element: &Element) -> bool {
    element.is_summary || element.is_modifier || element.min > 0
}

/// Writes the summary of one element: of backbones and data types the children that belong to it, else the whole.
fn write_summary(
    object: &mut ObjectWriter<'_>,
    name: &str,
    value: Value<'_>,
    element_type: &ElementType,
    structures: &Structures,
) {
    let definition = structures.get(element_type.type_id);
    let has_parts = matches!(definition.kind, TypeKind::Backbone | TypeKind::Complex);
    // An extension without its value would say something else, and a companion (`_birthDate`) belongs to its value.
    if !has_parts || &*definition.name == "Extension" || name.starts_with('_') {
        object.raw(name, value.raw());
        return;
    }
    match value.kind() {
        Kind::Array => object.array(name, |items| {
            for item in value.items() {
                items.raw(&summary_of(item, definition, structures));
            }
        }),
        _ => object.raw(name, &summary_of(value, definition, structures)),
    }
}

fn summary_of(value: Value<'_>, definition: &TypeDefinition, structures: &Structures) -> String {
    let kept: Vec<_> = value
        .members()
        .filter_map(|(name, member)| {
            let (element, element_type) =
                definition.member(name.strip_prefix('_').unwrap_or(&name))?;
            belongs_to_summary(element).then_some((name, member, element_type))
        })
        .collect();
    // FHIR knows no empty objects: what has nothing but extensions stays whole.
    if kept.is_empty() {
        return value.raw().to_owned();
    }
    let mut writer = Writer::with_capacity(value.raw().len());
    writer.object(|object| {
        for (name, member, element_type) in kept {
            write_summary(object, &name, member, element_type, structures);
        }
    });
    writer.finish()
}

/// Writes `meta` with the tag added, unless it is there.
fn write_meta(resource: &mut ObjectWriter<'_>, meta: Option<Value<'_>>) {
    let tags = meta.and_then(|meta| meta.get("tag"));
    resource.object("meta", |object| {
        for (name, value) in meta.into_iter().flat_map(Value::members) {
            if name != "tag" {
                object.raw(&name, value.raw());
            }
        }
        object.array("tag", |list| {
            let tags = tags.into_iter().flat_map(Value::items);
            for tag in tags.clone() {
                list.raw(tag.raw());
            }
            if !tags.into_iter().any(is_subsetted_tag) {
                list.object(|tag| {
                    tag.string("system", SUBSETTED_SYSTEM);
                    tag.string("code", SUBSETTED_CODE);
                });
            }
        });
    });
}

/// Whether a resource is marked as a part of itself; such a one must not be written over the whole.
pub fn is_subsetted(resource: Value<'_>) -> bool {
    resource
        .at(&["meta", "tag"])
        .is_some_and(|tags| tags.items().any(is_subsetted_tag))
}

fn is_subsetted_tag(tag: Value<'_>) -> bool {
    let is = |name: &str, expected: &str| {
        tag.get(name)
            .and_then(Value::string)
            .is_some_and(|found| found == expected)
    };
    is("system", SUBSETTED_SYSTEM) && is("code", SUBSETTED_CODE)
}
