//! Parts of small resources, and of the official examples.

use super::*;
use crate::fixtures;
use crate::json::Document;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"1","meta":{"versionId":"2","tag":[{"code":"x"}]},
    "implicitRules":"http://r","text":{"status":"generated","div":"<div/>"},"contained":[{"resourceType":"Basic"}],
    "extension":[{"url":"u","valueDecimal":1.10}],"modifierExtension":[{"url":"m","valueBoolean":true}],
    "active":true,"name":[{"extension":[{"url":"e"}],"family":"C","_family":{"id":"f"}},{"extension":[{"url":"e"}]}],
    "birthDate":"1970","_birthDate":{"extension":[{"url":"b"}]},"maritalStatus":{"text":"m"},
    "link":[{"id":"l","other":{"reference":"Patient/2"},"type":"refer"}]}"#;

const TAGS: &str = r#""tag":[{"code":"x"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]"#;

#[test]
fn the_parts_of_a_patient() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let check = |summary: Option<&str>, elements: Option<&str>, expected: &str| {
        let document = Document::parse(PATIENT).unwrap();
        let subset = Subset::parse(summary, elements).unwrap().unwrap();
        let expected = expected.replace(
            "META",
            &format!(r#""resourceType":"Patient","id":"1","meta":{{"versionId":"2",{TAGS}}}"#),
        );
        assert_eq!(subset.of_resource(document.root(), structures), expected);
    };
    check(
        Some("true"),
        None,
        r#"{META,"implicitRules":"http://r","modifierExtension":[{"url":"m","valueBoolean":true}],"active":true,"name":[{"family":"C","_family":{"id":"f"}},{"extension":[{"url":"e"}]}],"birthDate":"1970","_birthDate":{"extension":[{"url":"b"}]},"link":[{"other":{"reference":"Patient/2"},"type":"refer"}]}"#,
    );
    check(
        Some("text"),
        None,
        r#"{META,"text":{"status":"generated","div":"<div/>"}}"#,
    );
    check(
        None,
        Some("birthDate, maritalStatus"),
        r#"{META,"implicitRules":"http://r","modifierExtension":[{"url":"m","valueBoolean":true}],"active":true,"birthDate":"1970","_birthDate":{"extension":[{"url":"b"}]},"maritalStatus":{"text":"m"},"link":[{"id":"l","other":{"reference":"Patient/2"},"type":"refer"}]}"#,
    );
    let document = Document::parse(PATIENT).unwrap();
    let data = Subset::Data.of_resource(document.root(), structures);
    let data = Document::parse(data).unwrap();
    let names = |value: Value<'_>| {
        let mut names: Vec<_> = value.members().map(|(name, _)| name.into_owned()).collect();
        names.sort();
        names
    };
    let mut expected = names(document.root());
    expected.retain(|name| name != "text");
    assert_eq!(names(data.root()), expected);
    assert!(data.text().contains("1.10"));
    assert_eq!(
        Subset::Count.of_resource(document.root(), structures),
        PATIENT
    );
}

#[test]
fn mandatory_elements_and_choices_are_kept() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let observation = r#"{"resourceType":"Observation","status":"final","code":{"text":"c"},"valueQuantity":{"value":1.0},
        "note":[{"text":"n"}]}"#;
    let check = |subset: Subset, expected: &str| {
        let document = Document::parse(observation).unwrap();
        let found = subset.of_resource(document.root(), structures);
        let (_, found) = found.split_once("]},").unwrap();
        assert_eq!(found, expected);
    };
    let mandatory = r#""status":"final","code":{"text":"c"}}"#;
    let with_value = r#""status":"final","code":{"text":"c"},"valueQuantity":{"value":1.0}}"#;
    check(Subset::Text, mandatory);
    check(Subset::Elements(vec!["subject".into()]), mandatory);
    check(Subset::Elements(vec!["value".into()]), with_value);
    check(Subset::Elements(vec!["valueQuantity".into()]), with_value);
    check(Subset::Summary, with_value);
}

#[test]
fn entries_are_cut_and_outcomes_are_not() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let bundle = r#"{"resourceType":"Bundle","total":1.0,"entry":[{"fullUrl":"u"},
        {"resource":{"resourceType":"Patient","id":"1","maritalStatus":{"text":"m"}}},
        {"resource":{"resourceType":"OperationOutcome","text":{"status":"empty"}}}]}"#;
    let document = Document::parse(bundle).unwrap();
    let found = Subset::Summary.of_entries(document.root(), structures);
    let cut = r#"{"resourceType":"Patient","id":"1","meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}}"#;
    let whole = r#"{"resourceType":"Patient","id":"1","maritalStatus":{"text":"m"}}"#;
    assert_eq!(found, bundle.replace(whole, cut));
}

#[test]
fn a_list_of_elements_speaks_of_the_matches() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let entry = |mode: &str| {
        format!(
            r#"{{"resource":{{"resourceType":"Patient","id":"1","maritalStatus":{{"text":"m"}}}},"search":{{"mode":"{mode}"}}}}"#
        )
    };
    let bundle = format!(
        r#"{{"resourceType":"Bundle","entry":[{},{}]}}"#,
        entry("match"),
        entry("include")
    );
    let document = Document::parse(bundle).unwrap();
    let check = |subset: Subset, whole: usize| {
        let found = subset.of_entries(document.root(), structures);
        assert_eq!(found.matches("maritalStatus").count(), whole, "{subset:?}");
    };
    check(Subset::Elements(vec!["name".into()]), 1);
    check(Subset::Summary, 0);
}

#[test]
fn the_tag_is_added_once_and_seen() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let whole = Document::parse(PATIENT).unwrap();
    assert!(!is_subsetted(whole.root()));
    let once = Subset::Data.of_resource(whole.root(), structures);
    let once = Document::parse(once).unwrap();
    assert!(is_subsetted(once.root()));
    assert_eq!(
        Subset::Data.of_resource(once.root(), structures),
        once.text()
    );
}

#[test]
fn values_that_mean_nothing_are_refused() {
    let check = |summary, elements, expected: Result<Option<Subset>, SubsetError>| {
        assert_eq!(Subset::parse(summary, elements), expected);
    };
    check(None, None, Ok(None));
    check(Some("false"), None, Ok(None));
    check(Some("count"), None, Ok(Some(Subset::Count)));
    let names = Subset::Elements(vec!["value".into(), "id".into()]);
    check(Some("false"), Some("value[x],id"), Ok(Some(names)));
    check(Some("TRUE"), None, Err(SubsetError::Summary));
    check(Some(""), None, Err(SubsetError::Summary));
    check(Some("true"), Some("id"), Err(SubsetError::Both));
    for elements in ["", "id,", "name.family", "Patient.name", "na me", "näme"] {
        check(None, Some(elements), Err(SubsetError::Elements));
    }
}

#[test]
fn names_of_no_element_are_refused() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let check = |resource_type: &str, name: &str, is_known: bool| {
        let subset = Subset::parse(None, Some(name)).unwrap().unwrap();
        let expected = match is_known {
            true => Ok(()),
            false => Err(SubsetError::UnknownElement(name.into())),
        };
        let resource_type = ResourceType::parse(resource_type);
        assert_eq!(subset.check(resource_type, structures), expected, "{name}");
    };
    check("Patient", "birthDate", true);
    check("Patient", "text", true);
    check("Patient", "status", false);
    check("", "birthDate", true);
    check("", "nothing", false);
    check("Observation", "value", true);
    check("Observation", "valueQuantity", true);
    assert_eq!(Subset::Text.check(None, structures), Ok(()));
}

#[test]
fn every_part_of_every_example_is_json_of_the_same_resource() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let mut count = 0;
    fixtures::examples(|name, bytes| {
        // One Bundle of 35 MB says nothing the others do not.
        if name.starts_with("StructureDefinition-") || bytes.len() > 1_000_000 {
            return;
        }
        let Ok(document) = Document::parse(bytes) else {
            return;
        };
        for subset in [Subset::Summary, Subset::Text, Subset::Data] {
            let part = Document::parse(subset.of_resource(document.root(), structures)).unwrap();
            for name in ["resourceType", "id"] {
                let raw = |of: &Document| of.root().get(name).map(|value| value.raw().to_owned());
                assert_eq!(raw(&part), raw(&document));
            }
            assert!(is_subsetted(part.root()), "{name}");
            assert!(
                !part.text().contains("{}") && !part.text().contains("[]"),
                "{name}"
            );
            assert_eq!(
                subset.of_resource(part.root(), structures),
                part.text(),
                "{name}"
            );
        }
        count += 1;
    });
    assert!(count > 500, "{count}");
}
