//! A clinic whose calendars are kept in tests.

use fhir::json::Value;
use fhir::resource::Resource;

use crate::context::RequestContext;
use crate::operations::testing::World;
use crate::operations::visits::testing::call;

/// The calendar of a person or room on Mondays from 9 to 12, in a zone, by rules or by Slots.
pub(in crate::operations) fn calendar(id: &str, actor: &str, mode: &str) -> String {
    let part = |name: &str, member: &str, value: &str| {
        format!(r#"{{"url":"{name}","{member}":"{value}"}}"#)
    };
    let rule = [
        part("days", "valueCode", "mon"),
        part("from", "valueTime", "09:00:00"),
        part("to", "valueTime", "12:00:00"),
    ];
    let parts = [
        part("mode", "valueCode", mode),
        part("timezone", "valueCode", "Europe/Berlin"),
        format!(r#"{{"url":"rule","extension":[{}]}}"#, rule.join(",")),
        r#"{"url":"align-minutes","valuePositiveInt":30}"#.to_owned(),
    ];
    format!(
        r#"{{"resourceType":"Schedule","id":"{id}","active":true,"actor":[{{"reference":"{actor}"}}],"planningHorizon":{{"start":"2027-01-01","end":"2027-12-31"}},"extension":[{{"url":"https://vesta.example/fhir/StructureDefinition/availability","extension":[{}]}}]}}"#,
        parts.join(",")
    )
}

/// `status from-to` of the Slots of a calendar, in UTC, in order; what blocks over visits has its mark.
pub(in crate::operations) async fn slots(world: &World) -> Vec<String> {
    let sql = "select status || to_char(lower(during) at time zone 'UTC', ' HH24:MI-') || \
               to_char(upper(during) at time zone 'UTC', 'HH24:MI') from slot_time order by during, status";
    world.database().texts(sql).await
}

/// What an operation answers in numbers, by the names of its parameters, or the refusal.
pub(in crate::operations) async fn numbers(
    world: &World,
    cx: &RequestContext,
    path: &str,
    body: &str,
) -> String {
    match call(world, cx, path, body).await {
        Ok(outcome) => {
            let body = outcome.body.unwrap_or_default();
            let answer = Resource::parse(body).unwrap();
            let parts = answer.get("parameter").into_iter().flat_map(Value::items);
            let parts = parts.filter_map(|part| {
                let name = part.get("name")?.string()?;
                Some(format!(
                    "{name} {}",
                    part.get("valueUnsignedInt")?.number()?
                ))
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        Err(error) => format!("{} {error}", error.status().as_u16()),
    }
}
