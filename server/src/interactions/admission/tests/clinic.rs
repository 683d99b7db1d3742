//! A clinic of some patients. Everything of one patient carries that patient's marker, in ids and in texts.

use std::sync::Arc;

use fhir::json::Document;
use fhir::resource::Resource;
use http::Method;
use jiff::SignedDuration;
use uuid::Uuid;

use crate::auth::{Access, Authentication, Grant, LaunchContext, Scopes};
use crate::context::RequestContext;
use crate::interactions::route::{RouteBody, RouteRequest, route};
use crate::interactions::{Interaction, Patch};
use crate::operations::testing::World;

/// The clinic.
pub(super) struct Clinic {
    pub(super) world: World,
}

/// All that an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The body, or the sentences of the refusal.
    pub(super) body: String,
    /// What headers say.
    pub(super) headers: String,
}

/// The marker of a patient.
pub(super) fn marker(number: usize) -> String {
    format!("zq{number:02}zq")
}

/// What is the clinic's, and who cares for the first patient.
const SHARED: [&str; 4] = [
    r#"{"resourceType":"Organization","id":"clinic","name":"Clinic"}"#,
    r#"{"resourceType":"Practitioner","id":"doctor","name":[{"family":"Doctor"}]}"#,
    r#"{"resourceType":"PractitionerRole","id":"doctor","active":true,"practitioner":{"reference":"Practitioner/doctor"},
        "organization":{"reference":"Organization/clinic"},
        "code":[{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/staff-role","code":"physician"}]}]}"#,
    r#"{"resourceType":"CareTeam","id":"team","status":"active","subject":{"reference":"Patient/zq00zq"},
        "participant":[{"member":{"reference":"Practitioner/doctor"}}]}"#,
];

/// What each patient has; `$M` is the marker, `$F` that of the first patient, whom things of others refer to where that
/// puts them into no compartment of theirs, and `$D` a day.
const OF_PATIENT: [&str; 19] = [
    r#"{"resourceType":"Patient","id":"$M","active":true,"gender":"female","birthDate":"1980-01-$D",
        "identifier":[{"system":"http://here/mrn","value":"$M"}],"name":[{"family":"$M","given":["Same"]}],
        "managingOrganization":{"reference":"Organization/clinic"},"meta":{"tag":[{"system":"http://here/tags","code":"$M"}]}}"#,
    r#"{"resourceType":"Encounter","id":"e-$M","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/$M"},
        "identifier":[{"value":"$M"}],"period":{"start":"2026-01-$D","end":"2026-01-$D"},
        "participant":[{"individual":{"reference":"Practitioner/doctor"}}]}"#,
    r#"{"resourceType":"Observation","id":"o1-$M","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1234-5"}],"text":"$M"},
        "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],
        "subject":{"reference":"Patient/$M"},"encounter":{"reference":"Encounter/e-$M"},"effectiveDateTime":"2026-01-$D",
        "valueQuantity":{"value":1.$D,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"},
        "performer":[{"reference":"Practitioner/doctor"}],"note":[{"text":"$M is feverish"}]}"#,
    r#"{"resourceType":"Observation","id":"o2-$M","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"7-$D","display":"$M"}]},
        "subject":{"reference":"Patient/$M"},"focus":[{"reference":"Patient/$F"}],"derivedFrom":[{"reference":"Observation/o1-$F"}],
        "hasMember":[{"reference":"Observation/o1-$M"}],"valueString":"$M"}"#,
    r#"{"resourceType":"Condition","id":"c-$M","code":{"text":"$M"},"subject":{"reference":"Patient/$M"},
        "encounter":{"reference":"Encounter/e-$M"},"onsetDateTime":"2025-01-$D","recorder":{"reference":"Practitioner/doctor"}}"#,
    r##"{"resourceType":"MedicationRequest","id":"r-$M","status":"active","intent":"order","subject":{"reference":"Patient/$M"},
        "contained":[{"resourceType":"Medication","id":"m","code":{"text":"$M"}}],"medicationReference":{"reference":"#m"}}"##,
    r#"{"resourceType":"Appointment","id":"a-$M","status":"proposed","description":"$M","start":"2026-02-01T10:00:00Z",
        "end":"2026-02-01T10:30:00Z","identifier":[{"value":"$M"}],"participant":[{"actor":{"reference":"Patient/$M"},
        "status":"accepted"},{"actor":{"reference":"Practitioner/doctor"},"status":"accepted"}]}"#,
    r#"{"resourceType":"DocumentReference","id":"d-$M","status":"current","subject":{"reference":"Patient/$M"},"description":"$M",
        "content":[{"attachment":{"title":"$M"}}]}"#,
    r#"{"resourceType":"Communication","id":"m-$M","status":"completed","subject":{"reference":"Patient/$M"},
        "payload":[{"contentString":"$M"}],"about":[{"reference":"Condition/c-$F"}]}"#,
    r#"{"resourceType":"RelatedPerson","id":"p-$M","active":true,"patient":{"reference":"Patient/$M"},"name":[{"family":"$M"}]}"#,
    r#"{"resourceType":"QuestionnaireResponse","id":"q-$M","status":"completed","subject":{"reference":"Patient/$M"},
        "item":[{"linkId":"1","answer":[{"valueString":"$M"}]}]}"#,
    r#"{"resourceType":"Consent","id":"n-$M","status":"active","patient":{"reference":"Patient/$M"},
        "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"treatment"}]},
        "category":[{"text":"$M"}],"policyRule":{"text":"$M"}}"#,
    r#"{"resourceType":"Task","id":"t-$M","status":"requested","intent":"order","for":{"reference":"Patient/$M"},
        "description":"$M","focus":{"reference":"Encounter/e-$F"}}"#,
    r#"{"resourceType":"Provenance","id":"v-$M","target":[{"reference":"Observation/o1-$M"},{"reference":"Observation/o1-$F"}],
        "recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"$M"}}]}"#,
    r#"{"resourceType":"Binary","id":"b-$M","contentType":"text/plain","data":"enE=","securityContext":{"reference":"Patient/$M"}}"#,
    r#"{"resourceType":"Flag","id":"f-$M","status":"active","code":{"text":"$M"},"subject":{"reference":"Patient/$M"}}"#,
    r#"{"resourceType":"List","id":"l-$M","status":"current","mode":"working","title":"$M","subject":{"reference":"Patient/$M"},
        "entry":[{"item":{"reference":"Observation/o1-$M"}},{"item":{"reference":"Observation/o1-$F"}}]}"#,
    r#"{"resourceType":"Basic","id":"x-$M","code":{"text":"$M"},"subject":{"reference":"Patient/$M"}}"#,
    r#"{"resourceType":"Device","id":"y-$M","patient":{"reference":"Patient/$M"},"note":[{"text":"$M"}]}"#,
];

/// A PractitionerRole of a practitioner of the same id.
pub(super) fn role(id: &str, code: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"PractitionerRole","id":"{id}","practitioner":{{"reference":"Practitioner/{id}"}}{more},
            "code":[{{"coding":[{{"system":"https://vesta.example/fhir/CodeSystem/staff-role","code":"{code}"}}]}}]}}"#
    )
}

/// A care team of a patient with one member.
pub(super) fn team(id: &str, patient: &str, member: &str) -> String {
    format!(
        r#"{{"resourceType":"CareTeam","id":"{id}","status":"active","subject":{{"reference":"Patient/{patient}"}},
            "participant":[{{"member":{{"reference":"{member}"}}}}]}}"#
    )
}

impl Clinic {
    /// A clinic of so many patients.
    pub(super) async fn of(patients: usize) -> Option<Self> {
        Some(Self::within(World::new().await?, patients).await)
    }

    /// The same, with an audit trail.
    pub(super) async fn audited(patients: usize) -> Option<Self> {
        Some(Self::within(World::audited().await?, patients).await)
    }

    async fn within(world: World, patients: usize) -> Self {
        let clinic = Self { world };
        let shared = SHARED.iter().map(|text| (*text).to_owned()).collect();
        clinic.write(shared).await;
        for number in 0..patients {
            let (own, day) = (marker(number), format!("{:02}", number % 28 + 1));
            let of = |text: &&str| {
                let text = text.replace("$M", &own).replace("$F", &marker(0));
                text.replace("$D", &day)
            };
            clinic.write(OF_PATIENT.iter().map(of).collect()).await;
            clinic.move_about(number, patients).await;
        }
        let members: Vec<String> = (0..patients)
            .map(|number| {
                format!(
                    r#"{{"entity":{{"reference":"Patient/{}"}}}}"#,
                    marker(number)
                )
            })
            .collect();
        let group = format!(
            r#"{{"resourceType":"Group","id":"all","type":"person","actual":true,"member":[{}]}}"#,
            members.join(",")
        );
        clinic.write(vec![group]).await;
        clinic
    }

    /// A resource that was first written for the next patient, and one that is deleted.
    async fn move_about(&self, number: usize, patients: usize) {
        let observation = |id: &str, patient: usize| {
            let patient = marker(patient);
            format!(
                r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"{patient}"}},"subject":{{"reference":"Patient/{patient}"}}}}"#
            )
        };
        let moved = format!("moved-{}", marker(number));
        let next = (number + 1) % patients;
        self.write(vec![observation(&moved, next)]).await;
        self.write(vec![observation(&moved, number)]).await;
        let gone = format!("gone-{}", marker(number));
        self.write(vec![observation(&gone, number)]).await;
        let request = format!("DELETE Observation/{gone}");
        let answer = self.ask(&self.world.cx.access, &request).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
    }

    /// Writes resources under their ids, in one transaction.
    pub(super) async fn write(&self, texts: Vec<String>) {
        let entries: Vec<String> = texts
            .iter()
            .map(|text| {
                let resource = Resource::parse(text.clone()).unwrap();
                let key = format!("{}/{}", resource.resource_type(), resource.id().unwrap());
                format!(r#"{{"resource":{text},"request":{{"method":"PUT","url":"{key}"}}}}"#)
            })
            .collect();
        let bundle = format!(
            r#"POST / {{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
            entries.join(",")
        );
        let answer = self.ask(&self.world.cx.access, &bundle).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// What a token of somebody stands for: `Patient/a`, `Practitioner/b for a`, `client`.
    pub(super) async fn access(&self, who: &str, scopes: &str) -> Access {
        self.access_since(0, who, scopes).await
    }

    /// The same of somebody who has logged in so many seconds ago.
    pub(super) async fn access_since(&self, seconds: i64, who: &str, scopes: &str) -> Access {
        let own = who
            .strip_prefix("Patient/")
            .or(who.strip_prefix("RelatedPerson/p-"));
        let (user, launched) = match who.split_once(" for ") {
            Some((user, patient)) => (user, Some(patient)),
            None => (who, own),
        };
        let now = self.world.cx.now;
        let grant = Grant {
            id: Uuid::nil(),
            client_id: "app".into(),
            user: user.parse().ok(),
            login: None,
            scopes: Scopes::parse(scopes).scopes,
            launch: LaunchContext {
                patient: launched.map(|id| id.parse().unwrap()),
                ..LaunchContext::default()
            },
            purpose: None,
            authentication: Authentication {
                at: now - SignedDuration::from_secs(seconds),
                methods: vec!["mfa".into()],
                acr: None,
            },
            expires: now,
        };
        let interactions = &self.world.interactions;
        interactions.admit(&self.world.cx, grant).await.unwrap()
    }

    /// The answer to `METHOD url body`, as HTTP routes it; what follows `!` in the URL is `If-None-Exist`.
    pub(super) async fn ask(&self, access: &Access, request: &str) -> Answer {
        let (method, rest) = request.split_once(' ').unwrap();
        let (url, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let method: Method = method.parse().unwrap();
        let cx = RequestContext {
            access: access.clone(),
            limits: Arc::clone(&self.world.cx.limits),
            ..self.world.cx.clone()
        };
        let (url, if_none_exist) = match url.split_once('!') {
            Some((url, query)) => (url, Some(query.to_owned())),
            None => (url, None),
        };
        let url = url.strip_prefix(&*cx.base_url).unwrap_or(url);
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let body = match (body, method.as_str()) {
            ("", _) => None,
            (body, "PATCH") => {
                let patch = Document::parse(body.to_owned()).unwrap();
                Some(RouteBody::Patch(Patch::Json(patch)))
            }
            (body, _) => {
                let resource = Resource::parse(body.to_owned()).unwrap();
                Some(RouteBody::Resource(resource))
            }
        };
        let routed = route(RouteRequest {
            method: &method,
            path,
            query,
            body,
            if_match: None,
            if_none_match: None,
            if_none_exist,
            if_modified_since: None,
            handling: cx.handling,
        });
        match routed {
            Ok(routed) => self.answer(&cx, routed.interaction).await,
            Err(error) => refusal(&error),
        }
    }

    async fn answer(&self, cx: &RequestContext, interaction: Interaction) -> Answer {
        match self.world.interactions.perform(cx, interaction).await {
            Ok(outcome) => Answer {
                status: outcome.status.as_u16(),
                body: String::from_utf8(outcome.body.unwrap_or_default().into()).unwrap(),
                headers: format!(
                    "{:?} {:?} {:?}",
                    outcome.version, outcome.location, outcome.issues
                ),
            },
            Err(error) => refusal(&error),
        }
    }

    pub(super) async fn close(self) {
        self.world.close().await;
    }
}

fn refusal(error: &crate::error::Error) -> Answer {
    Answer {
        status: error.status().as_u16(),
        body: error.to_string(),
        headers: format!("{:?}", error.issues()),
    }
}
