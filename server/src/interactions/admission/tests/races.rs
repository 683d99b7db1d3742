//! Writes of those who may not write everything are bound to the version that was judged: others that write at the same
//! time neither fail them nor are overwritten by what they could not have written.

use futures_util::future::join_all;

use super::clinic::{Clinic, marker};

const AT_ONCE: usize = 24;

fn condition(patient: usize, text: &str) -> String {
    format!(
        r#"{{"resourceType":"Condition","id":"c-{}","code":{{"text":"{text}"}},"subject":{{"reference":"Patient/{}"}}}}"#,
        marker(0),
        marker(patient)
    )
}

fn put(text: &str) -> String {
    format!("PUT Condition/c-{} {text}", marker(0))
}

#[tokio::test]
async fn writes_at_one_time_all_become_versions() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let doctor = clinic.access("Practitioner/doctor", "user/*.cruds").await;
    let path = format!("GET Condition/c-{}", marker(0));
    let version = async || {
        let answer = clinic.ask(&doctor, &path).await;
        let (_, rest) = answer.headers.split_once("VersionId(").unwrap();
        rest.split(')').next().unwrap().parse::<usize>().unwrap()
    };
    let before = version().await;
    let writes: Vec<String> = (0..AT_ONCE)
        .map(|n| put(&condition(0, &format!("text {n}"))))
        .collect();
    let answers = join_all(writes.iter().map(|write| clinic.ask(&doctor, write))).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(version().await, before + AT_ONCE);
    // Of deletes at one time each finds it there or gone.
    let client = clinic.access("client", "system/*.cruds").await;
    let delete = format!("DELETE Flag/f-{}", marker(0));
    let answers = join_all((0..4).map(|_| clinic.ask(&client, &delete))).await;
    for answer in &answers {
        assert_eq!(answer.status, 204, "{}", answer.body);
    }
    let path = format!("GET Flag/f-{}", marker(0));
    let gone = clinic.ask(&client, &path).await;
    assert_eq!(gone.status, 410, "{}", gone.body);
    clinic.close().await;
}

#[tokio::test]
async fn what_leaves_the_records_of_the_writer_is_not_written_any_more() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let doctor = clinic.access("Practitioner/doctor", "user/*.cruds").await;
    for round in 0..8 {
        let back = put(&condition(0, "back"));
        let back = clinic.ask(&clinic.world.cx.access, &back).await;
        assert!(back.status < 300, "{}", back.body);
        let writes: Vec<String> = (0..6)
            .map(|n| put(&condition(0, &format!("text {n}"))))
            .collect();
        let moved = put(&condition(1, "moved"));
        let moving = clinic.ask(&clinic.world.cx.access, &moved);
        let writing = join_all(writes.iter().map(|write| clinic.ask(&doctor, write)));
        let (moved, written) = tokio::join!(moving, writing);
        assert_eq!(moved.status, 200, "{}", moved.body);
        for answer in written {
            assert!(matches!(answer.status, 200 | 404), "{}", answer.body);
        }
        let path = format!("GET Condition/c-{}", marker(0));
        let now = clinic.ask(&clinic.world.cx.access, &path).await;
        assert!(now.body.contains("moved"), "round {round}: {}", now.body);
    }
    clinic.close().await;
}
