//! From a grant to an [`Access`]: whoever holds a token may do what its scopes and their own roles allow together, within
//! the compartments they are kept to. Roles and care teams are resources, read for each request: whoever leaves a team sees
//! its patient no more from the next request on.

use std::collections::BTreeMap;
use std::sync::Arc;

use fhir::ids::{ResourceId, ResourceKey, ResourceType};
use fhir::search::hash;

use super::perform::Interactions;
use crate::auth::{
    Access, Confinement, Consented, FhirUser, Grant, Limits, Reason, ResourceScope, Rights, Role,
    Rows, Scope, ScopeContext, ScopeFilter, Scopes, Way,
};
use crate::context::{Handling, RequestContext};
use crate::definitions::Searched;
use crate::error::{Error, Result};

mod holder;
mod limits;
mod moment;
mod remembered;
#[cfg(test)]
mod tests;

use holder::Holder;
use limits::{Surroundings, elements};
use moment::Moment;
pub use remembered::Remembered;
use remembered::{Basis, Found};

/// Whose scope a way comes from.
struct Held {
    /// What the role allows; a system client has none.
    role: Option<&'static Role>,
    /// The compartments that the role is kept to.
    compartments: Option<Arc<[i64]>>,
    /// What the role does not lead to all the same.
    limits: Arc<Limits>,
}

/// All that a holder is here.
struct AllHeld {
    roles: Vec<Held>,
    /// What whoever works here is called by.
    names: Arc<[ResourceKey]>,
    /// The patients whose records are opened.
    opened: Vec<ResourceId>,
    consented: Consented,
}

impl Held {
    /// The same role within a record that is opened: neither care teams nor consents keep it out.
    fn opened(&self) -> Self {
        Self {
            role: self.role,
            compartments: None,
            limits: Arc::new(Limits {
                sealed: self.limits.sealed.clone(),
                ..Limits::default()
            }),
        }
    }
}

impl Holder<'_> {
    /// The roles that a holder has, each with what it is kept to.
    async fn held(&self, grant: &Grant) -> Result<AllHeld> {
        let Some(user) = &grant.user else {
            let around = Surroundings::of_client(self, grant).await?;
            return Ok(AllHeld {
                roles: vec![Held {
                    role: None,
                    compartments: None,
                    limits: Arc::new(around.limits(None, None)),
                }],
                names: Arc::default(),
                opened: Vec::new(),
                consented: around.consented(std::iter::once(None)),
            });
        };
        if !user.is_staff() {
            return self.held_by_patient(grant, user).await;
        }
        let staff = self.staff(user.key()).await?;
        // What confines to oneself is no work.
        let roles = staff.codes.iter().filter_map(|code| Role::of(code));
        let roles: Vec<&'static Role> = roles
            .filter(|role| role.confinement != Confinement::Own)
            .collect();
        let around = Surroundings::of_staff(self, grant, &staff, &roles).await?;
        // Whoever may open records sees those that are opened by all roles that care for patients.
        let opened = around.opened.iter().map(|(patient, _)| patient);
        let team: Arc<[i64]> = elements(around.team.iter().chain(opened)).into();
        let donors: Arc<[i64]> = elements(around.marked.sealed.iter()).into();
        let held = roles.iter().map(|role| Held {
            role: Some(role),
            compartments: match role.confinement {
                Confinement::CareTeam => Some(Arc::clone(&team)),
                Confinement::IdentifiedDonors => Some(Arc::clone(&donors)),
                Confinement::Own | Confinement::Everybody => None,
            },
            limits: Arc::new(around.limits(Some(role), None)),
        });
        Ok(AllHeld {
            roles: held.collect(),
            names: staff.names.iter().cloned().collect(),
            opened: around
                .opened
                .iter()
                .map(|(one, _)| one.id.clone())
                .collect(),
            consented: around.consented(roles.iter().map(|role| Some(*role))),
        })
    }

    /// The role of a patient, and of whoever speaks for one; who speaks for nobody is nobody.
    async fn held_by_patient(&self, grant: &Grant, user: &FhirUser) -> Result<AllHeld> {
        let patient = self.patient(user.key()).await?;
        let Some((patient, role)) = patient.zip(Role::patient()) else {
            return Ok(AllHeld {
                roles: Vec::new(),
                names: Arc::default(),
                opened: Vec::new(),
                consented: Consented::default(),
            });
        };
        let around = Surroundings::of_patient(self, grant, user, &patient).await?;
        let own = Some(&patient).filter(|patient| *patient == user.key());
        Ok(AllHeld {
            roles: vec![Held {
                role: Some(role),
                compartments: Some(Arc::from([hash::compartment(&patient)])),
                limits: Arc::new(around.limits(Some(role), own)),
            }],
            names: own
                .is_none()
                .then(|| user.key().clone())
                .into_iter()
                .collect(),
            opened: Vec::new(),
            consented: around.consented(std::iter::once(Some(role))),
        })
    }
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
        let find = async |grant| self.found(cx, grant).await;
        remembered.or_find(grant, basis, find).await
    }

    /// What the holder of a grant may touch now. Of the context nothing counts but the moment and the base URL.
    pub async fn admit(&self, cx: &RequestContext, grant: Grant) -> Result<Access> {
        Ok(self.found(cx, grant).await?.access)
    }

    async fn found(&self, cx: &RequestContext, grant: Grant) -> Result<Found> {
        let now = Self {
            definitions: self.current.now(),
            ..self.clone()
        };
        let looking = RequestContext {
            access: Access::system(Reason::Admission),
            ..cx.clone()
        };
        let holder = Holder {
            interactions: &now,
            cx: &looking,
            moment: Moment::of(cx.now),
        };
        let held = holder.held(&grant).await?;
        let breaks_glass = |one: &&Held| one.role.is_some_and(|role| role.breaks_glass);
        let roles = held.roles.iter().filter_map(|one| one.role);
        let mut rights = Rights {
            placed: now.definitions.placed_types().into(),
            breaks_glass: held.roles.iter().any(|one| breaks_glass(&one)),
            may: roles.flat_map(|role| role.may.iter().copied()).collect(),
            names: held.names,
            opened: held.opened,
            consented: held.consented,
            ..Rights::default()
        };
        for scope in grant.scopes.of_resources() {
            for one in &held.roles {
                rights.ways.extend(now.ways(&looking, &grant, one, scope)?);
            }
            for one in held.roles.iter().filter(breaks_glass) {
                let opened = one.opened();
                let ways = now.ways(&looking, &grant, &opened, scope)?;
                rights.opening.extend(ways);
            }
        }
        Ok(Found {
            access: Access::granted(grant, rights),
            until: holder.moment.next(),
        })
    }

    /// What one scope and one role have in common.
    fn ways(
        &self,
        cx: &RequestContext,
        grant: &Grant,
        held: &Held,
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
                limits: Arc::clone(&held.limits),
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
