//! Requests that were refused before it was known what they ask: by path, method, token or body.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

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
        let status = self.status;
        AuditRecord {
            interaction: "refused".into(),
            operation: Some(self.method),
            reason: self.reason,
            who: Who {
                access: "none".into(),
                ..Who::default()
            },
            address: self.address.map(|address| address.to_string().into()),
            target: (!path.is_empty()).then(|| path.into()),
            ..AuditRecord::of_none(self.now, status, source, &self.base_url, &self.request_id)
        }
    }
}
