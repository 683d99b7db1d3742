//! From a call to parameters: what is bound, and what is refused where.

use fhir::json::{Document, ParseLimits};
use fhir::resource::Resource;

use super::made_up::{EVERYTHING, Rule};
use crate::error::Result;
use crate::operations::binding::Call;
use crate::operations::definition::OperationDefinition;
use crate::operations::{Arguments, Params};

struct Everything {
    flag: Option<bool>,
    count: Vec<i32>,
    amount: Option<Document>,
    words: Vec<String>,
    coding: Option<Document>,
    any: Option<String>,
    patient: Option<Resource>,
    rule: Vec<Rule>,
}

impl Params for Everything {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            flag: arguments.optional("flag")?,
            count: arguments.list("count")?,
            amount: arguments.optional("amount")?,
            words: arguments.list("words")?,
            coding: arguments.optional("coding")?,
            any: arguments.optional("any")?,
            patient: arguments.optional("patient")?,
            rule: arguments.parts("rule")?,
        })
    }
}

/// What was bound, in one line.
fn shown(everything: &Everything) -> String {
    let raw = |document: &Document| document.text().to_owned();
    let mut out = Vec::new();
    out.extend(everything.flag.map(|flag| format!("flag={flag}")));
    out.extend(
        everything
            .count
            .iter()
            .map(|count| format!("count={count}")),
    );
    out.extend(
        everything
            .amount
            .as_ref()
            .map(|amount| format!("amount={}", raw(amount))),
    );
    out.extend(
        everything
            .words
            .iter()
            .map(|words| format!("words={words}")),
    );
    out.extend(
        everything
            .coding
            .as_ref()
            .map(|coding| format!("coding={}", raw(coding))),
    );
    out.extend(everything.any.as_ref().map(|any| format!("any={any}")));
    out.extend(
        everything
            .patient
            .as_ref()
            .map(|one| format!("patient={}", one.text())),
    );
    for rule in &everything.rule {
        out.push(format!(
            "rule={}:{}",
            rule.key,
            rule.text.as_deref().unwrap_or("-")
        ));
    }
    out.join(" ")
}

fn bound(definition: &OperationDefinition, query: &str, body: Option<&str>) -> Result<String> {
    let body = body.map(|json| Resource::parse(json.to_owned()).unwrap());
    let limits = ParseLimits::default();
    let call = Call::of(definition, query, body, limits)?;
    let arguments = call.arguments(definition, limits)?;
    arguments.bind::<Everything>().map(|bound| shown(&bound))
}

fn parameters(items: &str) -> String {
    format!(r#"{{"resourceType":"Parameters","parameter":[{items}]}}"#)
}

#[test]
fn query_and_body_bind_alike() {
    let definition = OperationDefinition::parse(EVERYTHING).unwrap();
    let check = |query: &str, body: Option<&str>, expected: &str| {
        assert_eq!(
            bound(&definition, query, body).unwrap(),
            expected,
            "{query} {body:?}"
        );
    };
    let body = |items: &str, expected: &str| check("", Some(&parameters(items)), expected);
    check("", None, "");
    check(
        "words=a%20b&flag=true&amount=1.10&words=c&count=3",
        None,
        "flag=true count=3 amount=1.10 words=a b words=c",
    );
    body(
        r#"{"name":"flag","valueBoolean":false},{"name":"amount","valueDecimal":1.0e2}"#,
        "flag=false amount=1.0e2",
    );
    body(
        r#"{"name":"words","valueString":"ä\n"},{"name":"any","valueString":"x"}"#,
        "words=ä\n any=x",
    );
    body(
        r#"{"name":"coding","valueCoding":{"code" : "c"}}"#,
        r#"coding={"code" : "c"}"#,
    );
    body(
        r#"{"name":"rule","part":[{"name":"key","valueCode":"k"}]},{"name":"rule","part":[{"name":"text","valueString":"t"},{"name":"key","valueCode":"l"}]}"#,
        "rule=k:- rule=l:t",
    );
    let patient = r#"{"resourceType":"Patient","active" : true}"#;
    body(
        &format!(r#"{{"name":"patient","resource":{patient}}}"#),
        &format!("patient={patient}"),
    );
    // The only resource parameter may be the whole body, and simple values may stand in the URL beside a body.
    check("", Some(patient), &format!("patient={patient}"));
    check(
        "flag=true",
        Some(patient),
        &format!("flag=true patient={patient}"),
    );
    check(
        "count=1",
        Some(&parameters(r#"{"name":"count","valuePositiveInt":2}"#)),
        "count=1 count=2",
    );
}

/// Query, body, the code of the issue, its place and the beginning of its sentence.
const REFUSED: &[(&str, &str, &str, &str, &str)] = &[
    (
        "nope=1",
        "",
        "invalid",
        "",
        "there is no parameter 'nope'; there are: flag, count,",
    ),
    (
        "flag=yes",
        "",
        "value",
        "",
        "the value of parameter 'flag' is not a boolean",
    ),
    (
        "count=0",
        "",
        "value",
        "",
        "the value of parameter 'count' is not a positiveInt",
    ),
    (
        "count=2147483648",
        "",
        "value",
        "",
        "the value of parameter 'count' is not a positiveInt",
    ),
    (
        "amount=1.",
        "",
        "value",
        "",
        "the value of parameter 'amount' is not a decimal",
    ),
    (
        "amount=%zz",
        "",
        "value",
        "",
        "the query string is not well percent-encoded",
    ),
    (
        "coding=c",
        "",
        "value",
        "",
        "parameter 'coding' has no simple value",
    ),
    (
        "return=x",
        "",
        "invalid",
        "",
        "there is no parameter 'return'",
    ),
    (
        "flag=true&flag=true",
        "",
        "invalid",
        "",
        "parameter 'flag' may stand 1 times, not 2",
    ),
    (
        "",
        r#"{"name":"nope","valueString":"x"}"#,
        "invalid",
        "Parameters.parameter[0]",
        "there is no parameter 'nope'",
    ),
    (
        "",
        r#"{"valueString":"x"}"#,
        "required",
        "Parameters.parameter[0]",
        "a parameter has a name",
    ),
    (
        "",
        r#"{"name":"flag"}"#,
        "invalid",
        "Parameters.parameter[0]",
        "parameter 'flag' carries one value",
    ),
    (
        "",
        r#"{"name":"words","valueString":"x"},{"name":"flag","valueString":"true"}"#,
        "invalid",
        "Parameters.parameter[1]",
        "parameter 'flag' takes valueBoolean, not valueString",
    ),
    (
        "",
        r#"{"name":"flag","valueBoolean":"true"}"#,
        "value",
        "Parameters.parameter[0]",
        "the value of parameter 'flag' is not a boolean",
    ),
    (
        "",
        r#"{"name":"flag","valueBoolean":true,"valueCode":"x"}"#,
        "invalid",
        "Parameters.parameter[0]",
        "parameter 'flag' carries one value",
    ),
    (
        "",
        r#"{"name":"flag","valueBoolean":true,"modifierExtension":[{"url":"u"}]}"#,
        "not-supported",
        "Parameters.parameter[0]",
        "parameter 'flag' has a modifier extension",
    ),
    (
        "",
        r#"{"name":"coding","valueCoding":"c"}"#,
        "value",
        "Parameters.parameter[0]",
        "the value of parameter 'coding' is not a Coding",
    ),
    (
        "",
        r#"{"name":"any","resource":{"resourceType":"Basic"}}"#,
        "invalid",
        "Parameters.parameter[0]",
        "parameter 'any' takes value[x], not resource",
    ),
    (
        "",
        r#"{"name":"patient","resource":{"resourceType":"Basic"}}"#,
        "invalid",
        "Parameters.parameter[0]",
        "a Patient is taken, not a Basic",
    ),
    (
        "",
        r#"{"name":"patient","resource":{"resourceType":"Nobody"}}"#,
        "structure",
        "Parameters.parameter[0]",
        "'resourceType' is not a resource type",
    ),
    (
        "",
        r#"{"name":"rule","part":[]}"#,
        "required",
        "Parameters.parameter[0]",
        "parameter 'key' is missing",
    ),
    (
        "",
        r#"{"name":"rule","part":[{"name":"key","valueCode":"a"},{"name":"nope","valueCode":"b"}]}"#,
        "invalid",
        "Parameters.parameter[0].part[1]",
        "there is no parameter 'nope'; there are: key, text",
    ),
    (
        "count=1",
        r#"{"name":"count","valuePositiveInt":1},{"name":"count","valuePositiveInt":1}"#,
        "invalid",
        "",
        "parameter 'count' may stand 2 times, not 3",
    ),
];

#[test]
fn what_the_definition_does_not_allow_is_refused_with_its_place() {
    let definition = OperationDefinition::parse(EVERYTHING).unwrap();
    for (query, items, code, place, sentence) in REFUSED {
        let body = parameters(items);
        let body = Some(&*body).filter(|_| !items.is_empty());
        let error = bound(&definition, query, body).unwrap_err();
        let issue = &error.issues()[0];
        assert_eq!(error.status().as_u16(), 400, "{query} {items}");
        assert_eq!(issue.code.code(), *code, "{query} {items}");
        assert_eq!(
            issue.expression.first().map_or("", |place| place),
            *place,
            "{query} {items}"
        );
        assert!(
            issue.diagnostics.starts_with(sentence),
            "{}",
            issue.diagnostics
        );
    }
}
