//! The five compartments.

use super::*;
use crate::definitions::fixtures::definitions;
use crate::search::planner::Handling;
use crate::search::planner::fixtures::{planner, resource_types, shown};
use crate::search::query::QueryLimits;

fn planned(around: &str, types: &str, text: &str) -> Option<Result<Plan, SearchError>> {
    let around: ResourceKey = around.parse().unwrap();
    let compartment = definitions()?
        .compartments
        .of(around.resource_type)
        .unwrap();
    let query = Query::parse(text, QueryLimits::default()).unwrap();
    let planner = planner(Handling::Strict)?;
    Some(planner.plan_compartment(compartment, &around, &resource_types(types), &query))
}

fn check(around: &str, query: &str, expected: &str) {
    let (types, text) = query.split_once('?').unwrap();
    if let Some(plan) = planned(around, types, text) {
        let clauses: Vec<String> = plan.unwrap().clauses.iter().map(shown).collect();
        assert_eq!(clauses.join(" & "), expected, "{around} {query}");
    }
}

#[test]
fn every_compartment_is_searched_by_its_parameters() {
    // subject and performer.
    check("Patient/1", "Observation?", "has 2");
    check("Patient/1", "Observation?code=x", "has 1 & has 2");
    check("Encounter/1", "Observation?", "has 1");
    check("Practitioner/1", "Observation?", "has 1");
    check("RelatedPerson/1", "Observation?", "has 1");
    check("Device/1", "Observation?", "has 2");
    check("Patient/1", "Patient?", "(has 1 | id 1)");
    check("Encounter/1", "Encounter?", "id 1");
    check("Patient/1", "?_type=Observation", "has 2");
    check(
        "Patient/1",
        "?_type=Observation,Patient",
        "(has 3 | (id 1 & type Patient))",
    );
    if let Some(plan) = planned("Patient/1", "", "") {
        let plan = plan.unwrap();
        assert!(
            plan.resource_types.len() > 60,
            "{}",
            plan.resource_types.len()
        );
        assert_eq!(plan.clauses.len(), 1);
    }
}

#[test]
fn a_type_that_is_never_in_it_is_no_place() {
    let refuse = |around: &str, types: &str, text: &str| {
        if let Some(plan) = planned(around, types, text) {
            let error = plan.map(|plan| plan.clauses).unwrap_err();
            assert_eq!(
                error.kind,
                SearchErrorKind::NotInCompartment,
                "{around} {types}?{text}"
            );
            assert!(!error.can_be_dropped());
            assert!(error.message.contains("is never in a"), "{error}");
        }
    };
    refuse("Patient/1", "Organization", "");
    refuse("Patient/1", "", "_type=Organization");
    refuse("Device/1", "ValueSet", "name=a");
}

#[test]
fn the_same_compartment_is_the_same_plan() {
    let (Some(one), Some(other)) = (
        planned("Patient/1", "Observation", "code=a,b&status=final"),
        planned("Patient/1", "Observation", "status=final&code=b,a"),
    ) else {
        return;
    };
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.criteria_key(), other.criteria_key());
    let elsewhere = planned("Patient/2", "Observation", "code=a,b&status=final");
    assert_ne!(
        elsewhere.unwrap().unwrap().criteria_key(),
        one.criteria_key()
    );
}

#[test]
fn contained_resources_are_in_none() {
    for text in ["_contained=true", "_contained=both"] {
        if let Some(plan) = planned("Patient/1", "Observation", text) {
            let error = plan.map(|plan| plan.clauses).unwrap_err();
            assert_eq!(error.kind, SearchErrorKind::NotSupported, "{text}");
            assert!(error.message.contains("within a compartment"), "{error}");
        }
    }
    check("Patient/1", "Observation?_contained=false", "has 2");
}
