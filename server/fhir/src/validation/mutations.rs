//! Valid examples with one thing broken: what is broken is found.

use std::collections::BTreeMap;

use super::Validator;
use crate::definitions::Definitions;
use crate::definitions::fixtures::definitions;
use crate::definitions::structure::{BindingStrength, Shape, TypeDefinition};
use crate::fixtures;
use crate::json::edit::Splices;
use crate::json::{Kind, Value};
use crate::path::Node;
use crate::resource::Resource;

/// One broken text: how it is broken, and the text.
type Mutation = (&'static str, String);

/// Changes a value of a resource.
fn replaced(resource: &Resource, value: Value<'_>, text: &str) -> String {
    let mut splices = Splices::default();
    splices.replace(value, text);
    splices.apply(resource.text())
}

/// Adds a member in front of the others of an object that has some.
fn added(resource: &Resource, object: Value<'_>, member: &str) -> String {
    let raw = object.raw();
    let inner = raw.strip_prefix('{').unwrap();
    replaced(resource, object, &format!("{{{member},{inner}"))
}

/// The object without a member.
fn without(resource: &Resource, object: Value<'_>, name: &str) -> String {
    let rest: Vec<String> = object
        .members()
        .filter(|(member, _)| member.trim_start_matches('_') != name)
        .map(|(member, value)| format!("\"{member}\":{}", value.raw()))
        .collect();
    replaced(resource, object, &format!("{{{}}}", rest.join(",")))
}

/// Breaks an object and everything below it in every way that is known to be wrong.
fn mutate(
    resource: &Resource,
    (object, definition): (Value<'_>, &TypeDefinition),
    definitions: &Definitions,
    found: &mut Vec<Mutation>,
) {
    let structures = &definitions.structures;
    found.push((
        "extra element",
        added(resource, object, "\"nobodyKnows\":1"),
    ));
    for element in &definition.elements {
        let name = element
            .types
            .iter()
            .map(|one| &*one.json_name)
            .find(|name| object.get(name).is_some());
        if let Some(name) = name.filter(|_| element.min > 0) {
            found.push(("required element", without(resource, object, name)));
        }
    }
    for (name, value) in object.members() {
        let Some((element, chosen)) = definition.member(&name) else {
            continue;
        };
        let wrong = match value.kind() {
            Kind::Object | Kind::Array => "true",
            _ => "{}",
        };
        found.push(("wrong type", replaced(resource, value, wrong)));
        let required = element.binding.as_ref().is_some_and(|binding| {
            binding.strength == BindingStrength::Required
                && definitions
                    .code_sets
                    .by_url(&binding.value_set)
                    .is_some_and(|set| !set.is_open && !set.has_code("no-such-code"))
        });
        let shape = structures.get(chosen.type_id).shape;
        for item in value.each() {
            if required && item.kind() == Kind::String {
                found.push(("wrong code", replaced(resource, item, "\"no-such-code\"")));
            }
            if shape == Shape::Reference
                && let Some(reference) = item.get("reference")
            {
                found.push((
                    "broken reference",
                    replaced(resource, reference, "\"#nowhere\""),
                ));
            }
            if item.kind() == Kind::Object {
                let below = Node::resource(item, structures)
                    .filter(|_| shape == Shape::AnyResource)
                    .map_or(chosen.type_id, |node| node.type_id);
                mutate(resource, (item, structures.get(below)), definitions, found);
            }
        }
    }
    invariants(resource, object, definition, found);
}

/// Breaks rules that hold of common types.
fn invariants(
    resource: &Resource,
    object: Value<'_>,
    definition: &TypeDefinition,
    found: &mut Vec<Mutation>,
) {
    let mut add = |member: &str| found.push(("violated rule", added(resource, object, member)));
    let lacks = |names: &[&str]| names.iter().all(|name| object.get(name).is_none());
    match &*definition.name {
        "Period" if lacks(&["end"]) && object.get("start").is_some() => add("\"end\":\"1000\""),
        "Quantity" if lacks(&["code", "system"]) => add("\"code\":\"no-system\""),
        "Attachment" if lacks(&["data", "contentType"]) => add("\"data\":\"AAAA\""),
        "Observation"
            if lacks(&["dataAbsentReason"])
                && object.members().any(|(name, _)| name.starts_with("value")) =>
        {
            add("\"dataAbsentReason\":{\"text\":\"obs-6\"}");
        }
        "Patient" if lacks(&["contact"]) => add("\"contact\":[{\"gender\":\"male\"}]"),
        "ContactPoint" if lacks(&["system"]) => {}
        "ContactPoint" => found.push(("violated rule", without(resource, object, "system"))),
        _ => {}
    }
}

#[test]
fn what_is_broken_is_found() {
    let Some(definitions) = definitions() else {
        return;
    };
    let validator = Validator::new(definitions);
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    let mut examples = 0;
    fixtures::examples(|name, bytes| {
        let is_definition = [
            "StructureDefinition",
            "SearchParameter",
            "ValueSet",
            "CodeSystem",
        ]
        .iter()
        .any(|kind| name.starts_with(kind));
        // One example in nine is enough to say how many in a hundred are found.
        examples += usize::from(!is_definition);
        if is_definition || bytes.len() > 6_000 || examples % 9 != 0 {
            return;
        }
        let resource = Resource::parse(bytes).unwrap();
        if !validator.validate(&resource, &[]).is_valid() {
            return;
        }
        let node = Node::resource(resource.root(), &definitions.structures).unwrap();
        let definition = definitions.structures.get(node.type_id);
        let mut mutations = Vec::new();
        mutate(
            &resource,
            (resource.root(), definition),
            definitions,
            &mut mutations,
        );
        for (kind, text) in mutations {
            let count = counts.entry(kind).or_default();
            count.0 += 1;
            let is_found = match Resource::parse(text.clone()) {
                Ok(broken) => !validator.validate(&broken, &[]).is_valid(),
                Err(_) => true,
            };
            if is_found {
                count.1 += 1;
            } else {
                missed.push(format!("{name}: {kind}"));
            }
        }
    });
    let (all, found) = counts
        .values()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{all} mutations, {found} found: {counts:?}");
    for one in missed.iter().take(20) {
        println!("    missed {one}");
    }
    assert!(found * 100 >= all * 99, "{found} of {all}");
    assert!(counts.len() == 6 && all > 2_000, "{counts:?}");
}
