//! `metadata`: the CapabilityStatement, made of what is registered (<https://hl7.org/fhir/R4/capabilitystatement.html>).

mod security;
mod terminology;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use fhir::ids::{ResourceType, VersionId};
use fhir::json::{ObjectWriter, Writer};
use fhir::resource::Resource;
use http::StatusCode;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{Outcome, trail};
use crate::definitions::{Definitions, Inclusions, SearchParameterEntry};
use crate::error::{Error, ErrorKind, Result};
use crate::operations::{OperationEntry, Registry};
use crate::store::KnownSystem;

/// The interactions every type has (<https://hl7.org/fhir/R4/valueset-type-restful-interaction.html>).
const TYPE_INTERACTIONS: [&str; 9] = [
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
];
/// The interactions of the system (<https://hl7.org/fhir/R4/valueset-system-restful-interaction.html>).
const SYSTEM_INTERACTIONS: [&str; 4] = ["transaction", "batch", "search-system", "history-system"];
const FORMATS: [&str; 4] = [
    "application/fhir+json",
    "application/fhir+xml",
    "json",
    "xml",
];
const PATCH_FORMATS: [&str; 4] = [
    "application/json-patch+json",
    "application/xml-patch+xml",
    "application/fhir+json",
    "application/fhir+xml",
];

/// What the statement says of the server itself.
#[derive(Clone, Debug)]
pub struct Software {
    /// The version of the program.
    pub version: &'static str,
    /// The FHIR base URL.
    pub base_url: Box<str>,
    /// When this process put the statement together first.
    pub date: Timestamp,
    /// Whether a conditional delete may remove several resources.
    pub deletes_multiple: bool,
    /// Whether only holders of access tokens are let in.
    pub asks_for_tokens: bool,
    /// Whether there is an audit trail, which has the AuditEvents to itself.
    pub is_audited: bool,
}

/// The statements of one process: one for each state of its definitions.
#[derive(Debug)]
pub struct Capabilities {
    software: Software,
    last: Mutex<Option<(Moment, Arc<CapabilityStatement>)>>,
}

/// What is found registered.
#[derive(Clone, Copy, Debug)]
pub struct Offered<'a> {
    /// The search parameters of each type and of all.
    pub search_parameters: &'a [SearchParameterEntry<'a>],
    /// What can be included.
    pub inclusions: &'a BTreeMap<ResourceType, Inclusions>,
    /// Canonical URLs of the compartments.
    pub compartments: &'a [&'a str],
    /// The operations.
    pub operations: &'a [OperationEntry<'a>],
    /// Canonical URLs of profiles, by type.
    pub profiles: &'a BTreeMap<ResourceType, Vec<Box<str>>>,
}

/// Generation and revision of definitions.
type Moment = (i64, i64, i64);

/// The statement, put together once.
#[derive(Clone, Debug)]
pub struct CapabilityStatement {
    full: Part,
    normative: Part,
}

#[derive(Clone, Debug)]
struct Part {
    json: Bytes,
    version: VersionId,
    date: Timestamp,
}

impl Capabilities {
    /// Begins without any.
    pub fn new(software: Software) -> Self {
        Self {
            software,
            last: Mutex::default(),
        }
    }

    /// The statement of these definitions.
    pub fn of(&self, definitions: &Definitions, operations: &Registry) -> Arc<CapabilityStatement> {
        let moment = definitions.moment();
        // A statement is replaced as a whole: what a panic leaves behind is one, too.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, statement)) if *known == moment => Arc::clone(statement),
            former => {
                let mut software = self.software.clone();
                if former.is_some() {
                    software.date = crate::context::now();
                }
                let mut entries = operations.entries();
                entries.retain(|one| one.is_offered);
                let offered = Offered {
                    search_parameters: &definitions.search_parameter_entries(software.date),
                    inclusions: &definitions.inclusions(software.date),
                    compartments: &definitions.compartment_urls(),
                    operations: &entries,
                    profiles: &definitions.profiles_by_type(),
                };
                let statement = Arc::new(CapabilityStatement::new(&software, offered));
                *last = Some((moment, Arc::clone(&statement)));
                statement
            }
        }
    }
}

impl Capabilities {
    /// What there is of terminology at the moment.
    pub fn terminology(&self, systems: &[KnownSystem], operations: &Registry) -> Outcome {
        let is_expand = |one: &&Resource| one.id().as_deref() == Some("ValueSet-expand");
        let expand = operations.definitions().find(is_expand);
        let json = terminology::statement(&self.software, systems, expand);
        Outcome {
            version: Some((tag(json.as_bytes()), self.software.date)),
            ..Outcome::body(StatusCode::OK, json)
        }
    }

    /// What tells a text from others that this process answers in its place, and since when it does.
    pub(super) fn version_of(&self, text: &[u8]) -> (VersionId, Timestamp) {
        (tag(text), self.software.date)
    }
}

impl CapabilityStatement {
    /// Puts the statement together.
    pub fn new(software: &Software, offered: Offered<'_>) -> Self {
        let part = |with_trial_use| {
            let statement = Statement {
                software,
                offered,
                with_trial_use,
            };
            let json = statement.json();
            Part {
                version: tag(json.as_bytes()),
                json: json.into(),
                date: software.date,
            }
        };
        Self {
            full: part(true),
            normative: part(false),
        }
    }

    /// The answer to `metadata` with the parameter `mode`.
    pub fn answer(&self, mode: Option<&str>) -> Result<Outcome> {
        let part = match mode {
            None | Some("full") => &self.full,
            Some("normative") => &self.normative,
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::BadValue,
                    "mode is full, normative or terminology",
                ));
            }
        };
        Ok(Outcome {
            version: Some((part.version, part.date)),
            ..Outcome::body(StatusCode::OK, part.json.clone())
        })
    }
}

/// A version for the entity tag: other texts have other ones.
fn tag(json: &[u8]) -> VersionId {
    let digest = Sha256::digest(json);
    let number = digest
        .iter()
        .take(8)
        .fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
    VersionId::new(number & i64::MAX).unwrap_or(VersionId::FIRST)
}

struct Statement<'a> {
    software: &'a Software,
    offered: Offered<'a>,
    /// Whether elements that R4 has for trial use are part of it.
    with_trial_use: bool,
}

impl Statement<'_> {
    fn json(&self) -> String {
        let mut writer = Writer::with_capacity(512 * 1024);
        writer.object(|statement| {
            statement.string("resourceType", "CapabilityStatement");
            statement.string("name", "Vesta");
            statement.string("title", "Vesta, a FHIR R4 server");
            statement.string("status", "active");
            statement.string("date", &self.software.date.to_string());
            statement.string("kind", "instance");
            statement.object("software", |software| {
                software.string("name", "Vesta");
                software.string("version", self.software.version);
            });
            statement.object("implementation", |implementation| {
                implementation.string("description", "Vesta, a FHIR R4 server");
                implementation.string("url", &self.software.base_url);
            });
            statement.string("fhirVersion", "4.0.1");
            strings(statement, "format", &FORMATS);
            strings(statement, "patchFormat", &PATCH_FORMATS);
            statement.array("rest", |list| list.object(|rest| self.rest(rest)));
        });
        writer.finish()
    }

    fn rest(&self, rest: &mut ObjectWriter<'_>) {
        rest.string("mode", "server");
        if self.with_trial_use {
            security::write(self.software, rest);
        }
        rest.array("resource", |list| {
            for resource_type in ResourceType::all() {
                list.object(|resource| self.resource(resource, resource_type));
            }
        });
        interactions(rest, &SYSTEM_INTERACTIONS);
        self.write_search_parameters(rest, None);
        let operations = self.offered.operations.iter();
        write_operations(rest, operations.filter(|one| one.is_system));
        strings(rest, "compartment", self.offered.compartments);
    }

    fn resource(&self, resource: &mut ObjectWriter<'_>, resource_type: ResourceType) {
        resource.string("type", resource_type.name());
        if self.software.is_audited && trail::is_event(resource_type) {
            return self.trail(resource, resource_type);
        }
        let profiles = self.offered.profiles.get(&resource_type);
        if let Some(profiles) = profiles.filter(|_| self.with_trial_use) {
            strings(resource, "supportedProfile", profiles);
        }
        interactions(resource, &TYPE_INTERACTIONS);
        if self.with_trial_use {
            resource.string("versioning", "versioned");
            for flag in [
                "readHistory",
                "updateCreate",
                "conditionalCreate",
                "conditionalUpdate",
            ] {
                resource.boolean(flag, true);
            }
            resource.string("conditionalRead", "full-support");
            let deletes = match self.software.deletes_multiple {
                true => "multiple",
                false => "single",
            };
            resource.string("conditionalDelete", deletes);
            if let Some(inclusions) = self.offered.inclusions.get(&resource_type) {
                strings(resource, "searchInclude", &inclusions.forward);
                strings(resource, "searchRevInclude", &inclusions.reverse);
            }
        }
        self.write_search_parameters(resource, Some(resource_type));
        let operations = self.offered.operations.iter();
        write_operations(
            resource,
            operations.filter(|one| one.resource_types.contains(&resource_type)),
        );
    }

    /// AuditEvents are the server's own.
    fn trail(&self, resource: &mut ObjectWriter<'_>, resource_type: ResourceType) {
        if self.with_trial_use {
            resource.string(
                "documentation",
                "Written by the server alone. Of the search parameters of all resources, AuditEvents have _id and _lastUpdated.",
            );
        }
        interactions(
            resource,
            &["read", "vread", "history-instance", "search-type"],
        );
        if self.with_trial_use {
            resource.string("versioning", "versioned");
            resource.boolean("readHistory", true);
            resource.boolean("updateCreate", false);
            resource.boolean("conditionalCreate", false);
            resource.boolean("conditionalUpdate", false);
            resource.string("conditionalDelete", "not-supported");
        }
        let known = |code: &str| trail::PARAMETERS.iter().any(|(name, _)| *name == code);
        let of_type = self.offered.search_parameters.iter().filter(|parameter| {
            parameter.resource_type == Some(resource_type) && known(parameter.code)
        });
        write_parameters(resource, of_type);
        let operations = self.offered.operations.iter();
        write_operations(
            resource,
            operations.filter(|one| one.resource_types.contains(&resource_type)),
        );
    }

    fn write_search_parameters(
        &self,
        object: &mut ObjectWriter<'_>,
        resource_type: Option<ResourceType>,
    ) {
        let of_type = self
            .offered
            .search_parameters
            .iter()
            .filter(|parameter| parameter.resource_type == resource_type);
        write_parameters(object, of_type);
    }
}

fn write_parameters<'a>(
    object: &mut ObjectWriter<'_>,
    parameters: impl Iterator<Item = &'a SearchParameterEntry<'a>>,
) {
    let mut parameters = parameters.peekable();
    // FHIR knows no empty arrays.
    if parameters.peek().is_none() {
        return;
    }
    object.array("searchParam", |list| {
        for parameter in parameters {
            list.object(|object| {
                object.string("name", parameter.code);
                object.string("definition", parameter.definition);
                object.string("type", parameter.search_type);
            });
        }
    });
}

fn write_operations<'a>(
    object: &mut ObjectWriter<'_>,
    operations: impl Iterator<Item = &'a OperationEntry<'a>>,
) {
    let mut operations = operations.peekable();
    if operations.peek().is_none() {
        return;
    }
    object.array("operation", |list| {
        for operation in operations {
            list.object(|object| {
                object.string("name", operation.code);
                object.string("definition", operation.definition);
            });
        }
    });
}

fn interactions(object: &mut ObjectWriter<'_>, codes: &[&str]) {
    object.array("interaction", |list| {
        for code in codes {
            list.object(|object| object.string("code", code));
        }
    });
}

/// A list of strings, left out where it is empty.
fn strings(object: &mut ObjectWriter<'_>, name: &str, texts: &[impl AsRef<str>]) {
    if !texts.is_empty() {
        object.array(name, |list| {
            texts.iter().for_each(|text| list.string(text.as_ref()));
        });
    }
}
