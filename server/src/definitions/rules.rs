//! What the definitions say about one resource or one query, in the words of this server's errors.

mod references;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use fhir::definitions::Definitions as Registries;
use fhir::definitions::profiles::{ProfileDraft, Profiles};
use fhir::definitions::search_parameters::SearchParameters;
use fhir::definitions::structure::Structures;
use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::Document;
use fhir::patch::{
    PatchError, PatchErrorKind, apply_fhirpath_patch, apply_json_patch, apply_xml_patch,
};
use fhir::resource::Resource;
use fhir::search::extract::{ExtractError, ExtractLimits, Extractor};
use fhir::search::index_plan::{IndexPlan, IndexPlanError};
use fhir::search::index_values::IndexValues;
use fhir::search::lexemes;
use fhir::search::matches::ResourceFacts;
use fhir::search::plan::{Contained, Plan};
use fhir::search::within::Within;
use jiff::Timestamp;

use super::offered::{self, Inclusions, SearchParameterEntry};
use super::run_time::RunTimeParameter;
use super::stored_profiles::StoredProfiles;
use super::unindexed::{FailingParameter, Failures};
use super::validity::Validity;
use super::wanted::Wanted;
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};

/// The registries, and what is compiled from them: those of one moment, for they change while the server runs.
#[derive(Clone, Debug)]
pub struct Definitions {
    pub(super) registries: Arc<Registries>,
    /// Without the parameters that are stored.
    pub(super) built_in: Arc<Registries>,
    pub(super) structures: Arc<Structures>,
    pub(super) index: Arc<IndexPlan>,
    pub(super) full_text: bool,
    pub(super) validity: Validity,
    /// Those that the server brings, and those that are stored.
    pub(super) profiles: Arc<Profiles>,
    pub(super) stored_profiles: Arc<StoredProfiles>,
    /// Those that come with the same transaction.
    pub(super) companions: Arc<Vec<Arc<ProfileDraft>>>,
    pub(super) basis: Arc<OnceLock<Vec<u8>>>,
    pub(super) wanted: Arc<OnceLock<Wanted>>,
    code_seeds: Arc<OnceLock<CodeSeeds>>,
    /// The parameters that are stored and in force.
    pub(super) run_time: Arc<Vec<RunTimeParameter>>,
    pub(super) generation: i64,
    pub(super) revision: i64,
    /// The search parameters, with what is not answered at the moment.
    pub(super) parameters: Arc<SearchParameters>,
    pub(super) failures: Arc<Failures>,
}

/// Seeds of what finds codes, by type.
type CodeSeeds = Arc<BTreeMap<ResourceType, Box<[i64]>>>;

/// What a resource is found by, and the generation of definitions that says so.
#[derive(Clone, Debug, Default)]
pub struct FoundBy {
    /// The values.
    pub values: IndexValues,
    /// The number of the generation, as the database knows it.
    pub generation: i64,
    /// The definitions themselves, where the store may have to write more: what an Appointment says of its Slots is the
    /// server's to say, and a response is noted in its Appointment.
    pub by: Option<Box<Definitions>>,
}

impl FoundBy {
    /// Values by the definitions that a new database begins with.
    #[cfg(test)]
    pub(crate) fn at_first(values: IndexValues) -> Self {
        Self {
            values,
            generation: FIRST_GENERATION,
            by: None,
        }
    }
}

impl std::ops::Deref for FoundBy {
    type Target = IndexValues;

    fn deref(&self) -> &IndexValues {
        &self.values
    }
}

impl Definitions {
    /// Compiles the search parameters; one that cannot be used stops the start.
    pub fn new(registries: Registries) -> std::result::Result<Self, IndexPlanError> {
        let index = IndexPlan::compile(&registries)?;
        let structures = Arc::new(registries.structures.clone());
        let parameters = Arc::new(registries.search_parameters.clone());
        let profiles = Arc::new(registries.profiles.clone());
        let registries = Arc::new(registries);
        Ok(Self {
            built_in: Arc::clone(&registries),
            registries,
            structures,
            index: Arc::new(index),
            full_text: true,
            validity: Validity::default(),
            profiles,
            stored_profiles: Arc::default(),
            companions: Arc::default(),
            basis: Arc::default(),
            wanted: Arc::default(),
            code_seeds: Arc::default(),
            run_time: Arc::default(),
            generation: FIRST_GENERATION,
            revision: 0,
            parameters,
            failures: Arc::default(),
        })
    }

    /// The same with other search parameters.
    pub(super) fn replace(&mut self, registries: Registries, index: IndexPlan) {
        self.parameters = Arc::new(registries.search_parameters.clone());
        self.registries = Arc::new(registries);
        self.index = Arc::new(index);
        self.wanted = Arc::default();
        self.code_seeds = Arc::default();
    }

    /// The same, with or without the words of resources.
    #[must_use]
    pub fn with_full_text(mut self, full_text: bool) -> Self {
        self.full_text = full_text;
        self.wanted = Arc::default();
        self.set_unready(self.switched_off());
        self
    }

    /// The element table.
    pub fn structures(&self) -> &Structures {
        &self.structures
    }

    /// The element table, to be kept.
    pub fn shared_structures(&self) -> Arc<Structures> {
        Arc::clone(&self.structures)
    }

    /// All registries.
    pub fn registries(&self) -> &Registries {
        &self.registries
    }

    /// The search parameters that are answered, as the CapabilityStatement lists them.
    pub fn search_parameter_entries(&self, now: Timestamp) -> Vec<SearchParameterEntry<'_>> {
        let mut entries = offered::search_parameters(&self.registries, &self.index, now);
        entries.retain(|entry| match entry.resource_type {
            Some(resource_type) => self.unready().reason(resource_type, entry.code).is_none(),
            None => ResourceType::all().all(|one| self.unready().reason(one, entry.code).is_none()),
        });
        entries
    }

    /// What searches of each type can include.
    pub fn inclusions(&self, now: Timestamp) -> BTreeMap<ResourceType, Inclusions> {
        let planner = offered::planner(&self.registries, &self.index, now);
        offered::inclusions(&self.registries, &planner, |resource_type, code| {
            self.unready().reason(resource_type, code).is_none()
        })
    }

    /// Canonical URLs of the compartments that can be searched.
    pub fn compartment_urls(&self) -> Vec<&str> {
        let compartments = self.registries.compartments.all();
        compartments.iter().map(|one| &*one.url).collect()
    }

    /// What a resource is found by.
    pub fn index_values(&self, resource: &Resource, base_url: &str) -> Result<FoundBy> {
        let values = self.extractor(base_url).extract(resource);
        let found = self.found_by(resource, values)?;
        self.failures
            .note(resource.resource_type(), &found.values.unindexed);
        Ok(found)
    }

    /// The parameters that some resources give no values for, because their expressions fail on them: as far as this
    /// process has seen since the definitions last changed.
    pub fn failing_parameters(&self) -> Vec<FailingParameter> {
        self.failures.list()
    }

    /// What a resource that another contains is found by.
    pub fn contained_values(
        &self,
        resource: &Resource,
        container: &Resource,
        base_url: &str,
    ) -> Result<FoundBy> {
        let values = self
            .extractor(base_url)
            .extract_contained(resource, container);
        self.found_by(resource, values)
    }

    /// A resource to look into, for chains.
    pub fn within<'a>(
        &'a self,
        container: &'a Resource,
        last_updated: Timestamp,
        base_url: &'a str,
    ) -> Within<'a> {
        Within {
            extractor: self.extractor(base_url),
            container,
            last_updated,
        }
    }

    fn extractor<'a>(&'a self, base_url: &'a str) -> Extractor<'a> {
        Extractor {
            plan: &self.index,
            definitions: &self.registries,
            base_url,
            limits: ExtractLimits::default(),
        }
    }

    fn found_by(
        &self,
        resource: &Resource,
        values: std::result::Result<IndexValues, ExtractError>,
    ) -> Result<FoundBy> {
        let mut values = values.map_err(|error| unextracted(&error, resource))?;
        if !self.full_text {
            values.narrative = Box::default();
            values.content = Box::default();
        } else if !(lexemes::fits(&values.narrative) && lexemes::fits(&values.content)) {
            return Err(Error::new(
                ErrorKind::TooCostly,
                "the resource has more different words than full-text search can hold; VESTA_FULL_TEXT=false does without it",
            ));
        }
        Ok(FoundBy {
            values,
            generation: self.generation,
            by: matches!(
                resource.resource_type().name(),
                "Appointment" | "AppointmentResponse"
            )
            .then(|| Box::new(self.clone())),
        })
    }

    /// Whether a plan matches a resource by its values, without the database; `None` where that takes other resources.
    pub fn matches(
        &self,
        plan: &Plan,
        key: &ResourceKey,
        index: &IndexValues,
        last_updated: Timestamp,
    ) -> Option<bool> {
        plan.matches(ResourceFacts {
            resource_type: key.resource_type,
            id: &key.id,
            last_updated,
            values: index,
        })
    }

    /// The resource a patch makes of another (<https://hl7.org/fhir/R4/http.html#patch>).
    pub fn apply_patch(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        patch: &Patch,
    ) -> Result<Resource> {
        let text = match patch {
            Patch::Json(patch) => apply_json_patch(resource.document(), patch),
            Patch::FhirPath(parameters) => {
                self.validate(parameters)?;
                let document = resource.document();
                let steps = cx.limits.fhirpath_steps;
                apply_fhirpath_patch(document, parameters.document(), &self.structures, steps)
            }
            Patch::Xml(patch) => {
                return apply_xml_patch(resource, patch, &self.structures).map_err(unpatched);
            }
        };
        Resource::parse_with(text.map_err(unpatched)?, cx.limits.parse).map_err(|error| {
            Error::new(
                ErrorKind::Invalid,
                format!("the patched resource cannot be read: {error}"),
            )
        })
    }
}

/// A patch document.
#[derive(Clone, Debug)]
pub enum Patch {
    /// RFC 6902.
    Json(Document),
    /// RFC 5261.
    Xml(Bytes),
    /// Operations in a Parameters resource (<https://hl7.org/fhir/R4/fhirpatch.html>).
    FhirPath(Resource),
}

/// The generation a database begins with.
const FIRST_GENERATION: i64 = 1;

/// A plan for where only resources that are stored themselves will do.
pub fn stored_only(plan: Plan) -> Result<Plan> {
    match plan.contained {
        Contained::False => Ok(plan),
        Contained::True | Contained::Both => Err(Error::new(
            ErrorKind::NotSupported,
            "search parameter '_contained': contained resources are not looked for here",
        )),
    }
}

fn unextracted(error: &ExtractError, resource: &Resource) -> Error {
    let kind = match error {
        ExtractError::TooMany { .. } | ExtractError::TooManyWords { .. } => ErrorKind::TooCostly,
        ExtractError::Date { .. }
        | ExtractError::Number { .. }
        | ExtractError::Evaluation { .. } => ErrorKind::BadValue,
    };
    Error::new(kind, error.to_string()).at(resource.resource_type().name())
}

fn unpatched(error: PatchError) -> Error {
    let kind = match error.kind {
        PatchErrorKind::Malformed | PatchErrorKind::Identity => ErrorKind::BadValue,
        PatchErrorKind::Place | PatchErrorKind::Result => ErrorKind::Invalid,
        PatchErrorKind::Test => ErrorKind::Conflict,
        PatchErrorKind::Costly => ErrorKind::TooCostly,
    };
    Error::new(kind, error.to_string())
}
