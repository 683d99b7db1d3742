//! Every search parameter of R4: how it is compiled, and how many of the official examples it finds values in.

use std::collections::BTreeMap;

use crate::definitions::fixtures::definitions;
use crate::definitions::search_parameters::SearchType;
use crate::fixtures;
use crate::ids::ResourceType;
use crate::resource::Resource;
use crate::search::extract::{ExtractLimits, Extractor};
use crate::search::hash;
use crate::search::index_plan::fixtures::index_plan;
use crate::search::index_plan::{Group, IndexedParameter, ParameterSeed, Source, TypePlan};
use crate::search::index_values::IndexValues;
use crate::search::operand::RootMembers;

/// Parameters that the plan does not have, and why. `*` is every type.
const ELSEWHERE: [(&str, &str); 6] = [
    ("*._id", "the store keys its rows by it"),
    (
        "*._lastUpdated",
        "the store has the instant of every version",
    ),
    (
        "*._content",
        "special: words of the resource, not an expression",
    ),
    (
        "*._text",
        "special: words of the narrative, not an expression",
    ),
    ("*._filter", "special: a query of its own"),
    ("*._query", "special: named queries, which are refused"),
];

/// Composites of R4 that are not indexed, and why.
const NOT_INDEXED: [(&str, &str, &str); 2] = [
    (
        "DocumentReference.relationship",
        "a reference cannot hold the code of 'code'",
        "R4 has the definitions of its two components exchanged",
    ),
    (
        "Observation.code-value-date",
        "'value.as(DateTime)' names no element or type",
        "R4 misspells dateTime",
    ),
];

/// Most elements an Observation of the examples may have on average: what writes cost.
const OBSERVATION_ELEMENTS: usize = 38;

#[test]
fn every_parameter_is_compiled_or_listed_with_the_reason() {
    let (Some(definitions), Some(plan)) = (definitions(), index_plan()) else {
        return;
    };
    let found: Vec<(&str, &str)> = plan
        .not_indexed()
        .iter()
        .map(|(name, reason)| (&**name, &**reason))
        .collect();
    let expected: Vec<(&str, &str)> = NOT_INDEXED.iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(found, expected);
    for resource_type in ResourceType::all() {
        for parameter in definitions.search_parameters.for_type(resource_type) {
            let name = format!("{resource_type}.{}", parameter.code);
            let everywhere = format!("*.{}", parameter.code);
            let is_elsewhere = ELSEWHERE.iter().any(|one| one.0 == everywhere);
            let is_left_out = NOT_INDEXED.iter().any(|one| one.0 == name);
            match plan.parameter(resource_type, &parameter.code) {
                Some(compiled) => {
                    assert!(!is_elsewhere && !is_left_out, "{name}");
                    let type_plan = &plan.types[&resource_type];
                    assert!(!form(type_plan, compiled).is_empty(), "{name}");
                }
                None => assert!(is_elsewhere || is_left_out, "{name} is not compiled"),
            }
        }
    }
}

/// How a parameter is compiled, as one text.
fn form(plan: &TypePlan, parameter: &IndexedParameter) -> String {
    let mut forms: Vec<String> = Vec::new();
    let mut kind = "";
    for seed in &parameter.seeds {
        let operand = plan.operands.iter().find(|one| one.seed == seed.seed);
        let target = seed.target.map(|one| format!(" to {one}"));
        let operand = operand.unwrap();
        if operand.search_type == SearchType::Special {
            kind = "special ";
        }
        forms.push(match &operand.source {
            Source::Path { path, .. } => {
                format!("path {}{}", path.place(), target.unwrap_or_default())
            }
            Source::Expression(expression) => format!("expression {expression}"),
        });
    }
    if let Some(composite) = &parameter.composite {
        let codes: Vec<&str> = composite.components.iter().map(|one| &*one.code).collect();
        let whole = if composite.on_resource {
            " together"
        } else {
            ""
        };
        let groups = composite.groups.len();
        forms.push(format!(
            "composite {}{whole}, {groups} groups",
            codes.join(" $ ")
        ));
    }
    format!("{kind}{}", forms.join(" | "))
}

/// What the examples have: parameters by name, with how many examples have a value, and per type the number of examples,
/// of their elements, and of those that are pairs of composites.
#[derive(Default)]
struct Tally {
    parameters: BTreeMap<String, usize>,
    types: BTreeMap<ResourceType, (usize, usize, usize)>,
}

impl Tally {
    fn add(&mut self, extractor: &Extractor<'_>, resource: &Resource) {
        let resource_type = resource.resource_type();
        let values = extractor.extract(resource).unwrap();
        let plan = &extractor.plan.types[&resource_type];
        let pairs = grouped(extractor, resource, plan.groups.iter())
            .tokens
            .len();
        let sums = self.types.entry(resource_type).or_default();
        *sums = (sums.0 + 1, sums.1 + values.tokens.len(), sums.2 + pairs);
        for parameter in &plan.parameters {
            let name = format!("{resource_type}.{}", parameter.code);
            let has = has(extractor, resource, plan, parameter, &values);
            *self.parameters.entry(name).or_default() += usize::from(has);
        }
    }
}

/// Whether a resource has a value of a parameter.
fn has(
    extractor: &Extractor<'_>,
    resource: &Resource,
    plan: &TypePlan,
    parameter: &IndexedParameter,
    values: &IndexValues,
) -> bool {
    let has = |seed: &ParameterSeed| {
        let present = hash::present(seed.own());
        values.tokens.binary_search(&present).is_ok()
    };
    let Some(composite) = &parameter.composite else {
        return parameter.seeds.iter().any(has);
    };
    let mut components = composite.components.iter();
    if composite.on_resource && components.all(|one| one.seeds.iter().any(has)) {
        return true;
    }
    // The elements of pairs say nothing of what they are pairs of: each group is extracted alone.
    let groups = plan.groups.iter();
    let groups = groups.filter(|one| composite.groups.contains(&one.seed));
    let alone = grouped(extractor, resource, groups);
    !(alone.tokens.is_empty() && alone.numbers.is_empty())
}

fn grouped<'g>(
    extractor: &Extractor<'_>,
    resource: &Resource,
    groups: impl Iterator<Item = &'g Group>,
) -> IndexValues {
    let members = RootMembers::of(resource.root());
    let mut alone = IndexValues::default();
    for group in groups {
        extractor.group(&members, group, &mut alone).unwrap();
    }
    alone.normalise();
    alone
}

#[test]
fn the_examples_have_values_of_these_parameters() {
    let (Some(definitions), Some(plan)) = (definitions(), index_plan()) else {
        return;
    };
    let extractor = Extractor {
        plan,
        definitions,
        base_url: "http://here/fhir",
        limits: ExtractLimits::default(),
    };
    let mut tally = Tally::default();
    fixtures::examples(|_, bytes| {
        if let Ok(resource) = Resource::parse(bytes) {
            tally.add(&extractor, &resource);
        }
    });
    for resource_type in ResourceType::all() {
        for parameter in &plan.types[&resource_type].parameters {
            let name = format!("{resource_type}.{}", parameter.code);
            let count = tally.parameters.get(&name).copied().unwrap_or_default();
            let form = form(&plan.types[&resource_type], parameter);
            println!("{name}: {form}: {count} examples");
        }
    }
    let used = |code: &str| {
        tally
            .parameters
            .values()
            .zip(tally.parameters.keys())
            .any(|(count, name)| *count > 0 && name.ends_with(&format!(".{code}")))
    };
    // One of each search type, of each form.
    for code in [
        "code",
        "patient",
        "date",
        "url",
        "family",
        "probability",
        "value-quantity",
        "near",
        "combo-code-value-quantity",
        "component-code-value-quantity",
        "context-type-value",
        "context-type-quantity",
        "code-value-concept",
        "deceased",
        "phone",
    ] {
        assert!(used(code), "no example has a value of {code}");
    }
    let observation = ResourceType::parse("Observation").unwrap();
    let (examples, elements, pairs) = tally.types[&observation];
    let plain = (elements - pairs) / examples;
    println!(
        "an Observation has {plain} elements on average, and {} pairs of composites",
        pairs / examples
    );
    assert!(plain < OBSERVATION_ELEMENTS);
}
