//! Whether somebody may do an interaction at all, by what a token and a role allow of each type. Which resources it then
//! reaches, the store asks of each row.

use fhir::ids::ResourceType;

use super::{HistoryScope, Interaction, SearchScope};
use crate::auth::{Access, Permission};
use crate::context::RequestContext;
use crate::error::Result;
use crate::operations::{Registry, StepUp, forbidden};

/// Refuses what is not allowed of any resource of the type.
pub(super) fn permit(
    cx: &RequestContext,
    operations: &Registry,
    interaction: &Interaction,
) -> Result<()> {
    let access = &cx.access;
    if access.reason().is_some() {
        return Ok(());
    }
    permit_by_scope(cx, operations, interaction)?;
    match written(interaction).is_some_and(says_who_may) {
        true => StepUp::OF_ROLES.permit(access, cx.now),
        false => Ok(()),
    }
}

/// Whether resources of a type say who may do what: they are written after a recent login alone.
fn says_who_may(resource_type: ResourceType) -> bool {
    resource_type.name() == "PractitionerRole"
}

/// The type that an interaction writes by itself.
fn written(interaction: &Interaction) -> Option<ResourceType> {
    match interaction {
        Interaction::Create { resource_type, .. }
        | Interaction::ConditionalUpdate { resource_type, .. }
        | Interaction::ConditionalPatch { resource_type, .. }
        | Interaction::ConditionalDelete { resource_type, .. } => Some(*resource_type),
        Interaction::Update { key, .. }
        | Interaction::Patch { key, .. }
        | Interaction::Delete { key, .. } => Some(key.resource_type),
        // Of a Bundle each entry is asked about by itself.
        Interaction::Bundle { .. }
        | Interaction::Operation { .. }
        | Interaction::Read { .. }
        | Interaction::Vread { .. }
        | Interaction::History { .. }
        | Interaction::Search { .. }
        | Interaction::Capabilities { .. } => None,
    }
}

/// Refuses what neither scopes nor roles allow.
fn permit_by_scope(
    cx: &RequestContext,
    operations: &Registry,
    interaction: &Interaction,
) -> Result<()> {
    let access = &cx.access;
    let all = |resource_type: ResourceType, wanted: &[Permission]| {
        let mut wanted = wanted.iter();
        wanted.try_for_each(|one| permit_one(access, *one, resource_type))
    };
    match interaction {
        Interaction::Read { key, .. } | Interaction::Vread { key, .. } => {
            all(key.resource_type, &[Permission::Read])
        }
        Interaction::History { scope, .. } => match scope {
            HistoryScope::Instance(key) => all(key.resource_type, &[Permission::Read]),
            HistoryScope::Type(one) => all(*one, &[Permission::Read, Permission::Search]),
            HistoryScope::System => permit_anywhere(access),
        },
        Interaction::Search { scope, .. } => match scope {
            SearchScope::Type(one) | SearchScope::Compartment(_, Some(one)) => {
                all(*one, &[Permission::Search])
            }
            SearchScope::System | SearchScope::Compartment(_, None) => permit_anywhere(access),
        },
        Interaction::Create {
            resource_type,
            if_none_exist,
            ..
        } => match if_none_exist {
            None => all(*resource_type, &[Permission::Create]),
            Some(_) => all(*resource_type, &[Permission::Create, Permission::Search]),
        },
        Interaction::Update { key, .. } => all(key.resource_type, &[Permission::Update]),
        Interaction::ConditionalUpdate { resource_type, .. } => {
            all(*resource_type, &[Permission::Update, Permission::Search])
        }
        // What is changed is read first, and the answer shows all of it.
        Interaction::Patch { key, .. } => {
            all(key.resource_type, &[Permission::Update, Permission::Read])
        }
        Interaction::ConditionalPatch { resource_type, .. } => all(
            *resource_type,
            &[Permission::Update, Permission::Read, Permission::Search],
        ),
        Interaction::Delete { key, .. } => all(key.resource_type, &[Permission::Delete]),
        Interaction::ConditionalDelete { resource_type, .. } => {
            all(*resource_type, &[Permission::Delete, Permission::Search])
        }
        // Each entry is asked about by itself.
        Interaction::Capabilities { .. } | Interaction::Bundle { .. } => Ok(()),
        Interaction::Operation { target, code, .. } => operations.permit(cx, target, code),
    }
}

/// Refuses a search of types that may not be searched, where the request names them.
pub(super) fn permit_types(cx: &RequestContext, types: &[ResourceType]) -> Result<()> {
    let mut types = types.iter();
    types.try_for_each(|one| permit_one(&cx.access, Permission::Search, *one))
}

fn permit_one(access: &Access, permission: Permission, resource_type: ResourceType) -> Result<()> {
    match access.may(permission, resource_type) {
        true => Ok(()),
        false => Err(forbidden(&format!(
            "{resource_type}.{}",
            permission.letter()
        ))),
    }
}

/// Of everything there is some part, or there is nothing to look at.
fn permit_anywhere(access: &Access) -> Result<()> {
    match ResourceType::all().any(|one| access.may(Permission::Search, one)) {
        true => Ok(()),
        false => Err(forbidden("*.s")),
    }
}
