//! Extraction from every official example, and what becomes of single values.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::fixtures::extractor;
use super::*;
use crate::definitions::fixtures::definitions;
use crate::definitions::structure::{TypeDefinition, TypeKind};
use crate::fixtures;
use crate::ids::ResourceType;
use crate::search::index_plan::ParameterSeed;
use crate::search::operand::syntax::operands;
use crate::search::operand::{Path, RootMembers, resolves_to};

/// Where R4's own parameters lead to a type that their search type cannot compare: parameter, type, and why.
const UNSUITED: [(&str, &str, &str); 6] = [
    (
        "CarePlan.activity-date",
        "string",
        "a schedule in words has no dates",
    ),
    (
        "Consent.source-reference",
        "Attachment",
        "the choice is not narrowed to Reference",
    ),
    (
        "Immunization.date",
        "string",
        "an occurrence in words has no date",
    ),
    ("Procedure.date", "string", "a time in words has no date"),
    ("Procedure.date", "Age", "an age is no date"),
    ("Procedure.date", "Range", "a range of ages is no date"),
];

/// Parameters whose expression yields whole resources; they are for chains, and refused as plain references.
const YIELD_RESOURCES: [&str; 2] = ["Bundle.composition", "Bundle.message"];

#[test]
fn r4_leads_to_unsuitable_types_only_where_this_list_says() {
    let Some(definitions) = definitions() else {
        return;
    };
    let plan = IndexPlan::compile(definitions).unwrap();
    let found: Vec<(&str, &str)> = plan
        .unsuited()
        .iter()
        .map(|(parameter, kind)| (&**parameter, &**kind))
        .collect();
    let expected: Vec<(&str, &str)> = UNSUITED.map(|(one, kind, _)| (one, kind)).to_vec();
    assert_eq!(found, expected);
    assert_eq!(
        plan.codes(ResourceType::parse("Patient").unwrap()).count(),
        27
    );
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test measures")]
fn every_example_is_indexed() {
    let Some(definitions) = definitions() else {
        return;
    };
    let plan = IndexPlan::compile(definitions).unwrap();
    let extractor = extractor(&plan, definitions);
    let mut present: BTreeMap<String, usize> = BTreeMap::new();
    let mut times: Times = BTreeMap::new();
    let found = fixtures::examples(|name, bytes| {
        let Ok(resource) = Resource::parse(bytes) else {
            return;
        };
        let kind = resource.resource_type();
        let extracted = extractor.extract_telling(&resource, &mut |parameter, found| {
            let parameter = format!("{kind}.{}", parameter.code);
            assert!(
                YIELD_RESOURCES.contains(&&*parameter),
                "{name}: {parameter} yields {found}"
            );
        });
        let values = extracted.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(values.tokens.is_sorted_by(|one, next| one < next), "{name}");
        for parameter in &plan.types[&kind].parameters {
            let has = |seed: &ParameterSeed| {
                let present = hash::present(seed.own());
                values.tokens.binary_search(&present).is_ok()
            };
            let has = parameter.seeds.iter().any(has);
            *present
                .entry(format!("{kind}.{}", parameter.code))
                .or_default() += usize::from(has);
        }
        // The best of three: other tests run beside this one.
        let best = (0..3).map(|_| {
            let begin = Instant::now();
            let again = extractor.extract(&resource).unwrap();
            let elapsed = begin.elapsed();
            assert_eq!(again, values, "{name}");
            elapsed
        });
        let time = times.entry(kind).or_default();
        *time = (
            time.0 + 1,
            time.1 + best.min().unwrap(),
            time.2 + values.tokens.len(),
        );
    });
    assert!(found);
    print_counts(&times, &present);
    for parameter in [
        "Observation.code",
        "Patient.family",
        "Encounter.date",
        "Bundle.type",
    ] {
        assert!(present[parameter] > 0, "{parameter}");
    }
}

type Times = BTreeMap<ResourceType, (u32, Duration, usize)>;

fn print_counts(times: &Times, present: &BTreeMap<String, usize>) {
    for (kind, (count, time, tokens)) in times {
        let mean = *time / *count;
        println!(
            "{kind}: {count} examples, {mean:?} and {} elements each",
            tokens / *count as usize
        );
    }
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (parameter, count) in present.iter().filter(|one| *one.1 > 0) {
        let (kind, code) = parameter.split_once('.').unwrap();
        lines
            .entry(kind)
            .or_default()
            .push(format!("{code} {count}"));
    }
    for (kind, counts) in lines {
        println!("{kind}: examples with a value: {}", counts.join(", "));
    }
    let used = present.values().filter(|count| **count > 0).count();
    println!(
        "{} parameters of types, {used} with a value in some example",
        present.len()
    );
}

/// The walk that is fast and the evaluator that is complete must agree, or one of them is wrong.
#[test]
fn walked_paths_and_evaluated_expressions_lead_to_the_same_values() {
    let Some(definitions) = definitions() else {
        return;
    };
    let structures = &definitions.structures;
    let mut compiled: BTreeMap<ResourceType, Vec<(Expression, Path)>> = BTreeMap::new();
    for resource_type in ResourceType::all() {
        let type_id = structures.by_name(resource_type.name()).unwrap();
        let all = definitions.search_parameters.for_type(resource_type);
        for text in all.filter_map(|parameter| parameter.expression.as_deref()) {
            for operand in operands(text).unwrap_or_default() {
                if let Ok((path, _)) = Path::compile(operand, type_id, structures) {
                    let pair = (Expression::parse(operand).unwrap(), path);
                    compiled.entry(resource_type).or_default().push(pair);
                }
            }
        }
    }
    let mut compared = 0;
    fixtures::examples(|name, bytes| {
        let Ok(resource) = Resource::parse(bytes) else {
            return;
        };
        let environment = Environment::new(structures);
        let members = RootMembers::of(resource.root());
        for (expression, path) in &compiled[&resource.resource_type()] {
            let mut walked = BTreeSet::new();
            path.visit(&members, &mut |value, type_id| {
                let asked = path.resolves_to();
                if asked.is_none_or(|target| resolves_to(value, &members, target)) {
                    walked.insert((value.index(), type_id));
                }
            });
            let root = Node::resource(resource.root(), structures).unwrap();
            let items = evaluate(expression, Item::Node(root), &environment).unwrap();
            let nodes = items.into_iter().filter_map(|item| item.node());
            let evaluated: BTreeSet<_> = nodes
                .filter_map(|node| Some((node.value?.index(), node.type_id)))
                .collect();
            compared += walked.len();
            // A union of equal values keeps one of them; an operand alone keeps all.
            assert_eq!(walked, evaluated, "{name}: {expression}");
        }
    });
    println!("{compared} values are led to by both");
    assert!(compared > 10_000);
}

#[test]
fn every_literal_reference_of_the_resource_itself_is_marked() {
    let Some(definitions) = definitions() else {
        return;
    };
    let plan = IndexPlan::compile(definitions).unwrap();
    let extractor = extractor(&plan, definitions);
    let check = |text: &str, expected: &str| {
        let resource = Resource::parse(text.to_owned()).unwrap();
        let values = extractor.extract(&resource).unwrap();
        let keys: Vec<String> = values.references.iter().map(ToString::to_string).collect();
        assert_eq!(keys.join(" "), expected, "{text}");
        for key in &values.references {
            let element = hash::reference(hash::ANY_REFERENCE, hash::key_hash(key));
            assert!(values.tokens.contains(&element), "{text}: {key}");
        }
    };
    check(
        r##"{"resourceType":"Observation","subject":{"reference":"Patient/1"},
        "performer":[{"reference":"http://here/fhir/Practitioner/2/_history/3"},{"reference":"Patient/1"},
        {"reference":"http://there/fhir/Practitioner/3"},{"reference":"#p"},{"display":"Patient/4"}],
        "extension":[{"url":"x","valueReference":{"reference":"Group/5"}}],
        "contained":[{"resourceType":"Patient","id":"p","link":[{"other":{"reference":"Patient/6"}}]}]}"##,
        "Group/5 Patient/1 Patient/6 Practitioner/2",
    );
    // A uri of that name is no reference.
    check(
        r#"{"resourceType":"DetectedIssue","reference":"Patient/1"}"#,
        "",
    );
    check(
        r#"{"resourceType":"PlanDefinition","goal":[{"_x":{"language":"text/cql","reference":"Library/1"}}]}"#,
        "",
    );
    check(
        r#"{"resourceType":"Bundle","type":"document","entry":[{"resource":{"resourceType":"Observation",
        "subject":{"reference":"Patient/1"}}}],
        "extension":[{"url":"x","valueReference":{"reference":"Group/5"}}]}"#,
        "Group/5",
    );
    check(
        r#"{"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Observation",
        "subject":{"reference":"Patient/1"}}},{"name":"b","valueReference":{"reference":"Group/5"}}]}"#,
        "Group/5",
    );
}

/// The walk over references knows a Reference by the names of its members.
#[test]
fn a_text_named_reference_is_a_reference_or_one_of_these() {
    let Some(definitions) = definitions() else {
        return;
    };
    let structures = &definitions.structures;
    let is_text = |definition: &TypeDefinition| {
        let members = definition.member("reference").into_iter();
        members
            .map(|(_, one)| structures.get(one.type_id))
            .any(|one| one.kind == TypeKind::Primitive)
    };
    let all = structures.all().map(|(_, definition)| definition);
    let named: Vec<&str> = all
        .filter(|one| is_text(one))
        .map(|one| &*one.name)
        .collect();
    let known = [
        "DetectedIssue",
        "Expression",
        "Immunization.education",
        "Reference",
    ];
    assert_eq!(named, known);
}

#[test]
fn the_types_that_are_contained_are_elements() {
    let Some(definitions) = definitions() else {
        return;
    };
    let plan = IndexPlan::compile(definitions).unwrap();
    let extractor = extractor(&plan, definitions);
    let check = |text: &str, expected: &[&str]| {
        let values = extractor.extract(&Resource::parse(text.to_owned()).unwrap());
        let values = values.unwrap();
        let found: Vec<&str> = ResourceType::all()
            .filter(|one| values.tokens.contains(&hash::contains(*one)))
            .map(ResourceType::name)
            .collect();
        assert_eq!(found, expected, "{text}");
    };
    check(
        r#"{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p"},
        {"resourceType":"Device","id":"d"},{"resourceType":"Patient","id":"q"}]}"#,
        &["Device", "Patient"],
    );
    check(
        r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation",
        "contained":[{"resourceType":"Patient","id":"p"}]}}]}"#,
        &[],
    );
    check(
        r#"{"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Patient"}}]}"#,
        &[],
    );
}

#[test]
fn a_contained_resource_knows_its_siblings() {
    let Some(definitions) = definitions() else {
        return;
    };
    let plan = IndexPlan::compile(definitions).unwrap();
    let extractor = extractor(&plan, definitions);
    let container = r##"{"resourceType":"DiagnosticReport","contained":[
        {"resourceType":"Observation","id":"o","subject":{"reference":"#p"},"encounter":{"reference":"#"}},
        {"resourceType":"Patient","id":"p","name":[{"family":"Sibling"}]}]}"##;
    let container = Resource::parse(container.to_owned()).unwrap();
    let observation = container.get("contained").unwrap().items().next().unwrap();
    let observation = Resource::parse(observation.raw().to_owned()).unwrap();
    let values = extractor
        .extract_contained(&observation, &container)
        .unwrap();
    let has = |code: &str| {
        let seeds = plan.seeds(observation.resource_type(), code).iter();
        let mut present = seeds.map(|seed| hash::present(seed.own()));
        present.any(|element| values.tokens.contains(&element))
    };
    assert!(has("patient"));
    assert!(has("encounter"));
    assert!(!has("performer"));
    // What they say and contain is theirs.
    assert!(!values.content.contains("sibling"));
    assert!(
        !values
            .tokens
            .contains(&hash::contains(container.resource_type()))
    );
    let patient = ResourceType::parse("Patient").unwrap();
    assert!(!values.tokens.contains(&hash::contains(patient)));
}
