//! Rules for every operation there is and will be, and the mechanism by operations made up for it.

use std::collections::BTreeSet;
use std::path::Path;

use fhir::json::{ParseLimits, Value, Writer};
use fhir::resource::Resource;

mod binding;
mod definitions;
mod made_up;

use super::binding::Call;
use super::definition::{Content, OperationDefinition, Parameter};
use super::*;

/// A value of each data type that definitions have named so far; a new one asks for a line here.
fn sample(content: &Content) -> (&'static str, &'static str) {
    match content {
        Content::Primitive(primitive) => match primitive.name() {
            "boolean" => ("valueBoolean", "true"),
            "integer" => ("valueInteger", "7"),
            "unsignedInt" => ("valueUnsignedInt", "3"),
            "positiveInt" => ("valuePositiveInt", "7"),
            "decimal" => ("valueDecimal", "1.10"),
            "string" => ("valueString", r#""text""#),
            "code" => ("valueCode", r#""code""#),
            "uri" => ("valueUri", r#""urn:a""#),
            "canonical" => ("valueCanonical", r#""urn:a|1""#),
            "id" => ("valueId", r#""a""#),
            "uuid" => (
                "valueUuid",
                r#""urn:uuid:2541f290-1d86-4fcd-bf3a-ebdfd6c758df""#,
            ),
            "date" => ("valueDate", r#""2024-02-29""#),
            "instant" => ("valueInstant", r#""2024-02-29T12:00:00Z""#),
            "dateTime" => ("valueDateTime", r#""2024-02-29""#),
            other => panic!("a sample of {other} is missing"),
        },
        Content::Complex(name) => match &**name {
            "Meta" => ("valueMeta", r#"{"tag":[{"system":"urn:a","code":"b"}]}"#),
            "Coding" => ("valueCoding", r#"{"system":"urn:a","code":"b"}"#),
            "Reference" => ("valueReference", r#"{"reference":"Appointment/a"}"#),
            "CodeableConcept" => ("valueCodeableConcept", r#"{"text":"a"}"#),
            "Identifier" => ("valueIdentifier", r#"{"system":"urn:a","value":"b"}"#),
            "Timing" => ("valueTiming", r#"{"repeat":{"dayOfWeek":["mon"]}}"#),
            "Period" => ("valuePeriod", r#"{"start":"2024-02-29"}"#),
            "Duration" => ("valueDuration", r#"{"value":1}"#),
            other => panic!("a sample of {other} is missing"),
        },
        Content::AnyValue => ("valueString", r#""text""#),
        Content::Resource(None) => ("resource", r#"{"resourceType":"Basic"}"#),
        Content::Resource(Some(wanted)) => match wanted.name() {
            "Appointment" => ("resource", r#"{"resourceType":"Appointment"}"#),
            "Patient" => ("resource", r#"{"resourceType":"Patient"}"#),
            "ValueSet" => ("resource", r#"{"resourceType":"ValueSet"}"#),
            "CodeSystem" => ("resource", r#"{"resourceType":"CodeSystem"}"#),
            "ConceptMap" => ("resource", r#"{"resourceType":"ConceptMap"}"#),
            "Parameters" => ("resource", r#"{"resourceType":"Parameters"}"#),
            other => panic!("a sample of {other} is missing"),
        },
        Content::Parts(_) => ("part", "[]"),
        Content::Search => ("valueString", r#""text""#),
    }
}

/// Parameters for a definition: all that are declared, repeating ones twice, or only the required ones.
fn write_parameters(declared: &[Parameter], only_required: bool, list: &mut Writer) {
    for parameter in declared {
        let times = match (only_required, parameter.max) {
            (true, _) => parameter.min,
            (false, Some(max)) => max.min(2),
            (false, None) => 2,
        };
        for _ in 0..times {
            list.object(|item| {
                item.string("name", &parameter.name);
                match &parameter.content {
                    Content::Parts(parts) => {
                        item.array("part", |list| write_parameters(parts, only_required, list));
                    }
                    content => {
                        let (member, json) = sample(content);
                        item.raw(member, json);
                    }
                }
            });
        }
    }
}

fn parameters(definition: &OperationDefinition, only_required: bool) -> Resource {
    let mut writer = Writer::default();
    writer.object(|parameters| {
        parameters.string("resourceType", "Parameters");
        parameters.array("parameter", |list| {
            write_parameters(&definition.inputs, only_required, list);
        });
    });
    Resource::parse(writer.finish()).unwrap()
}

/// Binds every operation's declared parameters to its code; the first that does not fit is named.
fn drift(registry: &Registry) -> Option<String> {
    registry.each().find_map(|(definition, bind)| {
        [false, true].into_iter().find_map(|only_required| {
            let body = parameters(definition, only_required);
            let limits = ParseLimits::default();
            let call = Call::of(definition, "", Some(body), limits).unwrap();
            let arguments = call.arguments(definition, limits).unwrap();
            let error = bind(arguments).err()?;
            Some(format!("${}: {}", definition.code, error.cause().unwrap()))
        })
    })
}

#[test]
fn definition_and_code_of_every_operation_say_the_same() {
    assert_eq!(drift(&all().unwrap()), None);
}

#[test]
fn what_changes_something_keeps_the_contract() {
    // A closure table is the terminology's own, and to ask for it again changes nothing. What changes accounts and clients
    // answers secrets, which are not kept to be answered again.
    let accounts = [
        "client-add",
        "client-remove",
        "user-add",
        "user-lock",
        "user-set-password",
        "user-set-second-factor",
    ];
    let mut without = vec!["closure"];
    without.extend(accounts);
    let registry = all().unwrap();
    let mut found = registry.without_contract();
    found.sort_unstable();
    without.sort_unstable();
    assert_eq!(found, without);
}

#[test]
fn every_operation_has_a_complete_folder_and_is_registered() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = Vec::new();
    let mut to_visit = vec![sources.join("operations"), sources.join("domain")];
    while let Some(folder) = to_visit.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                to_visit.push(path);
            } else if path.ends_with("definition.json") {
                folders.push(folder.clone());
            }
        }
    }
    let registry = all().unwrap();
    let mut registered: BTreeSet<String> =
        registry.each().map(|(one, _)| one.id.to_string()).collect();
    for folder in folders {
        for file in ["mod.rs", "tests.rs"] {
            let text = std::fs::read_to_string(folder.join(file));
            assert!(
                text.is_ok_and(|text| !text.is_empty()),
                "{}/{file}",
                folder.display()
            );
        }
        let text = std::fs::read_to_string(folder.join("definition.json")).unwrap();
        let definition = Resource::parse(text).unwrap();
        let id = definition.id().unwrap();
        assert!(registered.remove(&id), "{id} is not registered");
        // The code, or where another operation has that, the id.
        let code = definition.get("code").and_then(Value::string).unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap();
        let name = name.replace('_', "-");
        assert!(
            name == code || name == id.to_lowercase(),
            "{name} is {code}"
        );
    }
    assert!(registered.is_empty(), "{registered:?} have no folder");
}
