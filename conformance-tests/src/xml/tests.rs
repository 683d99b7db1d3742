//! Comparing and selecting, as data.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use super::{difference, read, select};

const F: &str = r#"xmlns="http://hl7.org/fhir""#;

fn differ(expected: &str, actual: &str) -> Option<String> {
    let whole = |inner: &str| format!("<Patient {F}>{inner}</Patient>");
    let (expected, actual) = (whole(expected), whole(actual));
    difference(&read(&expected).unwrap(), &read(&actual).unwrap())
}

#[test]
fn layout_comments_and_what_the_server_assigns_do_not_count() {
    for (expected, actual) in [
        (r#"<id value="a"/>"#, "\n  <!-- x --><id value='a'></id>\n"),
        (r#"<name id="1" a="2"/>"#, r#"<name a="2" id="1"/>"#),
        (
            "",
            r#"<meta><versionId value="1"/><lastUpdated value="x"/></meta>"#,
        ),
        (
            r#"<meta><tag><code value="t"/></tag></meta>"#,
            r#"<meta><versionId value="1"/><tag><code value="t"/></tag></meta>"#,
        ),
    ] {
        assert_eq!(differ(expected, actual), None, "{actual}");
    }
}

#[test]
fn everything_else_counts() {
    let div = |inner: &str| {
        format!(r#"<text><div xmlns="http://www.w3.org/1999/xhtml">{inner}</div></text>"#)
    };
    for (expected, actual, found) in [
        (
            r#"<id value="a"/>"#.to_owned(),
            r#"<id value="b"/>"#.to_owned(),
            "Patient/id: attributes",
        ),
        (
            "<a/><b/>".into(),
            "<b/><a/>".into(),
            "Patient/<b>, expected <a>",
        ),
        (
            "<a/>".into(),
            "<a/><a/>".into(),
            "Patient: 2 nodes, expected 1",
        ),
        (
            div("a <b>c</b>"),
            div("a<b>c</b>"),
            "Patient/text/div/text Some(\"a\")",
        ),
        (div("a"), div("<b/>"), "Patient/text/div/text None"),
        (
            r#"<id xmlns="other"/>"#.into(),
            "<id/>".into(),
            "Patient/<id>, expected <id>",
        ),
    ] {
        let difference = differ(&expected, &actual).unwrap();
        assert!(difference.starts_with(found), "{difference}");
    }
}

#[test]
fn a_path_selects_attributes_and_text() {
    let text = format!(
        r#"<Patient {F}><name><family value="A"/></name><name><family value="B"/></name>
           <text><div xmlns="http://www.w3.org/1999/xhtml">x <b>y</b></div></text></Patient>"#
    );
    let document = read(&text).unwrap();
    for (path, found) in [
        ("Patient/name/family/@value", Some(r#"["A","B"]"#)),
        ("Patient/text/div", Some(r#""x y""#)),
        ("Patient/*/div", Some(r#""x y""#)),
        ("Patient/id/@value", None),
        ("Observation", None),
    ] {
        assert_eq!(
            select(&document, path).map(|v| v.to_string()).as_deref(),
            found,
            "{path}"
        );
    }
}

#[test]
fn what_is_not_xml_and_document_types_are_refused() {
    for text in ["<a>", "", r#"<!DOCTYPE a><a/>"#] {
        assert!(read(text).unwrap_err().starts_with("not XML: "), "{text}");
    }
}
