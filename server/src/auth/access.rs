//! [`Access`]: the permission every call of the store asks for. There is no way to data without one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fhir::ids::{ResourceId, ResourceKey, ResourceType};
use fhir::search::index_values::IndexValues;

use super::grant::Grant;
use super::permissions::Permission;
use super::rights::Rights;
use super::roles::Act;
use super::rows::Rows;

/// Why somebody may do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `VESTA_AUTH=disabled`, which only a loopback listener allows.
    AuthDisabled,
    /// What everybody may know: what the server can do.
    Public,
    /// `vesta load` or the demo data of an empty database.
    Load,
    /// A background job of the server itself.
    Job,
    /// Finding out who asks, before anything is done for them.
    Admission,
    /// Asking for the review of what somebody does.
    Review,
    /// Finding out who and what is free, of which nothing else is told.
    Calendars,
    /// Keeping Slots and Tasks true to what was booked and blocked.
    Visits,
}

/// What a request may touch. Made only by this module's constructors, never by default.
#[derive(Clone, Debug)]
pub struct Access {
    holder: Holder,
}

#[derive(Clone, Debug)]
enum Holder {
    System(Reason),
    Granted(Arc<Granted>),
}

#[derive(Debug)]
struct Granted {
    grant: Grant,
    rights: Rights,
    /// What rights have come to, by what was asked: a physician's are put together from lists of hundreds of patients.
    known: Mutex<HashMap<(Asked, ResourceType), Arc<Rows>>>,
}

/// What is asked about the resources of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asked {
    May(Permission),
    Reach,
}

impl Granted {
    fn rows(&self, asked: Asked, resource_type: ResourceType) -> Rows {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(&(asked, resource_type)).cloned();
        if let Some(rows) = found {
            return Rows::clone(&rows);
        }
        let rows = match asked {
            Asked::May(permission) => self.rights.rows(permission, resource_type),
            Asked::Reach => self.rights.reach(resource_type),
        };
        known().insert((asked, resource_type), Arc::new(rows.clone()));
        rows
    }
}

impl Access {
    /// Everything, for a reason that is written down with whatever is done.
    pub fn system(reason: Reason) -> Self {
        Self {
            holder: Holder::System(reason),
        }
    }

    /// What a token allows its holder.
    pub fn granted(grant: Grant, rights: Rights) -> Self {
        Self {
            holder: Holder::Granted(Arc::new(Granted {
                grant,
                rights,
                known: Mutex::default(),
            })),
        }
    }

    /// What the token stands for, where there is one.
    pub fn grant(&self) -> Option<&Grant> {
        match &self.holder {
            Holder::System(_) => None,
            Holder::Granted(granted) => Some(&granted.grant),
        }
    }

    /// Why this access is to everything, where it is.
    pub fn reason(&self) -> Option<Reason> {
        match &self.holder {
            Holder::System(reason) => Some(*reason),
            Holder::Granted(_) => None,
        }
    }

    /// Whether the holder may open a record in an emergency.
    pub fn breaks_glass(&self) -> bool {
        match &self.holder {
            Holder::System(_) => false,
            Holder::Granted(granted) => granted.rights.breaks_glass,
        }
    }

    /// The patients whose records the holder has opened in an emergency.
    pub fn opened(&self) -> &[ResourceId] {
        match &self.holder {
            Holder::System(_) => &[],
            Holder::Granted(granted) => &granted.rights.opened,
        }
    }

    /// Whether the holder may do something beside what scopes say.
    pub fn may_do(&self, act: Act) -> bool {
        match &self.holder {
            Holder::System(_) => true,
            Holder::Granted(granted) => granted.rights.may.contains(&act),
        }
    }

    /// What the holder's roles use data for, the first that says it, where the grant does not say otherwise.
    pub fn purpose(&self) -> Option<&str> {
        match &self.holder {
            Holder::System(_) => None,
            Holder::Granted(granted) => granted.rights.consented.purpose(),
        }
    }

    /// Whether the holder is a patient, or speaks for one.
    pub fn is_patients(&self) -> bool {
        let user = self.grant().and_then(|grant| grant.user.as_ref());
        user.is_some_and(|user| !user.is_staff())
    }

    /// Whether all that the holder may change of resources of a type is that what they have agreed to is withdrawn.
    pub fn only_withdraws(&self, resource_type: ResourceType) -> bool {
        self.is_patients() && resource_type.name() == "Consent"
    }

    /// Whether the holder is a patient, who may withdraw Consents; nobody who speaks for one may.
    pub fn may_withdraw(&self) -> bool {
        let user = self.grant().and_then(|grant| grant.user.as_ref());
        user.is_some_and(|user| user.key().resource_type.name() == "Patient")
    }

    /// Whether what another system knows is brought here, which need not begin as it would here.
    pub fn imports(&self) -> bool {
        self.reason().is_some()
    }

    /// Client and person, or for what reason: by this the server knows who has begun something.
    pub fn name(&self) -> String {
        match &self.holder {
            Holder::System(reason) => format!("{reason:?}"),
            Holder::Granted(granted) => {
                let user = granted.grant.user.as_ref().map(ToString::to_string);
                format!("{} {}", granted.grant.client_id, user.unwrap_or_default())
            }
        }
    }

    /// The resources of a type with which something might be done if the record around a compartment were opened in an
    /// emergency.
    pub fn rows_if_opened(
        &self,
        permission: Permission,
        resource_type: ResourceType,
        record: i64,
    ) -> Rows {
        match &self.holder {
            Holder::System(_) => Rows::All,
            Holder::Granted(granted) => {
                granted
                    .rights
                    .rows_if_opened(permission, resource_type, record)
            }
        }
    }

    /// What a resource of a type must not name, before a write and after it: the holder, where the type says who has which
    /// role, and whoever speaks for a patient, where it says what they may see.
    pub fn never_named(&self, resource_type: ResourceType) -> &[ResourceKey] {
        let Holder::Granted(granted) = &self.holder else {
            return &[];
        };
        let names = &granted.rights.names;
        let is_relative = || {
            names
                .iter()
                .any(|key| key.resource_type.name() == "RelatedPerson")
        };
        match resource_type.name() {
            "PractitionerRole" => names,
            "Consent" if is_relative() => names,
            _ => &[],
        }
    }

    /// The resources of a type with which something may be done.
    pub fn rows(&self, permission: Permission, resource_type: ResourceType) -> Rows {
        match &self.holder {
            Holder::System(_) => Rows::All,
            Holder::Granted(granted) => granted.rows(Asked::May(permission), resource_type),
        }
    }

    /// The resources of a type with which something might be done if no label, consent or law stood against it.
    pub fn rows_without_consents(
        &self,
        permission: Permission,
        resource_type: ResourceType,
    ) -> Rows {
        match &self.holder {
            Holder::System(_) => Rows::All,
            Holder::Granted(granted) => granted
                .rights
                .rows_without_consents(permission, resource_type),
        }
    }

    /// Whether something may be done with resources of a type whosever they are, but for labels, consents and the law.
    pub fn is_unconfined(&self, permission: Permission, resource_type: ResourceType) -> bool {
        match &self.holder {
            Holder::System(_) => true,
            Holder::Granted(granted) => granted.rights.is_unconfined(permission, resource_type),
        }
    }

    /// The Consents that deny the holder a resource with these values.
    pub fn denied_by(&self, key: &ResourceKey, values: &IndexValues) -> Vec<ResourceKey> {
        match &self.holder {
            Holder::System(_) => Vec::new(),
            Holder::Granted(granted) => granted.rights.consented.deciding(key, values),
        }
    }

    /// The centers of the compartments that resources of a type may be in where the holder does something with them.
    pub fn reach(&self, resource_type: ResourceType) -> Rows {
        match &self.holder {
            Holder::System(_) => Rows::All,
            Holder::Granted(granted) => granted.rows(Asked::Reach, resource_type),
        }
    }

    /// The resources of a type of which it is no secret to the holder that they exist.
    pub fn referable(&self, resource_type: ResourceType) -> Rows {
        match &self.holder {
            Holder::System(_) => Rows::All,
            Holder::Granted(granted) => granted.rights.referable(resource_type),
        }
    }

    /// Whether something may be done with a type, though there may be no resource of it with which it may.
    pub fn may(&self, permission: Permission, resource_type: ResourceType) -> bool {
        match &self.holder {
            Holder::System(_) => true,
            Holder::Granted(granted) => granted.rights.may(permission, resource_type),
        }
    }
}
