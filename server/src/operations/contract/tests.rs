//! What every operation that changes something keeps to, tried on `$meta-add`.

use crate::auth::Rows;
use crate::context::RequestContext;
use crate::interactions::Outcome;
use crate::operations::CallConditions;
use crate::operations::testing::{World, granted, said};
use crate::store::ExpectedVersions;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"a"}"#;

fn tagging(code: &str) -> String {
    format!(
        r#"{{"resourceType":"Parameters","parameter":[{{"name":"meta","valueMeta":{{"tag":[{{"code":"{code}"}}]}}}}]}}"#
    )
}

fn keyed(key: &str) -> CallConditions {
    CallConditions {
        idempotency_key: Some(key.into()),
        ..CallConditions::default()
    }
}

async fn tag(
    world: &World,
    cx: &RequestContext,
    code: &str,
    conditions: CallConditions,
) -> crate::error::Result<Outcome> {
    let body = tagging(code);
    let path = "Patient/a/$meta-add";
    world.call_with(cx, path, Some(&body), conditions).await
}

#[tokio::test]
async fn a_call_that_is_sent_again_is_done_once() {
    let Some(world) = World::with(&[PATIENT]).await else {
        return;
    };
    let all = granted(Some("Practitioner/me"), Rows::All, Vec::new());
    let first = tag(&world, &all, "x", keyed("k")).await.unwrap();
    assert!(!first.is_replayed);
    // Somebody else changes it meanwhile: the answer stays that of the call.
    tag(&world, &world.cx, "y", keyed("k")).await.unwrap();
    let again = tag(&world, &all, "x", keyed("k")).await.unwrap();
    assert!(again.is_replayed && again.status == first.status);
    assert_eq!(again.body, first.body);
    let stored = world.read("Patient/a").await.unwrap();
    assert!(stored.contains(r#""versionId": "3""#), "{stored}");

    let other = tag(&world, &all, "z", keyed("k")).await.unwrap_err();
    let detail = other.issues()[0].detail.clone().unwrap().1;
    assert_eq!(
        (other.status().as_u16(), &*detail),
        (422, "idempotency-key-reuse")
    );
    // Who may not see it any more is not told what the answer was.
    let blind = granted(Some("Practitioner/me"), Rows::None, Vec::new());
    let refused = said(tag(&world, &blind, "x", keyed("k")).await).unwrap_err();
    assert!(refused.starts_with("404 "), "{refused}");

    // An answer is repeated for a day.
    let mut tomorrow = all.clone();
    tomorrow.now = all.now + jiff::SignedDuration::from_hours(25);
    let store = &world.interactions.store;
    let done = tag(&world, &tomorrow, "x", keyed("k")).await.unwrap();
    assert!(!done.is_replayed);
    assert_eq!(store.forget_answers(tomorrow.now).await.unwrap(), 1);
    world.close().await;
}

#[tokio::test]
async fn of_calls_at_once_one_is_done() {
    let Some(world) = World::with(&[PATIENT]).await else {
        return;
    };
    let calls = (0..12).map(|_| tag(&world, &world.cx, "x", keyed("k")));
    let answers = futures_util::future::join_all(calls).await;
    let done = answers.iter().flatten().filter(|one| !one.is_replayed);
    assert_eq!(done.count(), 1);
    for refused in answers.iter().filter_map(|one| one.as_ref().err()) {
        let detail = refused.issues()[0].detail.clone().unwrap().1;
        assert_eq!(&*detail, "idempotency-in-progress");
    }
    world.close().await;
}

#[tokio::test]
async fn a_call_means_the_version_that_it_names() {
    let Some(world) = World::with(&[PATIENT]).await else {
        return;
    };
    let first = || CallConditions {
        if_match: Some(ExpectedVersions::OneOf(vec![fhir::ids::VersionId::FIRST])),
        ..CallConditions::default()
    };
    tag(&world, &world.cx, "x", first()).await.unwrap();
    let refused = said(tag(&world, &world.cx, "y", first()).await).unwrap_err();
    assert!(refused.starts_with("412 "), "{refused}");
    let reading = world.call_with(&world.cx, "Patient/a/$meta", None, first());
    let refused = said(reading.await).unwrap_err();
    assert!(
        refused.starts_with("400 $meta takes no If-Match"),
        "{refused}"
    );
    world.close().await;
}
