//! What a method and a path below the base mean (<https://hl7.org/fhir/R4/http.html#summary>): one table for HTTP and
//! for the entries of batch and transaction Bundles.

mod conditions;
mod path;
mod query;
#[cfg(test)]
mod tests;

use fhir::ids::ResourceType;
use fhir::outcome::Issue;
use fhir::resource::Resource;
use http::Method;
use jiff::Timestamp;

use super::{
    CallConditions, EntityTags, HistoryScope, Interaction, OperationInput, OperationTarget, Patch,
    ReadConditions, SearchScope, WriteConditions,
};
use crate::context::Handling;
use crate::error::{Error, ErrorKind, Result};

pub use path::Route;
pub(crate) use query::percent_decoded;

/// One request before it is known what it means.
#[derive(Debug)]
pub struct RouteRequest<'a> {
    /// The method; HEAD means what GET means.
    pub method: &'a Method,
    /// The path below the base, percent-encoded, with or without a slash in front.
    pub path: &'a str,
    /// The query string, percent-encoded, without the question mark and without what belongs to HTTP.
    pub query: &'a str,
    /// The body, if there is one.
    pub body: Option<RouteBody>,
    /// `If-Match`
    pub if_match: Option<EntityTags>,
    /// `If-None-Match`
    pub if_none_match: Option<EntityTags>,
    /// `If-None-Exist`
    pub if_none_exist: Option<String>,
    /// `If-Modified-Since`
    pub if_modified_since: Option<Timestamp>,
    /// What becomes of a query parameter nobody knows.
    pub handling: Handling,
}

/// A body by what it can mean.
#[derive(Debug)]
pub enum RouteBody {
    /// A resource.
    Resource(Resource),
    /// A patch document.
    Patch(Patch),
    /// `application/x-www-form-urlencoded`
    Form(String),
    /// Sent to an operation as a resource, and none: why.
    Unreadable(Vec<Issue>),
}

/// An interaction, and what was left out of it.
#[derive(Debug)]
pub struct Routed {
    /// What is asked.
    pub interaction: Interaction,
    /// Query parameters that were ignored, as `Prefer: handling=lenient` allows.
    pub warnings: Vec<Issue>,
}

/// Finds what a request means, or says what is wrong with it.
pub fn route(request: RouteRequest<'_>) -> Result<Routed> {
    Route::parse(request.method, request.path)?.interaction(request)
}

/// The operation that is for whoever asks.
const PUBLIC: &str = "bulk-publish";
/// The operation that is for whoever knows the secret of a link, which is in its query.
pub(super) const SECRET: &str = "calendar";

impl Route {
    /// Whether whoever asks is answered, without a token.
    pub fn is_public(&self) -> bool {
        match self {
            Self::Metadata => true,
            Self::Operation(OperationTarget::System, code) => &**code == PUBLIC,
            Self::Operation(OperationTarget::Instance(_), code) => &**code == SECRET,
            _ => false,
        }
    }

    /// Refuses a method the path does not have.
    pub fn permits(&self, method: &Method) -> Result<()> {
        let allowed = self.allowed();
        if allowed.split(", ").any(|name| name == method.as_str()) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::MethodNotAllowed,
            format!("{} allows {allowed}", self.pattern()),
        ))
    }

    /// The interaction this route makes of a request whose path it was parsed from.
    pub fn interaction(self, request: RouteRequest<'_>) -> Result<Routed> {
        self.permits(request.method)?;
        let mut request = request;
        let mut warnings = Vec::new();
        let method = match request.method {
            head if head == Method::HEAD => &Method::GET,
            other => other,
        };
        request.check_headers(&self, method)?;
        if method == Method::GET || method == Method::DELETE {
            request.no_body()?;
        }
        let interaction = match method.as_str() {
            "GET" => self.get(&mut request, &mut warnings)?,
            "POST" => self.post(&mut request, &mut warnings)?,
            "PUT" => self.put(&mut request, &mut warnings)?,
            "PATCH" => self.patch(&mut request, &mut warnings)?,
            _ => self.delete(&mut request, &mut warnings)?,
        };
        Ok(Routed {
            interaction,
            warnings,
        })
    }

    fn get(self, request: &mut RouteRequest<'_>, warnings: &mut Vec<Issue>) -> Result<Interaction> {
        let query = request.query.to_owned();
        let history = |scope, query| Interaction::History { scope, query };
        let search = |scope, query| Interaction::Search { scope, query };
        Ok(match self {
            Self::Instance(key) => {
                request.only(&[], warnings)?;
                let conditions = ReadConditions {
                    if_none_match: request.if_none_match.take(),
                    if_modified_since: request.if_modified_since,
                };
                Interaction::Read { key, conditions }
            }
            Self::Version(key, version) => {
                request.only(&[], warnings)?;
                Interaction::Vread { key, version }
            }
            Self::Metadata => {
                request.only(&["mode"], warnings)?;
                let mode = query::value(&query, "mode")?;
                Interaction::Capabilities { mode }
            }
            Self::History(scope) => history(scope, query),
            Self::System => search(SearchScope::System, query),
            Self::Type(resource_type) => search(SearchScope::Type(resource_type), query),
            Self::Search(scope) | Self::Compartment(scope) => search(scope, query),
            Self::Operation(target, code) => Interaction::Operation {
                target,
                code,
                input: OperationInput::Query(query),
                conditions: CallConditions::default(),
            },
        })
    }

    fn post(
        self,
        request: &mut RouteRequest<'_>,
        warnings: &mut Vec<Issue>,
    ) -> Result<Interaction> {
        match self {
            Self::Type(resource_type) => {
                request.only(&[], warnings)?;
                Ok(Interaction::Create {
                    resource_type,
                    resource: request.resource_of(resource_type)?,
                    if_none_exist: request.existence()?,
                })
            }
            Self::Search(scope) => {
                let query = match request.body.take() {
                    None => request.query.to_owned(),
                    Some(RouteBody::Form(form)) => query::joined(request.query, &form),
                    Some(_) => return Err(form_only()),
                };
                Ok(Interaction::Search { scope, query })
            }
            Self::Operation(target, code) => {
                let query = request.query.to_owned();
                let input = match request.body.take() {
                    None => OperationInput::Body(None, query),
                    Some(RouteBody::Resource(resource)) => {
                        OperationInput::Body(Some(resource), query)
                    }
                    Some(RouteBody::Form(form)) => {
                        OperationInput::Query(query::joined(&query, &form))
                    }
                    Some(RouteBody::Unreadable(issues)) => {
                        OperationInput::Unreadable(issues, query)
                    }
                    Some(RouteBody::Patch(_)) => return Err(resource_only()),
                };
                Ok(Interaction::Operation {
                    target,
                    code,
                    input,
                    conditions: request.call_conditions(),
                })
            }
            // The base is the only other path that allows POST.
            _ => {
                request.only(&[], warnings)?;
                let resource = request.resource()?;
                if resource.resource_type().name() != "Bundle" {
                    return Err(Error::new(
                        ErrorKind::Malformed,
                        "the base takes batch and transaction Bundles only; other resources are created at [type]",
                    ));
                }
                Ok(Interaction::Bundle { resource })
            }
        }
    }

    fn put(self, request: &mut RouteRequest<'_>, warnings: &mut Vec<Issue>) -> Result<Interaction> {
        match self.target()? {
            Target::Instance(key) => {
                request.only(&[], warnings)?;
                let resource = request.resource_of(key.resource_type)?;
                match resource.id() {
                    Some(id) if id == key.id.as_str() => {}
                    Some(_) => {
                        return Err(malformed("the id of the body is not the id of the URL")
                            .at(format!("{}.id", key.resource_type)));
                    }
                    None => {
                        return Err(malformed("the body of an update carries the id of the URL")
                            .at(format!("{}.id", key.resource_type)));
                    }
                }
                Ok(Interaction::Update {
                    key,
                    resource,
                    conditions: request.write_conditions(),
                })
            }
            Target::Type(resource_type) => Ok(Interaction::ConditionalUpdate {
                resource_type,
                query: request.criteria()?,
                resource: request.resource_of(resource_type)?,
                conditions: request.write_conditions(),
            }),
        }
    }

    fn patch(
        self,
        request: &mut RouteRequest<'_>,
        warnings: &mut Vec<Issue>,
    ) -> Result<Interaction> {
        match self.target()? {
            Target::Instance(key) => {
                request.only(&[], warnings)?;
                Ok(Interaction::Patch {
                    key,
                    patch: request.patch_document()?,
                    conditions: request.write_conditions(),
                })
            }
            Target::Type(resource_type) => Ok(Interaction::ConditionalPatch {
                resource_type,
                query: request.criteria()?,
                patch: request.patch_document()?,
                conditions: request.write_conditions(),
            }),
        }
    }

    fn delete(
        self,
        request: &mut RouteRequest<'_>,
        warnings: &mut Vec<Issue>,
    ) -> Result<Interaction> {
        match self.target()? {
            Target::Instance(key) => {
                request.only(&[], warnings)?;
                Ok(Interaction::Delete {
                    key,
                    conditions: request.write_conditions(),
                })
            }
            Target::Type(resource_type) => Ok(Interaction::ConditionalDelete {
                resource_type,
                query: request.criteria()?,
            }),
        }
    }

    /// What PUT, PATCH and DELETE write to; only these two kinds of path allow them.
    fn target(self) -> Result<Target> {
        match self {
            Self::Instance(key) => Ok(Target::Instance(key)),
            Self::Type(resource_type) => Ok(Target::Type(resource_type)),
            other => Err(Error::new(
                ErrorKind::MethodNotAllowed,
                format!("{} allows {}", other.pattern(), other.allowed()),
            )),
        }
    }
}

enum Target {
    Instance(fhir::ids::ResourceKey),
    Type(ResourceType),
}

impl RouteRequest<'_> {
    fn no_body(&self) -> Result<()> {
        match self.body {
            None => Ok(()),
            Some(_) => Err(malformed("this method takes no body")),
        }
    }

    fn resource(&mut self) -> Result<Resource> {
        match self.body.take() {
            Some(RouteBody::Resource(resource)) => Ok(resource),
            Some(_) => Err(resource_only()),
            None => Err(malformed("a body with a resource is needed")),
        }
    }

    fn resource_of(&mut self, resource_type: ResourceType) -> Result<Resource> {
        let resource = self.resource()?;
        if resource.resource_type() == resource_type {
            return Ok(resource);
        }
        let found = resource.resource_type();
        Err(malformed(format!(
            "the body is a {found}, but the URL is that of a {resource_type}"
        )))
    }

    fn patch_document(&mut self) -> Result<Patch> {
        match self.body.take() {
            Some(RouteBody::Patch(patch)) => Ok(patch),
            Some(RouteBody::Resource(resource)) => match resource.resource_type().name() {
                "Parameters" => Ok(Patch::FhirPath(resource)),
                _ => Err(malformed("a patch that is a resource is a Parameters")),
            },
            Some(RouteBody::Form(_)) => Err(Error::new(
                ErrorKind::UnsupportedMediaType,
                "a patch is application/json-patch+json, application/xml-patch+xml or a Parameters resource",
            )),
            Some(RouteBody::Unreadable(_)) | None => {
                Err(malformed("a body with a patch is needed"))
            }
        }
    }
}

fn malformed(sentence: impl Into<Box<str>>) -> Error {
    Error::new(ErrorKind::Malformed, sentence)
}

fn resource_only() -> Error {
    Error::new(
        ErrorKind::UnsupportedMediaType,
        "a resource is needed: application/fhir+json or application/fhir+xml",
    )
}

fn form_only() -> Error {
    Error::new(
        ErrorKind::UnsupportedMediaType,
        "a search takes application/x-www-form-urlencoded",
    )
}

impl OperationTarget {
    fn pattern(&self) -> &'static str {
        match self {
            Self::System => "$[operation]",
            Self::Type(_) => "[type]/$[operation]",
            Self::Instance(_) => "[type]/[id]/$[operation]",
        }
    }
}

impl HistoryScope {
    fn pattern(&self) -> &'static str {
        match self {
            Self::System => "_history",
            Self::Type(_) => "[type]/_history",
            Self::Instance(_) => "[type]/[id]/_history",
        }
    }
}

impl Interaction {
    /// FHIR's code of the interaction (<https://hl7.org/fhir/R4/valueset-restful-interaction.html>), for logs and
    /// metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Vread { .. } => "vread",
            Self::Create { .. } => "create",
            Self::Update { .. } | Self::ConditionalUpdate { .. } => "update",
            Self::Patch { .. } | Self::ConditionalPatch { .. } => "patch",
            Self::Delete { .. } | Self::ConditionalDelete { .. } => "delete",
            Self::History { .. } => "history",
            Self::Search { .. } => "search",
            Self::Capabilities { .. } => "capabilities",
            Self::Bundle { .. } => "transaction",
            Self::Operation { .. } => "operation",
        }
    }
}
