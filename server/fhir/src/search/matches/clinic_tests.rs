//! Searches across the resources of a small clinic: chains, filters, numbers, composites, places, words.

use super::world::World;

fn clinic() -> Option<World> {
    World::of(&[
        r#"{"resourceType":"Organization","id":"org","name":"Good Clinic","active":true}"#,
        r#"{"resourceType":"Patient","id":"ann","gender":"female","birthDate":"1980-02-03","name":[{"family":"Ash","given":["Ann"]}],
            "managingOrganization":{"reference":"Organization/org"},
            "identifier":[{"type":{"text":"Driver's licence"},"value":"1"}]}"#,
        r#"{"resourceType":"Patient","id":"bob","gender":"male","name":[{"family":"Birch","given":["Bob","Pete"]}]}"#,
        r#"{"resourceType":"Group","id":"both","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/ann"}},
            {"entity":{"reference":"Patient/bob"}}],
            "characteristic":[{"code":{"coding":[{"code":"gender"}]},"valueCodeableConcept":{"coding":[{"code":"mixed"}]},"exclude":false},
            {"code":{"coding":[{"code":"owner"}]},"valueCodeableConcept":{"coding":[{"code":"Eve"}]},"exclude":false}]}"#,
        r#"{"resourceType":"Observation","id":"weight","status":"final","subject":{"reference":"Patient/ann"},
            "code":{"text":"Weight of body","coding":[{"system":"http://loinc.org","code":"29463-7","display":"Body weight"}]},
            "effectiveDateTime":"2013-01-14","valueQuantity":{"value":72.5,"unit":"kilo","system":"http://unitsofmeasure.org","code":"kg"}}"#,
        r#"{"resourceType":"Observation","id":"pressure","status":"final","subject":{"reference":"Patient/bob"},
            "code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"effectiveDateTime":"2013-03-14",
            "component":[
            {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":107,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
            {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":60,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}"#,
        r#"{"resourceType":"RiskAssessment","id":"low","status":"final","subject":{"reference":"Patient/ann"},"prediction":[{"probabilityDecimal":0.2}]}"#,
        r#"{"resourceType":"RiskAssessment","id":"range","status":"final","subject":{"reference":"Patient/bob"},
            "prediction":[{"probabilityRange":{"low":{"value":0.5},"high":{"value":0.9}}}]}"#,
        r#"{"resourceType":"Location","id":"berlin","position":{"latitude":52.52,"longitude":13.405}}"#,
        r#"{"resourceType":"Location","id":"paris","position":{"latitude":48.8566,"longitude":2.3522}}"#,
        r#"{"resourceType":"List","id":"l","status":"current","mode":"working","entry":[{"item":{"reference":"Patient/bob"}}]}"#,
        r#"{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/ann"},"code":{"text":"Headache"},
            "text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Metastases of the <b>bone</b> marrow</div>"}}"#,
        r#"{"resourceType":"ValueSet","id":"v1","status":"active","url":"http://acme.org/fhir/ValueSet/123","version":"1.0"}"#,
        r#"{"resourceType":"ValueSet","id":"v2","status":"active","url":"http://acme.org/fhirpath"}"#,
    ])
}

fn check_all(cases: &[(&str, &str)]) {
    if let Some(clinic) = clinic() {
        for (query, expected) in cases {
            let (name, text) = query.split_once('?').unwrap();
            let encoded = match text.strip_prefix("_filter=") {
                None => text.to_owned(),
                Some(filter) => {
                    let bytes = filter.bytes().map(|byte| format!("%{byte:02X}"));
                    format!("_filter={}", bytes.collect::<String>())
                }
            };
            clinic.check(&format!("{name}?{encoded}"), expected);
        }
    }
}

#[test]
fn chains_follow_references_both_ways() {
    check_all(&[
        ("Observation?subject:Patient.name=ash", "weight"),
        ("Observation?subject.name=b", "pressure"),
        ("Observation?patient.organization.name=good", "weight"),
        (
            "Observation?subject:Patient.birthdate:missing=true",
            "pressure",
        ),
        ("Observation?subject:Patient.gender:not=male", "weight"),
        ("Observation?subject:Patient._id=bob", "pressure"),
        ("Observation?subject:Patient.name=nobody", ""),
        ("Patient?_has:Observation:patient:code=29463-7", "ann"),
        (
            "Patient?_has:Observation:patient:code=29463-7,85354-9",
            "ann bob",
        ),
        (
            "Patient?_has:Observation:patient:status=final&_has:RiskAssessment:subject:probability=gt0.7",
            "bob",
        ),
        ("Patient?_has:Group:member:_id=both", "ann bob"),
        (
            "Organization?_has:Patient:organization:_has:Observation:patient:code=29463-7",
            "org",
        ),
        (
            "Organization?_has:Patient:organization:_has:Observation:patient:code=85354-9",
            "",
        ),
        (
            "Observation?subject:Patient._has:Group:member:_id=both&date=gt2013-02",
            "pressure",
        ),
        ("Patient?_list=l", "bob"),
        ("Patient?_list=none", ""),
    ]);
}

#[test]
fn filters_say_more_than_parameters() {
    check_all(&[
        ("Patient?_filter=name co \"et\"", "bob"),
        (
            "Patient?_filter=name eq \"pete\" or name eq \"ann\"",
            "ann bob",
        ),
        ("Patient?_filter=name eq \"pet\"", ""),
        ("Patient?_filter=name ew \"ch\"", "bob"),
        (
            "Patient?_filter=name gt \"b\" and not (name lt \"b\")",
            "bob",
        ),
        ("Patient?_filter=gender ne male", "ann"),
        ("Patient?_filter=birthdate pr false", "bob"),
        (
            "Patient?_filter=birthdate pr false or birthdate lt 1990",
            "ann bob",
        ),
        ("Patient?_filter=not (gender eq male)", "ann"),
        ("Observation?_filter=code eq loinc|29463-7", "weight"),
        (
            "Observation?_filter=patient[gender eq female].organization.name sw good",
            "weight",
        ),
        (
            "Observation?_filter=patient[gender eq male].organization.name sw good",
            "",
        ),
        (
            "Observation?_filter=subject re Patient/ann and date po 2013",
            "weight",
        ),
        ("Observation?_filter=date po 2013-02", ""),
        ("RiskAssessment?_filter=probability ge 0.9", "range"),
    ]);
}

#[test]
fn numbers_quantities_and_composites_compare_values_of_one_place() {
    check_all(&[
        ("RiskAssessment?probability=0.2", "low"),
        ("RiskAssessment?probability=gt0.5", "range"),
        ("RiskAssessment?probability=lt0.5", "low"),
        ("RiskAssessment?probability=0.7", ""),
        ("RiskAssessment?probability=ap0.22", "low"),
        ("RiskAssessment?probability=sa0.3", "range"),
        ("RiskAssessment?probability=0.2,gt0.8", "low range"),
        ("Observation?value-quantity=72.5", "weight"),
        ("Observation?value-quantity=73", "weight"),
        ("Observation?value-quantity=72.50", "weight"),
        ("Observation?value-quantity=72.4", ""),
        ("Observation?value-quantity=72.5||kg", "weight"),
        ("Observation?value-quantity=72.5||kilo", "weight"),
        ("Observation?value-quantity=72.5||lb", ""),
        (
            "Observation?value-quantity=72500|http://unitsofmeasure.org|g",
            "weight",
        ),
        (
            "Observation?value-quantity=gt72|http://unitsofmeasure.org|kg",
            "weight",
        ),
        (
            "Observation?value-quantity=gt72|http://unitsofmeasure.org|m",
            "",
        ),
        ("Observation?value-quantity=72.5|http://elsewhere|kg", ""),
        ("Observation?code-value-quantity=29463-7$gt72", "weight"),
        ("Observation?code-value-quantity=other$gt72", ""),
        (
            "Observation?component-code-value-quantity=8480-6$107",
            "pressure",
        ),
        ("Observation?component-code-value-quantity=8480-6$60", ""),
        (
            "Observation?component-code-value-quantity=http://loinc.org|8462-4$60|http://unitsofmeasure.org|mm[Hg]",
            "pressure",
        ),
        ("Group?characteristic-value=gender$mixed", "both"),
        ("Group?characteristic-value=gender$Eve", ""),
        ("Group?characteristic-value=gender$Eve,owner$Eve", "both"),
    ]);
}

#[test]
fn places_words_texts_and_paths_are_found() {
    check_all(&[
        ("Location?near=52.5|13.4|10", "berlin"),
        ("Location?near=52.5|13.4|10|m", ""),
        ("Location?near=52.5|13.4|10,48.9|2.4|10", "berlin paris"),
        ("Condition?_text=(bone OR liver) and metastases", "c"),
        ("Condition?_text=liver", ""),
        ("Condition?_text=\"bone marrow\" not liver", "c"),
        ("Condition?_text=\"marrow bone\"", ""),
        ("Condition?_text=metas*", "c"),
        ("Condition?_content=headache", "c"),
        ("Condition?_text=headache", ""),
        ("Condition?code:text=head", "c"),
        ("Condition?code:text=ache", ""),
        ("Observation?code:text=body", "weight"),
        ("Observation?code:text=weight%20of", "weight"),
        ("Patient?identifier:text=driver", "ann"),
        ("ValueSet?url:below=http://acme.org/fhir", "v1"),
        ("ValueSet?url:below=http://acme.org/fhir/", "v1"),
        ("ValueSet?url:below=http://acme.org", "v1 v2"),
        (
            "ValueSet?url:above=http://acme.org/fhir/ValueSet/123/_history/5",
            "v1",
        ),
        ("ValueSet?url=http://acme.org/fhir/ValueSet/123|1.0", "v1"),
        ("ValueSet?url=http://acme.org/fhir/ValueSet/123|2.0", ""),
    ]);
}
