//! What an app asks for at `/authorize`: read, held against what is registered, refused to the app or to the person
//! (<https://hl7.org/fhir/smart-app-launch/app-launch.html#obtain-authorization-code>).

use jiff::{SignedDuration, Timestamp};

use super::Identity;
use super::answer::{Answered, Form, Refusal};
use super::session::authentication;
use crate::auth::{
    ACR_PASSWORD, ACR_SECOND_FACTOR, LaunchContext, Scope, ScopeContext, Scopes, is_bounded,
};
use crate::store::{IdentityClient, IdentitySession};

/// What is answered where nobody can log in as strongly as is asked for (<https://www.rfc-editor.org/rfc/rfc9470#section-5>).
const UNMET: &str = "unmet_authentication_requirements";

/// The parameter of our own pages by which a person goes on without an encounter.
pub(super) const NO_ENCOUNTER: &str = "no_encounter";

/// A request that may be granted, if its person agrees.
pub(super) struct Wish {
    pub(super) client: IdentityClient,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) scopes: Scopes,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) launch: Option<String>,
    pub(super) prompt: Option<String>,
    pub(super) max_age: Option<i64>,
    /// Whether a second factor must have been shown (`acr_values`).
    needs_second_factor: bool,
    /// What a person has chosen or searched, on our own pages.
    pub(super) patient: Option<String>,
    pub(super) search: Option<String>,
    pub(super) encounter: Option<String>,
    /// Whether the person goes on without an encounter.
    pub(super) skips_encounter: bool,
}

/// Why a request is not granted, and whether its app may be told.
pub(super) enum Denied {
    /// The app is not who it says, or cannot be trusted with an answer: only the person is told.
    Here(Refusal),
    /// The app is told, where it is registered.
    There(Box<Destination>, Refusal),
}

pub(super) struct Destination {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Here(refusal)
    }
}

impl From<crate::error::Error> for Denied {
    fn from(error: crate::error::Error) -> Self {
        Self::Here(error.into())
    }
}

impl Wish {
    /// Whether the person has to log in anew for it.
    pub(super) fn wants_login(&self, session: &IdentitySession, now: Timestamp) -> bool {
        let is_old = self.max_age.is_some_and(|seconds| {
            session.authenticated_at + SignedDuration::from_secs(seconds) < now
        });
        is_old || self.prompt.as_deref() == Some("login")
    }

    /// Refuses where the person has no factor of the strength that is asked for. One that they have was shown before.
    pub(super) fn check_factors(&self, session: &IdentitySession) -> Result<(), Denied> {
        match self.needs_second_factor && !authentication(session).has_second_factor() {
            true => Err(self.denied(UNMET, "the person has no second factor")),
            false => Ok(()),
        }
    }

    /// What is granted of what is asked for: no context that is not there.
    pub(super) fn granted(&self, context: &LaunchContext) -> Scopes {
        let has_patient = context.patient.is_some();
        let has_encounter = context.encounter.is_some();
        let scopes = self.scopes.iter().filter(|scope| match scope {
            Scope::LaunchPatient => has_patient,
            Scope::LaunchEncounter => has_encounter,
            Scope::Resource(scope) => match scope.context {
                ScopeContext::Patient => has_patient,
                ScopeContext::User => true,
                ScopeContext::System => false,
            },
            _ => true,
        });
        scopes.cloned().collect()
    }

    pub(super) fn denied(&self, error: &'static str, description: &str) -> Denied {
        let destination = Destination {
            redirect_uri: self.redirect_uri.clone(),
            state: Some(self.state.clone()),
        };
        Denied::There(Box::new(destination), Refusal::new(error, description))
    }
}

/// Reads a request. Until client and redirect URI are known to belong together, nobody is sent anywhere.
pub(super) async fn wish(identity: &Identity, form: &Form) -> Result<Wish, Denied> {
    let client = identity.store.identity_client(form.need("client_id")?);
    let client = client.await?.ok_or_else(|| {
        Refusal::new(
            "invalid_request",
            "This app is not registered here (client_id).",
        )
    })?;
    let redirect_uri = form.need("redirect_uri")?;
    if !client.redirect_uris.iter().any(|own| own == redirect_uri) {
        let foreign = "The address to return to is not one of this app (redirect_uri).";
        return Err(Refusal::new("invalid_request", foreign).into());
    }
    let destination = Destination {
        redirect_uri: redirect_uri.to_owned(),
        state: form.get("state").map(ToOwned::to_owned),
    };
    let redirect_uri = redirect_uri.to_owned();
    rest(identity, form, client, redirect_uri)
        .map_err(|refusal| Denied::There(Box::new(destination), refusal))
}

fn rest(
    identity: &Identity,
    form: &Form,
    client: IdentityClient,
    redirect_uri: String,
) -> Answered<Wish> {
    let invalid = |sentence: &str| Err(Refusal::new("invalid_request", sentence));
    if form.need("response_type")? != "code" {
        return Err(Refusal::new(
            "unsupported_response_type",
            "response_type is code",
        ));
    }
    if form.get("request").is_some() || form.get("request_uri").is_some() {
        return Err(Refusal::new(
            "request_not_supported",
            "requests are plain parameters",
        ));
    }
    if form
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return invalid("response_mode is query");
    }
    let audience = form.need("aud")?;
    if audience.trim_end_matches('/') != &*identity.settings.base_url {
        return invalid("aud is not the FHIR base of this server");
    }
    let challenge = challenge(form)?;
    let max_age = match form.get("max_age").map(str::parse::<u32>) {
        None => None,
        Some(Ok(seconds)) => Some(i64::from(seconds)),
        Some(Err(_)) => return invalid("max_age is a number of seconds"),
    };
    let needs_second_factor = needs_second_factor(form)?;
    let prompt = form.get("prompt").map(ToOwned::to_owned);
    if !matches!(prompt.as_deref(), None | Some("none" | "login" | "consent")) {
        return invalid("prompt is none, login or consent");
    }
    let asked = Scopes::parse(form.need_scope()?);
    let scopes = asked.scopes.limited_to(&client.scopes);
    if scopes.is_empty() {
        return Err(Refusal::new(
            "invalid_scope",
            "this app may have none of these scopes",
        ));
    }
    if !is_bounded(&scopes.to_string()) {
        let many = "these scopes are too many together with those this app is limited to";
        return Err(Refusal::new("invalid_scope", many));
    }
    let launch = form.get("launch").map(ToOwned::to_owned);
    if launch.is_some() != scopes.contains(&Scope::Launch) {
        return invalid("the scope launch and the parameter launch belong together");
    }
    let own = |name| form.get(name).map(ToOwned::to_owned);
    Ok(Wish {
        state: form.need("state")?.to_owned(),
        challenge: challenge.to_owned(),
        nonce: own("nonce"),
        patient: own("patient"),
        search: own("search"),
        encounter: own("encounter"),
        skips_encounter: form.get(NO_ENCOUNTER).is_some(),
        client,
        redirect_uri,
        scopes,
        launch,
        prompt,
        max_age,
        needs_second_factor,
    })
}

/// The challenge of PKCE, which is always there and always by S256 (<https://www.rfc-editor.org/rfc/rfc7636>).
fn challenge(form: &Form) -> Answered<&str> {
    let invalid = |sentence: &str| Err(Refusal::new("invalid_request", sentence));
    if form.need("code_challenge_method")? != "S256" {
        return invalid("code_challenge_method is S256");
    }
    let challenge = form.need("code_challenge")?;
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if challenge.len() != 43 || !challenge.bytes().all(is_base64url) {
        return invalid("code_challenge is the base64url of a SHA-256 hash");
    }
    Ok(challenge)
}

/// Whether `acr_values` asks for a second factor. An app that is content with a password gets what there is.
fn needs_second_factor(form: &Form) -> Answered<bool> {
    let Some(text) = form.get("acr_values") else {
        return Ok(false);
    };
    let names = |acr| text.split_ascii_whitespace().any(|own| own == acr);
    match (names(ACR_PASSWORD), names(ACR_SECOND_FACTOR)) {
        (true, _) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => Err(Refusal::new(UNMET, "acr_values is not known here")),
    }
}
