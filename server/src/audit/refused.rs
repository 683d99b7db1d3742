//! Requests that were refused before it was known what they ask: by path, method, token or body.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::record::{AuditRecord, AuditSource, Who};

/// Such a request, as far as it is known.
#[derive(Clone, Debug)]
pub struct RefusedRequest {
    /// When.
    pub now: Timestamp,
    /// The method.
    pub method: Box<str>,
    /// The path below the base, without what stands in the query.
    pub path: Box<str>,
    /// The HTTP status it was answered with.
    pub status: u16,
    /// The sentence it was answered with.
    pub reason: Option<Box<str>>,
    /// The address it came from.
    pub address: Option<IpAddr>,
    /// The base it was sent to.
    pub base_url: Arc<str>,
    /// Its id.
    pub request_id: Arc<str>,
}

/// Longest path that is kept: it is the caller's text.
const PATH_MAX: usize = 1000;

impl RefusedRequest {
    pub(crate) fn record(self, source: AuditSource) -> AuditRecord {
        let path: String = self.path.trim_matches('/').chars().take(PATH_MAX).collect();
        AuditRecord {
            recorded: self.now,
            interaction: "refused".into(),
            operation: Some(self.method),
            action: "E".into(),
            outcome: if matches!(self.status, 401 | 403) || self.status >= 500 {
                8
            } else {
                4
            },
            status: i16::try_from(self.status).unwrap_or_default(),
            reason: self.reason,
            who: Who {
                access: "none".into(),
                ..Who::default()
            },
            address: self.address.map(|address| address.to_string().into()),
            source,
            base_url: self.base_url.as_ref().into(),
            request_id: self.request_id.as_ref().into(),
            target: (!path.is_empty()).then(|| path.into()),
            query: None,
            entities: Vec::new(),
            owners: Vec::new(),
            patients: Vec::new(),
            nonce: Uuid::now_v7(),
            proof: Box::default(),
        }
    }
}
