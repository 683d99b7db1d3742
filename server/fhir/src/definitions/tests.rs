//! The element table built from a definition written here.

use super::search_parameters::{Activity, SearchType};
use super::structure::TypeKind;
use super::*;
use crate::ids::ResourceType;
use crate::json::Document;

fn primitive(name: &str) -> String {
    format!(
        r#"{{"url":"http://hl7.org/fhir/StructureDefinition/{name}","kind":"primitive-type","type":"{name}",
        "snapshot":{{"element":[{{"path":"{name}"}},{{"path":"{name}.value"}}]}}}}"#
    )
}

fn table(definitions: &[String]) -> Result<Structures, DefinitionError> {
    let mut builder = StructuresBuilder::default();
    for definition in definitions {
        builder.add(Document::parse(definition.clone()).unwrap().root())?;
    }
    builder.build()
}

const LIST: &str = r##"{"url":"u","kind":"resource","type":"List","derivation":"specialization","snapshot":{"element":[
    {"path":"List","constraint":[{"key":"lst-1","severity":"error","human":"h","expression":"true"}]},
    {"path":"List.id","max":"1","type":[{"code":"http://hl7.org/fhirpath/System.String"}]},
    {"path":"List.status","min":1,"max":"1","type":[{"code":"code"}],
     "binding":{"strength":"required","valueSet":"http://v|4.0.1"}},
    {"path":"List.date[x]","max":"1","type":[{"code":"dateTime"},{"code":"string"}]},
    {"path":"List.entry","max":"*","type":[{"code":"Backbone"}]},
    {"path":"List.entry.flag","max":"1","type":[{"code":"code"}]},
    {"path":"List.entry.part","max":"*","contentReference":"#List.entry"}]}}"##;

#[test]
fn elements_keep_order_types_and_bindings() {
    let mut all: Vec<_> = ["id", "code", "string", "dateTime"].map(primitive).to_vec();
    all.push(primitive("Backbone").replace("primitive-type", "complex-type"));
    all.push(LIST.to_owned());
    let structures = table(&all).unwrap();
    let list = structures.get(structures.by_name("List").unwrap());
    assert_eq!(
        list.elements
            .iter()
            .map(|element| &*element.name)
            .collect::<Vec<_>>(),
        ["id", "status", "date", "entry"]
    );
    let (element, chosen) = list.member("dateDateTime").unwrap();
    assert!(element.is_choice && !element.is_list());
    assert_eq!(&*structures.get(chosen.type_id).name, "dateTime");
    assert!(list.member("date").is_none());
    assert_eq!(
        &*list
            .element("status")
            .unwrap()
            .binding
            .as_ref()
            .unwrap()
            .value_set,
        "http://v"
    );
    assert_eq!(&*list.constraints[0].key, "lst-1");
    assert_eq!(list.required, 0b10);
    let entry = structures.by_name("List.entry").unwrap();
    assert_eq!(structures.get(entry).kind, TypeKind::Backbone);
    assert_eq!(
        structures.get(entry).member("part").unwrap().1.type_id,
        entry
    );
    assert_eq!(list.order("entry"), Some(3));
    assert_eq!(
        &*structures.get(list.member("id").unwrap().1.type_id).name,
        "id"
    );
}

#[test]
fn an_unknown_type_stops_the_table() {
    let fault = table(&[LIST.to_owned()]).unwrap_err();
    assert!(
        matches!(fault, DefinitionError::UnknownType { .. }),
        "{fault}"
    );
}

#[test]
fn a_definition_without_snapshot_is_refused_and_a_profile_passed_over() {
    let check = |text: &str, ok: bool| assert_eq!(table(&[text.to_owned()]).is_ok(), ok, "{text}");
    check(r#"{"url":"u","kind":"resource","type":"List"}"#, false);
    check(r#"{"url":"u","type":"List"}"#, false);
    check(
        r#"{"url":"u","kind":"resource","type":"List","derivation":"constraint"}"#,
        true,
    );
    check(r#"{"url":"u","kind":"logical","type":"Event"}"#, true);
}

#[test]
fn a_primitive_without_a_grammar_is_refused() {
    let fault = table(&[primitive("integer64")]).unwrap_err();
    assert!(
        matches!(fault, DefinitionError::UnknownPrimitive { .. }),
        "{fault}"
    );
}

fn offered(resource_type: &str, code: &str) -> Option<String> {
    let resource_type = ResourceType::parse(resource_type).unwrap();
    let found = fixtures::definitions()?
        .search_parameters
        .by_type_and_code(resource_type, code);
    Some(found.map_or_else(|| "none".to_owned(), |one| one.url.as_ref().to_owned()))
}

#[test]
fn search_parameters_are_found_by_type_and_code() {
    let check = |resource_type: &str, code: &str, expected: &str| {
        if let Some(found) = offered(resource_type, code) {
            let found = found.trim_start_matches("http://hl7.org/fhir/SearchParameter/");
            assert_eq!(found, expected, "{resource_type}?{code}");
        }
    };
    check("Patient", "name", "Patient-name");
    check("Patient", "_id", "Resource-id");
    check("Patient", "_lastUpdated", "Resource-lastUpdated");
    check("Patient", "_text", "DomainResource-text");
    check("Bundle", "_text", "none");
    check("Bundle", "_filter", "filter");
    check("Binary", "_tag", "Resource-tag");
    check(
        "Observation",
        "code-value-quantity",
        "Observation-code-value-quantity",
    );
    check("Observation", "patient", "clinical-patient");
    check("Condition", "subject", "Condition-subject");
    check("Patient", "age", "none");
    check("Patient", "part-agree", "none");
    check("Device", "din", "none");
    check("ValueSet", "keyword", "none");
    check("Patient", "nobody", "none");
}

#[test]
fn examples_and_extension_parameters_are_not_offered() {
    let Some(definitions) = fixtures::definitions() else {
        return;
    };
    let parameters = &definitions.search_parameters;
    println!(
        "{} search parameters, {} active",
        parameters.all().len(),
        parameters.active_count()
    );
    assert_eq!(
        (parameters.all().len(), parameters.active_count()),
        (1400, 1376)
    );
    for parameter in parameters.all() {
        let id = parameter.url.rsplit('/').next().unwrap();
        let special =
            id.starts_with("example") || id.contains("-extensions-") || id.contains("-genetic-");
        assert_eq!(parameter.activity != Activity::Active, special, "{id}");
        let unbound = matches!(
            &*parameter.code,
            "_text" | "_content" | "_query" | "_filter"
        );
        assert!(parameter.expression.is_some() || unbound || special, "{id}");
    }
}

#[test]
fn composites_name_parameters_that_exist() {
    let Some(definitions) = fixtures::definitions() else {
        return;
    };
    let parameters = &definitions.search_parameters;
    for parameter in parameters.all() {
        let is_composite = parameter.search_type == SearchType::Composite;
        assert_eq!(
            parameter.components.is_empty(),
            !is_composite,
            "{}",
            parameter.url
        );
        for component in &parameter.components {
            assert!(
                parameters.by_url(&component.definition).is_some(),
                "{}",
                component.definition
            );
        }
    }
}

#[test]
fn compartments_say_what_places_a_resource_into_them() {
    let Some(definitions) = fixtures::definitions() else {
        return;
    };
    let check = |compartment: &str, resource_type: &str, expected: &[&str]| {
        let [compartment, resource_type] =
            [compartment, resource_type].map(|name| ResourceType::parse(name).unwrap());
        let found = definitions
            .compartments
            .of(compartment)
            .unwrap()
            .parameters(resource_type);
        assert_eq!(found.iter().map(|one| &**one).collect::<Vec<_>>(), expected);
    };
    assert_eq!(definitions.compartments.all().len(), 5);
    check("Patient", "Observation", &["subject", "performer"]);
    check("Patient", "Patient", &["link"]);
    check("Patient", "Slot", &[]);
    check("Practitioner", "Practitioner", &[]);
    check("Device", "Communication", &["sender", "recipient"]);
}

#[test]
fn code_sets_answer_for_codes_and_systems() {
    let Some(definitions) = fixtures::definitions() else {
        return;
    };
    let check = |name: &str, system: &str, code: &str, expected: bool| {
        let url = format!("http://hl7.org/fhir/ValueSet/{name}");
        let set = definitions.code_sets.by_url(&url).unwrap();
        let found = if system.is_empty() {
            set.has_code(code)
        } else {
            set.has(system, code)
        };
        assert_eq!(found, expected, "{name} {system} {code}");
    };
    check("administrative-gender", "", "female", true);
    check("administrative-gender", "", "Female", false);
    check("all-types", "", "Patient", true);
    check(
        "condition-clinical",
        "http://terminology.hl7.org/CodeSystem/condition-clinical",
        "active",
        true,
    );
    check("condition-clinical", "http://elsewhere", "active", false);
    check("currencies", "", "EUR", true);
    check("currencies", "", "euro", false);
    check("mimetypes", "", "text/plain; charset=utf-8", true);
    check("mimetypes", "", "plain", false);
    check("mimetypes", "", "text/", false);
    check("all-languages", "", "de-CH-1996", true);
    check("all-languages", "", "x-klingon", true);
    check("all-languages", "", "german language", false);
    check("all-languages", "", "de_CH", false);
    check("all-languages", "", "q", false);
    check("all-languages", "urn:ietf:bcp:47", "fr", true);
    check(
        "ucum-units",
        "http://unitsofmeasure.org",
        "mL/min/{1.73_m2}",
        true,
    );
    check("ucum-units", "http://elsewhere", "mL", false);
    let open: Vec<_> = definitions
        .code_sets
        .all()
        .filter(|set| set.is_open)
        .map(|set| &*set.url)
        .collect();
    assert_eq!(
        open,
        [
            "http://dicom.nema.org/medical/dicom/current/output/chtml/part04/sect_B.5.html#table_B.5-1",
            "http://hl7.org/fhir/ValueSet/use-context",
            "http://loinc.org/vs/LL379-9",
            "http://www.rsna.org/RadLex_Playbook.aspx",
        ]
    );
}

fn build(json: &[&str]) -> Result<Definitions, DefinitionError> {
    let mut builder = DefinitionsBuilder::default();
    for one in json {
        builder.add(Document::parse((*one).to_owned()).unwrap().root())?;
    }
    builder.build()
}

#[test]
fn faulty_definitions_stop_the_build() {
    let check = |json: &str, expected: &str| {
        assert_eq!(build(&[json]).unwrap_err().to_string(), expected);
    };
    check(
        r#"{"resourceType":"SearchParameter","url":"u","code":"c","type":"thing","base":[]}"#,
        "u: 'thing' is not a type of R4",
    );
    check(
        r#"{"resourceType":"SearchParameter","url":"u","code":"c","base":[]}"#,
        "u: 'type' is missing or of the wrong type",
    );
    check(
        r#"{"resourceType":"SearchParameter","url":"u","type":"token","base":[]}"#,
        "u: 'code' is missing or of the wrong type",
    );
    check(
        r#"{"resourceType":"SearchParameter","url":"u","code":"c","type":"token","base":["Nobody"]}"#,
        "u: unknown type 'Nobody'",
    );
    check(
        r#"{"resourceType":"SearchParameter","url":"u","code":"c","type":"composite","component":[{}]}"#,
        "u: 'component.definition' is missing or of the wrong type",
    );
    check(
        r#"{"resourceType":"CompartmentDefinition","url":"c/Patient"}"#,
        "c/Patient: 'code' is missing or of the wrong type",
    );
    check(
        r#"{"resourceType":"CompartmentDefinition","url":"c/Patient","code":"Patient","resource":[{}]}"#,
        "c/Patient: 'resource.code' is missing or of the wrong type",
    );
    check(
        r#"{"resourceType":"CompartmentDefinition","url":"c/Patient","code":"Patient",
            "resource":[{"code":"Observation","param":["subject"]}]}"#,
        "c/Patient: Observation has no search parameter 'subject'",
    );
}
