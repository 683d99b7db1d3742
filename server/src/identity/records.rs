//! The patients somebody may choose from before an app starts: found by a search of that person, so that nobody is shown
//! whom they could not see.

use std::net::IpAddr;
use std::sync::Arc;

use fhir::ids::ResourceId;
use fhir::json::{Document, Value};
use fhir::resource::Resource;
use futures_util::future::BoxFuture;
use http::Method;
use jiff::SignedDuration;
use uuid::Uuid;

use super::Asked;
use super::answer::encoded;
use super::session::authentication;
use crate::auth::{FhirUser, Grant, LaunchContext, Scopes};
use crate::context::Handling;
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::route::{Route, RouteBody, RouteRequest};
use crate::interactions::{Interaction, Outcome};
use crate::store::IdentitySession;

/// What performs an interaction for somebody, who asks from there; for nobody, it finds out who somebody is.
pub type PerformFor = Arc<
    dyn Fn(Option<Grant>, Option<IpAddr>, Interaction) -> BoxFuture<'static, Result<Outcome>>
        + Send
        + Sync,
>;

/// What our own pages may ask for.
const SCOPES: &str = "user/Patient.rs user/RelatedPerson.rs user/Encounter.rs";
/// The client that our own pages are.
pub(super) const OWN_PAGES: &str = "vesta";
/// How long one question may take.
pub(super) const LIFE: SignedDuration = SignedDuration::from_mins(1);

/// The records, as the person of a session sees them.
pub(super) struct Records {
    pub(super) perform: PerformFor,
}

/// One patient to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PatientLine {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) birth_date: String,
}

/// Which patient an app is started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This one.
    Of(ResourceId),
    /// The person has to choose.
    Open,
    /// There is none this person could choose.
    Never,
}

impl Records {
    /// The patient for whom this person may start an app.
    pub(super) async fn choice(
        &self,
        session: &IdentitySession,
        chosen: Option<&str>,
        asked: &Asked<'_>,
    ) -> Result<Choice> {
        let own = match session.user.fhir_user.key() {
            key if key.resource_type.name() == "Patient" => Some(key.id.clone()),
            key if key.resource_type.name() == "RelatedPerson" => {
                let path = format!("/{key}");
                let found = self.read(session, &path, "", asked).await?;
                match found.as_ref().and_then(patient_of) {
                    Some(patient) => Some(patient),
                    None => return Ok(Choice::Never),
                }
            }
            _ => None,
        };
        match (own, chosen) {
            (Some(own), None) => Ok(Choice::Of(own)),
            (Some(own), Some(chosen)) if own.as_str() == chosen => Ok(Choice::Of(own)),
            (Some(_), Some(_)) => Ok(Choice::Never),
            (None, None) => Ok(Choice::Open),
            (None, Some(chosen)) => match self.patient(session, chosen, asked).await? {
                Some(line) => line.id.parse().map(Choice::Of).map_err(Error::internal),
                None => Ok(Choice::Open),
            },
        }
    }

    /// One patient, if this person may see them.
    pub(super) async fn patient(
        &self,
        session: &IdentitySession,
        id: &str,
        asked: &Asked<'_>,
    ) -> Result<Option<PatientLine>> {
        if !ResourceId::is_valid(id) {
            return Ok(None);
        }
        let found = self
            .read(session, &format!("/Patient/{id}"), "", asked)
            .await?;
        Ok(found.and_then(|document| line(document.root())))
    }

    /// Patients by name, birth date or identifier, as far as this person may see them.
    pub(super) async fn patients(
        &self,
        session: &IdentitySession,
        search: &str,
        count: u32,
        asked: &Asked<'_>,
    ) -> Result<Vec<PatientLine>> {
        let search = search.trim();
        let parameter = match search {
            date if date.parse::<jiff::civil::Date>().is_ok() => "birthdate",
            number if number.bytes().any(|byte| byte.is_ascii_digit()) => "identifier",
            _ => "name",
        };
        let query = format!("{parameter}={}&_count={count}", encoded(&escaped(search)));
        let Some(bundle) = self.read(session, "/Patient", &query, asked).await? else {
            return Ok(Vec::new());
        };
        let entries = bundle.root().get("entry");
        let entries = entries.into_iter().flat_map(Value::items);
        let resources = entries.filter_map(|entry| entry.get("resource"));
        Ok(resources.filter_map(line).collect())
    }

    /// Whether there is such a person, who has not left.
    pub(super) async fn is_known(&self, person: &FhirUser, asked: &Asked<'_>) -> Result<bool> {
        let found = self.get(None, &format!("/{person}"), "", asked).await?;
        Ok(found.is_some_and(|document| is_active(document.root())))
    }

    /// The one person of a type with an identifier.
    pub(super) async fn identified(
        &self,
        resource_type: &str,
        (system, value): (&str, &str),
        asked: &Asked<'_>,
    ) -> Result<Option<FhirUser>> {
        let token = format!("{}|{}", escaped(system), escaped(value));
        let query = format!("identifier={}&active:not=false&_count=2", encoded(&token));
        let path = format!("/{resource_type}");
        let Some(bundle) = self.get(None, &path, &query, asked).await? else {
            return Ok(None);
        };
        let entries = bundle.root().get("entry");
        let entries = entries.into_iter().flat_map(Value::items);
        let resources = entries.filter_map(|entry| entry.get("resource"));
        let mut found = resources.filter(|found| is_active(*found));
        // Of two nobody can say which.
        let (Some(one), None) = (found.next(), found.next()) else {
            return Ok(None);
        };
        let id = text(one, "id").unwrap_or_default();
        Ok(format!("{resource_type}/{id}").parse().ok())
    }

    /// What a GET answers this person; `None` where there is nothing for them.
    pub(super) async fn read(
        &self,
        session: &IdentitySession,
        path: &str,
        query: &str,
        asked: &Asked<'_>,
    ) -> Result<Option<Document>> {
        let grant = Grant {
            id: Uuid::now_v7(),
            client_id: OWN_PAGES.into(),
            user: Some(session.user.fhir_user.clone()),
            login: Some(session.user.login.clone()),
            scopes: Scopes::parse(SCOPES).scopes,
            launch: LaunchContext::default(),
            purpose: None,
            authentication: authentication(session),
            expires: asked.now + LIFE,
        };
        self.get(Some(grant), path, query, asked).await
    }

    /// What a GET answers whoever holds a grant; `None` where there is nothing for them.
    pub(super) async fn get(
        &self,
        grant: Option<Grant>,
        path: &str,
        query: &str,
        asked: &Asked<'_>,
    ) -> Result<Option<Document>> {
        let outcome = match self.ask(grant, Request::get(path, query), asked).await {
            Ok(outcome) => outcome,
            Err(error) => match error.kind() {
                ErrorKind::NotFound
                | ErrorKind::Gone
                | ErrorKind::Forbidden
                | ErrorKind::BadValue => return Ok(None),
                _ => return Err(error),
            },
        };
        let parse = |body| Document::parse(body).map_err(Error::internal);
        outcome.body.map(parse).transpose()
    }

    /// What a request answers whoever holds a grant.
    pub(super) async fn ask(
        &self,
        grant: Option<Grant>,
        request: Request<'_>,
        asked: &Asked<'_>,
    ) -> Result<Outcome> {
        let method = match request.body {
            Some(_) => Method::POST,
            None => Method::GET,
        };
        let routed = Route::parse(&method, request.path)?.interaction(RouteRequest {
            method: &method,
            path: request.path,
            query: request.query,
            body: request.body.map(RouteBody::Resource),
            if_match: None,
            if_none_match: None,
            if_none_exist: request.if_none_exist,
            if_modified_since: None,
            handling: Handling::Strict,
        })?;
        (self.perform)(grant, asked.address, routed.interaction).await
    }
}

/// What is asked for somebody.
pub(super) struct Request<'a> {
    path: &'a str,
    query: &'a str,
    body: Option<Resource>,
    if_none_exist: Option<String>,
}

impl<'a> Request<'a> {
    fn get(path: &'a str, query: &'a str) -> Self {
        Self {
            path,
            query,
            body: None,
            if_none_exist: None,
        }
    }

    pub(super) fn post(path: &'a str, body: Resource) -> Self {
        Self {
            body: Some(body),
            ..Self::get(path, "")
        }
    }

    pub(super) fn if_none_exist(mut self, query: String) -> Self {
        self.if_none_exist = Some(query);
        self
    }
}

/// What separates values of a search is a part of this one.
fn escaped(text: &str) -> String {
    let letters = text.chars().flat_map(|letter| match letter {
        '\\' | ',' | '$' | '|' => vec!['\\', letter],
        _ => vec![letter],
    });
    letters.collect()
}

fn is_active(resource: Value<'_>) -> bool {
    resource.get("active").and_then(Value::boolean) != Some(false)
}

/// The items of an array.
pub(super) fn items<'v>(value: Value<'v>, name: &str) -> impl Iterator<Item = Value<'v>> {
    value.get(name).into_iter().flat_map(Value::items)
}

/// The text of a member.
pub(super) fn text(value: Value<'_>, name: &str) -> Option<String> {
    value.get(name).and_then(Value::string).map(Into::into)
}

fn line(patient: Value<'_>) -> Option<PatientLine> {
    if text(patient, "resourceType")? != "Patient" {
        return None;
    }
    let names = patient.get("name").into_iter().flat_map(Value::items);
    let name = names
        .map(|name| {
            let given = name.get("given").into_iter().flat_map(Value::items);
            let given = given.filter_map(Value::string).map(Into::into);
            let parts: Vec<String> = given.chain(text(name, "family")).collect();
            match parts.is_empty() {
                true => text(name, "text").unwrap_or_default(),
                false => parts.join(" "),
            }
        })
        .find(|name| !name.is_empty());
    Some(PatientLine {
        id: text(patient, "id")?,
        name: name.unwrap_or_else(|| "(no name)".to_owned()),
        birth_date: text(patient, "birthDate").unwrap_or_default(),
    })
}

fn patient_of(related: &Document) -> Option<ResourceId> {
    let reference = related.root().get("patient")?.get("reference")?.string()?;
    reference.strip_prefix("Patient/")?.parse().ok()
}
