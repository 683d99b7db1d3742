//! Which texts and numbers each primitive type takes, and which narratives.

use super::{narrative, primitives};
use crate::definitions::primitive::PrimitiveType;
use crate::json::Document;

fn check(name: &str, valid: &[&str], invalid: &[&str]) {
    let primitive = PrimitiveType::parse(name).unwrap();
    let is_valid = |json: &str| {
        let document = Document::parse(json.to_owned()).unwrap();
        primitives::fault(primitive, document.root()).is_none()
    };
    for json in valid {
        assert!(is_valid(json), "{name} {json}");
    }
    for json in invalid {
        assert!(!is_valid(json), "{name} {json}");
    }
}

#[test]
fn numbers_keep_their_ranges() {
    check("boolean", &["true", "false"], &["1", "\"true\"", "null"]);
    check(
        "integer",
        &["0", "-1", "2147483647", "-2147483648"],
        &["2147483648", "-2147483649", "1.0", "1e2", "-0", "\"1\""],
    );
    check(
        "unsignedInt",
        &["0", "2147483647"],
        &["-1", "2147483648", "1.5"],
    );
    check(
        "positiveInt",
        &["1", "2147483647"],
        &["0", "-1", "2147483648"],
    );
    check(
        "decimal",
        &[
            "0",
            "-0",
            "1.10",
            "1e3",
            "-1.5E-10",
            "12345678901234567890.123456789",
        ],
        &["\"1.0\"", "true"],
    );
}

#[test]
fn texts_keep_their_grammar() {
    check(
        "string",
        &["\"a\"", "\" a \"", "\"a\\nb\\t\"", "\"\u{a0}é\""],
        &["\"\"", "\" \\n\"", "\"a\\u0007\"", "1"],
    );
    check("markdown", &["\"# a\\r\\n\""], &["\"\"", "\"\\u001f\""]);
    check(
        "code",
        &["\"a\"", "\"a b\"", "\"<=\""],
        &["\" a\"", "\"a \"", "\"a  b\"", "\"a\\n\\tb\"", "\"\""],
    );
    check(
        "uri",
        &["\"urn:oid:1.2\"", "\"http://a/b?c#d\"", "\"é\""],
        &["\"a b\"", "\" a\"", "\"a\\n\"", "\"\""],
    );
    check("url", &["\"mailto:a@b\""], &["\"a b\""]);
    check("canonical", &["\"http://a|1\""], &["\"http://a | 1\""]);
    check("id", &["\"a-B.9\""], &["\"a_b\"", "\"\"", "\"a b\""]);
    check(
        "oid",
        &["\"urn:oid:1.2.840.0\""],
        &[
            "\"1.2.3\"",
            "\"urn:oid:3.1\"",
            "\"urn:oid:1\"",
            "\"urn:oid:1.02\"",
            "\"urn:oid:1..2\"",
            "\"urn:oid:1.2.\"",
        ],
    );
    check(
        "uuid",
        &["\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\""],
        &[
            "\"c757873d-ec9a-4326-a141-556f43239520\"",
            "\"urn:uuid:C757873D-EC9A-4326-A141-556F43239520\"",
            "\"urn:uuid:c757873dec9a4326a141556f43239520\"",
            "\"urn:uuid:c757873d-ec9a-4326-a141-556f4323952\"",
        ],
    );
    check(
        "base64Binary",
        &[
            "\"TWFu\"",
            "\"TWE=\"",
            "\"TQ==\"",
            "\"TWFu\\r\\nTWFu\"",
            "\"TW Fu\"",
        ],
        &[
            "\"TWF\"",
            "\"TQ=\"",
            "\"T===\"",
            "\"TQ==TWFu\"",
            "\"TW-_\"",
            "\" \"",
            "\"\"",
        ],
    );
}

#[test]
fn dates_are_in_the_calendar() {
    check(
        "date",
        &["\"2024-02-29\"", "\"2024\""],
        &["\"2023-02-29\"", "\"2024-2-1\"", "\"2024-02-01T00:00:00Z\""],
    );
    check(
        "dateTime",
        &["\"2024\"", "\"2024-02-01T00:00:00.5Z\""],
        &["\"2024-02-01T00:00:00\"", "\"2024-02-31\""],
    );
    check(
        "instant",
        &["\"2024-02-01T00:00:00Z\""],
        &["\"2024-02-01\"", "\"2024-02-30T00:00:00Z\""],
    );
    check(
        "time",
        &["\"23:59:60\""],
        &["\"24:00:00\"", "\"10:00\"", "\"10:00:00Z\""],
    );
}

#[test]
fn a_string_has_at_most_a_million_characters() {
    let text = |character: &str, count: usize| format!("\"{}\"", character.repeat(count));
    check(
        "string",
        &[&text("a", 1_048_576), &text("é", 1_048_576)],
        &[&text("a", 1_048_577), &text("é", 1_048_577)],
    );
}

fn check_narrative(inner: &str, expected: &str) {
    let text = format!(r#"<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>"#);
    let found =
        narrative::check(&text).map_or_else(|fault| fault.to_string(), |()| "ok".to_owned());
    assert_eq!(found, expected, "{inner}");
}

#[test]
fn a_narrative_is_plain_xhtml() {
    let check = check_narrative;
    check("", "the narrative has no text and no image (txt-2)");
    check("<p> </p>", "the narrative has no text and no image (txt-2)");
    check(
        r#"<p class="a">b &amp; &#233; &#xe9; <b>c</b><br/><!-- d --></p>"#,
        "ok",
    );
    check(
        r##"<a href="http://a/b?c=d&amp;e=f:g">h</a><a href="#i">j</a><img src="#k" alt=""/>"##,
        "ok",
    );
    check(
        r#"<table><tbody><tr><td colspan="2" style="color: red">a</td></tr></tbody></table>"#,
        "ok",
    );
}

#[test]
fn a_narrative_runs_nothing_and_is_well_formed() {
    let check = check_narrative;
    check(
        "<script>a()</script>",
        "'script' must not be in a narrative (txt-1)",
    );
    check("<iframe/>", "'iframe' must not be in a narrative (txt-1)");
    check(
        "<h:b xmlns:h=\"u\">a</h:b>",
        "an element a narrative must not have (txt-1)",
    );
    check(
        r#"<p onclick="a()">b</p>"#,
        "an attribute a narrative must not have (txt-1)",
    );
    check(
        r#"<a href="javascript:a()">b</a>"#,
        "a link that runs a script",
    );
    check(
        "<a href=\" Java\nScript:a()\">b</a>",
        "a link that runs a script",
    );
    check(
        r#"<a href="java&#115;cript:a()">b</a>"#,
        "a link that runs a script",
    );
    check(r#"<img src="vbscript:a"/>"#, "a link that runs a script");
    check(
        "a&nbsp;b",
        "an entity XML does not define; write the character itself",
    );
    check(
        r#"<p title="a&nbsp;b"/>"#,
        "an entity XML does not define; write the character itself",
    );
    check(
        r#"<p title="a & b"/>"#,
        "an entity XML does not define; write the character itself",
    );
    check("<p>a", "the narrative is not well-formed XML");
    check("<p>a</b>", "the narrative is not well-formed XML");
    check(
        r#"<p title="a" title="b"/>"#,
        "the narrative is not well-formed XML",
    );
    check("<p title=\"<\"/>", "the narrative is not well-formed XML");
    check(
        "<?php a ?>",
        "no document type, processing instruction or declaration in a narrative",
    );
    check(
        r#"<p xmlns="u">a</p>"#,
        "the narrative is one 'div' in the namespace of XHTML",
    );
}

#[test]
fn a_narrative_is_one_div_of_xhtml() {
    let check = |text: &str, expected: &str| {
        assert_eq!(
            narrative::check(text).unwrap_err().to_string(),
            expected,
            "{text}"
        );
    };
    let one_div = "the narrative is one 'div' in the namespace of XHTML";
    check("", one_div);
    check("text", one_div);
    check("<div>a</div>", one_div);
    check(r#"<div xmlns="http://hl7.org/fhir">a</div>"#, one_div);
    check(r#"<p xmlns="http://www.w3.org/1999/xhtml">a</p>"#, one_div);
    check(
        r#"<div xmlns="http://www.w3.org/1999/xhtml">a</div>b"#,
        one_div,
    );
    check(
        r#"<div xmlns="http://www.w3.org/1999/xhtml"/><div xmlns="http://www.w3.org/1999/xhtml"/>"#,
        one_div,
    );
    check(
        r#"<div xmlns="http://www.w3.org/1999/xhtml">"#,
        "the narrative is not well-formed XML",
    );
    check(
        "<!DOCTYPE a [<!ENTITY b 'c'>]><div/>",
        "no document type, processing instruction or declaration in a narrative",
    );
}
