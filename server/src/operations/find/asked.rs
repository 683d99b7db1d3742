//! What `$find` is asked, understood or refused.

use fhir::ids::ResourceKey;
use fhir::json::{Document, Value};
use fhir::outcome::Issue;
use fhir::scheduling::{Coding, Interval, Policy, Requirement, RequirementKind};
use fhir::time;
use jiff::civil::{self, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{FindParams, said};
use crate::error::{Error, ErrorKind, Result};

/// A window is at most so long.
pub(in crate::operations) const WINDOW: SignedDuration = SignedDuration::from_hours(92 * 24);
const COUNT: usize = 20;
const COUNT_MAX: i32 = 200;

/// What is asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) window: Interval,
    /// `start` and `end` as they were given.
    pub(super) given: (String, String),
    pub(super) service: Option<String>,
    pub(super) visit_types: Vec<Coding>,
    pub(super) specialties: Vec<Coding>,
    pub(super) reasons: Vec<Coding>,
    /// Who and what is wanted, in the order of preference.
    pub(super) named: Vec<String>,
    pub(super) organizations: Vec<String>,
    pub(super) patients: Vec<String>,
    pub(super) referral: Option<(String, String)>,
    days: Vec<Weekday>,
    times: Vec<civil::Time>,
    /// In minutes.
    pub(super) duration: Option<u32>,
    pub(super) is_overbooking: bool,
    pub(super) count: usize,
}

/// A refusal of a parameter.
pub(in crate::operations) fn bad(parameter: &str, sentence: &str) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
        .at(format!("Parameters.parameter.where(name='{parameter}')"))
}

/// A key that was read before.
pub(super) fn key(text: &str) -> Result<ResourceKey> {
    text.parse().map_err(|_| {
        bad(
            "healthcare-service",
            "no reference to a resource of this server",
        )
    })
}

/// A value of a search parameter, as it is written within one.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | ',' | '$' | '|') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

impl Asked {
    pub(super) fn read(params: &FindParams) -> Result<Self> {
        for (parameter, is_given) in [
            ("location-string", !params.location_string.is_empty()),
            ("patient-resource", !params.patient_resource.is_empty()),
            ("insurance-reference", !params.insurance.is_empty()),
        ] {
            if is_given {
                let sentence = format!("'{parameter}' is not supported");
                return Err(Error::new(ErrorKind::NotSupported, sentence));
            }
        }
        let service = params.service.as_ref();
        let service =
            service.map(|one| reference("healthcare-service", one, &["HealthcareService"]));
        let visit_types = tokens("visit-type", &params.visit_type)?;
        if service.is_some() != visit_types.is_empty() {
            return Err(bad(
                "healthcare-service",
                "one of 'healthcare-service' and 'visit-type' says which kind of visit is asked for",
            ));
        }
        let (days, times) = timing(params.timing.as_ref())?;
        let mut named = references(
            "practitioner",
            &params.practitioner,
            &["PractitionerRole", "Practitioner"],
        )?;
        named.extend(references(
            "location-reference",
            &params.location,
            &["Location"],
        )?);
        named.extend(references("device-reference", &params.device, &["Device"])?);
        Ok(Self {
            window: window(&params.start, &params.end)?,
            given: (params.start.clone(), params.end.clone()),
            service: service.transpose()?,
            visit_types,
            specialties: tokens("specialty", &params.specialty)?,
            reasons: tokens("reason", &params.reason)?,
            named,
            organizations: references("organization", &params.organization, &["Organization"])?,
            patients: references("patient-reference", &params.patient, &["Patient"])?,
            referral: params.referral.as_ref().map(identifier).transpose()?,
            days,
            times,
            duration: params.duration.as_ref().map(duration).transpose()?,
            is_overbooking: params.include_overbook.unwrap_or(false),
            count: match params.count {
                None => COUNT,
                Some(count @ 1..=COUNT_MAX) => usize::try_from(count).map_err(Error::internal)?,
                Some(_) => return Err(bad("_count", "'_count' is a number from 1 to 200")),
            },
        })
    }

    /// A kind of visit, within a window, of these patients, with one of those who are named.
    pub(super) fn of(
        service: String,
        window: Interval,
        patients: Vec<String>,
        named: Vec<String>,
    ) -> Self {
        Self {
            window,
            given: (window.start.to_string(), window.end.to_string()),
            service: Some(service),
            visit_types: Vec::new(),
            specialties: Vec::new(),
            reasons: Vec::new(),
            named,
            organizations: Vec::new(),
            patients,
            referral: None,
            days: Vec::new(),
            times: Vec::new(),
            duration: None,
            is_overbooking: false,
            count: COUNT,
        }
    }

    /// What the visit needs: what the policy requires, and those who are named where it requires none of their kind.
    pub(super) fn requirements(&self, policy: &Policy) -> Result<Vec<Requirement>> {
        if policy.requirements.is_empty() {
            let sentence =
                "the kind of visit requires nobody and nothing, so that there is nothing to find";
            return Err(Error::new(ErrorKind::BusinessRule, sentence));
        }
        let kinds = [
            ("Practitioner", RequirementKind::PractitionerRole),
            ("Location/", RequirementKind::Location),
            ("Device/", RequirementKind::Device),
        ];
        for (prefix, kind) in kinds {
            let is_named = self.named.iter().any(|one| one.starts_with(prefix));
            if is_named && policy.requirements.iter().all(|one| one.kind != kind) {
                let sentence = format!("the kind of visit requires no {}", kind.name());
                return Err(bad("healthcare-service", &sentence));
            }
        }
        Ok(policy.requirements.clone())
    }

    /// The part of the window that can be booked; what is cut off is said.
    pub(super) fn within(
        &self,
        policy: &Policy,
        now: Timestamp,
        issues: &mut Vec<Issue>,
    ) -> Option<Interval> {
        let bookable = policy.bookable(now);
        let (earliest, latest) = (bookable.start, bookable.end);
        if self.window.start < earliest {
            issues.push(said(&format!(
                "nothing before {earliest} can be booked any more"
            )));
        }
        if latest < self.window.end {
            issues.push(said(&format!("nothing after {latest} can be booked yet")));
        }
        self.window.intersect(bookable)
    }

    /// Whether a start is on a day and at a time that is asked for.
    pub(super) fn is_time(&self, start: Timestamp, zone: &TimeZone) -> bool {
        if self.days.is_empty() && self.times.is_empty() {
            return true;
        }
        let local = zone.to_offset(start).to_datetime(start);
        (self.days.is_empty() || self.days.contains(&local.date().weekday()))
            && (self.times.is_empty() || self.times.contains(&local.time()))
    }
}

/// A window between two moments.
pub(in crate::operations) fn window(start: &str, end: &str) -> Result<Interval> {
    let read = |parameter: &str, text: &str| {
        let read = time::parse_instant(text);
        let read = read.map_err(|_| {
            bad(
                parameter,
                &format!("'{parameter}' is a moment: date, time and offset"),
            )
        });
        read.map(|read| read.lower())
    };
    let (start, end) = (read("start", start)?, read("end", end)?);
    if end <= start {
        return Err(bad("end", "the window ends before it begins"));
    }
    match end.duration_since(start) <= WINDOW {
        true => Ok(Interval { start, end }),
        false => Err(bad("end", "a window is at most 92 days long")),
    }
}

fn references(parameter: &str, given: &[Document], types: &[&str]) -> Result<Vec<String>> {
    given
        .iter()
        .map(|one| reference(parameter, one, types))
        .collect()
}

fn reference(parameter: &str, given: &Document, types: &[&str]) -> Result<String> {
    let text = given
        .root()
        .get("reference")
        .and_then(Value::string)
        .unwrap_or_default();
    let key: std::result::Result<ResourceKey, _> = text.parse();
    let key = key
        .ok()
        .filter(|key| types.contains(&key.resource_type.name()));
    let sentence = || {
        format!(
            "'{parameter}' refers to {} as [type]/[id]",
            types.join(" or ")
        )
    };
    key.map(|key| key.to_string())
        .ok_or_else(|| bad(parameter, &sentence()))
}

fn tokens(parameter: &str, given: &[String]) -> Result<Vec<Coding>> {
    let token = |text: &String| {
        let (system, code) = text.split_once('|')?;
        let is_whole = !system.is_empty() && !code.is_empty() && !text.contains([',', '\\', '$']);
        is_whole.then(|| Coding {
            system: system.to_owned(),
            code: code.to_owned(),
        })
    };
    let read = given.iter().map(|text| {
        token(text).ok_or_else(|| bad(parameter, &format!("'{parameter}' is system|code")))
    });
    read.collect()
}

fn identifier(given: &Document) -> Result<(String, String)> {
    let text = |name: &str| {
        given
            .root()
            .get(name)
            .and_then(Value::string)
            .map(Into::into)
    };
    let read = text("system").zip(text("value"));
    read.ok_or_else(|| bad("referral-identifier", "an identifier has system and value"))
}

fn duration(given: &Document) -> Result<u32> {
    let root = given.root();
    let text = |name: &str| root.get(name).and_then(Value::string);
    let factor = match (text("system").as_deref(), text("code").as_deref()) {
        (Some("http://unitsofmeasure.org"), Some("min")) => 1,
        (Some("http://unitsofmeasure.org"), Some("h")) => 60,
        _ => {
            return Err(bad(
                "duration",
                "a duration is one of UCUM's minutes (min) or hours (h)",
            ));
        }
    };
    let value: Option<u32> = root
        .get("value")
        .and_then(Value::number)
        .and_then(|value| value.parse().ok());
    let minutes = value.filter(|_| root.get("comparator").is_none());
    let minutes = minutes
        .and_then(|value| value.checked_mul(factor))
        .filter(|minutes| (1..=24 * 60).contains(minutes));
    minutes.ok_or_else(|| {
        bad(
            "duration",
            "a duration is a whole number, and at most a day",
        )
    })
}

/// Days and times of a Timing that says nothing else.
fn timing(given: Option<&Document>) -> Result<(Vec<Weekday>, Vec<civil::Time>)> {
    let Some(given) = given else {
        return Ok((Vec::new(), Vec::new()));
    };
    let only = || {
        bad(
            "timing",
            "of a timing 'repeat.dayOfWeek' and 'repeat.timeOfDay' are understood, and nothing else",
        )
    };
    let repeat = given.root().get("repeat").ok_or_else(only)?;
    let is_more = given.root().members().any(|(name, _)| name != "repeat");
    let is_known = |name: &str| matches!(name, "dayOfWeek" | "timeOfDay");
    if is_more || repeat.members().any(|(name, _)| !is_known(&name)) {
        return Err(only());
    }
    let items = |name: &str| {
        repeat
            .get(name)
            .into_iter()
            .flat_map(Value::items)
            .filter_map(Value::string)
    };
    let days = items("dayOfWeek").map(|day| {
        Ok(match &*day {
            "mon" => Weekday::Monday,
            "tue" => Weekday::Tuesday,
            "wed" => Weekday::Wednesday,
            "thu" => Weekday::Thursday,
            "fri" => Weekday::Friday,
            "sat" => Weekday::Saturday,
            "sun" => Weekday::Sunday,
            _ => return Err(only()),
        })
    });
    let days = days.collect::<Result<_>>()?;
    let times = items("timeOfDay").map(|text| text.parse::<civil::Time>().map_err(|_| only()));
    Ok((days, times.collect::<Result<_>>()?))
}
