//! A calendar is read by whoever has its link, says when and where alone, and each reading is in the trail.

use std::sync::Arc;

use fhir::json::Value;
use fhir::resource::Resource;

use crate::auth::{Access, Act, Reason, Rows};
use crate::context::{Limits, Published, RequestContext};
use crate::operations::testing::{World, granted};
use crate::operations::visits::testing::*;

const ROLE: &str = r#"{"resourceType":"PractitionerRole","id":"doctor","practitioner":{"reference":"Practitioner/weiss"}}"#;

/// The link that is made, or the status of the refusal.
async fn link(world: &World, cx: &RequestContext, path: &str) -> String {
    match call(world, cx, path, &parameters(&[])).await {
        Ok(outcome) => {
            let answer = Resource::parse(outcome.body.unwrap()).unwrap();
            let part = answer.get("parameter").unwrap().items().next().unwrap();
            let url = part.get("valueUrl").and_then(Value::string);
            url.map_or_else(|| part.raw().to_owned(), |url| url.into_owned())
        }
        Err(error) => error.status().as_u16().to_string(),
    }
}

/// Whoever has a link, where calendars tell of places.
fn anybody(world: &World) -> RequestContext {
    let limits = Limits {
        published: Published {
            calendar_places: true,
            ..Published::default()
        },
        ..Limits::clone(&world.cx.limits)
    };
    RequestContext {
        access: Access::system(Reason::Public),
        limits: Arc::new(limits),
        ..world.cx.clone()
    }
}

#[tokio::test]
async fn a_calendar_is_read_by_its_link_alone() {
    let Some(world) = World::audited().await else {
        return;
    };
    for resource in CLINIC {
        world.put(resource).await;
    }
    world.put(ROLE).await;
    let in_room = visit(
        "booked",
        (9, 10),
        "Patient/anna",
        &["PractitionerRole/doctor"],
    );
    let room = r#""participant":[{"actor":{"reference":"Location/room","display":"Room 1"},"status":"accepted"},"#;
    let in_room = in_room.replacen(r#""participant":["#, room, 1);
    let soon = world.cx.now + jiff::SignedDuration::from_hours(48);
    let day = soon.strftime("%Y-%m-%d").to_string();
    let in_room = in_room.replace("2027-03-01", &day);
    world.put(&in_room.replacen('{', r#"{"id":"a","#, 1)).await;
    let own = granted(Some("Practitioner/weiss"), Rows::All, Vec::new());
    let other = granted(Some("Practitioner/lindholm"), Rows::All, Vec::new());
    let desk = granted(
        Some("Practitioner/desk"),
        Rows::All,
        vec![Act::KeepCalendars],
    );
    let make = "Practitioner/weiss/$calendar-link";
    assert_eq!(link(&world, &other, make).await, "403");
    let blind = granted(Some("Practitioner/weiss"), Rows::None, Vec::new());
    assert_eq!(link(&world, &blind, make).await, "403");
    let first = link(&world, &own, make).await;
    let anybody = anybody(&world);
    let calendar = world.get_with(&anybody, &first).await.unwrap();
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 1, "{calendar}");
    assert!(calendar.contains("LOCATION:Room 1"), "{calendar}");
    assert!(!calendar.contains("anna"), "{calendar}");
    let secret = first.rsplit('=').next().unwrap().to_owned();
    let told = "select count(*)::text from audit a where operation = 'calendar' and status = 200 and a::text like '%Appointment%'";
    assert_eq!(world.database().texts(told).await, ["1"]);
    let trail = world.database().texts("select a::text from audit a").await;
    assert!(!trail.iter().any(|row| row.contains(&secret)));
    // Another person's path, and a link that was replaced, lead nowhere.
    let elsewhere = first.replace("weiss", "lindholm");
    for url in [&elsewhere, &format!("{first}0")] {
        let refused = world.get_with(&anybody, url).await.unwrap_err();
        assert!(refused.starts_with("404 "), "{refused}");
    }
    let second = link(&world, &desk, make).await;
    assert!(world.get_with(&anybody, &first).await.is_err());
    assert!(world.get_with(&anybody, &second).await.is_ok());
    // Nor does that of somebody who is no longer here.
    let weiss = r#"{"resourceType":"Practitioner","id":"weiss","active":true}"#;
    world.put(&weiss.replace("true", "false")).await;
    assert!(world.get_with(&anybody, &second).await.is_err());
    world.put(weiss).await;
    assert!(world.get_with(&anybody, &second).await.is_ok());
    let end = "Practitioner/weiss/$calendar-unlink";
    assert_eq!(link(&world, &other, end).await, "403");
    assert!(link(&world, &desk, end).await.contains("true"));
    assert!(world.get_with(&anybody, &second).await.is_err());
    let stored = world
        .database()
        .texts("select encode(secret, 'hex') from calendar_link")
        .await;
    assert!(stored.is_empty(), "{stored:?}");
    world.close().await;
}
