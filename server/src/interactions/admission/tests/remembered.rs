//! What is remembered of a holder counts until something changes it, be it the clock.

use jiff::SignedDuration;

use super::clinic::{Clinic, marker};
use crate::context::RequestContext;
use crate::interactions::admission::Remembered;

const TEAM: &str = r#"{"resourceType":"CareTeam","id":"team","status":"inactive","subject":{"reference":"Patient/zq00zq"},
    "participant":[{"member":{"reference":"Practitioner/doctor"}}]}"#;

/// The number of changes that a token's look-up answers.
async fn revision(clinic: &Clinic) -> i64 {
    let sql = "select revision::text from admission_state";
    clinic.world.database.texts(sql).await[0].parse().unwrap()
}

#[tokio::test]
async fn what_is_remembered_counts_until_something_changes_it() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let access = clinic.access("Practitioner/doctor", "user/*.rs").await;
    let grant = access.grant().unwrap().clone();
    let (remembered, interactions) = (Remembered::default(), &clinic.world.interactions);
    let before = revision(&clinic).await;
    let status = async |revision: i64, after: SignedDuration| {
        let cx = RequestContext {
            now: clinic.world.cx.now + after,
            ..clinic.world.cx.clone()
        };
        let admitted = interactions.admit_again(&cx, grant.clone(), revision, &remembered);
        let path = format!("GET Condition/c-{}", marker(0));
        clinic.ask(&admitted.await.unwrap(), &path).await.status
    };
    let (at_once, a_minute, later) = (
        SignedDuration::ZERO,
        SignedDuration::from_secs(60),
        SignedDuration::from_millis(60_001),
    );
    assert_eq!(status(before, at_once).await, 200);
    clinic.write(vec![TEAM.to_owned()]).await;
    let after = revision(&clinic).await;
    assert!(after > before);
    // Whoever came before the change may be answered by what was; who comes after it is not.
    assert_eq!(status(before, a_minute).await, 200);
    assert_eq!(status(after, at_once).await, 404);
    clinic.write(vec![TEAM.replace("inactive", "active")]).await;
    assert_eq!(status(after, at_once).await, 404, "not looked up again");
    assert_eq!(status(after, later).await, 200, "too old");
    clinic.close().await;
}

#[tokio::test]
async fn what_is_remembered_counts_until_a_period_begins_or_ends() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let now = clinic.world.cx.now;
    let second = |seconds: i64| now + SignedDuration::from_secs(seconds);
    let (begin, end) = (second(10), second(20));
    let period = format!(r#""status":"active","period":{{"start":"{begin}","end":"{end}"}}"#);
    clinic
        .write(vec![TEAM.replace(r#""status":"inactive""#, &period)])
        .await;
    let access = clinic.access("Practitioner/doctor", "user/*.rs").await;
    let grant = access.grant().unwrap().clone();
    let (remembered, interactions) = (Remembered::default(), &clinic.world.interactions);
    let revision = revision(&clinic).await;
    for (after, status) in [
        (0, 404),
        (9, 404),
        (10, 200),
        (19, 200),
        (20, 200),
        (21, 404),
    ] {
        let cx = RequestContext {
            now: second(after),
            ..clinic.world.cx.clone()
        };
        let admitted = interactions.admit_again(&cx, grant.clone(), revision, &remembered);
        let path = format!("GET Condition/c-{}", marker(0));
        let answer = clinic.ask(&admitted.await.unwrap(), &path).await;
        assert_eq!(answer.status, status, "after {after} seconds");
    }
    clinic.close().await;
}

#[tokio::test]
async fn what_holders_depend_on_counts_as_a_change_and_nothing_else_does() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let changes = async |request: &str| {
        let before = revision(&clinic).await;
        let answer = clinic.ask(&clinic.world.cx.access, request).await;
        assert!(answer.status < 300, "{request}: {}", answer.body);
        revision(&clinic).await - before
    };
    let put = |kind: &str, more: &str| {
        format!(r#"PUT {kind}/new {{"resourceType":"{kind}","id":"new"{more}}}"#)
    };
    let of_first = r#","subject":{"reference":"Patient/zq00zq"}"#;
    let patient = r#","patient":{"reference":"Patient/zq00zq"}"#;
    assert_eq!(changes(&put("CareTeam", of_first)).await, 1);
    assert_eq!(changes(&put("CareTeam", "")).await, 1);
    assert_eq!(changes("DELETE CareTeam/new").await, 1);
    assert_eq!(changes(&put("PractitionerRole", "")).await, 1);
    assert_eq!(changes(&put("RelatedPerson", patient)).await, 1);
    assert_eq!(changes(&put("Organization", r#","name":"x""#)).await, 1);
    let consent = r#","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"policyRule":{"text":"x"}"#;
    assert_eq!(changes(&put("Consent", consent)).await, 1);
    let label = r#","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]}"#;
    assert_eq!(changes(&put("Patient", label)).await, 1);
    assert_eq!(changes(&put("Patient", "")).await, 1, "the label is gone");
    assert_eq!(changes(&put("Basic", r#","code":{"text":"x"}"#)).await, 0);
    assert_eq!(changes(&put("Patient", r#","active":true"#)).await, 0);
    let both = format!(
        r#"POST / {{"resourceType":"Bundle","type":"transaction","entry":[
            {{"resource":{{"resourceType":"CareTeam"{of_first}}},"request":{{"method":"POST","url":"CareTeam"}}}},
            {{"resource":{{"resourceType":"PractitionerRole"}},"request":{{"method":"POST","url":"PractitionerRole"}}}}]}}"#
    );
    assert_eq!(changes(&both).await, 1, "once for a commit");
    clinic.close().await;
}
