//! Every function and operator, by examples: an expression and what it gives.

use std::collections::HashMap;

use crate::fixtures;
use crate::json::Document;
use crate::path::functions::FAMILIES;
use crate::path::signatures::signature;
use crate::path::{
    DateTime, Environment, EvaluationError, Expression, Hooks, Item, Node, canonical_quantity,
    evaluate,
};

const PATIENT: &str = r##"{"resourceType":"Patient","id":"p","meta":{"versionId":"1"},
    "contained":[{"resourceType":"Practitioner","id":"d","active":true}],
    "extension":[{"url":"http://x/a","valueCode":"c"},{"url":"http://x/b","valueInteger":3}],
    "active":true,
    "name":[{"use":"official","family":"Ö","given":["Ann","Bea"],"_given":[null,{"id":"g"}]},
            {"use":"usual","given":[null,"Cy"],"_given":[{"extension":[{"url":"http://x/n","valueBoolean":true}]},null]}],
    "gender":"female","birthDate":"1990-05",
    "_birthDate":{"extension":[{"url":"http://x/t","valueDateTime":"1990-05-01T10:00:00Z"}]},
    "_deceasedBoolean":{"id":"only-id"},
    "multipleBirthInteger":2,
    "generalPractitioner":[{"reference":"#d"},{"reference":"Organization/o"},{"reference":"urn:uuid:1"},
        {"type":"Practitioner","identifier":{"value":"7"}},{"display":"nobody"},{"reference":"#gone"},
        {"reference":"http://h/fhir/Practitioner/9/_history/2"}],
    "contact":[{"name":{"family":"K"},"period":{"start":"2020","end":"2021-01-01T00:00:00Z"}}]}"##;

fn shown(items: &[Item<'_>], environment: &Environment<'_>) -> String {
    let one = |item: &Item<'_>| match item.system(environment.structures) {
        Some(Item::String(text)) => format!("'{text}'"),
        Some(Item::Boolean(value)) => value.to_string(),
        Some(Item::Integer(value)) => value.to_string(),
        Some(Item::Decimal(value)) => format!("{value}d"),
        Some(Item::Date(value)) => format!("@{value}"),
        Some(Item::DateTime(value)) if value.time.is_none() => format!("@{value}T"),
        Some(Item::DateTime(value)) => format!("@{value}"),
        Some(Item::Time(value)) => format!("@T{value}"),
        Some(Item::Quantity(value)) => value.to_string(),
        _ => match item {
            Item::Elsewhere(_) => {
                format!("elsewhere {}", item.type_info(environment.structures).name)
            }
            item => item.type_info(environment.structures).name.to_owned(),
        },
    };
    items.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// What an expression gives of the patient: items, or `! ` and the error.
fn result(expression: &str, hooks: Hooks<'_>) -> Option<String> {
    let structures = fixtures::structures()?;
    let document = Document::parse(PATIENT).unwrap();
    let expression = match Expression::parse(expression) {
        Ok(expression) => expression,
        Err(error) => return Some(format!("! {}", error.message)),
    };
    let variables = [("mine", vec![Item::Integer(1), Item::Integer(2)])];
    let focus = Item::Node(Node::resource(document.root(), structures).unwrap());
    let environment = Environment {
        now: DateTime::parse("2026-11-21T22:20:40.5+01:00"),
        variables: &variables,
        hooks,
        ..Environment::new(structures)
    };
    Some(match evaluate(&expression, focus, &environment) {
        Ok(items) => shown(&items, &environment),
        Err(error) => format!("! {error}"),
    })
}

fn check_all(table: &str) {
    let (mut count, mut faults) = (0, Vec::new());
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (expression, wanted) = line.split_once("=>").unwrap();
        let Some(found) = result(expression.trim(), Hooks::default()) else {
            return;
        };
        count += 1;
        if found != wanted.trim() {
            faults.push(format!("{expression}=>{wanted}, not {found}"));
        }
    }
    assert!(count > 3 && faults.is_empty(), "{faults:#?}");
}

#[test]
fn paths_find_elements_choices_and_companions() {
    check_all(include_str!("tables/navigation.txt"));
}

#[test]
fn operators_keep_types_precision_and_the_unknown() {
    check_all(include_str!("tables/operators.txt"));
}

#[test]
fn functions_of_collections() {
    check_all(include_str!("tables/collections.txt"));
}

#[test]
fn functions_of_text() {
    check_all(include_str!("tables/text.txt"));
}

#[test]
fn functions_of_numbers_and_conversions() {
    check_all(include_str!("tables/numbers.txt"));
}

#[test]
fn dates_and_times() {
    check_all(include_str!("tables/temporal.txt"));
}

#[test]
fn what_is_no_expression_is_refused() {
    check_all(include_str!("tables/syntax.txt"));
}

#[test]
fn every_function_has_a_signature_and_an_example() {
    let tables = [
        include_str!("tables/navigation.txt"),
        include_str!("tables/operators.txt"),
        include_str!("tables/collections.txt"),
        include_str!("tables/text.txt"),
        include_str!("tables/numbers.txt"),
        include_str!("tables/temporal.txt"),
    ]
    .concat();
    for function in FAMILIES.iter().copied().flatten() {
        let name = function.name;
        assert!(signature(name).is_some(), "{name} has no signature");
        assert!(
            tables.contains(&format!("{name}(")),
            "{name} has no example"
        );
    }
}

#[test]
fn hooks_answer_what_the_engine_cannot() {
    let hooks = Hooks {
        conforms_to: Some(&|_, url| (url == "http://p").then_some(true)),
        member_of: Some(&|item, url| {
            let structures = fixtures::structures()?;
            (url == "http://v").then(|| item.string(structures).as_deref() == Some("female"))
        }),
        subsumes: Some(&|_, _| Some(true)),
        html_checks: Some(&|_| false),
        canonical: Some(&|value, unit| match unit {
            "g" => Some((value, "g".to_owned())),
            "mg" => Some((value / rust_decimal::Decimal::from(1000), "g".to_owned())),
            "m" => Some((value, "m".to_owned())),
            _ => None,
        }),
        trace: Some(&|name, items| assert_eq!((name, items.len()), ("t", 2))),
    };
    for (expression, wanted) in [
        ("conformsTo('http://p')", "true"),
        (
            "conformsTo('http://q')",
            "! 'conformsTo' is not supported here",
        ),
        ("gender.memberOf('http://v')", "true"),
        (
            "gender.memberOf('http://w')",
            "! 'memberOf' is not supported here",
        ),
        ("gender.subsumes(gender)", "true"),
        ("gender.subsumedBy(gender)", "true"),
        ("htmlChecks()", "false"),
        ("4 'g' = 4000 'mg'", "true"),
        ("4 'g' ~ 4000 'mg'", "true"),
        ("4 'g' < 4001 'mg'", "true"),
        ("4 'g' = 4 'm'", ""),
        ("4 'g'.comparable(1 'mg')", "true"),
        ("4 'g'.comparable(1 'm')", "false"),
        ("4 'g' / 2 'mg'", "2000 '1'"),
        ("4 'g' + 2 'mg'", "4002 'mg'"),
        ("2 'mg' - 4 'g'", "-3998 'mg'"),
        (
            "4 'g' + 2 'm'",
            "! 'adding quantities of different units' is not supported here",
        ),
        ("4 'g'.toQuantity('mg')", "4000 'mg'"),
        ("4 'g'.convertsToQuantity('m')", "false"),
        ("name.trace('t').count()", "2"),
        ("name.trace('t', use).count()", "2"),
        (
            "generalPractitioner[1].resolve().type().name",
            "'Organization'",
        ),
    ] {
        if let Some(found) = result(expression, hooks) {
            assert_eq!(found, wanted, "{expression}");
        }
    }
}

#[test]
fn references_lead_to_resources_at_hand() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let text = r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Organization","id":"o","name":"Ö"}},
        {"resource":{"resourceType":"Patient","managingOrganization":{"reference":"urn:uuid:1"}}}]}"#;
    let document = Document::parse(text).unwrap();
    let resources: Vec<_> = document.root().get("entry").unwrap().items().collect();
    let node = |place: usize| {
        Node::resource(resources[place].get("resource").unwrap(), structures).unwrap()
    };
    let known = HashMap::from([("urn:uuid:1".into(), node(0))]);
    let expression = Expression::parse("managingOrganization.resolve().name").unwrap();
    let mut environment = Environment::new(structures);
    environment.resources = Some(&known);
    let found = evaluate(&expression, Item::Node(node(1)), &environment).unwrap();
    assert_eq!(shown(&found, &environment), "'Ö'");
    environment.resources = None;
    let error = evaluate(&expression, Item::Node(node(1)), &environment).unwrap_err();
    assert!(matches!(error, EvaluationError::NotSupported(_)), "{error}");
}

#[test]
fn a_hostile_expression_costs_an_error() {
    let nested = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let doubling = "(1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28|29|30).aggregate($total & $total, 'x')";
    // A text of 2^19 characters, made within the limits.
    let long = "(1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19).aggregate($total & $total, 'x')";
    let steps = "! the evaluation needs more steps than it may";
    let table = [
        (format!("{long}.length()"), "524288"),
        (format!("{long}.matches('(a{{9}}){{99}}')"), steps),
        (format!("{long}.matches('a')"), "false"),
        (format!("%resource.descendants().select({long}).count()"), steps),
        (format!("{long}.select($this|($this&'a')).select($this|($this&'b')).select($this|($this&'c')).select($this|($this&'d')).select($this|($this&'e')).select($this|($this&'f')).count()"), steps),
        (format!("{long}.toChars().count()"), "! the evaluation needs more items than it may"),
        (format!("{long}.replace('x', 'yyyyyyyy')"), "! the evaluation needs more characters than it may"),
        ("name.select(%resource.descendants().select('0123456789abcdef').combine(%resource.descendants().select('0123456789abcdef'))).join(',').length()".to_owned(), "3807"),
        (format!("{long}.select($this.combine($this).combine($this)).join('')"), "! the evaluation needs more characters than it may"),
        (format!("{long}.split('x').count()"), "! the evaluation needs more items than it may"),
        (nested("(", "1", ")", 5000), "! the expression is nested too deep"),
        (nested("-", "1", "", 5000), "! the expression is nested too deep"),
        (nested("", "1", "+1", 5000), "! the expression is nested too deep"),
        (nested("", "a", ".first()", 3000), "! the expression is nested too deep"),
        ("a".repeat(40_000), "! the expression is too long"),
        (doubling.to_owned(), "! the evaluation needs more characters than it may"),
        (
            "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.toChars().select('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb').repeat($this & 'c')".to_owned(),
            "! the evaluation needs more steps than it may",
        ),
        ("repeat($this)".to_owned(), "Patient"),
        // The deepest that is allowed fits the stack.
        (nested("", "1", "+1", 126), "127"),
        (nested("iif(true, ", "1", ")", 60), "1"),
        (nested("$this.where(", "true", ")", 60), "Patient"),
        (
            format!("name{}", ".select(%resource.descendants())".repeat(12)),
            "! the evaluation needs more items than it may",
        ),
        ("'a'.matches('(a{1000}){1000}')".to_owned(), "! the regular expression is not valid"),
        ("'a'.matches('(a{1000}){10' & '00}')".to_owned(), "! the regular expression is not valid"),
        ("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$')".to_owned(), "false"),
    ];
    for (expression, wanted) in table {
        if let Some(found) = result(&expression, Hooks::default()) {
            assert_eq!(found, wanted, "{}", &expression[..expression.len().min(80)]);
        }
    }
}

#[test]
fn as_takes_one_item_where_that_is_asked_for() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let document = Document::parse(PATIENT).unwrap();
    let focus = Item::Node(Node::resource(document.root(), structures).unwrap());
    let expression = Expression::parse("name.as(HumanName).use").unwrap();
    let mut environment = Environment::new(structures);
    assert_eq!(
        evaluate(&expression, focus.clone(), &environment)
            .unwrap()
            .len(),
        2
    );
    environment.as_is_singular = true;
    let error = evaluate(&expression, focus, &environment).unwrap_err();
    assert_eq!(error, EvaluationError::Singleton("as"));
}

#[test]
fn quantities_become_canonical_by_ucum() {
    let check = |value: &str, unit: &str, wanted: Option<(&str, &str)>| {
        let value = rust_decimal::Decimal::from_str_exact(value).unwrap();
        let found = canonical_quantity(value, unit);
        let found = found
            .as_ref()
            .map(|(value, unit)| (value.to_string(), unit.as_str()));
        let wanted = wanted.map(|(value, unit)| (value.to_owned(), unit));
        assert_eq!(found, wanted, "{value} {unit}");
    };
    check("1.50", "mg", Some(("0.0015", "g1")));
    check("1", "kg", Some(("1000", "g1")));
    check("37.0", "Cel", Some(("310.15", "K1")));
    check("0", "mg", Some(("0", "g1")));
    check("7.4", "[pH]", None);
    check("1", "no unit", None);
    check("79228162514264337593543950335", "kg", None);
    check("0.0000000000000000000000000001", "ug", None);
    let hooks = Hooks {
        canonical: Some(&canonical_quantity),
        ..Hooks::default()
    };
    for (expression, wanted) in [
        ("3 'm' + 3 'cm'", "303 'cm'"),
        ("1 'h' - 30 'min'", "30 'min'"),
        ("2 days + 1 hour", "49 hours"),
        (
            "1 'Cel' + 1 '[degF]'",
            "! 'adding quantities of different units' is not supported here",
        ),
        ("5 'mg/dL' = 50 'mg/L'", "true"),
        ("37 'Cel' = 98.6 '[degF]'", "true"),
        ("1 'cm'.comparable(1 's')", "false"),
    ] {
        if let Some(found) = result(expression, hooks) {
            assert_eq!(found, wanted, "{expression}");
        }
    }
}
