//! Plans of R4's own parameters: each kind of value, each modifier, each refusal.

use super::fixtures::{planned, resource_type};
use super::*;
use crate::ids::ResourceId;
use crate::outcome::IssueType;
use crate::search::error::SearchErrorKind;
use crate::search::hash;
use crate::search::index_plan::fixtures::index_plan;
use crate::search::period_test::{PeriodTest, Prefix};
use crate::search::plan::{Sort, SortKey, StringTest, Summary, Total};

fn seed(parameter: &str) -> i64 {
    let (name, code) = parameter.split_once('.').unwrap();
    let Some(index) = index_plan() else {
        return 0;
    };
    match index.seeds(resource_type(name), code) {
        [one] => one.seed,
        several => panic!("{parameter} has {} seeds", several.len()),
    }
}

fn target(key: &str) -> i64 {
    hash::key_hash(&key.parse().unwrap())
}

fn any(mut elements: Vec<i64>) -> Clause {
    elements.sort_unstable();
    Clause::AnyToken(elements)
}

fn expect(types: &str, text: &str, expected: &[Clause]) {
    if let Some(plan) = planned(types, text, Handling::Strict) {
        assert_eq!(plan.unwrap().clauses, expected, "{types}?{text}");
    }
}

#[test]
fn tokens_are_system_and_code_in_four_forms() {
    let code = seed("Observation.code");
    let check = |text: &str, expected: &[Clause]| expect("Observation", text, expected);
    check("code=1-8", &[any(vec![hash::code(code, "1-8")])]);
    check("code=s|1-8", &[any(vec![hash::token(code, "s", "1-8")])]);
    check(
        "code=|1-8",
        &[any(vec![hash::code_without_system(code, "1-8")])],
    );
    check("code=s|", &[any(vec![hash::system(code, "s")])]);
    check(
        "code=a,s%7Cb&code=c",
        &[
            any(vec![hash::code(code, "a"), hash::token(code, "s", "b")]),
            any(vec![hash::code(code, "c")]),
        ],
    );
    check(r"code=a\|b", &[any(vec![hash::code(code, "a|b")])]);
    check(
        "code:not=a",
        &[Clause::NoToken(vec![hash::code(code, "a")])],
    );
    check(
        "code:missing=true",
        &[Clause::NoToken(vec![hash::present(code)])],
    );
    check("code:missing=false", &[any(vec![hash::present(code)])]);
    check(
        "value-concept:missing=false",
        &[any(vec![hash::present(seed("Observation.value-concept"))])],
    );
    check(
        "identifier:of-type=s|c|v",
        &[any(vec![hash::of_type(
            seed("Observation.identifier"),
            "s",
            "c",
            "v",
        )])],
    );
    check(
        "_tag=s|c",
        &[any(vec![hash::token(seed("Observation._tag"), "s", "c")])],
    );
    check(
        "_profile=http://p",
        &[any(vec![hash::url(
            seed("Observation._profile"),
            "http://p",
        )])],
    );
}

#[test]
fn a_search_of_several_types_has_an_element_for_each() {
    let both = |code: &str| {
        vec![
            seed(&format!("Patient.{code}")),
            seed(&format!("Person.{code}")),
        ]
    };
    let codes = |seeds: Vec<i64>| seeds.into_iter().map(|one| hash::code(one, "a")).collect();
    expect("Patient,Person", "_tag=a", &[any(codes(both("_tag")))]);
    expect(
        "",
        "_type=Patient,Person&_tag=a",
        &[any(codes(both("_tag")))],
    );
    let mut parameters = both("name");
    parameters.sort_unstable();
    let tests = vec![StringTest::StartsWith("eve".into())];
    expect(
        "Patient,Person",
        "name=Eve",
        &[Clause::String { parameters, tests }],
    );
    if let Some(plan) = planned("", "_tag=a", Handling::Strict) {
        let all = ResourceType::all().count();
        assert!(
            matches!(&plan.unwrap().clauses[..], [Clause::AnyToken(list)] if list.len() == all)
        );
    }
}

#[test]
fn references_are_keys_urls_or_ids_of_any_target() {
    let seed_of = |code| seed(&format!("Observation.{code}"));
    let subject = seed_of("subject");
    let check = |text: &str, expected: &[Clause]| expect("Observation", text, expected);
    let literal = [any(vec![hash::reference(subject, target("Patient/1"))])];
    check("subject=Patient/1", &literal);
    check("subject=http://here/fhir/Patient/1", &literal);
    check("subject:Patient=1", &literal);
    check("subject:Patient=Patient/1", &literal);
    check("subject:Device=Patient/1", &[Clause::Nothing]);
    check(
        "patient=1",
        &[any(vec![hash::reference(
            seed_of("patient"),
            target("Patient/1"),
        )])],
    );
    let of_any = ["Group/1", "Device/1", "Patient/1", "Location/1"];
    let of_any = of_any.map(|key| hash::reference(subject, target(key)));
    check("subject=1", &[any(of_any.to_vec())]);
    check(
        "subject=http://there/Patient/1",
        &[any(vec![hash::url(subject, "http://there/Patient/1")])],
    );
    check(
        "subject:Patient=http://there/Patient/1",
        &[any(vec![hash::url(subject, "http://there/Patient/1")])],
    );
    check("subject:Group=http://there/Patient/1", &[Clause::Nothing]);
    check(
        "subject=urn:uuid:1",
        &[any(vec![hash::url(subject, "urn:uuid:1")])],
    );
    check("subject=%23a", &[Clause::Nothing]);
    check(
        "subject=Patient/1/_history/2",
        &[any(vec![hash::versioned_reference(
            subject,
            target("Patient/1"),
            "2",
        )])],
    );
    let identifier = hash::identifier_seed(seed("Observation.subject"));
    check(
        "subject:identifier=s|1",
        &[any(vec![hash::token(identifier, "s", "1")])],
    );
}

#[test]
fn strings_are_folded_and_exact_ones_are_tokens() {
    let name = seed("Patient.name");
    let check = |text: &str, tests: &[StringTest]| {
        let (parameters, tests) = (vec![name], tests.to_vec());
        expect("Patient", text, &[Clause::String { parameters, tests }]);
    };
    check(
        "name=J%C3%BCrgen",
        &[StringTest::StartsWith("jurgen".into())],
    );
    check("name:contains=ETE", &[StringTest::Contains("ete".into())]);
    let both = ["a", "b"].map(|text| StringTest::StartsWith(text.into()));
    check("name=B,a", &both);
    expect(
        "Patient",
        "name:exact=Eve",
        &[any(vec![hash::exact(name, "Eve")])],
    );
    expect(
        "ValueSet",
        "url=http://a",
        &[any(vec![hash::url(seed("ValueSet.url"), "http://a")])],
    );
}

#[test]
fn dates_are_ranges() {
    let check = |text: &str, prefix, lower: &str, upper: &str| {
        let test = PeriodTest {
            prefix,
            lower: lower.parse().unwrap(),
            upper: upper.parse().unwrap(),
        };
        let parameters = vec![seed("Observation.date")];
        let tests = vec![test];
        let date = format!("date={text}");
        expect(
            "Observation",
            &date,
            &[Clause::Date {
                parameters,
                tests,
                single: true,
            }],
        );
        let updated = format!("_lastUpdated={text}");
        expect("Observation", &updated, &[Clause::LastUpdated(vec![test])]);
    };
    check(
        "2020",
        Prefix::Eq,
        "2020-01-01T00:00:00Z",
        "2021-01-01T00:00:00Z",
    );
    check(
        "ge2020-02",
        Prefix::Ge,
        "2020-02-01T00:00:00Z",
        "2020-03-01T00:00:00Z",
    );
    check(
        "sa2020-02-03T10:30%2B01:00",
        Prefix::Sa,
        "2020-02-03T09:30:00Z",
        "2020-02-03T09:31:00Z",
    );
    // Ten days before now: widened by a day at both ends.
    check(
        "ap2023-12-31",
        Prefix::Ap,
        "2023-12-30T00:00:00Z",
        "2024-01-02T00:00:00Z",
    );
}

#[test]
fn ids_are_ids_or_nothing() {
    let id = |text: &str| text.parse::<ResourceId>().unwrap();
    let check = |text: &str, expected: &[Clause]| expect("Patient", text, expected);
    check("_id=b,a,a", &[Clause::Ids(vec![id("a"), id("b")])]);
    check("_id=a,no_id", &[Clause::Ids(vec![id("a")])]);
    check("_id=no_id", &[Clause::Nothing]);
    check("_id=|a", &[Clause::Ids(vec![id("a")])]);
    check("_id=s|a", &[Clause::Nothing]);
    check("_id:not=a", &[Clause::NotIds(vec![id("a")])]);
    check("_id:not=no_id", &[]);
    check("_id:missing=true", &[Clause::Nothing]);
    check("_lastUpdated:missing=false", &[]);
}

#[test]
fn controls_shape_the_answer() {
    let text = "_count=0&_sort=-_lastUpdated,_id&_total=accurate&_summary=data\
                &_elements=id,name&_format=json&_contained=false&name=a,b";
    let Some(plan) = planned("Patient", text, Handling::Strict) else {
        return;
    };
    let plan = plan.unwrap();
    let sort = |key, descending| Sort { key, descending };
    assert_eq!(
        plan.sort,
        [sort(SortKey::LastUpdated, true), sort(SortKey::Id, false)]
    );
    assert_eq!((plan.count, plan.total), (Some(0), Total::Accurate));
    assert_eq!(plan.summary, Summary::Data);
    assert_eq!(plan.elements.join(" "), "id name");
    let understood: Vec<String> = plan
        .understood
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(understood.join("&"), text.replace("&_format=json", ""));
}

/// The parameter of the text is refused, with a sentence that has the part in it.
fn refuse(types: &str, text: &str, kind: SearchErrorKind, part: &str) {
    let Some(plan) = planned(types, text, Handling::Strict) else {
        return;
    };
    let fault = plan.map(|plan| plan.clauses.len()).unwrap_err();
    assert_eq!(fault.kind, kind, "{text}: {fault}");
    assert!(fault.message.contains(part), "{text}: {fault}");
    let name = text.split('=').next().unwrap();
    assert_eq!(&*fault.parameter, name, "{text}");
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    use SearchErrorKind::Unknown;
    let patient = |text: &str, kind, part: &str| refuse("Patient", text, kind, part);
    patient(
        "foo=1",
        Unknown,
        "Patient has no such parameter; there are: _content, _filter, _has, _id, _lastUpdated, _list, _profile",
    );
    refuse(
        "",
        "name=a",
        Unknown,
        "a search of all types has no such parameter; there are: ",
    );
    refuse(
        "Patient,Group",
        "name=a",
        Unknown,
        "Group, one of the types searched",
    );
    patient("_type=Patient", Unknown, "only a search of all types");
    patient("name:foo=a", Unknown, "there is no modifier ':foo'");
    patient(
        "name:not=a",
        Unknown,
        "string parameters have: missing, exact, contains",
    );
    patient(
        "gender:exact=a",
        Unknown,
        "token parameters have: missing, not, of-type, text, in, not-in, above, below",
    );
    patient(
        "general-practitioner:Group=1",
        Unknown,
        "but to: Organization, Practitioner",
    );
    patient("_count:exact=1", Unknown, "takes no modifier");
    patient("_sort=foo", Unknown, "there are: _id, _lastUpdated");
    patient("birthDate=2000", Unknown, "did you mean 'birthdate'?");
}

#[test]
fn what_is_not_answered_is_refused_by_name() {
    for (types, text, part) in [
        ("Patient", "link:above=a", "known as a part of another"),
        ("Patient", "link:below=a", "known as a part of another"),
        ("Patient", "phonetic=a", "by sound is not supported"),
        ("Patient", "_score=true", "_sort=_score"),
        ("Patient", "_query=a", "named queries"),
        (
            "Patient",
            "_list=$current-problems",
            "lists by their function",
        ),
        ("Bundle", "composition=Composition/1", "inside the Bundle"),
        ("Bundle", "composition.title=a", "inside the Bundle"),
        ("Bundle", "message.code=a", "inside the Bundle"),
        ("Observation", "_sort=code-value-quantity", "not supported"),
        ("Location", "_sort=near", "have no order"),
    ] {
        refuse(types, text, SearchErrorKind::NotSupported, part);
    }
}

#[test]
fn values_that_are_none_are_refused_by_name() {
    use SearchErrorKind::{Malformed, TooCostly};
    let patient = |text: &str, kind, part: &str| refuse("Patient", text, kind, part);
    patient("active:missing=maybe", Malformed, "true or false");
    patient("active:missing=true,false", Malformed, "true or false");
    patient("gender=|", Malformed, "'system|code'");
    patient("gender=a|b|c", Malformed, "'system|code'");
    patient("identifier:of-type=a|b", Malformed, "'system|code|value'");
    patient("birthdate=yesterday", Malformed, "2024-02-28");
    patient("birthdate=2024-02-30", Malformed, "2024-02-28");
    patient("birthdate=2024-02-03T10", Malformed, "2024-02-28");
    patient("_lastUpdated=2024-02-03T10:00:00+01:00", Malformed, "%2B");
    patient("name=%CC%81", Malformed, "nothing that could be compared");
    patient(r"name=a\b", Malformed, "backslash");
    for text in ["_count=-1", "_count=+1", "_total=all", "_summary=yes"] {
        patient(text, Malformed, "the value is");
    }
    refuse(
        "Group,NamingSystem",
        "value=a",
        Malformed,
        "search type differs",
    );
    patient("_elements=a,,b", Malformed, "the value is");
    patient("_sort=_id,", Malformed, "empty");
    patient("_sort=_id,-_id", Malformed, "twice");
    patient("_count=1&_count=2", Malformed, "only once");
    refuse("", "_type=Nobody", Malformed, "the value is");
    patient(
        "_count=1001",
        TooCostly,
        "at most 1000 resources, the limit",
    );
    patient("_count=99999999999", TooCostly, "at most 1000 resources");
    let many: Vec<String> = (0..99).map(|number| number.to_string()).collect();
    refuse(
        "",
        &format!("_tag={}", many.join(",")),
        TooCostly,
        "more than 10000",
    );
}

#[test]
fn a_lenient_search_leaves_out_what_it_does_not_know_and_says_so() {
    let text = "foo=1&phonetic=x&_include=Patient:y&name=eve&_sort=address-x&_score=true";
    let Some(plan) = planned("Patient", text, Handling::Lenient) else {
        return;
    };
    let plan = plan.unwrap();
    assert_eq!(plan.clauses.len(), 1);
    assert_eq!(plan.understood, [("name".to_owned(), "eve".to_owned())]);
    let codes: Vec<IssueType> = plan.warnings.iter().map(|issue| issue.code).collect();
    let unsupported = IssueType::NotSupported;
    assert_eq!(
        codes,
        [
            IssueType::Invalid,
            IssueType::Invalid,
            unsupported,
            IssueType::Invalid,
            unsupported
        ]
    );
    assert!(
        plan.warnings
            .iter()
            .all(|issue| issue.diagnostics.ends_with("was left out"))
    );
    // Nothing of these may be left out.
    for text in [
        "_query=x",
        "name:foo=x",
        "birthdate:in=x",
        "name=a&gender:of-type=a|b|c",
    ] {
        let refused = planned("Patient", text, Handling::Lenient).unwrap();
        assert!(refused.unwrap_err().is_essential, "{text}");
    }
    // A value that is wrong is wrong for both.
    let wrong = planned("Patient", "birthdate=x", Handling::Lenient).unwrap();
    assert_eq!(wrong.unwrap_err().kind, SearchErrorKind::Malformed);
}

#[test]
fn equal_criteria_are_one_key_however_they_are_written() {
    let key = |text: &str| {
        planned("Patient", text, Handling::Strict).map(|plan| plan.unwrap().criteria_key())
    };
    assert_eq!(
        key("name=Eve&gender=a,b"),
        key("gender=b,%61&name=%45VE&name=eve")
    );
    assert_ne!(key("gender=a,b"), key("gender=a&gender=b"));
    let organization = key("organization=Organization/1");
    assert_eq!(
        key("organization=http://here/fhir/Organization/1"),
        organization
    );
    assert_eq!(
        key("_filter=name co a and (gender eq b or gender eq c)"),
        key("_filter=(gender eq c or gender eq b) and name co A")
    );
    assert_eq!(
        key("general-practitioner:Practitioner.name=a"),
        key("general-practitioner:Practitioner.name=A")
    );
    assert_ne!(
        key("general-practitioner:Practitioner.name=a"),
        key("general-practitioner:PractitionerRole.practitioner.name=a")
    );
    assert_eq!(key("_text=a b"), key("_text=B and a"));
    let has = |text: &str| key(&format!("_has:RiskAssessment:subject:probability={text}"));
    assert_eq!(has("gt0.50"), has("gt5e-1"));
    assert_ne!(has("gt0.5"), has("lt0.5"));
    let count = key("gender=a&_count=5");
    assert_eq!(count, key("gender=a"));
}

proptest::proptest! {
    #[test]
    fn any_query_is_planned_or_refused(text in "(code|date|subject|_id|value-string|_sort|_count|_tag)(:[a-z]{1,9})?=[ -~]{1,20}") {
        let _answered = planned("Observation", &text, Handling::Lenient);
    }
}
