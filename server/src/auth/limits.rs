//! [`Limits`]: what a way does not lead to although scope, role and compartment would: restricted records, labels that need a
//! clearance, and what consents deny.

use std::collections::BTreeSet;
use std::sync::Arc;

use fhir::ids::ResourceType;
use fhir::search::hash;
use fhir::search::plan::Clause;

use super::consents::{CodeSeeds, Consents};
use super::permissions::Permission;
use super::rows::Rows;

/// The limits of one way. Elements are sorted.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Compartments of which nobody is told that they exist: of donors whose identity is known.
    pub sealed: Vec<i64>,
    /// Compartments that are restricted by law.
    pub restricted: Vec<i64>,
    /// Labels that the role is not cleared for.
    pub labels: Vec<i64>,
    /// Compartments of the patients in whose care teams the holder is, and of records that are opened: labels do not close
    /// them.
    pub cared_for: Vec<i64>,
    /// Compartments of records that are opened: consents do not close them.
    pub opened: Vec<i64>,
    /// What consents say.
    pub consents: Consents,
    /// Whether what is not the holder's to care for is closed until a consent permits it.
    pub is_closed_by_default: bool,
    /// Types of which it cannot be told yet what labels and codes their resources have.
    pub unready: Arc<BTreeSet<ResourceType>>,
    /// What codes are found by.
    pub codes: Arc<CodeSeeds>,
}

/// Whether resources of a type are in compartments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Compartment,
    Nowhere,
}

impl Limits {
    /// The resources of a type, for all that is limited.
    pub(super) fn rows(
        &self,
        permission: Permission,
        resource_type: ResourceType,
        place: Place,
    ) -> Rows {
        let open = self
            .unsealed(place)
            .and(self.without(&self.restricted, place));
        // Who may not read may still write down.
        if permission == Permission::Create {
            return open;
        }
        if self.unready.contains(&resource_type) {
            return Rows::None;
        }
        let open = open.and(self.cleared(place));
        if place == Place::Nowhere {
            return open;
        }
        let consents = &self.consents;
        let denied = consents.denied(resource_type, &self.codes, &self.opened);
        let open = open.and(denied.others());
        if !self.is_closed_by_default {
            return open;
        }
        let permitted = consents.permitted(resource_type, &self.codes);
        open.and(Rows::with_one_of(&self.cared_for).or(permitted))
    }

    /// What is in no record that nobody is told of.
    pub(super) fn unsealed(&self, place: Place) -> Rows {
        self.without(&self.sealed, place)
    }

    fn without(&self, records: &[i64], place: Place) -> Rows {
        match place {
            Place::Compartment => Rows::with_one_of(records).others(),
            Place::Nowhere => Rows::All,
        }
    }

    /// What has no label that the role is not cleared for, or is of a patient the holder cares for.
    fn cleared(&self, place: Place) -> Rows {
        // Few resources have a label at all: that is asked first.
        let is_labelled = Rows::Such(Clause::AnyToken(vec![hash::labelled()]));
        let cleared = is_labelled.and(Rows::with_one_of(&self.labels)).others();
        match place {
            Place::Compartment => cleared.or(Rows::with_one_of(&self.cared_for)),
            Place::Nowhere => cleared,
        }
    }
}

#[cfg(test)]
mod tests;
