//! The tape against RFC 8259 and FHIR's own rules, and against `serde_json` as a second opinion.

use proptest::prelude::*;

use super::edit::{insert_item, remove_item, remove_member, set_member};
use super::*;

fn fault(text: &[u8]) -> Option<(ParseErrorKind, usize)> {
    Document::parse(text.to_vec())
        .err()
        .map(|error| (error.kind, error.offset))
}

#[test]
fn refuses_what_json_and_fhir_refuse() {
    use ParseErrorKind::*;
    let check = |text: &str, kind, offset| {
        assert_eq!(fault(text.as_bytes()), Some((kind, offset)), "{text}")
    };
    check("", UnexpectedEnd, 0);
    check("{", UnexpectedEnd, 1);
    check(r#"{"a":1,}"#, UnexpectedCharacter, 7);
    check(r#"{"a":1 "b":2}"#, UnexpectedCharacter, 7);
    check(r#"{a:1}"#, UnexpectedCharacter, 1);
    check("[1,]", UnexpectedCharacter, 3);
    check("[1] 2", TrailingCharacters, 4);
    check("01", Number, 0);
    check("-", Number, 0);
    check("1.", Number, 0);
    check("1e", Number, 0);
    check("1e1000", Number, 0);
    check("+1", UnexpectedCharacter, 0);
    check("NaN", UnexpectedCharacter, 0);
    check("tru", UnexpectedCharacter, 0);
    check(r#""\x""#, Escape, 1);
    check(r#""\ud800""#, Escape, 1);
    check(r#""\udc00""#, Escape, 1);
    check(r#""\ud800A""#, Escape, 1);
    check(r#""\u0000""#, ControlCharacter, 1);
    check("\"a\nb\"", ControlCharacter, 2);
    check(r#"{"a":1,"a":2}"#, DuplicateKey, 8);
    check(r#"{"a":1,"\u0061":2}"#, DuplicateKey, 8);
    assert_eq!(fault(b"\"\xff\""), Some((Utf8, 1)));
    assert_eq!(fault("[".repeat(65).as_bytes()), Some((TooDeep, 64)));
    assert_eq!(
        fault(format!("{}{}", "[".repeat(64), "]".repeat(64)).as_bytes()),
        None
    );
    let many: String = (0..40).map(|n| format!("\"k{n}\":1,")).collect();
    assert_eq!(
        fault(format!("{{{many}\"k7\":1}}").as_bytes()).unwrap().0,
        DuplicateKey
    );
}

#[test]
fn reads_members_items_and_text() {
    let text = r#"{"a":[1.10,{"b":"x\u00e9\ud83d\ude00\n"},null],"c":true}"#;
    let document = Document::parse(text).unwrap();
    let root = document.root();
    let items: Vec<_> = root.get("a").unwrap().items().collect();
    assert_eq!(items[0].number(), Some("1.10"));
    assert_eq!(items[1].get("b").unwrap().string().unwrap(), "xé😀\n");
    assert!(items[2].is_null());
    assert_eq!(root.get("c").unwrap().boolean(), Some(true));
    assert_eq!(root.get("c").unwrap().each().count(), 1);
    assert_eq!(root.raw(), text);
    assert!(root.get("d").is_none());
}

#[test]
fn names_the_place_of_a_fault() {
    let error = Document::parse("{\n  \"é\": x}").unwrap_err();
    assert_eq!(error.position, Position { line: 2, column: 8 });
}

#[test]
fn edits_leave_the_rest_alone() {
    let document = Document::parse(r#"{ "a" : 1 , "b" : [1, 2 , 3], "c":{} }"#).unwrap();
    let root = document.root();
    assert_eq!(
        set_member(root, "a", "9"),
        r#"{ "a" : 9 , "b" : [1, 2 , 3], "c":{} }"#
    );
    assert_eq!(
        set_member(root.get("c").unwrap(), "d", "1"),
        r#"{ "a" : 1 , "b" : [1, 2 , 3], "c":{"d":1} }"#
    );
    assert_eq!(remove_member(root, "a"), r#"{ "b" : [1, 2 , 3], "c":{} }"#);
    assert_eq!(
        remove_member(root, "c"),
        r#"{ "a" : 1 , "b" : [1, 2 , 3] }"#
    );
    let array = root.get("b").unwrap();
    assert_eq!(
        remove_item(array, 2).unwrap(),
        r#"{ "a" : 1 , "b" : [1, 2 ], "c":{} }"#
    );
    assert_eq!(
        insert_item(array, 3, "4").unwrap(),
        r#"{ "a" : 1 , "b" : [1, 2 , 3,4], "c":{} }"#
    );
    assert_eq!(
        insert_item(array, 0, "0").unwrap(),
        r#"{ "a" : 1 , "b" : [0,1, 2 , 3], "c":{} }"#
    );
    assert_eq!(insert_item(array, 4, "4"), None);
    assert_eq!(remove_item(array, 3), None);
}

#[test]
fn writes_what_it_reads() {
    let mut writer = Writer::default();
    writer.object(|object| {
        object.string("s", "a\"\\\n\u{1}é");
        object.number("n", 7u32);
        object.array("a", |items| {
            items.raw("1.10");
            items.object(|_| {});
        });
        object.boolean("b", true);
    });
    let text = writer.finish();
    assert_eq!(
        text,
        "{\"s\":\"a\\\"\\\\\\n\\u0001é\",\"n\":7,\"a\":[1.10,{}],\"b\":true}"
    );
    let document = Document::parse(text).unwrap();
    assert_eq!(
        document.root().get("s").unwrap().string().unwrap(),
        "a\"\\\n\u{1}é"
    );
}

proptest! {
    /// Accepted exactly when `serde_json` accepts, but for what FHIR forbids beyond JSON and our limits.
    #[test]
    fn agrees_with_serde_json(text in r#"[\[\]{}:, "\\/bfnrtuaeE0-9+.\-lsé]{0,24}"#) {
        let ours = Document::parse(text.clone());
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text);
        match ours {
            Ok(_) => prop_assert!(theirs.is_ok()),
            Err(error) => prop_assert!(
                theirs.is_err()
                    || matches!(
                        error.kind,
                        ParseErrorKind::DuplicateKey | ParseErrorKind::ControlCharacter | ParseErrorKind::Number
                    )
            ),
        }
    }
}
