//! Staff: what their roles allow, for the patients in whose care teams they are today.

use super::check;
use super::clinic::Clinic;

const REFUSED: &str = ": neither a scope and a role together, nor the launch, allow it";

fn role(id: &str, code: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"PractitionerRole","id":"{id}","practitioner":{{"reference":"Practitioner/{id}"}}{more},
            "code":[{{"coding":[{{"system":"https://vesta.example/fhir/CodeSystem/staff-role","code":"{code}"}}]}}]}}"#
    )
}

fn team(id: &str, patient: &str, member: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"CareTeam","id":"{id}","status":"active","subject":{{"reference":"Patient/{patient}"}},
            "participant":[{{"member":{{"reference":"{member}"}}{more}}}]}}"#
    )
}

#[tokio::test]
async fn who_is_confined_to_care_teams_sees_their_patients_while_they_last() {
    let Some(clinic) = Clinic::of(3).await else {
        return;
    };
    let over = r#","period":{"end":"2020-12-31"}"#;
    let to_come = r#","period":{"start":"2999"}"#;
    let lasting = r#","period":{"start":"2020","end":"2999-01"}"#;
    clinic
        .write(vec![
            role("nurse", "nurse", ""),
            role("gone", "nurse", r#","active":false"#),
            role("late", "nurse", over),
            role("desk", "front-desk", ""),
            role("patient", "patient", ""),
            team("one", "zq00zq", "Practitioner/nurse", lasting),
            team("two", "zq01zq", "Practitioner/nurse", over),
            team("three", "zq02zq", "Practitioner/nurse", to_come),
            team("four", "zq01zq", "PractitionerRole/doctor", ""),
            team("five", "zq00zq", "Practitioner/gone", ""),
        ])
        .await;
    let check = async |who: &str, request: &str, expected: &str| {
        check(&clinic, who, "user/*.cruds", request, expected).await;
    };
    let nurse = "Practitioner/nurse";
    check(nurse, "GET Condition", "200 Condition/c-zq00zq").await;
    check(
        nurse,
        "GET Condition/c-zq01zq",
        "404 there is no Condition/c-zq01zq",
    )
    .await;
    check(nurse, "GET Task", "200 Task/t-zq00zq").await;
    check(
        "PractitionerRole/nurse",
        "GET Condition",
        "200 Condition/c-zq00zq",
    )
    .await;
    // By the person and by the role.
    check(
        "Practitioner/doctor",
        "GET Condition",
        "200 Condition/c-zq00zq Condition/c-zq01zq",
    )
    .await;
    let refused = |scope: &str| format!("403 this access does not include {scope}{REFUSED}");
    for nobody in [
        "Practitioner/gone",
        "Practitioner/late",
        "Practitioner/unknown",
        "Practitioner/patient",
    ] {
        check(nobody, "GET Condition", &refused("Condition.s")).await;
    }
    let desk = "Practitioner/desk";
    check(
        desk,
        "GET Patient",
        "200 Patient/zq00zq Patient/zq01zq Patient/zq02zq",
    )
    .await;
    check(desk, "GET Condition", &refused("Condition.s")).await;
    check(
        desk,
        "GET Patient?_revinclude=Condition:subject",
        "200 Patient/zq00zq Patient/zq01zq Patient/zq02zq",
    )
    .await;
    check(
        desk,
        "GET Patient?_has:Condition:subject:code:text=zq00zq",
        "200",
    )
    .await;
    clinic.close().await;
}

#[tokio::test]
async fn who_leaves_a_team_sees_its_patient_no_more() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let doctor = "Practitioner/doctor";
    check(
        &clinic,
        doctor,
        "user/*.rs",
        "GET Condition",
        "200 Condition/c-zq00zq",
    )
    .await;
    let ended = r#","period":{"end":"2020-01-01"}"#;
    clinic
        .write(vec![team("team", "zq00zq", doctor, ended)])
        .await;
    check(&clinic, doctor, "user/*.rs", "GET Condition", "200").await;
    clinic.close().await;
}

/// Each role against what it is for, and what it is not: `type letters`, joined by commas.
#[tokio::test]
async fn each_role_is_held_to_its_table() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let table = [
        (
            "physician",
            "Condition crs, MedicationRequest crs, Observation crs, Task rs, Appointment rs",
            "Claim c, Appointment c, Task c, AuditEvent ",
        ),
        (
            "nurse",
            "Observation crs, Encounter crs, Condition rs",
            "Condition c, MedicationRequest c, Claim r, DocumentReference r, Consent r",
        ),
        (
            "counsellor",
            "CarePlan crs, Consent rs",
            "Observation r, Condition r",
        ),
        (
            "embryologist",
            "Specimen crs, Observation crs, Device r, Patient rs",
            "Patient c, MedicationRequest r, Appointment r",
        ),
        (
            "lab-director",
            "Specimen crs, Task crs",
            "Claim r, Condition r",
        ),
        ("quality", "Task c, Device r", "Patient r, Observation r"),
        (
            "front-desk",
            "Patient crs, Appointment crs, DocumentReference c",
            "DocumentReference r, Observation r, Condition r",
        ),
        (
            "billing-specialist",
            "Claim crs, Condition rs, Procedure rs",
            "Observation r, DocumentReference r, Condition c",
        ),
        (
            "records",
            "Patient crs, Provenance r",
            "Observation r, Condition r",
        ),
        (
            "admin",
            "Organization crs, Practitioner crs",
            "Patient r, Observation r, Condition r",
        ),
        (
            "donor-coordinator",
            "Organization r",
            "Patient r, Observation r",
        ),
        (
            "privacy-officer",
            "Consent rs, Provenance r",
            "Observation r, Condition r, Patient r",
        ),
    ];
    for (code, allowed, refused) in table {
        clinic.write(vec![role("worker", code, "")]).await;
        let access = clinic.access("Practitioner/worker", "user/*.cruds").await;
        for (list, is_allowed) in [(allowed, true), (refused, false)] {
            for one in list.split(", ") {
                let (name, letters) = one.split_once(' ').unwrap();
                for letter in letters.chars() {
                    let request = match letter {
                        'r' => format!("GET {name}/nothing"),
                        's' => format!("GET {name}?_id=nothing"),
                        _ => format!(r#"POST {name} {{"resourceType":"{name}"}}"#),
                    };
                    let answer = clinic.ask(&access, &request).await;
                    let is_refused = answer.body.ends_with(REFUSED);
                    assert_eq!(is_refused, !is_allowed, "{code}: {request}: {answer:?}");
                }
            }
        }
    }
    clinic.close().await;
}
