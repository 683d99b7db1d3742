//! Whatever the text, there is a result or an error, never a panic.

use proptest::prelude::*;

use crate::fixtures;
use crate::json::Document;
use crate::path::functions::FAMILIES;
use crate::path::{DateTime, Environment, Expression, Item, Node, evaluate};

const WORDS: &[&str] = &[
    "name",
    "given",
    "Patient",
    "extension",
    "birthDate",
    "$this",
    "$index",
    "$total",
    "%resource",
    "1",
    "0",
    "2147483647",
    "1.50",
    "28.0000000000000000000000001",
    "'a'",
    "'%$1'",
    "''",
    "{}",
    "true",
    "@2020",
    "@9999-12-31",
    "@2020-01-01T10:00:00.5Z",
    "@T23:59",
    "1 'mg'",
    "99999999 years",
    "3 weeks",
    "(",
    ")",
    "[",
    "]",
    ".",
    ",",
    "+",
    "-",
    "*",
    "/",
    "div",
    "mod",
    "&",
    "|",
    "=",
    "~",
    "!=",
    "<",
    ">=",
    "and",
    "or",
    "xor",
    "implies",
    "in",
    "contains",
    "is",
    "as",
    "Quantity",
    "System.String",
    "code",
];

fn word() -> impl Strategy<Value = String> {
    let functions: Vec<&str> = FAMILIES
        .iter()
        .copied()
        .flatten()
        .map(|function| function.name)
        .collect();
    prop_oneof![
        3 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => proptest::sample::select(functions.clone()).prop_map(|name| format!(".{name}()")),
        1 => (proptest::sample::select(functions), proptest::sample::select(WORDS))
            .prop_map(|(name, word)| format!(".{name}({word})")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_text_parses_or_is_refused(text in "[ -~é\\n]{0,40}") {
        if let Ok(expression) = Expression::parse(&text) {
            prop_assert_eq!(expression.text(), text);
        }
    }

    #[test]
    fn any_words_evaluate_or_are_refused(words in proptest::collection::vec(word(), 1..12)) {
        let text = words.join(" ");
        let (Ok(expression), Some(structures)) = (Expression::parse(&text), fixtures::structures()) else {
            return Ok(());
        };
        let document = Document::parse(
            r#"{"resourceType":"Patient","birthDate":"1990-05","name":[{"given":["A","B"]}],"multipleBirthInteger":3}"#,
        ).unwrap();
        let node = Node::resource(document.root(), structures).unwrap();
        let mut environment = Environment::new(structures);
        environment.limits.steps = 20_000;
        environment.now = DateTime::parse("2026-11-21T12:00:00Z");
        let checked = expression.check(structures, node.type_id);
        let found = evaluate(&expression, Item::Node(node), &environment);
        if let (Ok(()), Ok(items)) = (checked, found) {
            prop_assert!(items.len() <= environment.limits.items as usize);
        }
    }
}
