//! Calendars over changes of the clock, hour by hour as a person would say it.

use jiff::{SignedDuration, Timestamp};

use super::super::{Grid, Interval, Intervals, zone};
use super::reading::{BERLIN, rule, schedule_of};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn between(start: &str, end: &str) -> Interval {
    Interval {
        start: at(start),
        end: at(end),
    }
}

/// What a calendar of these parts opens in a window, in UTC without dates.
#[track_caller]
fn check(parts: &str, window: (&str, &str), service: Option<&str>, open: &[(&str, &str)]) {
    let schedule = schedule_of(&format!("{BERLIN},{parts}"));
    let schedule = schedule.expect("understood").expect("availability");
    let found = schedule.open(between(window.0, window.1), service, &Intervals::default());
    let found: Vec<(String, String)> = found
        .iter()
        .map(|one| (one.start.to_string(), one.end.to_string()))
        .collect();
    let open: Vec<(String, String)> = open
        .iter()
        .map(|(start, end)| ((*start).to_owned(), (*end).to_owned()))
        .collect();
    assert_eq!(found, open);
}

fn daily(from: &str, to: &str) -> String {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let days = days
        .map(|day| format!(r#"{{"url":"days","valueCode":"{day}"}}"#))
        .join(",");
    rule(&format!(
        r#"{days},{{"url":"from","valueTime":"{from}:00"}},{{"url":"to","valueTime":"{to}:00"}}"#
    ))
}

const SPRING: (&str, &str) = ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00");
const AUTUMN: (&str, &str) = ("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00");

#[test]
fn what_the_clock_jumps_over_is_never_open() {
    check(&daily("02:15", "02:45"), SPRING, None, &[]);
    check(
        &daily("01:30", "03:30"),
        SPRING,
        None,
        &[("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z")],
    );
}

#[test]
fn an_hour_that_comes_twice_is_open_once() {
    check(
        &daily("02:15", "02:45"),
        AUTUMN,
        None,
        &[("2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z")],
    );
    check(
        &daily("01:00", "04:00"),
        AUTUMN,
        None,
        &[
            ("2026-10-24T23:00:00Z", "2026-10-25T01:00:00Z"),
            ("2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"),
        ],
    );
    // Also where the window begins within the second time.
    check(
        &daily("01:00", "04:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-26T00:00:00+01:00"),
        None,
        &[("2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z")],
    );
}

#[test]
fn a_whole_day_is_as_long_as_it_is() {
    let opened = |day: &str| {
        format!(
            r#"{{"url":"exception","extension":[{{"url":"when","valuePeriod":{{"start":"{day}","end":"{day}"}}}},{{"url":"kind","valueCode":"open"}}]}}"#
        )
    };
    let week = ("2026-03-25T00:00:00Z", "2026-04-02T00:00:00Z");
    check(
        &opened("2026-03-29"),
        week,
        None,
        &[("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")],
    );
    let week = ("2026-10-20T00:00:00Z", "2026-10-29T00:00:00Z");
    check(
        &opened("2026-10-25"),
        week,
        None,
        &[("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")],
    );
}

#[test]
fn closed_is_stronger_than_open_and_services_keep_their_hours() {
    let exception = |kind: &str, start: &str, end: &str| {
        format!(
            r#"{{"url":"exception","extension":[{{"url":"when","valuePeriod":{{"start":"{start}","end":"{end}"}}}},{{"url":"kind","valueCode":"{kind}"}}]}}"#
        )
    };
    let open = exception(
        "open",
        "2026-05-02T08:00:00+02:00",
        "2026-05-02T12:00:00+02:00",
    );
    let closed = exception(
        "closed",
        "2026-05-02T09:00:00+02:00",
        "2026-05-02T10:00:00+02:00",
    );
    let day = ("2026-05-02T00:00:00+02:00", "2026-05-03T00:00:00+02:00");
    check(
        &format!("{open},{closed}"),
        day,
        None,
        &[
            ("2026-05-02T06:00:00Z", "2026-05-02T07:00:00Z"),
            ("2026-05-02T08:00:00Z", "2026-05-02T10:00:00Z"),
        ],
    );
    let scans = daily("08:00", "09:00").replacen(
        "]}",
        r#",{"url":"service","valueReference":{"reference":"HealthcareService/scan"}}]}"#,
        1,
    );
    let hour = [("2026-05-02T06:00:00Z", "2026-05-02T07:00:00Z")];
    check(&scans, day, Some("HealthcareService/scan"), &hour);
    check(&scans, day, None, &hour);
    check(&scans, day, Some("HealthcareService/talk"), &[]);
}

#[test]
fn every_second_week_is_counted_from_the_first_day() {
    let odd = rule(
        r#"{"url":"days","valueCode":"wed"},{"url":"from","valueTime":"08:00:00"},{"url":"to","valueTime":"09:00:00"},
        {"url":"week-interval","valuePositiveInt":2}"#,
    );
    // The horizon begins on Monday, 2026-01-05.
    check(
        &odd,
        ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        None,
        &[
            ("2026-01-07T07:00:00Z", "2026-01-07T08:00:00Z"),
            ("2026-01-21T07:00:00Z", "2026-01-21T08:00:00Z"),
        ],
    );
}

#[test]
fn grids_keep_every_alignment() {
    let berlin = zone("Europe/Berlin").expect("a zone");
    let open: Intervals = [between(
        "2026-05-04T08:01:00+02:00",
        "2026-05-04T09:30:00+02:00",
    )]
    .into_iter()
    .collect();
    let starts = |aligned: &[u32], minutes: i64| -> Vec<String> {
        let grid = Grid::new(berlin.clone(), aligned.iter().copied());
        let starts = grid.starts(&open, SignedDuration::from_mins(minutes));
        starts
            .iter()
            .map(|start| start.to_string()[11..16].to_owned())
            .collect()
    };
    assert_eq!(starts(&[10, 15], 30), ["06:30", "07:00"]);
    assert_eq!(starts(&[20], 45), ["06:20", "06:40"]);
    assert_eq!(starts(&[], 85), ["06:05"]);
    assert_eq!(starts(&[10], 90), [""; 0]);
}

#[test]
fn sets_of_time_add_and_cut() {
    let day = |from: i64, to: i64| Interval {
        start: Timestamp::from_second(from).expect("a moment"),
        end: Timestamp::from_second(to).expect("a moment"),
    };
    let set = |parts: &[(i64, i64)]| -> Intervals {
        parts.iter().map(|(from, to)| day(*from, *to)).collect()
    };
    let one = set(&[(0, 10), (20, 30), (40, 50)]);
    assert_eq!(set(&[(5, 8), (0, 5), (9, 9)]), set(&[(0, 8)]));
    assert_eq!(one.union(&set(&[(10, 20)])), set(&[(0, 30), (40, 50)]));
    assert_eq!(
        one.intersect(&set(&[(5, 45)])),
        set(&[(5, 10), (20, 30), (40, 45)])
    );
    assert_eq!(
        one.subtract(&set(&[(5, 22), (24, 26), (50, 60)])),
        set(&[(0, 5), (22, 24), (26, 30), (40, 50)])
    );
    assert_eq!(one.subtract(&one), Intervals::default());
    assert!(one.covers(day(20, 30)) && !one.covers(day(29, 31)) && !one.covers(day(10, 20)));
    assert!(one.meets(day(29, 41)) && !one.meets(day(10, 20)));
    let three = SignedDuration::from_secs(3);
    assert_eq!(
        one.narrowed(three, three),
        set(&[(3, 7), (23, 27), (43, 47)])
    );
    assert!(one.narrowed(three, SignedDuration::from_secs(7)).is_empty());
}
