//! What a pattern lets pass.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use super::compare::{as_r5, difference};
use crate::json::read;

fn check(expected: &str, actual: &str, fits: bool) {
    let mut actual = read(actual).unwrap();
    as_r5(&mut actual);
    let found = difference(&read(expected).unwrap(), &actual);
    assert_eq!(found.is_none(), fits, "{expected}: {found:?}");
}

#[test]
fn members_are_all_there_and_no_others() {
    check(r#"{"a":1,"b":[1,2]}"#, r#"{"b":[2,1],"a":1.0}"#, true);
    check(r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false);
    check(r#"{"a":1,"b":2}"#, r#"{"a":1}"#, false);
    check(
        r#"{"$optional-properties$":["b"],"a":1}"#,
        r#"{"a":1,"b":2}"#,
        true,
    );
    check(
        r#"{"$optional-properties$":["b"],"a":1,"b":3}"#,
        r#"{"a":1}"#,
        true,
    );
    check(
        r#"{"$optional-properties$":["b"],"b":3}"#,
        r#"{"b":2}"#,
        false,
    );
}

#[test]
fn items_may_be_optional_or_only_counted() {
    check(
        r#"[{"a":1},{"$optional$":true,"a":2}]"#,
        r#"[{"a":1}]"#,
        true,
    );
    check(
        r#"[{"a":1},{"$optional$":true,"a":2}]"#,
        r#"[{"a":2},{"a":1}]"#,
        true,
    );
    check(
        r#"[{"a":1},{"$optional$":true,"a":2}]"#,
        r#"[{"a":2}]"#,
        false,
    );
    check(r#"[{"$optional$":"version:5","a":1}]"#, "[]", false);
    check(r#"{"b":[{"$optional$":true,"a":1}]}"#, "{}", true);
    check(
        r#"{"$count-arrays$":["c"],"c":[1,2]}"#,
        r#"{"c":[3,4]}"#,
        true,
    );
    check(
        r#"{"$count-arrays$":["c"],"c":[1,2]}"#,
        r#"{"c":[3]}"#,
        false,
    );
}

#[test]
fn texts_may_be_patterns() {
    check(r#"["$uuid$"]"#, r#"["urn:uuid:1"]"#, true);
    check(r#"["$choice:one|other$"]"#, r#"["other"]"#, true);
    check(r#"["$choice:one|other$"]"#, r#"["another"]"#, false);
    check(r#"["$fragments:a|b$"]"#, r#"["b and a"]"#, true);
    check(r#"["$fragments:a|b$"]"#, r#"["a"]"#, false);
    check(r#"["$external:2:http://x$"]"#, r#"["see http://x"]"#, true);
    check(
        r#"["$external:2:http://x$"]"#,
        r#"["see https://y"]"#,
        false,
    );
    check(r#"["$external:2$"]"#, r#"["anything"]"#, true);
    check(r#"["http://x|$version$"]"#, r#"["http://x|1"]"#, true);
    check(r#"["http://x|$version$"]"#, r#"["http://y|1"]"#, false);
}

#[test]
fn extensions_are_what_they_stand_for() {
    let url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion";
    let expected =
        r#"{"expansion":{"contains":[{"code":"a","property":[{"code":"p","valueCode":"v"}]}]}}"#;
    let actual = format!(
        r#"{{"expansion":{{"contains":[{{"code":"a","extension":[{{"url":"{url}.contains.property","extension":[{{"url":"code","valueCode":"p"}},{{"url":"value","valueCode":"v"}}]}}]}}]}}}}"#
    );
    check(expected, &actual, true);
}
