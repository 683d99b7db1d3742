//! Where a patient is written to, in which language, and when not at all.

use super::{Clinic, Delivered};

/// How a patient does not want to be reached.
fn consent(code: &str, ends: &str) -> String {
    format!(
        r#"{{"resourceType":"Consent","id":"c","status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"treatment"}}]}},
        "category":[{{"coding":[{{"system":"https://vesta.example/fhir/CodeSystem/consent-category","code":"contact-preference"}}]}}],
        "patient":{{"reference":"Patient/anna"}},"policyRule":{{"text":"x"}},"provision":{{"type":"deny","period":{{"start":"2020-01-01","end":"{ends}"}}{code}}}}}"#
    )
}

#[tokio::test]
async fn it_is_sent_where_and_as_the_patient_wants() {
    let Some(clinic) = Clinic::new().await else {
        return;
    };
    let email = r#"{"system":"email","value":"a@example.org","rank":2}"#;
    let phone = r#"{"system":"sms","value":"+49302","rank":1}"#;
    let over = r#"{"system":"sms","value":"+49303","rank":1,"period":{"end":"2098-12-31"}}"#;
    let old = r#"{"system":"email","value":"b@example.org","use":"old"}"#;
    let all = consent("", "2199-12-31");
    let sms = r#","code":[{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/message-medium","code":"sms"}]}]"#;
    let (sms, past) = (consent(sms, "2199-12-31"), consent("", "2098-01-01"));
    let unknown = consent(
        r#","code":[{"coding":[{"system":"urn:x","code":"y"}]}]"#,
        "2199-12-31",
    );
    let cases: [(&[&str], &str, &str); 9] = [
        (&[email, phone], &past, "+49302"),
        (&[email, phone], &sms, "a@example.org"),
        (&[email, phone], &all, "opted-out"),
        (&[email, phone], &unknown, "opted-out"),
        (&[phone], &sms, "opted-out"),
        (&[over, email], &past, "a@example.org"),
        (&[over, old], &past, "no-address"),
        (&[], &past, "no-address"),
        (&[phone], &past, "+49302"),
    ];
    for (place, (telecom, consent, expected)) in cases.iter().enumerate() {
        let telecom = match telecom.is_empty() {
            true => String::new(),
            false => format!(r#","telecom":[{}]"#, telecom.join(",")),
        };
        clinic
            .write(&format!(
                r#"{{"resourceType":"Patient","id":"anna","communication":[{{"language":{{"coding":[{{"system":"urn:ietf:bcp:47","code":"fr"}}]}}}},
                {{"language":{{"coding":[{{"system":"urn:ietf:bcp:47","code":"de-CH"}}]}},"preferred":true}}]{telecom}}}"#
            ))
            .await;
        clinic.write(consent).await;
        clinic.visit(&format!("v{place}"), "booked", 10).await;
        clinic.plan().await;
        let before = clinic.sent().len();
        let done = clinic.deliver().await;
        match clinic.sent().get(before) {
            Some(message) => {
                assert_eq!(
                    (&*message.to, done),
                    (*expected, Delivered::Sent),
                    "{place}"
                );
                assert!(
                    message
                        .text
                        .starts_with("Ihr Termin bei Haus am See: Donnerstag, 5. März 2099")
                );
            }
            None => {
                assert_eq!(done, Delivered::NotSent, "{place}");
                let said = clinic.states("Communication").await;
                assert!(
                    said.contains(&format!("not-done {expected}")),
                    "{place} {said:?}"
                );
            }
        }
    }
    // The record is as open as it was.
    assert!(clinic.world.read("Patient/anna").await.is_ok());
    clinic.world.close().await;
}
