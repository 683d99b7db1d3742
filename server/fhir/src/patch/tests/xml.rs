//! Rules of RFC 5261 on a resource.

use proptest::prelude::*;

use crate::fixtures::structures;
use crate::patch::PatchErrorKind::{self, Identity, Malformed, Place};
use crate::patch::apply_xml_patch;
use crate::resource::Resource;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"1","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><!-- c --> a&#160;<b>b</b></div>"},"active":true,"name":[{"use":"official","given":["a","b"]},{"use":"usual","family":"c"}],"birthDate":"1970-01-01"}"#;

fn patched(operations: &str) -> Option<Result<String, (PatchErrorKind, Option<usize>)>> {
    let structures = structures()?;
    let resource = Resource::parse(PATIENT).unwrap();
    let patch = format!(
        "<diff xmlns=\"http://hl7.org/fhir\" xmlns:x=\"http://www.w3.org/1999/xhtml\">{operations}</diff>"
    );
    Some(
        apply_xml_patch(&resource, patch.as_bytes(), structures)
            .map(|resource| resource.text().to_owned())
            .map_err(|error| (error.kind, error.operation)),
    )
}

/// Operations, a piece of the JSON, and what stands there instead afterwards.
const CHANGES: &[(&str, &str, &str)] = &[
    ("", "1", "1"),
    (
        "<replace sel='f:Patient/f:active/@value'>false</replace>",
        "true",
        "false",
    ),
    (
        "<replace sel=\"/Patient/active\"><active value='false'/></replace>",
        "true",
        "false",
    ),
    (
        "<replace sel='*/*[3]'> <active value='false'/> </replace>",
        "true",
        "false",
    ),
    (
        "<add sel='f:Patient/f:active' pos='after'><name id='n'/></add>",
        "\"name\":[",
        "\"name\":[{\"id\":\"n\"},",
    ),
    (
        "<add sel='f:Patient/f:name[1]/f:given[2]' pos=\"before\"><given value='x'/></add>",
        "\"b\"",
        "\"x\",\"b\"",
    ),
    (
        "<add sel='f:Patient/f:name[f:use/@value=\"usual\"]'><given value='d'/></add>",
        "\"family\":\"c\"",
        "\"family\":\"c\",\"given\":[\"d\"]",
    ),
    (
        "<add sel='f:Patient/f:name[2]' pos='prepend'><extension url='u'><valueCode value='c'/></extension></add>",
        "{\"use\":\"usual\"",
        "{\"extension\":[{\"url\":\"u\",\"valueCode\":\"c\"}],\"use\":\"usual\"",
    ),
    (
        "<add sel='f:Patient/f:name[2]' type='@id'>i</add>",
        "{\"use\":\"usual\"",
        "{\"id\":\"i\",\"use\":\"usual\"",
    ),
    (
        "<remove sel='f:Patient/f:name/f:given[@value=\"a\"]'/>",
        "\"a\",",
        "",
    ),
    (
        "<remove sel='f:Patient/f:name[2]/f:use'/>",
        "\"use\":\"usual\",",
        "",
    ),
    (
        "<remove sel='f:Patient/f:birthDate'/>",
        ",\"birthDate\":\"1970-01-01\"",
        "",
    ),
    (
        "<replace sel='f:Patient/f:text/h:div/h:b/text()'>&lt;c></replace>",
        "<!-- c --> a&#160;<b>b",
        "<!-- c --> a\u{A0}<b>&lt;c&gt;",
    ),
    (
        "<remove sel=\"f:Patient/f:text/x:div/x:b[.='b']\"/>",
        "<!-- c --> a&#160;<b>b</b>",
        "<!-- c --> a\u{A0}",
    ),
    (
        "<remove sel='f:Patient/f:text/h:div/comment()'/>",
        "<!-- c --> a&#160;",
        " a\u{A0}",
    ),
    (
        "<add sel='f:Patient/f:text/h:div' type='@xml:lang'>de</add>",
        "xhtml\\\"><!-- c --> a&#160;",
        "xhtml\\\" xml:lang=\\\"de\\\"><!-- c --> a\u{A0}",
    ),
    (
        "<remove sel='f:Patient/comment()[1]'/><replace sel='f:Patient/processing-instruction(\"a\")'/>",
        "1",
        "1",
    ),
];

#[test]
fn operations_change_what_they_select() {
    for (operations, from, to) in CHANGES {
        assert!(PATIENT.contains(from), "{from}");
        if let Some(answer) = patched(operations) {
            assert_eq!(answer, Ok(PATIENT.replacen(from, to, 1)), "{operations}");
        }
    }
}

/// Operations, why they are refused, and which of them is to blame.
const FAULTS: &[(&str, PatchErrorKind, Option<usize>)] = &[
    (
        "<remove sel='f:Patient[f:a[f:b=\"c\"]=\"d\"]'/>",
        Malformed,
        Some(0),
    ),
    ("<add", Malformed, None),
    ("<!DOCTYPE a>", Malformed, None),
    ("<move sel='f:Patient'/>", Malformed, Some(0)),
    ("<remove/>", Malformed, Some(0)),
    (
        "<remove sel='f:Patient/f:active' pos='after'/>",
        Malformed,
        Some(0),
    ),
    (
        "<remove sel='f:Patient/f:active'>x</remove>",
        Malformed,
        Some(0),
    ),
    (
        "<remove sel='f:Patient/f:active' ws='x'/>",
        Malformed,
        Some(0),
    ),
    (
        "<remove sel='f:Patient/f:active/@value' ws='both'/>",
        Malformed,
        Some(0),
    ),
    (
        "<add sel='f:Patient' type='namespace::a'>b</add>",
        Malformed,
        Some(0),
    ),
    ("<add sel='f:Patient' type='id'>b</add>", Malformed, Some(0)),
    (
        "<add sel='f:Patient' type='@q:id'>b</add>",
        Malformed,
        Some(0),
    ),
    ("<add sel='f:Patient' type='@1'>b</add>", Malformed, Some(0)),
    (
        "<add sel='f:Patient/f:name[1]' type='@id'><b/></add>",
        Malformed,
        Some(0),
    ),
    (
        "<add sel='f:Patient' pos='inside'><active/></add>",
        Malformed,
        Some(0),
    ),
    (
        "<add sel='f:Patient' pos='after'><active/></add>",
        Malformed,
        Some(0),
    ),
    (
        "<add sel='f:Patient/f:active/@value'>x</add>",
        Malformed,
        Some(0),
    ),
    (
        "<add sel='f:Patient/f:text/h:div/text()[1]'>x</add>",
        Malformed,
        Some(0),
    ),
    ("<replace sel='f:Patient/f:active'/>", Malformed, Some(0)),
    (
        "<replace sel='f:Patient/f:active'><active/><active/></replace>",
        Malformed,
        Some(0),
    ),
    (
        "<replace sel='f:Patient/f:active'><!-- --></replace>",
        Malformed,
        Some(0),
    ),
    (
        "<replace sel='f:Patient/f:active/@value'><active/></replace>",
        Malformed,
        Some(0),
    ),
    (
        "<remove sel='f:Patient/f:active'/><remove sel='f:Patient/f:active'/>",
        Place,
        Some(1),
    ),
    ("<remove sel='f:Patient/f:name'/>", Place, Some(0)),
    ("<remove sel='f:Patient/x:name'/>", Place, Some(0)),
    ("<remove sel='f:Patient/f:name[3]'/>", Place, Some(0)),
    ("<remove sel='f:Patient/f:active/@id'/>", Place, Some(0)),
    (
        "<remove sel='f:Patient/f:active' ws='before'/>",
        Place,
        Some(0),
    ),
    (
        "<add sel='f:Patient/f:active' type='@value'>x</add>",
        Place,
        Some(0),
    ),
    ("<remove sel='f:Patient'/>", Identity, Some(0)),
    (
        "<replace sel='f:Patient/f:id/@value'>2</replace>",
        Identity,
        None,
    ),
    ("<remove sel='f:Patient/f:id'/>", Identity, None),
    (
        "<replace sel='f:Patient'><Group><id value='1'/></Group></replace>",
        Identity,
        None,
    ),
    (
        "<add sel='f:Patient'><active value='true'/></add>",
        PatchErrorKind::Result,
        None,
    ),
    (
        "<replace sel='f:Patient/f:active/@value'>maybe</replace>",
        PatchErrorKind::Result,
        None,
    ),
    (
        "<add sel='f:Patient/f:active'>text</add>",
        PatchErrorKind::Result,
        None,
    ),
];

/// Selectors that are none, or none of RFC 5261's.
const NO_SELECTORS: &[&str] = &[
    "",
    "/",
    "//f:active",
    "f:Patient/",
    "f:Patient[",
    "f:Patient[0]",
    "f:Patient[1",
    "f:Patient[@a]",
    "f:Patient[@a=b]",
    "f:Patient[@a=é]",
    "f:Patient[@a=",
    "f:Patient/@a/b",
    "id('a')",
    "q:Patient",
    "f:Patient | f:Patient",
    "f:Patient/child::f:active",
    "f:Patient[last()]",
    "f:Patient/namespace::f",
    "f:Patient/text()/f:a",
    "processing-instruction('a'",
    "f:Patient[.]",
    "f:Patient[1 2]",
];

#[test]
fn faults_name_their_kind_and_operation() {
    let check = |operations: &str, kind: PatchErrorKind, operation: Option<usize>| {
        if let Some(answer) = patched(operations) {
            assert_eq!(answer, Err((kind, operation)), "{operations}");
        }
    };
    for (operations, kind, operation) in FAULTS {
        check(operations, *kind, *operation);
    }
    for sel in NO_SELECTORS {
        check(&format!("<remove sel=\"{sel}\"/>"), Malformed, Some(0));
    }
    let long = format!("<remove sel='f:Patient{}'/>", "/f:a".repeat(300));
    check(&long, Malformed, Some(0));
    let deep = format!("{}{}", "<x:b>".repeat(200), "</x:b>".repeat(200));
    let twice = format!("<add sel='f:Patient/f:text/h:div/h:b'>{deep}</add>")
        + &format!(
            "<add sel='f:Patient/f:text/h:div/h:b{}'>{deep}</add>",
            "/h:b".repeat(200)
        );
    check(&twice, PatchErrorKind::Result, Some(1));
}

#[test]
fn white_space_goes_with_what_it_stands_beside() {
    use crate::patch::xml::patch_text;
    let check = |ws: &str, expected: &str| {
        let patch = format!("<diff><remove sel='a/b' ws='{ws}'/></diff>");
        assert_eq!(
            patch_text("<a>\n<b/>\n</a>", patch.as_bytes(), 1 << 20).unwrap(),
            expected
        );
    };
    check("before", "<a>\n</a>");
    check("after", "<a>\n</a>");
    check("both", "<a/>");
}

#[test]
fn a_patch_cannot_swell_without_end() {
    use crate::patch::xml::patch_text;
    let more = "<add sel='a'><b/><b/><b/><b/></add>".repeat(1000);
    let answer = patch_text("<a/>", format!("<diff>{more}</diff>").as_bytes(), 1 << 20);
    assert_eq!(answer.unwrap_err().kind, PatchErrorKind::Costly);
}

proptest! {
    /// No selector makes it panic.
    #[test]
    fn any_selector_is_read_or_refused(sel in "[a-c:*/@\\[\\]()='.1é ]{0,24}") {
        use crate::patch::xml::patch_text;
        let patch = format!("<diff><remove sel=\"{sel}\"/></diff>");
        let _ = patch_text("<a><b c='1'>d</b></a>", patch.as_bytes(), 1 << 20);
    }
}
