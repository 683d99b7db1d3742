//! Profiles that allow more than what they are derived from, and such as do not.

use std::sync::Arc;

use super::{ProfileDraft, faults};
use crate::definitions::fixtures::definitions;
use crate::json::Document;

/// What the profile below says.
const BELOW: &str = r#"
    {"path":"Observation.category","slicing":{"rules":"closed","ordered":true,"discriminator":[{"type":"value","path":"coding.code"}]},"min":1,"max":"4"},
    {"path":"Observation.category","sliceName":"lab","min":1,"max":"2","patternCodeableConcept":{"coding":[{"code":"laboratory"}]}},
    {"path":"Observation.category.coding","min":1},
    {"path":"Observation.code","patternCodeableConcept":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]}},
    {"path":"Observation.subject","type":[{"code":"Reference","targetProfile":["http://test/patient"],"aggregation":["referenced"]}]},
    {"path":"Observation.method","binding":{"strength":"extensible","valueSet":"http://test/methods"}},
    {"path":"Observation.interpretation","binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/days-of-week"}},
    {"path":"Observation.status","fixedCode":"final"},
    {"path":"Observation.note","constraint":[{"key":"own-1","severity":"error","human":"a","expression":"text.exists()"}]},
    {"path":"Observation.value[x]","type":[{"code":"Quantity"},{"code":"string"},{"code":"integer"}]},
    {"path":"Observation.component","max":"3"},
    {"path":"Observation.component.value[x]","type":[{"code":"integer"}],"minValueInteger":2,"maxValueInteger":5}"#;

fn profile(url: &str, (of, base): (&str, &str), elements: &str) -> Document {
    let text = format!(
        r#"{{"url":"{url}","kind":"resource","type":"{of}","derivation":"constraint","baseDefinition":"{base}",
        "differential":{{"element":[{{"path":"{of}"}},{elements}]}}}}"#
    );
    Document::parse(text).unwrap()
}

/// What is said of one element in a profile of the one above; behind it stands what follows in the differential.
fn check(elements: &str, expected: &str) {
    let Some(definitions) = definitions() else {
        return;
    };
    let core = |name: &str| format!("http://hl7.org/fhir/StructureDefinition/{name}");
    let others = [
        profile(
            "http://test/patient",
            ("Patient", &core("Patient")),
            r#"{"path":"Patient.name","min":1}"#,
        ),
        profile(
            "http://test/inpatient",
            ("Patient", "http://test/patient"),
            r#"{"path":"Patient.name","max":"1"}"#,
        ),
        profile(
            "http://test/below",
            ("Observation", &core("Observation")),
            BELOW,
        ),
    ];
    let others: Vec<_> = others
        .iter()
        .map(|one| Arc::new(ProfileDraft::read(one.root()).unwrap().unwrap()))
        .collect();
    let own = profile(
        "http://test/own",
        ("Observation", "http://test/below"),
        elements,
    );
    let tables = (&definitions.structures, &definitions.code_sets);
    let said = faults(own.root(), tables, &definitions.profiles, &others);
    let said: Vec<String> = said
        .iter()
        .map(|issue| {
            let (_, what) = issue.diagnostics.split_once("derived from: ").unwrap();
            let place = issue.expression[0].rsplit_once(']').unwrap().1;
            format!("{}: {what}", &place[1..])
        })
        .collect();
    assert_eq!(said.join("; "), expected, "{elements}");
}

#[test]
fn occurrences() {
    for (element, expected) in [
        (r#""path":"Observation.category","min":2,"max":"4""#, ""),
        (
            r#""path":"Observation.category","min":0"#,
            "min: it occurs 1 times at least there",
        ),
        (
            r#""path":"Observation.category","max":"5""#,
            "max: it occurs 4 times at most there",
        ),
        (
            r#""path":"Observation.category","max":"*""#,
            "max: it occurs 4 times at most there",
        ),
        (
            r#""path":"Observation.category","sliceName":"lab","min":0"#,
            "min: it occurs 1 times at least there",
        ),
        (
            r#""path":"Observation.category","sliceName":"lab","max":"3""#,
            "max: it occurs 2 times at most there",
        ),
        (r#""path":"Observation.category.coding","min":2"#, ""),
        (
            r#""path":"Observation.component","max":"4""#,
            "max: it occurs 3 times at most there",
        ),
        (
            r#""path":"Observation.component","sliceName":"a","min":0,"max":"3""#,
            "",
        ),
        (
            r#""path":"Observation.component","sliceName":"a","max":"4""#,
            "max: it occurs 3 times at most there",
        ),
    ] {
        check(&format!("{{{element}}}"), expected);
    }
    check(
        r#"{"path":"Observation.category","sliceName":"lab"},{"path":"Observation.category.coding","min":0}"#,
        "min: it occurs 1 times at least there",
    );
}

#[test]
fn slices() {
    let slicing =
        |members: &str| format!(r#"{{"path":"Observation.category","slicing":{{{members}}}}}"#);
    let value = r#"{"type":"value","path":"coding.code"}"#;
    let exists = r#"{"type":"exists","path":"text"}"#;
    for (members, expected) in [
        (
            format!(r#""rules":"closed","ordered":true,"discriminator":[{value},{exists}]"#),
            "",
        ),
        (r#""rules":"closed","ordered":true"#.to_owned(), ""),
        (
            format!(r#""rules":"open","ordered":true,"discriminator":[{value}]"#),
            "slicing.rules: what may stand beside the slices is less there",
        ),
        (
            format!(r#""rules":"closed","discriminator":[{value}]"#),
            "slicing.ordered: the slices have an order there",
        ),
        (
            format!(r#""rules":"closed","ordered":true,"discriminator":[{exists}]"#),
            "slicing.discriminator: slices are told apart by 'coding.code' there",
        ),
    ] {
        check(&slicing(&members), expected);
    }
    check(
        r#"{"path":"Observation.category","sliceName":"other"}"#,
        "sliceName: there are no further slices there",
    );
    check(
        r#"{"path":"Observation.category","sliceName":"lab/blood"}"#,
        "",
    );
}

#[test]
fn types() {
    let named =
        |path: &str, types: &str| format!(r#"{{"path":"Observation.{path}","type":[{types}]}}"#);
    let all = "type: it is of Quantity or string or integer there";
    for (types, expected) in [
        (r#"{"code":"string"}"#, ""),
        (r#"{"code":"Quantity"},{"code":"integer"}"#, ""),
        (r#"{"code":"boolean"}"#, all),
        (r#"{"code":"string"},{"code":"Period"}"#, all),
    ] {
        check(&named("value[x]", types), expected);
    }
    check(r#"{"path":"Observation.valueQuantity","min":1}"#, "");
    check(r#"{"path":"Observation.valueBoolean","min":1}"#, all);
    let there = "type: it is of Reference (http://test/patient) there";
    for (targets, expected) in [
        (
            r#""targetProfile":["http://test/patient"],"aggregation":["referenced"]"#,
            "",
        ),
        (
            r#""targetProfile":["http://test/inpatient"],"aggregation":["referenced"]"#,
            "",
        ),
        (
            r#""targetProfile":["http://nobody.example/knows"],"aggregation":["referenced"]"#,
            "",
        ),
        (r#""targetProfile":["http://test/inpatient"]"#, there),
        (
            r#""targetProfile":["http://test/inpatient"],"aggregation":["contained"]"#,
            there,
        ),
        (r#""aggregation":["referenced"]"#, there),
        (
            r#""targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"],"aggregation":["referenced"]"#,
            there,
        ),
    ] {
        check(
            &named("subject", &format!(r#"{{"code":"Reference",{targets}}}"#)),
            expected,
        );
    }
    let target = "http://hl7.org/fhir/StructureDefinition/Medication";
    check(
        &named(
            "performer",
            &format!(r#"{{"code":"Reference","targetProfile":["{target}"]}}"#),
        ),
        &format!("type: it does not lead to {target} there"),
    );
}

#[test]
fn values() {
    let fixed = "fixed: another value is given there";
    let pattern = "pattern: the value that is given there has more, or other parts";
    let code = |what: &str, value: &str| {
        format!(r#""path":"Observation.code","{what}CodeableConcept":{{{value}}}"#)
    };
    let whole = r#""coding":[{"system":"http://loinc.org","code":"8867-4"}]"#;
    for (element, expected) in [
        (
            r#""path":"Observation.status","fixedCode":"final""#.to_owned(),
            "",
        ),
        (
            r#""path":"Observation.status","patternCode":"final""#.to_owned(),
            "",
        ),
        (
            r#""path":"Observation.status","fixedCode":"amended""#.to_owned(),
            fixed,
        ),
        (
            r#""path":"Observation.status","patternCode":"amended""#.to_owned(),
            pattern,
        ),
        (code("pattern", whole), ""),
        (code("pattern", &format!(r#"{whole},"text":"pulse""#)), ""),
        (code("fixed", whole), ""),
        (code("pattern", r#""coding":[{"code":"8867-4"}]"#), pattern),
        (code("pattern", r#""text":"pulse""#), pattern),
        (code("fixed", r#""text":"pulse""#), fixed),
        (
            r#""path":"Observation.component.value[x]","minValueInteger":3,"maxValueInteger":4"#
                .to_owned(),
            "",
        ),
        (
            r#""path":"Observation.component.value[x]","minValueInteger":1"#.to_owned(),
            "minValue: the least value is greater there",
        ),
        (
            r#""path":"Observation.component.value[x]","maxValueInteger":6"#.to_owned(),
            "maxValue: the greatest value is less there",
        ),
    ] {
        check(&format!("{{{element}}}"), expected);
    }
}

#[test]
fn bindings_and_rules() {
    let bound = |path: &str, strength: &str, url: &str| {
        format!(
            r#"{{"path":"Observation.{path}","binding":{{"strength":"{strength}","valueSet":"{url}"}}}}"#
        )
    };
    let days = "http://hl7.org/fhir/ValueSet/days-of-week";
    let statuses = "http://hl7.org/fhir/ValueSet/observation-status";
    for (path, strength, url, expected) in [
        ("method", "extensible", "http://test/other", ""),
        ("method", "required", "http://test/other", ""),
        (
            "method",
            "preferred",
            "http://test/methods",
            "binding.strength: the binding to http://test/methods is stricter there",
        ),
        ("interpretation", "required", days, ""),
        ("interpretation", "required", "http://test/some", ""),
        (
            "interpretation",
            "extensible",
            days,
            "binding.strength: the binding to http://hl7.org/fhir/ValueSet/days-of-week is stricter there",
        ),
        (
            "interpretation",
            "required",
            statuses,
            "binding.valueSet: 'amended' is no code of http://hl7.org/fhir/ValueSet/days-of-week there",
        ),
        (
            "status",
            "preferred",
            statuses,
            "binding.strength: the binding to http://hl7.org/fhir/ValueSet/observation-status is stricter there",
        ),
    ] {
        check(&bound(path, strength, url), expected);
    }
    let rule = |key: &str, severity: &str, expression: &str| {
        format!(
            r#"{{"path":"Observation.note","constraint":[{{"key":"{key}","severity":"{severity}","human":"a","expression":"{expression}"}}]}}"#
        )
    };
    check(&rule("own-1", "error", "text.exists()"), "");
    check(&rule("own-2", "warning", "true"), "");
    for lost in [
        rule("own-1", "error", "true"),
        rule("own-1", "warning", "text.exists()"),
    ] {
        check(&lost, "constraint: 'own-1' is another rule there");
    }
}

#[test]
fn what_it_is_derived_from_is_of_its_type() {
    let Some(definitions) = definitions() else {
        return;
    };
    let core = |name: &str| format!("http://hl7.org/fhir/StructureDefinition/{name}");
    for (of, base, expected) in [
        ("Patient", core("Patient"), 0),
        ("Patient", core("DomainResource"), 0),
        ("Observation", core("vitalsigns"), 0),
        ("Patient", core("Observation"), 1),
        ("Patient", core("vitalsigns"), 1),
    ] {
        let path = format!(r#"{{"path":"{of}.id"}}"#);
        let own = profile("http://test/own", (of, &base), &path);
        let tables = (&definitions.structures, &definitions.code_sets);
        let said = faults(own.root(), tables, &definitions.profiles, &[]);
        assert_eq!(said.len(), expected, "{of} of {base}: {said:?}");
        assert!(
            said.iter()
                .all(|issue| issue.expression[0] == "StructureDefinition.type".into())
        );
    }
}
