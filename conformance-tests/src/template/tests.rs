//! Filling in, as data.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::collections::BTreeMap;

use super::Variables;
use crate::case::Variable;

fn variables() -> Variables {
    let mut variables = Variables::default();
    variables.set("id", "a");
    variables.set("time", "2024-01-01T00:00:00+01:00");
    variables.set("n", "1");
    let made: BTreeMap<String, Variable> = serde_json::from_str(
        r#"{"two": "${id}${id}",
            "list": {"repeat": "${id}${i}", "times": 3, "join": ","},
            "turned": {"repeat": "${i}", "times": 3, "rotate": "${n}"}}"#,
    )
    .unwrap();
    variables.define(&made);
    variables
}

fn check(template: &str, expected: Result<&str, &str>) {
    let filled = variables().fill(template);
    assert_eq!(
        filled.as_deref().map_err(String::as_str),
        expected,
        "{template}"
    );
}

#[test]
fn a_name_is_replaced_by_its_text() {
    check("Patient/${id}/$meta", Ok("Patient/a/$meta"));
    check("${id}-${two}", Ok("a-aa"));
    check(
        "_since=${time|url}",
        Ok("_since=2024-01-01T00%3A00%3A00%2B01%3A00"),
    );
    check("[${list}]", Ok("[a0,a1,a2]"));
    check("${turned}", Ok("120"));
}

#[test]
fn an_unknown_name_or_filter_is_an_error() {
    check("${nothing}", Err("nothing is named `nothing`"));
    check("${id|upper}", Err("no filter `upper`"));
    check("${id", Err("`${` without `}`"));
}

#[test]
fn every_case_gets_names_of_its_own() {
    let (one, two) = (
        Variables::fresh("http://h/fhir"),
        Variables::fresh("http://h/fhir"),
    );
    assert_eq!(one.fill("${base}").unwrap(), "http://h/fhir");
    assert_ne!(one.fill("${uid}"), two.fill("${uid}"));
    let uuid = one.fill("${uuid1}").unwrap();
    assert_eq!(
        uuid.split('-').map(str::len).collect::<Vec<_>>(),
        [8, 4, 4, 4, 12]
    );
    assert_ne!(one.fill("${uuid1}"), one.fill("${uuid2}"));
}
