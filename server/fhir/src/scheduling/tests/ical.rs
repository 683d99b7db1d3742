//! Appointments as events: their lines, and what they never say.

use super::super::calendar;
use crate::json::Document;

#[track_caller]
fn check(appointment: &str, expected: Option<&[&str]>) {
    let appointment = Document::parse(appointment.to_owned()).expect("JSON");
    let written = calendar(appointment.root(), "https://ehr.example/fhir");
    let lines = written.as_deref().map(|text| {
        text.strip_suffix("\r\n")
            .expect("an end")
            .split("\r\n")
            .collect::<Vec<_>>()
    });
    assert_eq!(lines.as_deref(), expected);
}

#[test]
fn when_and_where_but_never_why() {
    check(
        r#"{"resourceType":"Appointment","id":"a","meta":{"versionId":"3","lastUpdated":"2026-11-22T10:00:00.123Z"},"status":"booked",
        "description":"Follicle scan","comment":"Day 8","serviceType":[{"text":"Follicle scan"}],
        "start":"2026-12-01T09:00:00+01:00","end":"2026-12-01T09:20:00+01:00","participant":[
        {"actor":{"reference":"Patient/anna","display":"Anna"}},
        {"actor":{"reference":"Location/us","display":"Polarsternufer 7, Ultraschall; zweite Tür rechts \\ Größe des Raumes: groß genug"}}]}"#,
        Some(&[
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Vesta//Scheduling//EN",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            "UID:https://ehr.example/fhir/Appointment/a",
            "DTSTAMP:20261122T100000Z",
            "DTSTART:20261201T080000Z",
            "DTEND:20261201T082000Z",
            "SEQUENCE:2",
            "STATUS:CONFIRMED",
            "TRANSP:OPAQUE",
            "CLASS:PRIVATE",
            "SUMMARY:Appointment",
            "LOCATION:Polarsternufer 7\\, Ultraschall\\; zweite Tür rechts \\\\ Größe des",
            "  Raumes: groß genug",
            "END:VEVENT",
            "END:VCALENDAR",
        ]),
    );
}

#[test]
fn what_has_no_time_is_no_event() {
    check(
        r#"{"resourceType":"Appointment","id":"a","status":"waitlist"}"#,
        None,
    );
    let cancelled = r#"{"id":"a","status":"cancelled","start":"2026-12-01T09:00:00Z","end":"2026-12-01T09:20:00Z"}"#;
    let cancelled = Document::parse(cancelled.to_owned()).expect("JSON");
    let written = calendar(cancelled.root(), "x").expect("an event");
    assert!(
        written.contains("\r\nSTATUS:CANCELLED\r\nTRANSP:TRANSPARENT\r\n"),
        "{written}"
    );
}
