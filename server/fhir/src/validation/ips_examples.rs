//! The International Patient Summary: its own examples keep its profiles, which slice sections, entries and identifiers
//! (<https://hl7.org/fhir/uv/ips/STU2/>); what breaks a slice is found.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read the package where it is at hand"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;

use super::Validator;
use crate::definitions::fixtures::definitions;
use crate::definitions::profiles::{Profiles, ProfilesBuilder};
use crate::json::Document;
use crate::outcome::Severity;
use crate::patch::apply_json_patch;
use crate::resource::Resource;

const PACKAGE: &str = "hl7.fhir.uv.ips-2.0.0.tgz";
const MINIMAL: &str = "Bundle-bundle-minimal.json";

/// The profiles and the examples of the package; nothing where it is absent.
fn package() -> Option<(Profiles, BTreeMap<String, Resource>)> {
    let definitions = definitions()?;
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let folder = variable("VESTA_PACKAGES_DIR")
        .or_else(|| Some(variable("HOME")?.join(".cache/vesta/packages")))?;
    let Ok(file) = File::open(folder.join(PACKAGE)) else {
        eprintln!("skipped: {PACKAGE} is absent");
        return None;
    };
    let mut builder = ProfilesBuilder::default();
    let mut examples = BTreeMap::new();
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_in = |folder: &str| path.parent().is_some_and(|up| up.ends_with(folder));
        let is_example = is_in("example");
        let is_profile = is_in("package") && name.starts_with("StructureDefinition-");
        if !name.contains('-') || !(is_example || is_profile) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if is_example {
            examples.insert(name, Resource::parse(bytes).unwrap());
        } else {
            builder
                .add_published(Document::parse(bytes).unwrap().root())
                .unwrap();
        }
    }
    let (profiles, faults) = builder.build(&definitions.structures, &definitions.profiles);
    assert_eq!(faults, []);
    Some((profiles, examples))
}

/// The errors of a resource, by the profiles it claims and others.
fn errors(resource: &Resource, profiles: &Profiles, asked: &[&str]) -> Vec<String> {
    let validator = Validator {
        profiles,
        ..Validator::new(definitions().unwrap())
    };
    let report = validator.validate(resource, asked);
    let errors = report
        .issues
        .into_iter()
        .filter(|issue| issue.severity <= Severity::Error);
    errors
        .map(|issue| format!("{}: {}", issue.expression[0], issue.diagnostics))
        .collect()
}

#[test]
fn the_examples_of_the_package_keep_its_profiles() {
    let Some((profiles, examples)) = package() else {
        return;
    };
    assert_eq!(examples.len(), 44);
    let mut found = BTreeMap::new();
    for (name, resource) in &examples {
        let errors = errors(resource, &profiles, &[]);
        if !errors.is_empty() {
            found.insert(&**name, errors);
        }
    }
    assert_eq!(found, BTreeMap::new());
}

#[test]
fn what_breaks_a_slice_is_found() {
    let Some((profiles, examples)) = package() else {
        return;
    };
    let bundle = &examples[MINIMAL];
    let entries: Vec<_> = bundle.get("entry").unwrap().items().collect();
    let part = |place: usize| entries[place].get("resource").unwrap().raw();
    let check = |text: &str, asked: &str, change: &str, expected: &str| {
        let asked = format!("http://hl7.org/fhir/uv/ips/StructureDefinition/{asked}");
        let document = Document::parse(text.to_owned()).unwrap();
        let change = Document::parse(format!("[{change}]")).unwrap();
        let changed = Resource::parse(apply_json_patch(&document, &change).unwrap()).unwrap();
        let found = errors(&changed, &profiles, &[&asked]);
        let is_found = found.iter().any(|one| one.contains(expected));
        assert!(is_found, "{expected}: {found:#?}");
    };
    let of_bundle =
        |change: &str, expected: &str| check(bundle.text(), "Bundle-uv-ips", change, expected);
    let section = "/entry/0/resource/section/0";
    // A Composition that lacks a section is not the one that the slice asks for.
    of_bundle(
        &format!(r#"{{"op":"remove","path":"{section}"}}"#),
        "Bundle: 'entry:composition' is required",
    );
    of_bundle(
        r#"{"op":"remove","path":"/entry/1/resource/birthDate"}"#,
        "Bundle: 'entry:patient' is required",
    );
    // And what keeps it from being that is told as well.
    of_bundle(
        r#"{"op":"remove","path":"/entry/1/resource/birthDate"}"#,
        "Bundle.entry[1].resource: 'birthDate' is required",
    );
    of_bundle(
        r#"{"op":"remove","path":"/identifier"}"#,
        "Bundle: 'identifier' is required",
    );
    let of_composition =
        |change: &str, expected: &str| check(part(0), "Composition-uv-ips", change, expected);
    of_composition(
        r#"{"op":"remove","path":"/section/0"}"#,
        "Composition: 'section:sectionProblems' is required",
    );
    of_composition(
        r#"{"op":"replace","path":"/section/0/code/coding/0/code","value":"1"}"#,
        "Composition: 'section:sectionProblems' is required",
    );
    of_composition(
        r#"{"op":"copy","from":"/section/0","path":"/section/0"}"#,
        "'section:sectionProblems' may be there 1 times, and is there 2 times",
    );
    of_composition(
        r#"{"op":"replace","path":"/section/0/entry/0/reference","value":"Patient/a"}"#,
        "Composition.section[0].entry[0]: ",
    );
    let of_patient =
        |change: &str, expected: &str| check(part(1), "Patient-uv-ips", change, expected);
    of_patient(
        r#"{"op":"remove","path":"/birthDate"}"#,
        "Patient: 'birthDate' is required",
    );
}
