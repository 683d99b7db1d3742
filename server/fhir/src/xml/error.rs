//! What can be wrong with XML, and with JSON that should become XML.

use std::fmt;

use crate::json::{ParseErrorKind, Position};
use crate::resource::ResourceError;

/// A text that cannot be carried over. For [`super::from_xml`] the place is in the XML, for [`super::to_xml`] in the
/// JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at {position}")]
pub struct XmlError {
    /// What was wrong.
    pub kind: XmlErrorKind,
    /// Where.
    pub position: Position,
    /// The same as FHIRPath, where it was within elements of a resource.
    pub path: Option<Box<str>>,
}

/// What was wrong. Names are those of elements, attributes and members, cut short; values are never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XmlErrorKind {
    /// Not valid UTF-8.
    Utf8,
    /// The XML declaration names another encoding or another version of XML.
    Declaration,
    /// Not well-formed; the sentence says how.
    Syntax(&'static str),
    /// A character XML 1.0 cannot carry.
    Character,
    /// An entity other than the five predefined ones.
    Entity,
    /// A document type declaration.
    Doctype,
    /// Nested deeper than the limit.
    TooDeep,
    /// More attributes on one element, or more namespaces, than the limit.
    TooManyAttributes,
    /// Longer than the limit.
    TooLarge,
    /// A prefix nobody declared, or an element that is not in the namespace it must be in.
    Namespace(Box<str>),
    /// The outermost element, or one where a resource must stand, is not a resource type of R4.
    UnknownResource(Box<str>),
    /// An element or member that does not belong here.
    UnknownElement(Box<str>),
    /// An attribute that does not belong here.
    UnknownAttribute(Box<str>),
    /// An element after one it must precede.
    Order(Box<str>),
    /// An element that may not repeat, or two types of one choice.
    Repeated(Box<str>),
    /// Text between FHIR's elements.
    Text,
    /// No value, no content, or an empty attribute.
    Empty(Box<str>),
    /// A value the element's type cannot have, such as `yes` for a boolean.
    Value(Box<str>),
    /// JSON of another shape than the element's: an array, an object or a plain value where another is meant.
    Shape(Box<str>),
    /// A narrative that is not one well-formed XHTML `div`.
    Narrative(&'static str),
    /// The JSON made is not a resource. Cannot be reached from XML that was read without another error.
    Resource(ResourceError),
}

impl fmt::Display for XmlErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf8 => f.write_str("the text is not valid UTF-8"),
            Self::Declaration => f.write_str("only XML 1.0 in UTF-8 is read"),
            Self::Syntax(sentence) | Self::Narrative(sentence) => f.write_str(sentence),
            Self::Character => f.write_str("a character that XML 1.0 cannot carry"),
            Self::Entity => f.write_str("an entity that is not one of XML's own five"),
            Self::Doctype => f.write_str("a document type declaration is not allowed"),
            Self::TooDeep => f.write_str("nested too deeply"),
            Self::TooManyAttributes => f.write_str("too many attributes or namespaces"),
            Self::TooLarge => f.write_str("the XML is too large"),
            Self::Namespace(name) => write!(f, "'{name}' is not in the namespace it must be in"),
            Self::UnknownResource(name) => write!(f, "'{name}' is not a resource type of FHIR R4"),
            Self::UnknownElement(name) => write!(f, "unknown element '{name}'"),
            Self::UnknownAttribute(name) => write!(f, "unknown attribute '{name}'"),
            Self::Order(name) => write!(f, "element '{name}' must stand earlier"),
            Self::Repeated(name) => write!(f, "element '{name}' may stand only once"),
            Self::Text => f.write_str("text where FHIR has only elements"),
            Self::Empty(name) => write!(f, "'{name}' is empty"),
            Self::Value(name) => write!(f, "the value of '{name}' is not of its type"),
            Self::Shape(name) => write!(f, "'{name}' is not of the shape its definition says"),
            Self::Resource(error) => error.fmt(f),
        }
    }
}

impl XmlErrorKind {
    /// The kind for JSON that our own output was refused as.
    pub(super) fn of_resource(error: ResourceError) -> Self {
        match error {
            ResourceError::Json(json) if json.kind == ParseErrorKind::TooLarge => Self::TooLarge,
            other => Self::Resource(other),
        }
    }
}

/// A name short enough for a message.
pub(crate) fn short(name: &str) -> Box<str> {
    name.chars().take(64).collect::<String>().into()
}
