//! Whom a record is linked with, and what somebody else must decide: links open nobody's record, reviews are not written by those who
//! are reviewed, and restrictions are said by those who keep records.

use super::clinic::{Clinic, role};
use super::{DENIED, check};

const LAW: &str = r#""meta":{"security":[{"system":"https://vesta.example/fhir/CodeSystem/security-label","code":"legal-restriction"}]}"#;

fn linked(id: &str, other: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","active":true,"link":[{{"type":"seealso","other":{{"reference":"Patient/{other}"}}}}]}}"#
    )
}

#[tokio::test]
async fn a_link_opens_no_record() {
    let Some(clinic) = Clinic::of(3).await else {
        return;
    };
    clinic.write(vec![linked("zq01zq", "zq00zq")]).await;
    let check = async |request: &str, expected: &str| {
        check(&clinic, "Patient/zq00zq", "patient/*.rs", request, expected).await;
    };
    check("GET Patient", "200 Patient/zq00zq").await;
    let nothing = "404 there is no Patient/zq01zq";
    check("GET Patient/zq01zq", nothing).await;
    check("GET Patient/zq01zq/_history", nothing).await;
    check("GET Patient/zq01zq/$everything", nothing).await;
    check("GET Patient?link=Patient/zq00zq", "200").await;
    clinic.close().await;
}

#[tokio::test]
async fn a_review_is_written_by_the_privacy_officer_alone() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let review = |status: &str| {
        format!(
            r#"{{"resourceType":"Task","id":"review","status":"{status}","intent":"order","for":{{"reference":"Patient/zq00zq"}},
                "code":{{"coding":[{{"system":"https://vesta.example/fhir/CodeSystem/task-code","code":"btg-review"}}]}},"description":"unconscious"}}"#
        )
    };
    let posts = ["front-desk", "embryologist", "records", "lab-director"];
    let mut roles: Vec<String> = posts.iter().map(|one| role(one, one, "")).collect();
    roles.push(review("requested"));
    clinic.write(roles).await;
    let put = format!("PUT Task/review {}", review("cancelled"));
    for post in posts {
        let who = format!("Practitioner/{post}");
        let access = clinic.access(&who, "user/*.cruds").await;
        let answer = clinic.ask(&access, &put).await;
        assert!(matches!(answer.status, 403 | 404), "{post}: {answer:?}");
        let read = clinic.ask(&access, "GET Task/review").await;
        assert!(!read.body.contains("unconscious"), "{post}: {read:?}");
        let other = "GET Task/t-zq00zq";
        check(&clinic, &who, "user/*.cruds", other, "200 Task/t-zq00zq").await;
    }
    clinic.close().await;
}

#[tokio::test]
async fn a_restriction_is_said_and_lifted_by_those_who_keep_records() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    clinic
        .write(vec![
            role("desk", "front-desk", ""),
            role("records", "records", ""),
        ])
        .await;
    let check = async |who: &str, request: &str, expected: &str| {
        check(&clinic, who, "user/*.cruds", request, expected).await;
    };
    let (desk, records) = ("Practitioner/desk", "Practitioner/records");
    let plain = r#"{"resourceType":"Patient","id":"zq00zq","active":true}"#;
    let closed = plain.replace(r#""active""#, &format!(r#"{LAW},"active""#));
    let put = |text: &str| format!("PUT Patient/zq00zq {text}");
    let refused = "403 whether the use of a patient's data is restricted by law is said by those who keep records";
    check(desk, &put(&closed), refused).await;
    let new = closed.replace(r#""id":"zq00zq","#, "");
    check(desk, &format!("POST Patient {new}"), refused).await;
    check(desk, &put(plain), "200 Patient/zq00zq").await;
    check(records, &put(&closed), "200 Patient/zq00zq").await;
    check(desk, "GET Patient/zq00zq", DENIED).await;
    check(records, "GET Patient/zq00zq", "200 Patient/zq00zq").await;
    check(records, &put(plain), "200 Patient/zq00zq").await;
    check(desk, "GET Patient/zq00zq", "200 Patient/zq00zq").await;
    // It is the record that is restricted: the label of anything else says nothing.
    let aunt = format!(
        r#"PUT RelatedPerson/aunt {{"resourceType":"RelatedPerson","id":"aunt",{LAW},"patient":{{"reference":"Patient/zq00zq"}}}}"#
    );
    check(desk, &aunt, "201").await;
    clinic.close().await;
}
