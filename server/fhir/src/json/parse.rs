//! The scanner: bytes to tape in one pass, refusing what RFC 8259 and FHIR refuse.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::value::unescape;
use super::{Node, NodeKind, Position};

/// Bounds that keep a hostile text cheap.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// Deepest nesting of objects and arrays.
    pub depth: u32,
    /// Longest text of one number, in bytes.
    pub number_length: u32,
}

impl ParseLimits {
    /// For texts that were accepted before: they are read whatever the limits have become since.
    pub const STORED: Self = Self {
        depth: 1024,
        number_length: u32::MAX,
    };
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            depth: 64,
            number_length: 256,
        }
    }
}

/// What was wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// Not valid UTF-8.
    Utf8,
    /// Ends before the value does.
    UnexpectedEnd,
    /// A character that cannot stand here.
    UnexpectedCharacter,
    /// Text after the outermost value.
    TrailingCharacters,
    /// A number JSON does not allow, or longer or larger than the limits.
    Number,
    /// An escape JSON does not allow, or half of a surrogate pair.
    Escape,
    /// A control character inside a string, or the escape of character zero, which FHIR forbids.
    ControlCharacter,
    /// Nested deeper than the limit.
    TooDeep,
    /// The same member twice in one object.
    DuplicateKey,
    /// Larger than 4 GB.
    TooLarge,
}

/// A text that is not the JSON FHIR allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} at {position}", kind.sentence())]
pub struct ParseError {
    /// What was wrong.
    pub kind: ParseErrorKind,
    /// Byte offset of the fault.
    pub offset: usize,
    /// The same as line and column.
    pub position: Position,
}

impl ParseErrorKind {
    fn sentence(self) -> &'static str {
        match self {
            Self::Utf8 => "the text is not valid UTF-8",
            Self::UnexpectedEnd => "the JSON ends too early",
            Self::UnexpectedCharacter => "unexpected character in the JSON",
            Self::TrailingCharacters => "text after the end of the JSON",
            Self::Number => "a number that JSON does not allow or that exceeds the limits",
            Self::Escape => "an invalid escape in a string",
            Self::ControlCharacter => "a control character in a string",
            Self::TooDeep => "the JSON is nested too deeply",
            Self::DuplicateKey => "a member appears twice in one object",
            Self::TooLarge => "the JSON is too large",
        }
    }
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl ParseError {
    fn at(kind: ParseErrorKind, bytes: &[u8], offset: usize) -> Self {
        let position = Position::of(bytes, offset);
        Self {
            kind,
            offset,
            position,
        }
    }

    /// The error of bytes that stop being UTF-8 at an offset.
    pub(super) fn utf8(bytes: &[u8], offset: usize) -> Self {
        Self::at(ParseErrorKind::Utf8, bytes, offset)
    }
}

pub(super) fn parse(text: &str, limits: ParseLimits) -> Result<Vec<Node>, ParseError> {
    let bytes = text.as_bytes();
    let fail = |kind, offset| ParseError::at(kind, bytes, offset);
    if u32::try_from(bytes.len()).is_err() {
        return Err(fail(ParseErrorKind::TooLarge, 0));
    }
    let mut scanner = Scanner {
        bytes,
        at: 0,
        tape: Vec::with_capacity(bytes.len() / 16 + 4),
        limits,
    };
    scanner
        .document()
        .map(|()| scanner.tape)
        .map_err(|(kind, offset)| fail(kind, offset))
}

type Step<T = ()> = Result<T, (ParseErrorKind, usize)>;

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    tape: Vec<Node>,
    limits: ParseLimits,
}

impl Scanner<'_> {
    fn document(&mut self) -> Step {
        if self.bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
            self.at = 3;
        }
        self.value(0)?;
        self.skip_space();
        match self.at == self.bytes.len() {
            true => Ok(()),
            false => Err((ParseErrorKind::TrailingCharacters, self.at)),
        }
    }

    fn peek(&self) -> Step<u8> {
        self.bytes
            .get(self.at)
            .copied()
            .ok_or((ParseErrorKind::UnexpectedEnd, self.bytes.len()))
    }

    fn skip_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: NodeKind, start: usize, end: usize) -> usize {
        let index = self.tape.len();
        self.tape.push(Node {
            start: offset(start),
            end: offset(end),
            next: offset(index + 1),
            kind,
        });
        index
    }

    fn close(&mut self, index: usize) {
        let next = offset(self.tape.len());
        let node = &mut self.tape[index];
        node.end = offset(self.at);
        node.next = next;
    }

    fn value(&mut self, depth: u32) -> Step {
        self.skip_space();
        let start = self.at;
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true", NodeKind::True),
            b'f' => self.word(b"false", NodeKind::False),
            b'n' => self.word(b"null", NodeKind::Null),
            _ => Err((ParseErrorKind::UnexpectedCharacter, start)),
        }
    }

    fn word(&mut self, word: &[u8], kind: NodeKind) -> Step {
        let start = self.at;
        if !self.bytes[start..].starts_with(word) {
            return Err((ParseErrorKind::UnexpectedCharacter, start));
        }
        self.at += word.len();
        self.push(kind, start, self.at);
        Ok(())
    }

    fn object(&mut self, depth: u32) -> Step {
        let start = self.at;
        if depth >= self.limits.depth {
            return Err((ParseErrorKind::TooDeep, start));
        }
        let index = self.push(NodeKind::Object, start, start);
        self.at += 1;
        self.skip_space();
        if self.peek()? == b'}' {
            self.at += 1;
            self.close(index);
            return Ok(());
        }
        loop {
            self.skip_space();
            if self.peek()? != b'"' {
                return Err((ParseErrorKind::UnexpectedCharacter, self.at));
            }
            self.string()?;
            self.skip_space();
            if self.peek()? != b':' {
                return Err((ParseErrorKind::UnexpectedCharacter, self.at));
            }
            self.at += 1;
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err((ParseErrorKind::UnexpectedCharacter, self.at)),
            }
        }
        self.at += 1;
        self.close(index);
        self.refuse_duplicate_keys(index)
    }

    fn array(&mut self, depth: u32) -> Step {
        let start = self.at;
        if depth >= self.limits.depth {
            return Err((ParseErrorKind::TooDeep, start));
        }
        let index = self.push(NodeKind::Array, start, start);
        self.at += 1;
        self.skip_space();
        if self.peek()? == b']' {
            self.at += 1;
            self.close(index);
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return Err((ParseErrorKind::UnexpectedCharacter, self.at)),
            }
        }
        self.at += 1;
        self.close(index);
        Ok(())
    }

    fn string(&mut self) -> Step {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            match self.bytes.get(at) {
                None => return Err((ParseErrorKind::UnexpectedEnd, self.bytes.len())),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                Some(0..=0x1F) => return Err((ParseErrorKind::ControlCharacter, at)),
                Some(_) => at += 1,
            }
        }
        let kind = if escaped {
            NodeKind::EscapedString
        } else {
            NodeKind::String
        };
        self.push(kind, start, at);
        self.at = at + 1;
        Ok(())
    }

    /// Checks the escape that begins at `at` and answers the offset after it.
    fn escape(&self, at: usize) -> Step<usize> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match self.hex(at + 2)? {
                0 => Err((ParseErrorKind::ControlCharacter, at)),
                0xD800..=0xDBFF => {
                    let paired = self.bytes.get(at + 6..at + 8) == Some(b"\\u".as_slice())
                        && matches!(self.hex(at + 8)?, 0xDC00..=0xDFFF);
                    if paired {
                        Ok(at + 12)
                    } else {
                        Err((ParseErrorKind::Escape, at))
                    }
                }
                0xDC00..=0xDFFF => Err((ParseErrorKind::Escape, at)),
                _ => Ok(at + 6),
            },
            Some(_) => Err((ParseErrorKind::Escape, at)),
            None => Err((ParseErrorKind::UnexpectedEnd, self.bytes.len())),
        }
    }

    fn hex(&self, at: usize) -> Step<u32> {
        let digits = self
            .bytes
            .get(at..at + 4)
            .ok_or((ParseErrorKind::UnexpectedEnd, self.bytes.len()))?;
        digits.iter().try_fold(0, |number, digit| {
            char::from(*digit)
                .to_digit(16)
                .map(|value| number * 16 + value)
                .ok_or((ParseErrorKind::Escape, at))
        })
    }

    fn number(&mut self) -> Step {
        let start = self.at;
        let fault = (ParseErrorKind::Number, start);
        let mut at = start + usize::from(self.bytes[start] == b'-');
        let integer = at;
        at = self.digits(at);
        if at == integer || (self.bytes[integer] == b'0' && at > integer + 1) {
            return Err(fault);
        }
        if self.bytes.get(at) == Some(&b'.') {
            let fraction = at + 1;
            at = self.digits(fraction);
            if at == fraction {
                return Err(fault);
            }
        }
        if matches!(self.bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = at + 1 + sign;
            at = self.digits(exponent);
            // Three digits reach 999: far beyond any measurement, and cheap for whoever expands the number.
            if at == exponent || at - exponent > 3 {
                return Err(fault);
            }
        }
        if at - start > self.limits.number_length as usize {
            return Err(fault);
        }
        self.push(NodeKind::Number, start, at);
        self.at = at;
        Ok(())
    }

    fn digits(&self, mut at: usize) -> usize {
        while self.bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    }

    fn refuse_duplicate_keys(&self, object: usize) -> Step {
        let keys = || Keys {
            tape: &self.tape,
            at: object + 1,
            end: self.tape[object].next as usize,
        };
        let count = keys().count();
        if count <= 12 && keys().all(|key| key.kind == NodeKind::String) {
            for (place, key) in keys().enumerate() {
                if keys()
                    .take(place)
                    .any(|earlier| self.raw(earlier) == self.raw(key))
                {
                    return Err((ParseErrorKind::DuplicateKey, key.start as usize));
                }
            }
            return Ok(());
        }
        let mut seen: HashSet<Cow<'_, str>> = HashSet::with_capacity(count);
        for key in keys() {
            let text = std::str::from_utf8(self.raw(key)).unwrap_or_default();
            let name = if key.kind == NodeKind::String {
                Cow::Borrowed(text)
            } else {
                Cow::Owned(unescape(text))
            };
            if !seen.insert(name) {
                return Err((ParseErrorKind::DuplicateKey, key.start as usize));
            }
        }
        Ok(())
    }

    fn raw(&self, node: Node) -> &[u8] {
        &self.bytes[node.start as usize..node.end as usize]
    }
}

/// The key nodes of one object.
struct Keys<'a> {
    tape: &'a [Node],
    at: usize,
    end: usize,
}

impl Iterator for Keys<'_> {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        if self.at >= self.end {
            return None;
        }
        let key = self.tape[self.at];
        self.at = self.tape[self.at + 1].next as usize;
        Some(key)
    }
}

/// The scanner refuses texts beyond `u32` before it makes any offset.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
