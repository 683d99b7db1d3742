//! `/authorize`: an app asks to act for somebody, who logs in, chooses and decides
//! (<https://hl7.org/fhir/smart-app-launch/app-launch.html#obtain-authorization-code>).
//!
//! Nothing of a request is kept here: every page repeats it, and every step reads it anew against what is registered.

use fhir::ids::ResourceId;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::answer::{Answered, Form, Refusal, encoded, redirect, with_query};
use super::audited::Told;
use super::encounters::EncounterLine;
use super::pages::{self, Page};
use super::records::{Choice, PatientLine};
use super::session::{Browser, Missing, authentication, missing};
use super::wish::{Denied, NO_ENCOUNTER, Wish, wish};
use super::{Asked, Identity, login, secret, words};
use crate::auth::{LaunchContext, Scope, ScopeContext, Scopes};
use crate::store::{CodeTerms, IdentitySession, NewCode, NewGrant};

/// How long a code is good.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(1);
/// How many patients are shown to choose from.
const CHOICES: u32 = 20;

/// `GET /auth/authorize`, and `POST` of the same by an app.
pub(super) async fn answer(identity: &Identity, asked: &Asked<'_>) -> Answered {
    if asked.method == Method::POST {
        // The request goes on as a GET: what a form of another site posts comes without our cookie.
        if !asked.body.is_ascii() {
            let wanted = "the body must be percent-encoded";
            return Err(Refusal::new("invalid_request", wanted));
        }
        let query = asked.form()?.query_without(&[]);
        return redirect(&identity.url(&format!("/auth/authorize{query}")));
    }
    let form = Form::parse(asked.query)?;
    let done = stepped(identity, asked, &form).await;
    done.or_else(|denied| told(identity, denied))
}

/// The next page on the way to a decision.
async fn stepped(
    identity: &Identity,
    asked: &Asked<'_>,
    form: &Form,
) -> Result<http::Response<bytes::Bytes>, Denied> {
    let wish = wish(identity, form).await?;
    let browser = Browser::of(identity, asked).await?;
    let target = origin_of(&wish.redirect_uri);
    let is_silent = wish.prompt.as_deref() == Some("none");
    let session = browser.session.as_ref().filter(|session| {
        missing(session) == Missing::Nothing && !wish.wants_login(session, asked.now)
    });
    let Some(session) = session else {
        if is_silent {
            return Err(wish.denied("login_required", "somebody has to log in"));
        }
        let asks_again = browser
            .session
            .as_ref()
            .is_none_or(|session| missing(session) == Missing::Nothing);
        let page = match asks_again {
            true => login::password_page(identity, &browser, asked.query, Some(&target), "")?,
            false => login::page(identity, &browser, Some(asked.query), Some(&target), false)?,
        };
        return Ok(browser.remember(identity, page)?);
    };
    wish.check_factors(session)?;
    let context = match context(identity, &wish, session, asked).await? {
        Started::With(context) => context,
        _ if is_silent => {
            return Err(wish.denied("interaction_required", "somebody has to choose"));
        }
        Started::Patient => return Ok(patients(identity, &wish, session, asked, &target).await?),
        Started::Encounter(patient, found) => {
            let page = encounters(identity, &wish, asked, &patient, &found);
            return Ok(page?);
        }
    };
    if is_silent {
        return Err(wish.denied("consent_required", "somebody has to agree"));
    }
    ask_for_consent(identity, &wish, (&browser, session), asked, &context).await
}

/// The page on which the person decides.
async fn ask_for_consent(
    identity: &Identity,
    wish: &Wish,
    (browser, session): (&Browser, &IdentitySession),
    asked: &Asked<'_>,
    context: &LaunchContext,
) -> Result<http::Response<bytes::Bytes>, Denied> {
    let scopes = wish.granted(context);
    if scopes.is_empty() {
        return Err(wish.denied(
            "invalid_scope",
            "nothing of what is asked for can be granted",
        ));
    }
    let records = &identity.records;
    let patient = match &context.patient {
        Some(id) => records.patient(session, id.as_str(), asked).await?,
        None => None,
    };
    let encounter = match (&context.encounter, &context.patient) {
        (Some(id), Some(patient)) => {
            let of = (patient, &*identity.settings.base_url);
            let found = records.encounter(session, id.as_str(), of, asked);
            found.await?
        }
        _ => None,
    };
    let target = origin_of(&wish.redirect_uri);
    let consent = pages::Consent {
        csrf: &browser.csrf(),
        request: asked.query,
        client: &wish.client.name,
        is_unchecked: wish.client.is_self_registered,
        host: &target,
        person: &session.user.name,
        patient: patient.as_ref(),
        encounter: encounter.as_ref(),
        sees: &words::plain(&scopes),
        notes: &words::notes(&scopes),
    };
    Ok(Page::to(Some(&target)).consent(&consent)?)
}

/// `POST /auth/consent`: the person has decided.
pub(super) async fn decide(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = asked.form()?;
    let browser = Browser::of(identity, asked).await?;
    browser.check(identity, asked, &form)?;
    let request = Form::parse(form.need("request")?)?;
    let is_agreed = form.get("decision") == Some("allow");
    let done = decided(identity, &browser, &request, is_agreed, asked).await;
    done.or_else(|denied| told(identity, denied))
}

async fn decided(
    identity: &Identity,
    browser: &Browser,
    request: &Form,
    is_agreed: bool,
    asked: &Asked<'_>,
) -> Result<http::Response<bytes::Bytes>, Denied> {
    let now = asked.now;
    let wish = wish(identity, request).await?;
    let session = login::complete(browser)?;
    let told = Told::of("consent")
        .by(&session.user)
        .client(&wish.client.id);
    if wish.wants_login(session, now) {
        return Err(wish.denied("login_required", "somebody has to log in again"));
    }
    wish.check_factors(session)?;
    if !is_agreed {
        let told = told.refused(403, "the person does not agree");
        identity.tell(asked, told).await?;
        return Err(wish.denied("access_denied", "the person does not agree"));
    }
    let context = context(identity, &wish, session, asked).await?;
    let Started::With(context) = context else {
        return Err(wish.denied("access_denied", "no patient or no visit was chosen"));
    };
    let scopes = wish.granted(&context);
    if scopes.is_empty() {
        return Err(wish.denied(
            "invalid_scope",
            "nothing of what is asked for can be granted",
        ));
    }
    if let Some(handle) = &wish.launch {
        let ended = identity.store.end_identity_launch(secret::hash(handle));
        if !ended.await? {
            return Err(wish.denied("invalid_request", "the launch was used before"));
        }
    }
    let code = secret::random()?;
    let new_code = NewCode {
        hash: secret::hash(&code),
        terms: CodeTerms {
            redirect_uri: wish.redirect_uri.as_str().into(),
            challenge: wish.challenge.as_str().into(),
            nonce: wish.nonce.as_deref().map(Into::into),
            expires: now + CODE_LIFE,
        },
    };
    let grant = granted(identity, &wish, session, scopes, context, now);
    identity
        .told(asked, told.granting(grant.id))
        .add_identity_grant(&grant, Some(&new_code), now)
        .await?;
    let pairs = [
        ("code", code.as_str()),
        ("state", &wish.state),
        ("iss", &identity.settings.base_url),
    ];
    Ok(redirect(&with_query(&wish.redirect_uri, &pairs))?)
}

fn granted(
    identity: &Identity,
    wish: &Wish,
    session: &IdentitySession,
    scopes: Scopes,
    launch: LaunchContext,
    now: Timestamp,
) -> NewGrant {
    let settings = &identity.settings;
    let is_offline = scopes.contains(&Scope::OfflineAccess);
    // What ends with the session never outlives what a session may last, whether anybody asks for it or not.
    let session_ends = session.created_at + settings.session_max;
    let expires = match (is_offline, scopes.contains(&Scope::OnlineAccess)) {
        (true, _) => now + settings.refresh_token,
        (false, true) => session_ends,
        (false, false) => session_ends.min(now + settings.access_token + CODE_LIFE),
    };
    NewGrant {
        id: Uuid::now_v7(),
        client_id: wish.client.id.clone(),
        user: Some(session.user.id),
        session: (!is_offline).then_some(session.hash),
        scopes,
        launch,
        authentication: authentication(session),
        expires,
        epoch: session.user.epochs.grants,
    }
}

/// What the app is started with, or what is still to be chosen.
enum Started {
    With(LaunchContext),
    Patient,
    /// One of these, of that patient.
    Encounter(PatientLine, Vec<EncounterLine>),
}

/// What the app is started with.
async fn context(
    identity: &Identity,
    wish: &Wish,
    session: &IdentitySession,
    asked: &Asked<'_>,
) -> Result<Started, Denied> {
    if let Some(handle) = &wish.launch {
        let hash = secret::hash(handle);
        let (user, client) = (session.user.id, &wish.client.id);
        let context = identity
            .store
            .identity_launch(hash, user, client, asked.now);
        let Some(context) = context.await? else {
            return Err(wish.denied("invalid_request", "the launch is unknown, or over"));
        };
        // The EHR says whom it is about; whether this person may see them is ours to say.
        if let Some(patient) = &context.patient {
            let choice = identity
                .records
                .choice(session, Some(patient.as_str()), asked);
            if !matches!(choice.await?, Choice::Of(_)) {
                let unseen = "the patient of the launch is none of this person's";
                return Err(wish.denied("access_denied", unseen));
            }
        }
        return Ok(Started::With(context));
    }
    // An encounter is chosen among those of a patient.
    let wants_patient = wish.scopes.contains(&Scope::LaunchPatient)
        || wish.scopes.contains(&Scope::LaunchEncounter)
        || wish.scopes.has_context(ScopeContext::Patient);
    if !wants_patient {
        return Ok(Started::With(LaunchContext::default()));
    }
    let chosen = identity
        .records
        .choice(session, wish.patient.as_deref(), asked);
    match chosen.await? {
        Choice::Of(patient) => with_encounter(identity, wish, session, asked, patient).await,
        Choice::Open => Ok(Started::Patient),
        Choice::Never => Err(wish.denied("access_denied", "there is no patient to choose")),
    }
}

/// What the app is started with for a patient; where it works with encounters, and there are some, one is chosen.
async fn with_encounter(
    identity: &Identity,
    wish: &Wish,
    session: &IdentitySession,
    asked: &Asked<'_>,
    patient: ResourceId,
) -> Result<Started, Denied> {
    let records = &identity.records;
    let context = LaunchContext {
        patient: Some(patient.clone()),
        ..LaunchContext::default()
    };
    if !wish.scopes.contains(&Scope::LaunchEncounter) || wish.skips_encounter {
        return Ok(Started::With(context));
    }
    if let Some(chosen) = &wish.encounter {
        let of = (&patient, &*identity.settings.base_url);
        let chosen = records.encounter(session, chosen, of, asked);
        if let Some(chosen) = chosen.await? {
            return Ok(Started::With(LaunchContext {
                encounter: Some(chosen.id),
                ..context
            }));
        }
    }
    let line = records.patient(session, patient.as_str(), asked).await?;
    let found = records
        .encounters(session, &patient, CHOICES, asked)
        .await?;
    Ok(match line {
        Some(line) if !found.is_empty() => Started::Encounter(line, found),
        _ => Started::With(context),
    })
}

/// The query of a request without what our own pages have put into it.
fn without(query: &str, names: &[&str]) -> String {
    let is_kept = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !names.contains(&name)
    };
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    kept.join("&")
}

/// The page on which somebody chooses an encounter.
fn encounters(
    identity: &Identity,
    wish: &Wish,
    asked: &Asked<'_>,
    patient: &PatientLine,
    found: &[EncounterLine],
) -> Answered {
    let kept = without(asked.query, &["encounter", NO_ENCOUNTER]);
    let link = |more: &str| identity.url(&format!("/auth/authorize?{kept}&{more}"));
    let links: Vec<(String, &EncounterLine)> = found
        .iter()
        .map(|line| (link(&format!("encounter={}", line.id)), line))
        .collect();
    let target = origin_of(&wish.redirect_uri);
    let skipping = link(&format!("{NO_ENCOUNTER}=1"));
    Page::to(Some(&target)).encounters(&wish.client.name, patient, &links, &skipping)
}

/// The page on which somebody chooses a patient.
async fn patients(
    identity: &Identity,
    wish: &Wish,
    session: &IdentitySession,
    asked: &Asked<'_>,
    target: &str,
) -> Answered {
    let search = wish.search.as_deref().unwrap_or_default();
    let found = match search.is_empty() {
        true => Vec::new(),
        false => {
            let found = identity.records.patients(session, search, CHOICES, asked);
            found.await?
        }
    };
    let own = ["search", "patient", "encounter", NO_ENCOUNTER];
    let kept = without(asked.query, &own);
    let link = |id: &str| identity.url(&format!("/auth/authorize?{kept}&patient={}", encoded(id)));
    let links: Vec<(String, &PatientLine)> =
        found.iter().map(|line| (link(&line.id), line)).collect();
    let hidden: Vec<(String, String)> = fhir::form::pairs(&kept).filter_map(Result::ok).collect();
    Page::to(Some(target)).patients(&wish.client.name, search, &hidden, &links)
}

/// Scheme and authority of where an app is: what a form may lead to.
fn origin_of(uri: &str) -> String {
    match uri.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            format!("{scheme}://{authority}")
        }
        _ => format!("{}:", uri.split(':').next().unwrap_or_default()),
    }
}

fn told(identity: &Identity, denied: Denied) -> Answered {
    let (destination, refusal) = match denied {
        Denied::Here(refusal) => return Err(refusal),
        Denied::There(destination, refusal) => (destination, refusal),
    };
    let Refusal::OAuth {
        error, description, ..
    } = &refusal
    else {
        return Err(refusal);
    };
    let mut pairs = vec![
        ("error", *error),
        ("error_description", description.as_str()),
        ("iss", &identity.settings.base_url),
    ];
    if let Some(state) = &destination.state {
        pairs.push(("state", state));
    }
    redirect(&with_query(&destination.redirect_uri, &pairs))
}
