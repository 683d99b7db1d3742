//! Broken resources, where they are broken, and what is said about it.

use super::{ISSUES_MAX, Validator, validate};
use crate::definitions::fixtures::definitions;
use crate::outcome::{Issue, IssueType, Severity};
use crate::resource::Resource;

/// What is found in a resource, one `expression: diagnostics` a line; `None` where the definitions are absent.
fn findings(json: &str) -> Option<String> {
    let resource = Resource::parse(json.to_owned()).unwrap();
    let found: Vec<_> = validate(&resource, definitions()?)
        .iter()
        .map(|issue| format!("{}: {}", issue.expression[0], issue.diagnostics))
        .collect();
    Some(found.join("\n"))
}

fn check(json: &str, expected: &str) {
    if let Some(found) = findings(json) {
        assert_eq!(found, expected, "{json}");
    }
}

/// A Patient with these members.
fn patient(members: &str, expected: &str) {
    check(
        &format!(r#"{{"resourceType":"Patient",{members}}}"#),
        expected,
    );
}

/// An Observation that would be valid without these members.
fn observation(members: &str, expected: &str) {
    check(
        &format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"t"}},{members}}}"#
        ),
        expected,
    );
}

#[test]
fn unknown_elements_are_named() {
    check(r#"{"resourceType":"Patient"}"#, "");
    patient(r#""nam":[]"#, "Patient.nam: unknown element of Patient");
    patient(
        r#""birthdate":"2024""#,
        "Patient.birthdate: unknown element of Patient: the name is 'birthDate'",
    );
    patient(
        r#""deceased":true"#,
        "Patient.deceased: unknown element of Patient: the name of a choice ends in its type, as in 'deceasedBoolean'",
    );
    patient(
        r#""_nobody":{}"#,
        "Patient._nobody: unknown element of Patient",
    );
    patient(r#""Eve O'Neill":1"#, "Patient: unknown element of Patient");
    patient(
        r#""contact":[{"resourceType":"Patient"}]"#,
        "Patient.contact[0].resourceType: unknown element of Patient.contact",
    );
    observation(
        r#""component":[{"code":{"text":"a"}},{"code":{"text":"b"},"valueQuantity":{"val":1}}]"#,
        "Observation.component[1].value.ofType(Quantity).val: unknown element of Quantity",
    );
}

#[test]
fn json_types_follow_the_definition() {
    patient(
        r#""name":{"family":"A"}"#,
        "Patient.name: must be a JSON array: the element may repeat",
    );
    patient(
        r#""gender":["male"]"#,
        "Patient.gender: must not be a JSON array: the element does not repeat",
    );
    patient(
        r#""maritalStatus":"M""#,
        "Patient.maritalStatus: must be a JSON object",
    );
    patient(
        r#""birthDate":{}"#,
        "Patient.birthDate: must be a JSON string",
    );
    patient(
        r#""birthDate":1970"#,
        "Patient.birthDate: must be a JSON string",
    );
    patient(
        r#""active":"true""#,
        "Patient.active: must be true or false, without quotes",
    );
    patient(
        r#""multipleBirthInteger":"1""#,
        "Patient.multipleBirth.ofType(integer): must be a JSON number, without quotes",
    );
    patient(
        r#""active":null"#,
        "Patient.active: null is no value: leave the element out",
    );
    patient(r#""name":[null]"#, "Patient.name[0]: must be a JSON object");
}

#[test]
fn nothing_is_empty() {
    patient(r#""name":[]"#, "Patient.name: an array must not be empty");
    patient(
        r#""name":[{}]"#,
        "Patient.name[0]: must have a value or elements besides its id (ele-1)",
    );
    patient(
        r#""name":[{"id":"a"}]"#,
        "Patient.name[0]: must have a value or elements besides its id (ele-1)",
    );
    patient(
        r#""language":"""#,
        "Patient.language: a value must not be empty",
    );
    patient(
        r#""name":[{"family":" \n"}]"#,
        "Patient.name[0].family: a string must not be white space only",
    );
    patient(
        r#""_birthDate":{}"#,
        "Patient.birthDate: must have a value or extensions (ele-1)",
    );
    patient(
        r#""name":[{"_given":[]}]"#,
        "Patient.name[0].given: an array must not be empty",
    );
}

const EXTENSION: &str = r#"{"extension":[{"url":"http://u","valueCode":"c"}]}"#;

#[test]
fn arrays_of_primitives_are_padded_with_null() {
    let name = |members: &str, expected: &str| {
        let members = members.replace("EXT", EXTENSION);
        patient(&format!(r#""name":[{{{members}}}]"#), expected);
    };
    name(r#""given":["a",null],"_given":[null,EXT]"#, "");
    name(r#""_given":[null,EXT],"given":["a",null]"#, "");
    name(r#""_given":[EXT]"#, "");
    name(r#""given":["a","b"],"_given":[EXT]"#, "");
    name(
        r#""given":["a",null]"#,
        "Patient.name[0].given[1]: null is no value: leave the element out",
    );
    name(
        r#""given":["a",null],"_given":[EXT,null]"#,
        "Patient.name[0].given[1]: null is no value: leave the element out\n\
         Patient.name[0].given[1]: null in both arrays: the element has neither value nor extensions",
    );
    name(
        r#""_given":EXT"#,
        "Patient.name[0].given: must be a JSON array: the element may repeat",
    );
    name(
        r#""given":["a"],"_given":["b"]"#,
        "Patient.name[0].given[0]: must be a JSON object with id and extensions",
    );
    name(r#""family":"a","_family":{"id":"f"}"#, "");
    name(
        r#""_family":{"id":"f"}"#,
        "Patient.name[0].family: must have a value or extensions (ele-1)",
    );
    name(
        r#""family":"a","_family":{"value":"b"}"#,
        "Patient.name[0].family.value: unknown element of Element",
    );
    name(
        r#""_period":{"extension":[]}"#,
        "Patient.name[0].period: a leading underscore is for the id and extensions of primitives only",
    );
    name(
        r#""family":"a","_id":EXT"#,
        "Patient.name[0].id: an attribute in XML has no id and extensions",
    );
}

#[test]
fn long_padding_takes_one_pass() {
    // With a look-up from the beginning for each item this would take minutes.
    let nulls = vec!["null"; 200_000].join(",");
    let companions = vec![EXTENSION; 200_000].join(",");
    patient(
        &format!(r#""name":[{{"given":[{nulls}],"_given":[{companions}]}}]"#),
        "",
    );
}

#[test]
fn required_elements_are_there() {
    check(
        r#"{"resourceType":"Observation"}"#,
        "Observation: 'status' is required\nObservation: 'code' is required",
    );
    let absent =
        format!(r#"{{"resourceType":"Observation","_status":{EXTENSION},"code":{{"text":"t"}}}}"#);
    check(&absent, "");
    check(
        r#"{"resourceType":"Observation","_status":{"id":"a"},"code":{"text":"t"}}"#,
        "Observation.status: must have a value or extensions (ele-1)\nObservation: 'status' is required",
    );
    check(
        r#"{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"d"}}"#,
        "MedicationRequest: 'medication[x]' is required",
    );
    patient(
        r#""communication":[{"preferred":true}]"#,
        "Patient.communication[0]: 'language' is required",
    );
}

#[test]
fn one_type_of_a_choice_is_given() {
    observation(r#""valueString":"a""#, "");
    let companion = format!(r#""valueString":"a","_valueString":{EXTENSION}"#);
    observation(&companion, "");
    observation(
        r#""valueString":"a","valueInteger":1"#,
        "Observation.valueInteger: only one type of the choice may be given",
    );
    observation(
        &companion.replace("_valueString", "_valueInteger"),
        "Observation.valueInteger: only one type of the choice may be given",
    );
    observation(
        r#""valueAddress":{"text":"a"}"#,
        "Observation.valueAddress: unknown element of Observation",
    );
}

#[test]
fn codes_come_from_required_value_sets() {
    patient(
        r#""gender":"Female""#,
        "Patient.gender: not a code of the value set http://hl7.org/fhir/ValueSet/administrative-gender, which is required",
    );
    patient(r#""language":"de-CH""#, "");
    patient(
        r#""language":"Deutsch (Schweiz)""#,
        "Patient.language: not a code of the value set http://hl7.org/fhir/ValueSet/all-languages, which is required",
    );
    patient(
        r#""communication":[{"language":{"text":"sign language"}}]"#,
        "",
    );
    patient(
        r#""photo":[{"contentType":"picture"}]"#,
        "Patient.photo[0].contentType: not a code of the value set http://hl7.org/fhir/ValueSet/mimetypes, which is required",
    );
    let condition = |status: &str, is_valid: bool| {
        let json = format!(
            r#"{{"resourceType":"Condition","subject":{{"display":"d"}},"clinicalStatus":{status}}}"#
        );
        let expected = "Condition.clinicalStatus: not a code of the value set \
                        http://hl7.org/fhir/ValueSet/condition-clinical, which is required";
        check(&json, if is_valid { "" } else { expected });
    };
    let system = "http://terminology.hl7.org/CodeSystem/condition-clinical";
    condition(
        &format!(r#"{{"coding":[{{"system":"{system}","code":"active"}}]}}"#),
        true,
    );
    condition(
        &format!(r#"{{"coding":[{{"code":"x"}},{{"system":"{system}","code":"active"}}]}}"#),
        true,
    );
    condition(
        &format!(r#"{{"coding":[{{"system":"{system}","code":"Active"}}]}}"#),
        false,
    );
    condition(r#"{"coding":[{"code":"active"}]}"#, false);
    condition(
        r#"{"coding":[{"system":"http://else","code":"active"}]}"#,
        false,
    );
    condition(r#"{"text":"active"}"#, false);
    condition(EXTENSION, true);
    check(
        r#"{"resourceType":"Invoice","status":"issued","totalNet":{"value":1.0,"currency":"Euro"}}"#,
        "Invoice.totalNet.currency: not a code of the value set http://hl7.org/fhir/ValueSet/currencies, which is required",
    );
}

#[test]
fn extensions_have_a_url_and_a_value_or_extensions() {
    let extension = |json: &str, expected: &str| {
        patient(&format!(r#""extension":[{json}]"#), expected);
    };
    extension(r#"{"url":"http://u","valueString":"a"}"#, "");
    extension(
        r#"{"url":"http://u","extension":[{"url":"a","valueCode":"b"}]}"#,
        "",
    );
    extension(
        r#"{"valueString":"a"}"#,
        "Patient.extension[0]: 'url' is required",
    );
    extension(
        r#"{"url":"http://u"}"#,
        "Patient.extension[0]: must have a value or extensions (ext-1)",
    );
    extension(
        r#"{"url":"http://u","valueString":"a","extension":[{"url":"a","valueCode":"b"}]}"#,
        "Patient.extension[0]: must have a value or extensions, not both (ext-1)",
    );
    extension(
        r#"{"url":"http://u","valueThing":"a"}"#,
        "Patient.extension[0].valueThing: unknown element of Extension",
    );
    extension(
        r#"{"url":"http://u","valueString":"a","valueCode":"b"}"#,
        "Patient.extension[0].valueCode: only one type of the choice may be given",
    );
}

#[test]
fn resources_inside_resources_are_checked_by_their_type() {
    patient(
        r#""contained":[{"resourceType":"Organization","id":"o","nam":"a"}]"#,
        "Patient.contained[0].nam: unknown element of Organization",
    );
    patient(
        r#""contained":[{"resourceType":"Patient","contained":[{"resourceType":"Patient"}]}]"#,
        "Patient.contained[0].contained[0]: a contained resource must not contain resources (dom-2)",
    );
    let no_type = "a resource names its type, one of R4's, in 'resourceType'";
    patient(
        r#""contained":[{"id":"o"}]"#,
        &format!("Patient.contained[0]: {no_type}"),
    );
    patient(
        r#""contained":[{"resourceType":"DomainResource"}]"#,
        &format!("Patient.contained[0]: {no_type}"),
    );
    patient(
        r##""contained":["#o"]"##,
        "Patient.contained[0]: must be a resource, a JSON object",
    );
    check(
        r#"{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","gender":"m"}}]}"#,
        "Bundle.entry[0].resource.gender: not a code of the value set http://hl7.org/fhir/ValueSet/administrative-gender, which is required",
    );
    check(
        r#"{"resourceType":"Parameters","parameter":[{"name":"p","part":[{"name":"q","resource":{"resourceType":"Slot"}}]}]}"#,
        "Parameters.parameter[0].part[0].resource: 'schedule' is required\n\
         Parameters.parameter[0].part[0].resource: 'status' is required\n\
         Parameters.parameter[0].part[0].resource: 'start' is required\n\
         Parameters.parameter[0].part[0].resource: 'end' is required",
    );
}

#[test]
fn references_have_a_shape() {
    let reference = |text: &str, is_valid: bool| {
        let expected = "Observation.subject: a relative reference is 'Type/id', \
                        'Type/id/_history/version' or 'Type?search'";
        observation(
            &format!(r#""subject":{{"reference":"{text}"}}"#),
            if is_valid { "" } else { expected },
        );
    };
    reference("Patient/1", true);
    reference("Patient/1/_history/2", true);
    reference("Patient?identifier=a|b", true);
    reference("#p", true);
    reference("#", true);
    reference("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", true);
    reference("http://elsewhere/fhir/Patient/1", true);
    reference("Patient/", false);
    reference("Patient", false);
    reference("1", false);
    reference("patient/1", false);
    reference("Patient/1/name", false);
    reference("Nobody?x=y", false);
    reference("/Patient/1", false);
}

#[test]
fn issues_have_type_and_position_and_are_bounded() {
    let Some(definitions) = definitions() else {
        return;
    };
    let of = |json: String| validate(&Resource::parse(json).unwrap(), definitions);
    let issues = of("{\n \"resourceType\":\"Patient\",\n \"é\": 1, \"active\": 1,\n \"birthDate\":\n  \"2024-02-31\",\
                     \"gender\":\"m\"}"
        .to_owned());
    let places: Vec<_> = issues
        .iter()
        .map(|issue| (issue.code, issue.position.unwrap().to_string()))
        .collect();
    let expected = [
        (IssueType::Structure, "line 3, column 7"),
        (IssueType::Structure, "line 3, column 20"),
        (IssueType::Value, "line 5, column 3"),
        (IssueType::CodeInvalid, "line 5, column 25"),
    ]
    .map(|(code, place)| (code, place.to_owned()));
    assert_eq!(places, expected);
    let names = vec![r#"{"family":1}"#; 500].join(",");
    let issues = of(format!(r#"{{"resourceType":"Patient","name":[{names}]}}"#));
    assert_eq!(issues.len(), ISSUES_MAX + 1);
    assert_eq!(issues[ISSUES_MAX].severity, Severity::Information);
    let names = vec![r#"{"family":1}"#; ISSUES_MAX].join(",");
    let issues = of(format!(r#"{{"resourceType":"Patient","name":[{names}]}}"#));
    assert_eq!(issues.len(), ISSUES_MAX);
}

#[test]
fn the_rules_of_a_resource_cost_no_more_than_they_may() {
    let Some(definitions) = definitions() else {
        return;
    };
    let names = r#"{"family":"a","period":{"start":"2026-01-01","end":"2026-01-02"}},"#.repeat(50);
    let names = names.trim_end_matches(',');
    let text = format!(r#"{{"resourceType":"Patient","name":[{names}]}}"#);
    let resource = Resource::parse(text).unwrap();
    let report = |steps| {
        let mut validator = Validator::new(definitions);
        (validator.steps, validator.steps_per_byte) = (steps, 0);
        validator.validate(&resource, &[])
    };
    let enough = report(100_000);
    assert!(enough.is_valid() && !enough.is_exhausted);
    let report = report(200);
    assert!(!report.is_valid() && report.is_exhausted);
    let is_told = |issue: &Issue| issue.code == IssueType::TooCostly;
    assert!(report.issues.iter().any(is_told), "{:?}", report.issues);
}

#[test]
fn ids_of_elements_are_their_own() {
    patient(
        r#""name":[{"id":"a b","family":"x"}]"#,
        "Patient.name[0].id: the id of an element has no white space",
    );
    patient(
        r#""name":[{"id":"a","family":"x"},{"id":"b","family":"x"}],"telecom":[{"id":"b","value":"1"}]"#,
        "Patient.telecom[0].id: another element of the resource has the same id",
    );
    // A contained resource has ids of its own.
    patient(
        r#""name":[{"id":"a","family":"x"}],"contained":[{"resourceType":"Patient","name":[{"id":"a","family":"x"}]}]"#,
        "",
    );
}

#[test]
fn a_simple_quantity_has_no_comparator() {
    let fault = "a SimpleQuantity has no comparator (sqt-1)";
    observation(
        r#""referenceRange":[{"low":{"value":1,"comparator":"<"}}]"#,
        &format!("Observation.referenceRange[0].low: {fault}"),
    );
    observation(r#""valueQuantity":{"value":1,"comparator":"<"}"#, "");
}

#[test]
fn narratives_are_well_formed() {
    let well_formed = |inner: &str, is_one: bool| {
        let text = format!(
            r#"{{"resourceType":"Patient","text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">{inner}</div>"}}}}"#
        );
        let expected = if is_one {
            ""
        } else {
            "Patient.text.div: the narrative is not well-formed XML"
        };
        check(&text, expected);
    };
    well_formed("a &amp; b &#233; <!-- a - b --> ]] &gt;", true);
    for inner in [
        "a ]]> b",
        "&#0;",
        "&#7;",
        "&#xD800;",
        "<!-- a -- b -->x",
        r#"<p title=\"a\"class=\"b\">x</p>"#,
    ] {
        well_formed(inner, false);
    }
    patient(
        "\"name\":[{\"family\":\"a\u{FFFE}\"}]",
        "Patient.name[0].family: U+FFFE and U+FFFF are no characters, and XML has no place for them",
    );
}
