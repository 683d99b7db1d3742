//! What of FHIRPath is walked, and what is left to the evaluator.

use super::syntax::{first_name, operands};
use super::*;

#[test]
fn plain_paths_are_taken_apart() {
    let check = |text: &str, expected: &str| {
        let mut parts = Vec::new();
        let shown = parse(text, &mut parts).map_or_else(
            || "expression".to_owned(),
            |()| {
                let show = |part: &Part<'_>| match part {
                    Part::Name(name) => (*name).to_owned(),
                    Part::As(name) => format!("as {name}"),
                    Part::ResolvesTo(name) => format!("to {name}"),
                    Part::Where(name, text) => format!("where {name} {text}"),
                };
                parts.iter().map(show).collect::<Vec<_>>().join(" / ")
            },
        );
        assert_eq!(shown, expected, "{text}");
    };
    check("Patient.name.given", "Patient / name / given");
    check("alias", "alias");
    check(
        "(Observation.value as Quantity)",
        "Observation / value / as Quantity",
    );
    check("(A.value as B).text", "A / value / as B / text");
    check("A.b.as(Age)", "A / b / as Age");
    check("A.b.ofType(Age)", "A / b / as Age");
    check("A.b.where(resolve() is Patient)", "A / b / to Patient");
    check("A.b as C", "A / b / as C");
    check("A.b.where(c='d|)').e", "A / b / where c d|) / e");
    for text in [
        "A.b.where(c.d='phone')",
        "A.b.where(c='d' and e='f')",
        "A.b.where(c=true)",
        "A.b[0].c",
        "A.b.exists()",
        "A.b.extension('http://x')",
        "A.b as C.d",
        "A.b + 1",
        "(A.b",
        "(A.b)c",
        "A..b",
        "A.b.where(resolve() is Patient or true)",
        "1",
        "",
    ] {
        check(text, "expression");
    }
}

#[test]
fn unions_are_split_only_where_nothing_binds_less() {
    let check = |text: &str, expected: Option<&[&str]>| {
        assert_eq!(operands(text).as_deref(), expected, "{text}");
    };
    check("A.b", Some(&["A.b"]));
    check("A.b | (C.d as E) | f", Some(&["A.b", "(C.d as E)", "f"]));
    check(
        "A.b.where(c = 'x|y' and d) | E",
        Some(&["A.b.where(c = 'x|y' and d)", "E"]),
    );
    check("A.b.where(c = '(') | E", Some(&["A.b.where(c = '(')", "E"]));
    check("A.b.exists() and A.b != false", None);
    check("A | B and C", None);
    check("A | B = C", None);
    check("A) | B", None);
}

#[test]
fn the_first_name_says_which_type_an_operand_is_for() {
    let check = |text: &str, expected: &str| assert_eq!(first_name(text), expected, "{text}");
    check("Patient.name", "Patient");
    check("((Patient.name as X))", "Patient");
    check("name", "name");
    check("", "");
}
