//! A few definitions and resources made by hand.

use crate::json::{self, Json};
use crate::oracle::definitions::Definitions;
use crate::oracle::world::World;

const BASE: &str = "http://here/fhir";

pub(super) fn read(text: &str) -> Json {
    json::read(text).unwrap()
}

fn structure(name: &str, kind: &str, elements: &[(&str, &str)]) -> Json {
    let element = |(path, types): &(&str, &str)| {
        let types: Vec<String> = types
            .split(' ')
            .map(|code| format!(r#"{{"code":"{code}"}}"#))
            .collect();
        let bound = if path.ends_with("gender") {
            r#","binding":{"strength":"required","valueSet":"urn:genders|4.0.1"}"#
        } else {
            ""
        };
        format!(
            r#"{{"path":"{name}.{path}","type":[{}]{bound}}}"#,
            types.join(",")
        )
    };
    let elements: Vec<String> = elements.iter().map(element).collect();
    read(&format!(
        r#"{{"resourceType":"StructureDefinition","type":"{name}","kind":"{kind}","abstract":false,"snapshot":{{"element":[{}]}}}}"#,
        elements.join(",")
    ))
}

fn parameter(code: &str, kind: &str, expression: &str, components: &str) -> Json {
    read(&format!(
        r#"{{"resourceType":"SearchParameter","url":"urn:{code}","code":"{code}","type":"{kind}","expression":"{expression}","component":[{components}]}}"#
    ))
}

const PARAMETERS: [(&str, &str, &str, &str); 19] = [
    ("Patient", "_id", "token", "Resource.id"),
    ("Patient", "gender", "token", "Patient.gender"),
    ("Patient", "identifier", "token", "Patient.identifier"),
    ("Patient", "active", "token", "Patient.active"),
    (
        "Patient",
        "deceased",
        "token",
        "Patient.deceased.exists() and Patient.deceased != false",
    ),
    (
        "Patient",
        "email",
        "token",
        "Patient.telecom.where(system='email')",
    ),
    ("Patient", "name", "string", "Patient.name"),
    ("Patient", "birthdate", "date", "Patient.birthDate"),
    ("Patient", "link", "reference", "Patient.link.other"),
    ("Observation", "code", "token", "Observation.code"),
    ("Observation", "subject", "reference", "Observation.subject"),
    (
        "Observation",
        "patient",
        "reference",
        "Observation.subject.where(resolve() is Patient)",
    ),
    ("Observation", "date", "date", "Observation.effective"),
    (
        "Observation",
        "value",
        "quantity",
        "(Observation.value as Quantity) | (Observation.value as SampledData)",
    ),
    (
        "Observation",
        "part-code",
        "token",
        "Observation.component.code",
    ),
    (
        "Observation",
        "part-value",
        "quantity",
        "Observation.component.value.as(Quantity)",
    ),
    ("Observation", "part", "composite", "Observation.component"),
    ("ValueSet", "url", "uri", "ValueSet.url"),
    ("List", "title", "string", "List.title"),
];

fn definitions() -> Definitions {
    let mut definitions = Definitions::default();
    definitions.add(&structure(
        "Patient",
        "resource",
        &[
            ("id", "http://hl7.org/fhirpath/System.String"),
            ("gender", "code"),
            ("identifier", "Identifier"),
            ("active", "boolean"),
            ("deceased[x]", "boolean dateTime"),
            ("telecom", "ContactPoint"),
            ("name", "HumanName"),
            ("birthDate", "date"),
            ("link", "BackboneElement"),
            ("link.other", "Reference"),
        ],
    ));
    definitions.add(&structure(
        "Observation",
        "resource",
        &[
            ("code", "CodeableConcept"),
            ("subject", "Reference"),
            ("effective[x]", "dateTime Period Timing"),
            ("value[x]", "Quantity SampledData"),
            ("component", "BackboneElement"),
            ("component.code", "CodeableConcept"),
            ("component.value[x]", "Quantity string"),
        ],
    ));
    definitions.add(&structure("ValueSet", "resource", &[("url", "uri")]));
    definitions.add(&structure("List", "resource", &[("title", "string")]));
    definitions.add(&read(r#"{"resourceType":"ValueSet","url":"urn:genders","compose":{"include":[{"system":"urn:sex"}]}}"#));
    definitions.add(&read(
        r#"{"resourceType":"CompartmentDefinition","url":"urn:c","code":"Patient","resource":[
        {"code":"Observation","param":["subject"]},{"code":"Patient","param":["link"]}]}"#,
    ));
    let components = r#"{"definition":"urn:part-code","expression":"code"},{"definition":"urn:part-value","expression":"value.as(Quantity)"}"#;
    let mut listed = Vec::new();
    for (kind, code, search_type, expression) in PARAMETERS {
        let components = if search_type == "composite" {
            components
        } else {
            ""
        };
        definitions.add(&parameter(code, search_type, expression, components));
        listed.push(format!(
            r#"{{"type":"{kind}","searchParam":[{{"name":"{code}","definition":"urn:{code}"}}]}}"#
        ));
    }
    definitions
        .listed(&read(&format!(
            r#"{{"rest":[{{"resource":[{}]}}]}}"#,
            listed.join(",")
        )))
        .unwrap();
    definitions
}

pub(super) fn world() -> World {
    let resources = [
        r#"{"resourceType":"Patient","id":"a","gender":"male","active":true,"birthDate":"1970-01","name":[{"family":"Müller","given":["Ann"]}],
            "identifier":[{"system":"urn:s","value":"1","type":{"coding":[{"system":"urn:t","code":"MR"}]}}],"deceasedBoolean":false}"#,
        r#"{"resourceType":"Patient","id":"b","gender":"female","_birthDate":{"extension":[]},"identifier":[{"value":"1"}],
            "name":[{"text":"a,b"}],"deceasedDateTime":"2020","telecom":[{"system":"email","value":"m@x"},{"system":"phone","value":"5"}],
            "text":{"div":"<div>Some <b>words</b>,<i>o</i>ther <p>text</p></div>"}}"#,
        r#"{"resourceType":"Patient","id":"c","birthDate":"1999-12-31","link":[{"other":{"reference":"Patient/a"}}]}"#,
        r#"{"resourceType":"Observation","id":"o1","code":{"coding":[{"system":"urn:s","code":"x"}],"text":"Blood pressure"},"subject":{"reference":"Patient/a"},
            "effectivePeriod":{"start":"2020"},"valueQuantity":{"value":5000,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"},
            "component":[{"code":{"coding":[{"code":"p"}]},"valueQuantity":{"value":1}},{"code":{"coding":[{"code":"q"}]},"valueQuantity":{"value":2}}]}"#,
        r#"{"resourceType":"Observation","id":"o2","code":{"coding":[{"code":"x"}]},"subject":{"reference":"http://here/fhir/Patient/b/_history/3"},
            "effectiveDateTime":"2020-05-05","valueQuantity":{"value":5.4,"unit":"tablets"}}"#,
        r#"{"resourceType":"Observation","id":"o3","code":{"text":"none"},"subject":{"reference":"http://there/fhir/Patient/a"},"valueSampledData":{}}"#,
        r#"{"resourceType":"Observation","id":"o4","code":{},"subject":{"identifier":{"system":"urn:s","value":"9"},"type":"Group"},
            "effectiveTiming":{"event":["2019","2021-06"]}}"#,
        r#"{"resourceType":"ValueSet","id":"v1","url":"http://x/a"}"#,
        r#"{"resourceType":"ValueSet","id":"v2","url":"http://x/a/b"}"#,
        r#"{"resourceType":"ValueSet","id":"v3","url":"http://x/ab"}"#,
        r#"{"resourceType":"List","id":"l","entry":[{"item":{"reference":"Patient/a"}},{"item":{"reference":"Observation/o2"}}]}"#,
    ];
    World::new(definitions(), BASE, resources.map(read).into())
}

/// Resources that contain others.
pub(super) fn containers() -> World {
    let resources = [
        r#"{"resourceType":"Patient","id":"a","gender":"male"}"#,
        r##"{"resourceType":"Observation","id":"o","code":{"text":"Blood pressure"},"subject":{"reference":"#p"},
            "contained":[{"resourceType":"Patient","id":"p","gender":"male","name":[{"family":"Müller"}]}]}"##,
        r#"{"resourceType":"List","id":"l","contained":[{"resourceType":"Patient","id":"p","gender":"female"},
            {"resourceType":"Patient","gender":"male"}]}"#,
    ];
    World::new(definitions(), BASE, resources.map(read).into())
}
