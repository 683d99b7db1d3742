//! Which texts are dates and times, what they cover, and how they compare.

use super::*;

type Parse = fn(&str) -> Result<DateTime, TimeError>;

fn check(parse: Parse, text: &str, expected: &str) {
    let found = match parse(text) {
        Ok(read) => format!("{}..{}", read.lower(), read.upper()),
        Err(fault) => format!("{fault:?}"),
    };
    assert_eq!(found, expected, "{text}");
    if let Ok(read) = parse(text)
        && read.time.fraction_digits < 9
    {
        assert_eq!(read.to_string(), text);
    }
}

#[test]
fn a_date_covers_its_year_month_or_day() {
    let check = |text, expected| check(parse_date, text, expected);
    check("2024", "2024-01-01T00:00:00Z..2025-01-01T00:00:00Z");
    check("2024-02", "2024-02-01T00:00:00Z..2024-03-01T00:00:00Z");
    check("2024-02-29", "2024-02-29T00:00:00Z..2024-03-01T00:00:00Z");
    check("2024-12-31", "2024-12-31T00:00:00Z..2025-01-01T00:00:00Z");
    check("0001", "0001-01-01T00:00:00Z..0002-01-01T00:00:00Z");
    check(
        "9999-12-31",
        "9999-12-30T22:00:00.036Z..9999-12-30T22:00:00.468Z",
    );
    check("9999-12", "9999-12-01T00:00:00Z..9999-12-30T22:00:00.468Z");
    check("2024-02-31", "Calendar");
    check("2023-02-29", "Calendar");
    check("1900-02-29", "Calendar");
    check("2000-02-29", "2000-02-29T00:00:00Z..2000-03-01T00:00:00Z");
    check("2024-04-31", "Calendar");
    for text in [
        "",
        "0000",
        "24",
        "2024-",
        "2024-00",
        "2024-13",
        "2024-1-1",
        "2024-01-00",
        "2024-01-32",
        "2024-01-01 ",
        " 2024",
        "2024-01-01T10:00:00Z",
        "20240101",
        "２０２４",
        "+2024",
        "-2024",
    ] {
        check(text, "Syntax");
    }
}

#[test]
fn a_date_time_has_seconds_and_an_offset_or_no_time() {
    let check = |text, expected| check(parse_date_time, text, expected);
    check("2024-02", "2024-02-01T00:00:00Z..2024-03-01T00:00:00Z");
    check(
        "2024-01-01T10:00:00Z",
        "2024-01-01T10:00:00Z..2024-01-01T10:00:01Z",
    );
    check(
        "2024-01-01T00:30:00.25+01:00",
        "2023-12-31T23:30:00.25Z..2023-12-31T23:30:00.26Z",
    );
    check(
        "2024-01-01T10:00:00-14:00",
        "2024-01-02T00:00:00Z..2024-01-02T00:00:01Z",
    );
    check(
        "2024-01-01T10:00:00-00:00",
        "2024-01-01T10:00:00Z..2024-01-01T10:00:01Z",
    );
    check(
        "2016-12-31T23:59:60Z",
        "2017-01-01T00:00:00Z..2017-01-01T00:00:01Z",
    );
    check(
        "2024-01-01T10:00:00.1234567891Z",
        "2024-01-01T10:00:00.123456789Z..2024-01-01T10:00:00.12345679Z",
    );
    for text in [
        "2024-01-01T10:00:00",
        "2024-01-01T10:00Z",
        "2024-01-01T10Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T10:60:00Z",
        "2024-01-01T10:00:61Z",
        "2024-01-01T10:00:00.Z",
        "2024-01-01T10:00:00+14:01",
        "2024-01-01T10:00:00+15:00",
        "2024-01-01T10:00:00+1:00",
        "2024-01-01T10:00:00+0100",
        "2024-01-01t10:00:00Z",
        "2024-01-01 10:00:00Z",
        "2024-01-01T",
        "2024-01T10:00:00Z",
        "2024-01-01T10:00:00ZZ",
    ] {
        check(text, "Syntax");
    }
}

#[test]
fn an_instant_is_complete() {
    check(
        parse_instant,
        "2024-01-01T10:00:00Z",
        "2024-01-01T10:00:00Z..2024-01-01T10:00:01Z",
    );
    check(parse_instant, "2024-01-01", "Syntax");
    check(parse_instant, "2024-01-01T10:00:00", "Syntax");
    check(parse_instant, "2024-02-30T10:00:00Z", "Calendar");
}

#[test]
fn search_and_paths_may_leave_out_seconds_and_offset() {
    let check = |text, expected| check(parse_partial, text, expected);
    check(
        "2024-01-01T10",
        "2024-01-01T10:00:00Z..2024-01-01T11:00:00Z",
    );
    check(
        "2024-01-01T10:30",
        "2024-01-01T10:30:00Z..2024-01-01T10:31:00Z",
    );
    check(
        "2024-01-01T10:30+02:00",
        "2024-01-01T08:30:00Z..2024-01-01T08:31:00Z",
    );
    check("2024-01-01T10:3", "Syntax");
}

#[test]
fn the_end_of_the_year_9999_keeps_its_order() {
    let in_order = [
        "9999-12-30T20:59:59Z",
        "9999-12-30T21:59:59Z",
        "9999-12-30T22:00:00Z",
        "9999-12-30T22:00:01Z",
        "9999-12-31T01:00:00+01:30",
        "9999-12-31T00:00:00Z",
        "9999-12-31T23:59:58Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-11:00",
    ];
    let read = |text| parse_partial(text).unwrap();
    for pair in in_order.windows(2) {
        assert!(read(pair[0]).lower() < read(pair[1]).lower(), "{pair:?}");
        assert!(read(pair[0]).upper() <= read(pair[1]).lower(), "{pair:?}");
    }
    let zone = TimeZone::fixed(jiff::tz::offset(-10));
    assert_eq!(
        read("9999-12-31").upper_in(&zone),
        read("9999-12-31T23:59:59-10:00").upper()
    );
    assert!(read("9999").upper_in(&zone) < Timestamp::MAX);
}

#[test]
fn a_local_time_is_read_in_the_zone_named() {
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    let read = parse_partial("2024-01-01").unwrap();
    assert_eq!(read.lower_in(&zone).to_string(), "2023-12-31T22:00:00Z");
    assert_eq!(read.upper_in(&zone).to_string(), "2024-01-01T22:00:00Z");
    let read = parse_partial("2024-01-01T10:00:00Z").unwrap();
    assert_eq!(read.lower_in(&zone).to_string(), "2024-01-01T10:00:00Z");
}

#[test]
fn times_are_complete_unless_a_path_says_them() {
    let check = |text: &str, full: bool, partial: bool| {
        assert_eq!(parse_time(text).is_ok(), full, "{text}");
        assert_eq!(parse_partial_time(text).is_ok(), partial, "{text}");
        if let Ok(time) = parse_partial_time(text) {
            assert_eq!(time.to_string(), text);
        }
    };
    check("10:30:15", true, true);
    check("23:59:60", true, true);
    check("10:30:15.250", true, true);
    check("10:30", false, true);
    check("10", false, true);
    check("24:00:00", false, false);
    check("10:30:15Z", false, false);
    check("10:30:15.", false, false);
    check("", false, false);
}

#[test]
fn comparison_is_undecided_where_one_ends_early() {
    let check = |left: &str, right: &str, expected: Option<Ordering>| {
        let [one, two] = [left, right].map(|text| parse_partial(text).unwrap());
        assert_eq!(one.compare(&two), expected, "{left} {right}");
        assert_eq!(
            two.compare(&one),
            expected.map(Ordering::reverse),
            "{right} {left}"
        );
    };
    check("2024", "2024", Some(Ordering::Equal));
    check("2024", "2025", Some(Ordering::Less));
    check("2024", "2024-01", None);
    check("2024-02", "2024-01-15", Some(Ordering::Greater));
    check(
        "2024-01-01T10:00:00Z",
        "2024-01-01T11:00:00+01:00",
        Some(Ordering::Equal),
    );
    check(
        "2024-01-01T23:30:00-01:00",
        "2024-01-02T00:00:00Z",
        Some(Ordering::Greater),
    );
    check(
        "2024-01-01T10:00:00",
        "2024-01-01T10:00:00.0",
        Some(Ordering::Equal),
    );
    check(
        "2024-01-01T10:00:00.5",
        "2024-01-01T10:00:01",
        Some(Ordering::Less),
    );
    check("2024-01-01", "2024-01-01T00:00:00Z", None);
    check("2024-01-01T10:00", "2024-01-01T10:00:30", None);
    let [one, two] = ["10:00", "10:00:00"].map(|text| parse_partial_time(text).unwrap());
    assert_eq!(one.compare(&two), None);
    assert_eq!(one.compare(&one), Some(Ordering::Equal));
}
