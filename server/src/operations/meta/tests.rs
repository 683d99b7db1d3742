//! Labels as sets, and `$meta` on its three levels.

use fhir::json::Document;

use super::labels::{Change, LabelError};
use crate::operations::testing::World;

/// What a change makes of a Meta; `None` is nothing.
fn check(change: Change, meta: &str, labels: &str, expected: Option<&str>) {
    let (meta, labels) = (
        Document::parse(meta.to_owned()),
        Document::parse(labels.to_owned()),
    );
    let (meta, labels) = (meta.unwrap(), labels.unwrap());
    let changed = change.apply(Some(meta.root()), labels.root()).unwrap();
    assert_eq!(changed.as_deref(), expected, "{labels:?}");
}

#[test]
fn labels_are_sets() {
    use Change::{Add, Delete};
    let one = r#"{"versionId":"1","tag":[{"system":"a","code":"b","display":"kept"}]}"#;
    // Version, display and what the server sets do not tell a label.
    check(
        Add,
        one,
        r#"{"tag":[{"system":"a","code":"b","version":"2"}],"versionId":"9"}"#,
        None,
    );
    check(
        Add,
        one,
        r#"{"tag":[{"code":"b"},{"code":"b"},{"system":"a","code":"B"}]}"#,
        Some(
            r#"{"versionId":"1","tag":[{"system":"a","code":"b","display":"kept"},{"code":"b"},{"system":"a","code":"B"}]}"#,
        ),
    );
    // A label of one list is none of another.
    check(
        Add,
        one,
        r#"{"security":[{"system":"a","code":"b"}]}"#,
        Some(
            r#"{"versionId":"1","tag":[{"system":"a","code":"b","display":"kept"}],"security":[{"system":"a","code":"b"}]}"#,
        ),
    );
    check(
        Add,
        "{}",
        r#"{"profile":["p","p","q"]}"#,
        Some(r#"{"profile":["p","q"]}"#),
    );
    check(
        Delete,
        one,
        r#"{"tag":[{"system":"a","code":"b"}]}"#,
        Some(r#"{"versionId":"1"}"#),
    );
    check(
        Delete,
        one,
        r#"{"tag":[{"code":"b"}],"profile":["p"]}"#,
        None,
    );
    check(Delete, one, "{}", None);
    // What is beside the lists stays, and what belongs to a profile goes and comes with it.
    let profiles = r#"{"source":"s","profile":["p","q"],"_profile":[{"id":"x"},{"id":"y"}]}"#;
    check(
        Delete,
        profiles,
        r#"{"profile":["p"]}"#,
        Some(r#"{"source":"s","profile":["q"],"_profile":[{"id":"y"}]}"#),
    );
    check(
        Add,
        profiles,
        r#"{"profile":["r"]}"#,
        Some(r#"{"source":"s","profile":["p","q","r"],"_profile":[{"id":"x"},{"id":"y"},null]}"#),
    );
    check(
        Delete,
        profiles,
        r#"{"profile":["p","q"]}"#,
        Some(r#"{"source":"s"}"#),
    );
}

#[test]
fn what_is_no_label_is_refused() {
    let check = |labels: &str, expected: LabelError| {
        let labels = Document::parse(labels.to_owned()).unwrap();
        for change in [Change::Add, Change::Delete] {
            assert_eq!(change.apply(None, labels.root()), Err(expected.clone()));
        }
    };
    check(r#"{"source":"s"}"#, LabelError::NoLabel("source".into()));
    check(
        r#"{"_profile":[{"id":"x"}]}"#,
        LabelError::NoLabel("_profile".into()),
    );
    check(r#"{"tag":[{"system":"a"}]}"#, LabelError::NoCode);
    check(
        r#"{"security":[{"code":"c"},{"display":"d"}]}"#,
        LabelError::NoCode,
    );
}

#[tokio::test]
async fn meta_of_each_level_is_what_is_in_use_there() {
    let Some(world) = World::new().await else {
        return;
    };
    let check = async |path: &str, expected: &str| {
        let expected = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"return","valueMeta":{expected}}}]}}"#
        );
        assert_eq!(world.call(path, None).await.unwrap(), expected, "{path}");
    };
    check("$meta", "{}").await;
    world.put(r#"{"resourceType":"Patient","id":"a","meta":{"profile":["http://p"],"tag":[{"system":"urn:s","code":"x","display":"X"}]}}"#).await;
    world.put(r#"{"resourceType":"Patient","id":"b","meta":{"tag":[{"system":"urn:s","code":"x"},{"code":"x"}]}}"#).await;
    world.put(r#"{"resourceType":"Basic","id":"c","meta":{"security":[{"system":"urn:s","code":"R"}]},"code":{"text":"t"}}"#).await;
    let tags = r#""tag":[{"code":"x"},{"system":"urn:s","code":"x","display":"X"}]"#;
    check(
        "Patient/$meta",
        &format!(r#"{{"profile":["http://p"],{tags}}}"#),
    )
    .await;
    check(
        "Basic/$meta",
        r#"{"security":[{"system":"urn:s","code":"R"}]}"#,
    )
    .await;
    check("Device/$meta", "{}").await;
    check(
        "$meta",
        &format!(
            r#"{{"profile":["http://p"],"security":[{{"system":"urn:s","code":"R"}}],{tags}}}"#
        ),
    )
    .await;
    let whole = world.call("Patient/b/$meta", None).await.unwrap();
    for part in [r#""versionId": "1""#, "lastUpdated", r#""code": "x""#] {
        assert!(whole.contains(part), "{part} in {whole}");
    }
    assert_eq!(
        world.call("Patient/z/$meta", None).await.unwrap_err(),
        "404 there is no Patient/z"
    );
    world.close().await;
}
