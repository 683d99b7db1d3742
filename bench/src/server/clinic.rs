//! Who works with the data of a server that asks for access tokens: somebody in the care teams of all patients that the
//! Observations are of.

use crate::diary::{bare, put_all, role_of};
use crate::rest::PATIENTS;

/// Whose token clients have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    /// A physician.
    Physician,
    /// A physician who also books visits and keeps the calendars.
    Desk,
}

impl Person {
    fn id(self) -> &'static str {
        match self {
            Self::Physician => "bench-physician",
            Self::Desk => "bench-desk",
        }
    }
}

/// The login of that person.
pub(super) fn accounts(person: Person) -> String {
    format!(
        r#"
password = "bench-bench-bench"
second_factor = "NZXXEZDMNFRWQ5BNMRSW23ZNGIYDENTY"

[[user]]
login = "{login}"
name = "Somebody"
fhir_user = "Practitioner/{login}"

[[client]]
id = "bench"
name = "Bench"
scopes = "user/*.cruds"

[token]
login = "{login}"
client = "bench"
"#,
        login = person.id()
    )
}

/// The people, their roles and their care teams, as a transaction Bundle.
pub(super) fn bundle() -> String {
    let (physician, desk) = (Person::Physician.id(), Person::Desk.id());
    let mut resources = vec![
        bare("Practitioner", physician),
        bare("Practitioner", desk),
        role_of(physician, physician, "physician"),
        role_of(desk, desk, "front-desk"),
        role_of("bench-desk-physician", desk, "physician"),
        role_of("bench-desk-admin", desk, "admin"),
    ];
    resources.extend((0..PATIENTS).map(|patient| {
        format!(
            r#"{{"resourceType":"CareTeam","id":"bench-team-{patient}","status":"active",
                "subject":{{"reference":"Patient/bench-patient-{patient}"}},
                "participant":[{{"member":{{"reference":"Practitioner/{physician}"}}}},
                               {{"member":{{"reference":"Practitioner/{desk}"}}}}]}}"#
        )
    }));
    put_all(&resources)
}
