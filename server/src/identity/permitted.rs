//! What a grant lets through as long as access does not reach into the SQL: what its scopes allow by type and interaction
//! for staff and for systems, and nothing that would need the rows of one patient told from those of another.

#[cfg(test)]
mod tests;

use fhir::form;
use fhir::ids::ResourceType;

use crate::auth::{Access, Grant, Permission, Reason, ScopeContext};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::{Interaction, SearchScope};

/// What an interaction needs.
enum Need {
    /// These permissions for one type.
    Of(ResourceType, &'static [Permission]),
    /// Everything for all types: what it touches is not told from its type.
    Everything,
    /// Nothing.
    Nothing,
}

/// The access for an interaction, or why there is none.
pub fn permitted(grant: &Grant, interaction: &Interaction) -> Result<Access> {
    let forbidden = |sentence: &str| Err(Error::new(ErrorKind::Forbidden, sentence));
    if grant.user.as_ref().is_some_and(|user| !user.is_staff()) {
        return forbidden("patients and who speaks for them are not let in yet");
    }
    let is_allowed = match need(interaction) {
        Need::Nothing => true,
        Need::Of(resource_type, permissions) => permissions
            .iter()
            .all(|permission| allows(grant, resource_type, *permission)),
        Need::Everything => ResourceType::all()
            .all(|each| Permission::ALL.iter().all(|one| allows(grant, each, *one))),
    };
    match is_allowed {
        true => Ok(Access::system(Reason::Scopes)),
        false => forbidden("the scopes of the access token do not allow this"),
    }
}

/// Whether something is allowed with all resources of a type.
fn allows(grant: &Grant, resource_type: ResourceType, permission: Permission) -> bool {
    let ways = grant.scopes.allowances(resource_type, permission);
    ways.iter().any(|way| {
        let is_of_holder = match way.context {
            ScopeContext::Patient => false,
            ScopeContext::User => grant.user.is_some(),
            ScopeContext::System => grant.user.is_none(),
        };
        is_of_holder && way.filter.is_none()
    })
}

fn need(interaction: &Interaction) -> Need {
    use Permission::{Create, Delete, Read, Search, Update};
    match interaction {
        Interaction::Capabilities { .. } => Need::Nothing,
        Interaction::Read { key, .. } | Interaction::Vread { key, .. } => {
            Need::Of(key.resource_type, &[Read])
        }
        Interaction::Create {
            resource_type,
            if_none_exist: None,
            ..
        } => Need::Of(*resource_type, &[Create]),
        Interaction::Create { resource_type, .. } => Need::Of(*resource_type, &[Create, Search]),
        // An update may create.
        Interaction::Update { key, .. } => Need::Of(key.resource_type, &[Create, Update]),
        Interaction::Patch { key, .. } => Need::Of(key.resource_type, &[Update]),
        Interaction::Delete { key, .. } => Need::Of(key.resource_type, &[Delete]),
        Interaction::Search {
            scope: SearchScope::Type(resource_type),
            query,
        } if stays_within(query) => Need::Of(*resource_type, &[Search]),
        Interaction::Search { .. }
        | Interaction::ConditionalUpdate { .. }
        | Interaction::ConditionalPatch { .. }
        | Interaction::ConditionalDelete { .. }
        | Interaction::History { .. }
        | Interaction::Bundle { .. }
        | Interaction::Operation { .. } => Need::Everything,
    }
}

/// Whether a query asks nothing of resources of other types: no chain, no include, no filter.
fn stays_within(query: &str) -> bool {
    const OWN: [&str; 11] = [
        "_id",
        "_lastUpdated",
        "_count",
        "_sort",
        "_total",
        "_summary",
        "_elements",
        "_cursor",
        "_format",
        "_tag",
        "_profile",
    ];
    form::pairs(query).all(|pair| {
        let Ok((name, _)) = pair else {
            return false;
        };
        let base = name.split(':').next().unwrap_or_default();
        let is_chain = name.contains('.');
        !is_chain && (!base.starts_with('_') || OWN.contains(&base))
    })
}
