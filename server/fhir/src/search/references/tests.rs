//! References by parameter, and all of them.

use super::*;
use crate::definitions::fixtures::definitions;
use crate::search::extract::ExtractLimits;
use crate::search::index_plan::fixtures::index_plan;

fn extractor() -> Option<Extractor<'static>> {
    Some(Extractor {
        plan: index_plan()?,
        definitions: definitions()?,
        base_url: "http://here/fhir",
        limits: ExtractLimits::default(),
    })
}

fn named(keys: Vec<ResourceKey>) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    keys.join(" ")
}

const OBSERVATION: &str = r##"{"resourceType":"Observation","subject":{"reference":"Group/1"},
    "performer":[{"reference":"http://here/fhir/Practitioner/2/_history/3"},{"reference":"Practitioner/2"},
    {"reference":"http://there/fhir/Practitioner/3"},{"reference":"#p"},{"reference":"urn:uuid:x"},
    {"display":"Practitioner/4"}],"note":[{"authorReference":{"reference":"Patient/5"}}]}"##;

#[test]
fn references_are_found_at_the_operands_of_parameters() {
    let check = |text: &str, codes: &[&str], expected: &str| {
        let Some(extractor) = extractor() else {
            return;
        };
        let resource = Resource::parse(text.to_owned()).unwrap();
        let seeds = codes.iter().flat_map(|code| {
            let seeds = extractor.plan.seeds(resource.resource_type(), code);
            seeds.iter().map(|one| one.seed)
        });
        let keys = extractor.references_of(&resource, &seeds.collect::<Vec<_>>());
        assert_eq!(named(keys.unwrap()), expected, "{codes:?}");
    };
    check(OBSERVATION, &["subject"], "Group/1");
    // The type is asked for by who includes: an operand has references to all.
    check(OBSERVATION, &["patient"], "Group/1");
    check(OBSERVATION, &["performer"], "Practitioner/2");
    check(
        OBSERVATION,
        &["performer", "subject"],
        "Group/1 Practitioner/2",
    );
    check(OBSERVATION, &["code"], "");
    check(OBSERVATION, &[], "");
    let measure =
        r#"{"resourceType":"Measure","library":["http://here/fhir/Library/a|1#x","Library/b"]}"#;
    check(measure, &["depends-on"], "");
}

#[test]
fn all_references_are_found_but_those_of_what_is_carried() {
    let check = |text: &str, expected: &str| {
        let Some(extractor) = extractor() else {
            return;
        };
        let resource = Resource::parse(text.to_owned()).unwrap();
        assert_eq!(named(extractor.all_references(&resource)), expected);
    };
    check(OBSERVATION, "Group/1 Patient/5 Practitioner/2");
    let entry = r#"{"resource":{"resourceType":"Patient","generalPractitioner":[{"reference":"Practitioner/1"}]}}"#;
    check(
        &format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{entry}]}}"#),
        "",
    );
}
