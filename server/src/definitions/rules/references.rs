//! What a resource refers to, and into whose compartment it belongs
//! (<https://hl7.org/fhir/R4/compartmentdefinition.html>).

use fhir::ids::{ResourceKey, ResourceType};
use fhir::resource::Resource;
use fhir::search::hash;
use fhir::search::plan::{Clause, Include};

use super::Definitions;
use crate::context::RequestContext;
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
            !include.reverse && include.source.is_none_or(|source| source == resource_type)
        };
        let includes: Vec<&Include> = includes.iter().filter(of_type).copied().collect();
        if includes.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.index_values(resource, &cx.base_url)?;
        let is_named = |key: &ResourceKey| {
            let target = hash::key_hash(key);
            let has = |seed: &i64| {
                values
                    .tokens
                    .binary_search(&hash::reference(*seed, target))
                    .is_ok()
            };
            includes.iter().any(|include| {
                let fits =
                    include.targets.is_empty() || include.targets.contains(&key.resource_type);
                fits && include.seeds.iter().any(has)
            })
        };
        Ok(values
            .references
            .iter()
            .filter(|key| is_named(key))
            .cloned()
            .collect())
    }

    /// All resources of this server that a resource refers to by literal references, wherever they stand in it.
    pub fn references(&self, cx: &RequestContext, resource: &Resource) -> Result<Vec<ResourceKey>> {
        Ok(self
            .index_values(resource, &cx.base_url)?
            .references
            .clone())
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

    /// What is true of the resources of some types that a reference places into the compartment around another.
    pub fn refers_to_center(&self, center: &ResourceKey, types: &[ResourceType]) -> Clause {
        let target = hash::key_hash(center);
        let seeds = self.compartment_seeds(center.resource_type, types);
        let mut elements: Vec<i64> = seeds
            .into_iter()
            .map(|seed| hash::reference(seed, target))
            .collect();
        elements.sort_unstable();
        elements.dedup();
        match elements.is_empty() {
            true => Clause::Nothing,
            false => Clause::AnyToken(elements),
        }
    }

    /// What is true of the resources of some types that are in a compartment; its center is.
    pub fn in_compartment(&self, center: &ResourceKey, types: &[ResourceType]) -> Clause {
        let members = self.refers_to_center(center, types);
        let resource_type = center.resource_type;
        if !types.contains(&resource_type) {
            return members;
        }
        let itself = Clause::All(vec![
            Clause::Types(vec![resource_type]),
            Clause::Ids(vec![center.id.clone()]),
        ]);
        match members {
            Clause::Nothing => itself,
            members => Clause::Any(vec![members, itself]),
        }
    }

    /// Whether a resource belongs into the compartment around another resource than `center`, and not into that.
    pub fn is_of_another(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        center: &ResourceKey,
    ) -> Result<bool> {
        let resource_type = resource.resource_type();
        if resource_type == center.resource_type {
            return Ok(true);
        }
        let seeds = self.compartment_seeds(center.resource_type, &[resource_type]);
        if seeds.is_empty() {
            return Ok(false);
        }
        let values = self.index_values(resource, &cx.base_url)?;
        let owns = |key: &ResourceKey| {
            let target = hash::key_hash(key);
            let has = |seed: &i64| {
                values
                    .tokens
                    .binary_search(&hash::reference(*seed, target))
                    .is_ok()
            };
            seeds.iter().any(has)
        };
        let mut owners = values
            .references
            .iter()
            .filter(|key| key.resource_type == center.resource_type && owns(key))
            .peekable();
        let belongs_to_any = owners.peek().is_some();
        Ok(belongs_to_any && !owners.any(|key| key == center))
    }

    /// Seeds of a reference parameter, whatever it points at.
    #[cfg(test)]
    pub(crate) fn seeds_of_references(&self, resource_type: ResourceType, code: &str) -> Vec<i64> {
        self.reference_seeds(resource_type, code, resource_type)
    }

    /// Seeds of the parameters that place resources of some types into a compartment.
    fn compartment_seeds(&self, around: ResourceType, types: &[ResourceType]) -> Vec<i64> {
        let Some(compartment) = self.registries.compartments.of(around) else {
            return Vec::new();
        };
        let mut seeds = Vec::new();
        for resource_type in types {
            for code in compartment.parameters(*resource_type) {
                seeds.extend(self.reference_seeds(*resource_type, code, around));
            }
        }
        seeds
    }

    /// Seeds that references of a parameter to resources of a type are indexed under.
    fn reference_seeds(
        &self,
        resource_type: ResourceType,
        code: &str,
        target: ResourceType,
    ) -> Vec<i64> {
        let seeds = self.index.seeds(resource_type, code).iter();
        seeds
            .filter(|one| one.target.is_none_or(|only| only == target))
            .map(|one| one.seed)
            .collect()
    }
}
