//! Writes made ready before they queue: text taken apart, search values extracted, conditions spelled out.

use fhir::ids::{ResourceId, ResourceKey, VersionId};
use fhir::resource::Resource;
use fhir::search::index_values::IndexValues;
use jiff::Timestamp;

use super::stamp::Stamp;
use crate::audit::AuditRecord;
use crate::definitions::{Definitions, FoundBy, RequiredTargets};
use crate::scheduling::Ruled;

/// The verb that made a version (<https://hl7.org/fhir/R4/valueset-http-verb.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// create
    Post,
    /// update
    Put,
    /// patch
    Patch,
    /// delete
    Delete,
}

impl Verb {
    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    pub(super) fn parse(code: &str) -> Option<Self> {
        [Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|verb| verb.code() == code)
    }
}

/// What must be true of the resource there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteCondition {
    /// It exists, in one of these versions.
    pub versions: Option<ExpectedVersions>,
    /// It does not exist.
    pub absent: bool,
}

/// The versions a write may meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedVersions {
    /// Whatever there is.
    Any,
    /// One of these.
    OneOf(Vec<VersionId>),
}

impl ExpectedVersions {
    /// Whether a version is expected.
    pub fn contains(&self, version: VersionId) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

impl WriteCondition {
    /// The versions as the statements take them: an array, or `*`.
    pub(super) fn versions_array(&self) -> Option<String> {
        self.versions.as_ref().map(|expected| match expected {
            ExpectedVersions::Any => "*".to_owned(),
            ExpectedVersions::OneOf(versions) => {
                let numbers: Vec<String> = versions.iter().map(VersionId::to_string).collect();
                format!("{{{}}}", numbers.join(","))
            }
        })
    }
}

/// A create or an update, ready to be written.
#[derive(Clone, Debug)]
pub struct PreparedWrite {
    pub(super) key: ResourceKey,
    pub(super) verb: Verb,
    pub(super) stamp: Stamp,
    pub(super) instant: Timestamp,
    pub(super) index: IndexValues,
    pub(super) generation: i64,
    pub(super) condition: WriteCondition,
    pub(super) targets: RequiredTargets,
    pub(super) patients: Vec<ResourceId>,
    /// What its statement adds to the audit trail.
    pub(super) record: Option<Box<AuditRecord>>,
    /// Nobody can have the id: it was made for this write.
    pub(super) is_new: bool,
    /// What rules of booking see of it.
    pub(super) ruled: Option<Box<Ruled>>,
    /// Whether an operation writes it, which has asked what a write must not do by itself.
    pub(super) by_operation: bool,
    /// An Appointment, whose Slots the store names, or an answer to one, which it notes there.
    pub(super) appointment: Option<Box<Appointment>>,
}

/// What it takes to write an Appointment otherwise, or one beside an answer.
#[derive(Clone, Debug)]
pub(super) struct Appointment {
    pub(super) resource: Resource,
    pub(super) definitions: Box<Definitions>,
}

impl PreparedWrite {
    /// Makes a write ready. `index` is what the resource is found by.
    pub fn new(
        key: ResourceKey,
        verb: Verb,
        resource: &Resource,
        index: FoundBy,
        instant: Timestamp,
    ) -> Self {
        let stamp = Stamp::of(&key, resource);
        let mut values = index.values;
        values.place_around(&key);
        let appointment = index.by.map(|definitions| {
            let resource = resource.clone();
            Box::new(Appointment {
                resource,
                definitions,
            })
        });
        Self {
            key,
            verb,
            stamp,
            instant,
            index: values,
            generation: index.generation,
            condition: WriteCondition::default(),
            targets: RequiredTargets::default(),
            patients: Vec::new(),
            record: None,
            is_new: false,
            ruled: Ruled::of(resource).map(Box::new),
            by_operation: false,
            appointment,
        }
    }

    /// The same write, of a resource that says more.
    pub(super) fn rewritten(mut self, resource: &Resource, index: FoundBy) -> Self {
        self.stamp = Stamp::of(&self.key, resource);
        self.index = index.values;
        self.index.place_around(&self.key);
        self.ruled = Ruled::of(resource).map(Box::new);
        self
    }

    /// The same write, of data of these patients.
    #[must_use]
    pub fn concerning(mut self, patients: Vec<ResourceId>) -> Self {
        self.patients = patients;
        self
    }

    /// The same write; whether its id was made for it, so that nobody can have it.
    #[must_use]
    pub fn under_new_id(mut self, is_new: bool) -> Self {
        self.is_new = is_new;
        self
    }

    /// The same write, by an operation that has asked what a write must not do by itself.
    #[must_use]
    pub fn by_operation(mut self) -> Self {
        self.by_operation = true;
        self
    }

    /// The same write, which is refused where one of these resources does not exist.
    #[must_use]
    pub fn referring_to(mut self, targets: RequiredTargets) -> Self {
        self.targets = targets;
        self
    }

    /// What must exist when it is written. Within a transaction that is for the caller to ask, when all is written.
    pub fn targets(&self) -> &RequiredTargets {
        &self.targets
    }

    /// The same write under a condition.
    #[must_use]
    pub fn under(mut self, condition: WriteCondition) -> Self {
        self.condition = condition;
        self
    }

    /// What it writes to.
    pub fn key(&self) -> &ResourceKey {
        &self.key
    }
}

/// A delete, ready to be done.
#[derive(Clone, Debug)]
pub struct PreparedDelete {
    pub(super) key: ResourceKey,
    pub(super) instant: Timestamp,
    pub(super) condition: WriteCondition,
    pub(super) check_referrers: bool,
    pub(super) patients: Vec<ResourceId>,
    /// What its statement adds to the audit trail.
    pub(super) record: Option<Box<AuditRecord>>,
    /// Whether a refusal may name who refers to it.
    pub(super) names_referrers: bool,
}

impl PreparedDelete {
    /// Makes a delete ready; with `check_referrers` it is refused while others refer to the resource.
    pub fn new(
        key: ResourceKey,
        condition: WriteCondition,
        check_referrers: bool,
        instant: Timestamp,
    ) -> Self {
        Self {
            key,
            instant,
            condition,
            check_referrers,
            patients: Vec::new(),
            record: None,
            names_referrers: true,
        }
    }

    /// The same delete, of data of these patients.
    #[must_use]
    pub fn concerning(mut self, patients: Vec<ResourceId>) -> Self {
        self.patients = patients;
        self
    }

    /// What it deletes.
    pub fn key(&self) -> &ResourceKey {
        &self.key
    }
}
