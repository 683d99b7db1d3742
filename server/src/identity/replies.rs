//! The page behind the link of a message, where patients say whether they come, or take what is offered, without logging in
//! (server/SCHEDULING.md, messages). To look at it changes nothing: links are followed by programs, too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fhir::json::{Document, Value};
use fhir::resource::Resource;
use http::StatusCode;
use http::header::ACCEPT_LANGUAGE;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::answer::{Answered, Form};
use super::pages::{Page, Reply};
use super::records::Request;
use super::{Asked, Identity, secret};
use crate::auth::{Authentication, FhirUser, Grant, LaunchContext, Scopes};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::store::{News, ReplyLink};

/// Where the page is, behind the FHIR base.
pub const REPLY_PAGE: &str = "/auth/reply";

/// What whoever has the link may ask for in the name of the patient.
const SCOPES: &str = "patient/Appointment.crus patient/AppointmentResponse.crs";
/// The system of the identifiers of answers that were given by links.
const REPLY: &str = "https://vesta.example/fhir/NamingSystem/message-reply";
/// The language where none is known.
const OTHERWISE: &str = "en";

/// What the page says in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) title: String,
    ask: String,
    accept: String,
    decline: String,
    ask_offered: String,
    accept_offered: String,
    decline_offered: String,
    accepted: String,
    booked: String,
    cancelled: String,
    let_go: String,
    late: String,
    impossible: String,
    over: String,
}

static WORDS: LazyLock<BTreeMap<String, Words>> =
    LazyLock::new(|| toml::from_str(include_str!("replies.toml")).unwrap_or_default());

/// What a visit is by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// What the message says of it.
    Open,
    /// An offer that was taken.
    Booked,
    Cancelled,
    /// Something else, or nothing that the patient could see.
    Over,
}

/// What the page shows.
enum Shown {
    Question,
    Said(fn(&Words) -> &str),
    Problem(StatusCode, fn(&Words) -> &str),
}

/// `GET /auth/reply?key=…`
pub(super) async fn show(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = Form::parse(asked.query)?;
    let key = form.need("key")?;
    let Some(link) = known(identity, asked, key).await? else {
        return page(
            asked,
            None,
            &Shown::Problem(StatusCode::NOT_FOUND, |it| &it.over),
        );
    };
    let shown = match standing(identity, asked, &link).await? {
        Standing::Open => Shown::Question,
        Standing::Booked => Shown::Said(|it| &it.booked),
        Standing::Cancelled => Shown::Said(|it| &it.cancelled),
        Standing::Over => Shown::Problem(StatusCode::GONE, |it| &it.over),
    };
    page(asked, Some((&link, key)), &shown)
}

/// `POST /auth/reply` with `key`, and with `answer`: `accepted` or `declined`.
pub(super) async fn answer(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let key = form.need("key")?;
    let is_accepted = match form.need("answer")? {
        "accepted" => true,
        "declined" => false,
        _ => {
            let sentence = "answer is accepted or declined";
            return Err(super::Refusal::new("invalid_request", sentence));
        }
    };
    let Some(link) = known(identity, asked, key).await? else {
        return page(
            asked,
            None,
            &Shown::Problem(StatusCode::NOT_FOUND, |it| &it.over),
        );
    };
    let mut now = standing(identity, asked, &link).await?;
    if now == Standing::Open {
        if let Err(error) = tell(identity, asked, (&link, key), is_accepted).await {
            return page(asked, Some((&link, key)), &refused(error)?);
        }
        // What is said is what has become of the visit, whoever else answers at the same time.
        now = standing(identity, asked, &link).await?;
    }
    let is_offer = link.kind == News::Offered;
    let shown = match (now, is_accepted) {
        (Standing::Open, true) if !is_offer => Shown::Said(|it| &it.accepted),
        (Standing::Booked, true) => Shown::Said(|it| &it.booked),
        (Standing::Cancelled, false) if is_offer => Shown::Said(|it| &it.let_go),
        (Standing::Cancelled, false) => Shown::Said(|it| &it.cancelled),
        _ => Shown::Problem(StatusCode::GONE, |it| &it.over),
    };
    page(asked, Some((&link, key)), &shown)
}

async fn known(identity: &Identity, asked: &Asked<'_>, key: &str) -> Result<Option<ReplyLink>> {
    identity
        .store
        .reply_link(&secret::hash(key), asked.now)
        .await
}

/// What a visit is by now, as its patient may see it.
async fn standing(identity: &Identity, asked: &Asked<'_>, link: &ReplyLink) -> Result<Standing> {
    let path = format!("/{}", link.appointment);
    let grant = grant(link, asked)?;
    let found = identity.records.get(Some(grant), &path, "", asked).await?;
    let Some(visit) = found else {
        return Ok(Standing::Over);
    };
    let text = |name: &str| visit.root().get(name).and_then(Value::string);
    let starts = text("start").and_then(|start| start.parse::<Timestamp>().ok());
    let patient = link.patient.to_string();
    if starts != Some(link.starts) || !takes_part(&visit, &patient, &identity.settings.base_url) {
        return Ok(Standing::Over);
    }
    let is_offer = link.kind == News::Offered;
    Ok(match text("status").as_deref() {
        Some("pending") if is_offer => Standing::Open,
        Some("booked") if is_offer => Standing::Booked,
        Some("booked") => Standing::Open,
        Some("cancelled") => Standing::Cancelled,
        _ => Standing::Over,
    })
}

fn takes_part(visit: &Document, patient: &str, base: &str) -> bool {
    let all = visit.root().get("participant");
    let mut all = all.into_iter().flat_map(Value::items);
    all.any(|one| {
        let reference = one.at(&["actor", "reference"]).and_then(Value::string);
        reference.is_some_and(|reference| {
            let local = reference.strip_prefix(base).unwrap_or(&reference);
            local.trim_start_matches('/') == patient
        })
    })
}

/// Writes what the patient has said, once for each link: by a number that nobody knows who does not have it.
async fn tell(
    identity: &Identity,
    asked: &Asked<'_>,
    (link, key): (&ReplyLink, &str),
    is_accepted: bool,
) -> Result<()> {
    let grant = grant(link, asked)?;
    let visit = json!({"reference": link.appointment.to_string()});
    let request = match (link.kind, is_accepted) {
        (News::Offered, true) => {
            let reference = json!({"name": "appointment-reference", "valueReference": visit});
            let body = json!({"resourceType": "Parameters", "parameter": [reference]});
            Request::post("/Appointment/$book", resource(&body)?)
        }
        _ => {
            let status = if is_accepted { "accepted" } else { "declined" };
            let value = secret::challenge(&format!("{status} by {key}"));
            let body = json!({
                "resourceType": "AppointmentResponse",
                "identifier": [{"system": REPLY, "value": value}],
                "appointment": visit,
                "actor": {"reference": link.patient.to_string()},
                "participantStatus": status,
            });
            let known = format!("identifier={REPLY}|{value}");
            Request::post("/AppointmentResponse", resource(&body)?).if_none_exist(known)
        }
    };
    let outcome = identity.records.ask(Some(grant), request, asked).await;
    outcome.map(drop)
}

fn resource(json: &serde_json::Value) -> Result<Resource> {
    Resource::parse(json.to_string()).map_err(Error::internal)
}

/// What the page says of a refusal; a fault of the server is one here, too.
fn refused(error: Error) -> Result<Shown> {
    let detail = error
        .issues()
        .first()
        .and_then(|issue| issue.detail.as_ref());
    let is_late = detail.is_some_and(|(_, code)| &**code == OpError::CancelCutoff.code());
    if error.status().is_server_error() || matches!(error.kind(), ErrorKind::Throttled { .. }) {
        return Err(error);
    }
    Ok(match is_late {
        true => Shown::Problem(StatusCode::CONFLICT, |it| &it.late),
        false => Shown::Problem(StatusCode::CONFLICT, |it| &it.impossible),
    })
}

/// What whoever has the link may do: as the patient, with these visits, and without having shown more than the link.
fn grant(link: &ReplyLink, asked: &Asked<'_>) -> Result<Grant> {
    let user: FhirUser = link.patient.to_string().parse().map_err(Error::internal)?;
    Ok(Grant {
        id: Uuid::now_v7(),
        client_id: super::records::OWN_PAGES.into(),
        user: Some(user),
        login: None,
        scopes: Scopes::parse(SCOPES).scopes,
        launch: LaunchContext {
            patient: Some(link.patient.id.clone()),
            ..LaunchContext::default()
        },
        purpose: None,
        authentication: Authentication {
            at: asked.now,
            methods: Vec::new(),
            acr: None,
        },
        expires: asked.now + super::records::LIFE,
    })
}

/// The page, in the language of the message or, where there is none, of the browser.
fn page(asked: &Asked<'_>, link: Option<(&ReplyLink, &str)>, shown: &Shown) -> Answered {
    let spoken = match link {
        Some((link, _)) => link.language.as_str(),
        None => asked.header(ACCEPT_LANGUAGE).unwrap_or_default(),
    };
    let primary = spoken
        .split(['-', '_', ',', ';'])
        .next()
        .unwrap_or_default();
    let words = WORDS.get_key_value(&primary.trim().to_lowercase());
    let words = words.or_else(|| WORDS.get_key_value(OTHERWISE));
    let (language, words) = words.ok_or_else(|| Error::internal("the page has words"))?;
    let is_offer = link.is_some_and(|(link, _)| link.kind == News::Offered);
    let (ask, accept, decline) = match is_offer {
        true => (
            &words.ask_offered,
            &words.accept_offered,
            &words.decline_offered,
        ),
        false => (&words.ask, &words.accept, &words.decline),
    };
    let (status, note, is_problem) = match shown {
        Shown::Question => (StatusCode::OK, "", false),
        Shown::Said(text) => (StatusCode::OK, text(words), false),
        Shown::Problem(status, text) => (*status, text(words), true),
    };
    let key = link.filter(|_| matches!(shown, Shown::Question));
    let mut response = Page::to(None).reply(&Reply {
        language,
        words,
        told: link.map_or("", |(link, _)| &link.told),
        note,
        is_problem,
        key: key.map_or("", |(_, key)| key),
        ask,
        accept,
        decline,
    })?;
    *response.status_mut() = status;
    Ok(response)
}
