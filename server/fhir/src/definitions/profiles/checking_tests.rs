//! What is said of StructureDefinitions that cannot be profiles; published ones can.

use super::snapshot_tests::published;
use super::{Profiles, faults};
use crate::definitions::fixtures::definitions;
use crate::json::Document;

/// The places and sentences for a profile of `Observation` with these members and elements.
fn said(members: &str, elements: &str) -> Option<Vec<String>> {
    let definitions = definitions()?;
    let text = format!(
        r#"{{"url":"http://test/own","kind":"resource","type":"Observation","derivation":"constraint"{members},
        "differential":{{"element":[{{"path":"Observation"}},{elements}]}}}}"#
    );
    let document = Document::parse(text).unwrap();
    let found = faults(
        document.root(),
        (&definitions.structures, &definitions.code_sets),
        &definitions.profiles,
        &[],
    );
    let line = |issue: &crate::outcome::Issue| {
        let place = issue.expression[0].trim_start_matches("StructureDefinition");
        format!("{place}: {}", issue.diagnostics)
    };
    Some(found.iter().map(line).collect())
}

const BASE: &str = r#","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation""#;

fn check(elements: &str, expected: &str) {
    let Some(found) = said(BASE, elements) else {
        return;
    };
    let found = found.join("; ");
    let found = found.trim_start_matches(".differential.element[1]");
    assert_eq!(found, expected, "{elements}");
}

#[test]
fn elements_are_those_of_the_type() {
    for (path, expected) in [
        ("Observation.status", ""),
        ("Observation.value[x]", ""),
        ("Observation.valueQuantity.value", ""),
        ("Observation.value[x].coding.code", ""),
        ("Observation.component.referenceRange.low", ""),
        ("Observation.extension.value[x].system", ""),
        ("Observation.contained.anything", ""),
        (
            "Observation.stauts",
            ".path: there is no element 'Observation.stauts'",
        ),
        (
            "Observation.value",
            ".path: there is no element 'Observation.value'",
        ),
        (
            "Observation.status[x]",
            ".path: there is no element 'Observation.status[x]'",
        ),
        (
            "Observation.code.codings",
            ".path: there is no element 'Observation.code.codings'",
        ),
        (
            "Patient.name",
            ".path: the path does not begin with 'Observation'",
        ),
    ] {
        check(&format!(r#"{{"path":"{path}"}}"#), expected);
    }
}

#[test]
fn occurrences_and_types_are_within_those_of_the_type() {
    for (members, expected) in [
        (
            r#""path":"Observation.value[x]","type":[{"code":"Quantity"}],"min":1"#,
            "",
        ),
        (
            r#""path":"Observation.category","sliceName":"a","min":0,"max":"1""#,
            "",
        ),
        (r#""path":"Observation.code","sliceName":"a","min":0"#, ""),
        (
            r#""path":"Observation.category","min":2,"max":"1""#,
            ": 'Observation.category' occurs 2 times at least, 1 at most",
        ),
        (
            r#""path":"Observation.code","max":"*""#,
            ".max: 'Observation.code' allows more occurrences than its type",
        ),
        (
            r#""path":"Observation.code","min":0"#,
            ".min: 'Observation.code' asks for fewer occurrences than its type",
        ),
        (
            r#""path":"Observation.value[x]","type":[{"code":"Money"}]"#,
            ".type: 'Observation.value[x]' is not of the type 'Money'",
        ),
        (
            r#""path":"Observation.status","patternCodeableConcept":{"text":"a"}"#,
            ".pattern: 'Observation.status' is not of the type 'CodeableConcept'",
        ),
    ] {
        check(&format!("{{{members}}}"), expected);
    }
}

#[test]
fn expressions_are_fhirpath() {
    let rule = |expression: &str| {
        format!(
            r#"{{"path":"Observation.code","constraint":[{{"key":"a","severity":"error","human":"a","expression":"{expression}"}}]}}"#
        )
    };
    check(&rule("coding.exists()"), "");
    let Some(found) = said(BASE, &rule("coding.exists(")) else {
        return;
    };
    let place = ".differential.element[1].constraint[0].expression: the expression is no FHIRPath";
    assert!(found[0].starts_with(place), "{found:?}");
    let slicing = r#"{"path":"Observation.category","slicing":{"rules":"open","discriminator":[{"type":"value","path":"coding..code"}]}}"#;
    let found = said(BASE, slicing).unwrap();
    let place = ".differential.element[1].slicing.discriminator[0].path: ";
    assert!(found[0].starts_with(place), "{found:?}");
    let context = r#","context":[{"type":"fhirpath","expression":"a b"},{"type":"element","expression":"a b"}],
        "contextInvariant":["a","=a"]"#;
    let found = said(
        &format!("{BASE}{context}"),
        r#"{"path":"Observation.code"}"#,
    )
    .unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with(".context[0].expression")
            && found[1].starts_with(".contextInvariant[1]")
    );
}

#[test]
fn what_it_is_derived_from_is_known() {
    for (base, expected) in [
        (
            "http://nobody.example/knows",
            ": the profile cannot be used: 'http://nobody.example/knows', which it is derived from, is unknown",
        ),
        (
            "http://test/own",
            ": the profile cannot be used: the line of profiles it is derived from has no end",
        ),
        ("http://hl7.org/fhir/StructureDefinition/vitalsigns", ""),
    ] {
        let base = format!(r#","baseDefinition":"{base}""#);
        let Some(found) = said(&base, r#"{"path":"Observation.code"}"#) else {
            return;
        };
        assert_eq!(found.join("; "), expected);
    }
}

#[test]
fn published_profiles_have_no_faults() {
    let Some(definitions) = definitions() else {
        return;
    };
    for documents in published() {
        let drafts: Vec<_> = documents
            .iter()
            .filter_map(|one| super::ProfileDraft::read(one.root()).unwrap())
            .map(std::sync::Arc::new)
            .collect();
        for one in &documents {
            let known: &Profiles = &definitions.profiles;
            let tables = (&definitions.structures, &definitions.code_sets);
            let found = faults(one.root(), tables, known, &drafts);
            let url = one.root().get("url").and_then(|url| url.string()).unwrap();
            assert_eq!(found, [], "{url}");
        }
    }
}

/// R4's own profiles and extensions.
#[test]
fn official_profiles_have_no_faults() {
    let Some(definitions) = definitions() else {
        return;
    };
    let tables = (&definitions.structures, &definitions.code_sets);
    let (mut count, mut said) = (0, Vec::new());
    let mut check = |name: &str, bytes: Vec<u8>| {
        if name.starts_with("StructureDefinition-") {
            let document = Document::parse(bytes).unwrap();
            let found = faults(document.root(), tables, &definitions.profiles, &[]);
            count += 1;
            said.extend(
                found
                    .iter()
                    .map(|issue| format!("{name} {}: {}", issue.expression[0], issue.diagnostics)),
            );
        }
    };
    let found = crate::fixtures::expansions(&mut check) && crate::fixtures::examples(&mut check);
    assert!(!found || count > 600, "{count}");
    assert_eq!(said, Vec::<String>::new());
}
