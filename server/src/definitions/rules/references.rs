//! What a resource refers to, and into whose compartment it belongs
//! (<https://hl7.org/fhir/R4/compartmentdefinition.html>).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fhir::definitions::search_parameters::SearchType;
use fhir::ids::{ResourceId, ResourceKey, ResourceType, VersionId};
use fhir::resource::Resource;
use fhir::search::hash;
use fhir::search::period_test::PeriodTest;
use fhir::search::plan::{Clause, Include};
use jiff::Timestamp;

use super::{Definitions, unextracted};
use crate::context::{AuditedResource, RequestContext};
use crate::error::Result;

impl Definitions {
    /// The resources of this server that a resource names in the parameters of its includes. Includes of the other
    /// direction add nothing.
    pub fn include_targets(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        includes: &[&Include],
    ) -> Result<Vec<ResourceKey>> {
        let resource_type = resource.resource_type();
        let of_type = |include: &&&Include| {
            !include.reverse
                && !include.is_canonical
                && include.source.is_none_or(|source| source == resource_type)
        };
        let extractor = self.extractor(&cx.base_url);
        let mut found = Vec::new();
        for include in includes.iter().filter(of_type) {
            let keys = extractor.references_of(resource, &include.seeds);
            let mut keys = keys.map_err(|error| unextracted(&error, resource))?;
            let targets = &include.targets;
            keys.retain(|key| targets.is_empty() || targets.contains(&key.resource_type));
            found.extend(keys);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The elements of what canonical references lead to, from the resource or to it, by the includes that follow them.
    pub fn include_names(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        includes: &[&Include],
    ) -> Result<Vec<i64>> {
        let resource_type = resource.resource_type();
        let extractor = self.extractor(&cx.base_url);
        let mut found = Vec::new();
        for include in includes.iter().filter(|include| include.is_canonical) {
            let (seeds, targets) = (&include.seeds, &include.targets);
            if include.reverse && targets.contains(&resource_type) {
                found.extend(extractor.naming(resource, seeds));
            } else if !include.reverse && include.source.is_none_or(|one| one == resource_type) {
                let named = extractor.named_by(resource, seeds, targets);
                found.extend(named.map_err(|error| unextracted(&error, resource))?);
            }
        }
        Ok(found)
    }

    /// All resources of this server that a resource refers to by literal references, wherever they stand in it.
    pub fn references(&self, cx: &RequestContext, resource: &Resource) -> Vec<ResourceKey> {
        self.extractor(&cx.base_url).all_references(resource)
    }

    /// The types that can be in a compartment around resources of a type, sorted; `None` where there is no such
    /// compartment. A resource is in its own.
    pub fn compartment_types(&self, around: ResourceType) -> Option<Vec<ResourceType>> {
        let compartment = self.registries.compartments.of(around)?;
        let named = compartment
            .members()
            .filter_map(|(name, _)| ResourceType::parse(name));
        let mut types: Vec<ResourceType> = named.chain([around]).collect();
        types.sort_unstable();
        types.dedup();
        Some(types)
    }

    /// The types whose resources are in compartments, sorted.
    pub fn placed_types(&self) -> Vec<ResourceType> {
        self.index.placed()
    }

    /// The seeds of all parameters of each type that find codes: what a code that stands in a resource is found by.
    pub fn code_seeds(&self) -> Arc<BTreeMap<ResourceType, Box<[i64]>>> {
        let found = self.code_seeds.get_or_init(|| {
            let of_type = |one: ResourceType| {
                let parameters = self.registries.search_parameters.for_type(one);
                let tokens =
                    parameters.filter(|parameter| parameter.search_type == SearchType::Token);
                let seeds = tokens.flat_map(|parameter| self.index.seeds(one, &parameter.code));
                let mut seeds: Vec<i64> = seeds.map(|seed| seed.seed).collect();
                seeds.sort_unstable();
                seeds.dedup();
                (one, seeds.into())
            };
            Arc::new(ResourceType::all().map(of_type).collect())
        });
        Arc::clone(found)
    }

    /// The types whose values are not all those that these definitions make: what hides by them does not hide all yet.
    pub fn unready_types(&self) -> BTreeSet<ResourceType> {
        let unready = self.unready();
        let is_unready = |one: &ResourceType| unready.reason(*one, "_security").is_some();
        ResourceType::all().filter(is_unready).collect()
    }

    /// Whether a search of the compartment around a resource finds another one: Patients who are linked with the patient, too
    /// (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>).
    pub fn is_around(
        &self,
        cx: &RequestContext,
        center: &ResourceKey,
        resource: &Resource,
    ) -> Result<bool> {
        let own = resource.id().is_some_and(|id| id == center.id.as_str());
        if own && resource.resource_type() == center.resource_type {
            return Ok(true);
        }
        let seeds = self.compartment_seeds(center.resource_type, resource.resource_type());
        Ok(self.referents(cx, resource, &seeds)?.contains(center))
    }

    /// The resources of a type whose records a resource is a part of: of a Patient the own one alone, whoever is linked.
    pub fn compartments_of(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        around: ResourceType,
    ) -> Result<Vec<ResourceKey>> {
        let mut centers = Vec::new();
        if resource.resource_type() == around {
            let id = resource.id().and_then(|id| id.parse().ok());
            centers.extend(id.map(|id| ResourceKey::new(around, id)));
        }
        centers.extend(self.compartments_of_others(cx, resource, around)?);
        Ok(centers)
    }

    /// The same without its own, where it has one.
    fn compartments_of_others(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        around: ResourceType,
    ) -> Result<Vec<ResourceKey>> {
        if resource.resource_type() == around {
            return Ok(Vec::new());
        }
        let seeds = self.compartment_seeds(around, resource.resource_type());
        let mut keys = self.referents(cx, resource, &seeds)?;
        keys.retain(|key| key.resource_type == around);
        Ok(keys)
    }

    /// What a resource refers to by some parameters.
    fn referents(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        seeds: &[i64],
    ) -> Result<Vec<ResourceKey>> {
        if seeds.is_empty() {
            return Ok(Vec::new());
        }
        let keys = self.extractor(&cx.base_url).references_of(resource, seeds);
        keys.map_err(|error| unextracted(&error, resource))
    }

    /// Notes for the audit trail a resource that is read, where the answer tells of it without holding it.
    pub fn note_read(
        &self,
        cx: &RequestContext,
        key: &ResourceKey,
        version: VersionId,
        resource: &Resource,
    ) -> Result<()> {
        if let Some(audited) = &cx.audited {
            audited.note(AuditedResource {
                key: key.clone(),
                version: Some(version),
                patients: self.patients_of(cx, key, resource)?,
            });
        }
        Ok(())
    }

    /// The patients in whose compartments a resource is that has this key, whatever id it carries: that of a create is not
    /// its own.
    pub fn patients_of(
        &self,
        cx: &RequestContext,
        key: &ResourceKey,
        resource: &Resource,
    ) -> Result<Vec<ResourceId>> {
        let Some(patient) = ResourceType::parse("Patient") else {
            return Ok(Vec::new());
        };
        let centers = self.compartments_of_others(cx, resource, patient)?;
        let mut ids: Vec<ResourceId> = centers.into_iter().map(|center| center.id).collect();
        if key.resource_type == patient {
            ids.push(key.id.clone());
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// When the latest period of a date parameter begins that a resource has.
    pub fn latest(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        code: &str,
    ) -> Result<Option<Timestamp>> {
        let seeds = self.index.seeds(resource.resource_type(), code);
        let values = self.index_values(resource, &cx.base_url)?;
        let of_parameter = |parameter: i64| seeds.iter().any(|seed| seed.seed == parameter);
        let dates = values.dates.iter();
        let begins = dates.filter(|date| of_parameter(date.parameter));
        Ok(begins.map(|date| date.lower).max())
    }

    /// What is true of a resource that has no value of some date parameters, or one that passes a test; of no
    /// parameters all resources pass.
    pub fn dated(&self, parameters: &[(ResourceType, &str)], test: PeriodTest) -> Option<Clause> {
        let mut seeds = Vec::new();
        let mut present = Vec::new();
        for (resource_type, code) in parameters {
            for seed in self.index.seeds(*resource_type, code) {
                seeds.push(seed.seed);
                present.push(hash::present(seed.own()));
            }
        }
        seeds.sort_unstable();
        seeds.dedup();
        present.sort_unstable();
        present.dedup();
        let dated = Clause::Date {
            parameters: seeds,
            tests: vec![test],
            single: false,
        };
        (!present.is_empty()).then(|| Clause::Any(vec![Clause::NoToken(present), dated]))
    }

    /// Seeds of a parameter, whatever it points at.
    #[cfg(test)]
    pub(crate) fn seeds_of(&self, resource_type: ResourceType, code: &str) -> Vec<i64> {
        let seeds = self.index.seeds(resource_type, code);
        seeds.iter().map(|seed| seed.seed).collect()
    }

    /// Seeds of the parameters that place resources of a type into a compartment.
    fn compartment_seeds(&self, around: ResourceType, resource_type: ResourceType) -> Vec<i64> {
        let Some(compartment) = self.registries.compartments.of(around) else {
            return Vec::new();
        };
        let codes = compartment.parameters(resource_type).iter();
        codes
            .flat_map(|code| self.reference_seeds(resource_type, code, around))
            .collect()
    }

    /// Seeds that references of a parameter to resources of a type are indexed under.
    fn reference_seeds(
        &self,
        resource_type: ResourceType,
        code: &str,
        target: ResourceType,
    ) -> impl Iterator<Item = i64> {
        self.index
            .seeds(resource_type, code)
            .iter()
            .filter(move |seed| seed.target.is_none_or(|only| only == target))
            .map(|seed| seed.seed)
    }
}
