//! What a SearchParameter must be to be put in force.

use super::*;
use crate::operations::testing::definitions;

/// An active parameter with some members replaced.
fn parameter(id: &str, members: &[(&str, &str)]) -> String {
    let mut all = vec![
        ("resourceType", r#""SearchParameter""#),
        ("url", r#""http://here/one""#),
        ("name", r#""one""#),
        ("status", r#""active""#),
        ("description", r#""d""#),
        ("code", r#""one""#),
        ("base", r#"["Patient"]"#),
        ("type", r#""token""#),
        ("expression", r#""Patient.maritalStatus""#),
    ];
    for (name, value) in members {
        all.retain(|one| one.0 != *name);
        all.push((name, value));
    }
    let id = format!("\"{id}\"");
    all.push(("id", &id));
    let members: Vec<String> = all
        .iter()
        .filter(|one| !one.1.is_empty())
        .map(|one| format!("\"{}\":{}", one.0, one.1))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn asked(definitions: &Definitions, id: &str, json: &str) -> std::result::Result<(), String> {
    let key = format!("SearchParameter/{id}").parse().unwrap();
    let resource = Resource::parse(json.to_owned()).unwrap();
    definitions
        .check_search_parameter(&key, &resource)
        .map_err(|error| format!("{} {error}", error.status().as_u16()))
}

/// Holds what a parameter with these members is answered to the beginning of a reason, or to none.
fn expect(definitions: &Definitions, members: &[(&str, &str)], expected: Option<&str>) {
    let refusal = asked(definitions, "one", &parameter("one", members)).err();
    match (&refusal, expected) {
        (None, None) => {}
        (Some(said), Some(expected)) => {
            assert!(
                said.starts_with("422 ") && said.contains(expected),
                "{said}"
            );
        }
        _ => panic!("{members:?}: {refusal:?}"),
    }
}

#[test]
fn what_cannot_be_answered_is_refused_with_the_reason() {
    let Some(definitions) = definitions() else {
        return;
    };
    let check = |members: &[_], expected| expect(&definitions, members, expected);
    check(&[], None);
    check(&[("experimental", "true")], None);
    check(
        &[
            ("base", r#"["Resource"]"#),
            ("expression", r#""Resource.meta.source""#),
            ("type", r#""uri""#),
        ],
        None,
    );
    // A draft may say anything.
    check(
        &[("status", r#""draft""#), ("expression", r#""(((""#)],
        None,
    );
    check(&[("status", r#""retired""#), ("code", r#""name""#)], None);
    check(&[("expression", "")], Some("there is no expression"));
    check(
        &[("expression", r#""Patient.((""#)],
        Some("http://here/one"),
    );
    check(
        &[("expression", r#""Patient.nothing""#)],
        Some("has no element 'Patient.nothing'"),
    );
    check(
        &[("expression", r#""Patient.birthDate""#)],
        Some("a token parameter cannot hold the date"),
    );
    check(&[("type", r#""special""#)], Some("'special'"));
    check(&[("type", r#""other""#)], Some("'other'"));
    check(
        &[("code", r#""_one""#)],
        Some("the first of them a letter or '-'"),
    );
    check(
        &[("code", r#""one:two""#)],
        Some("the first of them a letter"),
    );
    check(
        &[("base", r#"["Person2"]"#)],
        Some("'Person2', which is no type"),
    );
    check(
        &[("base", r#"["HumanName"]"#)],
        Some("'HumanName', which is no type"),
    );
    check(&[("base", "[]")], Some("no type is named in base"));
    check(&[("xpathUsage", r#""phonetic""#)], Some("usage 'normal'"));
}

#[test]
fn what_no_resource_tells_is_refused_before_there_is_one() {
    let Some(definitions) = definitions() else {
        return;
    };
    for (expression, expected) in [
        ("now()", Some("'now' is not supported")),
        ("Patient.birthDate < today()", Some("'today'")),
        ("iif(true, timeOfDay(), {})", Some("'timeOfDay'")),
        (
            "Patient.managingOrganization.resolve().name",
            Some("elsewhere"),
        ),
        (
            "Patient.link.other.resolve().where(name.exists())",
            Some("elsewhere"),
        ),
        ("Patient.link.other.where(resolve() is Patient)", None),
        (
            "Patient.maritalStatus.memberOf('http://a')",
            Some("'memberOf'"),
        ),
        ("Patient.conformsTo('http://a')", Some("'conformsTo'")),
        ("Patient.elementDefinition()", Some("'elementDefinition'")),
        (
            "Patient.language.encode('foo')",
            Some("a format of this name"),
        ),
        ("Patient.language.encode('hex')", None),
        ("%foo", Some("'%foo' is unknown")),
        ("%resource.language & %ucum", None),
        ("1 + 'a'", Some("'+' does not take such values together")),
        ("Patient.birthDate + 1", Some("'+' does not take")),
        ("Patient.identifier.value > 5", Some("'>' does not take")),
        ("(Patient.multipleBirth as integer) > 5", None),
        ("Patient.name.nothing.count()", Some("no element 'nothing'")),
        // What depends on the resource is no mistake.
        ("Patient.name.family.length() > 5", None),
    ] {
        let quoted = fhir::json::quoted(expression);
        let members = [
            ("expression", &*quoted),
            (
                "type",
                if expression.contains("other.where") {
                    r#""reference""#
                } else {
                    r#""token""#
                },
            ),
        ];
        expect(&definitions, &members, expected);
    }
}

/// What HL7 and the server's own search parameters ask is all answered: nothing of it is refused by mistake.
#[test]
fn all_parameters_that_the_server_brings_could_be_stored() {
    let Some(definitions) = definitions() else {
        return;
    };
    let structures = &definitions.structures;
    let parameters = &definitions.registries().search_parameters;
    let mut checked = 0;
    for resource_type in ResourceType::all() {
        for one in parameters
            .for_type(resource_type)
            .filter(|one| one.expression.is_some())
        {
            let expression = Expression::parse(one.expression.as_deref().unwrap());
            assert_eq!(expression.unwrap().outside(), None, "{}", one.url);
            check_meaning(structures, one).unwrap_or_else(|fault| panic!("{}: {fault}", one.url));
            checked += 1;
        }
    }
    assert!(checked > 1000);
}

#[test]
fn what_the_server_has_already_is_not_replaced() {
    let Some(definitions) = definitions() else {
        return;
    };
    let check = |members: &[_], expected| expect(&definitions, members, expected);
    check(
        &[("code", r#""gender""#)],
        Some("Patient has another search parameter 'gender'"),
    );
    check(
        &[
            ("code", r#""gender""#),
            ("expression", r#""Patient.gender""#),
        ],
        None,
    );
    check(
        &[(
            "url",
            r#""http://hl7.org/fhir/SearchParameter/individual-gender""#,
        )],
        Some("another search parameter has this url"),
    );
    let component = r#"[{"definition":"http://here/none","expression":"gender"},{"definition":"http://here/none","expression":"gender"}]"#;
    check(
        &[
            ("type", r#""composite""#),
            ("expression", r#""Patient""#),
            ("component", component),
        ],
        Some("there is no SearchParameter http://here/none"),
    );
}

#[test]
fn stored_parameters_count_as_if_they_were_the_servers_own() {
    let Some(built_in) = definitions() else {
        return;
    };
    let stored = |id: &str, json: &str| {
        let key = format!("SearchParameter/{id}").parse().unwrap();
        RunTimeParameter::of_stored(&key, &Bytes::from(json.to_owned())).unwrap()
    };
    let second = parameter(
        "two",
        &[
            ("url", r#""http://here/two""#),
            ("expression", r#""Patient.gender""#),
        ],
    );
    let broken = parameter(
        "three",
        &[
            ("url", r#""http://here/three""#),
            ("code", r#""three""#),
            ("expression", r#""Patient.gone""#),
        ],
    );
    let both: Vec<RunTimeParameter> = [
        stored("one", &parameter("one", &[])),
        stored("two", &second),
        stored("three", &broken),
        stored("draft", &parameter("draft", &[("status", r#""draft""#)])),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert_eq!(both.len(), 3);
    let joined = join(&built_in, both).unwrap();
    let patient = ResourceType::parse("Patient").unwrap();
    let found = |definitions: &Definitions, code: &str| {
        let parameters = &definitions.registries.search_parameters;
        let found = parameters.by_type_and_code(patient, code);
        found.map(|one| one.url.to_string())
    };
    assert_eq!(found(&joined, "one").as_deref(), Some("http://here/one"));
    assert_eq!(found(&joined, "three"), None);
    assert_ne!(joined.target(patient), built_in.target(patient));
    let organization = ResourceType::parse("Organization").unwrap();
    assert_eq!(joined.target(organization), built_in.target(organization));
    // The first may change itself, and no other may take its code.
    let changed = parameter("one", &[("expression", r#""Patient.gender""#)]);
    assert_eq!(asked(&joined, "one", &changed), Ok(()));
    let refused = asked(&joined, "other", &second).unwrap_err();
    assert!(
        refused.contains("Patient has another search parameter 'one'"),
        "{refused}"
    );
}
