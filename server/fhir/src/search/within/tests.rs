//! What chains find inside resources.

use super::*;
use crate::definitions::fixtures::definitions;
use crate::search::extract::ExtractLimits;
use crate::search::index_plan::IndexPlan;
use crate::search::planner::Handling;
use crate::search::planner::fixtures::planned;

const REPORT: &str = r##"{"resourceType":"DiagnosticReport","id":"r","contained":[
    {"resourceType":"Patient","id":"p","name":[{"family":"Moreau","given":["Anna"]}],"birthDate":"1980-05-01",
     "managingOrganization":{"reference":"#o"},"generalPractitioner":[{"reference":"Practitioner/near"}]},
    {"resourceType":"Patient","id":"q","name":[{"family":"Other"}]},
    {"resourceType":"Organization","id":"o","name":"Inside","partOf":{"reference":"Organization/above"}},
    {"resourceType":"Observation","id":"x","subject":{"reference":"#q"},
     "code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
     "valueQuantity":{"value":120,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}],
    "subject":{"reference":"#p"},"result":[{"reference":"#x"}],"basedOn":[{"reference":"#absent"}]}"##;

/// Whether the chain of a query holds inside the report, where these of the stored resources that it leads on to meet
/// what is asked of them; and how many are asked for.
fn check(query: &str, met: &[&str], expected: bool, asked: usize) {
    let Some(definitions) = definitions() else {
        return;
    };
    let index = IndexPlan::compile(definitions).unwrap();
    let plan = planned("DiagnosticReport", query, Handling::Strict);
    let plan = plan.unwrap().unwrap();
    let container = Resource::parse(REPORT.to_owned()).unwrap();
    let within = Within {
        extractor: Extractor {
            plan: &index,
            definitions,
            base_url: "http://here.example/fhir",
            limits: ExtractLimits::default(),
        },
        container: &container,
        last_updated: Timestamp::UNIX_EPOCH,
    };
    let mut beyond = Beyond::default();
    let mut count = 0;
    let found = loop {
        let mut chains = plan.clauses.iter().map(|clause| match clause {
            Clause::RefersTo { seeds, target } => within.refers(seeds, target, &mut beyond),
            other => panic!("{query} asks {other:?}"),
        });
        let found = chains.all(|found| found);
        let asked = beyond.take_asked();
        if asked.is_empty() {
            break found;
        }
        for (criteria, keys) in asked {
            count += keys.len();
            let is_met = |key: &&ResourceKey| met.contains(&&*key.to_string());
            let met: Vec<_> = keys.iter().filter(is_met).cloned().collect();
            beyond.learn(criteria, keys, &met);
        }
    };
    assert_eq!((found, count), (expected, asked), "{query}");
}

#[test]
fn conditions_are_asked_of_what_is_contained() {
    for (query, expected) in [
        ("subject:Patient.name=moreau", true),
        ("patient.name=moreau", true),
        ("subject:Patient.name=other", false),
        ("subject:Device.type=a", false),
        ("subject:Patient.birthdate=ge1980", true),
        ("subject:Patient.birthdate=gt1980-05-01", false),
        ("subject:Patient.family:exact=Moreau", true),
        ("subject:Patient.family:exact=moreau", false),
        ("subject:Patient.gender:missing=true", true),
        ("subject:Patient.gender:not=male", true),
        (
            "result.code-value-quantity=http://loinc.org|8480-6$ge120",
            true,
        ),
        (
            "result.code-value-quantity=http://loinc.org|8480-6$gt120",
            false,
        ),
        ("result.value-quantity=120||mm[Hg]", true),
        ("based-on:ServiceRequest.status=active", false),
        ("patient.name=moreau&result.code=8480-6", true),
        ("patient.name=moreau&result.code=8480-7", false),
    ] {
        check(query, &[], expected, 0);
    }
}

#[test]
fn chains_lead_on_to_siblings_and_to_what_is_stored() {
    check("patient.organization.name=inside", &[], true, 0);
    check("patient.organization.name=outside", &[], false, 0);
    check("result.subject:Patient.family=other", &[], true, 0);
    check("result.subject:Patient.family=moreau", &[], false, 0);
    let stored = &["Practitioner/near"];
    let practitioner = "patient.general-practitioner:Practitioner.family=a";
    check(practitioner, stored, true, 1);
    check(practitioner, &[], false, 1);
    check(
        "patient.organization.partof.name=a",
        &["Organization/above"],
        true,
        1,
    );
    check("patient.organization.partof.name=a", &[], false, 1);
}
