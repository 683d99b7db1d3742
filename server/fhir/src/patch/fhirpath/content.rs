//! What a part gives as a value, as the element that it becomes
//! (<https://hl7.org/fhir/R4/fhirpatch.html#anonymous>).

use std::borrow::Cow;

use super::operation::malformed;
use crate::definitions::structure::{
    Element, ElementType, Structures, TypeDefinition, TypeId, TypeKind,
};
use crate::json::{Kind, Value, quoted};
use crate::patch::{PatchErrorKind, Reason, reason};

/// One occurrence of an element as JSON text: its value, and what stands beside a primitive's.
#[derive(Clone, Debug, Default)]
pub(super) struct Occurrence<'a> {
    pub(super) value: Option<Cow<'a, str>>,
    pub(super) companion: Option<Cow<'a, str>>,
}

/// An occurrence and the JSON name it stands under.
#[derive(Debug)]
pub(super) struct Content<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) occurrence: Occurrence<'a>,
}

/// An element by its name, or one type of a choice by the JSON name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'s> {
    pub(super) element: &'s Element,
    chosen: Option<&'s ElementType>,
}

impl<'s> Named<'s> {
    /// `value` and `valueQuantity` are both understood.
    pub(super) fn find(definition: &'s TypeDefinition, name: &str) -> Option<Self> {
        let all = |element| Self {
            element,
            chosen: None,
        };
        let one = || definition.member(name).map(|found| found.into());
        definition.element(name).map(all).or_else(one)
    }

    fn types(self) -> &'s [ElementType] {
        match self.chosen {
            Some(one) => std::slice::from_ref(one),
            None => &self.element.types,
        }
    }
}

impl<'s> From<(&'s Element, &'s ElementType)> for Named<'s> {
    fn from((element, chosen): (&'s Element, &'s ElementType)) -> Self {
        Self {
            element,
            chosen: Some(chosen),
        }
    }
}

impl<'s> From<&'s Element> for Named<'s> {
    fn from(element: &'s Element) -> Self {
        Self {
            element,
            chosen: None,
        }
    }
}

/// What a part has beside its name.
enum Given<'a> {
    /// `value[x]`: its JSON name, the value, and what stands beside it.
    Value(Cow<'a, str>, Option<Value<'a>>, Option<Value<'a>>),
    Resource(Value<'a>),
    Parts(Value<'a>),
}

/// Refuses a part that gives no value, or more than one.
pub(super) fn check_part(part: Value<'_>, structures: &Structures) -> Result<(), Reason> {
    match given(part)? {
        Given::Value(name, ..) => value_type(&name, structures).map(drop),
        Given::Resource(_) => Ok(()),
        Given::Parts(parts) => parts
            .items()
            .try_for_each(|part| check_part(part, structures)),
    }
}

fn given(part: Value<'_>) -> Result<Given<'_>, Reason> {
    let fault = || malformed("a part has a value, a resource, or parts: one of them");
    let mut found = Vec::new();
    for (key, member) in part.members() {
        match &*key {
            "name" | "id" => {}
            "resource" => found.push(Given::Resource(member)),
            "part" => found.push(Given::Parts(member)),
            text => {
                let bare = text.strip_prefix('_').unwrap_or(text);
                if !bare.starts_with("value") {
                    return Err(malformed(format!("a part has no '{text}'")));
                }
                let name = Cow::Owned(bare.to_owned());
                let (value, companion) = match bare == text {
                    true => (Some(member), None),
                    false => (None, Some(member)),
                };
                let one = match found.pop() {
                    None => Given::Value(name, value, companion),
                    Some(Given::Value(known, first, beside)) if known == name => {
                        Given::Value(name, first.or(value), beside.or(companion))
                    }
                    Some(_) => return Err(fault()),
                };
                found.push(one);
            }
        }
    }
    match found.pop() {
        Some(one) if found.is_empty() => Ok(one),
        _ => Err(fault()),
    }
}

/// The type of `valueHumanName`.
fn value_type(name: &str, structures: &Structures) -> Result<TypeId, Reason> {
    let definition = structures.by_name("Parameters.parameter");
    definition
        .and_then(|id| structures.get(id).member(name))
        .filter(|(element, _)| &*element.name == "value")
        .map(|(_, chosen)| chosen.type_id)
        .ok_or_else(|| malformed("a part has no value of this type"))
}

impl<'a> Content<'a> {
    /// What a part gives, if the element may hold it.
    pub(super) fn read<'s: 'a>(
        part: Value<'a>,
        named: impl Into<Named<'s>>,
        structures: &'s Structures,
    ) -> Result<Self, Reason> {
        let named = named.into();
        match given(part)? {
            Given::Value(name, value, companion) => {
                let given = value_type(&name, structures)?;
                let chosen = fitting(given, named, structures).ok_or_else(wrong_type)?;
                let companion = companion.filter(|companion| !companion.is_null());
                Ok(Self {
                    name: Cow::Borrowed(&chosen.json_name),
                    occurrence: Occurrence {
                        value: value.map(|value| Cow::Borrowed(value.raw())),
                        companion: companion.map(|companion| Cow::Borrowed(companion.raw())),
                    },
                })
            }
            Given::Resource(resource) => {
                let chosen = only(named)?;
                let is_resource = structures.get(chosen.type_id).kind == TypeKind::Resource;
                match is_resource && resource.kind() == Kind::Object {
                    true => Ok(Self::of(chosen, Cow::Borrowed(resource.raw()))),
                    false => Err(wrong_type()),
                }
            }
            Given::Parts(parts) => {
                let chosen = only(named)?;
                let text = object(parts, structures.get(chosen.type_id), structures)?;
                Ok(Self::of(chosen, Cow::Owned(text)))
            }
        }
    }

    fn of(chosen: &'a ElementType, value: Cow<'a, str>) -> Self {
        Self {
            name: Cow::Borrowed(&chosen.json_name),
            occurrence: Occurrence {
                value: Some(value),
                companion: None,
            },
        }
    }
}

/// The type an element has for a value. A choice is made by exactly the type; elsewhere a type that specialises the
/// element's, or that it specialises, will do where the content does, for Parameters cannot say all of them.
fn fitting<'s>(
    given: TypeId,
    named: Named<'s>,
    structures: &Structures,
) -> Option<&'s ElementType> {
    let types = named.types();
    let exact = types.iter().find(|one| one.type_id == given);
    if named.element.is_choice || exact.is_some() {
        return exact;
    }
    types.iter().find(|one| {
        let related = structures.is_a(given, one.type_id) || structures.is_a(one.type_id, given);
        let name = |id| &*structures.get(id).name;
        // There is no other way to give a narrative.
        related || (name(one.type_id) == "xhtml" && name(given) == "string")
    })
}

/// The one type an element has.
fn only(named: Named<'_>) -> Result<&ElementType, Reason> {
    match named.types() {
        [one] => Ok(one),
        _ => Err(malformed(
            "which type of the choice is meant has to be said by its name or by value[x]",
        )),
    }
}

/// An element that is given by its parts.
fn object(
    parts: Value<'_>,
    definition: &TypeDefinition,
    structures: &Structures,
) -> Result<String, Reason> {
    if !matches!(definition.kind, TypeKind::Complex | TypeKind::Backbone) {
        return Err(wrong_type());
    }
    let mut members: Vec<(&Element, Cow<'_, str>, Vec<Occurrence<'_>>)> = Vec::new();
    for part in parts.items() {
        let name = part.get("name").and_then(Value::string).unwrap_or_default();
        let named = Named::find(definition, &name).ok_or_else(|| {
            malformed(format!(
                "there is no element '{name}' where the part says so"
            ))
        })?;
        let content = Content::read(part, named, structures)?;
        let known = members
            .iter_mut()
            .find(|(element, ..)| element.name == named.element.name);
        match known {
            None => members.push((named.element, content.name, vec![content.occurrence])),
            Some((element, _, occurrences)) if element.is_list() => {
                occurrences.push(content.occurrence);
            }
            Some(_) => return Err(malformed(format!("'{name}' does not repeat"))),
        }
    }
    let mut out = String::from("{");
    for (element, name, occurrences) in &members {
        let (value, companion) = texts(occurrences, element.is_list());
        for (key, text) in [
            (quoted(name), value),
            (quoted(&format!("_{name}")), companion),
        ] {
            let Some(text) = text else {
                continue;
            };
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&format!("{key}:{text}"));
        }
    }
    out.push('}');
    Ok(out)
}

/// The JSON texts of an element's two members; `None` for one that is not to be there.
pub(super) fn texts(
    occurrences: &[Occurrence<'_>],
    is_list: bool,
) -> (Option<String>, Option<String>) {
    let text = |side: fn(&'_ Occurrence<'_>) -> Option<String>| {
        let all: Vec<Option<String>> = occurrences.iter().map(side).collect();
        if all.iter().all(Option::is_none) {
            return None;
        }
        let items = all
            .into_iter()
            .map(|one| one.unwrap_or_else(|| "null".to_owned()));
        let joined = items.collect::<Vec<_>>().join(",");
        Some(match is_list {
            true => format!("[{joined}]"),
            false => joined,
        })
    };
    (
        text(|one| one.value.as_deref().map(str::to_owned)),
        text(|one| one.companion.as_deref().map(str::to_owned)),
    )
}

fn wrong_type() -> Reason {
    reason(
        PatchErrorKind::Result,
        "the value is of a type that the element does not have",
    )
}
