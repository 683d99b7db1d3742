//! Which resources a search finds: every resource looked at, condition by condition.

use std::collections::BTreeSet;

use super::compare::{Comparison, Truth, and, any, not};
use super::decimal;
use super::path::{Context, Found};
use super::query::{Clause, Contained, Query, Scope, parts, unescaped};
use super::value::{Reading, Value};
use super::world::World;

/// What a search finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What it must find.
    pub sure: BTreeSet<usize>,
    /// What it may find, as the specification does not say.
    pub open: BTreeSet<usize>,
}

/// Evaluates the conditions of a search at a moment.
pub fn evaluate(world: &World, query: &Query, now: i128) -> Answer {
    let places = match query.contained {
        Contained::Outside => 0..world.stored,
        Contained::Inside => world.stored..world.resources.len(),
        Contained::Both => 0..world.resources.len(),
    };
    let mut answer = Answer::default();
    for place in places {
        // What is contained is answered as what contains it.
        let shown = match place < world.stored {
            true => Some(place),
            false => world.container(place),
        };
        let Some(shown) = shown else {
            continue;
        };
        let mut truth = in_scope(world, place, &query.scope);
        for clause in &query.clauses {
            if truth != Some(false) {
                truth = and(truth, holds(world, place, clause, now));
            }
        }
        match truth {
            Some(true) => answer.sure.insert(shown),
            None => answer.open.insert(shown),
            Some(false) => false,
        };
    }
    answer
}

fn in_scope(world: &World, place: usize, scope: &Scope) -> Truth {
    let kind = &world.resources[place].kind;
    match scope {
        Scope::Type(one) => Some(one == kind),
        Scope::System(kinds) => Some(kinds.contains(kind)),
        Scope::Compartment(compartment, id, one) if one == kind => {
            in_compartment(world, place, compartment, id)
        }
        Scope::Compartment(..) => Some(false),
    }
}

/// Whether a resource is in the compartment of a type and an id.
pub fn in_compartment(world: &World, place: usize, compartment: &str, id: &str) -> Truth {
    let resource = &world.resources[place];
    let key = (compartment.to_owned(), resource.kind.clone());
    let codes = world.definitions.compartments.get(&key);
    let refers = |value: &Value| matches!(value, Value::Local(kind, one, _) if kind == compartment && one == id);
    let mut codes = codes.into_iter().flatten();
    if codes.any(|code| world.values(place, code).iter().any(refers)) {
        return Some(true);
    }
    // Whether what defines a compartment is in it without a parameter that says so is left open.
    let is_itself = resource.id == id && resource.kind == compartment;
    if is_itself { None } else { Some(false) }
}

/// Whether a condition holds for a resource.
pub fn holds(world: &World, place: usize, clause: &Clause, now: i128) -> Truth {
    if let Some(((kind, code), rest)) = clause.has.split_first() {
        let inner = Clause {
            has: rest.to_vec(),
            ..clause.clone()
        };
        let sources = world.of_kind(kind).iter();
        let refers = sources.filter(|source| world.targets(**source, code).contains(&place));
        return any(refers.map(|source| {
            let truth = holds(world, *source, &inner, now);
            followed(world, (*source, code), place, truth)
        }));
    }
    if let Some(((code, narrowed), rest)) = clause.chain.split_first() {
        let inner = Clause {
            chain: rest.to_vec(),
            ..clause.clone()
        };
        let fits = |target: &usize| {
            let kind = &world.resources[*target].kind;
            narrowed.as_ref().is_none_or(|one| one == kind)
        };
        let targets = world.led_to(place, code).into_iter().filter(fits);
        return any(targets.map(|target| {
            let truth = holds(world, target, &inner, now);
            followed(world, (place, code), target, truth)
        }));
    }
    own(world, place, clause, now)
}

/// What a reference says that is followed. Where it points at a type that it may not have, it is followed or not.
fn followed(world: &World, (source, code): (usize, &str), target: usize, truth: Truth) -> Truth {
    let parameter = world.definitions.find(&world.resources[source].kind, code);
    let targets = parameter.map_or(&[][..], |one| &one.targets);
    let may = targets.is_empty() || targets.contains(&world.resources[target].kind);
    truth.filter(|truth| may || !truth)
}

fn own(world: &World, place: usize, clause: &Clause, now: i128) -> Truth {
    if clause.code == "_list" {
        let lists = clause.values.iter().filter_map(|id| world.find("List", id));
        return Some(
            lists
                .into_iter()
                .any(|list| world.listed(list).contains(&place)),
        );
    }
    if let Some(filter) = &clause.filter {
        return super::filter::holds(world, place, filter, now);
    }
    if clause.code == "_text" {
        let json = &world.resources[place].json;
        let occurs = |raw: &String| super::narrative::holds(json, &unescaped(raw));
        return any(clause.values.iter().map(occurs));
    }
    if clause.code == "_content" {
        let json = &world.resources[place].json;
        let occurs = |raw: &String| super::content::holds(json, &unescaped(raw));
        return any(clause.values.iter().map(occurs));
    }
    let parameter = world
        .definitions
        .find(&world.resources[place].kind, &clause.code);
    let Some(parameter) = parameter else {
        return Some(false);
    };
    if parameter.kind == "composite" {
        return composite(world, place, clause, now);
    }
    let values = world.values(place, &clause.code);
    match clause.modifier.as_deref() {
        Some("missing") => {
            if values.contains(&Value::Unsaid) {
                return None;
            }
            Some(values.is_empty() == (clause.values == ["true"]))
        }
        modifier => {
            let is_not = modifier == Some("not");
            let modifier = modifier.filter(|_| !is_not);
            let passes = |raw: &String| {
                let comparison = Comparison {
                    reading: reading(world),
                    parameter,
                    modifier,
                    raw,
                    now,
                    is_filter: false,
                };
                any(values.iter().map(|value| comparison.passes(value)))
            };
            let found = any(clause.values.iter().map(passes));
            if is_not { not(found) } else { found }
        }
    }
}

fn reading(world: &World) -> Reading<'_> {
    world.reading()
}

/// `code$value`: below one element of the composite's own expression, every component passes its part.
fn composite(world: &World, place: usize, clause: &Clause, now: i128) -> Truth {
    let resource = &world.resources[place];
    let parameter = world.definitions.find(&resource.kind, &clause.code)?;
    let context = Context {
        definitions: &world.definitions,
        resource: &resource.json,
    };
    let Ok(Found::Nodes(groups)) = context.evaluate(&parameter.expression, &context.root()) else {
        return None;
    };
    any(clause.values.iter().map(|raw| {
        let raws = parts(raw, '$');
        if raws.len() != parameter.components.len() {
            return None;
        }
        any(groups.iter().map(|group| {
            let pairs = parameter.components.iter().zip(&raws);
            let truths = pairs.map(|((url, expression), raw)| {
                let component = world.definitions.parameters.get(url)?;
                let comparison = Comparison {
                    reading: reading(world),
                    parameter: component,
                    modifier: None,
                    raw,
                    now,
                    is_filter: false,
                };
                let values = world.below(&context, group, expression, &component.kind);
                any(values.iter().map(|value| comparison.passes(value)))
            });
            truths.fold(Some(true), and)
        }))
    }))
}

/// `latitude|longitude|distance|unit`, by the great circle; within a hundredth of the distance it is left open.
#[expect(
    clippy::float_arithmetic,
    reason = "angles and distances on a sphere, with a margin"
)]
pub fn near(raw: &str, value: &Value) -> Truth {
    use bigdecimal::ToPrimitive;
    let Value::Position(latitude, longitude) = value else {
        return Some(false);
    };
    let parts: Vec<String> = parts(raw, '|').iter().map(|part| unescaped(part)).collect();
    let degrees = |text: &String| decimal::read(text)?.to_f64();
    let (north, east) = (degrees(parts.first()?)?, degrees(parts.get(1)?)?);
    let distance = degrees(parts.get(2)?)?;
    let kilometres = match parts.get(3).map_or("km", String::as_str) {
        "km" | "" => distance,
        "m" => distance / 1000.0,
        "[mi_us]" | "[mi_i]" => distance * 1.609_344,
        _ => return None,
    };
    let (own_north, own_east) = (latitude.to_f64()?, longitude.to_f64()?);
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let cosines = north.to_radians().cos() * own_north.to_radians().cos();
    let chord = half(north, own_north) + cosines * half(east, own_east);
    let apart = 2.0 * 6371.0 * chord.sqrt().min(1.0).asin();
    if (apart - kilometres).abs() <= kilometres / 100.0 {
        return None;
    }
    Some(apart < kilometres)
}
