//! Parameters written here: what stops the start, and what stops one resource.

use super::*;
use crate::definitions::DefinitionsBuilder;
use crate::json::Document;
use crate::resource::Resource;
use crate::search::error::SearchErrorKind;
use crate::search::extract::{ExtractError, ExtractLimits, Extractor};
use crate::search::planner::{Handling, PlanLimits, Planner};
use crate::search::query::{Query, QueryLimits};

const BASIC: &str = r#"{"resourceType":"StructureDefinition","url":"u","kind":"resource","type":"Basic",
    "derivation":"specialization","snapshot":{"element":[{"path":"Basic"},
    {"path":"Basic.id","max":"1","type":[{"code":"id"}]},
    {"path":"Basic.code","max":"*","type":[{"code":"code"}]},
    {"path":"Basic.created","max":"1","type":[{"code":"dateTime"}]}]}}"#;

/// Basic, and one parameter `x` of it; `more` is JSON with a comma before.
fn definitions(search_type: &str, expression: &str, more: &str) -> Definitions {
    let mut builder = DefinitionsBuilder::default();
    let mut add = |text: String| builder.add(Document::parse(text).unwrap().root()).unwrap();
    for name in ["id", "code", "string", "dateTime"] {
        add(format!(
            r#"{{"resourceType":"StructureDefinition","url":"{name}","kind":"primitive-type","type":"{name}",
            "snapshot":{{"element":[{{"path":"{name}"}},{{"path":"{name}.value"}}]}}}}"#
        ));
    }
    add(BASIC.to_owned());
    add(format!(
        r#"{{"resourceType":"SearchParameter","url":"http://x","code":"x","base":["Basic"],
        "type":"{search_type}","expression":"{expression}"{more}}}"#
    ));
    builder.build().unwrap()
}

#[test]
fn a_parameter_that_cannot_be_used_stops_the_start_with_its_url() {
    let check = |search_type: &str, expression: &str, expected: Result<usize, &str>| {
        let compiled = IndexPlan::compile(&definitions(search_type, expression, ""));
        let basic = ResourceType::parse("Basic").unwrap();
        let actual = compiled.map(|plan| plan.codes(basic).count());
        let actual = actual.map_err(|fault| fault.to_string());
        match (&actual, expected) {
            (Ok(count), Ok(expected)) => assert_eq!(*count, expected, "{expression}"),
            (Err(fault), Err(part)) => {
                assert!(fault.contains(part), "{expression}: {fault}");
                assert!(fault.starts_with("search parameter http://x: "), "{fault}");
            }
            _ => panic!("{expression}: {actual:?}"),
        }
    };
    check("token", "Basic.code", Ok(1));
    check("token", "Basic.code.where($this = 'a')", Ok(1));
    check("token", "Patient.gender | Basic.code", Ok(1));
    check("composite", "Basic.code", Ok(0));
    check("token", "Basic.", Err("at byte"));
    check(
        "token",
        "Basic.colour",
        Err("Basic has no element 'Basic.colour'"),
    );
    check("token", "Basic.code.as(Nothing)", Err("no element"));
    check("token", "Basic.code as dateTime", Err("no element"));
    check(
        "date",
        "Basic.code",
        Err("a date parameter cannot hold the code of 'Basic.code'"),
    );
}

#[test]
fn a_resource_that_cannot_be_indexed_is_refused_by_the_parameter() {
    let check = |search_type: &str, expression: &str, members: &str, expected: &str| {
        let definitions = definitions(search_type, expression, "");
        let plan = IndexPlan::compile(&definitions).unwrap();
        let extractor = Extractor {
            plan: &plan,
            definitions: &definitions,
            base_url: "",
            limits: ExtractLimits {
                values_max: 8,
                words_max: 8,
            },
        };
        let text = format!(r#"{{"resourceType":"Basic",{members}}}"#);
        let extracted = extractor.extract(&Resource::parse(text).unwrap());
        let actual = extracted.map(|values| values.tokens.len());
        let actual = actual.map_or_else(|fault: ExtractError| fault.to_string(), |n| n.to_string());
        assert_eq!(actual, expected, "{members}");
    };
    check("token", "Basic.code", r#""code":["a","b"]"#, "5");
    check("token", "Basic.code", r#""code":[]"#, "0");
    check(
        "token",
        "Basic.code",
        r#""code":[null],"_code":[{"id":"a"}]"#,
        "0",
    );
    let four = r#""code":["a","b","c","d"]"#;
    let too_many =
        "the resource has more than 8 index values; the last are of search parameter 'x'";
    check("token", "Basic.code", four, too_many);
    let words = r#""code":["1 2 3","4 5 6","7 8 9"]"#;
    check(
        "token",
        "Basic.code",
        words,
        "the resource has more than 8 words",
    );
    check("date", "Basic.created", r#""created":"2020-02""#, "1");
    let wrong = "a date that search parameter 'x' finds is not valid";
    check("date", "Basic.created", r#""created":"2020-13""#, wrong);
    // What an evaluation cannot give is no fault of the resource.
    check("token", "Basic.code.single()", r#""code":["a","b"]"#, "0");
    check("token", "Basic.code.single()", r#""code":["a"]"#, "3");
    check("token", "Basic.code.first() | Basic.code.tail()", four, "3");
}

#[test]
fn what_a_parameter_declares_bounds_its_searches() {
    let check = |search_type: &str, more: &str, text: &str, expected: Result<usize, &str>| {
        let expression = match search_type {
            "date" => "Basic.created",
            _ => "Basic.code",
        };
        let definitions = definitions(search_type, expression, more);
        let index = IndexPlan::compile(&definitions).unwrap();
        let planner = Planner {
            parameters: &definitions.search_parameters,
            index: &index,
            base_url: "",
            now: "2024-01-01T00:00:00Z".parse().unwrap(),
            handling: Handling::Strict,
            limits: PlanLimits::default(),
            codes: None,
        };
        let query = Query::parse(text, QueryLimits::default()).unwrap();
        let basic = ResourceType::parse("Basic").unwrap();
        match (planner.plan(&[basic], &query), expected) {
            (Ok(plan), Ok(clauses)) => assert_eq!(plan.clauses.len(), clauses, "{text}"),
            (Err(fault), Err(part)) => {
                assert!(fault.message.contains(part), "{text}: {fault}");
                assert_ne!(fault.kind, SearchErrorKind::NotSupported, "{text}");
            }
            (plan, _) => panic!("{text}: {plan:?}"),
        }
    };
    check("token", "", "x=a,b&x=c", Ok(2));
    check(
        "token",
        r#","multipleOr":false"#,
        "x=a,b",
        Err("a single value"),
    );
    check(
        "token",
        r#","multipleAnd":false"#,
        "x=a&x=b",
        Err("only once"),
    );
    check(
        "token",
        r#","modifier":["missing"]"#,
        "x:missing=true",
        Ok(1),
    );
    check(
        "token",
        r#","modifier":["missing"]"#,
        "x:not=a",
        Err("no modifier ':not' for it"),
    );
    check("date", r#","comparator":["eq","ge"]"#, "x=ge2020", Ok(1));
    check(
        "date",
        r#","comparator":["eq","ge"]"#,
        "x=lt2020",
        Err("the prefix 'lt'"),
    );
}
