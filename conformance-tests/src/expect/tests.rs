//! Every expectation with an answer that meets it and one that does not.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use super::unmet;
use crate::case::Expect;
use crate::template::Variables;
use crate::wire::Answer;

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    Answer {
        status,
        headers: headers.collect(),
        body: body.as_bytes().to_vec(),
    }
}

fn check(expect: &str, answer: &Answer, expected: &[&str]) {
    let parsed: Expect = serde_json::from_str(expect).unwrap();
    let mut variables = Variables::default();
    variables.set("id", "a");
    variables.set(
        "whole",
        r#"{"resourceType":"Basic","meta":{"versionId":"1"}}"#,
    );
    let found = unmet(&parsed, "GET", answer, &variables).unwrap();
    assert_eq!(found.len(), expected.len(), "{expect}: {found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{expect}: {found}");
    }
}

#[test]
fn the_status_is_the_one_or_one_of_those_allowed() {
    check(r#"{"status": 200}"#, &answer(200, &[], ""), &[]);
    check(r#"{"status": [200, 204]}"#, &answer(204, &[], ""), &[]);
    check(
        r#"{"status": 200}"#,
        &answer(201, &[], ""),
        &["status 201, expected [200]"],
    );
}

#[test]
fn headers_are_exact_matched_or_absent() {
    let headers = [
        ("etag", "W/\"1\""),
        ("location", "http://h/Patient/a/_history/1"),
    ];
    let answer = answer(200, &headers, "");
    for (rule, expected) in [
        (
            r#"{"ETag": "W/\"1\"", "Location": {"regex": "/${id}/_history/1$"}, "Age": null}"#,
            None,
        ),
        (
            r#"{"ETag": "W/\"2\""}"#,
            Some("header ETag: W/\"1\", expected W/\"2\""),
        ),
        (
            r#"{"ETag": null}"#,
            Some("header ETag: W/\"1\", expected absent"),
        ),
        (r#"{"Age": "1"}"#, Some("header Age: absent")),
        (
            r#"{"Location": {"regex": "^x"}}"#,
            Some("header Location: "),
        ),
        (
            r#"{"Location": {"contains": ["Patient", "x"]}}"#,
            Some("header Location: lacks `x`"),
        ),
        (
            r#"{"Location": {"lacks": "Patient"}}"#,
            Some("header Location: contains `Patient`"),
        ),
    ] {
        check(
            &format!(r#"{{"status": 200, "headers": {rule}}}"#),
            &answer,
            expected.as_slice(),
        );
    }
}

#[test]
fn json_is_matched_by_path_and_whole() {
    let body = r#"{"resourceType":"Basic","id":"a","meta":{"versionId":"7"},"v":1.10}"#;
    for (rule, expected) in [
        (r#""json": {"/id": "${id}", "/v": 1.10}"#, None),
        (r#""json": {"/v": 1.1}"#, Some("/v: /: 1.10, expected 1.1")),
        (r#""json": {"/nothing": 1}"#, Some("/nothing: absent")),
        (
            r#""resource": {"id":"${id}","resourceType":"Basic","v":1.10}"#,
            None,
        ),
        (
            r#""resource": {"resourceType":"Basic"}"#,
            Some("another resource: /: surplus member `id`"),
        ),
        (
            r#""same-as": "whole""#,
            Some("another resource: /: surplus member `id`"),
        ),
    ] {
        check(
            &format!(r#"{{"status": 200, {rule}}}"#),
            &answer(200, &[], body),
            expected.as_slice(),
        );
    }
    check(
        r#"{"status": 200, "json": {"/id": "a"}}"#,
        &answer(200, &[], "<a/>"),
        &["not JSON"],
    );
}

#[test]
fn xml_is_matched_by_path_and_whole() {
    let body = r#"<Basic xmlns="http://hl7.org/fhir"><id value="a"/></Basic>"#;
    for (rule, expected) in [
        (r#""xml": {"Basic/id/@value": "${id}"}"#, None),
        (
            r#""xml": {"Basic/id/@value": "b"}"#,
            Some("Basic/id/@value: "),
        ),
        (
            r#""xml-resource": "<Basic xmlns='http://hl7.org/fhir'><id value='${id}'/></Basic>""#,
            None,
        ),
        (
            r#""xml-resource": "<Basic xmlns='http://hl7.org/fhir'/>""#,
            Some("another resource"),
        ),
    ] {
        check(
            &format!(r#"{{"status": 200, {rule}}}"#),
            &answer(200, &[], body),
            expected.as_slice(),
        );
    }
    check(
        r#"{"status": 200, "xml": {"a": "b"}}"#,
        &answer(200, &[], "{}"),
        &["not XML"],
    );
}

#[test]
fn bodies_are_compared_as_text_and_bytes() {
    for (rule, expected) in [
        (
            r#""text": "abc", "base64": "YWJj", "base64-start": "YQ==""#,
            None,
        ),
        (r#""text": {"contains": "x"}"#, Some("lacks `x`")),
        (r#""base64": "YQ==""#, Some("other bytes")),
        (r#""base64-start": "Yg==""#, Some("begins with other bytes")),
        (r#""empty": true"#, Some("a body, expected none")),
    ] {
        check(
            &format!(r#"{{"status": 200, {rule}}}"#),
            &answer(200, &[], "abc"),
            expected.as_slice(),
        );
    }
    check(
        r#"{"status": 200, "empty": true}"#,
        &answer(200, &[], ""),
        &[],
    );
}

#[test]
fn an_error_carries_an_outcome_in_json_or_xml() {
    let json = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value",
        "expression":["Patient.name[0].given[1]"],"diagnostics":"Patient/x"}]}"#;
    let xml = r#"<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"/>
        <code value="value"/><diagnostics value="Patient/x"/>
        <expression value="Patient.name[0].given[1]"/></issue></OperationOutcome>"#;
    for body in [json, xml] {
        for (rule, expected) in [
            (
                r#""code": "value", "at": "Patient.name", "mentions": "Patient/x""#,
                None,
            ),
            (r#""at": ["Patient.id", "Patient.name[0].given"]"#, None),
            (r#""code": ["deleted"]"#, Some("issue codes [\"value\"]")),
            (r#""at": "Patient.name[1]""#, Some("names the places")),
            (r#""at": "Patient.nam""#, Some("names the places")),
            (r#""mentions": ["zz"]"#, Some("does not mention `zz`")),
        ] {
            let expect = format!(r#"{{"status": 400, "outcome": {{{rule}}}}}"#);
            check(&expect, &answer(400, &[], body), expected.as_slice());
        }
    }
    for body in [
        "",
        "oops",
        r#"{"resourceType":"OperationOutcome","issue":[]}"#,
        "<html/>",
        "<html>",
    ] {
        let missing = check_any(body);
        assert_eq!(missing, 1, "{body}");
    }
    check(
        r#"{"status": 400, "no-outcome": true}"#,
        &answer(400, &[], ""),
        &[],
    );
}

fn check_any(body: &str) -> usize {
    let expect: Expect = serde_json::from_str(r#"{"status": 400}"#).unwrap();
    unmet(
        &expect,
        "GET",
        &answer(400, &[], body),
        &Variables::default(),
    )
    .unwrap()
    .len()
}

#[test]
fn a_mistake_in_the_case_is_an_error() {
    for rule in [
        r#""json": {"/a": "${unknown}"}"#,
        r#""base64": "?""#,
        r#""headers": {"etag": {"regex": "("}}"#,
        r#""xml-resource": "<""#,
    ] {
        let expect = serde_json::from_str(&format!(r#"{{"status": 200, {rule}}}"#)).unwrap();
        let body = if rule.contains("xml") { "<a/>" } else { "{}" };
        let answer = answer(200, &[("etag", "1")], body);
        assert!(
            unmet(&expect, "GET", &answer, &Variables::default()).is_err(),
            "{rule}"
        );
    }
}
