//! What becomes of numbers, quantities and positions, written as resources.

use proptest::prelude::*;

use super::*;
use crate::definitions::fixtures::definitions;
use crate::definitions::search_parameters::SearchType;
use crate::ids::ResourceType;
use crate::resource::Resource;
use crate::search::extract::{ExtractLimits, Extractor};
use crate::search::index_plan::fixtures::index_plan;
use crate::search::index_values::IndexValues;

/// `None` where the definitions are absent.
fn extracted(text: &str) -> Option<Result<IndexValues, ExtractError>> {
    let extractor = Extractor {
        plan: index_plan()?,
        definitions: definitions()?,
        base_url: "http://here/fhir",
        limits: ExtractLimits::default(),
    };
    let resource = Resource::parse(text.to_owned());
    Some(extractor.extract(&resource.unwrap_or_else(|fault| panic!("{text}: {fault}"))))
}

/// Numbers as `lower..upper` or `value`, each under `given` or the name of its canonical unit.
fn shown(values: &IndexValues, seed: i64) -> Vec<String> {
    let names = ["m-3g1", "m-3", "s1", "s-1", "K1", ""];
    let bound = |one: &BigDecimal| match one {
        one if *one == open_end() => "max".to_owned(),
        one if *one == -open_end() => "min".to_owned(),
        one => one.normalized().to_plain_string(),
    };
    let show = |row: &NumberValue| {
        let place = if row.parameter == seed {
            "given"
        } else {
            let is_of = |name: &&str| hash::canonical_seed(seed, name) == row.parameter;
            names.into_iter().find(is_of)?
        };
        Some(match row.lower == row.upper {
            true => format!("{place} {}", bound(&row.lower)),
            false => format!("{place} {}..{}", bound(&row.lower), bound(&row.upper)),
        })
    };
    let mut shown: Vec<String> = values.numbers.iter().filter_map(show).collect();
    shown.sort();
    shown
}

fn seed(name: &str, search_type: SearchType, place: &str) -> i64 {
    hash::operand_seed(ResourceType::parse(name).unwrap(), search_type, place)
}

#[test]
fn quantities_are_indexed_as_given_and_in_canonical_units() {
    let check = |member: &str, value: &str, expected: &[&str]| {
        let text = format!(r#"{{"resourceType":"Observation","{member}":{value}}}"#);
        if let Some(values) = extracted(&text) {
            let seed = seed("Observation", SearchType::Quantity, member);
            assert_eq!(shown(&values.unwrap(), seed), expected, "{value}");
        }
    };
    let ucum = "\"system\":\"http://unitsofmeasure.org\",\"code\"";
    let quantity = |value: &str, expected: &[&str]| check("valueQuantity", value, expected);
    quantity(
        &format!(r#"{{"value":5.40,"unit":"mg",{ucum}:"mg/dL"}}"#),
        &["given 5.4", "m-3g1 54"],
    );
    quantity(
        &format!(r#"{{"value":20,"comparator":"<",{ucum}:"/min"}}"#),
        &["given min..20", "s-1 min..0.333333333333333333333333"],
    );
    quantity(
        r#"{"value":20,"comparator":">=","unit":"x"}"#,
        &["given 20..max"],
    );
    quantity(r#"{"value":1e3}"#, &["given 1000"]);
    quantity(&format!(r#"{{"value":7.4,{ucum}:"[pH]"}}"#), &["given 7.4"]);
    quantity(r#"{"unit":"mg"}"#, &[]);
    let sampled = |value: &str, expected: &[&str]| check("valueSampledData", value, expected);
    let origin = format!(r#"{{"resourceType":"x","origin":{{"value":1,{ucum}:"s"}}"#);
    let origin = origin.replace(r#""resourceType":"x","#, "");
    sampled(
        &format!(r#"{origin},"data":"3 -1 E 2.5"}}"#),
        &["given 0..4", "s1 0..4"],
    );
    sampled(
        &format!(r#"{origin},"factor":-2,"data":"3 L 1"}}"#),
        &["given -5..max", "s1 -5..max"],
    );
    sampled(&format!(r#"{origin},"data":"E U"}}"#), &[]);
    sampled(&format!(r#"{origin}}}"#), &[]);
}

#[test]
fn ranges_money_numbers_and_positions_are_indexed() {
    let check = |text: &str, search_type: SearchType, place: &str, expected: &[&str]| {
        if let Some(values) = extracted(text) {
            let name = text.split('"').nth(3).unwrap();
            let seed = seed(name, search_type, place);
            assert_eq!(shown(&values.unwrap(), seed), expected, "{text}");
        }
    };
    let range = |range: &str, expected: &[&str]| {
        let text = format!(r#"{{"resourceType":"Condition","onsetRange":{range}}}"#);
        check(&text, SearchType::Quantity, "onsetRange", expected);
    };
    let ucum = "\"system\":\"http://unitsofmeasure.org\",\"code\"";
    range(
        &format!(r#"{{"low":{{"value":1,{ucum}:"h"}},"high":{{"value":2,{ucum}:"h"}}}}"#),
        &["given 1..2", "s1 3600..7200"],
    );
    range(
        &format!(r#"{{"low":{{"value":1,{ucum}:"min"}},"high":{{"value":2,{ucum}:"h"}}}}"#),
        &["s1 60..7200"],
    );
    range(
        r#"{"low":{"value":1,"unit":"a"},"high":{"value":2,"unit":"b"}}"#,
        &[],
    );
    range(r#"{"low":{"value":1,"unit":"a"}}"#, &["given 1..max"]);
    range(r#"{"high":{"value":1}}"#, &["given min..1"]);
    range("{}", &[]);
    check(
        r#"{"resourceType":"Invoice","totalNet":{"value":12.50,"currency":"EUR"}}"#,
        SearchType::Quantity,
        "totalNet",
        &["given 12.5"],
    );
    check(
        r#"{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.25},
        {"probabilityRange":{"low":{"value":10},"high":{"value":20}}}]}"#,
        SearchType::Number,
        "prediction.probabilityDecimal/probabilityRange",
        &["given 0.25", "given 10..20"],
    );
    let near = r#"{"resourceType":"Location","position":{"longitude":-83.69,"latitude":42.25}}"#;
    if let Some(values) = extracted(near) {
        let positions = values.unwrap().positions;
        let seed = seed("Location", SearchType::Special, "position");
        let found: Vec<_> = positions
            .iter()
            .map(|one| {
                (
                    one.parameter,
                    one.latitude.to_string(),
                    one.longitude.to_string(),
                )
            })
            .collect();
        assert_eq!(found, [(seed, "42.25".to_owned(), "-83.69".to_owned())]);
    }
}

#[test]
fn units_can_be_asked_for_in_each_form() {
    let Some(values) = extracted(
        r#"{"resourceType":"Invoice","totalNet":{"value":1,"currency":"EUR"},"totalGross":{"value":2}}"#,
    ) else {
        return;
    };
    let values = values.unwrap();
    let [net, gross] = values.numbers.as_slice() else {
        panic!("{:?}", values.numbers);
    };
    let (net, gross) = if net.units.is_empty() {
        (gross, net)
    } else {
        (net, gross)
    };
    let mut expected = [hash::unit("EUR"), hash::system_unit(CURRENCIES, "EUR")];
    expected.sort_unstable();
    assert_eq!(net.units, expected);
    assert!(gross.units.is_empty());
    let quantity = r#"{"resourceType":"Observation","valueQuantity":
        {"value":1,"unit":"a","system":"s","code":"b"}}"#;
    let values = extracted(quantity).unwrap().unwrap();
    let mut expected = vec![
        hash::unit("a"),
        hash::unit("b"),
        hash::system_unit("s", "a"),
        hash::system_unit("s", "b"),
    ];
    expected.sort_unstable();
    assert_eq!(values.numbers[0].units, expected);
}

#[test]
fn numbers_beyond_all_measure_are_refused() {
    let check = |number: &str, expected: bool| {
        assert_eq!(parse_decimal(number).is_some(), expected, "{number}");
        let text =
            format!(r#"{{"resourceType":"Observation","valueQuantity":{{"value":{number}}}}}"#);
        if let Some(values) = extracted(&text) {
            assert_eq!(values.is_ok(), expected, "{number}");
            if let Err(fault) = values {
                let fault = fault.to_string();
                assert!(
                    fault.starts_with("a number that search parameter"),
                    "{fault}"
                );
            }
        }
    };
    check("1e999", true);
    check("1e-999", true);
    check("1.1e-999", true);
    check("1.11e-999", false);
    let read = |number: &str| parse_decimal(number).is_some();
    assert!(read("1e-1000") && read("1e1000") && read(&"1".repeat(1000)));
    assert!(!read("1e-1001") && !read("1e1001") && !read(&"1".repeat(1001)));
    assert!(!read("1e999999999999999999999") && !read(""));
    let sampled =
        r#"{"resourceType":"Observation","valueSampledData":{"origin":{"value":1},"data":"1 x"}}"#;
    assert!(extracted(sampled).is_none_or(|values| values.is_err()));
    assert!(parse_decimal("1e1000").unwrap() < open_end());
    let [most, metres] = ["9e1000", "Ym3"].map(str::to_owned);
    let converted = ucum::canonical(&most.parse().unwrap(), &metres).unwrap().0;
    assert!(converted < open_end());
}

proptest! {
    /// Whatever is read is kept digit by digit, and stays between the open ends.
    #[test]
    fn decimals_are_exact(digits in "-?[1-9][0-9]{0,30}", scale in 0_usize..30, power in -500_i64..500) {
        let fraction = "0".repeat(scale);
        let text = format!("{digits}.{fraction}e{power}");
        let number = parse_decimal(&text).unwrap();
        prop_assert!(-open_end() < number && number < open_end());
        let whole: BigDecimal = digits.parse().unwrap();
        prop_assert_eq!(number, whole * BigDecimal::new(1.into(), -power));
    }
}
