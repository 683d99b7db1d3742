//! R4 as a JSON Schema, in the form of HL7's own (<https://hl7.org/fhir/R4/json.html#schema>), made of its definitions: the
//! package of the definitions does not carry it.

use std::collections::BTreeMap;

use fhir::definitions::Definitions;
use fhir::definitions::codes::Codes;
use fhir::definitions::structure::{
    BindingStrength, Element, ElementType, Shape, TypeDefinition, TypeKind,
};
use serde_json::{Map, Value, json};

/// The grammar of each primitive type, by its name.
pub(super) type Grammars = BTreeMap<String, String>;

/// The schema of all resources.
pub(super) fn schema(definitions: &Definitions, grammars: &Grammars) -> Value {
    let mut all = Map::new();
    let mut resources = Vec::new();
    for (_, definition) in definitions.structures.all() {
        let name = &*definition.name;
        if definition.kind == TypeKind::Resource && !definition.is_abstract {
            resources.push(json!({ "$ref": reference(name) }));
        }
        let schema = match definition.kind {
            TypeKind::Primitive => primitive(name, grammars),
            TypeKind::Resource | TypeKind::Complex | TypeKind::Backbone => {
                complex(definitions, definition)
            }
        };
        all.insert(escaped(name), schema);
    }
    all.insert(
        "ResourceList".to_owned(),
        json!({ "oneOf": resources.clone() }),
    );
    json!({
        "$schema": "http://json-schema.org/draft-06/schema#",
        "oneOf": resources,
        "definitions": all,
    })
}

fn escaped(name: &str) -> String {
    name.replace('.', "_")
}

fn reference(name: &str) -> String {
    format!("#/definitions/{}", escaped(name))
}

fn primitive(name: &str, grammars: &Grammars) -> Value {
    let kind = match name {
        "boolean" => "boolean",
        "integer" | "positiveInt" | "unsignedInt" | "decimal" => "number",
        _ => "string",
    };
    match grammars.get(name).filter(|_| kind == "string") {
        Some(grammar) => json!({ "type": kind, "pattern": format!("^({grammar})$") }),
        None => json!({ "type": kind }),
    }
}

fn complex(definitions: &Definitions, definition: &TypeDefinition) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if definition.kind == TypeKind::Resource {
        properties.insert(
            "resourceType".to_owned(),
            json!({ "const": definition.name }),
        );
        required.push(json!("resourceType"));
    }
    for element in &definition.elements {
        for chosen in &element.types {
            let of_type = definitions.structures.get(chosen.type_id);
            let is_primitive = of_type.kind == TypeKind::Primitive;
            let item = item(definitions, element, chosen);
            properties.insert(chosen.json_name.to_string(), listed(element, item));
            if is_primitive {
                let beside = json!({ "$ref": reference("Element") });
                properties.insert(format!("_{}", chosen.json_name), listed(element, beside));
            } else if element.min > 0 && !element.is_choice {
                required.push(json!(chosen.json_name));
            }
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "required": required,
    })
}

fn listed(element: &Element, item: Value) -> Value {
    match element.is_list() {
        true => json!({ "type": "array", "items": item }),
        false => item,
    }
}

fn item(definitions: &Definitions, element: &Element, chosen: &ElementType) -> Value {
    let of_type = definitions.structures.get(chosen.type_id);
    if of_type.shape == Shape::AnyResource {
        return json!({ "$ref": "#/definitions/ResourceList" });
    }
    let codes = codes(definitions, element).filter(|_| &*of_type.name == "code");
    match codes {
        Some(codes) => json!({ "enum": codes }),
        None => json!({ "$ref": reference(&of_type.name) }),
    }
}

/// The codes of a required binding, where they are listed.
fn codes<'a>(definitions: &'a Definitions, element: &Element) -> Option<Vec<&'a str>> {
    let binding = element.binding.as_ref()?;
    if binding.strength != BindingStrength::Required {
        return None;
    }
    let set = definitions.code_sets.by_url(&binding.value_set)?;
    let mut all = Vec::new();
    for system in &set.systems {
        match &system.codes {
            Codes::Listed(codes) => all.extend(codes.iter().map(|code| &**code)),
            Codes::All | Codes::LanguageTags | Codes::MimeTypes => return None,
        }
    }
    (!set.is_open).then_some(all)
}
