//! The members of an object as bytes: most are looked at only to be passed over.

use std::borrow::Cow;

use crate::json::{Kind, NodeKind, Value};

/// The members of an object in the order of the text.
pub(super) struct Members<'a> {
    object: Value<'a>,
    bytes: &'a [u8],
    at: u32,
    end: u32,
}

/// One member.
pub(super) struct Member<'a> {
    key: Cow<'a, [u8]>,
    pub(super) value: Value<'a>,
}

impl<'a> Members<'a> {
    /// None, unless the value is an object.
    pub(super) fn of(object: Value<'a>) -> Self {
        let at = object.index() + 1;
        let end = match object.kind() {
            Kind::Object => object.document().node(object.index()).next,
            _ => at,
        };
        Self {
            object,
            bytes: object.document().bytes(),
            at,
            end,
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        if self.at >= self.end {
            return None;
        }
        let document = self.object.document();
        let node = document.node(self.at);
        let key = if node.kind == NodeKind::String {
            Cow::Borrowed(&self.bytes[node.start as usize..node.end as usize])
        } else {
            let text = Value::new(document, self.at).string().unwrap_or_default();
            Cow::Owned(text.into_owned().into_bytes())
        };
        let value = Value::new(document, self.at + 1);
        self.at = document.node(self.at + 1).next;
        Some(Member { key, value })
    }
}

impl Member<'_> {
    /// Whether this is the companion of a primitive.
    pub(super) fn is_companion(&self) -> bool {
        self.key.first() == Some(&b'_')
    }

    fn bare(&self) -> &[u8] {
        self.key.strip_prefix(b"_").unwrap_or(&self.key)
    }

    /// The name, without the underscore of a companion.
    pub(super) fn name(&self) -> &str {
        std::str::from_utf8(self.bare()).unwrap_or_default()
    }

    /// Whether it may be the element of that name, or a choice of it.
    pub(super) fn may_be(&self, name: &str) -> bool {
        let bare = self.bare();
        match bare.strip_prefix(name.as_bytes()) {
            Some([]) => true,
            Some([next, ..]) => next.is_ascii_uppercase(),
            None => false,
        }
    }

    /// Whether both stand for the same element.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.bare() == other.bare()
    }
}
