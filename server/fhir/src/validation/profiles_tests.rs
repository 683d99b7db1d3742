//! What profiles that are written here hold resources to.

use crate::definitions::fixtures::definitions;
use crate::definitions::profiles::{Profiles, ProfilesBuilder};
use crate::json::Document;
use crate::outcome::{Issue, Severity};
use crate::resource::Resource;
use crate::validation::{Report, Strictness, Validator};

const PROFILE: &str = "http://test/profile";

/// A profile of a type, and extensions.
fn profiles(type_name: &str, elements: &str, others: &[&str]) -> Option<Profiles> {
    let definitions = definitions()?;
    let profile = format!(
        r#"{{"resourceType":"StructureDefinition","url":"{PROFILE}","kind":"resource","type":"{type_name}","derivation":"constraint",
        "baseDefinition":"http://hl7.org/fhir/StructureDefinition/{type_name}","differential":{{"element":[{elements}]}}}}"#
    );
    let mut builder = ProfilesBuilder::default();
    for text in others.iter().copied().chain([&*profile]) {
        let document = Document::parse(text.to_owned()).unwrap();
        builder.add(document.root()).unwrap();
    }
    let (all, faults) = builder.build(&definitions.structures, &definitions.profiles);
    assert_eq!(faults, []);
    let mut both = definitions.profiles.clone();
    both.extend(Vec::from(all));
    Some(both)
}

fn report(profiles: &Profiles, json: &str) -> Report {
    let mut validator = Validator::new(definitions().unwrap());
    validator.profiles = profiles;
    validator.strictness = Strictness {
        warnings: true,
        ..Strictness::default()
    };
    let resource = Resource::parse(json.to_owned()).unwrap();
    validator.validate(&resource, &[PROFILE])
}

/// What is said beside advice on narratives.
fn said(issues: &[Issue]) -> String {
    let told = issues
        .iter()
        .filter(|one| !one.diagnostics.contains("dom-6"));
    let shown = |one: &Issue| {
        format!(
            "{} {}: {}",
            one.severity.code(),
            one.expression[0],
            one.diagnostics
        )
    };
    told.map(shown).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_binding_is_to_the_version_it_names() {
    let check = |version: &str, code: &str, expected: &str, is_asked: bool| {
        let element = format!(
            r#"{{"path":"Patient.maritalStatus","binding":{{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/marital-status{version}"}}}}"#
        );
        let Some(profiles) = profiles("Patient", &element, &[]) else {
            return;
        };
        let system = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus";
        let patient = format!(
            r#"{{"resourceType":"Patient","maritalStatus":{{"coding":[{{"system":"{system}","code":"{code}"}}]}}}}"#
        );
        let report = report(&profiles, &patient);
        let is_bound = |one: &&Issue| one.severity == Severity::Error;
        let errors: Vec<Issue> = report.issues.iter().filter(is_bound).cloned().collect();
        assert_eq!(said(&errors), expected, "{version} {code}");
        let named = format!("marital-status{version}");
        let is_it = |one: &super::CodeQuestion| one.value_set.ends_with(&named);
        assert_eq!(
            report.questions.iter().any(is_it),
            is_asked,
            "{version} {code}"
        );
    };
    let refused = |version: &str| {
        format!(
            "error Patient.maritalStatus: has no code of the value set http://hl7.org/fhir/ValueSet/marital-status{version}, which is required"
        )
    };
    check("", "M", "", false);
    check("", "nope", &refused(""), false);
    check("|4.0.1", "M", "", false);
    check("|4.0.0", "nope", &refused("|4.0.0"), false);
    // Another version is the terminology's to know.
    check("|2.1", "nope", "", true);
    check("|2.1", "M", "", true);
}

#[test]
fn a_text_matches_the_regular_expression_of_its_profile() {
    let regex = |text: &str| {
        format!(
            r#""extension":[{{"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":"{text}"}}]"#
        )
    };
    let element = format!(
        r#"{{"path":"Patient.identifier.value",{}}},{{"path":"Patient.birthDate","type":[{{"code":"date",{}}}]}}"#,
        regex("[0-9]{3}"),
        regex("19.*")
    );
    let Some(profiles) = profiles("Patient", &element, &[]) else {
        return;
    };
    let check = |value: &str, birth: &str, expected: &str| {
        let patient = format!(
            r#"{{"resourceType":"Patient","identifier":[{{"value":"{value}"}}],"birthDate":"{birth}"}}"#
        );
        assert_eq!(said(&report(&profiles, &patient).issues), expected);
    };
    check("123", "1999-01-01", "");
    check(
        "1234",
        "1999-01-01",
        "error Patient.identifier[0].value: must match the regular expression [0-9]{3}",
    );
    check(
        "123",
        "2001-01-01",
        "error Patient.birthDate: must match the regular expression 19.*",
    );
}

const RANK: &str = r#"{"resourceType":"StructureDefinition","url":"http://test/rank","kind":"complex-type","type":"Extension",
    "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension",
    "context":[{"type":"element","expression":"Patient"}],"differential":{"element":[{"path":"Extension"},
    {"path":"Extension.extension","sliceName":"grade","max":"1"},{"path":"Extension.extension.url","fixedUri":"grade"},
    {"path":"Extension.extension.value[x]","type":[{"code":"string"}]},
    {"path":"Extension.url","fixedUri":"http://test/rank"},{"path":"Extension.value[x]","max":"0"}]}}"#;

#[test]
fn a_complex_extension_has_the_parts_of_its_definition() {
    let Some(profiles) = profiles("Patient", r#"{"path":"Patient"}"#, &[RANK]) else {
        return;
    };
    let check = |parts: &[&str], expected: &str| {
        let part = |url: &&str| format!(r#"{{"url":"{url}","valueString":"a"}}"#);
        let parts: Vec<String> = parts.iter().map(part).collect();
        let patient = format!(
            r#"{{"resourceType":"Patient","extension":[{{"url":"http://test/rank","extension":[{}]}}]}}"#,
            parts.join(",")
        );
        assert_eq!(said(&report(&profiles, &patient).issues), expected);
    };
    check(&["grade"], "");
    check(
        &["grade", "grad"],
        "error Patient.extension[0].extension[1]: the extension has no part 'grad'",
    );
}

#[test]
fn a_quantity_that_cannot_be_compared_with_its_bound_is_told() {
    let bound = r#"{"value":10,"system":"http://unitsofmeasure.org","code":"g"}"#;
    let element = format!(r#"{{"path":"Observation.valueQuantity","minValueQuantity":{bound}}}"#);
    let Some(profiles) = profiles("Observation", &element, &[]) else {
        return;
    };
    let check = |value: &str, unit: &str, expected: &str| {
        let observation = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"t"}},"valueQuantity":{{"value":{value},"system":"http://unitsofmeasure.org","code":"{unit}"}}}}"#
        );
        let all = said(&report(&profiles, &observation).issues);
        let told: Vec<&str> = all.lines().filter(|line| line.contains(bound)).collect();
        assert_eq!(told.join("\n"), expected);
    };
    let place = "Observation.value.ofType(Quantity)";
    check("1", "kg", "");
    check(
        "9",
        "g",
        &format!("error {place}: must not be less than {bound}"),
    );
    check(
        "5",
        "cm",
        &format!("warning {place}: cannot be compared with {bound}"),
    );
}

#[test]
fn units_are_noted_as_codings_are() {
    let Some(profiles) = profiles("Observation", r#"{"path":"Observation"}"#, &[]) else {
        return;
    };
    let observation = r#"{"resourceType":"Observation","status":"final","code":{"text":"t"},
        "valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"mgg"}}"#;
    let report = report(&profiles, observation);
    let found = report.codings.iter().map(|one| {
        format!(
            "{:?} {}",
            one.coding.code.as_deref(),
            one.issue.expression[0]
        )
    });
    let expected = r#"Some("mgg") Observation.value.ofType(Quantity).code"#;
    assert_eq!(found.collect::<Vec<_>>(), [expected]);
}

#[test]
fn what_is_less_takes_no_place_of_what_is_worse() {
    let preferred = r#"{"path":"Observation.category","binding":{"strength":"preferred","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}}"#;
    let last = r#"{"path":"Observation.interpretation","binding":{"strength":"extensible","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}}"#;
    let Some(profiles) = profiles("Observation", &format!("{preferred},{last}"), &[]) else {
        return;
    };
    let coded = r#"{"coding":[{"system":"http://test","code":"a"}]},"#;
    let observation = format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"t"}},"category":[{}],"interpretation":[{}]}}"#,
        coded.repeat(130).trim_end_matches(','),
        coded.trim_end_matches(',')
    );
    let issues = report(&profiles, &observation).issues;
    let of = |severity| issues.iter().filter(|one| one.severity == severity).count();
    assert!(issues.iter().any(|one| {
        one.severity == Severity::Warning && &*one.expression[0] == "Observation.interpretation[0]"
    }));
    assert_eq!(of(Severity::Information), 101);
    let end = issues.last().unwrap();
    assert_eq!(&*end.diagnostics, "there are more findings than are listed");
}

/// So many rules are looked at until a resource has cost enough, each for as much as one rule may cost.
#[test]
fn costly_rules_cost_a_resource_little_more_than_one_of_them() {
    let rule = |n: usize| {
        format!(
            r#"{{"key":"r-{n}","severity":"error","human":"h","expression":"(1|2|3|4|5|6|7|8|9).repeat($this+{n}).count()>1"}}"#
        )
    };
    let rules: Vec<String> = (1..=400).map(rule).collect();
    let element = format!(r#"{{"path":"Patient","constraint":[{}]}}"#, rules.join(","));
    let Some(profiles) = profiles("Patient", &element, &[]) else {
        return;
    };
    let report = report(&profiles, r#"{"resourceType":"Patient"}"#);
    let is_looked_at = |one: &&Issue| one.diagnostics.contains("could not be checked");
    let looked_at = report.issues.iter().filter(is_looked_at).count();
    assert!(report.is_exhausted && looked_at <= 40, "{looked_at}");
}

#[test]
fn a_narrative_runs_no_script() {
    let Some(profiles) = profiles("Patient", r#"{"path":"Patient"}"#, &[]) else {
        return;
    };
    let check = |inner: &str, is_refused: bool| {
        let patient = format!(
            r#"{{"resourceType":"Patient","text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a {inner}</div>"}}}}"#
        );
        let told = said(&report(&profiles, &patient).issues);
        assert_eq!(
            told.contains("a link that runs a script"),
            is_refused,
            "{inner}: {told}"
        );
    };
    let link = |to: &str| format!(r#"<a href=\"{to}\">b</a>"#);
    check(&link("data:text/html,<b>".trim_end_matches("<b>")), true);
    check(&link(" DATA: Text/HTML;base64,YQ=="), true);
    check(&link("data:&#116;ext/html,a"), true);
    check(&link("data:text/plain,a"), false);
    check(&link("javascript:a()"), true);
    check(r#"<img src=\"data:image/png;base64,YQ==\"/>"#, false);
    check(r#"<img src=\"data:image/svg+xml;base64,YQ==\"/>"#, true);
    let style = |text: &str| format!(r#"<b style=\"{text}\">b</b>"#);
    check(&style("color: red"), false);
    check(&style("background: url(javascript:a())"), true);
    check(&style("background: url(java&#115;cript:a())"), true);
    check(&style("background: url( data:text/html,a )"), true);
}
