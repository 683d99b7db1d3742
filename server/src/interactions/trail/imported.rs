//! AuditEvents of a former system: `vesta load` may create them, for good, and they stand apart from the trail that this server
//! keeps (server/AUDIT.md).

use fhir::json::Value;
use fhir::resource::Resource;

use crate::audit::AuditEventId;
use crate::auth::Reason;
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::store::trail_is_closed;

/// The tag of each, by which they are searched.
const TAG: (&str, &str) = (
    "https://vesta.example/fhir/CodeSystem/audit-origin",
    "imported",
);

/// Refuses to write an AuditEvent that is not of a former system, or is written by others than those who import.
pub(in crate::interactions) fn check(cx: &RequestContext, resource: &Resource) -> Result<()> {
    if cx.audited.is_none() || !super::is_event(resource.resource_type()) {
        return Ok(());
    }
    if cx.access.reason() != Some(Reason::Load) {
        return Err(trail_is_closed());
    }
    let bad = |sentence: String| Error::new(ErrorKind::BusinessRule, sentence);
    let is_own = resource
        .id()
        .is_some_and(|id| id.parse::<AuditEventId>().is_ok());
    if is_own {
        let sentence = "the id of this AuditEvent is one of those that this server gives its own";
        return Err(bad(sentence.to_owned()).at("AuditEvent.id"));
    }
    let tags = resource.root().at(&["meta", "tag"]);
    let is_tagged = tags.into_iter().flat_map(Value::items).any(|tag| {
        let text = |name: &str| tag.get(name).and_then(Value::string);
        text("system").as_deref() == Some(TAG.0) && text("code").as_deref() == Some(TAG.1)
    });
    match is_tagged {
        true => Ok(()),
        false => Err(bad(format!(
            "an AuditEvent of a former system has the tag {}|{}",
            TAG.0, TAG.1
        ))
        .at("AuditEvent.meta.tag")),
    }
}

/// Whether a search asks for those.
pub(super) fn are_asked(query: &str) -> bool {
    let tag = format!("{}|{}", TAG.0, TAG.1);
    fhir::form::pairs(query)
        .filter_map(std::result::Result::ok)
        .any(|(name, value)| name == "_tag" && value == tag)
}
