//! Who waits is on the list with what they have said, and nothing else waits.

use crate::auth::Rows;
use crate::operations::find::tests::{clinic, monday};
use crate::operations::testing::{World, granted};
use crate::operations::visits::testing::*;

const WAIT: &str = "Appointment/$waitlist";

fn asked(world: &World, more: &[(&str, &str, &str)]) -> String {
    let period = format!(
        r#"{{"start":"{}","end":"{}"}}"#,
        monday(world, 0, 0).timestamp(),
        monday(world, 23, 0).timestamp()
    );
    let mut all = vec![
        (
            "healthcare-service",
            "valueReference",
            r#"{"reference":"HealthcareService/scan"}"#,
        ),
        (
            "patient-reference",
            "valueReference",
            r#"{"reference":"Patient/anna"}"#,
        ),
        ("requested-period", "valuePeriod", &*period),
    ];
    all.retain(|(name, ..)| more.iter().all(|(other, ..)| name != other));
    all.extend_from_slice(more);
    parameters(&all)
}

#[tokio::test]
async fn who_waits_says_for_what_and_when() {
    let Some(world) = clinic().await else {
        return;
    };
    let service = |id| ("healthcare-service", "valueReference", id);
    let own = world.read("HealthcareService/scan").await.unwrap();
    let open = own.replace(r#""id": "scan""#, r#""id": "own""#).replacen(
        r#"{"url": "duration""#,
        r#"{"url":"self-book","valueBoolean":true},{"url": "duration""#,
        1,
    );
    world.put(&open).await;
    world
        .put(r#"{"resourceType":"HealthcareService","id":"bare"}"#)
        .await;
    let all = [
        ("priority", "valueUnsignedInt", "2"),
        ("min-notice-hours", "valueUnsignedInt", "4"),
        (
            "practitioner",
            "valueReference",
            r#"{"reference":"PractitionerRole/role-a"}"#,
        ),
    ];
    let past = (
        "requested-period",
        "valuePeriod",
        r#"{"start":"2020-01-01","end":"2020-01-02"}"#,
    );
    let (own, bare) = (
        r#"{"reference":"HealthcareService/own"}"#,
        r#"{"reference":"HealthcareService/bare"}"#,
    );
    let (desk, anna) = (
        staff(),
        granted(Some("Patient/anna"), Rows::All, Vec::new()),
    );
    let key = check(&world, &desk, WAIT, &asked(&world, &all), "201 waitlist").await;
    let stored = world.read(&key).await.unwrap();
    for part in [
        r#""status": "waitlist""#,
        r#""priority": 2"#,
        "min-notice-hours\", \"valueUnsignedInt\": 4",
        "HealthcareService/scan",
        "PractitionerRole/role-a",
        "requestedPeriod",
        r#""code": "scan""#,
    ] {
        assert!(stored.contains(part), "{part} in {stored}");
    }
    for (cx, more, expected) in [
        (&desk, vec![past], "400 -"),
        (&desk, vec![service(bare)], "422 -"),
        (&anna, Vec::new(), "403 -"),
        (&anna, vec![service(own), all[0]], "403 -"),
        (&anna, vec![service(own)], "201 waitlist"),
    ] {
        check(&world, cx, WAIT, &asked(&world, &more), expected).await;
    }
    assert_eq!(claims(&world).await, 0);
    world.close().await;
}
