//! References by parameter.

use super::*;
use crate::definitions::fixtures::definitions;
use crate::search::extract::ExtractLimits;
use crate::search::index_plan::fixtures::index_plan;

#[test]
fn references_are_found_by_parameter_and_by_all() {
    let check = |text: &str, code: Option<&str>, expected: &str| {
        let (Some(plan), Some(definitions)) = (index_plan(), definitions()) else {
            return;
        };
        let extractor = Extractor {
            plan,
            definitions,
            base_url: "http://here/fhir",
            limits: ExtractLimits::default(),
        };
        let resource = Resource::parse(text.to_owned()).unwrap();
        let keys = extractor.references_of(&resource, code).unwrap();
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(keys.join(" "), expected, "{code:?}");
    };
    let group = r##"{"resourceType":"Observation","subject":{"reference":"Group/1"},
        "performer":[{"reference":"http://here/fhir/Practitioner/2/_history/3"},{"reference":"Practitioner/2"},
        {"reference":"http://there/fhir/Practitioner/3"},{"reference":"#p"},{"reference":"urn:uuid:x"},
        {"display":"Practitioner/4"}],"note":[{"authorReference":{"reference":"Patient/5"}}]}"##;
    check(group, Some("subject"), "Group/1");
    check(group, Some("patient"), "");
    check(group, Some("performer"), "Practitioner/2");
    check(group, Some("code"), "");
    check(group, Some("nothing"), "");
    check(group, None, "Group/1 Practitioner/2");
    check(
        r#"{"resourceType":"Observation","subject":{"reference":"Patient/1"}}"#,
        Some("patient"),
        "Patient/1",
    );
    let measure = r#"{"resourceType":"Measure","library":["http://here/fhir/Library/a|1#x","Library/b","http://there/Library/c"]}"#;
    check(measure, Some("depends-on"), "Library/a Library/b");
}
