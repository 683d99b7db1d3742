//! Staff: what their roles allow, for the patients in whose care teams they are today.

use super::check;
use super::clinic::{Clinic, role};

const REFUSED: &str = ": neither a scope and a role together, nor the launch, allow it";

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

const OPEN: &str = r#"{"resourceType":"Parameters","parameter":[{"name":"reason","valueCoding":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"ETREAT"}},
    {"name":"justification","valueString":"found unconscious at home"},{"name":"minutes","valuePositiveInt":30}]}"#;

#[tokio::test]
async fn a_record_is_opened_for_some_time_and_for_review() {
    let Some(mut clinic) = Clinic::of(3).await else {
        return;
    };
    clinic.write(vec![role("nurse", "nurse", "")]).await;
    let label = r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]}"#;
    clinic
        .write(vec![format!(
            r#"{{"resourceType":"Patient","id":"donor",{label}}}"#
        )])
        .await;
    let doctor = "Practitioner/doctor";
    let open = |patient: &str| format!("POST Patient/{patient}/$break-glass {OPEN}");
    let refused = async |who: &str, patient: &str, expected: &str| {
        check(&clinic, who, "user/*.rs", &open(patient), expected).await;
    };
    refused(
        "Practitioner/nurse",
        "zq01zq",
        "403 no role of yours may open a record",
    )
    .await;
    refused(
        "Patient/zq00zq",
        "zq01zq",
        "403 no role of yours may open a record",
    )
    .await;
    refused(doctor, "nobody", "404 there is no Patient/nobody").await;
    refused(doctor, "donor", "404 there is no Patient/donor").await;
    let hidden = "404 there is no Condition/c-zq01zq";
    check(
        &clinic,
        doctor,
        "user/*.rs",
        "GET Condition/c-zq01zq",
        hidden,
    )
    .await;
    let access = clinic.access_since(301, doctor, "user/*.rs").await;
    let answer = clinic.ask(&access, &open("zq01zq")).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    let access = clinic.access_since(300, doctor, "user/*.rs").await;
    let answer = clinic.ask(&access, &open("zq01zq")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // From the next request on; of this patient, and as far as the role goes.
    check(
        &clinic,
        doctor,
        "user/*.rs",
        "GET Condition",
        "200 Condition/c-zq00zq Condition/c-zq01zq",
    )
    .await;
    check(
        &clinic,
        doctor,
        "user/Observation.rs",
        "GET Condition",
        &format!("403 this access does not include Condition.s{REFUSED}"),
    )
    .await;
    let everything = clinic.world.cx.access.clone();
    let tasks = clinic
        .ask(&everything, "GET Task?code=btg-review&patient=zq01zq")
        .await;
    for part in [
        "found unconscious at home",
        "privacy-officer",
        "Practitioner/doctor",
        "ETREAT",
    ] {
        assert!(tasks.body.contains(part), "{}", tasks.body);
    }
    clinic.world.cx.now += jiff::SignedDuration::from_mins(29);
    check(
        &clinic,
        doctor,
        "user/*.rs",
        "GET Condition/c-zq01zq",
        "200 Condition/c-zq01zq",
    )
    .await;
    clinic.world.cx.now += jiff::SignedDuration::from_mins(2);
    check(
        &clinic,
        doctor,
        "user/*.rs",
        "GET Condition/c-zq01zq",
        hidden,
    )
    .await;
    clinic.close().await;
}

#[tokio::test]
async fn the_trail_says_who_opened_whose_record() {
    let Some(clinic) = Clinic::audited(2).await else {
        return;
    };
    let access = clinic.access("Practitioner/doctor", "user/*.rs").await;
    let open = format!("POST Patient/zq01zq/$break-glass {OPEN}");
    let answer = clinic.ask(&access, &open).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let said = clinic
        .world
        .database()
        .texts(
            "select concat_ws(' ', access, agent, client, grant_id, action, status, target, patients[1], cardinality(patients),
                    regexp_replace(array_to_string(entities, ','), '[0-9a-f]{8}-[0-9a-f-]+', 'ID', 'g'), array_to_string(owners, ','))
               from audit where operation = 'break-glass'",
        )
        .await;
    let expected = "grant Practitioner/doctor app 00000000-0000-0000-0000-000000000000 U 200 Patient/zq01zq zq01zq 1 \
        Patient/zq01zq/_history/1,Task/ID/_history/1 1,0";
    assert_eq!(said, [expected]);
    clinic.close().await;
}

#[tokio::test]
async fn who_may_delete_and_not_read_leaves_whose_it_was() {
    let Some(clinic) = Clinic::audited(1).await else {
        return;
    };
    let access = clinic.access("client", "system/DocumentReference.d").await;
    let answer = clinic
        .ask(&access, "DELETE DocumentReference/d-zq00zq")
        .await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let said = clinic
        .world
        .database()
        .texts("select array_to_string(entities || patients, ' ') from audit where action = 'D' and target = 'DocumentReference/d-zq00zq'")
        .await;
    assert_eq!(said, ["DocumentReference/d-zq00zq/_history/2 zq00zq"]);
    clinic.close().await;
}

/// Who sees a patient by another role is told that there is more to see.
#[tokio::test]
async fn who_may_break_glass_and_sees_the_patient_is_told_so() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let both = role("doctor", "physician", "").replace(
        r#""code":["#,
        r#""code":[{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/staff-role","code":"front-desk"}]},"#,
    );
    clinic.write(vec![both]).await;
    let check = async |who: &str, scopes: &str, request: &str, expected: &str| {
        check(&clinic, who, scopes, request, expected).await;
    };
    let closed =
        "403 this record is closed to you; in an emergency, Patient/[id]/$break-glass opens it";
    let doctor = "Practitioner/doctor";
    check(
        doctor,
        "user/*.rs",
        "GET Patient/zq01zq",
        "200 Patient/zq01zq",
    )
    .await;
    check(doctor, "user/*.rs", "GET Condition/c-zq01zq", closed).await;
    check(
        doctor,
        "user/*.rs",
        "GET Condition/nothing",
        "404 there is no Condition/nothing",
    )
    .await;
    check(
        doctor,
        "user/*.rs",
        "GET Condition",
        "200 Condition/c-zq00zq",
    )
    .await;
    // Opening would not help, or is not done.
    let hidden = "404 there is no Condition/c-zq01zq";
    let other = "user/Patient.rs user/Condition.rs?code=http://here|nothing";
    check(doctor, other, "GET Condition/c-zq01zq", hidden).await;
    let label = r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]}"#;
    let condition =
        r#"{"resourceType":"Condition","id":"of-donor","subject":{"reference":"Patient/donor"}}"#;
    let donor = format!(r#"{{"resourceType":"Patient","id":"donor",{label}}}"#);
    clinic.write(vec![donor, condition.to_owned()]).await;
    let hidden = "404 there is no Condition/of-donor";
    check(doctor, "user/*.rs", "GET Condition/of-donor", hidden).await;
    // A token that does not show the patient does not show that there is more.
    check(
        doctor,
        "user/Condition.rs",
        "GET Condition/c-zq01zq",
        "404 there is no Condition/c-zq01zq",
    )
    .await;
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
            "Organization r, Patient rs, Consent crs",
            "Observation r, Condition r, Patient c",
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
