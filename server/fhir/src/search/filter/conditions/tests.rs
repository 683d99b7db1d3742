//! What each operator means to each search type.

use crate::search::planner::fixtures::shown_plan;

fn shown(query: &str) -> Option<String> {
    let (name, filter) = query.split_once('?').unwrap();
    let encoded: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    shown_plan(&format!("{name}?_filter={encoded}"))
}

fn check(query: &str, expected: &str) {
    if let Some(shown) = shown(query) {
        assert_eq!(shown, expected, "{query}");
    }
}

fn refuse(query: &str, kind: &str, part: &str) {
    if let Some(shown) = shown(query) {
        assert!(shown.starts_with(kind), "{query}: {shown}");
        assert!(
            shown.contains("search parameter '_filter': "),
            "{query}: {shown}"
        );
        assert!(shown.contains(part), "{query}: {shown}");
        assert!(!shown.contains("secret"), "{query}: {shown}");
    }
}

#[test]
fn operators_mean_what_the_specification_says() {
    check("Patient?name co \"pet\"", "Patient.name *pet*");
    check("Patient?name eq PÉTER", "Patient.name =peter");
    check("Patient?name ne peter", "Patient.name !=peter");
    check("Patient?name sw pe", "Patient.name pe*");
    check("Patient?name ew er", "Patient.name *er");
    check("Patient?name gt a", "Patient.name >a");
    check("Patient?name lt a", "Patient.name <a");
    check("Patient?name ge a", "Patient.name >=a");
    check("Patient?name le a", "Patient.name <=a");
    check(r#"Patient?name eq "a\\,b""#, r"Patient.name =a\,b");
    check("Patient?name pr true", "has 1");
    check("Patient?name pr false", "lacks 1");
    check(
        "Patient?given eq \"peter\" and birthdate ge 2014-10-10",
        "Patient.given =peter & Patient.birthdate ge:1",
    );
    check("Observation?code eq http://loinc.org|1234-5", "has 1");
    check("Observation?code eq loinc|1234-5", "has 1");
    check("Observation?status ne final", "has 1 & lacks 2");
    check("Observation?date po 2014", "Observation.date ap:1");
    check("Observation?date sa 2014", "Observation.date sa:1");
    check("Observation?_lastUpdated gt 2014", "updated 1");
    check("Observation?subject re Patient/1", "has 1");
    check("Observation?subject pr false", "lacks 1");
    check("ValueSet?url eq http://a", "has 1");
    check("Patient?_id eq a", "id a");
    check("Patient?_id ne a", "no id 1");
    check("Patient?_id pr false", "nothing");
    check("Patient?_id pr true", "");
    check(
        "RiskAssessment?probability gt 0.8",
        "RiskAssessment.probability gt 0.8<0.8<0.8",
    );
    check(
        "Observation?value-quantity eq 5.4",
        "Observation.value-quantity eq 5.35<5.4<5.45",
    );
}

#[test]
fn filters_are_combined() {
    check("Patient?not (name pr true)", "lacks 1");
    check("Patient?not (name co a)", "not Patient.name *a*");
    check("Patient?not (not (name co a))", "Patient.name *a*");
    check(
        "Patient?name co a or name co b and gender eq male",
        "has 2 & (Patient.name *a* | Patient.name *b*)",
    );
    check(
        "Patient?name co a or (name co b and gender eq male)",
        "(Patient.name *a* | (has 2 & Patient.name *b*))",
    );
    check("Patient?gender eq male or gender eq female", "has 4");
    check("Patient?_id pr true or name co a", "");
    check("Patient?not (_id pr true)", "nothing");
}

#[test]
fn paths_follow_references() {
    check(
        "Observation?subject.name co \"pet\"",
        "Observation.subject -> Location,Patient[Location.name,Patient.name *pet*]",
    );
    check(
        "Observation?patient[gender eq male].organization[active eq true].name eq x",
        "Observation.subject -> Patient[has 2 & Patient.organization -> \
         Organization[has 2 & Organization.name =x]]",
    );
    // What is in the brackets and what stands behind them must be known to one type.
    check(
        "Observation?subject[birthdate gt 2000].identifier eq 1",
        "Observation.subject -> Patient[has 1 & Patient.birthdate gt:1]",
    );
}

#[test]
fn what_means_nothing_is_refused_by_its_path() {
    refuse(
        "Patient?nam eq secret",
        "Unknown",
        "at 'nam': Patient has no such parameter; did you mean 'name'?",
    );
    refuse(
        "Patient?organization.nam eq secret",
        "Unknown",
        "at 'organization.nam': Organization has no",
    );
    refuse(
        "Patient?birthdate sw secret",
        "Unknown",
        "'sw' means nothing to date parameters; there are: eq, ne",
    );
    refuse(
        "Patient?birthdate eq secret",
        "Malformed",
        "at 'birthdate': a value is a date",
    );
    refuse(
        "Patient?gender co secret",
        "Unknown",
        "there are: eq, ne, pr",
    );
    refuse(
        "Patient?organization eq secret",
        "Unknown",
        "there are: re, pr",
    );
    refuse("Patient?name pr secret", "Malformed", "true or false");
    refuse("Patient?name ap secret", "Unknown", "to string parameters");
    refuse(
        "Observation?code ne secret",
        "NotSupported",
        "'not (... eq ...)'",
    );
    refuse("Observation?code ss secret", "Malformed", "'system|code'");
    refuse("ValueSet?url in secret", "Unknown", "to uri parameters");
    refuse("Observation?date co 2014", "NotSupported", "how precise");
    refuse("Observation?date in 2014", "Unknown", "to date parameters");
}

#[test]
fn what_a_filter_cannot_ask_is_refused_by_its_path() {
    refuse(
        "Observation?code-value-quantity eq secret",
        "Unknown",
        "there are: none",
    );
    refuse(
        "Observation?code-value-quantity pr true",
        "Unknown",
        "there are: none",
    );
    refuse("Location?near eq secret", "Unknown", "there are: pr");
    refuse(
        "Patient?_text co secret",
        "NotSupported",
        "'_text' has no values",
    );
    refuse(
        "Patient?_filter eq secret",
        "NotSupported",
        "'_filter' has no values",
    );
    refuse(
        "Group?characteristic[code eq a].value eq secret",
        "NotSupported",
        "behind references alone",
    );
    refuse("Patient?phonetic eq secret", "NotSupported", "by sound");
    refuse("Patient?name eq", "Malformed", "a value is expected");
    refuse(
        "Bundle?composition re secret",
        "NotSupported",
        "inside the Bundle",
    );
    let long = format!("Patient?name eq {}", "a".repeat(4000));
    refuse(&long, "TooCostly", "longer than 4000 bytes");
    let deep = format!("Patient?{}name eq a{}", "(".repeat(9), ")".repeat(9));
    refuse(&deep, "TooCostly", "more than 8 parentheses");
    if let Some(shown) = shown_plan("Patient?_filter:x=a") {
        assert!(shown.contains("no modifier ':x'"), "{shown}");
    }
}
