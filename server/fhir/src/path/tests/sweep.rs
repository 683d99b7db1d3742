//! Every search parameter and invariant of R4, on every example.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use crate::definitions::structure::{Constraint, Structures, TypeKind};
use crate::fixtures;
use crate::json::{Document, Value};
use crate::path::{Environment, Expression, Item, Node, condition, evaluate};
use crate::resource::Resource;

static CHILDREN: OnceLock<Expression> = OnceLock::new();

/// A search parameter: its base types and its expression.
type Parameter = (Vec<String>, Expression);

/// All search parameters and all examples.
fn package() -> Option<(Vec<Parameter>, Vec<Resource>)> {
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
    let mut meaningless = BTreeSet::new();
    for (bases, expression) in &parameters {
        for base in bases.iter().filter_map(|base| structures.by_name(base)) {
            if let Err(error) = expression.check(structures, base) {
                meaningless.insert(format!("{expression}: {error}"));
            }
        }
    }
    // An example of R4 whose base is not what its expression is for.
    assert_eq!(meaningless.len(), 1, "{meaningless:#?}");
    assert!(
        meaningless
            .iter()
            .all(|text| text.contains("participation-agreement"))
    );
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

/// Evaluates the invariants of nodes and of everything below them.
struct Invariants<'s> {
    structures: &'s Structures,
    parsed: &'s HashMap<&'s str, Expression>,
    evaluations: usize,
    broken: BTreeSet<&'s str>,
    faults: BTreeSet<String>,
}

impl<'s> Invariants<'s> {
    fn evaluate<'a>(
        &mut self,
        rules: &'s [Constraint],
        item: Item<'a>,
        environment: &Environment<'a>,
    ) where
        's: 'a,
    {
        for rule in rules {
            self.evaluations += 1;
            let expression = &self.parsed[&*rule.expression];
            match condition(expression, item.clone(), environment) {
                Ok(Some(false)) if !rule.is_warning => {
                    self.broken.insert(&rule.key);
                }
                Ok(_) => {}
                Err(error) => {
                    self.faults.insert(format!("{}: {error}", rule.key));
                }
            }
        }
    }

    /// `container` and `root` are the resource a node stands in, and the one that contains that.
    fn visit<'a>(&mut self, node: Node<'a>, container: Node<'a>, root: Node<'a>)
    where
        's: 'a,
    {
        let definition = self.structures.get(node.type_id);
        let is_resource = definition.kind == TypeKind::Resource;
        let container = if is_resource { node } else { container };
        let mut environment = Environment::new(self.structures);
        environment.resource = Some(container);
        environment.root_resource = Some(root);
        environment.hooks.html_checks = Some(&|_| true);
        self.evaluate(&definition.constraints, Item::Node(node), &environment);
        for element in definition
            .elements
            .iter()
            .filter(|element| !element.constraints.is_empty())
        {
            let path = &self.parsed[&*element.name];
            for child in evaluate(path, Item::Node(node), &environment).unwrap() {
                self.evaluate(&element.constraints, child, &environment);
            }
        }
        let below = CHILDREN.get_or_init(|| Expression::parse("children()").unwrap());
        for child in evaluate(below, Item::Node(node), &environment).unwrap() {
            let child = child.node().unwrap();
            let is_entry = matches!(&*definition.name, "Bundle.entry" | "Parameters.parameter");
            self.visit(child, container, if is_entry { child } else { root });
        }
    }
}

#[test]
fn every_invariant_parses_means_something_and_evaluates() {
    let (Some(structures), Some((_, resources))) = (fixtures::structures(), package()) else {
        return;
    };
    let mut parsed = HashMap::new();
    let (mut meaningless, mut meaningful) = (BTreeSet::new(), BTreeSet::new());
    for (type_id, definition) in structures.all() {
        let below = definition.elements.iter().flat_map(|element| {
            let types = element.types.iter();
            types.flat_map(|one| element.constraints.iter().map(|rule| (one.type_id, rule)))
        });
        let own = definition.constraints.iter().map(|rule| (type_id, rule));
        for (type_id, constraint) in own.chain(below) {
            let text = &*constraint.expression;
            let expression =
                Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            // One type of a choice is enough.
            match expression.check(structures, type_id) {
                Ok(()) => meaningful.insert(&*constraint.key),
                Err(_) => meaningless.insert(&*constraint.key),
            };
            parsed.insert(text, expression);
        }
        for element in definition
            .elements
            .iter()
            .filter(|element| !element.constraints.is_empty())
        {
            let path = Expression::parse(&format!("`{}`", element.name)).unwrap();
            parsed.insert(&element.name, path);
        }
    }
    meaningless.retain(|key| !meaningful.contains(key));
    let mut invariants = Invariants {
        structures,
        parsed: &parsed,
        evaluations: 0,
        broken: BTreeSet::new(),
        faults: BTreeSet::new(),
    };
    // The few largest take longer than all the others, and hold nothing the others do not.
    for resource in resources
        .iter()
        .filter(|resource| resource.text().len() < 500_000)
    {
        let node = Node::resource(resource.root(), structures).unwrap();
        invariants.visit(node, node, node);
    }
    println!(
        "{} expressions, {} evaluations",
        parsed.len(),
        invariants.evaluations
    );
    // ChargeItemDefinition has no name.
    assert_eq!(meaningless, BTreeSet::from(["cid-0"]));
    // `answer is Boolean` asks for the system's type where the element has FHIR's; two logical models have no base.
    assert_eq!(invariants.broken, BTreeSet::from(["que-7", "sdf-4"]));
    assert_eq!(invariants.faults, BTreeSet::new());
}
