//! The texts of messages, in the languages there are.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::store::News;

/// The language of who speaks none of those there are.
const OTHERWISE: &str = "en";

/// One language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    weekdays: [String; 7],
    months: [String; 12],
    when: String,
    subject: String,
    booked: String,
    changed: String,
    cancelled: String,
    offered: String,
    reminder: String,
    reply: String,
    reply_offered: String,
}

static TEXTS: LazyLock<BTreeMap<String, Texts>> =
    LazyLock::new(|| toml::from_str(include_str!("texts.toml")).unwrap_or_default());

/// What a message tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    pub(super) kind: News,
    pub(super) clinic: &'a str,
    pub(super) start: Timestamp,
    /// Until when an offer is kept.
    pub(super) until: Option<Timestamp>,
    pub(super) zone: &'a TimeZone,
    pub(super) link: Option<&'a str>,
}

/// What a message says.
pub(super) struct Said {
    /// Its language.
    pub(super) language: &'static str,
    /// What it is called, where messages are called something.
    pub(super) subject: String,
    /// What it tells.
    pub(super) told: String,
    /// All of it: what it tells, and where to look.
    pub(super) text: String,
    texts: &'static Texts,
}

impl Said {
    /// All of it, and a link by which it is answered.
    pub(super) fn with_link(&self, kind: News, link: &str) -> String {
        let pattern = match kind {
            News::Offered => &self.texts.reply_offered,
            _ => &self.texts.reply,
        };
        let link = filled(pattern, &[("link", link.to_owned())]);
        format!("{}\n{link}", self.text)
    }
}

/// A message in the first of these languages that there is.
pub(super) fn text(told: &Told<'_>, languages: &[String]) -> Option<Said> {
    let primary = |language: &String| {
        let tag = language.split(['-', '_']).next().unwrap_or_default();
        TEXTS.get_key_value(&tag.to_lowercase())
    };
    let texts = languages.iter().find_map(primary);
    let (language, texts) = texts.or_else(|| TEXTS.get_key_value(OTHERWISE))?;
    let pattern = match told.kind {
        News::Booked => &texts.booked,
        News::Changed => &texts.changed,
        News::Cancelled => &texts.cancelled,
        News::Offered => &texts.offered,
        News::Reminder => &texts.reminder,
        News::Other => return None,
    };
    let until = told.until.map(|until| texts.moment(until, told.zone));
    let parts = [
        ("clinic", told.clinic.to_owned()),
        ("when", texts.moment(told.start, told.zone)),
        ("until", until.unwrap_or_default()),
    ];
    let body = filled(pattern, &parts);
    let link = told.link.map(|link| format!("\n{link}"));
    Some(Said {
        language,
        subject: filled(&texts.subject, &parts),
        text: format!("{body}{}", link.unwrap_or_default()),
        told: body,
        texts,
    })
}

impl Texts {
    fn moment(&self, at: Timestamp, zone: &TimeZone) -> String {
        let local = zone.to_datetime(at);
        let named = |names: &[String], number: i8| {
            let place = usize::try_from(number).unwrap_or_default();
            names.get(place).cloned().unwrap_or_default()
        };
        filled(
            &self.when,
            &[
                (
                    "weekday",
                    named(&self.weekdays, local.weekday().to_monday_zero_offset()),
                ),
                ("day", local.day().to_string()),
                ("month", named(&self.months, local.month() - 1)),
                ("year", local.year().to_string()),
                ("time", format!("{:02}:{:02}", local.hour(), local.minute())),
            ],
        )
    }
}

/// A pattern with what stands for its names. What is filled in is not looked at again.
fn filled(pattern: &str, parts: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(pattern.len() + 64);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        let value = parts.iter().find(|(known, _)| *known == name);
        text.push_str(value.map_or("", |(_, value)| value));
        rest = behind;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_who_and_when_and_nothing_else() {
        let zone = fhir::scheduling::zone("Europe/Berlin").unwrap();
        let start: Timestamp = "2027-03-01T08:05:00Z".parse().unwrap();
        let said = |kind, languages: &[&str]| {
            let told = Told {
                kind,
                clinic: "Haus {when}",
                start,
                until: Some(start),
                zone: &zone,
                link: Some("https://portal/a"),
            };
            let languages: Vec<String> = languages.iter().map(ToString::to_string).collect();
            text(&told, &languages).unwrap()
        };
        for (kind, languages, expected) in [
            (
                News::Booked,
                &["en-GB"][..],
                "Your appointment at Haus {when}: Monday, 1 March 2027, 09:05.\nhttps://portal/a",
            ),
            (
                News::Cancelled,
                &["tr", "de-AT"],
                "Ihr Termin bei Haus {when} am Montag, 1. März 2027, 09:05 Uhr wurde abgesagt.\nhttps://portal/a",
            ),
            (
                News::Reminder,
                &[],
                "We look forward to seeing you at Haus {when}: Monday, 1 March 2027, 09:05.\nhttps://portal/a",
            ),
        ] {
            assert_eq!(said(kind, languages).text, expected);
        }
        assert_eq!(
            said(News::Booked, &["de"]).with_link(News::Booked, "https://x/{when}"),
            "Ihr Termin bei Haus {when}: Montag, 1. März 2027, 09:05 Uhr.\nhttps://portal/a\nZusagen oder absagen: https://x/{when}"
        );
        assert_eq!(TEXTS.len(), 2);
        for language in TEXTS.keys() {
            for (kind, names) in [
                (News::Booked, 0),
                (News::Changed, 0),
                (News::Offered, 1),
                (News::Reminder, 0),
            ] {
                let said = said(kind, &[language]);
                assert!(said.with_link(kind, "https://x").ends_with(": https://x"));
                let text = said.text;
                assert!(text.contains("Haus {when}"), "{text}");
                assert_eq!(text.matches("09:05").count(), 1 + names, "{text}");
            }
        }
    }
}
