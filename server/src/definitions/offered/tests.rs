//! What a small registry offers.

use std::collections::BTreeMap;

use fhir::definitions::DefinitionsBuilder;
use fhir::json::Document;

use super::*;

const STRUCTURES: [&str; 9] = [
    r#"{"kind":"primitive-type","type":"date"}"#,
    r#"{"kind":"primitive-type","type":"uri"}"#,
    r#"{"kind":"primitive-type","type":"string"}"#,
    r#"{"kind":"complex-type","type":"Quantity"}"#,
    r#"{"kind":"complex-type","type":"Reference"}"#,
    r#"{"kind":"resource","type":"Resource","abstract":true}"#,
    PATIENT,
    r#"{"kind":"resource","type":"Observation","baseDefinition":"http://b/Resource"}"#,
    r#"{"kind":"resource","type":"Group","baseDefinition":"http://b/Resource"}"#,
];

const PATIENT: &str = r#"{"kind":"resource","type":"Patient","baseDefinition":"http://b/Resource",
    "snapshot":{"element":[{"path":"Patient"},
    {"path":"Patient.name","max":"1","type":[{"code":"string"}]},
    {"path":"Patient.born","max":"1","type":[{"code":"date"}]},
    {"path":"Patient.link","max":"1","type":[{"code":"Reference"}]},
    {"path":"Patient.url","max":"1","type":[{"code":"uri"}]}]}}"#;

#[test]
fn only_parameters_that_can_be_planned_are_offered() {
    let mut builder = DefinitionsBuilder::default();
    let mut add = |json: String| builder.add(Document::parse(json).unwrap().root()).unwrap();
    for definition in STRUCTURES {
        let definition = definition.strip_prefix('{').unwrap();
        let elements = if definition.contains("snapshot") {
            ""
        } else {
            r#""snapshot":{"element":[]},"#
        };
        add(format!(
            r#"{{"resourceType":"StructureDefinition","url":"u",{elements}{definition}"#
        ));
    }
    let mut parameter = |base: &str, code: &str, search_type: &str, rest: &str| {
        add(format!(
            r#"{{"resourceType":"SearchParameter","status":"active","url":"http://p/{base}-{code}","code":"{code}","type":"{search_type}","base":["{base}"]{rest}}}"#
        ));
    };
    parameter("Resource", "_id", "token", r#","expression":"Resource.id""#);
    parameter(
        "Patient",
        "name",
        "string",
        r#","expression":"Patient.name""#,
    );
    parameter("Patient", "born", "date", r#","expression":"Patient.born""#);
    parameter(
        "Patient",
        "link",
        "reference",
        r#","expression":"Patient.link","target":["Group"]"#,
    );
    parameter("Patient", "url", "uri", r#","expression":"Patient.url""#);
    parameter("Patient", "words", "string", "");
    parameter("Patient", "near", "special", "");
    let registries = builder.build().unwrap();
    let now = "2024-02-29T12:34:56Z".parse().unwrap();
    let index = IndexPlan::compile(&registries).unwrap();
    let found: Vec<_> = search_parameters(&registries, &index, now)
        .iter()
        .map(|entry| {
            let of = entry.resource_type.map_or("*", ResourceType::name);
            format!(
                "{of} {} {} {}",
                entry.code, entry.search_type, entry.definition
            )
        })
        .collect();
    let id = "_id token http://p/Resource-_id";
    let expected = [
        format!("* {id}"),
        format!("Group {id}"),
        format!("Observation {id}"),
        format!("Patient {id}"),
        "Patient born date http://p/Patient-born".to_owned(),
        "Patient link reference http://p/Patient-link".to_owned(),
        "Patient name string http://p/Patient-name".to_owned(),
        "Patient url uri http://p/Patient-url".to_owned(),
    ];
    assert_eq!(found, expected);
    check_inclusions(&registries, &index, now);
}

fn check_inclusions(registries: &Registries, index: &IndexPlan, now: Timestamp) {
    let planner = planner(registries, index, now);
    let of = |name: &str, all: &BTreeMap<ResourceType, Inclusions>| {
        let inclusions = all.get(&ResourceType::parse(name).unwrap()).cloned();
        inclusions.map(|one| (one.forward.join(" "), one.reverse.join(" ")))
    };
    let all = inclusions(registries, &planner, |_, _| true);
    let said = |forward: &str, reverse: &str| Some((forward.to_owned(), reverse.to_owned()));
    assert_eq!(of("Patient", &all), said("* Patient:link", ""));
    assert_eq!(of("Group", &all), said("", "Patient:link"));
    assert_eq!(of("Observation", &all), None);
    assert!(inclusions(registries, &planner, |_, code| code != "link").is_empty());
}
