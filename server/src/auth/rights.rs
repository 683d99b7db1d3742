//! [`Rights`]: what somebody may do with which resources, as ways, any of which is enough. A way is what a scope and a role
//! have in common, within the compartments that the holder is kept to.

use std::collections::BTreeMap;
use std::sync::Arc;

use fhir::ids::{ResourceId, ResourceKey, ResourceType};
use fhir::search::index_values::IndexValues;

use super::consents::{CodeSeeds, Provision, Use, deciding};
use super::limits::{Limits, Place};
use super::permissions::{Permission, Permissions};
use super::roles::{self, Act};
use super::rows::Rows;

/// One way to resources.
#[derive(Clone, Debug)]
pub struct Way {
    /// The type; `None` is every one.
    pub resource_type: Option<ResourceType>,
    /// What may be done.
    pub permissions: Permissions,
    /// Which resources, where the scope names some: by type, and none of any other. `None` is all.
    pub filter: Option<Arc<BTreeMap<ResourceType, Rows>>>,
    /// Compartments: a resource must be in one of each set. No set is no confinement.
    pub compartments: Vec<Arc<[i64]>>,
    /// What it does not lead to all the same.
    pub limits: Arc<Limits>,
}

/// What the consents of patients say to one holder.
#[derive(Clone, Debug, Default)]
pub struct Consented {
    /// The provisions.
    pub provisions: Vec<Provision>,
    /// For what the holder's roles use data.
    pub purposes: Vec<Option<Box<str>>>,
    /// Whether the holder is a patient, or speaks for one.
    pub only_by_name: bool,
    /// What codes are found by.
    pub codes: Arc<CodeSeeds>,
}

impl Consented {
    /// The first purpose of the roles.
    pub fn purpose(&self) -> Option<&str> {
        self.purposes.iter().find_map(Option::as_deref)
    }

    /// The Consents that deny a resource with these values.
    pub fn deciding(&self, key: &ResourceKey, values: &IndexValues) -> Vec<ResourceKey> {
        let mut found = Vec::new();
        for purpose in &self.purposes {
            let used = Use {
                purpose: purpose.as_deref(),
                only_by_name: self.only_by_name,
            };
            found.extend(deciding(&self.provisions, used, &self.codes, key, values));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// All ways of one holder.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// The ways.
    pub ways: Vec<Way>,
    /// The types whose resources are in compartments, sorted.
    pub placed: Arc<[ResourceType]>,
    /// Whether the holder may open a record in an emergency.
    pub breaks_glass: bool,
    /// The patients whose records the holder has opened.
    pub opened: Vec<ResourceId>,
    /// What the holder may do beside what scopes say.
    pub may: Vec<Act>,
    /// What the roles that may would allow of a record that is opened: their ways without the compartments of care teams.
    pub opening: Vec<Way>,
    /// What the consents of patients say to the holder, and by what codes are found.
    pub consented: Consented,
    /// What the holder, who works here, is called by: by nobody's own hand does anybody get a role.
    pub names: Arc<[ResourceKey]>,
}

impl Way {
    fn names(&self, resource_type: ResourceType) -> bool {
        self.resource_type.is_none_or(|own| own == resource_type)
    }

    /// Whether it is a way to a type, be there something at its end or not.
    fn leads_to(&self, placed: &[ResourceType], resource_type: ResourceType) -> bool {
        let filtered = self.filter.as_ref();
        let is_confined = !self.compartments.is_empty();
        let is_nobodys = placed.binary_search(&resource_type).is_err();
        filtered.is_none_or(|by_type| by_type.contains_key(&resource_type))
            && !(is_confined && roles::is_withheld(resource_type))
            && !(is_confined && is_nobodys && !roles::is_shared(resource_type))
    }

    /// What it leads to, within its limits.
    fn limited(
        &self,
        placed: &[ResourceType],
        permission: Permission,
        resource_type: ResourceType,
    ) -> Rows {
        let place = place_of(placed, resource_type);
        let limits = self.limits.rows(permission, resource_type, place);
        self.rows(placed, resource_type).and(limits)
    }

    fn rows(&self, placed: &[ResourceType], resource_type: ResourceType) -> Rows {
        let filtered = match &self.filter {
            None => Rows::All,
            Some(by_type) => by_type.get(&resource_type).cloned().unwrap_or(Rows::None),
        };
        if self.compartments.is_empty() {
            return filtered;
        }
        filtered.and(match placed.binary_search(&resource_type) {
            _ if roles::is_withheld(resource_type) => Rows::None,
            Ok(_) => self.within(),
            Err(_) if roles::is_shared(resource_type) => Rows::All,
            Err(_) => Rows::None,
        })
    }

    /// What is in the compartments.
    fn within(&self) -> Rows {
        let sets = self.compartments.iter();
        sets.map(|elements| Rows::with_one_of(elements))
            .fold(Rows::All, Rows::and)
    }
}

fn place_of(placed: &[ResourceType], resource_type: ResourceType) -> Place {
    match placed.binary_search(&resource_type) {
        Ok(_) => Place::Compartment,
        Err(_) => Place::Nowhere,
    }
}

impl Rights {
    /// The resources of a type with which something may be done.
    pub fn rows(&self, permission: Permission, resource_type: ResourceType) -> Rows {
        let ways = self.ways.iter();
        ways.filter(|way| way.names(resource_type) && way.permissions.contains(permission))
            .map(|way| way.limited(&self.placed, permission, resource_type))
            .fold(Rows::None, Rows::or)
    }

    /// The resources of a type with which something might be done if no label, consent or law stood against it; sealed
    /// records are not among them.
    pub fn rows_without_consents(
        &self,
        permission: Permission,
        resource_type: ResourceType,
    ) -> Rows {
        let place = place_of(&self.placed, resource_type);
        let ways = self.ways.iter();
        ways.filter(|way| way.names(resource_type) && way.permissions.contains(permission))
            // What is not indexed yet may be sealed.
            .filter(|way| !way.limits.unready.contains(&resource_type))
            .map(|way| {
                let rows = way.rows(&self.placed, resource_type);
                rows.and(way.limits.unsealed(place))
            })
            .fold(Rows::None, Rows::or)
    }

    /// Whether something may be done with resources of a type whosever they are, but for labels, consents and the law.
    pub fn is_unconfined(&self, permission: Permission, resource_type: ResourceType) -> bool {
        let mut ways = self.ways.iter();
        ways.any(|way| {
            way.names(resource_type)
                && way.permissions.contains(permission)
                && way.rows(&self.placed, resource_type) == Rows::All
        })
    }

    /// Whether something may be done with a type, though there may be no resource of it with which it may.
    pub fn may(&self, permission: Permission, resource_type: ResourceType) -> bool {
        let mut ways = self.ways.iter();
        ways.any(|way| {
            way.names(resource_type)
                && way.permissions.contains(permission)
                && way.leads_to(&self.placed, resource_type)
        })
    }

    /// The resources of a type that may be referred to: those of which it is no secret that they exist. What is in no
    /// compartment is none.
    pub fn referable(&self, resource_type: ResourceType) -> Rows {
        if self.placed.binary_search(&resource_type).is_err() {
            return Rows::All;
        }
        self.reach(resource_type)
    }

    /// The centers of the compartments that resources of a type may be in where something is done with them.
    pub fn reach(&self, resource_type: ResourceType) -> Rows {
        let leading =
            |way: &&Way| way.names(resource_type) && way.leads_to(&self.placed, resource_type);
        let ways = self.ways.iter().filter(leading);
        ways.map(|way| way.within().and(way.limits.unsealed(Place::Compartment)))
            .fold(Rows::None, Rows::or)
    }

    /// The resources of a type with which something might be done if the record around a compartment were opened.
    pub fn rows_if_opened(
        &self,
        permission: Permission,
        resource_type: ResourceType,
        record: i64,
    ) -> Rows {
        let opened = Rows::with_one_of(&[record]);
        let ways = self.opening.iter();
        ways.filter(|way| way.names(resource_type) && way.permissions.contains(permission))
            .map(|way| {
                let rows = way.limited(&self.placed, permission, resource_type);
                rows.and(opened.clone())
            })
            .fold(Rows::None, Rows::or)
    }
}

#[cfg(test)]
mod tests;
