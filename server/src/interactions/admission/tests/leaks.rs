//! The leak hunt: whatever somebody asks, nothing of another patient is in the answer, and what is hidden is answered byte for
//! byte as what does not exist.
//!
//! Requests are made up from parts, with markers of the own patient, of others, and of nobody. An answer may carry a foreign
//! marker only where the request did; and the same request with a marker that nobody has must be answered the same.
//! `VESTA_LEAK_REQUESTS` says how many requests are made for each holder, and `VESTA_LEAK_SEED` which.

use super::clinic::{Answer, Clinic, marker, role};
use crate::auth::Access;

mod requests;

use requests::{Dice, NOBODY, Template};

const PATIENTS: usize = 50;

/// Who asks, with which scopes. All of them may see the first patient alone.
const HOLDERS: [(&str, &str); 5] = [
    ("Patient/zq00zq", "patient/*.cruds"),
    ("RelatedPerson/p-zq00zq", "user/*.rs"),
    ("Practitioner/doctor", "user/*.cruds"),
    ("Practitioner/doctor for zq00zq", "patient/*.cruds"),
    (
        "Patient/zq00zq",
        "patient/Observation.rs patient/Patient.r patient/Appointment.cruds",
    ),
];

#[expect(
    clippy::disallowed_methods,
    reason = "how long to hunt is said by the environment"
)]
fn number(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test]
async fn no_answer_tells_of_another_patient() {
    let Some(clinic) = Clinic::of(PATIENTS).await else {
        return;
    };
    let requests = number("VESTA_LEAK_REQUESTS", 250);
    let mut dice = Dice::new(number("VESTA_LEAK_SEED", 1));
    let mut hunt = Hunt::default();
    for (who, scopes) in HOLDERS {
        let access = clinic.access(who, scopes).await;
        for _ in 0..requests {
            let template = dice.request();
            let foreign = marker(1 + dice.below(PATIENTS - 1));
            hunt.ask(&clinic, &access, who, &template, &foreign).await;
        }
    }
    println!("{hunt:?}");
    // A hunt that finds nothing anywhere proves nothing.
    assert!(hunt.found > requests && hunt.refused > requests / 2 && hunt.pages > 0);
    clinic.close().await;
}

/// Closes the record of a patient, one way or another.
fn closure(number: usize) -> String {
    let patient = marker(number);
    let provision = match number % 4 {
        1 => r#"{"type":"deny"}"#,
        2 => {
            r#"{"type":"deny","actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},
                "reference":{"reference":"Organization/clinic"}}]}"#
        }
        3 => {
            return sealed(
                &patient,
                "https://vesta.example/fhir/CodeSystem/security-label",
                "legal-restriction",
            );
        }
        _ => {
            return sealed(
                &patient,
                "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                "V",
            );
        }
    };
    format!(
        r#"{{"resourceType":"Consent","id":"closing-{patient}","status":"active","patient":{{"reference":"Patient/{patient}"}},
            "scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},
            "category":[{{"text":"{patient}"}}],"policyRule":{{"text":"x"}},"provision":{provision}}}"#
    )
}

fn sealed(patient: &str, system: &str, code: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{patient}","active":true,"gender":"female","name":[{{"family":"{patient}"}}],
            "meta":{{"security":[{{"system":"{system}","code":"{code}"}}]}}}}"#
    )
}

/// Whose role reaches all patients, or who cares for all of them, is told nothing of those whose records are closed by a
/// consent, a label or the law, but that a resource asked for by its id is closed.
#[tokio::test]
async fn no_answer_tells_of_a_closed_record() {
    const CLOSED: usize = 12;
    let Some(clinic) = Clinic::of(CLOSED).await else {
        return;
    };
    let at_clinic = r#","organization":{"reference":"Organization/clinic"}"#;
    clinic
        .write(vec![role("lab", "embryologist", at_clinic)])
        .await;
    let teams = (1..CLOSED).map(|number| {
        let patient = marker(number);
        format!(
            r#"{{"resourceType":"CareTeam","id":"of-{patient}","status":"active","subject":{{"reference":"Patient/{patient}"}},
                "participant":[{{"member":{{"reference":"Practitioner/doctor"}}}}]}}"#
        )
    });
    clinic.write(teams.collect()).await;
    clinic.write((1..CLOSED).map(closure).collect()).await;
    let requests = number("VESTA_LEAK_REQUESTS", 250);
    let mut dice = Dice::new(number("VESTA_LEAK_SEED", 2));
    let mut hunt = Hunt {
        tells_closed: true,
        ..Hunt::default()
    };
    for (who, scopes) in [
        ("Practitioner/doctor", "user/*.cruds"),
        // Provenances that name no patient are nobody's.
        (
            "Practitioner/lab",
            "user/Observation.rs user/Patient.rs user/Consent.rs user/Task.rs user/CareTeam.rs",
        ),
    ] {
        let access = clinic.access(who, scopes).await;
        for _ in 0..requests {
            let template = dice.request();
            let foreign = marker(1 + dice.below(CLOSED - 1));
            hunt.ask(&clinic, &access, who, &template, &foreign).await;
        }
    }
    println!("{hunt:?}");
    assert!(hunt.found > requests / 2 && hunt.refused > requests / 4 && hunt.closed > 0);
    clinic.close().await;
}

/// Whoever may see everything sees the markers: the hunter can see what it hunts.
#[tokio::test]
async fn the_hunt_finds_what_is_open() {
    let Some(clinic) = Clinic::of(3).await else {
        return;
    };
    let everything = clinic.access("client", "system/*.rs").await;
    for request in [
        "GET Observation",
        "GET _history",
        "GET Patient/zq00zq/$everything",
        "GET Group/all",
    ] {
        let answer = clinic.ask(&everything, request).await;
        assert!(foreign_in(&answer, request).is_some(), "{request}");
    }
    clinic.close().await;
}

/// What a hunt has met.
#[derive(Debug, Default)]
struct Hunt {
    requests: u64,
    /// Answers with something in them.
    found: u64,
    refused: u64,
    /// Pages behind the first.
    pages: u64,
    /// Answers that tell of a resource asked for that it is closed.
    closed: u64,
    /// Whether there may be any.
    tells_closed: bool,
}

impl Hunt {
    async fn ask(
        &mut self,
        clinic: &Clinic,
        access: &Access,
        who: &str,
        template: &Template,
        foreign: &str,
    ) {
        let request = template.filled(foreign);
        let answer = self.look(clinic, access, who, &request).await;
        if !request.contains(foreign) {
            self.follow(clinic, access, who, &request, answer).await;
            return;
        }
        if self.tells_closed {
            // Something may be written into a record that is closed to be read: no secret is made of that it is there.
            let is_told = answer.body.contains("closes this to you");
            self.closed += u64::from(is_told);
            if is_told || !request.starts_with("GET ") {
                return;
            }
        }
        let absent = self
            .look(clinic, access, who, &template.filled(NOBODY))
            .await;
        let (hidden, absent) = (comparable(&answer, foreign), comparable(&absent, NOBODY));
        assert_eq!(hidden, absent, "{who}: {request}");
        self.follow(clinic, access, who, &request, answer).await;
    }

    /// Asks one request, and looks at every byte of the answer.
    async fn look(&mut self, clinic: &Clinic, access: &Access, who: &str, request: &str) -> Answer {
        let answer = clinic.ask(access, request).await;
        self.requests += 1;
        self.found += u64::from(answer.status == 200 && answer.body.contains(&marker(0)));
        self.refused += u64::from(answer.status >= 400);
        if let Some(found) = foreign_in(&answer, request) {
            panic!("{who}: {request}\nis answered with {found}:\n{answer:?}");
        }
        assert!(answer.status < 500, "{who}: {request}\n{answer:?}");
        answer
    }

    /// Looks at further pages.
    async fn follow(
        &mut self,
        clinic: &Clinic,
        access: &Access,
        who: &str,
        request: &str,
        first: Answer,
    ) {
        let mut answer = first;
        for _ in 0..3 {
            let Some(next) = link(&answer, "next") else {
                return;
            };
            if !request.starts_with("GET ") {
                return;
            }
            self.pages += 1;
            // The link repeats what was asked.
            let next = format!("GET {next}");
            answer = clinic.ask(access, &next).await;
            if let Some(found) = foreign_in(&answer, &format!("{request}{next}")) {
                panic!("{who}: {next}\nis answered with {found}:\n{answer:?}");
            }
        }
    }
}

/// A marker of another patient in an answer to a request that did not name it.
fn foreign_in(answer: &Answer, request: &str) -> Option<String> {
    (1..PATIENTS).map(marker).find(|foreign| {
        let is_in = answer.body.contains(foreign) || answer.headers.contains(foreign);
        is_in && !request.contains(foreign)
    })
}

/// An answer without what differs from one request to the next.
fn comparable(answer: &Answer, asked: &str) -> Answer {
    let one = |text: &str| without_links(&text.replace(asked, "$"));
    Answer {
        status: answer.status,
        body: match answer.status {
            // What is made has a new id, and a moment of its own.
            201 => String::new(),
            _ => one(&answer.body),
        },
        headers: match answer.status {
            201 => String::new(),
            _ => one(&answer.headers),
        },
    }
}

/// Places of pages are signed for the search they are of; ids and moments of what is made are new.
fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("_cursor=") {
        out.push_str(before);
        let end = behind.find(['&', '"', ' ']).unwrap_or(behind.len());
        rest = &behind[end..];
    }
    out.push_str(rest);
    out
}

fn link(answer: &Answer, relation: &str) -> Option<String> {
    let resource = fhir::resource::Resource::parse(answer.body.clone()).ok()?;
    if resource.resource_type().name() != "Bundle" {
        return None;
    }
    let (_, links) = crate::operations::testing::entries(&answer.body);
    let link = links.into_iter().find(|(name, _)| name == relation);
    link.map(|(_, url)| url)
}
