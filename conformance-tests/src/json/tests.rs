//! Reading, comparing and selecting, as data.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use super::{Json, difference, read, select, without_version};

fn json(text: &str) -> Json {
    read(text).unwrap()
}

#[test]
fn what_is_read_is_written_back_with_its_digits() {
    for text in [
        "null",
        "[true,false]",
        r#"{"a":1.10,"b":1.0e2,"c":-0.00,"d":1E+5}"#,
        r#"{"a":"\"\\ü","b":[{},[]]}"#,
    ] {
        assert_eq!(json(text).to_string(), text);
    }
    assert_eq!(
        json(r#""\ud83d\ude00\u0041\n\/""#),
        Json::String("😀A\n/".into())
    );
}

#[test]
fn text_that_is_not_json_is_refused_with_its_place() {
    for (text, message) in [
        ("", "no value at byte 0"),
        ("{} {}", "text after the end at byte 3"),
        ("[1,]", "no value at byte 3"),
        ("[1 2]", "neither `,` nor `]` at byte 3"),
        (r#"{"a" 1}"#, "no `:` at byte 5"),
        (r#"{"a":1 "b":2}"#, "neither `,` nor `}` at byte 7"),
        ("{a:1}", "no string at byte 1"),
        ("-", "no digit at byte 1"),
        ("1.", "no digit at byte 2"),
        (r#""a"#, "a string without end at byte 1"),
        ("\"\u{1}\"", "a control character in a string at byte 1"),
        (r#""\x""#, "an unknown escape at byte 3"),
        (r#""\u12""#, "a bad \\u escape at byte 3"),
        (r#""\u+123""#, "a bad \\u escape at byte 3"),
        (r#""\ud800""#, "an unpaired surrogate at byte 7"),
        (r#""\ud800\u0041""#, "an unpaired surrogate at byte 13"),
        (r#""\udc00""#, "an unpaired surrogate at byte 7"),
    ] {
        assert_eq!(
            read(text).unwrap_err().to_string(),
            format!("not JSON: {message}"),
            "{text}"
        );
    }
    let deep = "[".repeat(1000);
    assert!(
        read(&deep)
            .unwrap_err()
            .to_string()
            .contains("nested too deeply")
    );
}

#[test]
fn values_differ_in_text_of_numbers_and_order_of_elements_but_not_of_members() {
    for (expected, actual, found) in [
        (r#"{"a":1,"b":[2,3]}"#, r#"{"b":[2,3],"a":1}"#, None),
        ("1.10", "1.1", Some("/: 1.1, expected 1.10")),
        ("[1,2]", "[2,1]", Some("/0: 2, expected 1")),
        (
            r#"{"a":[1]}"#,
            r#"{"a":[1,2]}"#,
            Some("/a: 2 elements, expected 1"),
        ),
        (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#, Some("/a: no member `b`")),
        (
            r#"{"a":{}}"#,
            r#"{"a":{"b":1}}"#,
            Some("/a: surplus member `b`"),
        ),
        (
            r#"{"a":1}"#,
            r#"{"a":1,"a":1}"#,
            Some("/: a member occurs twice"),
        ),
    ] {
        assert_eq!(
            difference(&json(expected), &json(actual)).as_deref(),
            found,
            "{expected} {actual}"
        );
    }
}

#[test]
fn what_the_server_assigns_is_left_out_of_a_comparison() {
    for (text, left) in [
        (
            r#"{"id":"a","meta":{"versionId":"1","lastUpdated":"x"}}"#,
            r#"{"id":"a"}"#,
        ),
        (
            r#"{"meta":{"versionId":"1","tag":[{"code":"t"}]}}"#,
            r#"{"meta":{"tag":[{"code":"t"}]}}"#,
        ),
        (
            r#"{"contained":[{"meta":{"versionId":"1"}}]}"#,
            r#"{"contained":[{"meta":{"versionId":"1"}}]}"#,
        ),
        ("[1]", "[1]"),
        (r#"{"meta":1}"#, r#"{"meta":1}"#),
    ] {
        assert_eq!(without_version(json(text)).to_string(), left);
    }
}

#[test]
fn a_path_selects_one_value_or_all_of_them() {
    let root = json(r#"{"a":[{"n":"x","v":1},{"n":"y","v":2},{"n":"y","v":3}],"o":{"p":4}}"#);
    for (path, found) in [
        ("", Some(root.to_string())),
        ("/o/p", Some("4".into())),
        ("/a/1/v", Some("2".into())),
        ("/a/9/v", None),
        ("/a/x", None),
        ("/nothing/there", None),
        ("/a/*/v", Some("[1,2,3]".into())),
        ("/a/*/w", Some("[]".into())),
        ("/o/*", Some("[4]".into())),
        ("/o/p/*", Some("[]".into())),
        ("/a/?n=y/v", Some("2".into())),
        ("/a/?n=z/v", None),
    ] {
        assert_eq!(select(&root, path).map(|v| v.to_string()), found, "{path}");
    }
}
