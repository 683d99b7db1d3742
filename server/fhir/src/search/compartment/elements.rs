//! The compartments that a resource is in, as elements of its index: what it may be seen by is asked of the row itself
//! (<https://hl7.org/fhir/R4/compartmentdefinition.html>).

use crate::definitions::Definitions;
use crate::ids::{ResourceKey, ResourceType};
use crate::search::combine;
use crate::search::hash;
use crate::search::index_plan::{IndexPlan, TypePlan};
use crate::search::index_values::IndexValues;
use crate::search::plan::{Clause, Contained, Plan};

/// The types around whose instances compartments are kept: those that confine what somebody may see.
const KEPT: [&str; 1] = ["Patient"];

/// Parameters that tell whose a resource is, of types that no CompartmentDefinition of R4 mentions. Where somebody may see one
/// patient alone, what they place is that patient's as well. (R5 has tasks and devices in the compartment.)
const BESIDE: [(&str, &str); 3] = [
    ("Device", "patient"),
    ("GuidanceResponse", "patient"),
    ("Task", "patient"),
];

/// Where the references of one type stand that place its resources into compartments of one kind.
#[derive(Debug)]
pub(in crate::search) struct Placing {
    center: ResourceType,
    /// Seeds of reference operands.
    seeds: Vec<i64>,
}

impl Placing {
    /// What places resources of a type into the compartments that are kept, from its compiled parameters.
    pub(in crate::search) fn of(
        definitions: &Definitions,
        resource_type: ResourceType,
        plan: &TypePlan,
    ) -> Vec<Self> {
        let centers = KEPT.into_iter().filter_map(ResourceType::parse);
        let mut placing = Vec::new();
        for center in centers {
            let Some(compartment) = definitions.compartments.of(center) else {
                continue;
            };
            // Whoever a record is linked with is somebody else: a compartment holds the data of one.
            if resource_type == center {
                continue;
            }
            let codes = compartment.parameters(resource_type);
            let is_beside = |code: &str| BESIDE.contains(&(resource_type.name(), code));
            let named = plan
                .parameters
                .iter()
                .filter(|one| codes.contains(&one.code) || is_beside(&one.code));
            let seeds = named.flat_map(|one| &one.seeds);
            let fitting = seeds.filter(|one| one.target.is_none_or(|target| target == center));
            let seeds: Vec<i64> = fitting.map(|one| one.seed).collect();
            if !seeds.is_empty() {
                placing.push(Self { center, seeds });
            }
        }
        placing
    }
}

impl Plan {
    /// Elements of compartments that all matches are in, because of whom they refer to. Others may be among them that nothing has.
    pub fn compartments(&self) -> Vec<i64> {
        let seeds = match (&self.placed_by, self.resource_types.as_slice()) {
            (Some((of, seeds)), [only]) if of == only && self.contained == Contained::False => {
                seeds.as_slice()
            }
            _ => &[],
        };
        let around = |element: i64| {
            seeds
                .iter()
                .map(move |seed| hash::compartment_by(*seed, element))
        };
        let mut found = Vec::new();
        for clause in &self.clauses {
            let Clause::AnyToken(elements) = clause else {
                continue;
            };
            // Whichever of them a match has, it is in the same compartment.
            let Some((first, others)) = elements.split_first() else {
                continue;
            };
            let in_all = |one: &i64| others.iter().all(|other| around(*other).any(|c| c == *one));
            if others.len() <= seeds.len() {
                found.extend(around(*first).filter(in_all));
            }
        }
        found
    }
}

impl IndexPlan {
    /// Seeds of the references that place resources of a type into compartments that are kept.
    pub(in crate::search) fn placing_seeds(&self, resource_type: ResourceType) -> Vec<i64> {
        let plan = self.types.get(&resource_type);
        let placing = plan.into_iter().flat_map(|plan| &plan.placing);
        combine::sorted(placing.flat_map(|one| one.seeds.iter().copied()))
    }

    /// The types whose resources are in compartments, sorted: of any other it cannot be said whose they are.
    pub fn placed(&self) -> Vec<ResourceType> {
        let placed = self
            .types
            .iter()
            .filter(|(_, plan)| !plan.placing.is_empty());
        let kept = KEPT.into_iter().filter_map(ResourceType::parse);
        combine::sorted(placed.map(|(name, _)| *name).chain(kept))
    }
}

impl IndexValues {
    /// Adds the compartments that references of the resource place it into.
    pub(in crate::search) fn place(&mut self, placing: &[Placing]) {
        let is_center =
            |key: &&ResourceKey| placing.iter().any(|one| one.center == key.resource_type);
        if !self.references.iter().any(|key| is_center(&key)) {
            return;
        }
        self.tokens.sort_unstable();
        let mut elements = Vec::new();
        for key in self.references.iter().filter(is_center) {
            let target = hash::key_hash(key);
            let fitting = placing.iter().filter(|one| one.center == key.resource_type);
            let mut seeds = fitting.flat_map(|one| &one.seeds);
            let has = |seed: &i64| {
                self.tokens
                    .binary_search(&hash::reference(*seed, target))
                    .is_ok()
            };
            if seeds.any(has) {
                elements.push(hash::compartment(key));
            }
        }
        self.tokens.extend(elements);
    }

    /// Adds the compartment that is the resource's own. Its text does not say what it will be called.
    pub fn place_around(&mut self, key: &ResourceKey) {
        if KEPT.contains(&key.resource_type.name()) {
            let element = hash::compartment(key);
            if let Err(place) = self.tokens.binary_search(&element) {
                self.tokens.insert(place, element);
            }
        }
    }
}

#[cfg(test)]
mod tests;
