//! The paths of the RESTful API (<https://hl7.org/fhir/R4/http.html#summary>), what each allows and what it is called.

use std::borrow::Cow;

use fhir::ids::{ResourceId, ResourceKey, ResourceType};
use http::Method;

use super::super::trail::is_event;
use super::super::{HistoryScope, OperationTarget, SearchScope};
use crate::error::{Error, ErrorKind, Result};

/// A path below the base, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The base itself.
    System,
    /// `metadata`
    Metadata,
    /// `[type]`
    Type(ResourceType),
    /// `[type]/[id]`
    Instance(ResourceKey),
    /// `[type]/[id]/_history/[vid]`
    Version(ResourceKey, Box<str>),
    /// `_history` on three levels.
    History(HistoryScope),
    /// `_search` on three levels.
    Search(SearchScope),
    /// `[type]/[id]/[type]` and `[type]/[id]/*`
    Compartment(SearchScope),
    /// `$code` on three levels.
    Operation(OperationTarget, Box<str>),
}

impl Route {
    /// Understands a path. A type R4 does not have is an unknown endpoint. An id that cannot be one names nothing, so
    /// it is not found; where a PUT would make it, it is a bad value.
    pub fn parse(method: &Method, path: &str) -> Result<Self> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = match path.strip_suffix('/') {
            Some(rest) if !rest.is_empty() => rest,
            _ => path,
        };
        let mut segments = [const { Cow::Borrowed("") }; 5];
        let mut count = 0;
        if !path.is_empty() {
            for segment in path.split('/') {
                let place = segments.get_mut(count).ok_or_else(unknown)?;
                *place = decoded(segment)?;
                count += 1;
            }
        }
        let parts = segments.each_ref().map(|segment| &**segment);
        let parts = parts.get(..count).unwrap_or_default();
        let key = |name: &str, id: &str| key(method, name, id);
        Ok(match *parts {
            [] => Self::System,
            ["metadata"] => Self::Metadata,
            ["_history"] => Self::History(HistoryScope::System),
            ["_search"] => Self::Search(SearchScope::System),
            [name] => match operation(name)? {
                Some(code) => Self::Operation(OperationTarget::System, code),
                None => Self::Type(resource_type(name)?),
            },
            [name, "_history"] => Self::History(HistoryScope::Type(resource_type(name)?)),
            [name, "_search"] => Self::Search(SearchScope::Type(resource_type(name)?)),
            [name, id] => match operation(id)? {
                Some(code) => Self::Operation(OperationTarget::Type(resource_type(name)?), code),
                None => Self::Instance(key(name, id)?),
            },
            [name, id, "_history"] => Self::History(HistoryScope::Instance(key(name, id)?)),
            [name, id, "_search"] => Self::Search(SearchScope::Compartment(key(name, id)?, None)),
            [name, id, "*"] => Self::Compartment(SearchScope::Compartment(key(name, id)?, None)),
            [name, id, last] => match operation(last)? {
                Some(code) => Self::Operation(OperationTarget::Instance(key(name, id)?), code),
                None => Self::Compartment(SearchScope::Compartment(
                    key(name, id)?,
                    Some(resource_type(last)?),
                )),
            },
            [name, id, "_history", version] => Self::Version(key(name, id)?, version.into()),
            [name, id, "*", "_search"] => {
                Self::Search(SearchScope::Compartment(key(name, id)?, None))
            }
            [name, id, member, "_search"] => Self::Search(SearchScope::Compartment(
                key(name, id)?,
                Some(resource_type(member)?),
            )),
            _ => return Err(unknown()),
        })
    }

    /// The path with its variable parts by name: what logs and metrics show.
    pub fn pattern(&self) -> &'static str {
        match self {
            Self::System => "[base]",
            Self::Metadata => "metadata",
            Self::Type(_) => "[type]",
            Self::Instance(_) => "[type]/[id]",
            Self::Version(..) => "[type]/[id]/_history/[vid]",
            Self::History(scope) => scope.pattern(),
            Self::Search(SearchScope::System) => "_search",
            Self::Search(SearchScope::Type(_)) => "[type]/_search",
            Self::Search(SearchScope::Compartment(_, None)) => "[type]/[id]/_search",
            Self::Search(SearchScope::Compartment(_, Some(_))) => "[type]/[id]/[type]/_search",
            Self::Compartment(SearchScope::Compartment(_, Some(_))) => "[type]/[id]/[type]",
            Self::Compartment(_) => "[type]/[id]/*",
            Self::Operation(target, _) => target.pattern(),
        }
    }

    /// The type of the path, where it names one.
    pub fn resource_type(&self) -> Option<ResourceType> {
        match self {
            Self::System | Self::Metadata => None,
            Self::Type(resource_type) => Some(*resource_type),
            Self::Instance(key) | Self::Version(key, _) => Some(key.resource_type),
            Self::History(scope) => match scope {
                HistoryScope::System => None,
                HistoryScope::Type(resource_type) => Some(*resource_type),
                HistoryScope::Instance(key) => Some(key.resource_type),
            },
            Self::Search(scope) | Self::Compartment(scope) => match scope {
                SearchScope::System => None,
                SearchScope::Type(resource_type) => Some(*resource_type),
                SearchScope::Compartment(_, resource_type) => *resource_type,
            },
            Self::Operation(target, _) => match target {
                OperationTarget::System => None,
                OperationTarget::Type(resource_type) => Some(*resource_type),
                OperationTarget::Instance(key) => Some(key.resource_type),
            },
        }
    }

    /// The same where there is an audit trail: nobody writes its AuditEvents.
    pub fn allowed_beside_trail(&self) -> &'static str {
        match self {
            Self::Type(one) if is_event(*one) => "GET, HEAD",
            Self::Instance(key) if is_event(key.resource_type) => "GET, HEAD",
            _ => self.allowed(),
        }
    }

    /// The methods of the path, as the `Allow` header lists them.
    pub fn allowed(&self) -> &'static str {
        match self {
            Self::System => "GET, HEAD, POST",
            Self::Type(_) => "GET, HEAD, POST, PUT, PATCH, DELETE",
            Self::Instance(_) => "GET, HEAD, PUT, PATCH, DELETE",
            Self::Metadata | Self::Version(..) | Self::History(_) | Self::Compartment(_) => {
                "GET, HEAD"
            }
            Self::Search(_) => "POST",
            Self::Operation(..) => "GET, HEAD, POST",
        }
    }
}

fn key(method: &Method, name: &str, id: &str) -> Result<ResourceKey> {
    let resource_type = resource_type(name)?;
    let id: ResourceId = id.parse().map_err(|error: fhir::ids::IdError| {
        if method == Method::PUT {
            Error::new(ErrorKind::BadValue, error.to_string())
        } else {
            Error::new(ErrorKind::NotFound, "no resource can have this id")
        }
    })?;
    Ok(ResourceKey::new(resource_type, id))
}

fn resource_type(name: &str) -> Result<ResourceType> {
    ResourceType::parse(name).ok_or_else(|| {
        // Only a plausible name is repeated: a path is the caller's text.
        let plausible = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        let sentence = if plausible {
            format!("'{name}' is not a resource type of FHIR R4")
        } else {
            "the path is none of the FHIR API".to_owned()
        };
        Error::new(ErrorKind::UnknownEndpoint, sentence)
    })
}

/// The code of a `$code` segment; `None` where it is another kind of segment.
fn operation(segment: &str) -> Result<Option<Box<str>>> {
    let Some(code) = segment.strip_prefix('$') else {
        return Ok(None);
    };
    let is_code = (1..=64).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_code {
        Ok(Some(code.into()))
    } else {
        Err(Error::new(
            ErrorKind::UnknownEndpoint,
            "the name of an operation is letters, digits, '-', '_' and '.'",
        ))
    }
}

fn unknown() -> Error {
    Error::new(
        ErrorKind::UnknownEndpoint,
        "the path is none of the FHIR API",
    )
}

fn decoded(segment: &str) -> Result<Cow<'_, str>> {
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    super::query::percent_decoded(segment.as_bytes(), false)
        .map(Cow::Owned)
        .ok_or_else(|| Error::new(ErrorKind::BadValue, "the path is not well percent-encoded"))
}
