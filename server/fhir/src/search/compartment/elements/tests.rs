//! A resource is in a compartment by its elements exactly where a search of the compartment finds it.

use jiff::Timestamp;

use super::*;
use crate::definitions::fixtures::definitions;
use crate::fixtures;
use crate::resource::Resource;
use crate::search::extract::{ExtractLimits, Extractor};
use crate::search::index_plan::IndexPlan;
use crate::search::matches::ResourceFacts;
use crate::search::planner::Handling;
use crate::search::planner::fixtures::planner;
use crate::search::query::{Query, QueryLimits};

#[test]
fn examples_are_in_the_compartments_that_searches_find_them_in() {
    let (Some(definitions), Some(planner)) = (definitions(), planner(Handling::Strict)) else {
        return;
    };
    let index = IndexPlan::compile(definitions).unwrap();
    let extractor = Extractor {
        plan: &index,
        definitions,
        base_url: planner.base_url,
        limits: ExtractLimits::default(),
    };
    let patient = ResourceType::parse("Patient").unwrap();
    let compartment = definitions.compartments.of(patient).unwrap();
    let everything = Query::parse("", QueryLimits::default()).unwrap();
    let (mut inside, mut outside, mut types) = (0, 0, std::collections::BTreeSet::new());
    assert!(fixtures::examples(|name, bytes| {
        let Ok(resource) = Resource::parse(bytes) else {
            return;
        };
        let Some(id) = resource.id().and_then(|id| id.parse().ok()) else {
            return;
        };
        let own = ResourceKey::new(resource.resource_type(), id);
        let mut values = extractor.extract(&resource).unwrap();
        values.place_around(&own);
        assert!(values.tokens.is_sorted_by(|one, next| one < next), "{name}");
        let mut centers: Vec<ResourceKey> = values.references.clone();
        centers.retain(|key| key.resource_type == patient);
        if !centers.is_empty() {
            centers.push("Patient/nobody".parse().unwrap());
        }
        centers.extend((own.resource_type == patient).then(|| own.clone()));
        for center in centers {
            let searched = [own.resource_type];
            let facts = ResourceFacts {
                resource_type: own.resource_type,
                id: &own.id,
                last_updated: Timestamp::UNIX_EPOCH,
                values: &values,
            };
            // A type that is never in it is refused.
            let is_found = planner
                .plan_compartment(compartment, &center, &searched, &everything)
                .map_or(Some(false), |plan| plan.matches(facts));
            let element = hash::compartment(&center);
            let is_in = values.tokens.binary_search(&element).is_ok();
            assert_eq!(Some(is_in), is_found, "{name}: {center}");
            match is_in {
                true => {
                    inside += 1;
                    types.insert(own.resource_type);
                }
                false => outside += 1,
            }
        }
    }));
    println!(
        "{inside} times in a compartment, {outside} times not, {} types",
        types.len()
    );
    assert!(inside > 300 && outside > 300 && types.len() > 50);
}
