//! The cookie of a browser, the person behind it, and the proof that a form was ours.
//!
//! The cookie is there before the login, and changes with each factor that is shown. What a form repeats is a hash of it,
//! which nobody can know who cannot read the cookie.

use bytes::Bytes;
use http::Response;
use http::header::ORIGIN;
use jiff::Timestamp;

use super::answer::{Answered, Form, Refusal, set_cookie};
use super::audited::Told;
use super::{Asked, Identity, secret};
use crate::auth::{ACR_PASSWORD, ACR_SECOND_FACTOR, Authentication};
use crate::store::{IdentitySession, IdentityUser, NewSession, SecretHash, SessionLimits};

/// What somebody has shown who they are by.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// The last of it, as the trail calls it.
    pub(super) factor: &'static str,
    /// All of it, as `amr` names it.
    pub(super) methods: &'a [String],
    /// When.
    pub(super) at: Timestamp,
}

/// A browser that asks.
pub(super) struct Browser {
    /// What its cookie says, or shall say from now on.
    cookie: String,
    is_new: bool,
    /// Who is behind it, if anybody has logged in.
    pub(super) session: Option<IdentitySession>,
}

impl Browser {
    /// The browser behind a request.
    pub(super) async fn of(identity: &Identity, asked: &Asked<'_>) -> Answered<Self> {
        let Some(cookie) = asked.cookie(identity.cookie_name()) else {
            return Ok(Self {
                cookie: secret::random()?,
                is_new: true,
                session: None,
            });
        };
        let limits = SessionLimits {
            seen_since: asked.now - identity.settings.session_idle,
            created_since: asked.now - identity.settings.session_max,
        };
        let session = identity
            .store
            .identity_session(secret::hash(cookie), asked.now, limits)
            .await?;
        Ok(Self {
            cookie: cookie.to_owned(),
            is_new: false,
            session,
        })
    }

    /// What its forms repeat.
    pub(super) fn csrf(&self) -> String {
        self.derived("form")
    }

    /// Whether a form is one that this server has shown to this browser.
    pub(super) fn check(
        &self,
        identity: &Identity,
        asked: &Asked<'_>,
        form: &Form,
    ) -> Answered<()> {
        let shown = form.get("csrf").unwrap_or_default();
        let is_ours = !self.is_new && secret::same(shown, &self.csrf());
        let is_near = match asked.header(ORIGIN) {
            Some(origin) => origin == identity.origin(),
            None => !asked.headers.contains_key(ORIGIN),
        };
        match is_ours && is_near {
            true => Ok(()),
            false => Err(Refusal::new(
                "invalid_request",
                "This form has expired, or was not shown by this server. Go back and try again.",
            )),
        }
    }

    /// Gives a browser that has no cookie one.
    pub(super) fn remember(&self, identity: &Identity, mut response: Response<Bytes>) -> Answered {
        if self.is_new {
            set_cookie(&mut response, &identity.cookie(&self.cookie))?;
        }
        Ok(response)
    }

    /// What nobody can know who cannot read the cookie.
    pub(super) fn derived(&self, purpose: &str) -> String {
        secret::challenge(&format!("{purpose} of {}", self.cookie))
    }

    /// What the browser is known by; `None` where it has no cookie yet.
    pub(super) fn known_by(&self) -> Option<SecretHash> {
        (!self.is_new).then(|| self.hash())
    }

    /// What the browser will be known by.
    pub(super) fn hash(&self) -> SecretHash {
        secret::hash(&self.cookie)
    }

    /// Begins a session, or goes on with one that has shown a further factor, under a new cookie.
    pub(super) async fn begin(
        &self,
        identity: &Identity,
        user: &IdentityUser,
        shown: Shown<'_>,
        asked: &Asked<'_>,
    ) -> Answered<String> {
        let now = asked.now;
        let cookie = secret::random()?;
        let before = self.session.as_ref().filter(|own| own.user.id == user.id);
        let session = NewSession {
            hash: secret::hash(&cookie),
            user: user.id,
            epoch: user.epochs.sessions,
            created_at: before.map_or(shown.at, |session| session.created_at),
            authenticated_at: shown.at,
            methods: shown.methods,
            replaces: Some(self.hash()),
        };
        identity
            .told(asked, Told::login(shown.factor).by(user))
            .begin_identity_session(session, now)
            .await?;
        Ok(identity.cookie(&cookie))
    }
}

/// What is still asked of somebody who has shown a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing.
    Nothing,
    /// A second factor that they have.
    SecondFactor,
    /// A second factor that they need and do not have.
    Enrolment,
}

/// Who works here shows a second factor, always; others show it where they have one.
pub(super) fn missing(session: &IdentitySession) -> Missing {
    let authentication = authentication(session);
    let credentials = &session.user.credentials;
    let has_one = credentials.totp_secret.is_some() || credentials.has_passkey;
    match (authentication.has_second_factor(), has_one) {
        (true, _) => Missing::Nothing,
        (false, true) => Missing::SecondFactor,
        (false, false) if session.user.fhir_user.is_staff() => Missing::Enrolment,
        (false, false) => Missing::Nothing,
    }
}

/// How the person behind a session proved who they are.
pub(super) fn authentication(session: &IdentitySession) -> Authentication {
    let mut authentication = Authentication {
        at: session.authenticated_at,
        methods: session
            .methods
            .iter()
            .map(|method| method.as_str().into())
            .collect(),
        acr: None,
    };
    let acr = match authentication.has_second_factor() {
        true => ACR_SECOND_FACTOR,
        false => ACR_PASSWORD,
    };
    authentication.acr = Some(acr.into());
    authentication
}
