//! What is found once gives what it gave each time, and costs it once.

use crate::fixtures;
use crate::json::Document;
use crate::path::{
    Environment, EvaluationError, Expression, Item, Node, evaluate, evaluate_within,
};

const PATIENT: &str = r##"{"resourceType":"Patient","id":"p","active":true,
    "contained":[{"resourceType":"Organization","id":"a"},{"resourceType":"Organization","id":"b"}],
    "name":[{"given":["x","y"]},{"given":["y","z"]},{"family":"x"}],
    "managingOrganization":{"reference":"#a"}}"##;

/// An expression and the texts it gives.
const TABLE: &[(&str, &[&str])] = &[
    (
        "contained.where('#' + id in %resource.descendants().reference).id",
        &["a"],
    ),
    (
        "contained.where(('#' + id in %resource.descendants().reference).not()).id",
        &["b"],
    ),
    (
        "name.where(given.first() = %context.name.first().given.first()).given",
        &["x", "y"],
    ),
    (
        "name.given.select(%resource.name.first().given.select($this & '!').last())",
        &["y!", "y!", "y!", "y!"],
    ),
    (
        "name.select($index + %resource.name.count()).select($this.toString())",
        &["3", "4", "5"],
    ),
    (
        "name.given.where(%resource.name.where(family = 'x').exists())",
        &["x", "y", "y", "z"],
    ),
    (
        "name.given.where($this in %resource.name.where(family.empty()).given.where($this != 'x'))",
        &["y", "y", "z"],
    ),
    (
        "name.select(given.where($this in %resource.name.skip(1).given))",
        &["y", "y", "z"],
    ),
    ("name.all(%resource.id = 'p').toString()", &["true"]),
    (
        "name.exists(given.exists($this = %resource.name.last().family)).toString()",
        &["true"],
    ),
    (
        "(1 | 2 | 3).aggregate($total + iif(%resource.name.count() = 3, $this, 0), 0).toString()",
        &["6"],
    ),
    (
        "name.given.sort(-$this).where(%resource.active)",
        &["z", "y", "y", "x"],
    ),
    (
        "name.where(%resource.active).where(%resource.gender = 'male')",
        &[],
    ),
    (
        "name.first().repeat(%resource.name.given)",
        &["x", "y", "z"],
    ),
];

#[test]
fn what_is_found_once_is_what_it_was_each_time() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let document = Document::parse(PATIENT).unwrap();
    let node = Node::resource(document.root(), structures).unwrap();
    for (text, expected) in TABLE {
        let expression = Expression::parse(text).unwrap();
        let environment = Environment::new(structures);
        let found = evaluate(&expression, Item::Node(node), &environment).unwrap();
        let texts: Vec<_> = found
            .iter()
            .map(|item| item.string(structures).unwrap())
            .collect();
        assert_eq!(texts, *expected, "{text}");
    }
}

#[test]
fn it_costs_its_steps_once() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let document = Document::parse(PATIENT).unwrap();
    let node = Node::resource(document.root(), structures).unwrap();
    let cost = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        let mut steps = 10_000;
        let environment = Environment::new(structures);
        evaluate_within(&expression, Item::Node(node), &environment, &mut steps).unwrap();
        10_000 - steps
    };
    let one = cost("name.given.first().where($this in %resource.descendants().id)");
    let four = cost("name.given.where($this in %resource.descendants().id)");
    let walk = cost("%resource.descendants().id");
    assert!(four - one < walk, "{one} {four} {walk}");
    // What is kept is bounded, and copying it costs as much as it is large.
    let text =
        "(1|2|3|4|5|6|7|8|9).select(%resource.descendants().select(%resource.descendants()))";
    let expression = Expression::parse(text).unwrap();
    let environment = Environment::new(structures);
    let found = evaluate_within(&expression, Item::Node(node), &environment, &mut 2_000);
    assert_eq!(found.unwrap_err(), EvaluationError::Limit("steps"));
}
