//! Who changes accounts and clients, as the audit trail names them (server/AUDIT.md).

use std::net::IpAddr;

use jiff::Timestamp;
use uuid::Uuid;

use super::Administration;
use crate::context::RequestContext;
use crate::store::{SecurityEvent, SecurityEventKind, Store};

/// Commands are run on the machine: no request has asked for them.
const COMMAND: &str = "urn:vesta:command";

/// Somebody who has logged in and manages accounts and clients.
#[derive(Clone, Debug)]
pub struct Administrator {
    agent: Option<Box<str>>,
    pub(super) login: Option<Box<str>>,
    pub(super) client: Box<str>,
    grant: Uuid,
    address: Option<IpAddr>,
    base_url: Box<str>,
    request_id: Box<str>,
}

impl Administrator {
    /// Whoever asks, where a token says who that is.
    pub fn of(cx: &RequestContext) -> Option<Self> {
        let grant = cx.access.grant()?;
        Some(Self {
            agent: grant.user.as_ref().map(|user| user.to_string().into()),
            login: grant.login.clone(),
            client: grant.client_id.as_ref().into(),
            grant: grant.id,
            address: cx.address,
            base_url: cx.base_url.as_ref().into(),
            request_id: cx.request_id.as_ref().into(),
        })
    }
}

impl Administration {
    /// The store, whose next change is committed with what the trail says of it.
    pub(crate) fn told(&self, code: &'static str, about: &str, now: Timestamp) -> Store {
        let event = SecurityEvent {
            now,
            kind: SecurityEventKind::Security,
            code,
            access: "command",
            refusal: None,
            agent: None,
            login: None,
            client: None,
            grant: None,
            about: Some(about.into()),
            address: None,
            base_url: COMMAND.into(),
            request_id: Uuid::now_v7().to_string().into(),
        };
        let event = match self.by.clone() {
            None => event,
            Some(by) => SecurityEvent {
                access: "grant",
                agent: by.agent,
                login: by.login,
                client: Some(by.client),
                grant: Some(by.grant),
                address: by.address,
                base_url: by.base_url,
                request_id: by.request_id,
                ..event
            },
        };
        self.store.beside(event)
    }
}
