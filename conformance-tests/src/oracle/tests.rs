//! The evaluation itself, on cases made by hand.
#![expect(clippy::unwrap_used, reason = "what does not parse fails the test")]

mod by_hand;
mod searches;

use super::compare::{and, any, not};
use super::moment::{BEGINNING, END, Span, approximately, passes, span};
use super::query::{escaped, parts, unescaped};
use super::{decimal, folding, unit};

const PREFIXES: [&str; 9] = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];

#[test]
fn a_partial_date_covers_its_span() {
    let check = |text: &str, lower: &str, upper: &str| {
        let bound = |text: &str| span(text).unwrap().lower;
        let expected = Span {
            lower: bound(lower),
            upper: bound(upper),
        };
        assert_eq!(span(text), Some(expected), "{text}");
    };
    let day = |text| span(text).unwrap().lower / 86_400_000_000_000;
    assert_eq!(
        (day("1970-01-01"), day("2000-03-01"), day("1969-12-31")),
        (0, 11_017, -1)
    );
    assert_eq!(day("2024-02-29"), 19_782);
    check("2020", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
    check("2020-12", "2020-12-01", "2021-01-01");
    check("2020-02", "2020-02-01", "2020-03-01");
    check("2020-02-28", "2020-02-28", "2020-02-29");
    check(
        "2021-03-14T01:59:26+01:00",
        "2021-03-14T00:59:26Z",
        "2021-03-14T00:59:27Z",
    );
    check(
        "2021-03-14T20:00:00-05:00",
        "2021-03-15T01:00:00Z",
        "2021-03-15T01:00:01Z",
    );
    check(
        "2021-03-14T10:30Z",
        "2021-03-14T10:30:00Z",
        "2021-03-14T10:31:00Z",
    );
    check(
        "2021-03-14T10:30:00.25Z",
        "2021-03-14T10:30:00.25Z",
        "2021-03-14T10:30:00.26Z",
    );
    for text in [
        "",
        "20",
        "2020-13",
        "2021-02-29",
        "2020-01-01T25:00:00Z",
        "2020-01-01T10Z",
        "x",
        "2020-01-01-01",
    ] {
        let short = text == "20";
        assert_eq!(span(text).is_some(), short, "{text}");
    }
}

#[test]
fn each_prefix_compares_spans() {
    let check = |lower, upper, expected: &str| {
        let search = Span {
            lower: 10,
            upper: 20,
        };
        let holding = PREFIXES
            .into_iter()
            .filter(|one| passes(one, search, Span { lower, upper }));
        assert_eq!(
            holding.collect::<Vec<_>>().join(" "),
            expected,
            "{lower}..{upper}"
        );
    };
    check(12, 15, "eq ge le ap");
    check(10, 20, "eq ge le ap");
    check(5, 15, "ne lt le ap");
    check(15, 25, "ne gt ge ap");
    check(5, 25, "ne gt lt ge le ap");
    check(1, 10, "ne lt le eb");
    check(20, 25, "ne gt ge sa");
    check(BEGINNING, 15, "ne lt le ap");
    check(15, END, "ne gt ge ap");
}

#[test]
fn approximately_widens_by_a_tenth_of_the_distance_from_now() {
    let second = 1_000_000_000;
    let search = Span {
        lower: 0,
        upper: 100_000 * second,
    };
    let (least, most) = approximately(search, 1_000_000 * second);
    assert_eq!(least.lower, -(900_000 - 600) / 10 * second);
    assert_eq!(most.lower, -(1_000_000 + 600) / 10 * second);
    let (least, _) = approximately(search, 50_000 * second);
    assert_eq!(least, search);
}

#[test]
fn a_number_is_as_precise_as_it_is_written() {
    let check = |text: &str, from: &str, until: &str| {
        let sought = decimal::sought(text).unwrap();
        let expected = (decimal::read(from).unwrap(), decimal::read(until).unwrap());
        assert_eq!((sought.from, sought.until), expected, "{text}");
    };
    check("100", "99.5", "100.5");
    check("100.00", "99.995", "100.005");
    check("1e2", "95", "105");
    check("1.0e2", "95", "105");
    check("-2.5", "-2.55", "-2.45");
    check("5e-3", "0.00495", "0.00505");
    check("0", "-0.5", "0.5");
    for text in ["", "x", "1,5", "1 ", "--1"] {
        assert!(decimal::sought(text).is_none(), "{text}");
    }
}

#[test]
fn each_prefix_compares_numbers() {
    let check = |low: &str, high: &str, expected: &str, open: &str| {
        let range = decimal::Range {
            lower: decimal::read(low),
            upper: decimal::read(high),
        };
        let sought = decimal::sought("100").unwrap();
        let with = |truth| {
            let holding = PREFIXES
                .into_iter()
                .filter(|one| decimal::passes(one, &sought, &range) == truth);
            holding.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            (with(Some(true)), with(None)),
            (expected.to_owned(), open.to_owned()),
            "{low}..{high}"
        );
    };
    check("100", "100", "eq ge le ap", "");
    check("99.5", "99.5", "eq lt le eb ap", "");
    check("100.5", "100.5", "ne gt ge sa ap", "");
    check("99.4", "99.4", "ne lt le eb ap", "");
    check("110", "110", "ne gt ge sa", "ap");
    check("120", "120", "ne gt ge sa", "");
    check("50", "150", "ne gt lt ge le ap", "");
    check("50", "100", "ne lt le ap", "ge");
    check("", "150", "ne gt lt ge le ap", "");
    check("150", "", "ne gt ge sa", "");
}

#[test]
fn what_reads_alike_folds_alike() {
    let check = |text: &str, expected: &str| assert_eq!(folding::fold(text), expected, "{text}");
    check("  Peter\t James ", "peter james");
    check("MÜLLER", "muller");
    check("Mu\u{308}ller", "muller");
    check("Straße", "strasse");
    check("Ødegård", "odegard");
    check("Łukasz", "lukasz");
    check("Ὀδυσσεύς", "οδυσσευσ");
    check("Алёна", "алена");
    check("مُحَمَّد", "محمد");
    check("ヤマダ", "やまだ");
    check("ﾔﾏﾀﾞ", "やまだ");
    check("김민수", "김민수");
    check("O’Brien", "o'brien");
    check("İstanbul", "istanbul");
    check("\u{301}", "");
    check("٠١٢", "012");
}

#[test]
fn units_are_multiples_of_their_base() {
    let check = |code: &str, number: &str, other: &str, other_number: &str| {
        let ((factor, base), (other_factor, other_base)) =
            (unit::base(code).unwrap(), unit::base(other).unwrap());
        assert_eq!(base, other_base);
        let (number, other_number) = (
            decimal::read(number).unwrap(),
            decimal::read(other_number).unwrap(),
        );
        assert_eq!(
            (number * factor).normalized(),
            (other_number * other_factor).normalized(),
            "{code} {other}"
        );
    };
    check("kg", "1.5", "g", "1500");
    check("mg/dL", "100", "g/L", "1");
    check("ng/mL", "1000", "mg/L", "1");
    check("[in_i]", "1", "cm", "2.54");
    check("a", "1", "d", "365.25");
    check("a", "1", "mo", "12");
    assert_eq!(unit::base("furlong"), None);
}

#[test]
fn separators_are_escaped() {
    let check = |text: &str, expected: &str| {
        assert_eq!(escaped(text), expected);
        assert_eq!(unescaped(expected), text);
        assert_eq!(parts(expected, ','), [expected]);
    };
    check("a,b", r"a\,b");
    check(r"a\b", r"a\\b");
    check("a|b$c", r"a\|b\$c");
    check(r"\,", r"\\\,");
    assert_eq!(parts(r"a\\,b", ','), [r"a\\", "b"]);
    assert_eq!(parts(r"x|\|", '|'), ["x", r"\|"]);
}

#[test]
fn what_is_open_stays_open_unless_it_does_not_matter() {
    let (yes, no, open) = (Some(true), Some(false), None);
    assert_eq!(
        (and(yes, open), and(no, open), and(yes, yes)),
        (open, no, yes)
    );
    assert_eq!(
        (any([no, open]), any([yes, open]), any([no, no]), any([])),
        (open, yes, no, no)
    );
    assert_eq!((not(open), not(yes)), (open, no));
}
