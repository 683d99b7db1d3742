//! Orders by each search type, and what has none.

use crate::search::error::SearchErrorKind;
use crate::search::plan::{Sort, SortKey};
use crate::search::planner::Handling;
use crate::search::planner::fixtures::{planned, seeds};

fn shown(sort: &Sort) -> String {
    let key = match &sort.key {
        SortKey::Id => "id".to_owned(),
        SortKey::LastUpdated => "updated".to_owned(),
        SortKey::Score => "score".to_owned(),
        SortKey::String(by) => format!("string {}", seeds(by)),
        SortKey::Date(by) => format!("date {}", seeds(by)),
        SortKey::Number(by) => format!("number {}", seeds(by)),
        SortKey::Text(paths) => format!("text {}", paths.join(" ")),
    };
    format!("{}{key}", if sort.descending { "-" } else { "" })
}

fn check(types: &str, value: &str, expected: &str) {
    if let Some(plan) = planned(types, &format!("_sort={value}"), Handling::Strict) {
        let shown: Vec<String> = plan.unwrap().sort.iter().map(shown).collect();
        assert_eq!(shown.join(", "), expected, "{types}?{value}");
    }
}

fn refuse(types: &str, value: &str, kind: SearchErrorKind, part: &str) {
    if let Some(plan) = planned(types, &format!("_sort={value}"), Handling::Strict) {
        let error = plan.map(|plan| plan.sort.len()).unwrap_err();
        assert_eq!(error.kind, kind, "{value}: {error}");
        assert!(error.message.contains(part), "{value}: {error}");
        assert_eq!(&*error.parameter, "_sort", "{value}");
    }
}

#[test]
fn results_are_ordered_by_any_parameter() {
    check("Patient", "_id,-_lastUpdated,_score", "id, -updated, score");
    check("Patient", "birthdate", "date Patient.birthdate");
    check(
        "Patient",
        "-family,given",
        "-string Patient.family, string Patient.given",
    );
    check("Patient", "gender", "text $.gender");
    check("Patient", "identifier", "text $.identifier[*].value");
    check(
        "Patient",
        "organization",
        "text $.managingOrganization.reference",
    );
    check("ValueSet", "url", "text $.url");
    check(
        "Observation",
        "value-quantity",
        "number Observation.value-quantity",
    );
    check(
        "RiskAssessment",
        "-probability",
        "-number RiskAssessment.probability",
    );
    check("Patient,Person", "name", "string Patient.name,Person.name");
    check("Patient,Person", "gender", "text $.gender");
    check("", "_tag", "text $.meta.tag[*].code");
    // Whichever stands first.
    check("Observation", "code", "text $.code.coding[*].code");
}

#[test]
fn parameters_of_one_element_may_both_be_named() {
    let query = "_sort=patient,-date,-subject";
    if let Some(plan) = planned("Observation", query, Handling::Strict) {
        assert_eq!(plan.unwrap().sort.len(), 3);
    }
}

#[test]
fn what_has_no_order_is_refused() {
    use SearchErrorKind::{Malformed, NotSupported, TooCostly, Unknown};
    refuse(
        "Patient",
        "foo",
        Unknown,
        "to sort by; there are: _id, _lastUpdated, _profile",
    );
    refuse("Patient", "birthDate", Unknown, "did you mean 'birthdate'?");
    refuse("", "name", Unknown, "there are: _id");
    refuse("Patient", "", Malformed, "no value");
    refuse("Patient", "name,,gender", Malformed, "is empty");
    refuse("Patient", "-", Malformed, "is empty");
    refuse("Patient", "name,-name", Malformed, "twice");
    refuse(
        "Observation",
        "code-value-quantity",
        NotSupported,
        "'code-value-quantity'",
    );
    refuse("Location", "near", NotSupported, "have no order");
    refuse("Patient", "_text", NotSupported, "not supported");
    refuse(
        "Group,NamingSystem",
        "value",
        NotSupported,
        "differs between the types",
    );
    refuse("Patient", "deceased", NotSupported, "computed");
    refuse(
        "Patient,Organization",
        "active,_id,_lastUpdated,_tag,_profile,_security,_source,_score,identifier",
        TooCostly,
        "more than 8 keys",
    );
}

#[test]
fn types_may_be_named_behind_the_order() {
    if let Some(plan) = planned(
        "",
        "_sort=birthdate&_type=Patient&_count=1",
        Handling::Strict,
    ) {
        let plan = plan.unwrap();
        assert_eq!(plan.sort.len(), 1);
        let names: Vec<&str> = plan.understood.iter().map(|one| &*one.0).collect();
        assert_eq!(names, ["_sort", "_type", "_count"]);
    }
}

#[test]
fn a_lenient_search_leaves_out_the_keys_it_does_not_know() {
    let Some(plan) = planned(
        "Patient",
        "_sort=-foo,family,address-x&_sort=-_id",
        Handling::Lenient,
    ) else {
        return;
    };
    let plan = plan.unwrap();
    assert_eq!(plan.sort.len(), 2);
    assert!(plan.sort[1].descending && plan.sort[1].key == SortKey::Id);
    let understood = ["family", "-_id"].map(|value| ("_sort".to_owned(), value.to_owned()));
    assert_eq!(plan.understood, understood);
    assert_eq!(plan.warnings.len(), 2);
    for (warning, name) in plan.warnings.iter().zip(["'foo'", "'address-x'"]) {
        let text = &warning.diagnostics;
        assert!(
            text.contains(name) && text.ends_with("was left out"),
            "{text}"
        );
    }
    // What cannot be read is refused all the same, and so is an order of which nothing is known.
    let wrong = planned("Patient", "_sort=foo,,family", Handling::Lenient).unwrap();
    assert_eq!(wrong.unwrap_err().kind, SearchErrorKind::Malformed);
    let none = planned("Patient", "_sort=foo", Handling::Lenient)
        .unwrap()
        .unwrap();
    assert!(none.sort.is_empty() && none.understood.is_empty() && none.warnings.len() == 1);
}
