//! Reading queries: names, values, encodings, and every refusal.

use super::*;

fn shown(text: &str) -> String {
    let query = match Query::parse(text, QueryLimits::default()) {
        Ok(query) => query,
        Err(fault) => return fault.to_string(),
    };
    let mut out = Vec::new();
    for parameter in &query.parameters {
        let mut name = String::new();
        for step in &parameter.steps {
            name += &match step {
                Step::Has {
                    resource_type,
                    reference,
                } => format!("has({resource_type},{reference}) "),
                Step::Chain {
                    code,
                    resource_type,
                } => format!("chain({code},{}) ", resource_type.as_deref().unwrap_or("*")),
            };
        }
        let modifier = parameter.modifier.as_deref().unwrap_or("-");
        let values = parameter.values.join(" OR ");
        out.push(format!("{name}{} [{modifier}] {values}", parameter.code));
    }
    for control in &query.controls {
        let modifier = control.modifier.as_deref().unwrap_or("-");
        out.push(format!("!{} [{modifier}] {}", control.name, control.value));
    }
    out.join("; ")
}

#[test]
fn names_and_values_are_taken_apart() {
    let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text}");
    check("", "");
    check("name=peter", "name [-] peter");
    check(
        "name:exact=Peter&&active=true",
        "name [exact] Peter; active [-] true",
    );
    check("code=a,b%2Cc", "code [-] a OR b OR c");
    check(r"code=a\,b,c", r"code [-] a\,b OR c");
    check(r"code=a\\,b", r"code [-] a\\ OR b");
    check("name=J%C3%BCrgen+M%20X", "name [-] Jürgen M X");
    check("name=%2B", "name [-] +");
    check(
        "subject:Patient.name=eve",
        "chain(subject,Patient) name [-] eve",
    );
    check(
        "subject.organization.name:exact=x",
        "chain(subject,*) chain(organization,*) name [exact] x",
    );
    check(
        "_has:Observation:patient:_has:AuditEvent:entity:agent:missing=true",
        "has(Observation,patient) has(AuditEvent,entity) agent [missing] true",
    );
    check(
        "_has:Observation:patient:code.text:x=1",
        "has(Observation,patient) chain(code,*) text [x] 1",
    );
    check(
        "subject:Patient._has:Group:member:_id:not=1",
        "chain(subject,Patient) has(Group,member) _id [not] 1",
    );
    check("_filter=a eq \"x,y\"", "_filter [-] a eq \"x,y\"");
    check(
        "_id=1&_count=5&_sort=-date",
        "_id [-] 1; !_count [-] 5; !_sort [-] -date",
    );
    check("_include:iterate=A:b", "!_include [iterate] A:b");
    check("date=ge2020=1", "date [-] ge2020=1");
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let check = |text: &str, expected: &str| {
        assert_eq!(
            shown(text),
            format!("search parameter {expected}"),
            "{text}"
        );
    };
    check("name=", "'name': there is no value");
    check("name", "'name': there is no value");
    let limits = QueryLimits {
        empty_allowed: true,
        ..QueryLimits::default()
    };
    let query = Query::parse("name=&_count=&family=a&x:exact", limits).unwrap();
    assert_eq!((query.parameters.len(), query.controls.len()), (1, 0));
    check("name=a,,b", "'name': a value between commas is empty");
    check(
        "name=%zz",
        "'name': '%' is not followed by two hexadecimal digits",
    );
    check(
        "na%4=x",
        "'na%4': '%' is not followed by two hexadecimal digits",
    );
    check(
        "name=%C3%28",
        "'name': the percent-encoded bytes are not UTF-8",
    );
    check("name=%00", "'name': a NUL character is not allowed");
    for name in [
        "a:b:c",
        "a..b",
        ".a",
        "a.",
        ":x",
        "a:",
        "_has:A::b",
        "_has:A:b:",
    ] {
        check(&format!("{name}=1"), &format!("'{name}': {EMPTY}"));
    }
    check("=1", &format!("'': {EMPTY}"));
    check(
        "_has:A:b=1",
        "'_has:A:b': '_has' is written '_has:Type:reference:parameter'",
    );
    check(
        "a.b.c.d.e.f.g.h.i.j=1",
        "'a.b.c.d.e.f.g.h.i.j': more than 8 chain steps, the limit of how far a search may follow references",
    );
    check(
        &format!("a={}b", "b,".repeat(500)),
        "'a': more than 500 values, the limit of alternatives of one parameter",
    );
    check(
        &"a=1&".repeat(101),
        "'a': more than 100 parameters, the limit of one search",
    );
}

#[test]
fn a_form_adds_to_the_url() {
    let mut query = Query::parse("a=1", QueryLimits::default()).unwrap();
    query.add("b=2&_count=3", QueryLimits::default()).unwrap();
    assert_eq!((query.parameters.len(), query.controls.len()), (2, 1));
    assert_eq!(query.parameters[1].value(), "2");
}

#[test]
fn escapes_are_those_of_the_specification() {
    let check = |raw: &str, expected: Result<&str, ()>| {
        let actual = unescape(raw);
        assert_eq!(actual.as_deref().map_err(|_| ()), expected, "{raw}");
    };
    check(r"a\,b\|c\$d\\e", Ok(r"a,b|c$d\e"));
    check("plain", Ok("plain"));
    check(r"a\b", Err(()));
    check(r"a\", Err(()));
    let parts: Vec<_> = split_unescaped(r"a\|b|c||\\|d", '|').collect();
    assert_eq!(parts, [r"a\|b", "c", "", r"\\", "d"]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _answered = Query::parse(&text, QueryLimits::default());
    }

    #[test]
    fn an_encoded_value_comes_back(value in "[^\\\\,\u{0}]+") {
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let query = Query::parse(&format!("name={encoded}"), QueryLimits::default()).unwrap();
        proptest::prop_assert_eq!(&*query.parameters[0].values[0], value.as_str());
    }
}

#[test]
fn what_has_no_value_must_have_a_name_that_is_known() {
    use crate::search::error::SearchErrorKind;
    use crate::search::planner::Handling;
    use crate::search::planner::fixtures::{planner, resource_types};
    let limits = QueryLimits {
        empty_allowed: true,
        ..QueryLimits::default()
    };
    let (Some(strict), Some(lenient)) = (planner(Handling::Strict), planner(Handling::Lenient))
    else {
        return;
    };
    let types = resource_types("Patient");
    let passed = "name=&birthdate=&gender:not=&gender:in=&_sort=&_elements=&_filter=&_text=&_list=&link.name=\
                  &_has:Observation:patient:code=&active:missing=&identifier:of-type=&=&_cursor=&_format=&_include=";
    let query = Query::parse(passed, limits).unwrap();
    let plan = strict.plan(&types, &query).unwrap();
    assert!(plan.clauses.is_empty() && plan.understood.is_empty() && plan.warnings.is_empty());
    for text in [
        "foo=",
        "foo",
        "gender:foo=",
        "link.foo=",
        "_has:Observation:patient:foo=",
    ] {
        let query = Query::parse(text, limits).unwrap();
        let fault = strict.plan(&types, &query).unwrap_err();
        assert_eq!(fault.kind, SearchErrorKind::Unknown, "{text}");
    }
    let query = Query::parse("foo=&name=a", limits).unwrap();
    let plan = lenient.plan(&types, &query).unwrap();
    assert_eq!((plan.clauses.len(), plan.warnings.len()), (1, 1));
}
