//! What is offered is booked, or let go, by the link of the message that offers it.

use fhir::ids::ResourceKey;

use super::*;
use crate::identity::testing::{identity, look, reply};
use crate::store::{News, ReplyLink, SecretHash};

const SECRET: &str = "2Jr2bUTRTm2AmKQvyPoZDw";

/// Eva waits for time that is freed, and is offered it with a link.
async fn offered_by_link(world: &World, now: Timestamp) -> String {
    let visit = booked(world, "Patient/anna").await;
    waits(world, "Patient/eva", &[]).await;
    cancelled(world, &visit).await;
    let (key, text) = offered(world, now).await;
    let stored = Resource::parse(text.clone()).unwrap();
    let start = stored.get("start").and_then(Value::string).unwrap();
    let link = ReplyLink {
        appointment: key.parse::<ResourceKey>().unwrap(),
        patient: "Patient/eva".parse().unwrap(),
        kind: News::Offered,
        starts: start.parse().unwrap(),
        told: "We can offer you <this>.".to_owned(),
        language: "en".to_owned(),
        expires: ends(&text),
    };
    let store = &world.interactions.store;
    let mut attempts = store.attempts();
    let mut tx = attempts.begin(&world.cx).await.unwrap();
    let kept = tx.keep_reply_link(&SecretHash::of(SECRET), &link).await;
    attempts.finish(tx, kept).await.unwrap().unwrap();
    key
}

#[tokio::test]
async fn an_offer_is_booked_by_its_link() {
    let Some(world) = world().await else {
        return;
    };
    let now = soon(&world);
    let key = offered_by_link(&world, now).await;
    let pages = identity(&world, now);
    let (status, page) = look(&pages, SECRET, now).await;
    assert!(status == 200 && page.contains("Book it"), "{page}");
    assert!(page.contains("&#60;this&#62;"), "{page}");
    for _ in 0..2 {
        let (status, page) = reply(&pages, (SECRET, "accepted"), now).await;
        assert!(status == 200 && page.contains("is booked"), "{page}");
    }
    let visit = world.read(&key).await.unwrap();
    assert!(visit.contains(r#""status": "booked""#), "{visit}");
    // What was taken is cancelled by the link of another message.
    let (status, _) = reply(&pages, (SECRET, "declined"), now).await;
    assert_eq!(status, 410);
    world.close().await;
}

#[tokio::test]
async fn an_offer_is_let_go_by_its_link() {
    let Some(world) = world().await else {
        return;
    };
    // Who may not cancel any more lets go what they never had.
    let service = world.read("HealthcareService/scan").await.unwrap();
    let duration = r#"{"url": "duration""#;
    let cutoff = format!(r#"{{"url":"cancel-cutoff-hours","valueUnsignedInt":8000}},{duration}"#);
    world.put(&service.replacen(duration, &cutoff, 1)).await;
    let now = soon(&world);
    let key = offered_by_link(&world, now).await;
    let pages = identity(&world, now);
    let (status, page) = reply(&pages, (SECRET, "declined"), now).await;
    assert!(status == 200 && page.contains("somebody else"), "{page}");
    let visit = world.read(&key).await.unwrap();
    assert!(visit.contains(r#""status": "cancelled""#), "{visit}");
    let (status, _) = reply(&pages, (SECRET, "accepted"), now).await;
    assert_eq!(status, 410);
    world.close().await;
}
