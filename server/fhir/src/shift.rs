//! Moving a Bundle of demo data from the day it was written for to another day, week days kept (`bundles/README.md`).

use jiff::Unit;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::definitions::primitive::PrimitiveType;
use crate::definitions::structure::{Shape, Structures, TypeDefinition, TypeKind};
use crate::json::edit::Splices;
use crate::json::{Kind, Value};
use crate::resource::Resource;
use crate::time::{self, Precision};

/// The tag of a Bundle whose dates are to be moved: system and code.
pub const SHIFT_TAG: (&str, &str) = (
    "https://vesta.example/fhir/CodeSystem/bundle-tag",
    "shift-dates",
);

/// Types whose dates are facts: births, deaths, periods of names and of qualifications.
const FACTUAL: [&str; 4] = ["Patient", "Person", "Practitioner", "RelatedPerson"];

/// Why the dates of a Bundle cannot be moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShiftError {
    /// The Bundle does not say which day it was written for.
    #[error("Bundle.timestamp, which the dates are counted from, is missing or not an instant")]
    NoAnchor,
    /// A date would leave the years 1 to 9999.
    #[error("Bundle.entry[{0}]: a date would leave the calendar")]
    Calendar(usize),
}

/// Whether the Bundle asks for its dates to be moved.
pub fn asks_for_shift(bundle: &Resource) -> bool {
    let is_text = |tag: Value<'_>, name: &str, expected: &str| {
        tag.get(name).and_then(Value::string).as_deref() == Some(expected)
    };
    bundle
        .root()
        .at(&["meta", "tag"])
        .into_iter()
        .flat_map(Value::items)
        .any(|tag| is_text(tag, "system", SHIFT_TAG.0) && is_text(tag, "code", SHIFT_TAG.1))
}

/// The whole weeks from the day the Bundle was written for until `today`, both in UTC, rounded down.
pub fn weeks_until(bundle: &Resource, today: Date) -> Result<i64, ShiftError> {
    let text = bundle.get("timestamp").and_then(Value::string);
    let instant = text
        .and_then(|text| time::parse_instant(&text).ok())
        .ok_or(ShiftError::NoAnchor)?;
    let anchor = instant.lower().to_zoned(TimeZone::UTC).date();
    let span = anchor
        .until((Unit::Day, today))
        .map_err(|_| ShiftError::NoAnchor)?;
    Ok(i64::from(span.get_days()).div_euclid(7))
}

/// The text of a Bundle with every full date of its entries moved by whole weeks. Everything else stays byte for byte:
/// times of day, offsets, partial dates, dates inside of other texts, and all of what [`FACTUAL`] names.
pub fn shifted(
    bundle: &Resource,
    structures: &Structures,
    weeks: i64,
) -> Result<String, ShiftError> {
    let mut shift = Shift {
        structures,
        weeks,
        splices: Splices::default(),
    };
    let entry = structures
        .by_name("Bundle.entry")
        .map(|id| structures.get(id));
    let entries = bundle.get("entry").into_iter().flat_map(Value::items);
    if let Some(definition) = entry {
        for (place, entry) in entries.enumerate() {
            shift
                .object(entry, definition)
                .map_err(|OutOfCalendar| ShiftError::Calendar(place))?;
        }
    }
    Ok(shift.splices.apply(bundle.text()))
}

struct Shift<'s> {
    structures: &'s Structures,
    weeks: i64,
    splices: Splices,
}

struct OutOfCalendar;

impl Shift<'_> {
    fn resource(&mut self, object: Value<'_>) -> Result<(), OutOfCalendar> {
        let name = object.get("resourceType").and_then(Value::string);
        let Some(name) = name.filter(|name| !FACTUAL.contains(&name.as_ref())) else {
            return Ok(());
        };
        match self.structures.by_name(&name) {
            Some(id) => self.object(object, self.structures.get(id)),
            // What is not a type is for validation to refuse.
            None => Ok(()),
        }
    }

    fn object(
        &mut self,
        object: Value<'_>,
        definition: &TypeDefinition,
    ) -> Result<(), OutOfCalendar> {
        for (name, value) in object.members() {
            let element = name.strip_prefix('_').unwrap_or(&name);
            let Some((_, element_type)) = definition.member(element) else {
                continue;
            };
            let member = self.structures.get(element_type.type_id);
            for item in value.each() {
                match (member.kind, item.kind()) {
                    (TypeKind::Resource, Kind::Object) => self.resource(item)?,
                    (TypeKind::Primitive, Kind::String) => self.primitive(item, member)?,
                    // With a primitive: its companion, which may have extensions.
                    (_, Kind::Object) => self.object(item, member)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn primitive(
        &mut self,
        value: Value<'_>,
        definition: &TypeDefinition,
    ) -> Result<(), OutOfCalendar> {
        let text = value.string().unwrap_or_default();
        let read = match definition.shape {
            Shape::Primitive(PrimitiveType::Date) => time::parse_date(&text),
            Shape::Primitive(PrimitiveType::DateTime) => time::parse_date_time(&text),
            Shape::Primitive(PrimitiveType::Instant) => time::parse_instant(&text),
            _ => return Ok(()),
        };
        // What is not a date is for validation to refuse; what is only a year or a month stays.
        let Ok(read) = read else { return Ok(()) };
        if read.precision < Precision::Day {
            return Ok(());
        }
        let month = i8::try_from(read.month).map_err(|_| OutOfCalendar)?;
        let day = i8::try_from(read.day).map_err(|_| OutOfCalendar)?;
        let moved = Date::new(read.year, month, day)
            .ok()
            .zip(jiff::Span::new().try_weeks(self.weeks).ok())
            .and_then(|(date, span)| date.checked_add(span).ok())
            .filter(|moved| moved.year() > 0)
            .ok_or(OutOfCalendar)?;
        let rest = text.get(10..).unwrap_or_default();
        // Written anew as a whole, since the text may have been escaped; a date has nothing to escape.
        self.splices.replace(value, format!("\"{moved}{rest}\""));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
