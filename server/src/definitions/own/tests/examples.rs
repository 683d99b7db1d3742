//! The examples of each profile: what is valid keeps it, and what is not breaks just what it says.

use std::fs;

use fhir::json::{Document, Value};
use fhir::patch::apply_json_patch;
use fhir::resource::Resource;

use super::held::{applies, broken};
use super::{CANONICAL, Terminology, checks, ours, repository, structures, text};

fn resource(value: Value<'_>) -> Resource {
    Resource::parse(value.raw().to_owned()).unwrap()
}

fn base_refuses(resource: &Resource) -> Option<String> {
    let fault = checks().unwrap().validate(resource).err();
    fault.map(|error| format!("{:?}", error.issues()))
}

/// The examples of a profile, by its id.
fn file(id: &str) -> Document {
    let path = repository().join(format!("profiles/examples/{id}.json"));
    let bytes = fs::read(path).unwrap_or_else(|_| panic!("{id} has no examples"));
    Document::parse(bytes).unwrap()
}

#[test]
fn every_profile_has_examples_that_keep_it_and_examples_that_break_it() {
    let Some(terminology) = Terminology::read() else {
        return;
    };
    let is_profile = |one: &Resource| text(one.root(), "type").as_deref() != Some("Extension");
    for (url, structure) in structures().filter(|(_, one)| is_profile(one)) {
        let id = url.rsplit('/').next().unwrap();
        let file = file(id);
        assert_eq!(text(file.root(), "profile").as_deref(), Some(url));
        let of = |name: &str| file.root().get(name).unwrap().items();
        let mut first = None;
        for example in of("valid") {
            let what = format!("{id}: {}", text(example, "what").unwrap());
            let resource = resource(example.get("resource").unwrap());
            assert_eq!(base_refuses(&resource), None, "{what}");
            assert!(applies(structure, &resource), "{what}: not meant for it");
            let found = broken(structure, &resource, terminology);
            assert_eq!(found, [""; 0], "{what}");
            first.get_or_insert(resource);
        }
        let first = first.expect("a valid example");
        assert!(
            of("invalid").next().is_some(),
            "{id} has no invalid example"
        );
        for example in of("invalid") {
            let what = format!("{id}: {}", text(example, "what").unwrap());
            let change = example.get("change").unwrap().raw().to_owned();
            let changed = apply_json_patch(first.document(), &Document::parse(change).unwrap());
            let changed = changed.unwrap_or_else(|error| panic!("{what}: {error}"));
            let changed = Resource::parse(changed).unwrap();
            // What breaks a rule of R4 or of an extension as well is refused in any case.
            let breaks = text(example, "breaks").unwrap();
            let found = broken(structure, &changed, terminology);
            assert!(found.contains(&breaks), "{what}: {found:?}");
        }
    }
}

#[test]
fn every_file_of_examples_is_of_a_profile() {
    let folder = repository().join("profiles/examples");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let id = name.strip_suffix(".json").unwrap();
        let url = format!("{CANONICAL}/StructureDefinition/{id}");
        assert!(ours().contains_key(&url), "{name}");
    }
}

#[test]
fn the_demo_clinic_keeps_the_profiles() {
    let Some(terminology) = Terminology::read() else {
        return;
    };
    let mut kept = 0;
    let mut faults = Vec::new();
    for name in ["01-organisation", "02-patients", "03-clinic"] {
        let path = repository().join(format!("bundles/{name}.json"));
        let bundle = Document::parse(fs::read(path).unwrap()).unwrap();
        for entry in bundle.root().get("entry").unwrap().items() {
            let resource = resource(entry.get("resource").unwrap());
            let name = Some(resource.resource_type().name().to_owned());
            let of_type = structures().filter(|(_, one)| text(one.root(), "type") == name);
            for (url, structure) in of_type.filter(|(_, one)| applies(one, &resource)) {
                kept += 1;
                let found = broken(structure, &resource, terminology);
                if !found.is_empty() {
                    faults.push(format!("{url}: {:?}: {found:?}", resource.id()));
                }
            }
        }
    }
    assert_eq!(faults, [""; 0]);
    assert!(kept > 1_000, "{kept}");
}
