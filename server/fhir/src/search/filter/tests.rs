//! Filters: what is read, and what is refused.

use super::*;

const DEPTH: usize = 4;

#[test]
fn filters_are_read_from_left_to_right() {
    let check = |text: &str, expected: &str| {
        let filter = Filter::parse(text, DEPTH).unwrap();
        assert_eq!(filter.to_string(), expected, "{text}");
    };
    check("name co \"pet\"", "name co \"pet\"");
    check(
        "given eq \"peter\" and birthdate ge 2014-10-10",
        "given eq \"peter\" and birthdate ge \"2014-10-10\"",
    );
    check(
        "code eq http://loinc.org|1234-5",
        "code eq \"http://loinc.org|1234-5\"",
    );
    check("subject.name co \"pet\"", "subject.name co \"pet\"");
    check(
        "related[type eq has-component].target pr true",
        "related[type eq \"has-component\"].target pr \"true\"",
    );
    check(
        "a eq 1 and b eq 2 or c eq 3",
        "a eq \"1\" and b eq \"2\" or c eq \"3\"",
    );
    check(
        "a eq 1 or (b eq 2 and c eq 3)",
        "a eq \"1\" or (b eq \"2\" and c eq \"3\")",
    );
    check(
        "(a eq 1 or b eq 2) and c eq 3",
        "a eq \"1\" or b eq \"2\" and c eq \"3\"",
    );
    check("not (a eq 1)", "not (a eq \"1\")");
    check("NOT(a EQ 1)AND b eq 2", "not (a eq \"1\") and b eq \"2\"");
    check("  ( ( a   eq\t1 ) ) ", "a eq \"1\"");
    check(r#"a eq "x\"y\\z\n\u00e9)""#, r#"a eq "x\"y\\z\né)""#);
    check(
        "android eq 1 and orange eq 2",
        "android eq \"1\" and orange eq \"2\"",
    );
    check(
        "a.b[c eq 1 or d eq 2].e re X/1",
        "a.b[c eq \"1\" or d eq \"2\"].e re \"X/1\"",
    );
}

#[test]
fn what_cannot_be_read_is_refused_by_its_place() {
    let check = |text: &str, expected: &str| {
        let message = match Filter::parse(text, DEPTH).unwrap_err() {
            FilterError::Malformed(message) | FilterError::TooCostly(message) => message,
        };
        assert!(message.contains(expected), "{text}: {message}");
        assert!(!message.contains("secret"), "{message}");
    };
    check("", "a parameter is expected after 0 letters");
    check("name", "an operator is expected (eq, ne, co, ");
    check("name eq", "a value is expected after 7 letters");
    check("name is secret", "an operator is expected");
    check("name eqx secret", "an operator is expected");
    check(
        "name eq \"secret",
        "a quotation mark is missing after 8 letters",
    );
    check(r#"name eq "secret\x""#, "not a JSON string");
    check(
        "name eq secret secret",
        "'and' or 'or' is expected after 15 letters",
    );
    check("name eq a)", "'and' or 'or' is expected");
    check("(name eq a", "')' is expected");
    check("a eq 1 and", "a parameter is expected");
    check("a eq 1 or or b eq 2", "an operator is expected");
    check("not eq 1", "'not' stands before '('");
    check("a..b eq 1", "a parameter is expected");
    check("a[b eq 1] eq 2", "a '.' and a parameter are expected");
    check("a[b eq 1.c eq 2", "'and', 'or' or ']' is expected");
    check("1a eq 1", "a parameter is expected");
    check("_has:A:b:c eq 1", "an operator is expected");
    check("(((((a eq 1)))))", "more than 4 parentheses or brackets");
    check(
        "a[b[c[d[e[f eq 1].x eq 1].x eq 1].x eq 1].x eq 1].x eq 1",
        "more than 4 parentheses",
    );
    check("a.b.c.d.e.f eq 1", "more than 4 steps of a path");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _answered = Filter::parse(&text, DEPTH);
    }

    #[test]
    fn what_is_shown_reads_as_the_same(
        text in "(\\(|not \\()?[a-c](\\[b eq 1\\]\\.d|\\.e)? (eq|co|pr|re) (\"[ -~]{0,5}\"|[!-~]{1,5})( (and|or) \\(?x ne y\\)?){0,3}\\)?"
    ) {
        if let Ok(filter) = Filter::parse(&text, 20) {
            proptest::prop_assert_eq!(Filter::parse(&filter.to_string(), 20), Ok(filter));
        }
    }
}

#[test]
fn what_no_filter_tests_is_refused_and_not_offered() {
    let refused = |text: &str| crate::search::planner::fixtures::shown_plan(text);
    let Some(unknown) = refused("Patient?_filter=foo eq x") else {
        return;
    };
    assert!(
        unknown.starts_with("Unknown") && unknown.contains("family"),
        "{unknown}"
    );
    let (_, offered) = unknown.split_once("there are: ").unwrap();
    for name in ["_has", "_filter", "_text", "_content", "_list"] {
        assert!(!offered.contains(name), "{unknown}");
        let refused = refused(&format!("Patient?_filter={name} eq x")).unwrap();
        let expected = format!("'{name}' has no values that a filter could test");
        assert!(
            refused.starts_with("NotSupported") && refused.contains(&expected),
            "{refused}"
        );
    }
}
