//! An Appointment as an event of a calendar (<https://www.rfc-editor.org/rfc/rfc5545>).
//!
//! It says when and where, and never why: calendars are shown on telephones that lie about.

use jiff::Timestamp;

use crate::json::Value;
use crate::time;

/// Lines are at most so many octets long, without their end.
const LINE: usize = 75;

/// The calendar with one Appointment; `None` where it has no time. `base_url` makes its name the only one in the world.
pub fn calendar(appointment: Value<'_>, base_url: &str) -> Option<String> {
    let mut written = String::with_capacity(512);
    begin(&mut written);
    event(&mut written, appointment, base_url, true)?;
    fold(&mut written, "END:VCALENDAR");
    Some(written)
}

/// The calendar with many, to be asked for again and again; those without a time are left out, and so is, where it is not to be
/// said, where they are.
pub fn subscription(appointments: &[Value<'_>], base_url: &str, shows_places: bool) -> String {
    let mut written = String::with_capacity(512 * (appointments.len() + 1));
    begin(&mut written);
    for line in [
        "X-WR-CALNAME:Appointments",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
    ] {
        fold(&mut written, line);
    }
    for appointment in appointments {
        // What has no time is no event.
        let _ = event(&mut written, *appointment, base_url, shows_places);
    }
    fold(&mut written, "END:VCALENDAR");
    written
}

fn begin(written: &mut String) {
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Vesta//Scheduling//EN",
        "METHOD:PUBLISH",
    ] {
        fold(written, line);
    }
}

/// One Appointment; nothing is written where it has no time.
fn event(
    written: &mut String,
    appointment: Value<'_>,
    base_url: &str,
    shows_place: bool,
) -> Option<()> {
    let moment = |path: &[&str]| {
        let text = appointment.at(path)?.string()?;
        time::parse_instant(&text)
            .ok()
            .map(|read| utc(read.lower()))
    };
    let text = |path: &[&str]| appointment.at(path).and_then(Value::string);
    let (start, end) = (moment(&["start"])?, moment(&["end"])?);
    let id = text(&["id"])?;
    let stamp = moment(&["meta", "lastUpdated"]).or_else(|| moment(&["created"]));
    let stamp = stamp.unwrap_or_else(|| start.clone());
    let (status, is_busy) = match text(&["status"]).as_deref() {
        Some("cancelled" | "entered-in-error" | "noshow") => ("CANCELLED", false),
        Some("booked" | "arrived" | "checked-in" | "fulfilled") => ("CONFIRMED", true),
        _ => ("TENTATIVE", true),
    };
    let version: Option<u64> =
        text(&["meta", "versionId"]).and_then(|version| version.parse().ok());
    let mut line = |name: &str, value: &str| fold(written, &format!("{name}:{value}"));
    line("BEGIN", "VEVENT");
    line("UID", &escaped(&format!("{base_url}/Appointment/{id}")));
    line("DTSTAMP", &stamp);
    line("DTSTART", &start);
    line("DTEND", &end);
    line(
        "SEQUENCE",
        &version
            .map_or(0, |version| version.saturating_sub(1))
            .to_string(),
    );
    line("STATUS", status);
    line("TRANSP", if is_busy { "OPAQUE" } else { "TRANSPARENT" });
    line("CLASS", "PRIVATE");
    line("SUMMARY", "Appointment");
    if let Some(place) = place(appointment).filter(|_| shows_place) {
        line("LOCATION", &escaped(&place));
    }
    line("END", "VEVENT");
    Some(())
}

/// What the place is called, where that is said.
fn place(appointment: Value<'_>) -> Option<String> {
    let mut participants = appointment.get("participant")?.items();
    participants.find_map(|participant| {
        let actor = participant.get("actor")?;
        let is_place = actor.get("reference")?.string()?.starts_with("Location/");
        let display = actor.get("display").and_then(Value::string)?;
        is_place.then(|| display.into_owned())
    })
}

/// `DATE-TIME`, form 2.
fn utc(moment: Timestamp) -> String {
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `TEXT` (3.3.11); what a line cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// A content line (3.1): folded between characters, never within one.
fn fold(written: &mut String, line: &str) {
    let mut length = 0;
    for character in line.chars() {
        if length + character.len_utf8() > LINE {
            written.push_str("\r\n ");
            length = 1;
        }
        written.push(character);
        length += character.len_utf8();
    }
    written.push_str("\r\n");
}
