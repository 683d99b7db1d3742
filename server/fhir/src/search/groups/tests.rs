//! Composites inside a resource.

use bigdecimal::BigDecimal;

use super::*;
use crate::definitions::fixtures::definitions;
use crate::definitions::search_parameters::SearchType;
use crate::ids::ResourceType;
use crate::resource::Resource;
use crate::search::extract::ExtractLimits;
use crate::search::index_plan::fixtures::index_plan;
use crate::search::matches::ResourceFacts;
use crate::search::planner::{Handling, PlanLimits, Planner};
use crate::search::query::{Query, QueryLimits};
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
fn two_numbers_of_an_item_stand_beside_a_value_of_the_resource() {
    let check = |variants: &str, query: &str, is_found: bool| {
        let (Some(plan), Some(definitions)) = (index_plan(), definitions()) else {
            return;
        };
        let sequence = format!(
            r#"{{"resourceType":"MolecularSequence","coordinateSystem":0,
                "referenceSeq":{{"chromosome":{{"coding":[{{"system":"s","code":"1"}}]}},
                "referenceSeqId":{{"coding":[{{"code":"NC"}}]}}}},"variant":[{variants}]}}"#
        );
        let values = extracted(&sequence, 50_000).unwrap().unwrap();
        let planner = Planner {
            parameters: &definitions.search_parameters,
            index: plan,
            base_url: "http://here/fhir",
            now: "2024-01-11T00:00:00Z".parse().unwrap(),
            handling: Handling::Strict,
            limits: PlanLimits::default(),
            codes: None,
        };
        let query = Query::parse(query, QueryLimits::default()).unwrap();
        let sequence = ResourceType::parse("MolecularSequence").unwrap();
        let plan = planner.plan(&[sequence], &query).unwrap();
        let facts = ResourceFacts {
            resource_type: sequence,
            id: &"a".parse().unwrap(),
            last_updated: "2024-01-11T00:00:00Z".parse().unwrap(),
            values: &values,
        };
        assert_eq!(plan.matches(facts), Some(is_found), "{variants} {query:?}");
    };
    let two = r#"{"start":10,"end":20},{"start":30,"end":40}"#;
    check(two, "chromosome-variant-coordinate=1$10$20", true);
    check(two, "chromosome-variant-coordinate=s|1$10$20", true);
    check(two, "chromosome-variant-coordinate=2$10$20", false);
    check(two, "chromosome-variant-coordinate=1$10$40", false);
    check(two, "chromosome-variant-coordinate=1$ge30$le40", true);
    check(two, "chromosome-variant-coordinate=1$gt30$le40", false);
    check(two, "chromosome-variant-coordinate=1$lt25$gt25", false);
    check(two, "chromosome-variant-coordinate=1$lt35$gt35", true);
    check(two, "chromosome-variant-coordinate=1$ne10$ne40", false);
    check(two, "chromosome-variant-coordinate=1$sa9$eb21", true);
    check(two, "chromosome-variant-coordinate=1$ap31$ap41", true);
    check(two, "chromosome-variant-coordinate=1$ap31$ap21", false);
    check(two, "chromosome-variant-coordinate=1$5$6,1$30$40", true);
    check(two, "referenceseqid-variant-coordinate=NC$30$40", true);
    check(two, "referenceseqid-variant-coordinate=1$30$40", false);
    // As it is written, even where it ends before it begins.
    let reverse = r#"{"start":20,"end":10},{"start":15}"#;
    check(reverse, "chromosome-variant-coordinate=1$20$10", true);
    check(reverse, "chromosome-variant-coordinate=1$10$20", false);
    check(reverse, "chromosome-variant-coordinate=1$15$lt100", false);
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
                .map(|place| {
                    (
                        place,
                        hash::operand_seed(observation, component.search_type, place),
                    )
                })
                .map(|(place, seed)| match place {
                    "code" => hash::listed_seed(seed),
                    _ => seed,
                })
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
