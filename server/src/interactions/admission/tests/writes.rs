//! What a write may take from the records of others, and who gives whom a role.

use super::check;
use super::clinic::{Clinic, role};

const SELF: &str = "403 a resource that says which roles you have is written by somebody else";

/// An appointment of two patients is in the records of both: neither takes it out of the other's.
#[tokio::test]
async fn nothing_is_taken_from_a_foreign_record() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let participant = |patient: &str| {
        format!(r#"{{"actor":{{"reference":"Patient/{patient}"}},"status":"accepted"}}"#)
    };
    let appointment = |participants: &[&str]| {
        let participants: Vec<String> = participants.iter().map(|one| participant(one)).collect();
        format!(
            r#"{{"resourceType":"Appointment","id":"both","status":"proposed","participant":[{}]}}"#,
            participants.join(",")
        )
    };
    clinic.write(vec![appointment(&["zq00zq", "zq01zq"])]).await;
    let outside = "403 this access does not allow to write that Appointment: it is outside of what it is confined to";
    let own = async |request: &str, expected: &str| {
        check(
            &clinic,
            "Patient/zq00zq",
            "patient/*.cruds",
            request,
            expected,
        )
        .await;
    };
    own("GET Appointment/both", "200 Appointment/both").await;
    let alone = appointment(&["zq00zq"]);
    own(&format!("PUT Appointment/both {alone}"), outside).await;
    own(
        r#"PATCH Appointment/both [{"op":"remove","path":"/participant/1"}]"#,
        outside,
    )
    .await;
    own(
        r#"PATCH Appointment/both [{"op":"add","path":"/comment","value":"late"}]"#,
        outside,
    )
    .await;
    own(
        r#"PATCH Appointment/a-zq00zq [{"op":"add","path":"/comment","value":"late"}]"#,
        "200 Appointment/a-zq00zq",
    )
    .await;
    // What refers to nobody whom the writer may not know is the writer's, though others are in it.
    clinic.write(vec![appointment(&["zq00zq", "nobody"])]).await;
    own(
        &format!("PUT Appointment/both {alone}"),
        "200 Appointment/both",
    )
    .await;
    clinic.close().await;
}

#[tokio::test]
async fn nobody_gives_themselves_a_role() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    clinic
        .write(vec![
            role("keeper", "admin", ""),
            role("nurse", "nurse", ""),
            role("other", "admin", ""),
        ])
        .await;
    for who in ["Practitioner/keeper", "PractitionerRole/keeper"] {
        let check = async |request: &str, expected: &str| {
            check(&clinic, who, "user/*.cruds", request, expected).await;
        };
        let put = |id: &str, text: &str| format!("PUT PractitionerRole/{id} {text}");
        let own = role("keeper", "physician", "");
        check(&put("keeper", &own), SELF).await;
        let elsewhere = own.replace(r#""id":"keeper","#, "");
        check(&format!("POST PractitionerRole {elsewhere}"), SELF).await;
        let absolute = elsewhere.replace(
            "Practitioner/keeper",
            "http://localhost/fhir/Practitioner/keeper",
        );
        check(&format!("POST PractitionerRole {absolute}"), SELF).await;
        // Another's, made one's own; and one's own, made another's.
        let taken = role("nurse", "nurse", "").replace("Practitioner/nurse", "Practitioner/keeper");
        check(&put("nurse", &taken), SELF).await;
        check(r#"PATCH PractitionerRole/nurse [{"op":"replace","path":"/practitioner/reference","value":"Practitioner/keeper"}]"#, SELF).await;
        let given = own.replace("Practitioner/keeper", "Practitioner/nurse");
        check(&put("keeper", &given), SELF).await;
        check(
            &put("nurse", &role("nurse", "physician", "")),
            "200 PractitionerRole/nurse",
        )
        .await;
        check(
            &format!(
                "POST PractitionerRole {}",
                role("x", "nurse", "").replace(r#""id":"x","#, "")
            ),
            "201",
        )
        .await;
    }
    clinic.close().await;
}

/// Who may not delete is not told whether somebody whom they do not see refers to it.
#[tokio::test]
async fn a_plan_to_delete_tells_nothing_to_who_may_not() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let ask = async |who: &str, scopes: &str, expected: &str| {
        let access = clinic.access(who, scopes).await;
        let request = "GET Observation/o1-zq00zq/$validate?mode=delete";
        let answer = clinic.ask(&access, request).await;
        assert!(answer.body.contains(expected), "{}", answer.body);
    };
    let lacking = "this access does not include Observation.d";
    ask("Practitioner/doctor", "user/*.cruds", lacking).await;
    ask("Patient/zq00zq", "patient/*.cruds", lacking).await;
    ask(
        "client",
        "system/*.cruds",
        "other resources refer to this one",
    )
    .await;
    clinic.close().await;
}

/// Who may do what is said by somebody who has just shown a second factor.
#[tokio::test]
async fn roles_are_given_after_a_recent_login_alone() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    clinic.write(vec![role("boss", "admin", "")]).await;
    let given = role("new", "nurse", "");
    let entry = |kind: &str| {
        format!(
            r#"POST / {{"resourceType":"Bundle","type":"{kind}","entry":[{{"resource":{given},"request":{{"method":"PUT","url":"PractitionerRole/new"}}}}]}}"#
        )
    };
    let requests = [
        (format!("POST PractitionerRole {given}"), 201),
        (format!("PUT PractitionerRole/new {given}"), 201),
        (format!("PUT PractitionerRole?_id=new {given}"), 200),
        (
            r#"PATCH PractitionerRole/new [{"op":"add","path":"/active","value":false}]"#
                .to_owned(),
            200,
        ),
        (
            r#"PATCH PractitionerRole?_id=new [{"op":"add","path":"/active","value":true}]"#
                .to_owned(),
            200,
        ),
        (entry("transaction"), 200),
    ];
    for (seconds, is_fresh) in [(301, false), (300, true)] {
        let boss = "Practitioner/boss";
        let access = clinic.access_since(seconds, boss, "user/*.cruds").await;
        let ask = async |request: &str| clinic.ask(&access, request).await;
        for (request, status) in &requests {
            let expected = if is_fresh { *status } else { 401 };
            let answer = ask(request).await;
            assert_eq!(answer.status, expected, "{seconds} {request}: {answer:?}");
        }
        let batch = ask(&entry("batch")).await.body;
        assert_eq!(batch.contains(r#""status":"401 "#), !is_fresh, "{batch}");
        let other =
            r#"PUT Organization/clinic {"resourceType":"Organization","id":"clinic","name":"x"}"#;
        assert_eq!(ask(other).await.status, 200);
        assert_eq!(ask("GET PractitionerRole/boss").await.status, 200);
    }
    clinic.close().await;
}
