//! Reading the tape: a [`Value`] is a place in a document, `Copy`, and borrows everything it answers.

use std::borrow::Cow;
use std::ops::Range;

use super::{Document, NodeKind, Position};

/// The JSON type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number; its text is kept digit by digit.
    Number,
    /// `true` or `false`
    Boolean,
    /// `null`
    Null,
}

/// One value of a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    document: &'a Document,
    index: u32,
}

impl<'a> Value<'a> {
    pub(crate) fn new(document: &'a Document, index: u32) -> Self {
        Self { document, index }
    }

    /// The document this value stands in.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// A number that is this value's alone within its document.
    pub fn index(self) -> u32 {
        self.index
    }

    /// The JSON type.
    pub fn kind(self) -> Kind {
        match self.document.node(self.index).kind {
            NodeKind::Object => Kind::Object,
            NodeKind::Array => Kind::Array,
            NodeKind::String | NodeKind::EscapedString => Kind::String,
            NodeKind::Number => Kind::Number,
            NodeKind::True | NodeKind::False => Kind::Boolean,
            NodeKind::Null => Kind::Null,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The member of that name, if this is an object that has it.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.members()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The value at the end of a path of member names.
    pub fn at(self, path: &[&str]) -> Option<Value<'a>> {
        path.iter().try_fold(self, |value, name| value.get(name))
    }

    /// The members in the order of the text; nothing unless this is an object.
    pub fn members(self) -> Members<'a> {
        let node = self.document.node(self.index);
        let end = if node.kind == NodeKind::Object {
            node.next
        } else {
            self.index + 1
        };
        Members {
            document: self.document,
            at: self.index + 1,
            end,
        }
    }

    /// The items of an array; nothing unless this is an array.
    pub fn items(self) -> Items<'a> {
        let node = self.document.node(self.index);
        let end = if node.kind == NodeKind::Array {
            node.next
        } else {
            self.index + 1
        };
        Items {
            document: self.document,
            at: self.index + 1,
            end,
        }
    }

    /// The items of an array, or the value itself: how FHIR elements repeat.
    pub fn each(self) -> Items<'a> {
        match self.kind() {
            Kind::Array => self.items(),
            _ => Items {
                document: self.document,
                at: self.index,
                end: self.document.node(self.index).next,
            },
        }
    }

    /// The text of a string, unescaped.
    pub fn string(self) -> Option<Cow<'a, str>> {
        let node = self.document.node(self.index);
        let text = || self.document.slice(node.start, node.end);
        match node.kind {
            NodeKind::String => Some(Cow::Borrowed(text())),
            NodeKind::EscapedString => Some(Cow::Owned(unescape(text()))),
            _ => None,
        }
    }

    /// The digits of a number as they were written.
    pub fn number(self) -> Option<&'a str> {
        let node = self.document.node(self.index);
        (node.kind == NodeKind::Number).then(|| self.document.slice(node.start, node.end))
    }

    /// The value of a boolean.
    pub fn boolean(self) -> Option<bool> {
        match self.document.node(self.index).kind {
            NodeKind::True => Some(true),
            NodeKind::False => Some(false),
            _ => None,
        }
    }

    /// The text of a primitive as FHIR shows it: strings unescaped, numbers and booleans as written.
    pub fn primitive(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::String => self.string(),
            Kind::Number | Kind::Boolean => Some(Cow::Borrowed(self.raw())),
            Kind::Object | Kind::Array | Kind::Null => None,
        }
    }

    /// The JSON text of the value, quotes and braces included.
    pub fn raw(self) -> &'a str {
        let span = self.span();
        self.document.slice(span.start, span.end)
    }

    /// Where [`Value::raw`] stands in the document, in bytes.
    pub fn span(self) -> Range<u32> {
        let node = self.document.node(self.index);
        match node.kind {
            NodeKind::String | NodeKind::EscapedString => node.start - 1..node.end + 1,
            _ => node.start..node.end,
        }
    }

    /// Line and column of the value's first byte.
    pub fn position(self) -> Position {
        self.document.position(self.span().start as usize)
    }
}

/// The members of an object: name and value.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    document: &'a Document,
    at: u32,
    end: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let key = Value::new(self.document, self.at)
            .string()
            .unwrap_or_default();
        let value = Value::new(self.document, self.at + 1);
        self.at = self.document.node(self.at + 1).next;
        Some((key, value))
    }
}

/// The items of an array.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    document: &'a Document,
    at: u32,
    end: u32,
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let value = Value::new(self.document, self.at);
        self.at = self.document.node(self.at).next;
        Some(value)
    }
}

/// Decodes the escapes of a string the scanner has accepted.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(backslash) = rest.find('\\') {
        out.push_str(&rest[..backslash]);
        let escape = rest.as_bytes().get(backslash + 1).copied().unwrap_or(b'\\');
        let mut used = 2;
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (character, length) = unicode_escape(&rest[backslash..]);
                out.push(character);
                used = length;
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(backslash + used..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character of `\uXXXX` or of a surrogate pair, and the length of its escape.
fn unicode_escape(text: &str) -> (char, usize) {
    let hex = |from: usize| {
        text.get(from..from + 4)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    match (hex(2), hex(8)) {
        (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
            let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            (
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                12,
            )
        }
        (Some(code), _) => (
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            6,
        ),
        (None, _) => (char::REPLACEMENT_CHARACTER, 6),
    }
}
