//! EHR launch: an EHR front-end prepares what an app is started with, and gets a handle for it
//! (<https://hl7.org/fhir/smart-app-launch/app-launch.html#launch-app-ehr-launch>).

use fhir::ids::{ResourceId, ResourceType};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;

use super::answer::{Answered, Refusal, json_with, with_query};
use super::encounters::is_of_patient;
use super::{Asked, Identity, granted, secret};
use crate::auth::{
    ClientCertificate, FhirContext, Grant, LaunchContext, Permission, ScopeContext, Scopes,
};
use crate::store::{IdentityClient, PreparedLaunch, TokenKind};

/// How long a handle is good.
const LIFE: SignedDuration = SignedDuration::from_mins(5);

/// `POST /auth/launch` with `client_id`, and with `patient`, `encounter` and `fhirContext` as far as they are there.
pub(super) async fn prepare(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let unauthorized = || Refusal::OAuth {
        status: StatusCode::UNAUTHORIZED,
        error: "invalid_token",
        description: "the EHR needs an access token of the person it works for".to_owned(),
    };
    let hash = secret::hash(asked.bearer().ok_or_else(unauthorized)?);
    let token = identity.store.identity_token(hash, asked.now).await?;
    let shown = asked.certificate.map(ClientCertificate::thumbprint);
    let token = token
        .filter(|token| token.kind == TokenKind::Access && token.is_shown_with(shown))
        .ok_or_else(unauthorized)?;
    let user = token.granted.user.as_ref().ok_or_else(unauthorized)?;
    let sees_patients = ResourceType::parse("Patient").is_some_and(|patient| {
        let ways = token.scopes.allowances(patient, Permission::Read);
        ways.iter().any(|way| way.context == ScopeContext::User)
    });
    if !sees_patients {
        return Err(Refusal::OAuth {
            status: StatusCode::FORBIDDEN,
            error: "insufficient_scope",
            description: "who prepares a launch must be able to read patients (user/Patient.r)"
                .to_owned(),
        });
    }
    let form = asked.form()?;
    let client = identity
        .store
        .identity_client(form.need("client_id")?)
        .await?;
    let unknown = || Refusal::new("invalid_request", "there is no such client");
    let client = client.ok_or_else(unknown)?;
    let id = |name| {
        let parsed = form.get(name).map(str::parse::<ResourceId>).transpose();
        parsed.map_err(|_| Refusal::new("invalid_request", format!("{name} is a logical id")))
    };
    let further = form.get("fhirContext").unwrap_or_default();
    let entry = |text: &str| {
        let parsed = text.parse().map(|reference| FhirContext {
            reference,
            role: None,
        });
        parsed.map_err(|_| Refusal::new("invalid_request", "fhirContext is Type/id, by spaces"))
    };
    let context = LaunchContext {
        patient: id("patient")?,
        encounter: id("encounter")?,
        fhir_context: further
            .split_ascii_whitespace()
            .map(entry)
            .collect::<Answered<_>>()?,
    };
    let user = user.id;
    check(identity, asked, granted(token), &context).await?;
    let handle = secret::random()?;
    let launch = PreparedLaunch {
        hash: secret::hash(&handle),
        user,
        client_id: Some(client.id.clone()),
        context,
        expires: asked.now + LIFE,
    };
    identity.store.add_identity_launch(&launch).await?;
    let body = match start(identity, &client, &handle) {
        Some(url) => json!({"launch": handle, "url": url}),
        None => json!({"launch": handle}),
    };
    Ok(json_with(StatusCode::OK, &body))
}

/// Refuses a context that the person does not see, or whose parts do not belong together: an app writes where it is started.
async fn check(
    identity: &Identity,
    asked: &Asked<'_>,
    grant: Grant,
    context: &LaunchContext,
) -> Answered<()> {
    let read = async |path: String| {
        let reading = Grant {
            // What the person sees, whatever the front-end may.
            scopes: Scopes::parse("user/*.rs").scopes,
            ..grant.clone()
        };
        identity.records.get(Some(reading), &path, "", asked).await
    };
    let unseen = |what: &str| Refusal::new("invalid_request", format!("there is no such {what}"));
    if let Some(patient) = &context.patient
        && read(format!("/Patient/{patient}")).await?.is_none()
    {
        return Err(unseen("patient"));
    }
    if let Some(encounter) = &context.encounter {
        let found = read(format!("/Encounter/{encounter}")).await?;
        let found = found.ok_or_else(|| unseen("encounter"))?;
        let base = &*identity.settings.base_url;
        let is_of = |patient| is_of_patient(found.root(), patient, base);
        if !context.patient.as_ref().is_none_or(is_of) {
            let sentence = "the encounter is of another patient";
            return Err(Refusal::new("invalid_request", sentence));
        }
    }
    for entry in &context.fhir_context {
        if read(format!("/{}", entry.reference)).await?.is_none() {
            return Err(unseen("fhirContext"));
        }
    }
    Ok(())
}

/// Where the browser goes to start the app.
fn start(identity: &Identity, client: &IdentityClient, handle: &str) -> Option<String> {
    let base = &identity.settings.base_url;
    let pairs = [("iss", &**base), ("launch", handle)];
    client
        .launch_uri
        .as_deref()
        .map(|uri| with_query(uri, &pairs))
}
