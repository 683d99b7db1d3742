//! JSON Pointer (RFC 6901).

use std::borrow::Cow;

use crate::json::{Kind, Value};

/// A path through a document, and the text it was read from.
#[derive(Clone, Debug)]
pub(super) struct Pointer<'a> {
    pub(super) text: Cow<'a, str>,
    tokens: Vec<String>,
}

impl<'a> Pointer<'a> {
    /// `None` where the text is no pointer: it does not begin with a slash, or a `~` escapes nothing.
    pub(super) fn parse(text: Cow<'a, str>) -> Option<Self> {
        let tokens = match text.strip_prefix('/') {
            Some(rest) => rest.split('/').map(unescape).collect::<Option<_>>()?,
            None if text.is_empty() => Vec::new(),
            None => return None,
        };
        Some(Self { text, tokens })
    }

    /// The value it names.
    pub(super) fn find<'d>(&self, root: Value<'d>) -> Option<Value<'d>> {
        self.tokens
            .iter()
            .try_fold(root, |value, token| step(value, token))
    }

    /// What holds the value it names, and the last token; `None` for the whole document.
    pub(super) fn split(&self) -> Option<(Self, &str)> {
        let (last, parents) = self.tokens.split_last()?;
        let parent = Self {
            text: Cow::Borrowed(""),
            tokens: parents.to_vec(),
        };
        Some((parent, last))
    }

    /// Whether it names a place inside the one `other` names.
    pub(super) fn is_inside(&self, other: &Pointer<'_>) -> bool {
        self.tokens.len() > other.tokens.len() && self.tokens.starts_with(&other.tokens)
    }

    /// Whether both name the same place.
    pub(super) fn is_same(&self, other: &Pointer<'_>) -> bool {
        self.tokens == other.tokens
    }
}

fn step<'d>(value: Value<'d>, token: &str) -> Option<Value<'d>> {
    match value.kind() {
        Kind::Object => value.get(token),
        Kind::Array => value.items().nth(index(token)?),
        Kind::String | Kind::Number | Kind::Boolean | Kind::Null => None,
    }
}

/// The place in an array: digits without a leading zero.
pub(super) fn index(token: &str) -> Option<usize> {
    let is_canonical = token == "0"
        || (token.bytes().all(|byte| byte.is_ascii_digit()) && !token.starts_with('0'));
    if is_canonical {
        token.parse().ok()
    } else {
        None
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut out = String::with_capacity(token.len());
    let mut parts = token.split('~');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (character, rest) = match part.as_bytes().first()? {
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        out.push(character);
        out.push_str(rest);
    }
    Some(out)
}
