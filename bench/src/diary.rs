//! Who and what is booked: the resources of a clinic's calendars, as JSON.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::Result;

const OURS: &str = "https://vesta.example/fhir";
/// The zone of all calendars.
const ZONE: &str = "Europe/Berlin";

/// The zone of all calendars, which turns its clocks.
pub(crate) fn zone() -> Result<TimeZone> {
    Ok(TimeZone::get(ZONE)?)
}

/// A moment as the server is sent it.
pub(crate) fn instant(moment: Timestamp) -> String {
    format!("{:.0}", moment)
}

/// A resource with nothing but an id.
pub(crate) fn bare(resource_type: &str, id: &str) -> String {
    format!(r#"{{"resourceType":"{resource_type}","id":"{id}"}}"#)
}

/// The role of a Practitioner, by the id of both.
pub(crate) fn role(id: &str, code: &str) -> String {
    role_of(id, id, code)
}

/// A role of a Practitioner.
pub(crate) fn role_of(id: &str, practitioner: &str, code: &str) -> String {
    format!(
        r#"{{"resourceType":"PractitionerRole","id":"{id}","active":true,"practitioner":{{"reference":"Practitioner/{practitioner}"}},"code":[{{"coding":[{{"system":"{OURS}/CodeSystem/staff-role","code":"{code}"}}]}}]}}"#
    )
}

/// A room for so many visits at once.
pub(crate) fn room(id: &str, capacity: usize) -> String {
    format!(
        r#"{{"resourceType":"Location","id":"{id}","extension":[{{"url":"{OURS}/StructureDefinition/capacity","valuePositiveInt":{capacity}}}],"status":"active"}}"#
    )
}

/// A machine.
pub(crate) fn device(id: &str) -> String {
    format!(r#"{{"resourceType":"Device","id":"{id}","status":"active"}}"#)
}

/// The calendar of one actor, open every day of many years from one time to another, for visits of one kind.
pub(crate) fn schedule(id: &str, actor: &str, open: (&str, &str), service: &str) -> String {
    let days: Vec<String> = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .iter()
        .map(|day| format!(r#"{{"url":"days","valueCode":"{day}"}}"#))
        .collect();
    format!(
        r#"{{"resourceType":"Schedule","id":"{id}","extension":[{{"url":"{OURS}/StructureDefinition/availability","extension":[{{"url":"mode","valueCode":"rules"}},{{"url":"timezone","valueCode":"{ZONE}"}},{{"url":"rule","extension":[{},{{"url":"from","valueTime":"{}"}},{{"url":"to","valueTime":"{}"}},{{"url":"service","valueReference":{{"reference":"HealthcareService/{service}"}}}}]}}]}}],"active":true,"actor":[{{"reference":"{actor}"}}],"planningHorizon":{{"start":"2020-01-01","end":"2060-12-31"}}}}"#,
        days.join(","),
        open.0,
        open.1
    )
}

/// A kind of visit, of so many minutes, that takes one of each of what is named: role and type.
pub(crate) fn service(id: &str, minutes: u32, requirements: &[(&str, &str)]) -> String {
    let requirements: String = requirements
        .iter()
        .map(|(role, kind)| {
            format!(
                r#",{{"url":"requirement","extension":[{{"url":"role","valueCode":"{role}"}},{{"url":"type","valueCode":"{kind}"}}]}}"#
            )
        })
        .collect();
    format!(
        r#"{{"resourceType":"HealthcareService","id":"{id}","extension":[{{"url":"{OURS}/StructureDefinition/scheduling-policy","extension":[{{"url":"duration","valuePositiveInt":{minutes}}},{{"url":"align-minutes","valuePositiveInt":{minutes}}}{requirements}]}}],"active":true,"name":"{id}"}}"#
    )
}

/// A visit: its kind, who takes part, from when to when.
pub(crate) fn visit(
    id: Option<&str>,
    status: &str,
    service: &str,
    actors: &[String],
    start: Timestamp,
    minutes: i64,
) -> Result<String> {
    let end = start.checked_add(SignedDuration::from_mins(minutes))?;
    let id = id.map(|id| format!(r#""id":"{id}","#)).unwrap_or_default();
    let takes_part = |(actor, required): (&str, &str)| {
        format!(
            r#"{{"actor":{{"reference":"{actor}"}},"required":"{required}","status":"accepted"}}"#
        )
    };
    let kind = format!("HealthcareService/{service}");
    let kind = Some((kind.as_str(), "information-only")).filter(|_| !service.is_empty());
    let needed = actors.iter().map(|actor| (actor.as_str(), "required"));
    let participants: Vec<String> = needed.chain(kind).map(takes_part).collect();
    let reason = match status {
        "cancelled" => r#""cancelationReason":{"text":"not needed"},"#,
        _ => "",
    };
    Ok(format!(
        r#"{{"resourceType":"Appointment",{id}"status":"{status}",{reason}"start":"{}","end":"{}","participant":[{}]}}"#,
        instant(start),
        instant(end),
        participants.join(",")
    ))
}

/// A Bundle that puts resources where their ids say.
pub(crate) fn put_all(resources: &[String]) -> String {
    let entries: Vec<String> = resources
        .iter()
        .map(|resource| {
            let kind = resource.split('"').nth(3).unwrap_or_default();
            let id = resource.split('"').nth(7).unwrap_or_default();
            format!(r#"{{"resource":{resource},"request":{{"method":"PUT","url":"{kind}/{id}"}}}}"#)
        })
        .collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        entries.join(",")
    )
}

/// Parameters of an operation, each as it stands.
pub(crate) fn parameters(parameters: &[String]) -> String {
    format!(
        r#"{{"resourceType":"Parameters","parameter":[{}]}}"#,
        parameters.join(",")
    )
}

/// A time of a day there.
pub(crate) fn at(day: Date, minutes: i16) -> Result<Timestamp> {
    let clock = day.at(
        i8::try_from(minutes / 60)?,
        i8::try_from(minutes % 60)?,
        0,
        0,
    );
    let there: Zoned = clock.to_zoned(zone()?)?;
    Ok(there.timestamp())
}

/// Today there.
pub(crate) fn today() -> Result<Date> {
    Ok(Timestamp::now().to_zoned(zone()?).date())
}
