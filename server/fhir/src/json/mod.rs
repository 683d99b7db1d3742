//! JSON as FHIR uses it: the original bytes and a flat tape of spans over them (<https://hl7.org/fhir/R4/json.html>).
//!
//! A [`Document`] is parsed once and never copied into a tree: numbers keep their digits, strings are borrowed,
//! escapes are decoded only when looked at. It is read through [`Value`], changed by [`edit`] and built by [`Writer`].

pub mod edit;
mod parse;
#[cfg(test)]
mod tests;
mod value;
mod writer;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

pub use parse::{ParseError, ParseErrorKind, ParseLimits};
pub use value::{Items, Kind, Members, Value};
pub(crate) use writer::push_quoted;
pub use writer::{ObjectWriter, Writer, quoted};

/// One value on the tape: where its text begins and ends, and where its next sibling stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// First byte of the value; for strings the byte after the opening quote.
    pub(crate) start: u32,
    /// One past the last byte; for strings the closing quote.
    pub(crate) end: u32,
    /// Index of the node after this one and all its children.
    pub(crate) next: u32,
    pub(crate) kind: NodeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Object,
    Array,
    /// A string without escapes: its bytes are its text.
    String,
    /// A string with at least one escape.
    EscapedString,
    Number,
    True,
    False,
    Null,
}

/// A parsed JSON text: valid UTF-8, no duplicate keys, no lone surrogates, nesting within limits.
#[derive(Clone)]
pub struct Document {
    /// Checked to be UTF-8 once, so that looking at a part costs nothing more.
    text: ByteString,
    tape: Box<[Node]>,
    /// Where the text was made from another: places in this one, ascending, and where that stood in the other.
    origin: Option<Arc<[(u32, Position)]>>,
}

impl Document {
    /// Parses with [`ParseLimits::default`].
    pub fn parse(bytes: impl Into<Bytes>) -> Result<Self, ParseError> {
        Self::parse_with(bytes, ParseLimits::default())
    }

    /// Parses one JSON text. The error names the kind of fault and its place.
    pub fn parse_with(bytes: impl Into<Bytes>, limits: ParseLimits) -> Result<Self, ParseError> {
        let bytes = bytes.into();
        let text = match ByteString::try_from(bytes.clone()) {
            Ok(text) => text,
            Err(fault) => return Err(ParseError::utf8(&bytes, fault.valid_up_to())),
        };
        let tape = parse::parse(&text, limits)?;
        Ok(Self {
            text,
            tape: tape.into_boxed_slice(),
            origin: None,
        })
    }

    /// The same, made from another text: positions are told as those in that one.
    pub(crate) fn made_from(mut self, origin: Arc<[(u32, Position)]>) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The outermost value.
    pub fn root(&self) -> Value<'_> {
        Value::new(self, 0)
    }

    /// The text as it was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes as they were parsed.
    pub fn bytes(&self) -> &Bytes {
        self.text.as_bytes()
    }

    pub(crate) fn node(&self, index: u32) -> Node {
        self.tape[index as usize]
    }

    pub(crate) fn slice(&self, start: u32, end: u32) -> &str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Line and column (both from 1, columns in characters) of a byte offset; of the element it is in where the text was
    /// made from XML.
    pub fn position(&self, offset: usize) -> Position {
        if let Some(origin) = &self.origin {
            let behind = origin.partition_point(|(at, _)| *at as usize <= offset);
            let place = origin.get(behind.saturating_sub(1));
            return place.map_or(Position { line: 1, column: 1 }, |(_, place)| *place);
        }
        Position::of(self.text.as_bytes(), offset)
    }
}

impl fmt::Debug for Document {
    /// Shows the size only: documents hold patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.text.len())
    }
}

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The place of a byte offset in a text that need not be valid UTF-8.
    pub fn of(bytes: &[u8], offset: usize) -> Self {
        let before = &bytes[..offset.min(bytes.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let lines = memchr::memchr_iter(b'\n', before).count();
        // Continuation bytes do not begin a character.
        let characters = before[line_start..]
            .iter()
            .filter(|byte| (**byte & 0xC0) != 0x80)
            .count();
        Self {
            line: saturating_u32(lines) + 1,
            column: saturating_u32(characters) + 1,
        }
    }
}

fn saturating_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX - 1)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
