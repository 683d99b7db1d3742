//! Every modifier of every search type, and values of each.

use crate::search::planner::fixtures::shown_plan;

fn check(query: &str, expected: &str) {
    if let Some(shown) = shown_plan(query) {
        assert_eq!(shown, expected, "{query}");
    }
}

fn refuse(query: &str, kind: &str, part: &str) {
    if let Some(shown) = shown_plan(query) {
        assert!(
            shown.starts_with(kind) && shown.contains(part),
            "{query}: {shown}"
        );
        assert!(!shown.contains("secret"), "{query}: {shown}");
    }
}

/// One parameter of each search type, with a value it takes.
const OF_EACH_TYPE: [(&str, &str); 9] = [
    ("string", "Patient?name=a"),
    ("token", "Observation?identifier=a"),
    ("reference", "Observation?subject=Patient/a"),
    ("date", "Observation?date=2020"),
    ("number", "RiskAssessment?probability=1"),
    ("quantity", "Observation?value-quantity=1"),
    ("uri", "ValueSet?url=http://a"),
    ("composite", "Observation?code-value-quantity=a$1"),
    ("special", "Location?near=1|2"),
];

/// The search types that answer each modifier, and those that refuse it as what they cannot do. All others say that
/// they do not know it.
const MATRIX: [(&str, &str, &str); 15] = [
    (
        "missing",
        "string token reference date number quantity uri special",
        "",
    ),
    ("exact", "string", ""),
    ("contains", "string", ""),
    ("text", "token", ""),
    ("not", "token", ""),
    ("in", "token", ""),
    ("not-in", "token", ""),
    ("above", "uri token reference", ""),
    ("below", "uri token reference", ""),
    ("of-type", "token", ""),
    ("identifier", "reference", ""),
    ("Patient", "reference", ""),
    ("iterate", "", ""),
    ("ofType", "", ""),
    ("type", "", ""),
];

#[test]
fn every_modifier_is_answered_or_refused_by_every_search_type() {
    for (modifier, answered, unsupported) in MATRIX {
        for (search_type, query) in OF_EACH_TYPE {
            let (name, value) = query.split_once('=').unwrap();
            let value = match modifier {
                "missing" => "true",
                "of-type" => "s|c|v",
                "above" | "below" if search_type == "token" => "s|c",
                "above" | "below" if search_type == "reference" => "Location/a",
                _ => value,
            };
            let text = format!("{name}:{modifier}={value}");
            let Some(shown) = shown_plan(&text) else {
                return;
            };
            let listed = |list: &str| list.split(' ').any(|one| one == search_type);
            if listed(answered) {
                assert!(!shown.contains("search parameter"), "{text}: {shown}");
            } else {
                let kind = if listed(unsupported) {
                    "NotSupported "
                } else {
                    "Unknown "
                };
                assert!(shown.starts_with(kind), "{text}: {shown}");
                assert!(shown.contains(&format!("':{modifier}'")), "{text}: {shown}");
            }
        }
    }
}

#[test]
fn only_what_has_parts_is_above_and_below() {
    let message = "nothing that it refers to is known as a part of another";
    refuse("Patient?link:below=Patient/1", "NotSupported", message);
    refuse(
        "Observation?part-of:above=Procedure/1",
        "NotSupported",
        message,
    );
    let message = "of a type whose resources are parts of others: Location";
    for value in [
        "Patient/1",
        "http://other/fhir/Location/1",
        "Location/1/_history/1",
        "a b",
    ] {
        let query = format!("Observation?subject:below={value}");
        refuse(&query, "Malformed", message);
    }
    check("Encounter?location:below=1", "nothing");
    check(
        "Encounter?part-of:above=http://here/fhir/Encounter/1",
        "nothing",
    );
}

#[test]
fn texts_of_codes_are_strings() {
    check("Condition?code:text=Head,ache", "? ache*,head*");
    refuse(
        "Condition?code:text=%CC%81",
        "Malformed",
        "nothing that could be compared",
    );
}

#[test]
fn only_identifiers_have_a_type() {
    let message = "is for identifiers";
    refuse("Patient?gender:of-type=s|c|v", "Unknown", message);
    refuse("Observation?code:of-type=s|c|v", "Unknown", message);
    check("Patient?identifier:of-type=s|c|v", "has 1");
}

#[test]
fn uris_have_others_above_and_below() {
    check("ValueSet?url:below=http://acme.org/fhir/", "has 1");
    check(
        "ValueSet?url:above=http://acme.org/fhir/ValueSet/123",
        "has 8",
    );
    check("ValueSet?url=http://a,http://b", "has 2");
    // The whole text, or the URL and its version.
    check("ValueSet?url=http://a|1.0", "(has 1 | (has 1 & has 1))");
    refuse(
        "ValueSet?url:below=urn:oid:1.2",
        "Malformed",
        "not such a URL",
    );
    refuse("ValueSet?url:above=secret", "Malformed", "not such a URL");
}

#[test]
fn numbers_have_precision_and_quantities_units() {
    let number = "RiskAssessment?probability=";
    let check_number = |value: &str, expected: &str| {
        let expected = format!("RiskAssessment.probability {expected}");
        check(&format!("{number}{value}"), &expected);
    };
    check_number("100", "eq 99.5<100<100.5");
    check_number("gt0.8", "gt 0.8<0.8<0.8");
    check_number("gt8e-1", "gt 0.8<0.8<0.8");
    check_number("ap100", "ap 90<100<110");
    check(
        "RiskAssessment?probability=1,2",
        "RiskAssessment.probability eq 0.5<1<1.5 | RiskAssessment.probability eq 1.5<2<2.5",
    );
    for value in ["x", "1|2", "ge", "--1", "1e"] {
        refuse(
            &format!("{number}{value}"),
            "Malformed",
            "a value is a number",
        );
    }
    let quantity = "Observation?value-quantity=";
    check(
        &format!("{quantity}5.4"),
        "Observation.value-quantity eq 5.35<5.4<5.45",
    );
    check(
        &format!("{quantity}5.4||mg"),
        "Observation.value-quantity eq 5.35<5.4<5.45 unit",
    );
    check(
        &format!("{quantity}le5.4|http://x|mg"),
        "Observation.value-quantity le 5.4<5.4<5.4 unit",
    );
    check(
        &format!("{quantity}5.4|http://unitsofmeasure.org|mg"),
        "? eq 0.00535<0.0054<0.00545",
    );
    check(
        &format!("{quantity}ap37|http://unitsofmeasure.org|Cel"),
        "? ap 306.45<310.15<313.85",
    );
    check(
        &format!("{quantity}7|http://unitsofmeasure.org|[pH]"),
        "Observation.value-quantity eq 6.5<7<7.5 unit",
    );
    for value in ["5.4|mg", "5.4|http://x|", "5|a|b|c", "|a|b", "x|a|b"] {
        refuse(
            &format!("{quantity}{value}"),
            "Malformed",
            "'number|system|code'",
        );
    }
}

#[test]
fn composites_ask_for_values_of_one_place() {
    check(
        "Observation?code-value-quantity=http://loinc.org|2823-3$gt5.4||mmol",
        "has 1 & ? gt 5.4<5.4<5.4 unit",
    );
    check(
        "Observation?component-code-value-quantity=http://loinc.org|8480-6$lt60",
        "? lt 60<60<60",
    );
    check("Group?characteristic-value=gender$mixed", "has 1");
    check("Group?characteristic-value=gender$mixed,owner$Eve", "has 2");
    check(
        "Questionnaire?context-type-value=focus$http://snomed.info/sct|408934002",
        "has 1",
    );
    refuse(
        "Group?characteristic-value=secret",
        "Malformed",
        "a value is made of characteristic and value, with '$'",
    );
    refuse(
        "Group?characteristic-value=a$b$secret",
        "Malformed",
        "with '$' between",
    );
    refuse(
        "Group?characteristic-value=$secret",
        "Malformed",
        "with '$' between",
    );
    refuse(
        "Observation?code-value-quantity=a$secret",
        "Malformed",
        "'number|system|code'",
    );
    check(r"Group?characteristic-value=a\$b$c", "has 1");
}

#[test]
fn places_lists_and_words_are_their_own() {
    check(
        "Location?near=-83.694810|42.256500|11.20|km",
        "Location.near near 1",
    );
    check("Location?near=1|2,3|4", "Location.near near 2");
    refuse(
        "Location?near=secret",
        "Malformed",
        "without a distance it is 50 km",
    );
    check("Patient?_list=42", "List.item <- List[id 42]");
    check("Patient?_list=List/42,43", "List.item <- List[id 42,43]");
    check("?_list=42", "List.item <- List[id 42]");
    refuse(
        "Patient?_list=$current-secret",
        "NotSupported",
        "by their function",
    );
    refuse("Patient?_list=sec_ret", "Malformed", "the id of a List");
    refuse("Patient?_list:not=42", "Unknown", "no modifier ':not'");
    check("Patient?_text=bone", "narrative Word(\"bone\")");
    check(
        "Patient?_content=b*,a",
        "(content Word(\"a\") | content Prefix(\"b\"))",
    );
    refuse("Patient?_text=(secret", "Malformed", "not closed");
    refuse("Patient?_text:exact=a", "Unknown", "it takes none");
    refuse(
        &format!("Patient?_content={}", "a+".repeat(60)),
        "TooCostly",
        "more than 50 words",
    );
    refuse("Patient?_query=secret", "NotSupported", "named queries");
}

#[test]
fn a_list_of_refusals_has_no_values_in_it() {
    for query in [
        "Patient?birthdate=secret",
        "Patient?gender=secret|a|b",
        "Patient?identifier:of-type=secret",
        "Patient?active:missing=secret",
        "Patient?name=secret\\x",
        "Patient?_count=secret",
        "Patient?_sort=name,secret-",
        "Patient?_summary=secret",
        "Patient?_total=secret",
        "Patient?_elements=secret,,",
        "Patient?_contained=secret",
        "Patient?_containedType=secret",
        "?_type=secret",
    ] {
        if let Some(shown) = shown_plan(query) {
            assert!(shown.contains("search parameter"), "{query}: {shown}");
            assert!(
                !shown.contains("secret") || query.contains("_sort"),
                "{query}: {shown}"
            );
        }
    }
}

#[test]
fn booleans_have_a_system_of_their_own() {
    let system = "http://terminology.hl7.org/CodeSystem/special-values";
    check("Patient?active=true", "has 1");
    check("Patient?active=|false", "has 1");
    // As it is written, and as it stands in elements, without a system.
    check(&format!("Patient?active={system}|true"), "has 2");
    check(&format!("Patient?deceased={system}|false"), "has 2");
    check(&format!("Patient?gender={system}|true"), "has 1");
    // A code that no boolean has is found nowhere.
    check("Patient?active=yes", "has 1");
    check("Patient?_filter=active eq TRUE", "has 2");
}

#[test]
fn a_number_beyond_what_is_searched_for_is_told_the_range() {
    for query in [
        "RiskAssessment?probability=1e400",
        "RiskAssessment?probability=gt1e100",
        "Observation?value-quantity=1e-400||mg",
    ] {
        refuse(query, "Malformed", "powers of ten from -99 to 99");
    }
    refuse(
        "RiskAssessment?probability=1e",
        "Malformed",
        "a number like 100",
    );
}
