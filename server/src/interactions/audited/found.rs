//! The resources in an answer, and whose they are.

use bytes::Bytes;
use fhir::ids::{ResourceKey, ResourceType, VersionId};
use fhir::json::{ParseLimits, Value};
use fhir::resource::Resource;

use super::named;
use super::owners::Owners;
use crate::audit::AuditedResource;
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, Result};

/// What looks for them.
#[derive(Clone, Copy)]
pub(super) struct Finder<'a> {
    pub(super) definitions: &'a Definitions,
    pub(super) cx: &'a RequestContext,
    /// Where the answer holds what is stored and nothing else.
    pub(super) owners: Option<&'a Owners>,
}

impl Finder<'_> {
    /// The resources of a body: itself, the entries of a Bundle, the parts of Parameters.
    pub(super) fn found(self, body: Bytes) -> Result<Vec<AuditedResource>> {
        let resource = Resource::parse_with(body, ParseLimits::STORED).map_err(Error::internal)?;
        let mut found = Vec::new();
        match resource.resource_type().name() {
            "Bundle" if resource.id().is_none() => {
                let entries = resource.get("entry").into_iter().flat_map(Value::items);
                // What is within another resource was noted as that one.
                for entry in entries.filter(|entry| !is_contained(*entry)) {
                    match entry.get("resource") {
                        Some(inner) => self.add(inner, &mut found)?,
                        None => found.extend(deleted(entry)),
                    }
                }
            }
            "Parameters" if resource.id().is_none() => {
                self.add_parts(resource.get("parameter"), &mut found)?;
            }
            _ => {
                if let Some((key, version)) = stored(resource.root()) {
                    found.push(self.audited(key, version, || Ok(resource))?);
                }
            }
        }
        Ok(found)
    }

    fn add_parts(self, parts: Option<Value<'_>>, found: &mut Vec<AuditedResource>) -> Result<()> {
        for part in parts.into_iter().flat_map(Value::items) {
            if let Some(inner) = part.get("resource") {
                self.add(inner, found)?;
            }
            self.add_parts(part.get("part"), found)?;
        }
        Ok(())
    }

    /// Adds a resource, or where it is a Bundle in a Bundle, those in it.
    fn add(self, value: Value<'_>, found: &mut Vec<AuditedResource>) -> Result<()> {
        let text = || value.raw().to_owned();
        let is_list = value
            .get("resourceType")
            .and_then(Value::string)
            .is_some_and(|name| matches!(&*name, "Bundle" | "Parameters"));
        if is_list {
            found.append(&mut self.found(text().into())?);
        } else if let Some((key, version)) = stored(value) {
            let parsed = || Resource::parse_with(text(), ParseLimits::STORED);
            let parsed = || parsed().map_err(Error::internal);
            found.push(self.audited(key, version, parsed)?);
        }
        Ok(())
    }

    /// A version, and whose it is: by its text only where that is not known.
    fn audited(
        self,
        key: ResourceKey,
        version: Option<VersionId>,
        text: impl FnOnce() -> Result<Resource>,
    ) -> Result<AuditedResource> {
        let remembered = self.owners.zip(version);
        let known = remembered.and_then(|(owners, version)| owners.of(&key, version));
        let patients = match known {
            Some(known) => known.to_vec(),
            None => {
                let patients = self.definitions.patients_of(self.cx, &key, &text()?)?;
                if let Some((owners, version)) = remembered {
                    owners.note(key.clone(), version, &patients);
                }
                patients
            }
        };
        Ok(AuditedResource {
            key,
            version,
            patients,
        })
    }
}

/// Key and version of a resource that is stored; what has no id, such as an OperationOutcome, is not.
fn stored(value: Value<'_>) -> Option<(ResourceKey, Option<VersionId>)> {
    let resource_type = ResourceType::parse(&value.get("resourceType")?.string()?)?;
    let id = value.get("id")?.string()?.parse().ok()?;
    let version = value.at(&["meta", "versionId"]).and_then(Value::string);
    let version = version.and_then(|version| version.parse().ok());
    Some((ResourceKey::new(resource_type, id), version))
}

/// Whether an entry is a part of a resource: its URL has a fragment.
fn is_contained(entry: Value<'_>) -> bool {
    let url = entry.get("fullUrl").and_then(Value::string);
    url.is_some_and(|url| url.contains('#'))
}

/// A deletion in a history: an entry without a resource.
fn deleted(entry: Value<'_>) -> Option<AuditedResource> {
    let key = entry.at(&["request", "url"])?.string()?.parse().ok()?;
    let tag = entry.at(&["response", "etag"]).and_then(Value::string);
    let tag = tag
        .as_deref()
        .map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
    Some(named(key, tag.and_then(|tag| tag.parse().ok())))
}
