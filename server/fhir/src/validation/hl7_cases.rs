//! HL7's own validator cases, as far as they are about structure: what its validator finds valid passes here, and where
//! it finds a structural error there is a finding here.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the cases where they are at hand"
)]

use std::fs;
use std::path::{Path, PathBuf};

use super::validate;
use crate::definitions::Definitions;
use crate::definitions::fixtures::definitions;
use crate::definitions::structure::Structures;
use crate::json::{Document, Value};
use crate::resource::Resource;
use crate::xml::{XmlLimits, from_xml};

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

/// Whether an error is about what is checked here: cardinalities of types, not of profiles, and the messages above.
fn is_structural(error: &str, structures: &Structures) -> bool {
    let source = error
        .split("(from http://hl7.org/fhir/StructureDefinition/")
        .nth(1);
    let name = source.and_then(|rest| rest.split('|').next());
    let of_type = name.is_some_and(|name| structures.by_name(name).is_some());
    (of_type && error.contains("minimum required"))
        || STRUCTURAL.iter().any(|part| error.contains(part))
}

/// The resource of a case; `None` for files that are neither JSON nor XML.
fn read(file: &str, bytes: Vec<u8>, definitions: &Definitions) -> Option<Result<Resource, String>> {
    if file.ends_with(".json") {
        return Some(Resource::parse(bytes).map_err(|fault| fault.to_string()));
    }
    let structures = &definitions.structures;
    file.ends_with(".xml").then(|| {
        from_xml(&bytes, structures, XmlLimits::default()).map_err(|fault| fault.to_string())
    })
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
        let (Some(outcome), Ok(bytes)) = (outcome, fs::read(folder.join(&file))) else {
            continue;
        };
        let errors = errors(&Document::parse(outcome).unwrap());
        let found = match read(&file, bytes, definitions) {
            Some(Ok(resource)) => validate(&resource, definitions)
                .iter()
                .map(|issue| issue.diagnostics.to_string())
                .collect(),
            Some(Err(fault)) => vec![fault],
            None => continue,
        };
        match (errors.is_empty(), found.is_empty()) {
            (true, true) => counts.0 += 1,
            (true, false) => {
                let tolerated = TOLERATED.iter().any(|(name, _)| *name == file);
                assert!(tolerated, "{file}: {found:?}");
            }
            (false, false) => counts.1 += 1,
            (false, true) => {
                let structures = &definitions.structures;
                let missed: Vec<_> = errors
                    .iter()
                    .filter(|error| is_structural(error, structures))
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
