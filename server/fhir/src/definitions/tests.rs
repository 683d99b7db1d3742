//! The element table built from a definition written here.

use super::structure::TypeKind;
use super::*;
use crate::json::Document;

fn primitive(name: &str) -> String {
    format!(
        r#"{{"url":"http://hl7.org/fhir/StructureDefinition/{name}","kind":"primitive-type","type":"{name}",
        "snapshot":{{"element":[{{"path":"{name}"}},{{"path":"{name}.value"}}]}}}}"#
    )
}

fn table(definitions: &[String]) -> Result<structure::Structures, DefinitionError> {
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
    let mut all: Vec<_> = ["id", "code", "string", "dateTime", "Backbone"]
        .map(primitive)
        .to_vec();
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
