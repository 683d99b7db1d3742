//! Units of the clinic, and the edges of what is read.

use proptest::prelude::*;

use super::*;

fn check(value: &str, unit: &str, expected: Option<(&str, &str)>) {
    let actual = canonical(&value.parse().unwrap(), unit);
    let expected = expected.map(|(value, unit)| (value.parse().unwrap(), Box::from(unit)));
    assert_eq!(actual, expected, "{value} {unit}");
}

#[test]
fn values_become_base_units_exactly() {
    for (value, unit, expected, name) in [
        ("5.4", "mg", "0.0054", "g1"),
        ("120", "mm[Hg]", "15998640", "m-1s-2g1"),
        ("60", "/min", "1", "s-1"),
        ("60", "{beats}/min", "1", "s-1"),
        ("1", "h", "3600", "s1"),
        ("37", "Cel", "310.15", "K1"),
        ("98.6", "[degF]", "310.15", "K1"),
        ("-40", "[degF]", "233.15", "K1"),
        ("-40", "Cel", "233.15", "K1"),
        ("1", "[in_i]", "0.0254", "m1"),
        ("7.5", "m[IU]/mL", "7500", "[iU]1m-3"),
        ("7.5", "[IU]/L", "7500", "[iU]1m-3"),
        ("5", "mmol/L", "3.01107038e24", "m-3"),
        ("12", "%", "0.12", ""),
        ("3", "{score}", "3", ""),
        ("1", "10*6/mL", "1e12", "m-3"),
        ("1", "10^6/mL", "1e12", "m-3"),
        ("1", "10*-3", "0.001", ""),
        ("1", "m/s2", "1", "m1s-2"),
        ("2", "kg/m2", "2000", "m-2g1"),
    ] {
        check(value, unit, Some((expected, name)));
    }
    // 1/60 has no end.
    check("1", "/min", Some(("0.0166666666666666666666667", "s-1")));
}

#[test]
fn what_is_no_unit_or_no_ratio_has_no_canonical_form() {
    for unit in [
        "",
        "foo",
        "mmhg",
        "mg dL",
        "[pH]",
        "dB",
        "m/",
        "Cel/s",
        "m99999",
        "[pi]400",
        "10*2000",
        "2.10*1500",
    ] {
        check("1", unit, None);
    }
    check("1", &"m.".repeat(120), None);
}

proptest! {
    /// Conversions keep the order of values, and equal quantities are equal in every unit.
    #[test]
    fn order_and_equality_survive(
        one in -1_000_000_i64..1_000_000,
        other in -1_000_000_i64..1_000_000,
        scale in 0_i64..6,
        unit in prop::sample::select(vec!["mg/dL", "/min", "[degF]", "[lb_av]", "mm[Hg]", "[pi]", "wk"]),
    ) {
        let (one, other) = (BigDecimal::new(one.into(), scale), BigDecimal::new(other.into(), scale));
        let unit = CanonicalUnit::of(unit).unwrap();
        prop_assert_eq!(one.cmp(&other), unit.value(&one).cmp(&unit.value(&other)));
        let minutes = canonical(&(&one * BigDecimal::from(60)), "/min").unwrap();
        prop_assert_eq!(&minutes, &canonical(&one, "/s").unwrap());
        prop_assert_eq!(minutes, canonical(&(one * BigDecimal::from(3600)), "/h").unwrap());
    }
}
