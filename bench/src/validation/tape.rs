//! The tape of `fhir::json`, as `jsonschema` reads documents.

use std::borrow::Cow;

use fhir::json::{Items, Kind, Members, Value};
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use jsonschema::types::JsonType;

/// The representation.
pub(super) struct Tape;

/// One value.
#[derive(Clone, Copy)]
pub(super) enum TapeNode<'a> {
    /// A value of a document.
    Value(Value<'a>),
    /// A text that stands in none: the name of a member.
    Text(&'a str),
}

impl<'a> TapeNode<'a> {
    fn value(self) -> Option<Value<'a>> {
        match self {
            Self::Value(value) => Some(value),
            Self::Text(_) => None,
        }
    }

    fn is_of(self, kind: Kind) -> bool {
        self.value().is_some_and(|value| value.kind() == kind)
    }
}

/// The digits of a number.
pub(super) struct Digits<'a>(&'a str);

/// Members with their names.
pub(super) struct TapeMembers<'a>(Option<Members<'a>>);

/// Items of an array.
pub(super) struct TapeItems<'a>(Option<Items<'a>>);

impl Json for Tape {
    type Node<'a> = TapeNode<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = ();

    // A lookup walks the object.
    const KEYS_PER_LOOKUP: usize = 16;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(TapeNode<'_>) -> T) -> T {
        f(TapeNode::Text(string))
    }
}

impl JsonNumber for Digits<'_> {
    fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.parse().ok()
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0)
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        let read = |digits| serde_json::from_str(digits).ok();
        Cow::Owned(read(self.0).unwrap_or_else(|| 0.into()))
    }
}

impl<'a> Node<'a, Tape> for TapeNode<'a> {
    type Object = Self;
    type Array = Self;
    type Number = Digits<'a>;

    fn as_object(&self) -> Option<Self> {
        self.is_of(Kind::Object).then_some(*self)
    }

    fn as_array(&self) -> Option<Self> {
        self.is_of(Kind::Array).then_some(*self)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Value(value) => value.string(),
            Self::Text(text) => Some(Cow::Borrowed(text)),
        }
    }

    fn as_number(&self) -> Option<Digits<'a>> {
        self.value()?.number().map(Digits)
    }

    fn as_boolean(&self) -> Option<bool> {
        self.value()?.boolean()
    }

    fn is_null(&self) -> bool {
        self.is_of(Kind::Null)
    }

    fn json_type(&self) -> JsonType {
        let Some(value) = self.value() else {
            return JsonType::String;
        };
        match value.kind() {
            Kind::Object => JsonType::Object,
            Kind::Array => JsonType::Array,
            Kind::String => JsonType::String,
            Kind::Number => JsonType::Number,
            Kind::Boolean => JsonType::Boolean,
            Kind::Null => JsonType::Null,
        }
    }

    fn equals_value(&self, expected: &serde_json::Value) -> bool {
        match expected.as_str() {
            Some(expected) => self.as_string().is_some_and(|own| own == expected),
            None => *self.to_value() == *expected,
        }
    }

    fn to_value(&self) -> Cow<'a, serde_json::Value> {
        Cow::Owned(match self {
            Self::Value(value) => serde_json::from_str(value.raw()).unwrap_or_default(),
            Self::Text(text) => (*text).into(),
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        let value = self.value()?;
        let address = std::ptr::from_ref(value.document()).addr();
        Some(NodeIdentity::tagged(address, value.index()))
    }
}

impl<'a> Object<'a, Tape> for TapeNode<'a> {
    type Node = Self;
    type MemberName = Cow<'a, str>;
    type MembersIter = TapeMembers<'a>;

    fn len(&self) -> usize {
        self.members().count()
    }

    fn get(&self, key: &Box<str>) -> Option<Self> {
        self.value()?.get(key).map(Self::Value)
    }

    fn members(&self) -> TapeMembers<'a> {
        TapeMembers(self.value().map(Value::members))
    }
}

impl<'a> Array<'a, Tape> for TapeNode<'a> {
    type Node = Self;
    type ElementsIter = TapeItems<'a>;

    fn len(&self) -> usize {
        self.elements().count()
    }

    fn elements(&self) -> TapeItems<'a> {
        TapeItems(self.value().map(Value::items))
    }
}

impl<'a> Iterator for TapeMembers<'a> {
    type Item = (Cow<'a, str>, TapeNode<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.0.as_mut()?.next()?;
        Some((name, TapeNode::Value(value)))
    }
}

impl<'a> Iterator for TapeItems<'a> {
    type Item = TapeNode<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next().map(TapeNode::Value)
    }
}
