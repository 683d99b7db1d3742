//! Who works with the data of a server that asks for access tokens: a physician in the care teams of all patients that the
//! Observations are of.

use crate::rest::PATIENTS;

/// The login of the physician.
pub(super) const ACCOUNTS: &str = r#"
password = "bench-bench-bench"
second_factor = "NZXXEZDMNFRWQ5BNMRSW23ZNGIYDENTY"

[[user]]
login = "physician"
name = "Physician"
fhir_user = "Practitioner/bench-physician"

[[client]]
id = "bench"
name = "Bench"
scopes = "user/*.cruds"

[token]
login = "physician"
client = "bench"
"#;

/// The physician, the role and the care teams, as a transaction Bundle.
pub(super) fn bundle() -> String {
    let mut resources = vec![
        r#"{"resourceType":"Practitioner","id":"bench-physician"}"#.to_owned(),
        r#"{"resourceType":"PractitionerRole","id":"bench-physician","active":true,
            "practitioner":{"reference":"Practitioner/bench-physician"},
            "code":[{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/staff-role","code":"physician"}]}]}"#
            .to_owned(),
    ];
    resources.extend((0..PATIENTS).map(|patient| {
        format!(
            r#"{{"resourceType":"CareTeam","id":"bench-team-{patient}","status":"active",
                "subject":{{"reference":"Patient/bench-patient-{patient}"}},
                "participant":[{{"member":{{"reference":"Practitioner/bench-physician"}}}}]}}"#
        )
    }));
    let entries: Vec<String> = resources
        .iter()
        .map(|resource| {
            let kind = resource.split('"').nth(3).unwrap_or_default();
            let id = resource.split('"').nth(7).unwrap_or_default();
            format!(r#"{{"resource":{resource},"request":{{"method":"PUT","url":"{kind}/{id}"}}}}"#)
        })
        .collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        entries.join(",")
    )
}
