//! From a grant to an [`Access`]: whoever holds a token may do what its scopes and their own roles allow together, within
//! the compartments they are kept to. Roles and care teams are resources, read for each request: whoever leaves a team sees
//! its patient no more from the next request on.

use std::collections::BTreeMap;
use std::sync::Arc;

use fhir::ids::{ResourceId, ResourceKey, ResourceType};
use fhir::search::hash;

use super::perform::Interactions;
use crate::auth::{
    Access, Confinement, FhirUser, Grant, Reason, ResourceScope, Rights, Role, Rows, Scope,
    ScopeContext, ScopeFilter, Scopes, Way,
};
use crate::context::{Handling, RequestContext};
use crate::definitions::Searched;
use crate::error::{Error, Result};

mod holder;
mod remembered;
#[cfg(test)]
mod tests;

use holder::Holder;
use remembered::Basis;
pub use remembered::Remembered;

/// Whose scope a way comes from.
struct Held<'a> {
    /// What the role allows; a system client has none.
    role: Option<&'a Role>,
    /// The compartments that the role is kept to.
    compartments: Option<Arc<[i64]>>,
}

impl Interactions {
    /// What the holder of a grant may touch now, by what is remembered of it where `revision`, the number of changes that
    /// stood when its token was looked up, says that nothing has changed.
    pub async fn admit_again(
        &self,
        cx: &RequestContext,
        grant: Grant,
        revision: i64,
        remembered: &Remembered,
    ) -> Result<Access> {
        let basis = Basis {
            revision,
            definitions: self.current.now(),
            now: cx.now,
        };
        if let Some(access) = remembered.get(&grant, &basis) {
            return Ok(access);
        }
        let access = self.admit(cx, grant.clone()).await?;
        remembered.put(grant, basis, access.clone());
        Ok(access)
    }

    /// What the holder of a grant may touch now. Of the context nothing counts but the moment and the base URL.
    pub async fn admit(&self, cx: &RequestContext, grant: Grant) -> Result<Access> {
        let now = Self {
            definitions: self.current.now(),
            ..self.clone()
        };
        let looking = RequestContext {
            access: Access::system(Reason::Admission),
            ..cx.clone()
        };
        let (held, names) = match &grant.user {
            None => {
                let client = Held {
                    role: None,
                    compartments: None,
                };
                (vec![client], Arc::default())
            }
            Some(user) => now.held(&looking, user).await?,
        };
        let breaks_glass = |one: &&Held<'_>| one.role.is_some_and(|role| role.breaks_glass);
        let mut rights = Rights {
            placed: now.definitions.placed_types().into(),
            breaks_glass: held.iter().any(|one| breaks_glass(&one)),
            names,
            ..Rights::default()
        };
        for scope in grant.scopes.of_resources() {
            for one in &held {
                rights.ways.extend(now.ways(&looking, &grant, one, scope)?);
            }
            for one in held.iter().filter(breaks_glass) {
                let opened = Held {
                    role: one.role,
                    compartments: None,
                };
                let ways = now.ways(&looking, &grant, &opened, scope)?;
                rights.opening.extend(ways);
            }
        }
        Ok(Access::granted(grant, rights))
    }

    /// The roles that a person has, each with what it is kept to, and what whoever works here is called by.
    async fn held(
        &self,
        cx: &RequestContext,
        user: &FhirUser,
    ) -> Result<(Vec<Held<'static>>, Arc<[ResourceKey]>)> {
        let holder = Holder {
            interactions: self,
            cx,
        };
        if !user.is_staff() {
            let patient = holder.patient(user.key()).await?;
            // Who speaks for nobody is nobody.
            let held = patient.zip(Role::patient());
            let held = held.map(|(patient, role)| Held {
                role: Some(role),
                compartments: Some(Arc::from([hash::compartment(&patient)])),
            });
            return Ok((held.into_iter().collect(), Arc::default()));
        }
        let staff = holder.staff(user.key()).await?;
        let mut roles: Vec<&'static Role> = Vec::new();
        for code in &staff.codes {
            // What confines to oneself is no work.
            let role = Role::of(code).filter(|role| role.confinement != Confinement::Own);
            roles.extend(role);
        }
        let is_confined = |role: &Role| role.confinement == Confinement::CareTeam;
        let team: Arc<[i64]> = match roles.iter().any(|role| is_confined(role)) {
            false => Arc::from([]),
            true => {
                let mut patients = holder.care_team_patients(&staff).await?;
                if roles.iter().any(|role| role.breaks_glass) {
                    let store = &self.store;
                    patients.extend(store.opened_records(staff.names.iter(), cx.now).await?);
                }
                let mut elements: Vec<i64> = patients.iter().map(hash::compartment).collect();
                elements.sort_unstable();
                elements.dedup();
                elements.into()
            }
        };
        let held = roles.into_iter().map(|role| Held {
            role: Some(role),
            compartments: is_confined(role).then(|| Arc::clone(&team)),
        });
        Ok((held.collect(), staff.names.iter().cloned().collect()))
    }

    /// What one scope and one role have in common.
    fn ways(
        &self,
        cx: &RequestContext,
        grant: &Grant,
        held: &Held<'_>,
        scope: &ResourceScope,
    ) -> Result<Vec<Way>> {
        let mut compartments: Vec<Arc<[i64]>> = held.compartments.iter().cloned().collect();
        if scope.context == ScopeContext::Patient {
            compartments.push(launched(grant.launch.patient.as_ref())?);
        }
        let allowed: Scopes = match (held.role, scope.context) {
            (None, ScopeContext::System) => [Scope::Resource(scope.clone())].into_iter().collect(),
            (Some(role), ScopeContext::User | ScopeContext::Patient) => {
                let own: Scopes = [Scope::Resource(scope.clone())].into_iter().collect();
                own.within_role(&role.scopes)
            }
            // A client without a person has no user's scopes, and a person none of a client's.
            (None, _) | (Some(_), ScopeContext::System) => Scopes::default(),
        };
        let mut ways = Vec::new();
        for allowed in allowed.of_resources() {
            let filter = allowed.filter.as_ref();
            let filter = filter.map(|filter| self.filtered(cx, allowed.resource_type, filter));
            ways.push(Way {
                resource_type: allowed.resource_type,
                permissions: allowed.permissions,
                filter: filter.map(Arc::new),
                compartments: compartments.clone(),
            });
        }
        Ok(ways)
    }

    /// The resources that the parameters of a granular scope name, by type. Parameters that cannot be asked of a row itself,
    /// or mean nothing to a type, name none of it.
    fn filtered(
        &self,
        cx: &RequestContext,
        resource_type: Option<ResourceType>,
        filter: &ScopeFilter,
    ) -> BTreeMap<ResourceType, Rows> {
        let types: Vec<ResourceType> = match resource_type {
            Some(one) => vec![one],
            None => ResourceType::all().collect(),
        };
        let query = filter.query();
        let mut named = BTreeMap::new();
        for one in types {
            let searched = [one];
            let searched = Searched::of(&searched, &query, Handling::Strict);
            let plan = self.definitions.plan(cx, &searched, None).ok();
            let rows = plan.and_then(|plan| Rows::passing(plan.clauses));
            // Without a condition it would name everything, which it was not to.
            let rows = rows.filter(|rows| *rows != Rows::All);
            named.extend(rows.map(|rows| (one, rows)));
        }
        named
    }
}

/// The compartment of the patient that an app was started with; none where it was started with none.
fn launched(patient: Option<&ResourceId>) -> Result<Arc<[i64]>> {
    let named = ResourceType::parse("Patient");
    let named = named.ok_or_else(|| Error::internal("R4 has patients"))?;
    let key = patient.map(|id| ResourceKey::new(named, id.clone()));
    Ok(key.iter().map(hash::compartment).collect())
}
