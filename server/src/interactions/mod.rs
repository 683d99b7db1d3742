//! The RESTful interactions, one file each (<https://hl7.org/fhir/R4/http.html>): a request is a value, [`Interaction`],
//! whether it came by HTTP or in a Bundle entry, and [`Interactions::perform`] is the single entrance.

mod admission;
mod audited;
mod bundle;
pub mod capabilities;
mod conditional;
mod create;
mod delete;
mod glass;
mod history;
mod paging;
mod patch;
mod perform;
mod permission;
mod read;
pub mod route;
mod search;
mod trail;
mod update;
mod write;

pub use crate::audit::RefusedRequest;
pub use crate::definitions::Patch;
pub use crate::operations::{CallConditions, OperationInput, OperationTarget, Plain};
pub use crate::store::HistoryScope;
pub use admission::Remembered;
pub use audited::Owners;
pub use perform::Interactions;

use std::fmt;

use bytes::Bytes;
use fhir::ids::{ResourceKey, ResourceType, VersionId};
use fhir::json::Value;
use fhir::outcome::Issue;
use fhir::resource::Resource;
use http::StatusCode;
use jiff::Timestamp;

/// One request to the FHIR API.
#[derive(Clone, Debug)]
pub enum Interaction {
    /// `GET [type]/[id]` (<https://hl7.org/fhir/R4/http.html#read>).
    Read {
        /// What to read.
        key: ResourceKey,
        /// When the answer may be "not modified".
        conditions: ReadConditions,
    },
    /// `GET [type]/[id]/_history/[vid]` (<https://hl7.org/fhir/R4/http.html#vread>).
    Vread {
        /// What to read.
        key: ResourceKey,
        /// In which version, as the URL says it.
        version: Box<str>,
    },
    /// `POST [type]` (<https://hl7.org/fhir/R4/http.html#create>).
    Create {
        /// The type of the URL.
        resource_type: ResourceType,
        /// The body.
        resource: Resource,
        /// The query of `If-None-Exist`.
        if_none_exist: Option<String>,
    },
    /// `PUT [type]/[id]` (<https://hl7.org/fhir/R4/http.html#update>).
    Update {
        /// What to write.
        key: ResourceKey,
        /// The body.
        resource: Resource,
        /// Conditions on the version there is.
        conditions: WriteConditions,
    },
    /// `PUT [type]?[search]` (<https://hl7.org/fhir/R4/http.html#cond-update>).
    ConditionalUpdate {
        /// The type of the URL.
        resource_type: ResourceType,
        /// The search that selects the resource.
        query: String,
        /// The body.
        resource: Resource,
        /// Conditions on the version there is.
        conditions: WriteConditions,
    },
    /// `PATCH [type]/[id]` (<https://hl7.org/fhir/R4/http.html#patch>).
    Patch {
        /// What to change.
        key: ResourceKey,
        /// The changes.
        patch: Patch,
        /// Conditions on the version there is.
        conditions: WriteConditions,
    },
    /// `PATCH [type]?[search]`.
    ConditionalPatch {
        /// The type of the URL.
        resource_type: ResourceType,
        /// The search that selects the resource.
        query: String,
        /// The changes.
        patch: Patch,
        /// Conditions on the version there is.
        conditions: WriteConditions,
    },
    /// `DELETE [type]/[id]` (<https://hl7.org/fhir/R4/http.html#delete>).
    Delete {
        /// What to delete.
        key: ResourceKey,
        /// Conditions on the version there is.
        conditions: WriteConditions,
    },
    /// `DELETE [type]?[search]` (<https://hl7.org/fhir/R4/http.html#3.1.0.7.1>).
    ConditionalDelete {
        /// The type of the URL.
        resource_type: ResourceType,
        /// The search that selects the resources.
        query: String,
    },
    /// `GET …/_history` (<https://hl7.org/fhir/R4/http.html#history>).
    History {
        /// Whose history.
        scope: HistoryScope,
        /// The query string.
        query: String,
    },
    /// `GET [type]?…`, `POST [type]/_search` (<https://hl7.org/fhir/R4/http.html#search>).
    Search {
        /// What is searched.
        scope: SearchScope,
        /// The query string and form body, joined by `&`.
        query: String,
    },
    /// `GET metadata` (<https://hl7.org/fhir/R4/http.html#capabilities>).
    Capabilities {
        /// The `mode` parameter.
        mode: Option<String>,
    },
    /// `POST [base]` with a batch or transaction Bundle (<https://hl7.org/fhir/R4/http.html#transaction>).
    Bundle {
        /// The Bundle.
        resource: Resource,
    },
    /// `…/$code` (<https://hl7.org/fhir/R4/operations.html>).
    Operation {
        /// Where it was called.
        target: OperationTarget,
        /// The code, without `$`.
        code: Box<str>,
        /// What it was given.
        input: OperationInput,
        /// What its headers ask.
        conditions: CallConditions,
    },
}

impl Interaction {
    /// Whether it changes SearchParameters, and is not a Bundle that does so among other things.
    pub(crate) fn defines_search(&self) -> bool {
        let changed = self.changed_type();
        changed.is_some_and(|one| one.name() == "SearchParameter")
    }

    /// Whether it changes SearchParameters or StructureDefinitions: what comes next may already mean them.
    pub(crate) fn defines(&self) -> bool {
        let defines = |name: &str| matches!(name, "SearchParameter" | "StructureDefinition");
        match self {
            Self::Bundle { resource } => {
                let entries = resource.get("entry").into_iter().flat_map(Value::items);
                let mut urls = entries.filter_map(|entry| entry.at(&["request", "url"])?.string());
                urls.any(|url| defines(url.split(['/', '?']).next().unwrap_or_default()))
            }
            _ => self.changed_type().is_some_and(|one| defines(one.name())),
        }
    }

    /// Whether it would change AuditEvents.
    fn changes_trail(&self) -> bool {
        self.changed_type()
            .is_some_and(|one| one.name() == "AuditEvent")
    }

    /// The type of what it changes, where it is no Bundle and no operation.
    fn changed_type(&self) -> Option<ResourceType> {
        Some(match self {
            Self::Create { resource_type, .. }
            | Self::ConditionalUpdate { resource_type, .. }
            | Self::ConditionalPatch { resource_type, .. }
            | Self::ConditionalDelete { resource_type, .. } => *resource_type,
            Self::Update { key, .. } | Self::Patch { key, .. } | Self::Delete { key, .. } => {
                key.resource_type
            }
            Self::Read { .. }
            | Self::Vread { .. }
            | Self::History { .. }
            | Self::Search { .. }
            | Self::Capabilities { .. }
            | Self::Bundle { .. }
            | Self::Operation { .. } => return None,
        })
    }

    /// Whether it may change what is stored.
    pub fn writes(&self) -> bool {
        match self {
            Self::Create { .. }
            | Self::Update { .. }
            | Self::ConditionalUpdate { .. }
            | Self::Patch { .. }
            | Self::ConditionalPatch { .. }
            | Self::Delete { .. }
            | Self::ConditionalDelete { .. }
            | Self::Bundle { .. }
            | Self::Operation { .. } => true,
            Self::Read { .. }
            | Self::Vread { .. }
            | Self::History { .. }
            | Self::Search { .. }
            | Self::Capabilities { .. } => false,
        }
    }
}

/// `If-None-Match` and `If-Modified-Since` of a read (<https://hl7.org/fhir/R4/http.html#cread>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadConditions {
    /// Versions the client has; `*` is [`EntityTags::Any`].
    pub if_none_match: Option<EntityTags>,
    /// Not modified when not changed after this instant.
    pub if_modified_since: Option<Timestamp>,
}

/// `If-Match` and `If-None-Match` of a write (<https://hl7.org/fhir/R4/http.html#concurrency>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteConditions {
    /// The version must be one of these.
    pub if_match: Option<EntityTags>,
    /// `If-None-Match: *`: there must be no such resource.
    pub if_none_match: Option<EntityTags>,
}

/// The list of a match header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`
    Any,
    /// Versions; a tag that is no version of ours can match nothing and is left out.
    Versions(Vec<VersionId>),
}

/// What is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchScope {
    /// One type.
    Type(ResourceType),
    /// All types, or those of `_type`.
    System,
    /// A compartment: `Patient/1/Observation`, or with no type `Patient/1/*`.
    Compartment(ResourceKey, Option<ResourceType>),
}

/// The answer to an interaction, before it is put in words of HTTP or of a Bundle entry.
pub struct Outcome {
    /// The status.
    pub status: StatusCode,
    /// The resource answered, as JSON.
    pub body: Option<Bytes>,
    /// Version and instant of the resource concerned: `ETag` and `Last-Modified`.
    pub version: Option<(VersionId, Timestamp)>,
    /// The resource that a write made or changed: `Location`.
    pub location: Option<(ResourceKey, VersionId)>,
    /// Whether the body is what a write stored, so that `Prefer: return=…` decides about it.
    pub is_write: bool,
    /// What else to say: warnings and information.
    pub issues: Vec<Issue>,
    /// Whether an earlier call was answered so, and nothing was done now.
    pub is_replayed: bool,
    /// How the body goes out, where it is no resource.
    pub plain: Option<Plain>,
    /// Whether no cache may keep it.
    pub is_never_kept: bool,
}

/// What nobody keeps is in no log either.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body.as_ref().filter(|_| !self.is_never_kept);
        f.debug_struct("Outcome")
            .field("status", &self.status)
            .field("body", &body)
            .field("version", &self.version)
            .field("location", &self.location)
            .field("issues", &self.issues)
            .field("is_replayed", &self.is_replayed)
            .finish_non_exhaustive()
    }
}

impl Outcome {
    /// An answer with a body and nothing more.
    pub fn body(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            body: Some(body.into()),
            version: None,
            location: None,
            is_write: false,
            issues: Vec::new(),
            is_replayed: false,
            plain: None,
            is_never_kept: false,
        }
    }

    /// An answer of a status alone.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            version: None,
            location: None,
            is_write: false,
            issues: Vec::new(),
            is_replayed: false,
            plain: None,
            is_never_kept: false,
        }
    }
}
