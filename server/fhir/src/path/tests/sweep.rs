//! Every search parameter and invariant of R4, on every example.

use std::collections::{BTreeMap, HashMap};

use crate::definitions::structure::Structures;
use crate::fixtures;
use crate::json::{Document, Value};
use crate::path::{Environment, Expression, Item, Node, evaluate, is_true};
use crate::resource::Resource;

/// The search parameters' base types and expressions, and all examples.
fn package() -> Option<(Vec<(Vec<String>, Expression)>, Vec<Resource>)> {
    let (mut parameters, mut resources) = (Vec::new(), Vec::new());
    let found = fixtures::examples(|name, bytes| {
        // Some examples are deliberately broken.
        let Ok(document) = Document::parse(bytes) else {
            return;
        };
        if name.starts_with("SearchParameter-") {
            let expression = document.root().get("expression").and_then(Value::string);
            let bases = document
                .root()
                .get("base")
                .into_iter()
                .flat_map(Value::items);
            if let Some(text) = expression {
                let bases = bases
                    .filter_map(|base| Some(base.string()?.into_owned()))
                    .collect();
                let parsed =
                    Expression::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                parameters.push((bases, parsed));
            }
        }
        resources.extend(Resource::of(document).ok());
    });
    found.then_some((parameters, resources))
}

#[test]
fn every_search_parameter_evaluates_on_every_example_of_its_types() {
    let (Some(structures), Some((parameters, resources))) = (fixtures::structures(), package())
    else {
        return;
    };
    let (mut evaluations, mut items) = (0, 0);
    for resource in &resources {
        let environment = Environment::new(structures);
        let node = Node::resource(resource.root(), structures).unwrap();
        let name = &*structures.get(node.type_id).name;
        for (bases, expression) in &parameters {
            if !bases
                .iter()
                .any(|base| matches!(&**base, "Resource" | "DomainResource") || base == name)
            {
                continue;
            }
            evaluations += 1;
            expression
                .check(structures, node.type_id)
                .unwrap_or_else(|error| panic!("{expression} for {name}: {error}"));
            let found = evaluate(expression, Item::Node(node), &environment)
                .unwrap_or_else(|error| panic!("{expression} on {name}: {error}"));
            items += found.len();
        }
    }
    println!(
        "{} expressions, {evaluations} evaluations, {items} items",
        parameters.len()
    );
    assert!(parameters.len() > 1_000 && items > 50_000);
}

/// Evaluates the invariants of a node and of everything below it.
struct Invariants<'s> {
    parsed: HashMap<&'s str, Expression>,
    evaluations: usize,
    broken: BTreeMap<&'s str, usize>,
    faults: BTreeMap<(&'s str, String), usize>,
}

impl<'s> Invariants<'s> {
    fn visit(&mut self, structures: &'s Structures, resource: &Resource) {
        let Some(root) = Node::resource(resource.root(), structures) else {
            return;
        };
        let below = Expression::parse("descendants()").unwrap();
        let environment = Environment::new(structures);
        let mut nodes = vec![Item::Node(root)];
        nodes.extend(evaluate(&below, Item::Node(root), &environment).unwrap());
        for item in nodes {
            let node = item.node().unwrap();
            let mut environment = Environment::new(structures);
            environment.resource = Some(root);
            environment.hooks.html_checks = Some(&|_| true);
            for constraint in &structures.get(node.type_id).constraints {
                let expression = &self.parsed[&*constraint.expression];
                self.evaluations += 1;
                match is_true(expression, item.clone(), &environment) {
                    Ok(true) => {}
                    Ok(false) => *self.broken.entry(&constraint.key).or_default() += 1,
                    Err(error) => {
                        *self
                            .faults
                            .entry((&constraint.key, error.to_string()))
                            .or_default() += 1;
                    }
                }
            }
        }
    }
}

#[test]
fn every_invariant_parses_means_something_and_evaluates() {
    let (Some(structures), Some((_, resources))) = (fixtures::structures(), package()) else {
        return;
    };
    let mut invariants = Invariants {
        parsed: HashMap::new(),
        evaluations: 0,
        broken: BTreeMap::new(),
        faults: BTreeMap::new(),
    };
    let mut unchecked = Vec::new();
    for (type_id, definition) in structures.all() {
        let elements = definition.elements.iter();
        let below = elements.flat_map(|element| {
            let types = element.types.iter();
            types.flat_map(|one| {
                element
                    .constraints
                    .iter()
                    .map(move |rule| (one.type_id, rule))
            })
        });
        let own = definition.constraints.iter().map(|rule| (type_id, rule));
        for (type_id, constraint) in own.chain(below) {
            let text = &*constraint.expression;
            let expression =
                Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            if let Err(error) = expression.check(structures, type_id) {
                unchecked.push(format!("{} {text}: {error}", constraint.key));
            }
            invariants.parsed.insert(text, expression);
        }
    }
    for resource in &resources {
        invariants.visit(structures, resource);
    }
    println!(
        "{} expressions, {} evaluations",
        invariants.parsed.len(),
        invariants.evaluations
    );
    println!(
        "unchecked {unchecked:#?} broken {:#?} faults {:#?}",
        invariants.broken, invariants.faults
    );
}
