//! A resource is in a compartment by its elements exactly where a search of the compartment finds it.

use jiff::Timestamp;

use super::*;
use crate::definitions::fixtures::definitions;
use crate::fixtures;
use crate::resource::Resource;
use crate::search::extract::fixtures::extractor;
use crate::search::index_plan::{IndexPlan, Source};
use crate::search::matches::ResourceFacts;
use crate::search::planner::Handling;
use crate::search::planner::fixtures::planner;
use crate::search::query::{Query, QueryLimits};

/// An expression may fail on a resource, which goes without its values then: never into no compartment.
#[test]
fn what_places_a_resource_is_walked_and_never_evaluated() {
    let Some(definitions) = definitions() else {
        return;
    };
    let index = IndexPlan::compile(definitions).unwrap();
    let mut placing = 0;
    for (resource_type, plan) in &index.types {
        let seeds = index.placing_seeds(*resource_type);
        for operand in &plan.operands {
            if seeds.contains(&operand.seed) {
                let (code, path) = (&operand.code, &operand.source);
                assert!(
                    matches!(path, Source::Path { .. }),
                    "{resource_type}: {code}"
                );
                placing += 1;
            }
        }
    }
    assert!(placing >= 100, "{placing}");
}

#[test]
fn examples_are_in_the_compartments_that_searches_find_them_in() {
    let (Some(definitions), Some(planner)) = (definitions(), planner(Handling::Strict)) else {
        return;
    };
    let index = IndexPlan::compile(definitions).unwrap();
    let extractor = extractor(&index, definitions);
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
        if BESIDE
            .iter()
            .any(|(name, _)| *name == own.resource_type.name())
        {
            return;
        }
        let mut values = extractor.extract(&resource).unwrap();
        values.place_around(&own);
        assert!(values.tokens.is_sorted_by(|one, next| one < next), "{name}");
        let mut centers: Vec<ResourceKey> = values.references.clone();
        centers.retain(|key| key.resource_type == patient);
        if !centers.is_empty() {
            centers.push("Patient/nobody".parse().unwrap());
        }
        centers.extend((own.resource_type == patient).then(|| own.clone()));
        // By Patient.link a search finds others, in whose compartments the Patient is not.
        centers.retain(|center| own.resource_type != patient || *center == own);
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

#[test]
fn what_refers_to_a_patient_is_known_to_be_in_the_compartment() {
    let (Some(definitions), Some(planner)) = (definitions(), planner(Handling::Strict)) else {
        return;
    };
    let index = IndexPlan::compile(definitions).unwrap();
    let extractor = extractor(&index, definitions);
    let mut known = std::collections::BTreeSet::new();
    assert!(fixtures::examples(|name, bytes| {
        let Ok(resource) = Resource::parse(bytes) else {
            return;
        };
        let types = [resource.resource_type()];
        let values = extractor.extract(&resource).unwrap();
        let patients = values.references.iter();
        let patients = patients.filter(|key| key.resource_type.name() == "Patient");
        for (patient, code) in patients.flat_map(|patient| {
            let codes = index.types[&types[0]].parameters.iter();
            codes.map(move |one| (patient, &*one.code))
        }) {
            let query = format!("{code}={patient}");
            let query = Query::parse(&query, QueryLimits::default()).unwrap();
            let Ok(plan) = planner.plan(&types, &query) else {
                continue;
            };
            let element = hash::compartment(patient);
            if !plan.compartments().contains(&element) {
                continue;
            }
            let facts = ResourceFacts {
                resource_type: types[0],
                id: &"x".parse().unwrap(),
                last_updated: Timestamp::UNIX_EPOCH,
                values: &values,
            };
            if plan.matches(facts) == Some(true) {
                let is_in = values.tokens.binary_search(&element).is_ok();
                assert!(is_in, "{name}: {code}={patient}");
                known.insert(format!("{}?{code}", types[0]));
            }
        }
    }));
    for query in [
        "Observation?patient",
        "Observation?subject",
        "Appointment?patient",
        "Claim?patient",
    ] {
        assert!(known.contains(query), "{query} of {known:?}");
    }
    assert!(!known.contains("Appointment?supporting-info"), "{known:?}");
}

#[test]
fn compartments_are_known_of_one_type_and_of_what_all_matches_refer_to() {
    let Some(planner) = planner(Handling::Strict) else {
        return;
    };
    let observation = ResourceType::parse("Observation").unwrap();
    let condition = ResourceType::parse("Condition").unwrap();
    let check = |types: &[ResourceType], query: &str, expected: bool| {
        let parsed = Query::parse(query, QueryLimits::default()).unwrap();
        let plan = planner.plan(types, &parsed).unwrap();
        let element = hash::compartment(&"Patient/1".parse().unwrap());
        assert_eq!(plan.compartments().contains(&element), expected, "{query}");
    };
    for (query, expected) in [
        ("patient=1", true),
        ("patient=Patient/1&code=x", true),
        ("subject=Patient/1", true),
        ("performer=Patient/1", true),
        ("subject=Patient/1,Patient/2", false),
        ("focus=Patient/1", false),
        ("patient.name=x", false),
        ("patient=1&_contained=true", false),
        ("_filter=patient re Patient/1 or code eq x", false),
    ] {
        check(&[observation], query, expected);
    }
    check(&[observation, condition], "subject=Patient/1", false);
}

#[test]
fn what_has_a_patient_is_the_patients_where_no_compartment_says_so() {
    let Some(definitions) = definitions() else {
        return;
    };
    let index = IndexPlan::compile(definitions).unwrap();
    let extractor = extractor(&index, definitions);
    let check = |text: &str, expected: bool| {
        let resource = Resource::parse(text.to_owned()).unwrap();
        let values = extractor.extract(&resource).unwrap();
        let element = hash::compartment(&"Patient/1".parse().unwrap());
        assert_eq!(values.tokens.contains(&element), expected, "{text}");
        let placed = index.placed();
        assert!(placed.contains(&resource.resource_type()), "{text}");
    };
    check(
        r#"{"resourceType":"Task","for":{"reference":"Patient/1"}}"#,
        true,
    );
    check(
        r#"{"resourceType":"Task","for":{"reference":"Group/1"}}"#,
        false,
    );
    check(
        r#"{"resourceType":"Task","focus":{"reference":"Patient/1"}}"#,
        false,
    );
    check(
        r#"{"resourceType":"Device","patient":{"reference":"Patient/1"}}"#,
        true,
    );
    check(
        r#"{"resourceType":"GuidanceResponse","subject":{"reference":"Patient/1"}}"#,
        true,
    );
    let organization = ResourceType::parse("Organization").unwrap();
    assert!(!index.placed().contains(&organization));
}
