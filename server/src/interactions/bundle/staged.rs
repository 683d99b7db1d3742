//! Entries of a transaction before the database is asked: what kind of write each is, where it goes if that is known,
//! and what must be searched for.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::resource::Resource;
use fhir::search::plan::Plan;

use super::entry::Entry;
use super::resolve::{ConditionalReference, conditional_references};
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::perform::Interactions;
use crate::interactions::{Interaction, conditional, permission, write};
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
    pub(super) async fn of(
        interactions: &Interactions,
        cx: &RequestContext,
        entry: Entry,
    ) -> Result<Self> {
        permission::permit(cx, &interactions.operations, &entry.interaction)?;
        let (kind, key) = aim(&entry.interaction)?;
        let criteria = match criteria(&entry.interaction) {
            Some((resource_type, query)) => {
                Some(conditional::criteria(interactions, cx, resource_type, query).await?)
            }
            None => None,
        };
        let condition = match &entry.interaction {
            Interaction::Update { conditions, .. }
            | Interaction::ConditionalUpdate { conditions, .. }
            | Interaction::Patch { conditions, .. }
            | Interaction::ConditionalPatch { conditions, .. }
            | Interaction::Delete { conditions, .. } => conditions.for_store()?,
            _ => WriteCondition::default(),
        };
        let mut staged = Self {
            entry,
            kind,
            key,
            criteria,
            condition,
            references: Vec::new(),
        };
        staged.references = staged.find_references(interactions, cx).await?;
        Ok(staged)
    }

    async fn find_references(
        &self,
        interactions: &Interactions,
        cx: &RequestContext,
    ) -> Result<Vec<(ConditionalReference, Plan)>> {
        let Some(resource) = self.resource() else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        let structures = interactions.definitions.structures();
        for reference in conditional_references(cx, structures, resource) {
            let plan = conditional::strict(interactions, cx, reference.0, &reference.1).await;
            found.push((reference, plan.map_err(|error| error.at("resource"))?));
        }
        Ok(found)
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

/// What an entry does, and where its write goes as far as that is known.
fn aim(interaction: &Interaction) -> Result<(WriteKind, Option<ResourceKey>)> {
    Ok(match interaction {
        Interaction::Create {
            resource_type,
            resource,
            ..
        } => {
            write::check_type(resource, *resource_type)?;
            (
                WriteKind::Create,
                Some(ResourceKey::new(*resource_type, write::new_id()?)),
            )
        }
        Interaction::Update { key, resource, .. } => {
            write::check_type(resource, key.resource_type)?;
            write::check_id(resource, key)?;
            (WriteKind::Change, Some(key.clone()))
        }
        Interaction::ConditionalUpdate {
            resource_type,
            resource,
            ..
        } => {
            write::check_type(resource, *resource_type)?;
            let new = match resource.id() {
                Some(_) => None,
                None => Some(ResourceKey::new(*resource_type, write::new_id()?)),
            };
            (WriteKind::Change, new)
        }
        Interaction::Patch { key, .. } => (WriteKind::Change, Some(key.clone())),
        Interaction::ConditionalPatch { .. } => (WriteKind::Change, None),
        Interaction::Delete { key, .. } => (WriteKind::Delete, Some(key.clone())),
        Interaction::ConditionalDelete { .. } => (WriteKind::Delete, None),
        Interaction::Operation { .. } => {
            let sentence = "operations are not performed inside a transaction; a batch does";
            return Err(Error::new(ErrorKind::NotSupported, sentence).at("request.url"));
        }
        _ => (WriteKind::Look, None),
    })
}

/// The search that selects what an entry writes to.
fn criteria(interaction: &Interaction) -> Option<(ResourceType, &str)> {
    match interaction {
        Interaction::Create {
            resource_type,
            if_none_exist,
            ..
        } => Some((*resource_type, if_none_exist.as_deref()?)),
        Interaction::ConditionalUpdate {
            resource_type,
            query,
            ..
        }
        | Interaction::ConditionalPatch {
            resource_type,
            query,
            ..
        }
        | Interaction::ConditionalDelete {
            resource_type,
            query,
        } => Some((*resource_type, query)),
        _ => None,
    }
}
