//! A small clinic that is booked in tests, and what its answers say in brief.

use fhir::json::Value;
use fhir::resource::Resource;

use crate::context::RequestContext;
use crate::error::Result;
use crate::interactions::{CallConditions, Outcome};
use crate::operations::testing::World;

pub(in crate::operations) const CLINIC: [&str; 6] = [
    r#"{"resourceType":"Patient","id":"anna"}"#,
    r#"{"resourceType":"Patient","id":"eva"}"#,
    r#"{"resourceType":"Practitioner","id":"weiss"}"#,
    r#"{"resourceType":"Practitioner","id":"lindholm"}"#,
    r#"{"resourceType":"Location","id":"room"}"#,
    r#"{"resourceType":"Device","id":"scanner","status":"active"}"#,
];

/// An Appointment from one hour of a day to another.
pub(in crate::operations) fn visit(
    status: &str,
    hours: (u32, u32),
    patient: &str,
    actors: &[&str],
) -> String {
    let actors: Vec<String> = [patient]
        .iter()
        .chain(actors)
        .map(|actor| format!(r#"{{"actor":{{"reference":"{actor}"}},"status":"needs-action"}}"#))
        .collect();
    format!(
        r#"{{"resourceType":"Appointment","status":"{status}","start":"2027-03-01T{:02}:00:00+01:00","end":"2027-03-01T{:02}:00:00+01:00","participant":[{}]}}"#,
        hours.0,
        hours.1,
        actors.join(",")
    )
}

/// Parameters: name, member and its JSON.
pub(in crate::operations) fn parameters(given: &[(&str, &str, &str)]) -> String {
    let given: Vec<String> = given
        .iter()
        .map(|(name, member, json)| format!(r#"{{"name":"{name}","{member}":{json}}}"#))
        .collect();
    if given.is_empty() {
        return r#"{"resourceType":"Parameters"}"#.to_owned();
    }
    format!(
        r#"{{"resourceType":"Parameters","parameter":[{}]}}"#,
        given.join(",")
    )
}

/// Parameters of one resource.
pub(in crate::operations) fn of_resource(json: &str) -> String {
    parameters(&[("appointment-resource", "resource", json)])
}

/// Parameters of one reference.
pub(in crate::operations) fn of_reference(key: &str) -> String {
    let json = format!(r#"{{"reference":"{key}"}}"#);
    parameters(&[("appointment-reference", "valueReference", &json)])
}

pub(in crate::operations) async fn call(
    world: &World,
    cx: &RequestContext,
    path: &str,
    body: &str,
) -> Result<Outcome> {
    let conditions = CallConditions::default();
    world.call_with(cx, path, Some(body), conditions).await
}

/// Status, state and key of the visit that is answered, or status and code of the refusal.
pub(in crate::operations) fn brief(answer: &Result<Outcome>) -> (String, String) {
    match answer {
        Ok(outcome) => {
            let bundle = outcome.body.clone().unwrap_or_default();
            let bundle = Resource::parse(bundle).unwrap();
            let entry = bundle.get("entry").and_then(|all| all.items().next());
            let visit = entry.and_then(|entry| entry.get("resource")).unwrap();
            let text = |name: &str| visit.get(name).and_then(Value::string).unwrap();
            let said = format!("{} {}", outcome.status.as_u16(), text("status"));
            (said, format!("Appointment/{}", text("id")))
        }
        Err(error) => {
            let detail = error.issues()[0].detail.as_ref();
            let code = detail.map_or("-", |detail| &*detail.1);
            (
                format!("{} {code}", error.status().as_u16()),
                error.to_string(),
            )
        }
    }
}

/// Calls, expects what is said in brief, and answers the key of the visit.
pub(in crate::operations) async fn check(
    world: &World,
    cx: &RequestContext,
    path: &str,
    body: &str,
    expected: &str,
) -> String {
    let (said, key) = brief(&call(world, cx, path, body).await);
    assert_eq!(said, expected, "{path} {body}: {key}");
    key
}

/// How many claims there are.
pub(in crate::operations) async fn claims(world: &World) -> usize {
    let sql = "select source from actor_busy";
    world.database().texts(sql).await.len()
}

/// The same request, so many minutes later.
pub(in crate::operations) fn later(cx: &RequestContext, minutes: i64) -> RequestContext {
    RequestContext {
        now: cx.now + jiff::SignedDuration::from_mins(minutes),
        ..cx.clone()
    }
}

/// Somebody who works here and may do what scopes say.
pub(in crate::operations) fn staff() -> RequestContext {
    use crate::auth::Rows;
    crate::operations::testing::granted(Some("Practitioner/desk"), Rows::All, Vec::new())
}

/// A series of Anna's that begins on that Monday.
pub(in crate::operations) fn series(rrule: &str, more: &str) -> String {
    let first = visit("pending", (9, 10), "Patient/anna", &["Practitioner/weiss"]);
    let parts = format!(
        r#"{{"name":"rrule","valueString":"{rrule}"}},{{"name":"timezone","valueCode":"Europe/Berlin"}}{more}"#
    );
    parameters(&[("appointment-resource", "resource", &first)]).replace(
        r#""parameter":["#,
        &format!(r#""parameter":[{{"name":"recurrence","part":[{parts}]}},"#),
    )
}
