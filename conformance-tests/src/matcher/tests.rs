//! Every rule with a value that meets it and one that does not.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use super::mismatch;
use crate::json::{Json, read};

fn met(matcher: &str, value: &str) -> bool {
    let value = (value != "absent").then(|| read(value).unwrap());
    mismatch(&read(matcher).unwrap(), value.as_ref()).is_none()
}

#[test]
fn every_rule_tells_what_meets_it_from_what_does_not() {
    for (matcher, yes, no) in [
        ("1.10", "1.10", "1.1"),
        (r#""a""#, r#""a""#, "absent"),
        (r#"{"a":1}"#, r#"{"a":1}"#, r#"{"a":1,"b":2}"#),
        (r#"{"$absent":true}"#, "absent", "null"),
        (r#"{"$present":true}"#, "null", "absent"),
        (r#"{"$regex":"^a+$"}"#, r#""aa""#, r#""ab""#),
        (r#"{"$regex":"^1\\.0"}"#, "1.00", "1"),
        (r#"{"$length":2}"#, "[1,2]", "[1]"),
        (r#"{"$any":["a","b"]}"#, r#""b""#, r#""c""#),
        (
            r#"{"$all":[{"$contains":"a"},{"$contains":"b"}]}"#,
            r#""ab""#,
            r#""a""#,
        ),
        (r#"{"$not":"a"}"#, r#""b""#, r#""a""#),
        (r#"{"$each":{"$regex":"^2"}}"#, "[200,201]", "[200,404]"),
        (r#"{"$contains":"a"}"#, r#""cat""#, r#""dog""#),
        (r#"{"$contains":{"a":1}}"#, r#"[{"a":1},2]"#, r#"[{"a":2}]"#),
        (r#"{"$lacks":1}"#, "[2]", "[2,1]"),
        (
            r#"{"$like":{"a":{"b":1}}}"#,
            r#"{"a":{"b":1,"c":2},"d":3}"#,
            r#"{"a":{"c":2}}"#,
        ),
        (r#"{"$like":{"a":{"$absent":true}}}"#, "{}", r#"{"a":1}"#),
        (r#"{"$set":[1,2,2]}"#, "[2,1,2]", "[1,1,2]"),
        (r#"{"$set":[1]}"#, "[1]", "[1,1]"),
    ] {
        assert!(met(matcher, yes), "{matcher} {yes}");
        assert!(!met(matcher, no), "{matcher} {no}");
    }
}

#[test]
fn a_rule_nobody_knows_and_a_bad_pattern_are_never_met() {
    assert!(!met(r#"{"$unknown":1}"#, "1"));
    assert!(!met(r#"{"$regex":"("}"#, r#""(""#));
    assert!(!met(r#"{"$regex":1}"#, "1"));
}

#[test]
fn a_long_value_is_shortened_in_the_message() {
    let value = Json::Array(vec![Json::String("é".repeat(1000))]);
    let message = mismatch(&read(r#"{"$length":2}"#).unwrap(), Some(&value)).unwrap();
    assert!(message.contains('…') && message.len() < 1000);
}
