//! What an operation works with, and what it answers (<https://hl7.org/fhir/R4/operations.html#response>).

use std::fmt;

use bytes::Bytes;
use fhir::form;
use fhir::ids::{ResourceKey, ResourceType, VersionId};
use fhir::json::{ParseLimits, Writer};
use fhir::outcome::Issue;
use fhir::resource::Resource;
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::registry::Registry;
use crate::accounts::Administration;
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{
    ExpectedVersions, IdempotentCall, PreparedWrite, Source, Store, StoredVersion, Transaction,
    Verb,
};
use crate::terminology::CodeAnswers;

/// Where an operation was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationTarget {
    /// `[base]/$code`
    System,
    /// `[base]/[type]/$code`
    Type(ResourceType),
    /// `[base]/[type]/[id]/$code`
    Instance(ResourceKey),
}

/// What an operation was given.
#[derive(Clone, Debug)]
pub enum OperationInput {
    /// `GET`: the query string.
    Query(String),
    /// `POST`: the body, and the query string.
    Body(Option<Resource>, String),
    /// `POST` of what should be a resource and is none: what is wrong with it, and the query string.
    Unreadable(Vec<Issue>, String),
}

impl OperationInput {
    /// Takes out the parameters that say how the answer is written: they are no operation's own.
    pub(super) fn take_formats(&mut self) -> Vec<(String, String)> {
        let (Self::Query(query) | Self::Body(_, query) | Self::Unreadable(_, query)) = self;
        let mut formats = Vec::new();
        let mut rest = Vec::new();
        for pair in query.split('&') {
            match form::pairs(pair).next() {
                Some(Ok(named)) if matches!(&*named.0, "_format" | "_pretty") => {
                    formats.push(named);
                }
                _ => rest.push(pair),
            }
        }
        *query = rest.join("&");
        formats
    }
}

/// What the headers of a call ask beside its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallConditions {
    /// `If-Match`: the version that the instance is in.
    pub if_match: Option<ExpectedVersions>,
    /// `Idempotency-Key`: what its caller knows the call by.
    pub idempotency_key: Option<Box<str>>,
}

/// What a request calls.
#[derive(Clone, Debug)]
pub struct CalledOperation {
    /// What it is called on.
    pub target: OperationTarget,
    /// Its code, without `$`.
    pub code: Box<str>,
    /// Its parameters, as they came.
    pub input: OperationInput,
    /// What headers ask.
    pub conditions: CallConditions,
}

/// The call an operation answers.
#[derive(Clone, Copy, Debug)]
pub struct OperationContext<'a> {
    /// The request: who asks, when, within which limits.
    pub request: &'a RequestContext,
    /// Where resources are.
    pub store: &'a Store,
    /// What the specification says.
    pub definitions: &'a Definitions,
    /// Where the operation was called.
    pub target: &'a OperationTarget,
    /// How the answer is written (`_format`, `_pretty`): links repeat it.
    pub formats: &'a [(String, String)],
    /// The version that the instance is to be in.
    pub if_match: Option<&'a ExpectedVersions>,
    /// The call, where its caller has given it a key.
    pub call: Option<&'a IdempotentCall>,
    /// All operations: their definitions are read as others are.
    pub operations: Option<&'a Registry>,
    /// Who may log in, where people do.
    pub accounts: Option<&'a Administration>,
}

impl<'a> OperationContext<'a> {
    /// The resource an operation was called on that is called on instances only.
    pub fn instance(&self) -> Result<&'a ResourceKey> {
        match self.target {
            OperationTarget::Instance(key) => Ok(key),
            OperationTarget::System | OperationTarget::Type(_) => Err(Error::internal(
                "the definition lets the operation be called elsewhere than on an instance",
            )),
        }
    }

    /// The current version of a resource and its text, or else the definition that the server or a package brings under that
    /// key; 404 where there never was one, 410 where it is deleted.
    pub async fn read(&self, key: &ResourceKey) -> Result<(StoredVersion, Bytes)> {
        let found = Source::Committed(self.store)
            .read(self.request, key)
            .await?;
        let is_here = found.as_ref().is_some_and(|one| one.content.is_some());
        if !is_here && let Some(content) = self.brought(key).await? {
            let brought = StoredVersion::unwritten(key.clone(), content.clone());
            return Ok((brought, content));
        }
        present(key, found)
    }

    /// What the server or a package defines under a key.
    async fn brought(&self, key: &ResourceKey) -> Result<Option<Bytes>> {
        let own = self.operations.and_then(|all| all.own_definition(key));
        if let Some(own) = own {
            return Ok(Some(Bytes::from_static(own.as_bytes())));
        }
        let text = self.store.package_definition(key).await?;
        Ok(text.map(Bytes::from))
    }

    /// The same, of a resource that nobody else changes until the end of a transaction.
    pub async fn read_locked(
        &self,
        tx: &mut Transaction,
        key: &ResourceKey,
    ) -> Result<(StoredVersion, Bytes)> {
        tx.lock(vec![key.clone()]).await?;
        let found = Source::Within(self.store, tx)
            .read(self.request, key)
            .await?;
        present(key, found)
    }

    /// Notes for the audit trail that the answer tells of a resource without holding it.
    pub fn note_read(&self, version: &StoredVersion, content: &Bytes) -> Result<()> {
        if self.request.audited.is_none() {
            return Ok(());
        }
        let resource = Resource::parse_with(content.clone(), ParseLimits::STORED);
        let resource = resource.map_err(Error::internal)?;
        self.definitions
            .note_read(self.request, &version.key, version.version, &resource)
    }

    /// Checks a resource as every write is checked, and makes its write ready.
    pub async fn prepare(
        &self,
        key: ResourceKey,
        verb: Verb,
        resource: &Resource,
    ) -> Result<PreparedWrite> {
        let (targets, questions) = self.definitions.check_write(self.request, resource)?;
        let answers = CodeAnswers::to(self.request, self.store, questions.iter()).await?;
        answers.refuse(&questions)?;
        self.definitions.check_definition(&key, resource)?;
        let index = self
            .definitions
            .index_values(resource, &self.request.base_url)?;
        let patients = match self.request.audited {
            Some(_) => self.definitions.patients_of(self.request, &key, resource)?,
            None => Vec::new(),
        };
        let write = PreparedWrite::new(key, verb, resource, index, self.request.now);
        let write = write.concerning(patients);
        Ok(write.referring_to(targets))
    }
}

/// What was found of a resource that must be there.
fn present(key: &ResourceKey, found: Option<StoredVersion>) -> Result<(StoredVersion, Bytes)> {
    let version =
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no {key}")))?;
    match version.content.clone() {
        Some(content) => Ok((version, content)),
        None => Err(Error::new(ErrorKind::Gone, format!("{key} was deleted"))),
    }
}

/// How an answer goes out that is no resource: as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    /// `Content-Type`
    pub content_type: &'static str,
    /// `Cache-Control`
    pub cache: &'static str,
}

/// What an operation answers.
pub struct OperationAnswer {
    pub(super) body: Bytes,
    pub(super) status: StatusCode,
    pub(super) location: Option<(ResourceKey, VersionId)>,
    /// What else is to be said: warnings and information.
    pub(super) issues: Vec<Issue>,
    pub(super) is_replayed: bool,
    pub(super) plain: Option<Plain>,
    pub(super) is_never_kept: bool,
}

/// What nobody keeps is in no log either.
impl fmt::Debug for OperationAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = Some(&self.body).filter(|_| !self.is_never_kept);
        f.debug_struct("OperationAnswer")
            .field("status", &self.status)
            .field("body", &body)
            .field("location", &self.location)
            .field("issues", &self.issues)
            .finish_non_exhaustive()
    }
}

impl OperationAnswer {
    /// A resource: for an operation whose only output is a resource named `return`.
    pub fn resource(json: impl Into<Bytes>) -> Self {
        Self {
            body: json.into(),
            status: StatusCode::OK,
            location: None,
            issues: Vec::new(),
            is_replayed: false,
            plain: None,
            is_never_kept: false,
        }
    }

    /// What is no resource, and goes out as it is.
    pub fn plain(content_type: &'static str, cache: &'static str, text: impl Into<Bytes>) -> Self {
        Self {
            plain: Some(Plain {
                content_type,
                cache,
            }),
            ..Self::resource(text)
        }
    }

    /// How it goes out, where it is no resource, and a number that tells it from others.
    pub fn as_plain(&self) -> Option<(Plain, VersionId)> {
        let plain = self.plain?;
        let digest = Sha256::digest(&self.body);
        let number = digest
            .iter()
            .take(6)
            .fold(1, |number, byte| number * 256 + i64::from(*byte));
        Some((plain, VersionId::new(number)?))
    }

    /// The same answer, of a call that made this version: 201 with its `Location`.
    #[must_use]
    pub fn created(mut self, key: ResourceKey, version: VersionId) -> Self {
        self.status = StatusCode::CREATED;
        self.location = Some((key, version));
        self
    }

    /// The same answer, with something more to say.
    #[must_use]
    pub fn saying(mut self, issues: Vec<Issue>) -> Self {
        self.issues.extend(issues);
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What it made.
    pub fn location(&self) -> Option<(ResourceKey, VersionId)> {
        self.location.clone()
    }

    /// What it says beside its resource.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// Whether an earlier call was answered so, and nothing was done now.
    pub fn is_replayed(&self) -> bool {
        self.is_replayed
    }

    /// Whether no cache may keep it.
    pub fn is_never_kept(&self) -> bool {
        self.is_never_kept
    }

    /// A Parameters resource of one parameter named `return`; `member` is `valueMeta`, `valueBoolean` …, and `json` its
    /// text.
    pub fn returned(member: &str, json: &str) -> Self {
        let mut writer = Writer::with_capacity(json.len() + 96);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                list.object(|parameter| {
                    parameter.string("name", "return");
                    parameter.raw(member, json);
                });
            });
        });
        Self::resource(writer.finish())
    }

    /// The text of the resource.
    pub fn into_body(self) -> Bytes {
        self.body
    }
}
