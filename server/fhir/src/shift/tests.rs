//! Which dates of a Bundle move, how far, and what stays.

use super::*;
use crate::fixtures;

fn bundle(timestamp: &str, entries: &str) -> Resource {
    let text = format!(
        r#"{{"resourceType":"Bundle","meta":{{"tag":[{{"system":"{}","code":"{}"}}]}},"type":"transaction","timestamp":"{timestamp}","entry":[{entries}]}}"#,
        SHIFT_TAG.0, SHIFT_TAG.1,
    );
    Resource::parse(text).unwrap()
}

#[test]
fn only_tagged_bundles_ask_for_it() {
    let check = |tag: &str, expected: bool| {
        let text = format!(r#"{{"resourceType":"Bundle","meta":{{"tag":[{tag}]}}}}"#);
        assert_eq!(
            asks_for_shift(&Resource::parse(text).unwrap()),
            expected,
            "{tag}"
        );
    };
    check("", false);
    check(r#"{"code":"shift-dates"}"#, false);
    check(r#"{"system":"urn:other","code":"shift-dates"}"#, false);
    let (system, code) = SHIFT_TAG;
    check(
        &format!(r#"{{"code":"x"}},{{"system":"{system}","code":"{code}"}}"#),
        true,
    );
}

#[test]
fn weeks_are_whole_and_rounded_down() {
    let check = |timestamp: &str, today: &str, expected: Result<i64, ShiftError>| {
        let bundle = bundle(timestamp, "");
        assert_eq!(
            weeks_until(&bundle, today.parse().unwrap()),
            expected,
            "{timestamp} {today}"
        );
    };
    check("2026-01-05T00:00:00Z", "2026-01-05", Ok(0));
    check("2026-01-05T00:00:00Z", "2026-01-11", Ok(0));
    check("2026-01-05T00:00:00Z", "2026-01-12", Ok(1));
    check("2026-01-05T23:59:59Z", "2026-01-12", Ok(1));
    check("2026-01-05T00:00:00Z", "2027-01-04", Ok(52));
    check("2026-01-05T00:00:00Z", "2026-01-04", Ok(-1));
    check("2026-01-05T00:00:00Z", "2025-12-29", Ok(-1));
    // The anchor's day is that of UTC.
    check("2026-01-05T00:30:00+02:00", "2026-01-11", Ok(1));
    check("2026-01-05", "2026-01-12", Err(ShiftError::NoAnchor));
    check("soon", "2026-01-12", Err(ShiftError::NoAnchor));
}

/// Entries with one resource each, before and after a move by two weeks.
const MOVES: &[(&str, &str)] = &[
    (
        r#"{"resourceType":"Observation","effectiveDateTime":"2026-01-05","issued":"2025-12-30T09:15:00.250+01:00"}"#,
        r#"{"resourceType":"Observation","effectiveDateTime":"2026-01-19","issued":"2026-01-13T09:15:00.250+01:00"}"#,
    ),
    // Leap days and the ends of years.
    (
        r#"{"resourceType":"Encounter","period":{"start":"2024-02-15T23:59:60Z","end" : "2024-12-31"}}"#,
        r#"{"resourceType":"Encounter","period":{"start":"2024-02-29T23:59:60Z","end" : "2025-01-14"}}"#,
    ),
    // A date of a year or a month says too little to be moved.
    (
        r#"{"resourceType":"Condition","onsetDateTime":"2025","recordedDate":"2025-11"}"#,
        r#"{"resourceType":"Condition","onsetDateTime":"2025","recordedDate":"2025-11"}"#,
    ),
    // Dates inside of other types, and texts that are no dates.
    (
        r#"{"resourceType":"Observation","id":"on-2026-01-05","identifier":[{"value":"2026-01-05"}],"valueString":"2026-01-05","note":[{"text":"since 2026-01-05","time":"2026-01-05T08:00:00Z"}],"effectiveDateTime":"2026-13-05","unknown":"2026-01-05"}"#,
        r#"{"resourceType":"Observation","id":"on-2026-01-05","identifier":[{"value":"2026-01-05"}],"valueString":"2026-01-05","note":[{"text":"since 2026-01-05","time":"2026-01-19T08:00:00Z"}],"effectiveDateTime":"2026-13-05","unknown":"2026-01-05"}"#,
    ),
    // Extensions, those of primitives too; lists; backbones; the contained.
    (
        r#"{"resourceType":"Encounter","contained":[{"resourceType":"Observation","effectiveInstant":"2026-01-05T00:00:00Z"}],"extension":[{"url":"u","valueDate":"2026-01-05"}],"_status":{"extension":[{"url":"u","valueDateTime":"2026-01-05"}]},"statusHistory":[{"status":"planned","period":{"start":"2026-01-05"}}]}"#,
        r#"{"resourceType":"Encounter","contained":[{"resourceType":"Observation","effectiveInstant":"2026-01-19T00:00:00Z"}],"extension":[{"url":"u","valueDate":"2026-01-19"}],"_status":{"extension":[{"url":"u","valueDateTime":"2026-01-19"}]},"statusHistory":[{"status":"planned","period":{"start":"2026-01-19"}}]}"#,
    ),
    (
        r#"{"resourceType":"MedicationRequest","dosageInstruction":[{"timing":{"event":["2026-01-05","2026","2026-01-06"]}}]}"#,
        r#"{"resourceType":"MedicationRequest","dosageInstruction":[{"timing":{"event":["2026-01-19","2026","2026-01-20"]}}]}"#,
    ),
    // Facts of persons stay, wherever the person stands.
    (
        r#"{"resourceType":"Patient","birthDate":"1990-01-05","name":[{"period":{"start":"2026-01-05"}}]}"#,
        r#"{"resourceType":"Patient","birthDate":"1990-01-05","name":[{"period":{"start":"2026-01-05"}}]}"#,
    ),
    (
        r#"{"resourceType":"Practitioner","birthDate":"1990-01-05","qualification":[{"period":{"start":"2026-01-05"}}]}"#,
        r#"{"resourceType":"Practitioner","birthDate":"1990-01-05","qualification":[{"period":{"start":"2026-01-05"}}]}"#,
    ),
    (
        r#"{"resourceType":"Condition","contained":[{"resourceType":"RelatedPerson","birthDate":"1990-01-05"}],"recordedDate":"2026-01-05"}"#,
        r#"{"resourceType":"Condition","contained":[{"resourceType":"RelatedPerson","birthDate":"1990-01-05"}],"recordedDate":"2026-01-19"}"#,
    ),
    // An escaped date is a date.
    (
        r#"{"resourceType":"Observation","effectiveDateTime":"\u0032026-01-05"}"#,
        r#"{"resourceType":"Observation","effectiveDateTime":"2026-01-19"}"#,
    ),
    (
        r#"{"resourceType":"Nonsense","date":"2026-01-05"}"#,
        r#"{"resourceType":"Nonsense","date":"2026-01-05"}"#,
    ),
];

#[test]
fn dates_move_and_nothing_else_does() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    for (before, after) in MOVES {
        let entry = |resource: &str, since: &str| {
            format!(
                r#"{{"resource":{resource},"request":{{"method":"PUT","url":"a/2026-01-05","ifModifiedSince":"{since}"}}}}"#
            )
        };
        let timestamp = "2026-01-05T00:00:00Z";
        let before = bundle(timestamp, &entry(before, "2026-01-05T00:00:00Z"));
        let after = bundle(timestamp, &entry(after, "2026-01-19T00:00:00Z"));
        assert_eq!(shifted(&before, structures, 2).unwrap(), after.text());
    }
}

#[test]
fn a_date_that_leaves_the_calendar_is_refused() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    let check = |date: &str, weeks: i64, expected: Result<(), ShiftError>| {
        let entries = format!(
            r#"{{}},{{"resource":{{"resourceType":"Observation","effectiveDateTime":"{date}"}}}}"#
        );
        let bundle = bundle("2026-01-05T00:00:00Z", &entries);
        assert_eq!(
            shifted(&bundle, structures, weeks).map(|_| ()),
            expected,
            "{date} {weeks}"
        );
    };
    check("9999-12-24", 1, Ok(()));
    check("9999-12-25", 1, Err(ShiftError::Calendar(1)));
    check("0001-01-08", -1, Ok(()));
    check("0001-01-07", -1, Err(ShiftError::Calendar(1)));
    check("2026-01-05", i64::MAX, Err(ShiftError::Calendar(1)));
}

/// There and back again is where it was: every date was found, and nothing but dates was touched.
#[test]
fn the_demo_clinic_moves_there_and_back() {
    let Some(structures) = fixtures::structures() else {
        return;
    };
    // Of patients nothing moves, of the others much.
    for (text, moves) in [
        (
            include_str!("../../../../bundles/01-organisation.json"),
            true,
        ),
        (include_str!("../../../../bundles/02-patients.json"), false),
        (include_str!("../../../../bundles/03-clinic.json"), true),
    ] {
        let bundle = Resource::parse(text).unwrap();
        assert!(asks_for_shift(&bundle));
        let there = Resource::parse(shifted(&bundle, structures, 53).unwrap()).unwrap();
        assert_eq!(there.text() != text, moves);
        let back = shifted(&there, structures, -53).unwrap();
        assert!(back == text);
    }
}
