//! JSON to XML (<https://hl7.org/fhir/R4/xml.html>): the elements in the order of their definition.

use super::characters::{is_xml_character, push_attribute};
use super::error::{XmlError, XmlErrorKind, short};
use super::scanner::XmlLimits;
use super::{FHIR_NAMESPACE, narrative};
use crate::definitions::structure::{Element, Structures, TypeDefinition, TypeKind};
use crate::json::{Kind, Value};
use crate::resource::Resource;

/// Writes a resource as XML. What XML cannot carry (an unknown member, an empty array, a control character, a
/// narrative that is not XHTML) is an error with its place in the JSON.
pub fn to_xml(
    resource: &Resource,
    structures: &Structures,
    pretty: bool,
) -> Result<String, XmlError> {
    let mut writer = Writer {
        structures,
        pretty,
        out: String::with_capacity(resource.text().len() * 3 / 2),
    };
    writer
        .out
        .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    writer.resource(resource.root(), 0)?;
    if pretty {
        writer.out.push('\n');
    }
    Ok(writer.out)
}

struct Writer<'s> {
    structures: &'s Structures,
    pretty: bool,
    out: String,
}

/// A member of an object with what belongs to it: the element's value and the `_name` companion.
struct Slot<'a, 's> {
    order: usize,
    element: &'s Element,
    name: &'s str,
    definition: &'s TypeDefinition,
    value: Option<Value<'a>>,
    companion: Option<Value<'a>>,
}

fn error(kind: XmlErrorKind, place: Value<'_>) -> XmlError {
    XmlError {
        kind,
        position: place.position(),
        path: None,
    }
}

fn shape(name: &str, place: Value<'_>) -> XmlError {
    error(XmlErrorKind::Shape(short(name)), place)
}

impl<'s> Writer<'s> {
    fn line(&mut self, level: usize) {
        if self.pretty {
            self.out.push('\n');
            for _ in 0..level {
                self.out.push_str("  ");
            }
        }
    }

    fn resource(&mut self, value: Value<'_>, level: usize) -> Result<(), XmlError> {
        let name = value
            .get("resourceType")
            .and_then(Value::string)
            .ok_or_else(|| shape("resourceType", value))?;
        let definition = self
            .structures
            .by_name(&name)
            .map(|id| self.structures.get(id))
            .filter(|definition| definition.kind == TypeKind::Resource && !definition.is_abstract)
            .ok_or_else(|| error(XmlErrorKind::UnknownResource(short(&name)), value))?;
        self.line(level);
        self.out.push('<');
        self.out.push_str(&name);
        if level == 0 {
            self.out.push_str(" xmlns=\"");
            self.out.push_str(FHIR_NAMESPACE);
            self.out.push('"');
        }
        let slots = self.slots(value, definition, true)?;
        self.content(&slots, &name, level)
    }

    /// The members in the order of the definition.
    fn slots<'a>(
        &self,
        object: Value<'a>,
        definition: &'s TypeDefinition,
        is_resource: bool,
    ) -> Result<Vec<Slot<'a, 's>>, XmlError> {
        let mut slots: Vec<Slot<'a, 's>> = Vec::with_capacity(8);
        for (key, value) in object.members() {
            if is_resource && key == "resourceType" {
                continue;
            }
            let companion_of = key.strip_prefix('_');
            let name = companion_of.unwrap_or(&key);
            let unknown = || error(XmlErrorKind::UnknownElement(short(&key)), value);
            let (order, element, chosen) = definition.placed_member(name).ok_or_else(unknown)?;
            let of_type = self.structures.get(chosen.type_id);
            if companion_of.is_some()
                && (of_type.kind != TypeKind::Primitive
                    || &*of_type.name == "xhtml"
                    || element.is_xml_attribute)
            {
                return Err(unknown());
            }
            let place = slots.partition_point(|slot| slot.order < order);
            if slots.get(place).is_none_or(|slot| slot.order != order) {
                slots.insert(
                    place,
                    Slot {
                        order,
                        element,
                        name: &chosen.json_name,
                        definition: of_type,
                        value: None,
                        companion: None,
                    },
                );
            }
            let slot = &mut slots[place];
            if slot.name != name {
                return Err(error(XmlErrorKind::Repeated(short(name)), value));
            }
            match companion_of {
                Some(_) => slot.companion = Some(value),
                None => slot.value = Some(value),
            }
        }
        Ok(slots)
    }

    /// Writes the rest of a start tag, the children and the end tag.
    fn content(
        &mut self,
        slots: &[Slot<'_, 's>],
        name: &str,
        level: usize,
    ) -> Result<(), XmlError> {
        let is_attribute = |slot: &&Slot<'_, '_>| slot.element.is_xml_attribute;
        for slot in slots.iter().filter(is_attribute) {
            if let Some(value) = slot.value {
                let text = value.string().ok_or_else(|| shape(slot.name, value))?;
                self.attribute(slot.name, &text, slot.name, value)?;
            }
        }
        if slots.iter().all(|slot| slot.element.is_xml_attribute) {
            self.out.push_str("/>");
            return Ok(());
        }
        self.out.push('>');
        for slot in slots.iter().filter(|slot| !is_attribute(slot)) {
            self.element(slot, level + 1)?;
        }
        self.line(level);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        Ok(())
    }

    fn attribute(
        &mut self,
        attribute: &str,
        text: &str,
        name: &str,
        place: Value<'_>,
    ) -> Result<(), XmlError> {
        if text.is_empty() {
            return Err(error(XmlErrorKind::Empty(short(name)), place));
        }
        if !text.chars().all(is_xml_character) {
            return Err(error(XmlErrorKind::Character, place));
        }
        self.out.push(' ');
        self.out.push_str(attribute);
        self.out.push_str("=\"");
        push_attribute(&mut self.out, text);
        self.out.push('"');
        Ok(())
    }

    /// Writes all occurrences of one element.
    fn element(&mut self, slot: &Slot<'_, 's>, level: usize) -> Result<(), XmlError> {
        for one in [slot.value, slot.companion].into_iter().flatten() {
            if (one.kind() == Kind::Array) != slot.element.is_list() {
                return Err(shape(slot.name, one));
            }
        }
        if !slot.element.is_list() {
            return self.occurrence(slot, slot.value, slot.companion, level);
        }
        let mut values = slot.value.into_iter().flat_map(Value::items);
        let mut companions = slot.companion.into_iter().flat_map(Value::items);
        let mut is_empty = true;
        loop {
            let (value, companion) = (values.next(), companions.next());
            if value.is_none() && companion.is_none() {
                break;
            }
            is_empty = false;
            // `null` fills an array up where the other one has something.
            let present = |one: Option<Value<'_>>| one.filter(|one| !one.is_null()).is_some();
            let place = value.or(companion).or(slot.value);
            if let Some(place) = place.filter(|_| !present(value) && !present(companion)) {
                return Err(error(XmlErrorKind::Empty(short(slot.name)), place));
            }
            let is_primitive = slot.definition.kind == TypeKind::Primitive;
            let value = value.filter(|one| !(one.is_null() && is_primitive));
            self.occurrence(slot, value, companion.filter(|one| !one.is_null()), level)?;
        }
        match slot.value.or(slot.companion).filter(|_| is_empty) {
            Some(place) => Err(error(XmlErrorKind::Empty(short(slot.name)), place)),
            None => Ok(()),
        }
    }

    fn occurrence(
        &mut self,
        slot: &Slot<'_, 's>,
        value: Option<Value<'_>>,
        companion: Option<Value<'_>>,
        level: usize,
    ) -> Result<(), XmlError> {
        let name = slot.name;
        self.line(level);
        match (slot.definition.kind, value) {
            (TypeKind::Primitive, Some(value)) if &*slot.definition.name == "xhtml" => {
                let text = value.string().ok_or_else(|| shape(name, value))?;
                let markup = narrative::markup(&text, XmlLimits::default())
                    .map_err(|sentence| error(XmlErrorKind::Narrative(sentence), value))?;
                self.out.push_str(&markup);
                Ok(())
            }
            (TypeKind::Primitive, value) => self.primitive(slot, value, companion, level),
            (TypeKind::Resource, Some(value)) => {
                self.out.push('<');
                self.out.push_str(name);
                self.out.push('>');
                self.resource(value, level + 1)?;
                self.line(level);
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
                Ok(())
            }
            (TypeKind::Complex | TypeKind::Backbone, Some(value)) => {
                self.object(slot, value, level)
            }
            // Companions are refused for these; a slot exists because one of the two does.
            (TypeKind::Resource | TypeKind::Complex | TypeKind::Backbone, None) => Ok(()),
        }
    }

    fn object(
        &mut self,
        slot: &Slot<'_, 's>,
        value: Value<'_>,
        level: usize,
    ) -> Result<(), XmlError> {
        if value.kind() != Kind::Object {
            return Err(shape(slot.name, value));
        }
        let slots = self.slots(value, slot.definition, false)?;
        if slots.is_empty() {
            return Err(error(XmlErrorKind::Empty(short(slot.name)), value));
        }
        self.out.push('<');
        self.out.push_str(slot.name);
        self.content(&slots, slot.name, level)
    }

    fn primitive(
        &mut self,
        slot: &Slot<'_, 's>,
        value: Option<Value<'_>>,
        companion: Option<Value<'_>>,
        level: usize,
    ) -> Result<(), XmlError> {
        self.out.push('<');
        self.out.push_str(slot.name);
        let slots = match companion {
            Some(companion) if companion.kind() != Kind::Object => {
                return Err(shape(slot.name, companion));
            }
            Some(companion) => {
                let slots = self.slots(companion, slot.definition, false)?;
                if slots.is_empty() {
                    return Err(error(XmlErrorKind::Empty(short(slot.name)), companion));
                }
                slots
            }
            None => Vec::new(),
        };
        if let Some(value) = value {
            let expected = match &*slot.definition.name {
                "boolean" => Kind::Boolean,
                "integer" | "unsignedInt" | "positiveInt" | "decimal" => Kind::Number,
                _ => Kind::String,
            };
            let text = value
                .primitive()
                .filter(|_| value.kind() == expected)
                .ok_or_else(|| shape(slot.name, value))?;
            self.attribute("value", &text, slot.name, value)?;
        }
        self.content(&slots, slot.name, level)
    }
}
