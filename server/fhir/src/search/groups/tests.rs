//! Composites inside a resource.

use bigdecimal::BigDecimal;

use super::*;
use crate::definitions::fixtures::definitions;
use crate::definitions::search_parameters::SearchType;
use crate::ids::ResourceType;
use crate::resource::Resource;
use crate::search::extract::ExtractLimits;
use crate::search::index_plan::fixtures::index_plan;
use crate::search::ucum;

const PRESSURE: &str = r#"{"resourceType":"Observation","code":{"coding":[{"system":"s","code":"bp"}]},
    "component":[
        {"code":{"coding":[{"system":"s","code":"high"}]},"valueQuantity":{"value":120,"unit":"mmHg",
            "system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
        {"code":{"coding":[{"system":"s","code":"low"}]},"valueQuantity":{"value":80,"unit":"mmHg"}},
        {"code":{"coding":[{"system":"s","code":"arm"}]},"valueCodeableConcept":{"coding":[{"code":"left"}]}}]}"#;

fn extracted(text: &str, values_max: usize) -> Option<Result<IndexValues, ExtractError>> {
    let extractor = Extractor {
        plan: index_plan()?,
        definitions: definitions()?,
        base_url: "http://here/fhir",
        limits: ExtractLimits {
            values_max,
            ..ExtractLimits::default()
        },
    };
    Some(extractor.extract(&Resource::parse(text.to_owned()).unwrap()))
}

fn group(code: &str) -> i64 {
    let observation = ResourceType::parse("Observation").unwrap();
    let plan = index_plan().and_then(|plan| plan.composite(observation, code));
    let [group] = plan.unwrap().groups[..] else {
        panic!("{code}: {plan:?}");
    };
    group
}

#[test]
fn values_of_one_component_are_found_together_and_others_are_not() {
    let Some(values) = extracted(PRESSURE, 50_000) else {
        return;
    };
    let values = values.unwrap();
    let seed = group("component-code-value-quantity");
    assert_eq!(seed, group("combo-code-value-quantity"));
    let found = |code: i64, value: i64| {
        let parameter = hash::group_value(seed, 0, code);
        let value = BigDecimal::from(value);
        let rows = values.numbers.iter().filter(|row| row.lower == value);
        rows.filter(|row| row.parameter == parameter).count()
    };
    let forms = |code: &str| {
        [
            hash::code(0, code),
            hash::token(0, "s", code),
            hash::system(0, "s"),
        ]
    };
    for form in forms("high") {
        assert_eq!(found(form, 120), 1);
    }
    assert_eq!(found(hash::code(0, "high"), 80), 0);
    assert_eq!(found(hash::code(0, "low"), 80), 1);
    assert_eq!(found(hash::code(0, "bp"), 120), 0);
    assert_eq!(found(hash::code_without_system(0, "low"), 80), 0);
    let (pascals, unit) = ucum::canonical(&120.into(), "mm[Hg]").unwrap();
    let high = hash::group_value(seed, 0, hash::code(0, "high"));
    let parameter = hash::canonical_seed(high, &unit);
    let canonical = values.numbers.iter().find(|row| row.parameter == parameter);
    assert_eq!(canonical.unwrap().lower, pascals);

    let seed = group("component-code-value-concept");
    let has = |code: &str, value: &str| {
        let element = hash::group_pair(seed, hash::code(0, code), hash::code(0, value));
        values.tokens.binary_search(&element).is_ok()
    };
    assert!(has("arm", "left"));
    assert!(!has("left", "arm"));
    assert!(!has("high", "left"));
}

#[test]
fn pairs_are_counted_before_they_are_made() {
    let codings = |count: usize| {
        let codings = (0..count).map(|number| format!(r#"{{"system":"s","code":"c{number}"}}"#));
        codings.collect::<Vec<_>>().join(",")
    };
    let text = |count: usize| {
        let list = codings(count);
        format!(
            r#"{{"resourceType":"Observation","component":[{{"code":{{"coding":[{list}]}},
            "valueCodeableConcept":{{"coding":[{list}]}}}}]}}"#
        )
    };
    let Some(few) = extracted(&text(10), 2_000) else {
        return;
    };
    assert!(few.is_ok());
    let many = extracted(&text(100), 2_000).unwrap();
    assert!(
        matches!(many, Err(ExtractError::TooMany { .. })),
        "{many:?}"
    );
}

#[test]
fn a_composite_of_the_whole_resource_has_the_seeds_of_its_own_parts() {
    let Some(plan) = index_plan() else {
        return;
    };
    let observation = ResourceType::parse("Observation").unwrap();
    let check = |code: &str, places: [&str; 2]| {
        let composite = plan.composite(observation, code).unwrap();
        assert!(composite.on_resource, "{code}");
        for (component, place) in composite.components.iter().zip(places) {
            let seeds: Vec<i64> = component.seeds.iter().map(|one| one.seed).collect();
            let mut expected: Vec<i64> = place
                .split('|')
                .map(|place| hash::operand_seed(observation, component.search_type, place))
                .collect();
            expected.sort_unstable();
            assert_eq!(seeds, expected, "{code}");
        }
    };
    check("code-value-quantity", ["code", "valueQuantity"]);
    check("combo-code-value-quantity", ["code", "valueQuantity"]);
    check("code-value-string", ["code", "valueString"]);
    check("code-value-concept", ["code", "valueCodeableConcept"]);
    let code = plan.composite(observation, "code-value-quantity").unwrap();
    assert_eq!(code.components[1].search_type, SearchType::Quantity);
    assert!(code.groups.is_empty());
    let inside = plan
        .composite(observation, "component-code-value-quantity")
        .unwrap();
    assert!(!inside.on_resource && inside.groups.len() == 1);
    assert!(inside.components.iter().all(|one| one.seeds.is_empty()));
}
