//! The order of loading and the check of answers, as data.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::path::Path;

use super::{bundle_files, problems};
use crate::json::read;

const BUNDLE: &str = r#"{"type":"batch","entry":[
    {"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},
    {"resource":{"resourceType":"Organization"},
     "request":{"method":"POST","url":"Organization","ifNoneExist":"identifier=a|b"}}]}"#;

fn check(response: &str, expected: &[&str]) {
    let found = problems(&read(BUNDLE).unwrap(), &read(response).unwrap());
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn every_entry_has_to_be_created_or_found() {
    let entry = |status: &str, location: &str| {
        format!(r#"{{"response":{{"status":"{status}","location":"{location}"}}}}"#)
    };
    let response = |kind: &str, entries: &[String]| {
        format!(r#"{{"type":"{kind}","entry":[{}]}}"#, entries.join(","))
    };
    let patient = entry("201 Created", "Patient/1/_history/1");
    let found = entry("200 OK", "http://h/Organization/2");
    check(
        &response("batch-response", &[patient.clone(), found.clone()]),
        &[],
    );
    check(
        &response("transaction-response", &[patient.clone(), found]),
        &["type Some"],
    );
    check(
        &response("batch-response", std::slice::from_ref(&patient)),
        &["1 answers to 2 entries"],
    );
    check(
        &response(
            "batch-response",
            &[entry("200", "Patient/1"), entry("412", "")],
        ),
        &["entry 0: status 200", "entry 1: status 412"],
    );
    check(
        &response("batch-response", &[patient, entry("201", "Patient/3")]),
        &["entry 1: location `Patient/3` of a Organization"],
    );
}

#[test]
fn hospitals_and_practitioners_are_loaded_first() {
    let folder = std::env::temp_dir().join(format!("synthea-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for name in [
        "5.json.bz2",
        "0-practitioner.json.bz2",
        "-1.json.bz2",
        "0-hospital.json.bz2",
        "readme",
    ] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    let files = bundle_files(&folder).unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|f| f.file_name().unwrap().to_str().unwrap())
        .collect();
    std::fs::remove_dir_all(&folder).unwrap();
    let order = [
        "0-hospital.json.bz2",
        "0-practitioner.json.bz2",
        "-1.json.bz2",
        "5.json.bz2",
    ];
    assert_eq!(names, order);
    assert!(bundle_files(Path::new("nowhere")).is_none());
}
