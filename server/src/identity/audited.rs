//! What the audit trail says of logins, apps and tokens (server/AUDIT.md): what changes something in the commit of that, what
//! is refused by itself. Of what somebody typed as a login, nothing is kept where nobody has that login: people type passwords
//! there.

use http::HeaderName;
use uuid::Uuid;

use super::answer::Refusal;
use super::{Asked, Identity};
use crate::error::Result;
use crate::store::{GrantUser, IdentityUser, SecurityEvent, SecurityEventKind, Store};

/// What is told of one.
#[derive(Debug, Default)]
pub(super) struct Told {
    kind: Option<SecurityEventKind>,
    code: &'static str,
    refusal: Option<(u16, Box<str>)>,
    agent: Option<Box<str>>,
    login: Option<Box<str>>,
    client: Option<Box<str>>,
    grant: Option<Uuid>,
}

impl Told {
    /// What is done, in one word: `consent`, `token-revoked`.
    pub(super) fn of(code: &'static str) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }

    /// A login by a factor; tokens that go out.
    pub(super) fn login(code: &'static str) -> Self {
        Self {
            kind: Some(SecurityEventKind::Login),
            ..Self::of(code)
        }
    }

    /// The end of a session.
    pub(super) fn logout() -> Self {
        Self {
            kind: Some(SecurityEventKind::Logout),
            ..Self::of("logout")
        }
    }

    /// By somebody who is known.
    pub(super) fn by(mut self, user: &IdentityUser) -> Self {
        self.agent = Some(user.fhir_user.to_string().into());
        self.login = Some(user.login.clone());
        self
    }

    /// In the name of whoever has given a grant.
    pub(super) fn under(mut self, grant: Uuid, user: Option<&GrantUser>) -> Self {
        self.grant = Some(grant);
        self.agent = user.map(|user| user.fhir_user.to_string().into());
        self.login = user.map(|user| user.login.clone());
        self
    }

    /// With the grant that is made.
    pub(super) fn granting(mut self, grant: Uuid) -> Self {
        self.grant = Some(grant);
        self
    }

    /// By or for an app that is known.
    pub(super) fn client(mut self, id: &str) -> Self {
        self.client = Some(id.into());
        self
    }

    /// And it is refused.
    pub(super) fn refused(mut self, status: u16, reason: &str) -> Self {
        self.refusal = Some((status, reason.into()));
        self
    }

    fn event(self, base_url: &str, asked: &Asked<'_>) -> SecurityEvent {
        SecurityEvent {
            now: asked.now,
            kind: self.kind.unwrap_or(SecurityEventKind::Security),
            code: self.code,
            access: "login",
            refusal: self.refusal,
            agent: self.agent,
            login: self.login,
            client: self.client,
            grant: self.grant,
            about: None,
            address: asked.address,
            base_url: base_url.into(),
            request_id: request_id(asked),
        }
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id of a request that is kept: it is the caller's text.
const REQUEST_ID_MAX: usize = 64;

/// The id that a proxy has given the request, or a new one.
fn request_id(asked: &Asked<'_>) -> Box<str> {
    let is_plain = |id: &&str| {
        let is_graphic = id.bytes().all(|byte| byte.is_ascii_graphic());
        (1..=REQUEST_ID_MAX).contains(&id.len()) && is_graphic
    };
    match asked.header(REQUEST_ID).filter(is_plain) {
        Some(id) => id.into(),
        None => Uuid::now_v7().to_string().into(),
    }
}

/// What is recorded of requests that are refused: those of apps, which hold credentials.
const RECORDED: [(&str, &str); 5] = [
    ("/auth/token", "token"),
    ("/auth/introspect", "introspect"),
    ("/auth/revoke", "token-revoked"),
    ("/auth/launch", "launch"),
    ("/auth/register", "client-added"),
];

impl Identity {
    /// The store, whose next change is committed with that.
    pub(super) fn told(&self, asked: &Asked<'_>, told: Told) -> Store {
        self.store
            .beside(told.event(&self.settings.base_url, asked))
    }

    /// Records what changes nothing.
    pub(super) async fn tell(&self, asked: &Asked<'_>, told: Told) -> Result<()> {
        let event = told.event(&self.settings.base_url, asked);
        self.store.add_event(event).await
    }

    /// Records the refusal of a request of an app.
    pub(super) async fn tell_refusal(&self, asked: &Asked<'_>, refusal: &Refusal) -> Result<()> {
        let named = RECORDED.iter().find(|(path, _)| *path == asked.path);
        let Some((_, code)) = named else {
            return Ok(());
        };
        let told = match refusal {
            Refusal::OAuth {
                status,
                description,
                ..
            } => Told::of(code).refused(status.as_u16(), description),
            Refusal::Server(error) => {
                Told::of(code).refused(error.status().as_u16(), "the server failed")
            }
        };
        self.tell(asked, told).await
    }

    /// Records a login that failed, and why; the login only where somebody has it.
    pub(super) async fn tell_failed_login(
        &self,
        asked: &Asked<'_>,
        (login, may_try): (&str, bool),
    ) -> Result<()> {
        let user = self.store.identity_user(login).await?;
        let (code, reason) = match &user {
            None => ("password", "nobody has this login"),
            Some(user) if user.is_locked => ("locked-out", "the account is locked"),
            Some(_) if !may_try => ("locked-out", "there were too many attempts"),
            Some(_) => ("password", "the password is wrong"),
        };
        let told = match code {
            "password" => Told::login(code),
            _ => Told::of(code),
        };
        let mut told = told.refused(401, reason);
        if let Some(user) = &user {
            told = told.by(user);
        }
        self.tell(asked, told).await
    }
}
