//! Every invariant of R4 on every element of every example: which cost most, and how much
//! (<https://hl7.org/fhir/R4/conformance-rules.html#constraints>).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use fhir::definitions::structure::{Constraint, Structures, TypeKind};
use fhir::path::{Environment, Expression, Item, Node, canonical_quantity, condition, evaluate};

use super::{Example, nanos};
use crate::Result;
use crate::report::Table;
use crate::statistics::Ratio;

/// How many of the costliest are shown.
const SHOWN: usize = 10;
/// Evaluations of one invariant that are measured together.
const SAMPLES_MAX: usize = 2_000;

/// An element, the resource it stands in, and the outermost one.
#[derive(Clone, Copy)]
struct Place<'a> {
    node: Node<'a>,
    container: Node<'a>,
    root: Node<'a>,
}

/// One invariant over all examples.
#[derive(Default)]
struct Cost<'a> {
    evaluations: u64,
    nanos: u64,
    /// Every so many of its places.
    samples: Vec<Place<'a>>,
}

/// Walks through examples; the costs are by key and expression, since one key can have several.
struct Walk<'a> {
    structures: &'a Structures,
    parsed: &'a HashMap<&'a str, Expression>,
    children: &'a Expression,
    costs: HashMap<(&'a str, &'a str), Cost<'a>>,
}

/// The costliest invariants by their time over all examples.
pub(super) fn measure(
    examples: &[Example],
    structures: &Structures,
    window: Duration,
) -> Result<Table> {
    let parsed = parse(structures)?;
    let children = Expression::parse("children()")?;
    let mut walk = Walk {
        structures,
        parsed: &parsed,
        children: &children,
        costs: HashMap::new(),
    };
    for example in examples {
        if let Some(node) = Node::resource(example.document.root(), structures) {
            let place = Place {
                node,
                container: node,
                root: node,
            };
            walk.visit(place)?;
        }
    }
    let all: u64 = walk.costs.values().map(|cost| cost.nanos).sum();
    let mut costs: Vec<_> = walk.costs.iter().collect();
    costs.sort_by_key(|(name, cost)| (std::cmp::Reverse(cost.nanos), **name));
    let mut table = Table::new(&[
        "invariant",
        "evaluations",
        "ns each",
        "of all time",
        "expression",
    ]);
    for ((key, text), cost) in costs.into_iter().take(SHOWN) {
        let expression = &parsed[text];
        let mut samples = cost.samples.iter().cycle();
        let each = nanos(window, || {
            let sample = samples.next();
            sample.is_some_and(|place| holds(expression, *place, structures).is_ok())
        });
        table.row(vec![
            (*key).to_owned(),
            cost.evaluations.to_string(),
            each.to_string(),
            Ratio::of(cost.nanos, all).to_string(),
            shortened(text),
        ]);
    }
    let evaluations: u64 = walk.costs.values().map(|cost| cost.evaluations).sum();
    table.row(vec![
        format!("all {}", walk.costs.len()),
        evaluations.to_string(),
        (all / evaluations.max(1)).to_string(),
        Ratio::of(all, all).to_string(),
    ]);
    Ok(table)
}

/// The beginning of an expression, on one line.
fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(60).collect()
}

/// Every expression of the definitions, and the name of every element that has one.
fn parse(structures: &Structures) -> Result<HashMap<&str, Expression>> {
    let mut parsed = HashMap::new();
    for (_, definition) in structures.all() {
        let below = definition.elements.iter().flat_map(|one| &one.constraints);
        for rule in definition.constraints.iter().chain(below) {
            parsed.insert(&*rule.expression, Expression::parse(&rule.expression)?);
        }
        let named = definition
            .elements
            .iter()
            .filter(|one| !one.constraints.is_empty());
        for element in named {
            let path = Expression::parse(&format!("`{}`", element.name))?;
            parsed.insert(&*element.name, path);
        }
    }
    Ok(parsed)
}

fn environment<'a>(place: Place<'a>, structures: &'a Structures) -> Environment<'a> {
    let mut environment = Environment::new(structures);
    environment.resource = Some(place.container);
    environment.root_resource = Some(place.root);
    environment.hooks.html_checks = Some(&|_| true);
    environment.hooks.canonical = Some(&canonical_quantity);
    environment
}

fn holds<'a>(
    expression: &'a Expression,
    place: Place<'a>,
    structures: &'a Structures,
) -> Result<Option<bool>> {
    let environment = environment(place, structures);
    Ok(condition(expression, Item::Node(place.node), &environment)?)
}

impl<'a> Walk<'a> {
    fn visit(&mut self, place: Place<'a>) -> Result<()> {
        let structures = self.structures;
        let definition = structures.get(place.node.type_id);
        let container = match definition.kind {
            TypeKind::Resource => place.node,
            _ => place.container,
        };
        let place = Place { container, ..place };
        self.evaluate(&definition.constraints, place)?;
        let environment = environment(place, structures);
        let named = definition
            .elements
            .iter()
            .filter(|one| !one.constraints.is_empty());
        for element in named {
            let path = &self.parsed[&*element.name];
            for child in evaluate(path, Item::Node(place.node), &environment)? {
                let node = child.node();
                node.map_or(Ok(()), |node| {
                    self.evaluate(&element.constraints, Place { node, ..place })
                })?;
            }
        }
        let is_entry = matches!(&*definition.name, "Bundle.entry" | "Parameters.parameter");
        for child in evaluate(self.children, Item::Node(place.node), &environment)? {
            if let Some(node) = child.node() {
                let root = if is_entry { node } else { place.root };
                self.visit(Place {
                    node,
                    root,
                    ..place
                })?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, rules: &'a [Constraint], place: Place<'a>) -> Result<()> {
        for rule in rules {
            let expression = &self.parsed[&*rule.expression];
            let begin = Instant::now();
            holds(expression, place, self.structures)?;
            let elapsed = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let cost = self.costs.entry((&rule.key, &rule.expression)).or_default();
            cost.evaluations += 1;
            cost.nanos += elapsed;
            let is_next = cost
                .evaluations
                .is_multiple_of(1 + cost.evaluations / 1_000);
            if is_next && cost.samples.len() < SAMPLES_MAX {
                cost.samples.push(place);
            }
        }
        Ok(())
    }
}
