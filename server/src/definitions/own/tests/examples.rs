//! The examples of each profile: what is valid keeps it, and what is not breaks just what it says.

use std::fs;

use fhir::json::{Document, Value};
use fhir::patch::apply_json_patch;
use fhir::resource::Resource;

use super::held::{applies, broken};
use super::{CANONICAL, Terminology, checks, ours, repository, structures, text};
use crate::commands::FIRST_PATIENT;
use crate::config::{Profiles, References, ValidationSettings};
use crate::load::Loader;
use crate::operations::testing::World;

fn resource(value: Value<'_>) -> Resource {
    Resource::parse(value.raw().to_owned()).unwrap()
}

/// The examples of a profile, by its id.
fn file(id: &str) -> Document {
    let path = repository().join(format!("profiles/examples/{id}.json"));
    let bytes = fs::read(path).unwrap_or_else(|_| panic!("{id} has no examples"));
    Document::parse(bytes).unwrap()
}

/// One example of a profile.
struct Example {
    what: String,
    resource: Resource,
    /// The key of the rule, or the id of the element, that it breaks.
    breaks: Option<String>,
}

/// The profiles and their examples.
fn examples() -> Vec<(&'static Resource, Vec<Example>)> {
    let is_profile = |one: &Resource| text(one.root(), "type").as_deref() != Some("Extension");
    let profiles = structures().filter(|(_, one)| is_profile(one));
    profiles
        .map(|(url, structure)| (structure, examples_of(url, structure)))
        .collect()
}

fn examples_of(url: &str, structure: &Resource) -> Vec<Example> {
    let id = url.rsplit('/').next().unwrap();
    let file = file(id);
    assert_eq!(text(file.root(), "profile").as_deref(), Some(url));
    let of = |name: &str| file.root().get(name).unwrap().items();
    let what = |example| format!("{id}: {}", text(example, "what").unwrap());
    let valid = of("valid").map(|example| Example {
        what: what(example),
        resource: resource(example.get("resource").unwrap()),
        breaks: None,
    });
    let mut examples: Vec<Example> = valid.collect();
    let first = examples.first().expect("a valid example").resource.clone();
    let invalid = of("invalid").map(|example| {
        let change = example.get("change").unwrap().raw().to_owned();
        let changed = apply_json_patch(first.document(), &Document::parse(change).unwrap());
        let changed = changed.unwrap_or_else(|error| panic!("{}: {error}", what(example)));
        let changed = Resource::parse(changed).unwrap();
        Example {
            what: what(example),
            resource: match applies(structure, &changed) {
                true => changed,
                false => claiming(&changed, url),
            },
            breaks: text(example, "breaks"),
        }
    });
    let before = examples.len();
    examples.extend(invalid);
    assert!(examples.len() > before, "{id} has no invalid example");
    examples
}

/// A resource that says it keeps a profile which would not be asked of it.
fn claiming(resource: &Resource, url: &str) -> Resource {
    let claim = format!(r#"[{{"op":"add","path":"/meta","value":{{"profile":["{url}"]}}}}]"#);
    let claim = Document::parse(claim).unwrap();
    Resource::parse(apply_json_patch(resource.document(), &claim).unwrap()).unwrap()
}

/// What resources are held to where the clinic's profiles are in force.
fn clinic() -> ValidationSettings {
    ValidationSettings {
        profiles: Profiles::Clinic,
        ..ValidationSettings::default()
    }
}

#[test]
fn every_profile_has_examples_that_keep_it_and_examples_that_break_it() {
    let Some(terminology) = Terminology::read() else {
        return;
    };
    for (structure, examples) in examples() {
        for Example {
            what,
            resource,
            breaks,
        } in examples
        {
            let found = broken(structure, &resource, terminology);
            match breaks {
                // What breaks a rule of R4 or of an extension as well is refused in any case.
                Some(breaks) => assert!(found.contains(&breaks), "{what}: {found:?}"),
                None => {
                    assert!(applies(structure, &resource), "{what}: not meant for it");
                    assert_eq!(found, [""; 0], "{what}");
                }
            }
        }
    }
}

#[test]
fn the_validator_holds_resources_to_the_profiles_of_the_clinic() {
    let Some(checks) = checks() else { return };
    let base = checks;
    let clinic = base.clone().with_validation(&clinic()).unwrap();
    let mut only_by_profile = 0;
    for example in examples().into_iter().flat_map(|(_, examples)| examples) {
        let Example {
            what,
            resource,
            breaks,
        } = example;
        let fault = clinic.validate(&resource).err();
        let fault = fault.map(|error| format!("{:?}", error.issues()));
        let Some(breaks) = breaks else {
            assert_eq!(fault, None, "{what}");
            continue;
        };
        let fault = fault.unwrap_or_else(|| panic!("{what}: {breaks} is not found"));
        let is_key = !breaks.contains('.');
        assert!(!is_key || fault.contains(&breaks), "{what}: {fault}");
        only_by_profile += usize::from(base.validate(&resource).is_ok());
    }
    assert!(only_by_profile > 20, "{only_by_profile}");
}

#[test]
fn the_first_request_of_the_readme_keeps_the_profiles() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    assert!(readme.contains(FIRST_PATIENT));
    let Some(checks) = checks() else { return };
    let clinic = checks.clone().with_validation(&clinic()).unwrap();
    let patient = Resource::parse(FIRST_PATIENT.to_owned()).unwrap();
    let fault = clinic.validate(&patient).err();
    assert_eq!(fault.map(|error| format!("{:?}", error.issues())), None);
}

#[tokio::test]
async fn a_server_of_the_clinic_refuses_what_breaks_its_profiles() {
    let Some(world) = World::held_to(&clinic()).await else {
        return;
    };
    for (_, examples) in examples() {
        for example in examples {
            let status = example.resource.get("status").and_then(Value::string);
            let is_held = status.as_deref() == Some("pending");
            let answer = world.create(example.resource).await;
            let refusal = answer.err().unwrap_or_default();
            match &example.breaks {
                // Time is held by an operation alone.
                None if is_held => {
                    assert_eq!(refusal, "422 no visit begins as pending by this write");
                }
                // Examples of visits are at one time: what is asked after the profiles are kept.
                None => assert!(
                    refusal.is_empty() || refusal.starts_with("409 Patient/"),
                    "{}: {refusal}",
                    example.what
                ),
                Some(_) => assert!(
                    refusal.starts_with("422") || refusal.starts_with("400"),
                    "{}: {refusal}",
                    example.what
                ),
            }
        }
    }
    world.close().await;
}

#[tokio::test]
async fn the_demo_clinic_is_loaded_under_its_profiles_and_refers_to_what_exists() {
    let settings = ValidationSettings {
        references: References::Existing,
        ..clinic()
    };
    let Some(world) = World::held_to(&settings).await else {
        return;
    };
    let loader = Loader {
        interactions: &world.interactions,
        base_url: world.cx.base_url.clone(),
        limits: world.cx.limits.clone(),
    };
    let loaded = loader.load_when_empty(&repository().join("bundles")).await;
    loaded.unwrap();
    world.close().await;
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
