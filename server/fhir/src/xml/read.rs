//! XML to JSON (<https://hl7.org/fhir/R4/xml.html>): in one pass, straight into JSON text.

use super::error::{XmlError, XmlErrorKind, short};
use super::scanner::{Attribute, Scanner, Tag, Token, XmlLimits, is_space};
use super::{FHIR_NAMESPACE, XHTML_NAMESPACE, narrative};
use crate::definitions::structure::{Structures, TypeDefinition, TypeKind};
use crate::json::{Document, ParseLimits, push_quoted};
use crate::resource::Resource;

/// Reads a resource from its XML. Elements and attributes that R4 does not define, a wrong order, and values that JSON
/// cannot say are refused with their place.
pub fn from_xml(
    bytes: &[u8],
    structures: &Structures,
    limits: XmlLimits,
) -> Result<Resource, XmlError> {
    let mut reader = Reader {
        scanner: Scanner::new(bytes, limits)?,
        structures,
        places: Vec::new(),
        path: Vec::new(),
        is_aside: false,
    };
    let root = reader.root()?;
    let mut json = String::with_capacity(bytes.len());
    reader.mark(&json);
    reader
        .resource(&root, 1, &mut json)
        .map_err(|error| XmlError {
            path: reader.path(),
            ..error
        })?;
    reader.rest()?;
    let resource = Resource::parse_with(json, limits.json).map_err(|error| {
        reader
            .scanner
            .error(XmlErrorKind::of_resource(error), root.start)
    })?;
    Ok(resource.made_from(reader.scanner.positions(&reader.places)))
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    structures: &'a Structures,
    /// Where elements stand in the JSON, and where they stood in the XML.
    places: Vec<(u32, usize)>,
    /// The elements that are being read; what stood last where a fault ended it.
    path: Vec<Step<'a>>,
    /// Whether what is written has no place of its own yet: ids and extensions of primitives.
    is_aside: bool,
}

/// An element on the way to where the reader stands.
struct Step<'a> {
    name: &'a str,
    /// The type of a choice.
    chosen: Option<&'a str>,
    /// Which occurrence, of an element that may repeat.
    index: Option<usize>,
}

/// The namespace of attributes about schemas.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

impl<'a> Reader<'a> {
    fn root(&mut self) -> Result<Tag<'a>, XmlError> {
        loop {
            match self.scanner.next()? {
                Token::Start(tag) => return Ok(tag),
                Token::Eof => return Err(self.error(XmlErrorKind::Text)),
                Token::End(_)
                | Token::Text(_)
                | Token::Reference(..)
                | Token::CData(_)
                | Token::Comment(_)
                | Token::Instruction(_) => {}
            }
        }
    }

    /// Reads what stands behind the outermost element.
    fn rest(&mut self) -> Result<(), XmlError> {
        loop {
            match self.scanner.next()? {
                Token::Eof => return Ok(()),
                Token::Start(_)
                | Token::End(_)
                | Token::Text(_)
                | Token::Reference(..)
                | Token::CData(_)
                | Token::Comment(_)
                | Token::Instruction(_) => {}
            }
        }
    }

    /// The place as FHIRPath: `Patient.contact[0].name`.
    fn path(&self) -> Option<Box<str>> {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(step.name);
            if let Some(chosen) = step.chosen {
                path.push_str(&format!(".ofType({chosen})"));
            }
            if let Some(index) = step.index {
                path.push_str(&format!("[{index}]"));
            }
        }
        (!path.is_empty()).then(|| path.into())
    }

    /// Notes that the element whose start tag was read stands here. What was taken back has no place.
    fn mark(&mut self, out: &str) {
        if let (Ok(here), false) = (u32::try_from(out.len()), self.is_aside) {
            while self.places.last().is_some_and(|(last, _)| *last >= here) {
                self.places.pop();
            }
            self.places.push((here, self.scanner.start()));
        }
    }

    /// An error at the token last read.
    fn error(&self, kind: XmlErrorKind) -> XmlError {
        self.scanner.error(kind, self.scanner.start())
    }

    /// The next child's start tag, or `None` at the end of the element.
    fn child(&mut self) -> Result<Option<Tag<'a>>, XmlError> {
        loop {
            match self.scanner.next()? {
                Token::Start(tag) => return Ok(Some(tag)),
                Token::End(_) | Token::Eof => return Ok(None),
                Token::Comment(_) | Token::Instruction(_) => {}
                Token::Text(text) if is_space(text) => {}
                Token::Text(_) | Token::Reference(..) | Token::CData(_) => {
                    return Err(self.error(XmlErrorKind::Text));
                }
            }
        }
    }

    fn in_fhir(&self, tag: &Tag<'a>) -> Result<(), XmlError> {
        match tag.namespace == FHIR_NAMESPACE {
            true => Ok(()),
            false => Err(self.error(XmlErrorKind::Namespace(short(tag.local)))),
        }
    }

    fn deeper(&self, depth: u32) -> Result<(), XmlError> {
        match depth <= self.scanner.limits().json.depth {
            true => Ok(()),
            false => Err(self.error(XmlErrorKind::TooDeep)),
        }
    }

    /// A resource has none but the hint at a schema, which is passed over (<https://hl7.org/fhir/R4/xml.html>).
    fn no_attributes(&self) -> Result<(), XmlError> {
        let is_hint = |attribute: &&Attribute<'_>| {
            attribute.namespace == SCHEMA_INSTANCE && attribute.local == "schemaLocation"
        };
        let mut attributes = self.scanner.attributes().iter();
        match attributes.find(|attribute| !is_hint(attribute)) {
            None => Ok(()),
            Some(attribute) => Err(self.unknown_attribute(attribute)),
        }
    }

    fn unknown_attribute(&self, attribute: &Attribute<'_>) -> XmlError {
        let kind = XmlErrorKind::UnknownAttribute(short(attribute.local));
        self.scanner.error(kind, attribute.start)
    }

    /// Writes the resource whose start tag was read.
    fn resource(&mut self, tag: &Tag<'a>, depth: u32, out: &mut String) -> Result<(), XmlError> {
        self.deeper(depth)?;
        self.in_fhir(tag)?;
        let definition = self
            .structures
            .by_name(tag.local)
            .map(|id| self.structures.get(id))
            .filter(|definition| definition.kind == TypeKind::Resource && !definition.is_abstract)
            .ok_or_else(|| self.error(XmlErrorKind::UnknownResource(short(tag.local))))?;
        if self.path.is_empty() {
            self.path.push(Step {
                name: &definition.name,
                chosen: None,
                index: None,
            });
        }
        self.no_attributes()?;
        out.push_str("{\"resourceType\":");
        push_quoted(out, &definition.name);
        self.members(definition, depth, out)?;
        out.push('}');
        Ok(())
    }

    /// Writes the one resource inside `contained` or `Bundle.entry.resource`.
    fn wrapped(&mut self, name: &str, depth: u32, out: &mut String) -> Result<(), XmlError> {
        self.no_attributes()?;
        let inner = self
            .child()?
            .ok_or_else(|| self.error(XmlErrorKind::Empty(short(name))))?;
        self.resource(&inner, depth, out)?;
        match self.child()? {
            None => Ok(()),
            Some(second) => Err(self.error(XmlErrorKind::Repeated(short(second.local)))),
        }
    }

    /// Writes an object for an element of a complex type whose start tag was read.
    fn object(
        &mut self,
        definition: &'a TypeDefinition,
        name: &str,
        depth: u32,
        out: &mut String,
    ) -> Result<(), XmlError> {
        self.deeper(depth)?;
        let at = self.scanner.start();
        out.push('{');
        let start = out.len();
        for attribute in self.scanner.attributes() {
            self.attribute(definition, attribute, out)?;
        }
        self.members(definition, depth, out)?;
        if out.len() == start {
            let kind = XmlErrorKind::Empty(short(name));
            return Err(self.scanner.error(kind, at));
        }
        out.push('}');
        Ok(())
    }

    /// Writes an attribute that stands for an element: `id`, and `url` of an extension.
    fn attribute(
        &self,
        definition: &TypeDefinition,
        attribute: &Attribute<'a>,
        out: &mut String,
    ) -> Result<(), XmlError> {
        let known = attribute.namespace.is_empty()
            && definition
                .member(attribute.local)
                .is_some_and(|(element, _)| element.is_xml_attribute);
        if !known {
            return Err(self.unknown_attribute(attribute));
        }
        self.not_empty(attribute)?;
        comma(out);
        push_quoted(out, attribute.local);
        out.push(':');
        push_quoted(out, &attribute.value);
        Ok(())
    }

    fn not_empty(&self, attribute: &Attribute<'_>) -> Result<(), XmlError> {
        if attribute.value.is_empty() {
            let kind = XmlErrorKind::Empty(short(attribute.local));
            return Err(self.scanner.error(kind, attribute.start));
        }
        Ok(())
    }

    /// Writes the child elements, up to the end of the element, as members of the object being written.
    fn members(
        &mut self,
        definition: &'a TypeDefinition,
        depth: u32,
        out: &mut String,
    ) -> Result<(), XmlError> {
        let mut run = Run::default();
        while let Some(tag) = self.child()? {
            let (order, element, chosen) = definition
                .placed_member(tag.local)
                .filter(|(_, element, _)| !element.is_xml_attribute)
                .ok_or_else(|| self.error(XmlErrorKind::UnknownElement(short(tag.local))))?;
            let name: &'a str = &chosen.json_name;
            let kind = self.structures.get(chosen.type_id);
            let followed = run.follow(name, order, element.is_list(), out);
            self.path.push(Step {
                name: &element.name,
                chosen: element.is_choice.then_some(&*kind.name),
                index: element.is_list().then(|| run.count.saturating_sub(1)),
            });
            followed.map_err(|kind| self.error(kind))?;
            self.mark(out);
            let depth = depth + u32::from(element.is_list());
            self.deeper(depth)?;
            if kind.kind == TypeKind::Primitive && &*kind.name == "xhtml" {
                self.narrative(&tag, out)?;
                run.has_value = true;
                self.path.pop();
                continue;
            }
            self.in_fhir(&tag)?;
            match kind.kind {
                TypeKind::Primitive => self.primitive(kind, depth, &mut run, out)?,
                TypeKind::Resource => {
                    self.wrapped(name, depth + 1, out)?;
                    run.has_value = true;
                }
                TypeKind::Complex | TypeKind::Backbone => {
                    self.object(kind, name, depth + 1, out)?;
                    run.has_value = true;
                }
            }
            self.path.pop();
        }
        run.close(out);
        Ok(())
    }

    fn narrative(&mut self, tag: &Tag<'a>, out: &mut String) -> Result<(), XmlError> {
        if tag.namespace != XHTML_NAMESPACE {
            return Err(self.error(XmlErrorKind::Namespace(short(tag.local))));
        }
        let text = narrative::read(&mut self.scanner, tag)?;
        push_quoted(out, &text);
        Ok(())
    }

    /// Writes the value of a primitive into the member, and its id and extensions into the companion.
    fn primitive(
        &mut self,
        definition: &'a TypeDefinition,
        depth: u32,
        run: &mut Run<'a>,
        out: &mut String,
    ) -> Result<(), XmlError> {
        let at = self.scanner.start();
        let mut companion = String::new();
        let mut has_value = false;
        for attribute in self.scanner.attributes() {
            if attribute.local != "value" || !attribute.namespace.is_empty() {
                self.attribute(definition, attribute, &mut companion)?;
                continue;
            }
            self.not_empty(attribute)?;
            let limits = self.scanner.limits().json;
            has_value = push_value(&definition.name, &attribute.value, limits, out);
            if !has_value {
                let kind = XmlErrorKind::Value(short(run.name));
                return Err(self.scanner.error(kind, attribute.start));
            }
        }
        let was_aside = std::mem::replace(&mut self.is_aside, true);
        self.members(definition, depth + 1, &mut companion)?;
        self.is_aside = was_aside;
        if !has_value {
            out.push_str("null");
        }
        run.has_value |= has_value;
        if !companion.is_empty() {
            self.deeper(depth + 1)?;
            run.accompany(&companion);
        } else if !has_value {
            let kind = XmlErrorKind::Empty(short(run.name));
            return Err(self.scanner.error(kind, at));
        }
        Ok(())
    }
}

/// The occurrences of one element, one after the other, on their way into one member.
#[derive(Default)]
struct Run<'a> {
    /// The member's name; nothing before the first element.
    name: &'a str,
    order: usize,
    is_list: bool,
    /// Where the member begins in the output, its comma included.
    start: usize,
    /// Occurrences so far.
    count: usize,
    has_value: bool,
    /// The items of the companion `_name` so far.
    companions: String,
    companion_count: usize,
}

impl<'a> Run<'a> {
    /// Goes on with the same repeating element, or ends that one and begins the member of the next.
    fn follow(
        &mut self,
        name: &'a str,
        order: usize,
        is_list: bool,
        out: &mut String,
    ) -> Result<(), XmlErrorKind> {
        if self.count > 0 && order < self.order {
            return Err(XmlErrorKind::Order(short(name)));
        }
        if self.count > 0 && order == self.order {
            if !is_list {
                return Err(XmlErrorKind::Repeated(short(name)));
            }
            self.count += 1;
            out.push(',');
            return Ok(());
        }
        self.close(out);
        self.name = name;
        self.order = order;
        self.is_list = is_list;
        self.start = out.len();
        self.count = 1;
        self.has_value = false;
        self.companions.clear();
        self.companion_count = 0;
        comma(out);
        push_quoted(out, name);
        out.push_str(if is_list { ":[" } else { ":" });
        Ok(())
    }

    /// Gives the occurrence just written an id or extensions.
    fn accompany(&mut self, members: &str) {
        self.pad(self.count - 1);
        comma(&mut self.companions);
        self.companions.push('{');
        self.companions.push_str(members);
        self.companions.push('}');
        self.companion_count += 1;
    }

    fn pad(&mut self, count: usize) {
        while self.companion_count < count {
            comma(&mut self.companions);
            self.companions.push_str("null");
            self.companion_count += 1;
        }
    }

    /// Ends the member, and writes the companion behind it.
    fn close(&mut self, out: &mut String) {
        if self.is_list && self.count > 0 {
            out.push(']');
        }
        if self.companion_count == 0 {
            return;
        }
        self.pad(self.count);
        if !self.has_value {
            out.truncate(self.start);
        }
        comma(out);
        out.push_str("\"_");
        out.push_str(self.name);
        out.push_str(if self.is_list { "\":[" } else { "\":" });
        out.push_str(&self.companions);
        if self.is_list {
            out.push(']');
        }
    }
}

/// Separates the next member or item from the one before, if there is one.
fn comma(out: &mut String) {
    if !matches!(out.as_bytes().last(), None | Some(b'{' | b'[')) {
        out.push(',');
    }
}

/// Writes a primitive as the JSON its type has; `false` where the text is none (<https://hl7.org/fhir/R4/json.html#primitive>).
fn push_value(type_name: &str, text: &str, limits: ParseLimits, out: &mut String) -> bool {
    let is_json = match type_name {
        "boolean" => matches!(text, "true" | "false"),
        "integer" | "unsignedInt" | "positiveInt" | "decimal" => is_number(text, limits),
        _ => {
            push_quoted(out, text);
            return true;
        }
    };
    if is_json {
        out.push_str(text);
    }
    is_json
}

fn is_number(text: &str, limits: ParseLimits) -> bool {
    Document::parse_with(text.to_owned(), limits)
        .is_ok_and(|document| document.root().number() == Some(text))
}
