//! Rules of RFC 6902 and RFC 6901, and what a resource must keep.

use crate::json::Document;
use crate::patch::PatchErrorKind::{self, Malformed, Place};
use crate::patch::apply_json_patch;
use crate::patch::json::apply_within;

const PATIENT: &str = r#"{ "resourceType":"Patient", "id":"1", "active" : true ,"n":1.0,
    "name":[{"given":["a","b"]}, {"family":"c"}], "a/b":{"~":1,"":2} }"#;

fn patched(patch: &str) -> Result<String, (PatchErrorKind, Option<usize>)> {
    let resource = Document::parse(PATIENT).unwrap();
    apply_json_patch(&resource, &Document::parse(patch.to_owned()).unwrap())
        .map_err(|error| (error.kind, error.operation))
}

/// A patch, a piece of the text, and what stands there instead afterwards.
const CHANGES: &[(&str, &str, &str)] = &[
    (r#"[]"#, "1", "1"),
    (
        r#"[{"op":"replace","path":"/active","value":false}]"#,
        "true",
        "false",
    ),
    (
        r#"[{"op":"add","path":"/active","value":false}]"#,
        "true",
        "false",
    ),
    (
        r#"[{"op":"add","path":"/gender","value":"male"}]"#,
        " }",
        " ,\"gender\":\"male\"}",
    ),
    (
        r#"[{"op":"add","path":"/name/0/given/1","value":"x"}]"#,
        "\"b\"",
        "\"x\",\"b\"",
    ),
    (
        r#"[{"op":"add","path":"/name/0/given/2","value":"x"}]"#,
        "\"b\"]",
        "\"b\",\"x\"]",
    ),
    (
        r#"[{"op":"add","path":"/name/0/given/-","value":1.50}]"#,
        "\"b\"]",
        "\"b\",1.50]",
    ),
    (
        r#"[{"op":"remove","path":"/active"}]"#,
        "\"active\" : true ,",
        "",
    ),
    (
        r#"[{"op":"remove","path":"/name/0/given/0"}]"#,
        "\"a\",",
        "",
    ),
    (
        r#"[{"op":"remove","path":"/name/1"}]"#,
        ", {\"family\":\"c\"}",
        "",
    ),
    (
        r#"[{"op":"move","from":"/name/0/given/0","path":"/name/0/given/1"}]"#,
        "\"a\",\"b\"",
        "\"b\",\"a\"",
    ),
    (
        r#"[{"op":"move","from":"/active","path":"/active"}]"#,
        "1",
        "1",
    ),
    (
        r#"[{"op":"copy","from":"/name/0/given","path":"/name/1/given"}]"#,
        "\"c\"}",
        "\"c\",\"given\":[\"a\",\"b\"]}",
    ),
    (
        r#"[{"op":"replace","path":"/a~1b/~0","value":3}]"#,
        "\"~\":1",
        "\"~\":3",
    ),
    (
        r#"[{"op":"replace","path":"/a~1b/","value":3}]"#,
        "\"\":2",
        "\"\":3",
    ),
    (
        r#"[{"op":"remove","path":"/active"},{"op":"test","path":"/n","value":1}]"#,
        "\"active\" : true ,",
        "",
    ),
];

#[test]
fn operations_change_what_they_name_and_nothing_else() {
    for (patch, from, to) in CHANGES {
        assert!(PATIENT.contains(from), "{from}");
        assert_eq!(patched(patch), Ok(PATIENT.replacen(from, to, 1)), "{patch}");
    }
}

#[test]
fn a_test_compares_values_not_texts() {
    let check = |path: &str, value: &str, holds: bool| {
        let patch = format!(r#"[{{"op":"test","path":"{path}","value":{value}}}]"#);
        let expected = if holds {
            Ok(PATIENT.to_owned())
        } else {
            Err((PatchErrorKind::Test, Some(0)))
        };
        assert_eq!(patched(&patch), expected, "{patch}");
    };
    for (number, holds) in [
        ("1", true),
        ("1.00", true),
        ("10e-1", true),
        ("0.1e1", true),
        ("1.0000000000000000000001", false),
        ("-1", false),
        ("\"1\"", false),
        ("true", false),
        ("0", false),
        ("100e-2", true),
        ("0.01E+2", true),
    ] {
        check("/n", number, holds);
    }
    check("/name/1", r#"{"f\u0061mily":"\u0063"}"#, true);
    check("/name/1", r#"{"family":"c","x":1}"#, false);
    check("/name/0/given", r#"["a","b"]"#, true);
    check("/name/0/given", r#"["b","a"]"#, false);
    check("/name/0/given", r#"["a"]"#, false);
    check("/a~1b", r#"{"":2,"~":1}"#, true);
    check("/active", "true", true);
    check("/active", "null", false);
}

/// A patch, why it is refused, and which operation is to blame.
const FAULTS: &[(&str, PatchErrorKind, Option<usize>)] = &[
    ("{}", Malformed, None),
    (r#"[{"op":"remove","path":"/x"},1]"#, Malformed, Some(1)),
    (r#"[{"path":"/n"}]"#, Malformed, Some(0)),
    (r#"[{"op":"remove"}]"#, Malformed, Some(0)),
    (r#"[{"op":"remove","path":1}]"#, Malformed, Some(0)),
    (r#"[{"op":"remove","path":"n"}]"#, Malformed, Some(0)),
    (r#"[{"op":"remove","path":"/~2"}]"#, Malformed, Some(0)),
    (r#"[{"op":"remove","path":"/~"}]"#, Malformed, Some(0)),
    (r#"[{"op":"add","path":"/x"}]"#, Malformed, Some(0)),
    (r#"[{"op":"replace","path":"/n"}]"#, Malformed, Some(0)),
    (r#"[{"op":"test","path":"/n"}]"#, Malformed, Some(0)),
    (r#"[{"op":"move","path":"/n"}]"#, Malformed, Some(0)),
    (r#"[{"op":"merge","path":"/n"}]"#, Malformed, Some(0)),
    (
        r#"[{"op":"move","from":"/name","path":"/name/0/x"}]"#,
        Malformed,
        Some(0),
    ),
    (r#"[{"op":"remove","path":"/x"}]"#, Place, Some(0)),
    (
        r#"[{"op":"replace","path":"/x","value":1}]"#,
        Place,
        Some(0),
    ),
    (r#"[{"op":"test","path":"/x","value":1}]"#, Place, Some(0)),
    (r#"[{"op":"copy","from":"/x","path":"/y"}]"#, Place, Some(0)),
    (r#"[{"op":"move","from":"/x","path":"/y"}]"#, Place, Some(0)),
    (r#"[{"op":"add","path":"/x/y","value":1}]"#, Place, Some(0)),
    (
        r#"[{"op":"add","path":"/active/y","value":1}]"#,
        Place,
        Some(0),
    ),
    (
        r#"[{"op":"add","path":"/name/3","value":1}]"#,
        Place,
        Some(0),
    ),
    (
        r#"[{"op":"add","path":"/name/00","value":1}]"#,
        Place,
        Some(0),
    ),
    (
        r#"[{"op":"add","path":"/name/+1","value":1}]"#,
        Place,
        Some(0),
    ),
    (
        r#"[{"op":"add","path":"/name/","value":1}]"#,
        Place,
        Some(0),
    ),
    (r#"[{"op":"remove","path":"/name/-"}]"#, Place, Some(0)),
    (r#"[{"op":"remove","path":"/name/2"}]"#, Place, Some(0)),
    (
        r#"[{"op":"remove","path":"/active"},{"op":"remove","path":"/active"}]"#,
        Place,
        Some(1),
    ),
];

#[test]
fn faults_name_their_kind_and_operation() {
    for (patch, kind, operation) in FAULTS {
        assert_eq!(patched(patch), Err((*kind, *operation)), "{patch}");
    }
    // A malformed operation spoils the patch before the ones in front of it are tried.
    let patch = r#"[{"op":"remove","path":"/x"},1]"#;
    assert_eq!(patched(patch), Err((Malformed, Some(1))));
}

#[test]
fn type_and_id_stay() {
    let check = |patch: &str| {
        assert_eq!(
            patched(patch).unwrap_err().0,
            PatchErrorKind::Identity,
            "{patch}"
        );
    };
    check(r#"[{"op":"replace","path":"/id","value":"2"}]"#);
    check(r#"[{"op":"replace","path":"/id","value":1}]"#);
    check(r#"[{"op":"remove","path":"/id"}]"#);
    check(r#"[{"op":"replace","path":"/resourceType","value":"Group"}]"#);
    check(r#"[{"op":"remove","path":""}]"#);
    check(r#"[{"op":"replace","path":"","value":[]}]"#);
    assert!(
        patched(r#"[{"op":"remove","path":"/id"},{"op":"add","path":"/id","value":"1"}]"#).is_ok()
    );
}

#[test]
fn a_patch_cannot_swell_without_end() {
    let resource = Document::parse(PATIENT).unwrap();
    let copies = vec![r#"{"op":"copy","from":"/name","path":"/name/-"}"#; 100].join(",");
    let patch = Document::parse(format!("[{copies}]")).unwrap();
    let kind = apply_within(&resource, &patch, 1 << 20).unwrap_err().kind;
    assert_eq!(kind, PatchErrorKind::Costly);
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let twice = format!(
        r#"[{{"op":"add","path":"/x","value":{deep}}},{{"op":"add","path":"/x{}/-","value":{deep}}}]"#,
        "/0".repeat(39)
    );
    assert_eq!(patched(&twice), Err((PatchErrorKind::Result, Some(1))));
}
