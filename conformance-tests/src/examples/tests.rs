//! The archive reader and the verdict over a run, as data.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::mpsc;

use super::archive::read_entries;
use super::{Known, Problem, Tally};

fn package(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn read(name: &str, bytes: &[u8], only: &str) -> Result<Vec<String>, String> {
    let file = std::env::temp_dir().join(format!("{name}-{}.tgz", std::process::id()));
    std::fs::File::create(&file)
        .unwrap()
        .write_all(bytes)
        .unwrap();
    let (sender, mut receiver) = mpsc::channel(100);
    let result = read_entries(&file, only, &sender);
    drop(sender);
    std::fs::remove_file(&file).unwrap();
    let mut keys = Vec::new();
    while let Some(entry) = receiver.blocking_recv() {
        assert!(entry.text.contains(&entry.id) && entry.key.contains(&entry.kind));
        keys.push(format!("{}={}", entry.name, entry.key));
    }
    result.map(|()| keys)
}

#[test]
fn the_resources_of_a_package_are_its_json_files_with_type_and_id() {
    let files = [
        ("package/package.json", r#"{"name":"x"}"#),
        ("package/.index.json", r#"{"files":[]}"#),
        (
            "package/Patient-a.json",
            r#"{"resourceType":"Patient","id":"a"}"#,
        ),
        (
            "package/Patient-b.json",
            r#"{"id":"b","resourceType":"Patient"}"#,
        ),
        (
            "package/Parameters-c.json",
            r#"{"resourceType":"Parameters"}"#,
        ),
        (
            "package/other/Patient-d.json",
            r#"{"resourceType":"Patient","id":"d"}"#,
        ),
        ("package/readme.md", "#"),
    ];
    let bytes = package(&files);
    let all = read("all", &bytes, "").unwrap();
    assert_eq!(all, ["Patient-a=Patient/a", "Patient-b=Patient/b"]);
    assert_eq!(
        read("only", &bytes, "Patient-b").unwrap(),
        ["Patient-b=Patient/b"]
    );
}

#[test]
fn a_package_that_cannot_be_read_names_the_place() {
    let bytes = package(&[("package/Patient-a.json", "{")]);
    assert!(
        read("bad", &bytes, "")
            .unwrap_err()
            .starts_with("Patient-a: ")
    );
    assert!(
        read("no", b"no archive", "")
            .unwrap_err()
            .contains(".tgz: ")
    );
    let (sender, _receiver) = mpsc::channel(1);
    let missing = read_entries(std::path::Path::new("nowhere.tgz"), "", &sender);
    assert!(missing.unwrap_err().starts_with("nowhere.tgz: "));
}

#[test]
fn only_what_is_listed_may_be_refused_and_it_must_be() {
    let known: Known = serde_json::from_str(
        r#"{"invalid": [{"name": "bad", "reason": "id"}], "repeated": [{"name": "twice", "reason": "id"}]}"#,
    )
    .unwrap();
    for (equal, refused, different, repeated, surprises) in [
        (
            vec!["good", "twice"],
            vec!["bad"],
            vec![],
            vec!["twice"],
            vec![],
        ),
        (
            vec!["good"],
            vec!["bad", "other"],
            vec![],
            vec!["twice"],
            vec!["other: refused, but not"],
        ),
        (
            vec!["bad"],
            vec![],
            vec![],
            vec!["twice"],
            vec!["bad: listed as invalid, but not"],
        ),
        (
            vec![],
            vec!["bad"],
            vec!["good"],
            vec!["twice"],
            vec!["good: changed"],
        ),
        (
            vec![],
            vec!["bad"],
            vec![],
            vec![],
            vec!["twice: its id is repeated or listed"],
        ),
        (
            vec![],
            vec!["bad"],
            vec![],
            vec!["twice", "x"],
            vec!["x: its id is repeated or listed"],
        ),
    ] {
        let mut tally = Tally::default();
        equal
            .iter()
            .for_each(|name| tally.add((*name).into(), "Patient", Ok(())));
        for name in refused {
            tally.add(name.into(), "Patient", Err(Problem::Refused("400".into())));
        }
        for name in different {
            tally.add(
                name.into(),
                "Patient",
                Err(Problem::Different("changed".into())),
            );
        }
        tally.repeated = repeated.iter().map(|name| (*name).to_owned()).collect();
        let found = tally.surprises(&known);
        assert_eq!(found.len(), surprises.len(), "{found:?}");
        for (found, expected) in found.iter().zip(surprises) {
            assert!(found.starts_with(expected), "{found}");
        }
    }
}

#[test]
fn definitions_are_counted_apart() {
    let mut tally = Tally::default();
    tally.add("a".into(), "ValueSet", Ok(()));
    tally.add("b".into(), "Patient", Ok(()));
    assert_eq!((tally.equal, tally.definitions), (2, 1));
}

#[test]
fn the_list_of_invalid_examples_can_be_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/invalid-examples.json");
    let known: Known = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        known
            .invalid
            .iter()
            .chain(&known.repeated)
            .all(|named| named.reason.len() > 10)
    );
}
