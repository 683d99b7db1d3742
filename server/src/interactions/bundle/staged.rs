//! Entries of a transaction before the database is asked: what kind of write each is, where it goes if that is known,
//! and what must be searched for.

use fhir::ids::ResourceKey;
use fhir::resource::Resource;
use fhir::search::plan::Plan;

use super::entry::Entry;
use super::resolve::{ConditionalReference, conditional_references};
use crate::context::{Handling, RequestContext};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::perform::Interactions;
use crate::interactions::{Interaction, WriteConditions, conditional, write};
use crate::store::WriteCondition;

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteKind {
    Delete,
    Create,
    /// Update or patch.
    Change,
    /// Reads only.
    Look,
}

impl WriteKind {
    /// Whether it stores a version with content.
    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Change)
    }
}

/// An entry and what is known of it.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) entry: Entry,
    pub(super) kind: WriteKind,
    /// Where it goes; for a conditional one where it goes when nothing is found, if it then goes anywhere.
    pub(super) key: Option<ResourceKey>,
    /// The search that selects its target.
    pub(super) criteria: Option<Plan>,
    /// Its conditions on the version there is.
    pub(super) condition: WriteCondition,
    /// Its references by search.
    pub(super) references: Vec<(ConditionalReference, Plan)>,
}

impl Staged {
    /// Learns all that can be known without the database.
    pub(super) fn of(
        interactions: &Interactions,
        cx: &RequestContext,
        entry: Entry,
    ) -> Result<Self> {
        let criteria = |resource_type, query: &str| {
            conditional::criteria(interactions, cx, resource_type, query).map(Some)
        };
        let none = WriteConditions::default();
        let (kind, key, criteria, conditions) = match &entry.interaction {
            Interaction::Create {
                resource_type,
                resource,
                if_none_exist,
            } => {
                write::check_type(resource, *resource_type)?;
                let key = ResourceKey::new(*resource_type, write::new_id()?);
                let criteria = if_none_exist
                    .as_deref()
                    .map(|query| conditional::criteria(interactions, cx, *resource_type, query));
                (WriteKind::Create, Some(key), criteria.transpose()?, &none)
            }
            Interaction::Update {
                key,
                resource,
                conditions,
            } => {
                write::check_type(resource, key.resource_type)?;
                write::check_id(resource, key)?;
                (WriteKind::Change, Some(key.clone()), None, conditions)
            }
            Interaction::ConditionalUpdate {
                resource_type,
                query,
                resource,
                conditions,
            } => {
                write::check_type(resource, *resource_type)?;
                let new = match resource.id() {
                    Some(_) => None,
                    None => Some(ResourceKey::new(*resource_type, write::new_id()?)),
                };
                (
                    WriteKind::Change,
                    new,
                    criteria(*resource_type, query)?,
                    conditions,
                )
            }
            Interaction::Patch {
                key, conditions, ..
            } => (WriteKind::Change, Some(key.clone()), None, conditions),
            Interaction::ConditionalPatch {
                resource_type,
                query,
                conditions,
                ..
            } => (
                WriteKind::Change,
                None,
                criteria(*resource_type, query)?,
                conditions,
            ),
            Interaction::Delete { key, conditions } => {
                (WriteKind::Delete, Some(key.clone()), None, conditions)
            }
            Interaction::ConditionalDelete {
                resource_type,
                query,
            } => (
                WriteKind::Delete,
                None,
                criteria(*resource_type, query)?,
                &none,
            ),
            Interaction::Operation { .. } => {
                return Err(Error::new(
                    ErrorKind::NotSupported,
                    "operations are not performed inside a transaction; a batch does",
                )
                .at("request.url"));
            }
            _ => (WriteKind::Look, None, None, &none),
        };
        let condition = conditions.for_store()?;
        let mut staged = Self {
            entry,
            kind,
            key,
            criteria,
            condition,
            references: Vec::new(),
        };
        staged.references = staged.find_references(interactions, cx)?;
        Ok(staged)
    }

    fn find_references(
        &self,
        interactions: &Interactions,
        cx: &RequestContext,
    ) -> Result<Vec<(ConditionalReference, Plan)>> {
        let Some(resource) = self.resource() else {
            return Ok(Vec::new());
        };
        conditional_references(cx, interactions.definitions.structures(), resource)
            .into_iter()
            .map(|reference| {
                let plan = interactions.definitions.plan(
                    cx,
                    &[reference.0],
                    &reference.1,
                    Handling::Strict,
                );
                Ok((reference, plan.map_err(|error| error.at("resource"))?))
            })
            .collect()
    }

    /// The resource to store.
    pub(super) fn resource(&self) -> Option<&Resource> {
        match &self.entry.interaction {
            Interaction::Create { resource, .. }
            | Interaction::Update { resource, .. }
            | Interaction::ConditionalUpdate { resource, .. } => Some(resource),
            _ => None,
        }
    }

    /// The interaction of an entry that only reads, once more: a transaction may be tried several times.
    pub(super) fn reading(&self) -> Option<Interaction> {
        Some(match &self.entry.interaction {
            Interaction::Read { key, conditions } => Interaction::Read {
                key: key.clone(),
                conditions: conditions.clone(),
            },
            Interaction::Vread { key, version } => Interaction::Vread {
                key: key.clone(),
                version: version.clone(),
            },
            Interaction::History { scope, query } => Interaction::History {
                scope: scope.clone(),
                query: query.clone(),
            },
            Interaction::Search { scope, query } => Interaction::Search {
                scope: scope.clone(),
                query: query.clone(),
            },
            Interaction::Capabilities { mode } => Interaction::Capabilities { mode: mode.clone() },
            _ => return None,
        })
    }
}
