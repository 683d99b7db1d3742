//! Every search parameter and invariant of R4, on every example.

use super::definitions::package;
use crate::json::Value;
use crate::path::{Environment, Expression, Item, Node, evaluate};

#[test]
fn every_search_parameter_evaluates_on_every_example_of_its_types() {
    let Some(package) = package() else {
        return;
    };
    let mut parsed = Vec::new();
    for parameter in &package.search_parameters {
        let Some(expression) = parameter.root().get("expression").and_then(Value::string) else {
            continue;
        };
        let bases: Vec<String> = parameter
            .root()
            .get("base")
            .into_iter()
            .flat_map(Value::items)
            .filter_map(|base| base.string().map(Into::into))
            .collect();
        let expression =
            Expression::parse(&expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
        parsed.push((bases, expression));
    }
    let (mut evaluations, mut items) = (0, 0);
    for resource in &package.resources {
        let environment = Environment::new(&package.structures);
        let node = Node::resource(resource.root(), &package.structures).unwrap();
        let name = &*package.structures.get(node.type_id).name;
        for (bases, expression) in &parsed {
            if !bases
                .iter()
                .any(|base| matches!(&**base, "Resource" | "DomainResource") || base == name)
            {
                continue;
            }
            evaluations += 1;
            let found = evaluate(expression, Item::Node(node), &environment)
                .unwrap_or_else(|error| panic!("{expression} on {name}: {error}"));
            items += found.len();
        }
    }
    println!(
        "{} expressions, {evaluations} evaluations, {items} items",
        parsed.len()
    );
    assert!(parsed.len() > 1_000 && items > 50_000);
}
