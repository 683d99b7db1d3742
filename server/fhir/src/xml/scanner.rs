//! Strict events over quick-xml: well-formed XML 1.0 with namespaces, in UTF-8, without DTD, within limits.
//!
//! quick-xml finds where markup begins and ends and matches end tags; what it leaves to its caller is checked here:
//! names, attributes, namespaces (<https://www.w3.org/TR/xml-names/>), references, characters and nesting.

use std::borrow::Cow;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::characters::{forbidden, is_ncname};
use super::error::{XmlError, XmlErrorKind, short};
use super::references::{attribute_value, resolve_reference};
use super::tag::{Binding, pairs, resolve_names};
use crate::json::{ParseLimits, Position};

/// The namespace of `xml:lang`; its prefix is always declared.
pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// Bounds that keep a hostile text cheap.
#[derive(Clone, Copy, Debug)]
pub struct XmlLimits {
    /// Longest text, in bytes.
    pub size: usize,
    /// Deepest nesting of elements, those of narratives included.
    pub nesting: usize,
    /// Most attributes of one element, and most namespaces in scope.
    pub attributes: usize,
    /// What the JSON made must keep to.
    pub json: ParseLimits,
}

impl Default for XmlLimits {
    fn default() -> Self {
        Self {
            size: 256 << 20,
            nesting: 256,
            attributes: 32,
            json: ParseLimits::default(),
        }
    }
}

/// A start tag. Its attributes and the namespaces it declares are the scanner's until the next one.
#[derive(Clone, Debug)]
pub(crate) struct Tag<'a> {
    /// The prefix, or nothing.
    pub(crate) prefix: &'a str,
    /// The name without its prefix.
    pub(crate) local: &'a str,
    /// The namespace, or nothing.
    pub(crate) namespace: Cow<'a, str>,
    /// The place of the declaration that says so in the scanner's list; `None` where none is needed.
    pub(crate) binding: Option<usize>,
    /// Offset of its `<`.
    pub(crate) start: usize,
    /// Whether it ends in `/>`. An end follows nevertheless.
    pub(crate) is_empty: bool,
}

/// An attribute that is not a namespace declaration.
#[derive(Clone, Debug)]
pub(crate) struct Attribute<'a> {
    /// The prefix, or nothing.
    pub(crate) prefix: &'a str,
    /// The name without its prefix.
    pub(crate) local: &'a str,
    /// The namespace, or nothing.
    pub(crate) namespace: Cow<'a, str>,
    /// As for [`Tag::binding`].
    pub(crate) binding: Option<usize>,
    /// The value, normalised and with its references resolved.
    pub(crate) value: Cow<'a, str>,
    /// Offset of its name.
    pub(crate) start: usize,
}

/// One step through a text. Offsets are those of the whole text.
#[derive(Clone, Debug)]
pub(crate) enum Token<'a> {
    Start(Tag<'a>),
    /// The end of the innermost element, and the offset after its end tag.
    End(usize),
    /// Text between tags, as it stands.
    Text(&'a str),
    /// A character given by reference, and the reference as it stands.
    Reference(char, &'a str),
    /// A CDATA section, its brackets included.
    CData(&'a str),
    /// A comment, its brackets included.
    Comment(&'a str),
    /// A processing instruction, its brackets included.
    Instruction(&'a str),
    /// The end of a well-formed text.
    Eof,
}

/// A place in a text, and what surrounds it.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    /// Where the reader's text begins: behind a byte order mark.
    base: usize,
    reader: Reader<&'a [u8]>,
    limits: XmlLimits,
    /// Offset of the token last answered.
    start: usize,
    /// For each open element the number of bindings before it.
    open: Vec<usize>,
    bindings: Vec<Binding<'a>>,
    attributes: Vec<Attribute<'a>>,
    pending_end: bool,
    seen_root: bool,
}

impl<'a> Scanner<'a> {
    /// Checks the bytes as text and stands before the first token.
    pub(crate) fn new(bytes: &'a [u8], limits: XmlLimits) -> Result<Self, XmlError> {
        let fault = |kind, offset| XmlError {
            kind,
            position: Position::of(bytes, offset),
            path: None,
        };
        if bytes.len() > limits.size {
            return Err(fault(XmlErrorKind::TooLarge, 0));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| fault(XmlErrorKind::Utf8, error.valid_up_to()))?;
        if let Some(offset) = forbidden(text) {
            return Err(fault(XmlErrorKind::Character, offset));
        }
        let base = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
        if text[base..].starts_with('\u{FEFF}') {
            let sentence = "text before the outermost element";
            return Err(fault(XmlErrorKind::Syntax(sentence), base));
        }
        let mut reader = Reader::from_str(&text[base..]);
        reader.config_mut().check_comments = true;
        Ok(Self {
            text,
            base,
            reader,
            limits,
            start: base,
            open: Vec::new(),
            bindings: Vec::new(),
            attributes: Vec::new(),
            pending_end: false,
            seen_root: false,
        })
    }

    /// A scanner of one element out of a text that was well-formed, with the namespaces in scope there.
    pub(crate) fn inside(
        text: &'a str,
        limits: XmlLimits,
        bindings: &[Binding<'a>],
    ) -> Result<Self, XmlError> {
        let mut scanner = Self::new(text.as_bytes(), limits)?;
        scanner.bindings.extend_from_slice(bindings);
        Ok(scanner)
    }

    /// An error at an offset.
    pub(crate) fn error(&self, kind: XmlErrorKind, offset: usize) -> XmlError {
        XmlError {
            kind,
            position: Position::of(self.text.as_bytes(), offset),
            path: None,
        }
    }

    /// Lines and columns of places that ascend in both texts.
    pub(crate) fn positions(&self, places: &[(u32, usize)]) -> Arc<[(u32, Position)]> {
        let bytes = self.text.as_bytes();
        let (mut at, mut here) = (0, Position { line: 1, column: 1 });
        let position = |(json, xml): &(u32, usize)| {
            let passed = Position::of(bytes.get(at..*xml).unwrap_or_default(), usize::MAX);
            here = match passed.line {
                1 => Position {
                    line: here.line,
                    column: here.column + passed.column - 1,
                },
                lines => Position {
                    line: here.line + lines - 1,
                    column: passed.column,
                },
            };
            at = *xml;
            (*json, here)
        };
        places.iter().map(position).collect()
    }

    fn syntax(&self, sentence: &'static str) -> XmlError {
        self.error(XmlErrorKind::Syntax(sentence), self.start)
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The limits given.
    pub(crate) fn limits(&self) -> XmlLimits {
        self.limits
    }

    /// Offset of the token last answered.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// The attributes of the start tag last answered.
    pub(crate) fn attributes(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    /// The attributes of the start tag last answered, to keep.
    pub(crate) fn take_attributes(&mut self) -> Vec<Attribute<'a>> {
        std::mem::take(&mut self.attributes)
    }

    /// The namespaces in scope, outermost first.
    pub(crate) fn bindings(&self) -> &[Binding<'a>] {
        &self.bindings
    }

    /// The number of namespaces in scope around the innermost open element.
    pub(crate) fn outer_bindings(&self) -> usize {
        self.open.last().copied().unwrap_or_default()
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, XmlError> {
        let start = self.base + offset(self.reader.buffer_position());
        if std::mem::take(&mut self.pending_end) {
            self.close();
            return Ok(Token::End(start));
        }
        self.start = start;
        let event = self.reader.read_event();
        let end = self.base + offset(self.reader.buffer_position());
        let raw = self.text.get(start..end).unwrap_or_default();
        match event {
            Ok(Event::Start(_)) => self.tag(inner(raw, 1, 1), false),
            Ok(Event::Empty(_)) => self.tag(inner(raw, 1, 2), true),
            Ok(Event::End(_)) => {
                self.close();
                Ok(Token::End(end))
            }
            Ok(Event::Text(_)) => self.text_token(raw),
            Ok(Event::GeneralRef(_)) => {
                self.inside_root("text outside the outermost element")?;
                let name = inner(raw, 1, 1);
                match resolve_reference(name) {
                    Some(character) => Ok(Token::Reference(character, raw)),
                    None => Err(self.error(XmlErrorKind::Entity, start)),
                }
            }
            Ok(Event::CData(_)) => {
                self.inside_root("text outside the outermost element")?;
                Ok(Token::CData(raw))
            }
            Ok(Event::Comment(_)) => {
                if raw.ends_with("--->") {
                    return Err(self.syntax("a comment ends in three hyphens"));
                }
                Ok(Token::Comment(raw))
            }
            Ok(Event::PI(_)) => self.instruction(raw),
            Ok(Event::Decl(_)) => {
                self.declaration(raw)?;
                self.next()
            }
            Ok(Event::DocType(_)) => Err(self.error(XmlErrorKind::Doctype, start)),
            Ok(Event::Eof) if !self.open.is_empty() => {
                Err(self.syntax("the XML ends before its elements do"))
            }
            Ok(Event::Eof) if !self.seen_root => Err(self.syntax("there is no element")),
            Ok(Event::Eof) => Ok(Token::Eof),
            Err(error) => {
                self.start = self.base + offset(self.reader.error_position());
                Err(self.syntax(sentence(&error)))
            }
        }
    }

    fn inside_root(&self, sentence: &'static str) -> Result<(), XmlError> {
        match self.open.is_empty() {
            true => Err(self.syntax(sentence)),
            false => Ok(()),
        }
    }

    fn close(&mut self) {
        let bindings = self.open.pop().unwrap_or_default();
        self.bindings.truncate(bindings);
        self.attributes.clear();
    }

    fn text_token(&mut self, raw: &'a str) -> Result<Token<'a>, XmlError> {
        if !is_space(raw) {
            self.inside_root("text outside the outermost element")?;
            if memchr::memmem::find(raw.as_bytes(), b"]]>").is_some() {
                return Err(self.syntax("']]>' in text"));
            }
        }
        Ok(Token::Text(raw))
    }

    fn instruction(&mut self, raw: &'a str) -> Result<Token<'a>, XmlError> {
        let content = inner(raw, 2, 2);
        let target = content.split(is_space_character).next().unwrap_or_default();
        if !is_ncname(target) || target.eq_ignore_ascii_case("xml") {
            return Err(self.syntax("the name of a processing instruction is not allowed"));
        }
        Ok(Token::Instruction(raw))
    }

    /// Checks `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`.
    fn declaration(&mut self, raw: &'a str) -> Result<(), XmlError> {
        if self.start != self.base {
            return Err(self.syntax("the XML declaration does not stand at the start"));
        }
        let content = inner(raw, 5, 2);
        let mut expected = ["version", "encoding", "standalone"].iter();
        let mut has_version = false;
        for pair in pairs(content, self.start + 5) {
            let (name, value, _) = pair.map_err(|(sentence, _)| self.syntax(sentence))?;
            if !expected.any(|one| *one == name) {
                return Err(self.syntax("an XML declaration that is not allowed"));
            }
            has_version |= name == "version";
            let is_read = match name {
                "version" => value == "1.0",
                "encoding" => value.eq_ignore_ascii_case("utf-8"),
                _ => matches!(value, "yes" | "no"),
            };
            if !is_read {
                return Err(self.error(XmlErrorKind::Declaration, self.start));
            }
        }
        match has_version {
            true => Ok(()),
            false => Err(self.syntax("the XML declaration names no version")),
        }
    }

    /// Reads what stands between `<` and `>`.
    fn tag(&mut self, content: &'a str, is_empty: bool) -> Result<Token<'a>, XmlError> {
        let start = self.start;
        if self.open.is_empty() && std::mem::replace(&mut self.seen_root, true) {
            return Err(self.syntax("a second outermost element"));
        }
        if self.open.len() >= self.limits.nesting {
            return Err(self.error(XmlErrorKind::TooDeep, start));
        }
        self.open.push(self.bindings.len());
        self.attributes.clear();
        let name_end = content.find(is_space_character).unwrap_or(content.len());
        let (name, rest) = content.split_at(name_end);
        let (prefix, local) = self.qualified(name, start + 1)?;
        for (count, pair) in pairs(rest, start + 1 + name_end).enumerate() {
            let (name, raw, at) =
                pair.map_err(|(sentence, at)| self.error(XmlErrorKind::Syntax(sentence), at))?;
            if count >= self.limits.attributes {
                return Err(self.error(XmlErrorKind::TooManyAttributes, at));
            }
            let value = attribute_value(raw).map_err(|kind| self.error(kind, at))?;
            self.attribute(name, value, at)?;
        }
        let mut tag = Tag {
            prefix,
            local,
            namespace: Cow::Borrowed(""),
            binding: None,
            start,
            is_empty,
        };
        resolve_names(&mut tag, &mut self.attributes, &self.bindings)
            .map_err(|(kind, at)| self.error(kind, at))?;
        self.pending_end = is_empty;
        Ok(Token::Start(tag))
    }

    fn attribute(
        &mut self,
        name: &'a str,
        value: Cow<'a, str>,
        start: usize,
    ) -> Result<(), XmlError> {
        let (prefix, local) = self.qualified(name, start)?;
        let declared = match (prefix, local) {
            ("", "xmlns") => "",
            ("xmlns", local) => local,
            _ => {
                self.attributes.push(Attribute {
                    prefix,
                    local,
                    namespace: Cow::Borrowed(""),
                    binding: None,
                    value,
                    start,
                });
                return Ok(());
            }
        };
        let own = self.outer_bindings();
        if self.bindings[own..]
            .iter()
            .any(|one| one.prefix == declared)
        {
            return Err(self.error(XmlErrorKind::Syntax(DUPLICATE), start));
        }
        let reserved = declared == "xmlns"
            || (declared == "xml") != (value == XML_NAMESPACE)
            || value == "http://www.w3.org/2000/xmlns/"
            || (value.is_empty() && !declared.is_empty());
        if reserved {
            return Err(self.error(XmlErrorKind::Namespace(short(name)), start));
        }
        if self.bindings.len() >= self.limits.attributes {
            return Err(self.error(XmlErrorKind::TooManyAttributes, start));
        }
        self.bindings.push(Binding {
            prefix: declared,
            namespace: value,
        });
        Ok(())
    }

    fn qualified(&self, name: &'a str, start: usize) -> Result<(&'a str, &'a str), XmlError> {
        let (prefix, local) = match name.split_once(':') {
            Some((prefix, local)) if is_ncname(prefix) => (prefix, local),
            Some(_) => return Err(self.error(XmlErrorKind::Syntax(BAD_NAME), start)),
            None => ("", name),
        };
        match is_ncname(local) {
            true => Ok((prefix, local)),
            false => Err(self.error(XmlErrorKind::Syntax(BAD_NAME), start)),
        }
    }
}

const BAD_NAME: &str = "a name that XML does not allow";
pub(super) const DUPLICATE: &str = "an attribute appears twice";

/// XML's white space.
pub(super) fn is_space_character(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// Whether a text is nothing but XML's white space.
pub(super) fn is_space(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// Markup without so many bytes before and after.
pub(crate) fn inner(raw: &str, before: usize, after: usize) -> &str {
    raw.get(before..raw.len().saturating_sub(after))
        .unwrap_or_default()
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn sentence(error: &quick_xml::Error) -> &'static str {
    match error {
        quick_xml::Error::Syntax(_) => "the XML ends inside markup, or the markup is not XML's",
        quick_xml::Error::IllFormed(quick_xml::errors::IllFormedError::UnclosedReference) => {
            "'&' that begins no reference"
        }
        quick_xml::Error::IllFormed(_) => "an end tag that does not match, or a comment with '--'",
        _ => "the XML is not well-formed",
    }
}
