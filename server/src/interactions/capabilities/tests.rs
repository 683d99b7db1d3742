//! The statement of a small registry.

use fhir::definitions::DefinitionsBuilder;
use fhir::json::{Document, Value};
use fhir::resource::Resource;

use super::*;

fn made(version: &str) -> Capabilities {
    let patient = ResourceType::parse("Patient").unwrap();
    Capabilities::new(
        Software {
            version,
            base_url: "https://fhir.example.org/fhir",
            date: "2024-02-29T12:34:56Z".parse().unwrap(),
            deletes_multiple: true,
        },
        &[
            SearchParameterEntry {
                resource_type: None,
                code: "_id",
                search_type: "token",
                definition: "http://hl7.org/fhir/SearchParameter/Resource-id",
            },
            SearchParameterEntry {
                resource_type: Some(patient),
                code: "family",
                search_type: "string",
                definition: "http://hl7.org/fhir/SearchParameter/individual-family",
            },
        ],
        &[OperationEntry {
            code: "meta",
            definition: "http://hl7.org/fhir/OperationDefinition/Resource-meta",
            is_system: true,
            resource_types: &[patient],
        }],
    )
}

fn statement(capabilities: &Capabilities, mode: Option<&str>) -> Resource {
    let outcome = capabilities.answer(mode).unwrap();
    assert_eq!(outcome.status, 200);
    Resource::parse(outcome.body.unwrap()).unwrap()
}

/// The entry of a type.
fn of_type<'a>(statement: &'a Resource, name: &str) -> Value<'a> {
    let rest = statement.get("rest").unwrap().items().next().unwrap();
    rest.get("resource")
        .unwrap()
        .items()
        .find(|entry| entry.get("type").unwrap().string().unwrap() == name)
        .unwrap()
}

#[test]
fn the_statement_says_what_is_registered() {
    let statement = statement(&made("1.2.3"), None);
    let check = |value: Value<'_>, path: &[&str], expected: &str| {
        assert_eq!(value.at(path).map(Value::raw), Some(expected), "{path:?}");
    };
    let root = statement.root();
    check(root, &["resourceType"], "\"CapabilityStatement\"");
    check(root, &["fhirVersion"], "\"4.0.1\"");
    check(root, &["kind"], "\"instance\"");
    check(root, &["date"], "\"2024-02-29T12:34:56Z\"");
    check(root, &["software", "version"], "\"1.2.3\"");
    check(
        root,
        &["implementation", "url"],
        "\"https://fhir.example.org/fhir\"",
    );
    check(
        root,
        &["patchFormat"],
        r#"["application/json-patch+json","application/xml-patch+xml"]"#,
    );
    let rest = root.get("rest").unwrap().items().next().unwrap();
    assert_eq!(
        rest.get("resource").unwrap().items().count(),
        ResourceType::all().count()
    );
    check(
        rest,
        &["searchParam"],
        r#"[{"name":"_id","definition":"http://hl7.org/fhir/SearchParameter/Resource-id","type":"token"}]"#,
    );
    let meta =
        r#"[{"name":"meta","definition":"http://hl7.org/fhir/OperationDefinition/Resource-meta"}]"#;
    check(rest, &["operation"], meta);
    let patient = of_type(&statement, "Patient");
    check(patient, &["operation"], meta);
    check(
        patient,
        &["searchParam"],
        r#"[{"name":"family","definition":"http://hl7.org/fhir/SearchParameter/individual-family","type":"string"}]"#,
    );
    check(patient, &["conditionalDelete"], "\"multiple\"");
    check(patient, &["updateCreate"], "true");
    let account = of_type(&statement, "Account");
    assert!(account.get("operation").is_none() && account.get("searchParam").is_none());
    assert_eq!(account.get("interaction").unwrap().items().count(), 9);
    assert!(
        rest.at(&["security", "description"])
            .unwrap()
            .raw()
            .contains("switched off")
    );
}

#[test]
fn the_normative_part_leaves_trial_use_out() {
    let statement = statement(&made("1.2.3"), Some("normative"));
    let rest = statement.get("rest").unwrap().items().next().unwrap();
    assert!(rest.get("security").is_none());
    let patient = of_type(&statement, "Patient");
    let names: Vec<_> = patient
        .members()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names, ["type", "interaction", "searchParam", "operation"]);
}

#[test]
fn every_text_has_its_own_tag() {
    let version = |capabilities: &Capabilities, mode| {
        let outcome = capabilities.answer(mode).unwrap();
        outcome.version.unwrap().0
    };
    let first = made("1.2.3");
    assert_eq!(version(&first, None), version(&first, Some("full")));
    assert_eq!(version(&first, None), version(&made("1.2.3"), None));
    assert_ne!(version(&first, None), version(&first, Some("normative")));
    assert_ne!(version(&first, None), version(&made("1.2.4"), None));
}

#[test]
fn other_modes_are_refused() {
    let check = |mode: &str, kind: ErrorKind| {
        let error = made("1.2.3").answer(Some(mode)).unwrap_err();
        assert_eq!(error.kind(), kind, "{mode}");
    };
    check("terminology", ErrorKind::NotSupported);
    check("Full", ErrorKind::BadValue);
    check("", ErrorKind::BadValue);
}

const STRUCTURES: [&str; 7] = [
    r#"{"kind":"primitive-type","type":"string"}"#,
    r#"{"kind":"complex-type","type":"Quantity"}"#,
    r#"{"kind":"complex-type","type":"Reference"}"#,
    r#"{"kind":"resource","type":"Resource","abstract":true}"#,
    r#"{"kind":"resource","type":"Patient","baseDefinition":"http://b/Resource"}"#,
    r#"{"kind":"resource","type":"Observation","baseDefinition":"http://b/Resource"}"#,
    r#"{"kind":"resource","type":"Group","baseDefinition":"http://b/Resource"}"#,
];

#[test]
fn only_parameters_that_can_be_planned_are_offered() {
    let mut builder = DefinitionsBuilder::default();
    let mut add = |json: String| builder.add(Document::parse(json).unwrap().root()).unwrap();
    for definition in STRUCTURES {
        let definition = definition.strip_prefix('{').unwrap();
        add(format!(
            r#"{{"resourceType":"StructureDefinition","url":"u","snapshot":{{"element":[]}},{definition}"#
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
    parameter(
        "Patient",
        "near",
        "special",
        r#","expression":"Patient.near""#,
    );
    let registries = builder.build().unwrap();
    let now = "2024-02-29T12:34:56Z".parse().unwrap();
    let found: Vec<_> = search_parameters(&registries, now)
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
}
