//! A resource in memory: its JSON text, the tape over it, and its type (<https://hl7.org/fhir/R4/resource.html>).

use std::sync::Arc;

use bytes::Bytes;

use crate::ids::ResourceType;
use crate::json::{Document, Kind, ParseError, ParseLimits, Position, Value};

/// A JSON object whose `resourceType` is one of R4's. Nothing else about it is known yet.
#[derive(Clone, Debug)]
pub struct Resource {
    document: Document,
    resource_type: ResourceType,
}

/// Why a text is not a resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// Not JSON as FHIR allows it.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// JSON, but not an object.
    #[error("a resource is a JSON object")]
    NotAnObject,
    /// An object without `resourceType`, or one that is not a string.
    #[error("a resource names its type in 'resourceType'")]
    NoType,
    /// `resourceType` is not a concrete type of R4.
    #[error("'resourceType' is not a resource type of FHIR R4")]
    UnknownType,
}

impl Resource {
    /// Parses JSON within limits.
    pub fn parse_with(bytes: impl Into<Bytes>, limits: ParseLimits) -> Result<Self, ResourceError> {
        Self::of(Document::parse_with(bytes, limits)?)
    }

    /// Parses JSON within the default limits.
    pub fn parse(bytes: impl Into<Bytes>) -> Result<Self, ResourceError> {
        Self::parse_with(bytes, ParseLimits::default())
    }

    /// Takes a document that should be a resource.
    pub fn of(document: Document) -> Result<Self, ResourceError> {
        let root = document.root();
        if root.kind() != Kind::Object {
            return Err(ResourceError::NotAnObject);
        }
        let name = root
            .get("resourceType")
            .and_then(Value::string)
            .ok_or(ResourceError::NoType)?;
        let resource_type = ResourceType::parse(&name).ok_or(ResourceError::UnknownType)?;
        Ok(Self {
            document,
            resource_type,
        })
    }

    /// The same, with the places of another text that it was made from.
    pub(crate) fn made_from(self, origin: Arc<[(u32, Position)]>) -> Self {
        Self {
            document: self.document.made_from(origin),
            ..self
        }
    }

    /// Whether `meta.security` has a coding of this system and code.
    pub fn has_security_label(&self, (system, code): (&str, &str)) -> bool {
        let labels = self.root().at(&["meta", "security"]);
        let mut labels = labels.into_iter().flat_map(Value::items);
        labels.any(|label| {
            let is = |name: &str, wanted: &str| {
                let text = label.get(name).and_then(Value::string);
                text.as_deref() == Some(wanted)
            };
            is("system", system) && is("code", code)
        })
    }

    /// The type.
    pub fn resource_type(&self) -> ResourceType {
        self.resource_type
    }

    /// The object itself.
    pub fn root(&self) -> Value<'_> {
        self.document.root()
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        self.root().get(name)
    }

    /// The logical id as it stands in the text, valid or not.
    pub fn id(&self) -> Option<String> {
        self.get("id").and_then(Value::string).map(Into::into)
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        self.document.text()
    }

    /// The text and tape.
    pub fn document(&self) -> &Document {
        &self.document
    }
}
