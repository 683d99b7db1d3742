//! Consents and restrictions by law: what a direct read refuses is nowhere else.

use super::clinic::{Clinic, role, team};
use super::{DENIED, brief, check};

/// An active privacy consent of a patient.
pub(super) fn consent(id: &str, patient: &str, provision: &str) -> String {
    format!(
        r#"{{"resourceType":"Consent","id":"{id}","status":"active","patient":{{"reference":"Patient/{patient}"}},
            "scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},
            "category":[{{"text":"{patient}"}}],"policyRule":{{"text":"x"}},"provision":{provision}}}"#
    )
}

/// A provision about somebody.
pub(super) fn about(effect: &str, who: &str, more: &str) -> String {
    format!(
        r#"{{"type":"{effect}","actor":[{{"role":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}}]}},
            "reference":{{"reference":"{who}"}}}}]{more}}}"#
    )
}

#[tokio::test]
async fn what_a_consent_denies_is_refused_and_found_nowhere() {
    let Some(clinic) = Clinic::of(3).await else {
        return;
    };
    let doctor = "Practitioner/doctor";
    let laboratory = r#","code":[{"coding":[{"system":"http://loinc.org","code":"1234-5"}]}]"#;
    clinic
        .write(vec![
            team("two", "zq01zq", doctor),
            team("three", "zq02zq", doctor),
            consent("all", "zq01zq", &about("deny", doctor, "")),
            consent(
                "some",
                "zq02zq",
                &about("deny", "Organization/clinic", laboratory),
            ),
        ])
        .await;
    let check = async |request: &str, expected: &str| {
        check(&clinic, doctor, "user/*.cruds", request, expected).await;
    };
    let hinted = format!("{DENIED}; in an emergency, Patient/[id]/$break-glass opens it");
    check("GET Condition/c-zq01zq", &hinted).await;
    check("GET Patient/zq01zq", &hinted).await;
    check("GET Observation/o1-zq02zq", &hinted).await;
    check("GET Observation/o2-zq02zq", "200 Observation/o2-zq02zq").await;
    check("GET Patient", "200 Patient/zq00zq Patient/zq02zq").await;
    check("GET Condition", "200 Condition/c-zq00zq Condition/c-zq02zq").await;
    let found = "200 Observation/moved-zq02zq Observation/o2-zq02zq";
    check("GET Observation?patient=zq02zq", found).await;
    check(
        "GET Patient?_has:Observation:patient:code=1234-5",
        "200 Patient/zq00zq",
    )
    .await;
    let included = "GET Observation?_id=o2-zq02zq&_include=Observation:has-member";
    check(included, "200 Observation/o2-zq02zq").await;
    check(
        "GET Observation/o1-zq02zq/_history",
        "404 there is no Observation/o1-zq02zq",
    )
    .await;
    check(
        "GET Observation/o1-zq02zq/_history/1",
        "404 Observation/o1-zq02zq has no such version",
    )
    .await;
    check(
        "GET Patient/zq01zq/$everything",
        "404 there is no Patient/zq01zq",
    )
    .await;
    let access = clinic.access(doctor, "user/*.cruds").await;
    for request in [
        "GET Patient/zq02zq/$everything",
        "GET Patient?_revinclude=Observation:subject&_summary=true",
        "GET _history?_count=500",
        "GET Observation?_total=accurate&_count=1",
    ] {
        let answer = clinic.ask(&access, request).await;
        assert_eq!(answer.status, 200, "{request}");
        for hidden in [
            "Observation/o1-zq02zq",
            "Patient/zq01zq",
            "Condition/c-zq01zq",
        ] {
            let url = format!(r#""fullUrl":"http://localhost/fhir/{hidden}""#);
            assert!(!answer.body.contains(&url), "{request}: {}", answer.body);
        }
    }
    let counted = clinic.ask(&access, "GET Patient?_summary=count").await;
    assert!(counted.body.contains(r#""total":2"#), "{}", counted.body);
    // Nor is it changed; and what is not there is not there.
    let put = r#"PUT Condition/c-zq01zq {"resourceType":"Condition","id":"c-zq01zq","subject":{"reference":"Patient/zq01zq"}}"#;
    let outcome = clinic.ask(&access, put).await;
    assert_ne!(outcome.status, 200, "{}", brief(&outcome));
    check("GET Condition/nothing", "404 there is no Condition/nothing").await;
    let lab = |id: &str| {
        format!(
            r#"PUT Observation/{id} {{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/zq00zq"}}}}"#
        )
    };
    let hidden = "404 there is no Observation/o1-zq02zq";
    let laboratory = "Practitioner/lab";
    let at_clinic = r#","organization":{"reference":"Organization/clinic"}"#;
    clinic
        .write(vec![role("lab", "embryologist", at_clinic)])
        .await;
    super::check(
        &clinic,
        laboratory,
        "user/*.cruds",
        &lab("o1-zq02zq"),
        hidden,
    )
    .await;
    super::check(&clinic, laboratory, "user/*.cruds", &lab("new"), "201").await;
    super::check(
        &clinic,
        laboratory,
        "user/*.cruds",
        &lab("new"),
        "200 Observation/new",
    )
    .await;
    super::check(
        &clinic,
        laboratory,
        "user/*.rs",
        "GET Observation/o1-zq02zq",
        DENIED,
    )
    .await;
    // Others, and the patient, see it.
    let own = super::check;
    own(
        &clinic,
        "Patient/zq01zq",
        "patient/*.rs",
        "GET Condition",
        "200 Condition/c-zq01zq",
    )
    .await;
    own(
        &clinic,
        "client",
        "system/Condition.rs",
        "GET Condition",
        "200 Condition/c-zq00zq Condition/c-zq01zq Condition/c-zq02zq",
    )
    .await;
    // Whoever is named may be anybody of an organization, a client as well.
    own(
        &clinic,
        "client",
        "system/Observation.rs",
        "GET Observation/o1-zq02zq",
        DENIED,
    )
    .await;
    // What is withdrawn says nothing from the next request on.
    let withdrawn = consent("all", "zq01zq", &about("deny", doctor, ""));
    clinic
        .write(vec![withdrawn.replace("active", "inactive")])
        .await;
    check("GET Condition/c-zq01zq", "200 Condition/c-zq01zq").await;
    clinic.close().await;
}

const OPEN: &str = r#"{"resourceType":"Parameters","parameter":[{"name":"reason","valueCoding":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"REASON"}},
    {"name":"justification","valueString":"found unconscious at home"}]}"#;

#[tokio::test]
async fn an_emergency_opens_what_consents_close_and_only_a_life_what_the_law_does() {
    let Some(clinic) = Clinic::of(3).await else {
        return;
    };
    let doctor = "Practitioner/doctor";
    let restriction = r#""meta":{"security":[{"system":"https://vesta.example/fhir/CodeSystem/security-label","code":"legal-restriction"}]}"#;
    clinic
        .write(vec![
            consent("all", "zq01zq", r#"{"type":"deny"}"#),
            format!(r#"{{"resourceType":"Patient","id":"zq02zq",{restriction}}}"#),
            team("three", "zq02zq", doctor),
            role("officer", "privacy-officer", ""),
            role("desk", "front-desk", ""),
        ])
        .await;
    let check = async |who: &str, request: &str, expected: &str| {
        check(&clinic, who, "user/*.rs", request, expected).await;
    };
    let open = async |patient: &str, reason: &str| {
        let access = clinic.access(doctor, "user/*.rs").await;
        let request = format!(
            "POST Patient/{patient}/$break-glass {}",
            OPEN.replace("REASON", reason)
        );
        let answer = clinic.ask(&access, &request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    check(
        doctor,
        "GET Condition/c-zq01zq",
        "404 there is no Condition/c-zq01zq",
    )
    .await;
    open("zq01zq", "BTG").await;
    check(doctor, "GET Condition/c-zq01zq", "200 Condition/c-zq01zq").await;
    // A care team does not open what the law has closed.
    let hinted = format!("{DENIED}; in an emergency, Patient/[id]/$break-glass opens it");
    check(doctor, "GET Condition/c-zq02zq", &hinted).await;
    open("zq02zq", "BTG").await;
    check(doctor, "GET Condition/c-zq02zq", &hinted).await;
    open("zq02zq", "ETREAT").await;
    check(doctor, "GET Condition/c-zq02zq", "200 Condition/c-zq02zq").await;
    // Whoever may open nothing is not told that somebody may; whoever looks after consents sees them.
    check("Practitioner/desk", "GET Patient/zq01zq", DENIED).await;
    check("Practitioner/desk", "GET Patient/zq02zq", DENIED).await;
    check("Practitioner/desk", "GET Patient", "200 Patient/zq00zq").await;
    check("Practitioner/officer", "GET Consent/all", "200 Consent/all").await;
    check(
        "Practitioner/officer",
        "GET Consent/n-zq02zq",
        "200 Consent/n-zq02zq",
    )
    .await;
    clinic.close().await;
}

#[tokio::test]
async fn who_speaks_for_a_patient_is_kept_out_by_name_alone() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    clinic
        .write(vec![
            consent("all", "zq00zq", r#"{"type":"deny"}"#),
            consent(
                "one",
                "zq01zq",
                &about("deny", "RelatedPerson/p-zq01zq", ""),
            ),
        ])
        .await;
    let check = async |who: &str, expected: &str| {
        check(&clinic, who, "patient/*.rs", "GET Condition", expected).await;
    };
    check("Patient/zq00zq", "200 Condition/c-zq00zq").await;
    check("RelatedPerson/p-zq00zq", "200 Condition/c-zq00zq").await;
    check("Patient/zq01zq", "200 Condition/c-zq01zq").await;
    check("RelatedPerson/p-zq01zq", "200").await;
    clinic.close().await;
}

/// Where nothing is open by default, consents open; to whoever cares for the patient, everything is.
#[tokio::test]
async fn what_is_closed_by_default_is_opened_by_consents() {
    let Some(mut clinic) = Clinic::of(3).await else {
        return;
    };
    clinic.world.interactions.consents_close = true;
    let conditions =
        r#","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Condition"}]"#;
    let billing = "Practitioner/billing";
    clinic
        .write(vec![
            role("billing", "billing-specialist", ""),
            consent("one", "zq01zq", &about("permit", billing, conditions)),
            consent("two", "zq02zq", r#"{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HPAYMT"}],
                "provision":[{"type":"deny","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Condition"}]}]}"#),
        ])
        .await;
    let check = async |who: &str, request: &str, expected: &str| {
        check(&clinic, who, "user/*.rs", request, expected).await;
    };
    check(billing, "GET Condition", "200 Condition/c-zq01zq").await;
    check(billing, "GET Patient", "200 Patient/zq02zq").await;
    check(billing, "GET Condition/c-zq00zq", DENIED).await;
    check(
        "Practitioner/doctor",
        "GET Condition",
        "200 Condition/c-zq00zq",
    )
    .await;
    clinic.close().await;
}

/// The trail says which Consent kept somebody out.
#[tokio::test]
async fn a_refusal_is_recorded_with_the_consent_that_decided() {
    let Some(clinic) = Clinic::audited(1).await else {
        return;
    };
    let doctor = "Practitioner/doctor";
    clinic
        .write(vec![consent("all", "zq00zq", &about("deny", doctor, ""))])
        .await;
    let hinted = format!("{DENIED}; in an emergency, Patient/[id]/$break-glass opens it");
    check(
        &clinic,
        doctor,
        "user/*.rs",
        "GET Condition/c-zq00zq",
        &hinted,
    )
    .await;
    let everything = clinic.world.cx.access.clone();
    let found = clinic
        .ask(&everything, "GET AuditEvent?entity=Consent/all&outcome=8")
        .await;
    assert!(
        found.body.contains("Consent/all") && found.body.contains("Condition/c-zq00zq"),
        "{}",
        found.body
    );
    clinic.close().await;
}

/// Who is a physician for one organization and bills for another is neither the other's physician nor the one's biller.
#[tokio::test]
async fn a_role_is_had_where_it_is_had() {
    let Some(clinic) = Clinic::of(3).await else {
        return;
    };
    let post = |id: &str, code: &str, organization: &str| {
        let post = role(
            "both",
            code,
            &format!(r#","organization":{{"reference":"Organization/{organization}"}}"#),
        );
        post.replacen(r#""id":"both""#, &format!(r#""id":"{id}""#), 1)
    };
    let denied = |id: &str, patient: &str, code: &str, organization: &str| {
        let actor = format!(
            r#"{{"type":"deny","actor":[{{"role":{{"coding":[{{"system":"https://vesta.example/fhir/CodeSystem/staff-role","code":"{code}"}}]}},
                "reference":{{"reference":"Organization/{organization}"}}}}]}}"#
        );
        consent(id, patient, &actor)
    };
    clinic
        .write(vec![
            r#"{"resourceType":"Organization","id":"office","name":"Office"}"#.to_owned(),
            post("here", "physician", "clinic"),
            post("there", "billing-specialist", "office"),
            team("own", "zq00zq", "Practitioner/both"),
            team("two", "zq01zq", "Practitioner/both"),
            team("three", "zq02zq", "Practitioner/both"),
            denied("crossed", "zq01zq", "physician", "office"),
            denied("meant", "zq02zq", "physician", "clinic"),
        ])
        .await;
    check(
        &clinic,
        "Practitioner/both",
        "user/*.rs",
        "GET Condition",
        "200 Condition/c-zq00zq Condition/c-zq01zq",
    )
    .await;
    clinic.close().await;
}
