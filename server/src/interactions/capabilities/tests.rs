//! The statement of a small registry.

use fhir::json::Value;
use fhir::resource::Resource;

use super::*;

fn made(version: &'static str) -> CapabilityStatement {
    let patient = ResourceType::parse("Patient").unwrap();
    let inclusions = Inclusions {
        forward: vec!["*".to_owned(), "Patient:link".to_owned()],
        reverse: Vec::new(),
    };
    CapabilityStatement::new(
        &Software {
            version,
            base_url: "https://fhir.example.org/fhir".into(),
            date: "2024-02-29T12:34:56Z".parse().unwrap(),
            deletes_multiple: true,
            asks_for_tokens: version == "smart",
            is_audited: false,
        },
        Offered {
            search_parameters: &[
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
            inclusions: &[(patient, inclusions)].into(),
            compartments: &["http://hl7.org/fhir/CompartmentDefinition/patient"],
            operations: &[OperationEntry {
                code: "meta",
                definition: "http://hl7.org/fhir/OperationDefinition/Resource-meta",
                is_system: true,
                is_offered: true,
                resource_types: &[patient],
            }],
            profiles: &[(patient, vec!["http://p".into()])].into(),
        },
    )
}

fn statement(capabilities: &CapabilityStatement, mode: Option<&str>) -> Resource {
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
fn the_statement_says_how_somebody_gets_in() {
    let security = |version: &'static str| {
        let statement = statement(&made(version), None);
        let rest = statement
            .root()
            .get("rest")
            .unwrap()
            .items()
            .next()
            .unwrap();
        rest.get("security").unwrap().raw().to_owned()
    };
    let open = security("1.2.3");
    assert!(
        open.contains(r#""cors":false"#) && open.contains("switched off"),
        "{open}"
    );
    let smart = security("smart");
    for part in [
        r#""url":"token","valueUri":"https://fhir.example.org/fhir/auth/token""#,
        r#""url":"authorize","valueUri":"https://fhir.example.org/fhir/auth/authorize""#,
        r#""code":"SMART-on-FHIR""#,
        r#""cors":true"#,
    ] {
        assert!(smart.contains(part), "{part} {smart}");
    }
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
        r#"["application/json-patch+json","application/xml-patch+xml","application/fhir+json","application/fhir+xml"]"#,
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
    check(patient, &["supportedProfile"], r#"["http://p"]"#);
    check(patient, &["operation"], meta);
    check(
        patient,
        &["searchParam"],
        r#"[{"name":"family","definition":"http://hl7.org/fhir/SearchParameter/individual-family","type":"string"}]"#,
    );
    check(patient, &["conditionalDelete"], "\"multiple\"");
    check(patient, &["updateCreate"], "true");
    check(patient, &["searchInclude"], r#"["*","Patient:link"]"#);
    assert!(patient.get("searchRevInclude").is_none());
    let compartments = r#"["http://hl7.org/fhir/CompartmentDefinition/patient"]"#;
    check(rest, &["compartment"], compartments);
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
    let version = |capabilities: &CapabilityStatement, mode| {
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
    check("Full", ErrorKind::BadValue);
    check("", ErrorKind::BadValue);
}
