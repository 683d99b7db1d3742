//! Reading the parts of a complex extension, none of them passed over (<https://hl7.org/fhir/R4/extensibility.html>).

use jiff::civil;

use super::Fault;
use super::policy::Coding;
use crate::json::{Kind, Value};
use crate::time;

/// One extension, and where it stands.
pub(super) struct Part<'a> {
    extension: Value<'a>,
    path: String,
}

/// The extension of that URL on a resource; two of them are a fault.
pub(super) fn only<'a>(
    resource: Value<'a>,
    type_name: &str,
    url: &str,
) -> Result<Option<Part<'a>>, Fault> {
    let name = url.rsplit('/').next().unwrap_or(url);
    let path = format!("{type_name}.extension('{url}')");
    let mut found = resource
        .get("extension")
        .into_iter()
        .flat_map(Value::items)
        .filter(|extension| extension.get("url").and_then(Value::string).as_deref() == Some(url));
    let first = found.next();
    if found.next().is_some() {
        return Err(Fault::new(path, format!("'{name}' may stand only once")));
    }
    Ok(first.map(|extension| Part { extension, path }))
}

impl<'a> Part<'a> {
    /// Name and content of each part, in order.
    pub(super) fn parts(&self) -> Result<Vec<(String, Part<'a>)>, Fault> {
        if let Some((member, _)) = self
            .extension
            .members()
            .find(|(name, _)| name.starts_with("value"))
        {
            return Err(self.fault(format!("it has parts, and no '{member}'")));
        }
        let parts = self.extension.get("extension");
        let parts = parts.into_iter().flat_map(Value::items);
        parts
            .map(|extension| {
                let url = extension.get("url").and_then(Value::string);
                let url = url.ok_or_else(|| self.fault("a part without a name"))?;
                let path = format!("{}.extension('{url}')", self.path);
                Ok((url.into_owned(), Part { extension, path }))
            })
            .collect()
    }

    /// A fault of this part.
    pub(super) fn fault(&self, sentence: impl Into<String>) -> Fault {
        Fault::new(self.path.clone(), sentence)
    }

    /// What is said of a part that nobody knows.
    pub(super) fn unknown(&self, name: &str) -> Fault {
        self.fault(format!("'{name}' is no part that is understood"))
    }

    fn value(&self, member: &str) -> Result<Value<'a>, Fault> {
        let wanted = || self.fault(format!("it needs '{member}'"));
        self.extension.get(member).ok_or_else(wanted)
    }

    fn string(&self, member: &str) -> Result<String, Fault> {
        let text = self.value(member)?.string();
        let text = text.filter(|text| !text.is_empty());
        text.map(Into::into)
            .ok_or_else(|| self.fault(format!("'{member}' is no text")))
    }

    pub(super) fn code(&self) -> Result<String, Fault> {
        self.string("valueCode")
    }

    pub(super) fn text(&self) -> Result<String, Fault> {
        self.string("valueString")
    }

    pub(super) fn boolean(&self) -> Result<bool, Fault> {
        let value = self.value("valueBoolean")?;
        value
            .boolean()
            .ok_or_else(|| self.fault("'valueBoolean' is true or false"))
    }

    /// A number from 1 to `most`.
    pub(super) fn positive(&self, most: u32) -> Result<u32, Fault> {
        self.integer("valuePositiveInt", 1, most)
    }

    /// A number from 0 to `most`.
    pub(super) fn unsigned(&self, most: u32) -> Result<u32, Fault> {
        self.integer("valueUnsignedInt", 0, most)
    }

    fn integer(&self, member: &str, least: u32, most: u32) -> Result<u32, Fault> {
        let number = self
            .value(member)?
            .number()
            .and_then(|text| text.parse().ok());
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.fault(format!("'{member}' is a number from {least} to {most}")))
    }

    /// A time of day to the minute.
    pub(super) fn minute_of_day(&self) -> Result<civil::Time, Fault> {
        let text = self.string("valueTime")?;
        let read = time::parse_time(&text).map_err(|fault| self.fault(fault.to_string()))?;
        if read.second != 0 || read.nanosecond != 0 {
            return Err(self.fault("a time of a calendar is one of whole minutes"));
        }
        let part = |value: u8| i8::try_from(value).ok();
        let read = part(read.hour).zip(part(read.minute));
        read.and_then(|(hour, minute)| civil::Time::new(hour, minute, 0, 0).ok())
            .ok_or_else(|| self.fault("no time of day"))
    }

    /// A literal reference, relative and without version.
    pub(super) fn reference(&self) -> Result<String, Fault> {
        let reference = self.value("valueReference")?;
        literal(reference).ok_or_else(|| {
            self.fault("the reference is a relative one, '[type]/[id]', and of no version")
        })
    }

    /// Beginning and end of a Period.
    pub(super) fn period(&self) -> Result<Period, Fault> {
        let period = self.value("valuePeriod")?;
        Period::read(period, &self.path)
    }

    /// The codings of a CodeableConcept, at least one.
    pub(super) fn codings(&self) -> Result<Vec<Coding>, Fault> {
        let concept = self.value("valueCodeableConcept")?;
        let codings = Coding::all(concept);
        if codings.is_empty() {
            return Err(self.fault("a concept without a coding that has system and code"));
        }
        Ok(codings)
    }

    /// A Duration of minutes, hours, days or weeks in UCUM, as minutes.
    pub(super) fn minutes(&self) -> Result<u32, Fault> {
        let duration = self.value("valueDuration")?;
        let text = |name: &str| duration.get(name).and_then(Value::string);
        let factor = match text("code").as_deref() {
            Some("min") => 1,
            Some("h") => 60,
            Some("d") => 24 * 60,
            Some("wk") => 7 * 24 * 60,
            _ => return Err(self.fault("a duration has the code min, h, d or wk")),
        };
        let is_ucum = text("system").as_deref() == Some("http://unitsofmeasure.org");
        let is_plain = duration.get("comparator").is_none();
        let value = duration.get("value").and_then(Value::number);
        let value = value.and_then(|text| text.parse::<u32>().ok());
        value
            .filter(|_| is_ucum && is_plain)
            .and_then(|value| value.checked_mul(factor))
            .ok_or_else(|| self.fault("a duration is a whole number of UCUM's units"))
    }
}

/// `[type]/[id]` of a Reference.
pub(super) fn literal(reference: Value<'_>) -> Option<String> {
    let text = reference.get("reference").and_then(Value::string)?;
    let mut segments = text.split('/');
    let is_key = segments
        .next()
        .is_some_and(|segment| !segment.is_empty() && !segment.contains(':'))
        && segments.next().is_some_and(|segment| !segment.is_empty())
        && segments.next().is_none();
    is_key.then(|| text.into_owned())
}

/// A Period as it was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From when, and without it from ever.
    pub start: Option<time::DateTime>,
    /// Until when, and without it for ever; a date is covered whole.
    pub end: Option<time::DateTime>,
}

impl Period {
    /// Reads a Period; one that ends before it begins is a fault.
    pub(super) fn read(period: Value<'_>, path: &str) -> Result<Self, Fault> {
        let read = |name: &str| match period.get(name) {
            None => Ok(None),
            Some(value) if value.kind() == Kind::String => {
                let text = value.string().unwrap_or_default();
                let read = time::parse_date_time(&text);
                read.map(Some)
                    .map_err(|fault| Fault::new(format!("{path}.{name}"), fault.to_string()))
            }
            Some(_) => Err(Fault::new(format!("{path}.{name}"), "no date or time")),
        };
        let period = Self {
            start: read("start")?,
            end: read("end")?,
        };
        match (period.start, period.end) {
            (Some(start), Some(end)) if end.upper() <= start.lower() => {
                Err(Fault::new(path, "the period ends before it begins"))
            }
            _ => Ok(period),
        }
    }

    /// First and last day, where both are dates or absent.
    pub(super) fn days(&self) -> Option<(Option<civil::Date>, Option<civil::Date>)> {
        let day = |given: Option<time::DateTime>| match given {
            None => Some(None),
            Some(given) if given.precision == time::Precision::Day => {
                let month = i8::try_from(given.month).ok()?;
                let day = i8::try_from(given.day).ok()?;
                civil::Date::new(given.year, month, day).ok().map(Some)
            }
            Some(_) => None,
        };
        Some((day(self.start)?, day(self.end)?))
    }
}

/// Puts the value of a part that may stand once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T, part: &Part<'_>) -> Result<(), Fault> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(part.fault("it may stand only once")),
    }
}
