//! Search within a compartment (<https://hl7.org/fhir/R4/compartmentdefinition.html>,
//! <https://hl7.org/fhir/R4/http.html#vsearch>).

mod elements;

pub(super) use elements::Placing;

use super::combine;
use super::contained;
use super::error::{SearchError, SearchErrorKind};
use super::hash;
use super::plan::{Clause, Plan};
use super::planner::Planner;
use super::query::Query;
use crate::definitions::compartments::Compartment;
use crate::ids::{ResourceKey, ResourceType};

impl Planner<'_> {
    /// Plans a search of some types within the compartment around a resource; none given is all types that can be in
    /// it, which `_type` may narrow. A type that is never in it is refused as [`SearchErrorKind::NotInCompartment`].
    pub fn plan_compartment(
        &self,
        compartment: &Compartment,
        around: &ResourceKey,
        resource_types: &[ResourceType],
        query: &Query,
    ) -> Result<Plan, SearchError> {
        let members = members(compartment, around.resource_type);
        if let Some(stranger) = resource_types.iter().find(|one| !members.contains(one)) {
            return Err(stranger_in(compartment, *stranger));
        }
        let mut plan = self.plan_within(resource_types, &members, query)?;
        if let Some(stranger) = plan
            .resource_types
            .iter()
            .find(|one| !members.contains(one))
        {
            return Err(stranger_in(compartment, *stranger));
        }
        contained::refuse(&plan, "within a compartment")?;
        let membership = self.membership(compartment, around, &plan.resource_types)?;
        match membership {
            Some(Clause::All(clauses)) => plan.clauses.extend(clauses),
            other => plan.clauses.extend(other),
        }
        Ok(plan)
    }

    /// That a resource is in the compartment.
    fn membership(
        &self,
        compartment: &Compartment,
        around: &ResourceKey,
        types: &[ResourceType],
    ) -> Result<Option<Clause>, SearchError> {
        let target = hash::key_hash(around);
        let mut elements = Vec::new();
        for resource_type in types {
            for code in compartment.parameters(*resource_type) {
                self.check_ready("the compartment", *resource_type, code)?;
                let seeds = self.seeds(*resource_type, code).iter();
                let fitting =
                    seeds.filter(|one| one.target.is_none_or(|one| one == around.resource_type));
                elements.extend(fitting.map(|one| hash::reference(one.seed, target)));
            }
        }
        combine::sort(&mut elements);
        let by_reference = match elements.is_empty() {
            true => Clause::Nothing,
            false => Clause::AnyToken(elements),
        };
        // The resource the compartment is named after is in it.
        let itself = Some(Clause::Ids(vec![around.id.clone()]));
        let itself = match types {
            [only] if *only == around.resource_type => itself,
            _ if types.contains(&around.resource_type) => {
                combine::all([Some(Clause::Types(vec![around.resource_type])), itself])
            }
            _ => Some(Clause::Nothing),
        };
        Ok(combine::any([Some(by_reference), itself]))
    }
}

/// The types that can be in a compartment, sorted.
fn members(compartment: &Compartment, own: ResourceType) -> Vec<ResourceType> {
    let named = compartment.members();
    let named = named.filter_map(|(name, _)| ResourceType::parse(name));
    combine::sorted(named.chain([own]))
}

fn stranger_in(compartment: &Compartment, stranger: ResourceType) -> SearchError {
    let message = format!("{stranger} is never in a {} compartment", compartment.code);
    SearchError::new(SearchErrorKind::NotInCompartment, "_type", message)
}

#[cfg(test)]
mod tests;
