//! What is read of Schedules and HealthcareServices, and what is refused.

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::{ExceptionKind, Mode, Policy, RequirementKind, Schedule};
use crate::json::Document;

/// A calendar as a test makes it up.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) zone: &'static str,
    pub(super) mode: Mode,
    pub(super) horizon: (Date, Date),
    pub(super) rules: Vec<MadeRule>,
    pub(super) exceptions: Vec<MadeException>,
}

#[derive(Clone, Debug)]
pub(super) struct MadeRule {
    pub(super) days: Vec<&'static str>,
    pub(super) from: i32,
    pub(super) to: i32,
    pub(super) first: Date,
    pub(super) last: Date,
    pub(super) weeks: u32,
}

#[derive(Clone, Debug)]
pub(super) enum MadeException {
    Days(ExceptionKind, Date, Date),
    Moments(ExceptionKind, Timestamp, Timestamp),
}

impl MadeException {
    pub(super) fn kind(&self) -> ExceptionKind {
        match self {
            Self::Days(kind, ..) | Self::Moments(kind, ..) => *kind,
        }
    }
}

impl Made {
    /// Calendars that have something to say about the days around a moment.
    pub(super) fn near(zone: &'static str, moment: Timestamp) -> impl Strategy<Value = Self> {
        let day = moment.to_zoned(TimeZone::UTC).date();
        let date = move |days: i32| day.checked_add(days.days()).expect("a day");
        let mode = prop::sample::select(vec![Mode::Rules, Mode::Rules, Mode::Rules, Mode::Slots]);
        let names = vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let rule = (
            prop::sample::subsequence(names, 1..=7),
            0i32..1439,
            1i32..1440,
            -30i32..2,
            0i32..40,
            1u32..4,
        );
        let rule = rule.prop_map(move |(days, from, long, first, last, weeks)| {
            let to = if from + long >= 1440 { 0 } else { from + long };
            MadeRule {
                days,
                from,
                to,
                first: date(first),
                last: date(first + last),
                weeks,
            }
        });
        let kind = || prop::sample::select(vec![ExceptionKind::Closed, ExceptionKind::Open]);
        let days = (kind(), -1i32..4, 0i32..2).prop_map(move |(kind, first, more)| {
            MadeException::Days(kind, date(first), date(first + more))
        });
        let moments = (kind(), -500i64..5000, 1i64..900).prop_map(move |(kind, from, long)| {
            let start = Timestamp::from_second(moment.as_second() + from * 60).expect("a moment");
            MadeException::Moments(kind, start, start + long.minutes())
        });
        let exceptions = prop::collection::vec(prop_oneof![days, moments], 0..3);
        let horizon = (-60i32..2, 0i32..60);
        (mode, horizon, prop::collection::vec(rule, 0..4), exceptions).prop_map(
            move |(mode, horizon, rules, exceptions)| Self {
                zone,
                mode,
                horizon: (date(horizon.0), date(horizon.0 + horizon.1)),
                rules,
                exceptions,
            },
        )
    }

    fn json(&self) -> String {
        let clock = |minutes: i32| format!("{:02}:{:02}:00", minutes / 60, minutes % 60);
        let kind = |kind: ExceptionKind| {
            if kind == ExceptionKind::Open {
                "open"
            } else {
                "closed"
            }
        };
        let mut parts = vec![
            format!(
                r#"{{"url":"mode","valueCode":"{}"}}"#,
                if self.mode == Mode::Rules {
                    "rules"
                } else {
                    "slots"
                }
            ),
            format!(r#"{{"url":"timezone","valueCode":"{}"}}"#, self.zone),
        ];
        for rule in &self.rules {
            let days = rule
                .days
                .iter()
                .map(|day| format!(r#"{{"url":"days","valueCode":"{day}"}},"#));
            parts.push(format!(
                r#"{{"url":"rule","extension":[{}{{"url":"from","valueTime":"{}"}},{{"url":"to","valueTime":"{}"}},
                {{"url":"valid","valuePeriod":{{"start":"{}","end":"{}"}}}},{{"url":"week-interval","valuePositiveInt":{}}}]}}"#,
                days.collect::<String>(), clock(rule.from), clock(rule.to), rule.first, rule.last, rule.weeks
            ));
        }
        for exception in &self.exceptions {
            let (start, end) = match exception {
                MadeException::Days(_, first, last) => (first.to_string(), last.to_string()),
                MadeException::Moments(_, start, end) => (start.to_string(), end.to_string()),
            };
            parts.push(format!(
                r#"{{"url":"exception","extension":[{{"url":"when","valuePeriod":{{"start":"{start}","end":"{end}"}}}},
                {{"url":"kind","valueCode":"{}"}}]}}"#,
                kind(exception.kind())
            ));
        }
        format!(
            r#"{{"resourceType":"Schedule","actor":[{{"reference":"Location/room"}}],
            "planningHorizon":{{"start":"{}","end":"{}"}},"extension":[{{"url":"{AVAILABILITY}","extension":[{}]}}]}}"#,
            self.horizon.0,
            self.horizon.1,
            parts.join(",")
        )
    }
}

const AVAILABILITY: &str = "https://vesta.example/fhir/StructureDefinition/availability";
const POLICY: &str = "https://vesta.example/fhir/StructureDefinition/scheduling-policy";

fn document(text: &str) -> Document {
    Document::parse(text.to_owned()).expect("JSON")
}

/// The calendar as it is read from its JSON.
pub(super) fn schedule(made: &Made) -> Schedule {
    let read = Schedule::of(document(&made.json()).root());
    read.expect("understood").expect("availability")
}

/// A Schedule of these parts.
pub(super) fn schedule_of(parts: &str) -> Result<Option<Schedule>, super::super::Fault> {
    let text = format!(
        r#"{{"resourceType":"Schedule","actor":[{{"reference":"Location/room"}}],"planningHorizon":{{"start":"2026-01-05"}},
        "extension":[{{"url":"{AVAILABILITY}","extension":[{parts}]}}]}}"#
    );
    Schedule::of(document(&text).root())
}

pub(super) const BERLIN: &str =
    r#"{"url":"mode","valueCode":"rules"},{"url":"timezone","valueCode":"Europe/Berlin"}"#;

/// A rule of these parts.
pub(super) fn rule(parts: &str) -> String {
    format!(r#"{{"url":"rule","extension":[{parts}]}}"#)
}

/// The Schedule of these parts is refused, and why is said.
#[track_caller]
fn check_refused(parts: String, says: &str) {
    let fault = schedule_of(&parts).expect_err(&parts);
    assert!(fault.to_string().contains(says), "{parts}: {fault}");
}

#[test]
fn calendars_that_are_not_understood_are_refused() {
    let monday = r#"{"url":"days","valueCode":"mon"}"#;
    let times = r#"{"url":"from","valueTime":"08:00:00"},{"url":"to","valueTime":"16:00:00"}"#;
    let with_rule = |parts: &str| format!("{BERLIN},{}", rule(parts));
    let check = check_refused;
    check(
        r#"{"url":"mode","valueCode":"rules"}"#.into(),
        "it needs 'timezone'",
    );
    check(
        r#"{"url":"timezone","valueCode":"Europe/Berlin"}"#.into(),
        "it needs 'mode'",
    );
    check(
        format!(r#"{BERLIN},{{"url":"mode","valueCode":"slots"}}"#),
        "only once",
    );
    check(
        format!(r#"{BERLIN},{{"url":"colour","valueString":"red"}}"#),
        "'colour' is no part",
    );
    check(
        format!(r#"{BERLIN},{{"url":"align-minutes","valuePositiveInt":0}}"#),
        "from 1 to 1440",
    );
    check(
        BERLIN.replace("Europe/Berlin", "Europe/Bonn"),
        "no name of a zone",
    );
    check(
        BERLIN.replace("Europe/Berlin", "europe/berlin"),
        "no name of a zone",
    );
    check(BERLIN.replace("rules", "magic"), "'rules' or by 'slots'");
    check(with_rule(times), "it needs 'days'");
    check(
        with_rule(&format!(
            r#"{monday},{{"url":"from","valueTime":"08:00:00"}}"#
        )),
        "it needs 'to'",
    );
    check(
        with_rule(&format!("{monday},{}", times.replace("16:", "07:"))),
        "closes before it opens",
    );
    check(
        with_rule(&format!(
            "{monday},{}",
            times.replace("08:00:00", "08:00:30")
        )),
        "whole minutes",
    );
    check(
        with_rule(&format!("{},{times}", monday.replace("mon", "may"))),
        "days are mon",
    );
    check(
        with_rule(&format!(
            r#"{monday},{times},{{"url":"valid","valuePeriod":{{"start":"2026-03"}}}}"#
        )),
        "two dates",
    );
    check(
        with_rule(&format!(
            r#"{monday},{times},{{"url":"service","valueReference":{{"display":"scan"}}}}"#
        )),
        "relative one",
    );
}

#[test]
fn exceptions_that_are_not_understood_are_refused() {
    let exception =
        |parts: &str| format!(r#"{BERLIN},{{"url":"exception","extension":[{parts}]}}"#);
    let check = check_refused;
    check(
        exception(r#"{"url":"kind","valueCode":"closed"}"#),
        "it needs 'when'",
    );
    check(
        exception(r#"{"url":"kind","valueCode":"closed"},{"url":"when","valuePeriod":{}}"#),
        "neither beginning nor end",
    );
    check(
        exception(
            r#"{"url":"kind","valueCode":"closed"},{"url":"when","valuePeriod":{"start":"2026-05-02","end":"2026-05-01"}}"#,
        ),
        "ends before it begins",
    );
    let two = r#"{"resourceType":"Schedule","actor":[{"reference":"Location/a"},{"reference":"Location/b"}],"extension":[{"url":"AV","extension":[PARTS]}]}"#;
    let two = two.replace("AV", AVAILABILITY).replace("PARTS", BERLIN);
    assert!(Schedule::of(document(&two).root()).is_err());
    let none = r#"{"resourceType":"Schedule","actor":[{"reference":"Location/a"}]}"#;
    assert_eq!(Schedule::of(document(none).root()), Ok(None));
}

#[test]
fn weeks_are_counted_from_somewhere() {
    let parts = rule(
        r#"{"url":"days","valueCode":"mon"},{"url":"from","valueTime":"08:00:00"},{"url":"to","valueTime":"16:00:00"},
        {"url":"week-interval","valuePositiveInt":2}"#,
    );
    let text = r#"{"resourceType":"Schedule","actor":[{"reference":"Location/a"}],"extension":[{"url":"AV","extension":[PARTS]}]}"#;
    let text = text
        .replace("AV", AVAILABILITY)
        .replace("PARTS", &format!("{BERLIN},{parts}"));
    let fault = Schedule::of(document(&text).root()).expect_err("from when?");
    assert!(fault.sentence.contains("counted from"), "{fault}");
}

fn policy(parts: &str) -> Result<Option<Policy>, super::super::Fault> {
    let text = format!(
        r#"{{"resourceType":"HealthcareService","extension":[{{"url":"{POLICY}","extension":[{parts}]}}]}}"#
    );
    Policy::of(document(&text).root())
}

#[test]
fn a_policy_is_read_whole() {
    let read = policy(
        r#"{"url":"duration","valuePositiveInt":30},{"url":"buffer-after","valueUnsignedInt":5},
        {"url":"align-minutes","valuePositiveInt":15},{"url":"lead-minutes","valueUnsignedInt":60},
        {"url":"horizon-days","valuePositiveInt":180},{"url":"self-book","valueBoolean":true},
        {"url":"requirement","extension":[{"url":"role","valueCode":"physician"},{"url":"type","valueCode":"PractitionerRole"},
          {"url":"specialty","valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"394586005"}]}}]},
        {"url":"requirement","extension":[{"url":"role","valueCode":"theatre"},{"url":"type","valueCode":"Location"},
          {"url":"pool","valueReference":{"reference":"Location/site-mitte"}},{"url":"count","valuePositiveInt":2},
          {"url":"buffer-after","valueUnsignedInt":30}]},
        {"url":"reminder","extension":[{"url":"offset","valueDuration":
          {"value":2,"unit":"days","system":"http://unitsofmeasure.org","code":"d"}}]}"#,
    );
    let read = read.expect("understood").expect("a policy");
    assert_eq!(
        (read.duration, read.buffer_before, read.buffer_after),
        (30, 0, 5)
    );
    assert_eq!(
        (read.align, read.lead_minutes, read.horizon_days),
        (Some(15), 60, Some(180))
    );
    assert_eq!(
        (read.hold_minutes, read.capacity, read.overbook_limit),
        (None, 1, 0)
    );
    assert!(read.self_book && !read.referral_required);
    assert_eq!(read.reminders[0].minutes_before, 2880);
    let [physician, theatre] = &read.requirements[..] else {
        panic!("two requirements")
    };
    assert_eq!(physician.specialty[0].code, "394586005");
    assert_eq!((read.before(physician), read.after(physician)), (0, 5));
    assert_eq!(
        (theatre.kind, theatre.count, read.after(theatre)),
        (RequirementKind::Location, 2, 30)
    );
    assert_eq!(theatre.pool.as_deref(), Some("Location/site-mitte"));
    let none = document(r#"{"resourceType":"HealthcareService"}"#);
    assert_eq!(Policy::of(none.root()), Ok(None));
}

#[test]
fn policies_that_are_not_understood_are_refused() {
    let check = |parts: &str, says: &str| {
        let fault = policy(parts).expect_err(parts);
        assert!(fault.to_string().contains(says), "{parts}: {fault}");
    };
    let duration = r#"{"url":"duration","valuePositiveInt":30}"#;
    check(
        r#"{"url":"self-book","valueBoolean":true}"#,
        "it needs 'duration'",
    );
    check(
        r#"{"url":"duration","valueUnsignedInt":30}"#,
        "it needs 'valuePositiveInt'",
    );
    check(
        r#"{"url":"duration","valuePositiveInt":0}"#,
        "from 1 to 1440",
    );
    check(&format!("{duration},{duration}"), "only once");
    check(
        &format!(r#"{duration},{{"url":"hold-minutes","valuePositiveInt":31}}"#),
        "from 1 to 30",
    );
    check(
        &format!(r#"{duration},{{"url":"price","valuePositiveInt":31}}"#),
        "'price' is no part",
    );
    let requirement =
        |parts: &str| format!(r#"{duration},{{"url":"requirement","extension":[{parts}]}}"#);
    check(
        &requirement(r#"{"url":"role","valueCode":"room"}"#),
        "it needs 'type'",
    );
    check(
        &requirement(r#"{"url":"role","valueCode":"room"},{"url":"type","valueCode":"Patient"}"#),
        "a PractitionerRole, a Location or a Device",
    );
    check(
        &requirement(
            r#"{"url":"role","valueCode":"room"},{"url":"type","valueCode":"Location"},
            {"url":"capability","valueCodeableConcept":{"text":"clean"}}"#,
        ),
        "system and code",
    );
    let reminder = |duration_of: &str| {
        format!(
            r#"{duration},{{"url":"reminder","extension":[{{"url":"offset","valueDuration":{duration_of}}}]}}"#
        )
    };
    check(
        &reminder(r#"{"value":1,"system":"http://unitsofmeasure.org","code":"mo"}"#),
        "min, h, d or wk",
    );
    check(
        &reminder(r#"{"value":1.5,"system":"http://unitsofmeasure.org","code":"h"}"#),
        "whole number",
    );
}
