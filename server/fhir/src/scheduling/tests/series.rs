//! Recurrences: local time over changes of the clock, what is left out, and what is refused.

use jiff::Timestamp;

use super::super::{Fault, Occurrences, Recurrence, zone};

fn series(rrule: &str, first: &str, exdate: &[&str]) -> Result<Occurrences, Fault> {
    let exdate: Vec<String> = exdate.iter().map(|day| (*day).to_owned()).collect();
    let first: Timestamp = first.parse().expect("a moment");
    let horizon = "2031-01-01T00:00:00Z".parse().expect("a moment");
    let berlin = zone("Europe/Berlin").expect("a zone");
    Recurrence::read(rrule, &exdate)?.occurrences(first, &berlin, horizon)
}

#[track_caller]
fn check(rrule: &str, first: &str, exdate: &[&str], starts: &[&str]) -> Occurrences {
    let found = series(rrule, first, exdate).expect("understood");
    let zone = zone("Europe/Berlin").expect("a zone");
    let local = |start: Timestamp| {
        start
            .to_zoned(zone.clone())
            .strftime("%m-%d %H:%M")
            .to_string()
    };
    let found_starts: Vec<String> = found.starts.iter().map(|one| local(one.start)).collect();
    assert_eq!(found_starts, starts, "{rrule}");
    found
}

#[test]
fn the_wall_clock_stays() {
    check(
        "FREQ=WEEKLY;BYDAY=MO;COUNT=4",
        "2027-03-15T09:00:00+01:00",
        &[],
        &["03-15 09:00", "03-22 09:00", "03-29 09:00", "04-05 09:00"],
    );
    let daily = check(
        "FREQ=DAILY;UNTIL=20271101",
        "2027-10-30T02:30:00+02:00",
        &[],
        &["10-30 02:30", "10-31 02:30", "11-01 02:30"],
    );
    // The first of the two half past two.
    assert_eq!(
        daily.starts[1].start,
        "2027-10-31T02:30:00+02:00".parse().expect("a moment")
    );
}

#[test]
fn what_the_clock_jumps_over_leaves_its_place_empty() {
    let found = check(
        "FREQ=DAILY;COUNT=3",
        "2027-03-27T02:30:00+01:00",
        &[],
        &["03-27 02:30", "03-29 02:30"],
    );
    assert_eq!(found.in_gaps.len(), 1);
    assert_eq!(
        (found.in_gaps[0].0, found.in_gaps[0].1.to_string()),
        (2, "2027-03-28T02:30:00".to_owned())
    );
    assert_eq!(
        found.starts.iter().map(|one| one.index).collect::<Vec<_>>(),
        [1, 3]
    );
}

#[test]
fn rules_of_the_standard() {
    // RFC 5545, 3.8.5.3, with other years.
    check(
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=5",
        "2026-09-01T09:00:00+02:00",
        &[],
        &[
            "09-01 09:00",
            "09-03 09:00",
            "09-15 09:00",
            "09-17 09:00",
            "09-29 09:00",
        ],
    );
    check(
        "FREQ=MONTHLY;BYDAY=1FR;COUNT=3",
        "2026-09-04T09:00:00+02:00",
        &[],
        &["09-04 09:00", "10-02 09:00", "11-06 09:00"],
    );
    check(
        "FREQ=MONTHLY;BYDAY=-2MO;COUNT=3",
        "2026-09-21T09:00:00+02:00",
        &[],
        &["09-21 09:00", "10-19 09:00", "11-23 09:00"],
    );
    // Months without a 31st have no visit.
    check(
        "FREQ=MONTHLY;COUNT=3",
        "2026-08-31T09:00:00+02:00",
        &[],
        &["08-31 09:00", "10-31 09:00", "12-31 09:00"],
    );
    check(
        "RRULE:FREQ=DAILY;BYDAY=MO,WE;UNTIL=20260909T070000Z",
        "2026-09-02T09:00:00+02:00",
        &["2026-09-07"],
        &["09-02 09:00", "09-09 09:00"],
    );
    check(
        "FREQ=DAILY;INTERVAL=10;COUNT=2",
        "2026-09-02T09:00:00+02:00",
        &[],
        &["09-02 09:00", "09-12 09:00"],
    );
}

#[test]
fn what_is_not_understood_is_refused() {
    let check = |rrule: &str, exdate: &[&str], says: &str| {
        let fault = series(rrule, "2026-09-02T09:00:00+02:00", exdate).expect_err(rrule);
        assert!(fault.sentence.contains(says), "{rrule}: {fault}");
    };
    check("FREQ=YEARLY;COUNT=2", &[], "DAILY, WEEKLY or MONTHLY");
    check("FREQ=DAILY", &[], "COUNT or UNTIL");
    check("COUNT=2", &[], "it needs FREQ");
    check(
        "FREQ=DAILY;COUNT=2;UNTIL=20261001",
        &[],
        "one of COUNT and UNTIL",
    );
    check("FREQ=DAILY;COUNT=61", &[], "from 1 to 60");
    check("FREQ=DAILY;COUNT=+2", &[], "from 1 to 60");
    check("FREQ=DAILY;UNTIL=20261231", &[], "at most 60");
    check(
        "FREQ=DAILY;UNTIL=20320101T000000Z",
        &[],
        "beyond what can be booked",
    );
    check(
        "FREQ=MONTHLY;INTERVAL=24;COUNT=9",
        &[],
        "beyond what can be booked",
    );
    check(
        "FREQ=WEEKLY;BYDAY=MO;COUNT=2",
        &[],
        "not on a day of the rule",
    );
    check("FREQ=WEEKLY;BYDAY=2WE;COUNT=2", &[], "only FREQ=MONTHLY");
    check("FREQ=WEEKLY;BYDAY=XX;COUNT=2", &[], "BYDAY is a list");
    check("FREQ=WEEKLY;BYDAY=ä;COUNT=2", &[], "BYDAY is a list");
    check(
        "FREQ=WEEKLY;WKST=SU;COUNT=2",
        &[],
        "'WKST' is not understood",
    );
    check("FREQ=DAILY;UNTIL=20261001T000000", &[], "a moment in UTC");
    check("FREQ=DAILY;COUNT=2", &["2026-09"], "whole date");
    check("", &[], "NAME=VALUE");
}
