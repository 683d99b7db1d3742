//! Which corrections are taken, and that each proves the fault it mends.

use super::corrections::Corrections;
use crate::json::Document;

const DEFINITION: &str = r#"{"url":"u","list":[{"text":"bad"}],"n":1}"#;

fn correction(patch: &str) -> String {
    format!(r#"{{"definition":"u","reason":"because","patch":[{patch}]}}"#)
}

fn check(patch: &str, expected: &str) {
    let json = correction(patch);
    let mut corrections = Corrections::default();
    let found = corrections
        .add("c.json", &json)
        .and_then(|()| corrections.apply(Document::parse(DEFINITION).unwrap()))
        .map_or_else(|fault| fault.to_string(), |one| one.text().to_owned());
    assert_eq!(found, expected, "{patch}");
}

const TEST: &str = r#"{"op":"test","path":"/list/0/text","value":"bad"}"#;

#[test]
fn a_correction_tests_and_replaces() {
    let step = |text: &str| format!("{TEST},{text}");
    check(
        &step(r#"{"op":"replace","path":"/list/0/text","value":"good"}"#),
        r#"{"url":"u","list":[{"text":"good"}],"n":1}"#,
    );
    check(
        &step(r#"{"op":"remove","path":"/n"}"#),
        r#"{"url":"u","list":[{"text":"bad"}]}"#,
    );
    let refused = |patch: &str, place: &str| {
        let json = correction(patch);
        let mut corrections = Corrections::default();
        corrections.add("c.json", &json).unwrap();
        let fault = corrections
            .apply(Document::parse(DEFINITION).unwrap())
            .unwrap_err()
            .to_string();
        assert!(fault.starts_with(&format!("c.json: {place}")), "{fault}");
    };
    refused(
        r#"{"op":"test","path":"/list/0/text","value":"worse"}"#,
        "operation 0 at '/list/0/text'",
    );
    refused(
        &step(r#"{"op":"test","path":"/n","value":"1"}"#),
        "operation 1 at '/n'",
    );
    refused(
        &step(r#"{"op":"replace","path":"/list/1/text","value":"good"}"#),
        "operation 1 at '/list/1/text'",
    );
    refused(&step(r#"{"op":"replace","path":"/n"}"#), "operation 1");
    check(
        r#"{"op":"replace","path":"/n","value":2}"#,
        "c.json: 'patch' is missing or of the wrong type",
    );
}

#[test]
fn a_correction_names_its_definition_and_reason() {
    let check = |json: &str, expected: &str| {
        let fault = Corrections::default().add("c.json", json).unwrap_err();
        assert_eq!(fault.to_string(), expected);
    };
    check("{", "c.json: the JSON ends too early at line 1, column 2");
    check("{}", "c.json: 'definition' is missing or of the wrong type");
    check(
        r#"{"definition":"u","reason":" "}"#,
        "c.json: 'reason' is missing or of the wrong type",
    );
}

#[test]
fn each_correction_must_be_used_and_alone() {
    let json = format!(r#"{{"definition":"u","reason":"because","patch":[{TEST}]}}"#);
    let mut corrections = Corrections::default();
    corrections.add("c.json", &json).unwrap();
    assert_eq!(
        corrections.add("d.json", &json).unwrap_err().to_string(),
        "d.json: 'u' has another correction already"
    );
    assert_eq!(
        corrections.finish().unwrap_err().to_string(),
        "c.json: no package defines 'u'"
    );
    corrections
        .apply(Document::parse(DEFINITION).unwrap())
        .unwrap();
    assert!(corrections.finish().is_ok());
}
