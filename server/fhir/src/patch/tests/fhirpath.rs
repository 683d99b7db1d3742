//! Rules of FHIRPath Patch (<https://hl7.org/fhir/R4/fhirpatch.html>).

use proptest::prelude::*;

use crate::fixtures::structures;
use crate::json::Document;
use crate::patch::PatchErrorKind::{self, Costly, Identity, Malformed, Place};
use crate::patch::fhirpath::{Budget, apply_within};

const PATIENT: &str = r##"{ "resourceType":"Patient", "id":"1",
    "extension" : [{"url":"u","valueQuantity":{"value":1.10}}],
    "active" : true, "name":[{"given":["a","b"],"_given":[null,{"id":"g"}]},{"family":"c"}],
    "birthDate":"1970-01-01", "_birthDate":{"extension":[{"url":"t","valueString":"x"}]},
    "deceasedBoolean":false, "contact":[{"name":{"text":"n"}}],
    "managingOrganization":{"reference":"#o"}, "contained":[{"resourceType":"Organization","id":"o","name":"O"}] }"##;

const BUDGET: Budget = Budget {
    work_bytes: 1 << 28,
    steps: 5_000_000,
};

type Patched = Result<String, (PatchErrorKind, Option<usize>)>;

fn patched_within(operations: &str, budget: Budget) -> Option<Patched> {
    let resource = Document::parse(PATIENT).unwrap();
    let parameters = format!(r#"{{"resourceType":"Parameters","parameter":[{operations}]}}"#);
    let parameters = Document::parse(parameters).unwrap();
    let answer = apply_within(&resource, &parameters, structures()?, budget);
    Some(answer.map_err(|error| (error.kind, error.operation)))
}

/// Operations in short: type, path, and the members of further parts, one operation after the other.
fn operations(short: &[(&str, &str, &str)]) -> String {
    let all = short.iter().map(|(kind, path, parts)| {
        let comma = if parts.is_empty() { "" } else { "," };
        format!(
            r#"{{"name":"operation","part":[{{"name":"type","valueCode":"{kind}"}},{{"name":"path","valueString":"{path}"}}{comma}{parts}]}}"#
        )
    });
    all.collect::<Vec<_>>().join(",")
}

/// Type, path, further parts, a piece of the text, and what stands there instead afterwards.
const CHANGES: &str = include_str!("fhirpath-changes.tsv");
/// Type, path, further parts, and why the operation is refused.
const FAULTS: &str = include_str!("fhirpath-faults.tsv");

/// The columns of a table.
fn columns<const N: usize>(line: &str) -> [&str; N] {
    line.split('\t').collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn operations_change_what_the_path_leads_to() {
    for line in CHANGES.lines() {
        let [kind, path, parts, from, to] = columns(line);
        let from = from.replace("\\n", "\n");
        assert!(PATIENT.contains(&from), "{from}");
        let Some(answer) = patched_within(&operations(&[(kind, path, parts)]), BUDGET) else {
            return;
        };
        assert_eq!(answer, Ok(PATIENT.replacen(&from, to, 1)), "{line}");
    }
}

#[test]
fn what_is_new_stands_at_the_end_of_its_object() {
    let check = |path: &str, parts: &str, from: &str, to: &str, new: &str| {
        let operation = operations(&[("replace", path, parts)]);
        let Some(answer) = patched_within(&operation, BUDGET) else {
            return;
        };
        let expected = PATIENT.replacen(from, to, 1);
        let expected = expected.replacen("}] }", &format!("}}] ,{new}}}"), 1);
        assert_eq!(answer, Ok(expected), "{path} {parts}");
    };
    check(
        "Patient.active",
        r#"{"name":"value","valueBoolean":false,"_valueBoolean":{"id":"i"}}"#,
        "true",
        "false",
        r#""_active":{"id":"i"}"#,
    );
    // A choice has the type of its value.
    check(
        "Patient.deceased",
        r#"{"name":"value","valueDateTime":"2020"}"#,
        "\"deceasedBoolean\":false, ",
        "",
        r#""deceasedDateTime":"2020""#,
    );
}

#[test]
fn what_cannot_be_done_is_refused() {
    for line in FAULTS.lines() {
        let [kind, path, parts, expected] = columns(line);
        let expected = match expected {
            "Malformed" => Malformed,
            "Place" => Place,
            "Identity" => Identity,
            "Result" => PatchErrorKind::Result,
            other => panic!("{other}"),
        };
        // The first operation holds, and is not done either.
        let first = ("delete", "Patient.contained[0].name", "");
        let both = operations(&[first, (kind, path, parts)]);
        let Some(answer) = patched_within(&both, BUDGET) else {
            return;
        };
        assert_eq!(answer, Err((expected, Some(1))), "{line}");
    }
}

#[test]
fn what_is_no_patch_and_another_resource_are_refused() {
    let Some(structures) = structures() else {
        return;
    };
    let check = |parameters: &str, expected: (PatchErrorKind, Option<usize>)| {
        let resource = Document::parse(PATIENT).unwrap();
        let parameters = Document::parse(parameters.to_owned()).unwrap();
        let answer = apply_within(&resource, &parameters, structures, BUDGET);
        let answer = answer.map_err(|error| (error.kind, error.operation));
        assert_eq!(answer, Err(expected), "{}", parameters.text());
    };
    check("[]", (Malformed, None));
    check(r#"{"resourceType":"Patient"}"#, (Malformed, None));
    let parameters =
        |inner: &str| format!(r#"{{"resourceType":"Parameters","parameter":[{inner}]}}"#);
    check(&parameters(r#"{"name":"op"}"#), (Malformed, Some(0)));
    check(&parameters(r#"{"name":"operation"}"#), (Malformed, Some(0)));
    let id = |kind, parts| parameters(&operations(&[(kind, "Patient.id", parts)]));
    check(&id("delete", ""), (Identity, None));
    let other = r#"{"name":"value","valueId":"2"}"#;
    check(&id("replace", other), (Identity, None));
}

#[test]
fn the_budget_is_one_for_all_operations() {
    let one = ("delete", "Patient.descendants().where(id = 'none')", "");
    let check = |count: usize, budget: Budget| {
        let answer = patched_within(&operations(&vec![one; count]), budget)?;
        Some(answer.map_err(|(kind, operation)| {
            assert_eq!(kind, Costly);
            operation
        }))
    };
    let Some(answer) = check(20, BUDGET) else {
        return;
    };
    assert!(answer.is_ok());
    let steps = Budget {
        steps: 500,
        ..BUDGET
    };
    assert!(check(1, steps).unwrap().is_ok());
    let refused = check(20, steps).unwrap().unwrap_err();
    assert!(refused.is_some_and(|operation| operation > 0));
    let work = Budget {
        work_bytes: PATIENT.len() * 3,
        ..BUDGET
    };
    assert_eq!(check(20, work).unwrap(), Err(Some(3)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_operations_answer_or_refuse(
        words in prop::collection::vec((0..5usize, 0..12usize, 0..8usize, -1..4i32, 0..4i32), 1..6)
    ) {
        const KINDS: [&str; 5] = ["add", "insert", "delete", "replace", "move"];
        const PATHS: [&str; 12] = [
            "Patient", "Patient.name", "Patient.name[0]", "Patient.name.given", "Patient.birthDate", "Patient.contact",
            "Patient.birthDate.extension", "Patient.contained", "Patient.deceased", "Patient.name[0].given[1].id",
            "Patient.descendants()", "Patient.children()[3]",
        ];
        const VALUES: [&str; 8] = [
            r#""valueString":"s""#, r#""_valueString":{"id":"i"}"#, r#""valueHumanName":{"text":"t"}"#, r#""valueCode":"c""#,
            r#""part":[{"name":"url","valueUri":"u"}]"#, r#""resource":{"resourceType":"Basic"}"#, r#""part":[]"#,
            r#""valueDate":"2000""#,
        ];
        let short: Vec<(&str, &str, String)> = words.iter().map(|&(kind, path, value, a, b)| {
            let value = format!(r#"{{"name":"value",{}}}"#, VALUES[value]);
            let name = ["given", "extension", "id", "contained"][usize::try_from(b).unwrap()];
            let parts = match KINDS[kind] {
                "add" => format!(r#"{{"name":"name","valueString":"{name}"}},{value}"#),
                "insert" => format!(r#"{{"name":"index","valueInteger":{a}}},{value}"#),
                "replace" => value,
                "move" => format!(r#"{{"name":"source","valueInteger":{a}}},{{"name":"destination","valueInteger":{b}}}"#),
                _ => String::new(),
            };
            (KINDS[kind], PATHS[path], parts)
        }).collect();
        let short: Vec<_> = short.iter().map(|(kind, path, parts)| (*kind, *path, parts.as_str())).collect();
        if let Some(Ok(text)) = patched_within(&operations(&short), BUDGET) {
            prop_assert!(Document::parse(text).is_ok());
        }
    }
}
