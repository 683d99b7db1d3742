//! HL7's own validator cases, as far as they are about structure: what its validator finds valid passes here, and where
//! it finds a structural error there is a finding here.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the cases where they are at hand"
)]

use std::fs;
use std::path::{Path, PathBuf};

use super::validate;
use crate::definitions::fixtures::definitions;
use crate::json::{Document, Value};
use crate::resource::Resource;

/// Files that HL7's validator passes with options of its own, and why R4 does not.
const TOLERATED: [(&str, &str); 2] = [
    ("contained-resource.json", "a contained id of 65 characters"),
    (
        "matchetype/matchetype-pattern.json",
        "a pattern: '$instant$' stands for a dateTime",
    ),
];

/// Beginnings and parts of HL7's messages about structure.
const STRUCTURAL: [&str; 9] = [
    "must be a JSON Array",
    "Unrecognized property",
    "Array cannot be empty",
    "Not a valid date format",
    "Invalid Resource id",
    "is not a valid Base64 value",
    "Invalid element name in the XHTML",
    "Invalid entity in the XHTML",
    "it must have a timezone",
];

fn folder() -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/testdata/validator"))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: HL7's validator cases are absent");
    }
    found
}

/// The errors of an OperationOutcome: HL7's words.
fn errors(outcome: &Document) -> Vec<String> {
    let text = |issue: Value<'_>, path: &[&str]| {
        let found = issue.at(path).and_then(Value::string);
        found.map(String::from).unwrap_or_default()
    };
    let issues = outcome.root().get("issue").into_iter();
    issues
        .flat_map(Value::items)
        .filter(|issue| matches!(&*text(*issue, &["severity"]), "error" | "fatal"))
        .map(|issue| text(issue, &["details", "text"]))
        .collect()
}

fn is_structural(error: &str) -> bool {
    let of_base = error.contains("minimum required")
        && error.contains("(from http://hl7.org/fhir/StructureDefinition/");
    of_base || STRUCTURAL.iter().any(|part| error.contains(part))
}

#[test]
fn structure_is_judged_as_hl7_judges_it() {
    let (Some(definitions), Some(folder)) = (definitions(), folder()) else {
        return;
    };
    let manifest = Document::parse(fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let mut counts = (0, 0, 0);
    for case in manifest.root().get("test-cases").unwrap().items() {
        let text = |name| case.get(name).and_then(Value::string).map(String::from);
        let file = text("file").unwrap();
        let outcome =
            text("java").and_then(|name| fs::read(folder.join("outcomes").join(name)).ok());
        let (true, Some(outcome), Ok(bytes)) = (
            file.ends_with(".json"),
            outcome,
            fs::read(folder.join(&file)),
        ) else {
            continue;
        };
        let errors = errors(&Document::parse(outcome).unwrap());
        let found = match Resource::parse(bytes) {
            Ok(resource) => validate(&resource, definitions)
                .iter()
                .map(|issue| issue.diagnostics.to_string())
                .collect(),
            Err(fault) => vec![fault.to_string()],
        };
        match (errors.is_empty(), found.is_empty()) {
            (true, true) => counts.0 += 1,
            (true, false) => {
                let tolerated = TOLERATED.iter().any(|(name, _)| *name == file);
                assert!(tolerated, "{file}: {found:?}");
            }
            (false, false) => counts.1 += 1,
            (false, true) => {
                let missed: Vec<_> = errors
                    .iter()
                    .filter(|error| is_structural(error.as_str()))
                    .collect();
                assert!(missed.is_empty(), "{file}: {missed:?}");
                counts.2 += 1;
            }
        }
    }
    println!(
        "{} valid for both, {} invalid for both, {} invalid for HL7 by rules beyond structure",
        counts.0, counts.1, counts.2
    );
    assert!(counts.0 > 50 && counts.1 > 20, "{counts:?}");
}
