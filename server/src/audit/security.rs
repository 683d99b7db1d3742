//! What happens to accounts, logins, apps and tokens, as the trail tells it (<https://hl7.org/fhir/R4/auditevent.html>,
//! DICOM PS3.16 CID 400 and 403).

use std::net::IpAddr;

use jiff::Timestamp;
use uuid::Uuid;

use super::record::{AuditRecord, AuditSource, Who};

/// Of what kind such an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityEventKind {
    /// Somebody has shown who they are, or an app has, and what they got for it: User Authentication, Login.
    Login,
    /// A session has ended: User Authentication, Logout.
    Logout,
    /// What may be done, and by whom, has changed, or was refused: Security Alert.
    Security,
}

impl SecurityEventKind {
    fn interaction(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Security => "security",
        }
    }
}

/// Such an event.
#[derive(Clone, Debug)]
pub struct SecurityEvent {
    /// When.
    pub now: Timestamp,
    /// Of what kind.
    pub kind: SecurityEventKind,
    /// What was done: `password`, `second-factor`, `token`, `consent` and the like.
    pub code: &'static str,
    /// `login` where the authorization server was asked, `command` where an administrator has run a command.
    pub access: &'static str,
    /// The status and the reason of a refusal.
    pub refusal: Option<(u16, Box<str>)>,
    /// Who did it, or tried to, as a reference.
    pub agent: Option<Box<str>>,
    /// The name they log in with; never what somebody typed whom nobody knows.
    pub login: Option<Box<str>>,
    /// The app.
    pub client: Option<Box<str>>,
    /// The grant.
    pub grant: Option<Uuid>,
    /// Whom or what it was done to, where that is not who did it.
    pub about: Option<Box<str>>,
    /// The address it came from.
    pub address: Option<IpAddr>,
    /// What was asked.
    pub base_url: Box<str>,
    /// The id of the request.
    pub request_id: Box<str>,
}

impl SecurityEvent {
    pub(crate) fn record(self, source: AuditSource) -> AuditRecord {
        let (status, reason) = match self.refusal {
            Some((status, reason)) => (status, Some(reason)),
            None => (200, None),
        };
        AuditRecord {
            interaction: self.kind.interaction().into(),
            operation: Some(self.code.into()),
            reason,
            who: Who {
                access: self.access.into(),
                grant: self.grant.map(|grant| grant.to_string().into()),
                client: self.client,
                agent: self.agent,
                login: self.login,
                purpose: None,
            },
            address: self.address.map(|address| address.to_string().into()),
            target: self.about,
            ..AuditRecord::of_none(self.now, status, source, &self.base_url, &self.request_id)
        }
    }
}
