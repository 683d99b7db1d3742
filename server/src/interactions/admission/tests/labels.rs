//! Security labels: clearances, results that are not released, and donors whose identity is known.

use super::clinic::{Clinic, role, team};
use super::{DENIED, check};

fn labelled(id: &str, patient: &str, code: &str) -> String {
    let system = match code {
        "R" | "V" => "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "not-released" => "https://vesta.example/fhir/CodeSystem/security-label",
        _ => "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    };
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"{patient}"}},"subject":{{"reference":"Patient/{patient}"}},
            "meta":{{"security":[{{"system":"{system}","code":"{code}"}}]}}}}"#
    )
}

#[tokio::test]
async fn labels_need_a_clearance_or_the_care_of_the_patient() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let laboratory = "Practitioner/lab";
    clinic
        .write(vec![
            role("lab", "embryologist", ""),
            team("two", "zq01zq", laboratory),
            labelled("sex", "zq00zq", "SEX"),
            labelled("hiv", "zq00zq", "HIV"),
            labelled("top", "zq00zq", "V"),
            labelled("own", "zq01zq", "HIV"),
            labelled("early", "zq01zq", "not-released"),
            labelled("plain", "zq00zq", "NOTHING"),
        ])
        .await;
    let check = async |who: &str, scopes: &str, request: &str, expected: &str| {
        check(&clinic, who, scopes, request, expected).await;
    };
    let scopes = "user/*.cruds";
    let seen = "200 Observation/early Observation/own Observation/plain Observation/sex";
    check(
        laboratory,
        scopes,
        "GET Observation?_security:missing=false",
        seen,
    )
    .await;
    check(laboratory, scopes, "GET Observation/hiv", DENIED).await;
    check(laboratory, scopes, "GET Observation/top", DENIED).await;
    check(
        laboratory,
        scopes,
        "GET Observation/own",
        "200 Observation/own",
    )
    .await;
    let all = "200 Observation/hiv Observation/plain Observation/sex Observation/top";
    check(
        "Patient/zq00zq",
        "patient/*.rs",
        "GET Observation?_security:missing=false",
        all,
    )
    .await;
    check(
        "Practitioner/doctor",
        scopes,
        "GET Observation?_security:missing=false",
        all,
    )
    .await;
    let client =
        "200 Observation/early Observation/hiv Observation/own Observation/plain Observation/sex";
    check(
        "client",
        "system/*.rs",
        "GET Observation?_security:missing=false",
        client,
    )
    .await;
    // A result is its patient's once it is released.
    let released = "200 Observation/own";
    check(
        "Patient/zq01zq",
        "patient/*.rs",
        "GET Observation?_security:missing=false",
        released,
    )
    .await;
    check(
        "Patient/zq01zq",
        "patient/*.rs",
        "GET Observation/early",
        "404 there is no Observation/early",
    )
    .await;
    let meta = clinic.access(laboratory, scopes).await;
    let meta = clinic.ask(&meta, "GET Observation/$meta").await;
    assert!(
        !meta.body.contains("\"V\"") && meta.body.contains("SEX"),
        "{}",
        meta.body
    );
    clinic.close().await;
}

/// A donor is two records: the one that names the person is seen by who keeps donors' identities alone, and no search leads
/// from the one to the other.
#[tokio::test]
async fn an_identified_donor_is_nobody_to_all_but_who_keeps_identities() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let seal = r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]}"#;
    clinic
        .write(vec![
            r#"{"resourceType":"Patient","id":"code"}"#.into(),
            format!(r#"{{"resourceType":"Patient","id":"person",{seal},"name":[{{"family":"Zqdonorzq"}}],
                "link":[{{"other":{{"reference":"Patient/code"}},"type":"refer"}}]}}"#),
            r#"{"resourceType":"RelatedPerson","id":"sister","patient":{"reference":"Patient/person"}}"#.into(),
            r#"{"resourceType":"Observation","id":"screening","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/code"}}"#.into(),
            team("code", "code", "Practitioner/doctor"),
            team("person", "person", "Practitioner/doctor"),
            role("desk", "front-desk", ""),
            role("keeper", "donor-coordinator", ""),
        ])
        .await;
    let check = async |who: &str, scopes: &str, request: &str, expected: &str| {
        check(&clinic, who, scopes, request, expected).await;
    };
    for (who, scopes) in [
        ("Practitioner/doctor", "user/*.cruds"),
        ("Practitioner/desk", "user/*.cruds"),
        ("client", "system/*.rs"),
        ("Patient/code", "patient/*.rs"),
    ] {
        check(
            who,
            scopes,
            "GET Patient/person",
            "404 there is no Patient/person",
        )
        .await;
        check(who, scopes, "GET Patient?link=Patient/code", "200").await;
        check(who, scopes, "GET Patient?family=zqdonorzq", "200").await;
        check(
            who,
            scopes,
            "GET Patient?_id=code&_revinclude=Patient:link",
            "200 Patient/code",
        )
        .await;
        check(
            who,
            scopes,
            "GET RelatedPerson/sister",
            "404 there is no RelatedPerson/sister",
        )
        .await;
        let access = clinic.access(who, scopes).await;
        for request in [
            "GET Patient/code/$everything",
            "GET Patient/_history",
            "GET Patient?_total=accurate",
        ] {
            let answer = clinic.ask(&access, request).await;
            assert!(
                !answer.body.contains("person") && !answer.body.contains("Zqdonorzq"),
                "{who}: {request}: {}",
                answer.body
            );
        }
    }
    let keeper = "Practitioner/keeper";
    let scopes = "user/*.cruds";
    check(keeper, scopes, "GET Patient", "200 Patient/person").await;
    check(
        keeper,
        scopes,
        "GET RelatedPerson",
        "200 RelatedPerson/sister",
    )
    .await;
    check(
        keeper,
        scopes,
        "GET Patient/code",
        "404 there is no Patient/code",
    )
    .await;
    check(
        keeper,
        scopes,
        "GET Patient?_include=Patient:link",
        "200 Patient/person",
    )
    .await;
    check(
        keeper,
        scopes,
        "GET Patient/zq00zq",
        "404 there is no Patient/zq00zq",
    )
    .await;
    // Donors see themselves.
    check(
        "Patient/person",
        "patient/*.rs",
        "GET Patient",
        "200 Patient/person",
    )
    .await;
    clinic.close().await;
}
