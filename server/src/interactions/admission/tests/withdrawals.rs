//! Consents that patients withdraw, by any write, and nothing else that they change of them.

use super::check;
use super::clinic::{Clinic, role};
use super::consents::{about, consent};

const REFUSED: &str = "403 patients set the status of a privacy Consent of their own from active to inactive, and change nothing else of it";
const NO_SCOPE: &str = "403 this access does not include Consent.u: neither a scope and a role together, nor the launch, allow it";
const SCOPES: &str = "patient/*.cruds";

fn withdrawn(consent: &str) -> String {
    consent.replace(r#""active""#, r#""inactive""#)
}

/// What a Consent alone had opened is closed from the next request on, whichever write withdraws it.
#[tokio::test]
async fn a_patient_withdraws_what_they_have_agreed_to() {
    let Some(mut clinic) = Clinic::of(2).await else {
        return;
    };
    clinic.world.interactions.consents_close = true;
    let billing = "Practitioner/billing";
    clinic
        .write(vec![role("billing", "billing-specialist", "")])
        .await;
    let ask = async |who: &str, scopes: &str, request: &str, expected: &str| {
        check(&clinic, who, scopes, request, expected).await;
    };
    let agreed = |id: &str| consent(id, "zq01zq", &about("permit", billing, ""));
    let transaction = format!(
        r#"POST / {{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{},"request":{{"method":"PUT","url":"Consent/c"}}}}]}}"#,
        withdrawn(&agreed("c"))
    );
    for (id, write, expected) in [
        (
            "a",
            format!("PUT Consent/a {}", withdrawn(&agreed("a"))),
            "200 Consent/a",
        ),
        (
            "b",
            r#"PATCH Consent/b [{"op":"replace","path":"/status","value":"inactive"}]"#.to_owned(),
            "200 Consent/b",
        ),
        ("c", transaction, "200"),
    ] {
        clinic.write(vec![agreed(id)]).await;
        ask(
            billing,
            "user/*.rs",
            "GET Condition",
            "200 Condition/c-zq01zq",
        )
        .await;
        let absent = format!("404 there is no Consent/{id}");
        ask("Patient/zq00zq", SCOPES, &write, &absent).await;
        ask("Patient/zq01zq", "patient/*.crds", &write, NO_SCOPE).await;
        ask("Patient/zq01zq", SCOPES, &write, expected).await;
        ask(billing, "user/*.rs", "GET Condition", "200").await;
        // It is not taken back.
        let again = format!("PUT Consent/{id} {}", agreed(id));
        ask("Patient/zq01zq", SCOPES, &again, REFUSED).await;
    }
    clinic.close().await;
}

#[tokio::test]
async fn nothing_else_of_a_consent_is_changed_by_a_patient() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let relative = "RelatedPerson/p-zq01zq";
    let own = consent("own", "zq01zq", &about("deny", "Practitioner/doctor", ""));
    let treatment = own
        .replace("patient-privacy", "treatment")
        .replace(r#""own""#, r#""other""#);
    clinic.write(vec![own.clone(), treatment.clone()]).await;
    let refused = async |who: &str, request: &str| {
        check(&clinic, who, SCOPES, request, REFUSED).await;
    };
    let patient = "Patient/zq01zq";
    refused(patient, &format!("PUT Consent/own {own}")).await;
    for (from, to) in [
        (r#""inactive""#, r#""rejected""#),
        (r#""deny""#, r#""permit""#),
        (
            r#""policyRule":{"text":"x"}"#,
            r#""policyRule":{"text":"y"}"#,
        ),
        (r#""patient-privacy""#, r#""research""#),
    ] {
        let changed = withdrawn(&own).replace(from, to);
        refused(patient, &format!("PUT Consent/own {changed}")).await;
    }
    let two = r#"PATCH Consent/own [{"op":"replace","path":"/status","value":"inactive"},{"op":"remove","path":"/provision/actor"}]"#;
    refused(patient, two).await;
    let labelled = r#"POST Consent/own/$meta-add {"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"x"}]}}]}"#;
    refused(patient, labelled).await;
    let withdraw = format!("PUT Consent/own {}", withdrawn(&own));
    refused(relative, &withdraw).await;
    let treatment = format!("PUT Consent/other {}", withdrawn(&treatment));
    refused(patient, &treatment).await;
    // Those who keep records change all of it.
    clinic.write(vec![role("office", "records", "")]).await;
    let changed = own.replace(r#""deny""#, r#""permit""#);
    check(
        &clinic,
        "Practitioner/office",
        "user/*.cruds",
        &format!("PUT Consent/own {changed}"),
        "200 Consent/own",
    )
    .await;
    clinic.close().await;
}
