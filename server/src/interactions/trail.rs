//! The audit trail over REST: AuditEvents are read, and searched by the parameters that its rows are found by
//! (<https://hl7.org/fhir/R4/auditevent.html>, server/AUDIT.md). Nobody writes them.

pub(super) mod imported;
mod query;
#[cfg(test)]
mod tests;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::Writer;
use http::StatusCode;

use super::perform::Interactions;
use super::{HistoryScope, Interaction, Outcome, SearchScope, read};
use crate::audit::AuditEventId;
use crate::auth::Permission;
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::searchset::{PageLinks, Searchset, query_text};
use crate::store::{AuditFilter, StoredVersion, permit_trail};
use query::{Asked, Total};

pub(super) use query::PARAMETERS;

impl Interactions {
    /// The answer of the trail, where it is the one who is asked.
    pub(super) async fn look_at_trail(
        &self,
        cx: &RequestContext,
        reading: &Interaction,
    ) -> Result<Option<Outcome>> {
        if !self.store.is_audited() {
            return Ok(None);
        }
        match reading {
            Interaction::Read { key, .. } => match event_id(key) {
                Some(id) => self.read_event(cx, key, id).await.map(Some),
                None => Ok(None),
            },
            Interaction::Vread { key, version } => match event_id(key) {
                Some(id) if **version == *"1" => self.read_event(cx, key, id).await.map(Some),
                Some(_) => Err(Error::new(
                    ErrorKind::NotFound,
                    format!("{key} has no such version"),
                )),
                None => Ok(None),
            },
            Interaction::History { scope, .. } => match scope {
                HistoryScope::Instance(key) => match event_id(key) {
                    Some(id) => self.history_of_event(cx, key, id).await.map(Some),
                    None => Ok(None),
                },
                HistoryScope::Type(one) if is_event(*one) => Err(Error::new(
                    ErrorKind::NotSupported,
                    "an AuditEvent has one version: search for them, newest first",
                )),
                HistoryScope::Type(_) | HistoryScope::System => Ok(None),
            },
            Interaction::Search { query, .. } if imported::are_asked(query) => Ok(None),
            Interaction::Search { scope, query } => match scope {
                SearchScope::Type(one) if is_event(*one) => {
                    self.search_trail(cx, None, query).await.map(Some)
                }
                SearchScope::Compartment(around, Some(one)) if is_event(*one) => {
                    self.search_trail(cx, Some(around), query).await.map(Some)
                }
                SearchScope::Type(_) | SearchScope::Compartment(..) | SearchScope::System => {
                    Ok(None)
                }
            },
            _ => Ok(None),
        }
    }

    async fn find_event(
        &self,
        cx: &RequestContext,
        key: &ResourceKey,
        id: AuditEventId,
    ) -> Result<StoredVersion> {
        permit_trail(cx, Permission::Read)?;
        let filter = AuditFilter {
            ids: Some(vec![id]),
            ..AuditFilter::default()
        };
        let found = self.store.audit_events(cx, &filter, None, 1).await?;
        let mut shown = self.store.shown_events(found).await?;
        shown.pop().ok_or_else(|| read::not_found(key))
    }

    async fn read_event(
        &self,
        cx: &RequestContext,
        key: &ResourceKey,
        id: AuditEventId,
    ) -> Result<Outcome> {
        let found = self.find_event(cx, key, id).await?;
        // Sealed, it says more than before: whoever has it is not told that it has not changed.
        Ok(Outcome {
            version: Some((found.version, found.last_updated)),
            ..Outcome::body(StatusCode::OK, found.content.unwrap_or_default())
        })
    }

    async fn history_of_event(
        &self,
        cx: &RequestContext,
        key: &ResourceKey,
        id: AuditEventId,
    ) -> Result<Outcome> {
        let found = self.find_event(cx, key, id).await?;
        let content = found.content.unwrap_or_default();
        let content = std::str::from_utf8(&content).map_err(Error::internal)?;
        let mut writer = Writer::with_capacity(content.len() + 512);
        writer.object(|bundle| {
            bundle.string("resourceType", "Bundle");
            bundle.string("type", "history");
            bundle.number("total", 1);
            bundle.array("entry", |entries| {
                entries.object(|entry| {
                    entry.string("fullUrl", &format!("{}/{key}", cx.base_url));
                    entry.raw("resource", content);
                    entry.object("request", |request| {
                        request.string("method", "POST");
                        request.string("url", "AuditEvent");
                    });
                    entry.object("response", |response| {
                        response.string("status", "201 Created");
                        response.string("etag", &found.version.etag());
                        response.string("lastModified", &found.last_updated.to_string());
                    });
                });
            });
        });
        Ok(Outcome::body(StatusCode::OK, writer.finish()))
    }

    async fn search_trail(
        &self,
        cx: &RequestContext,
        around: Option<&ResourceKey>,
        query: &str,
    ) -> Result<Outcome> {
        permit_trail(cx, Permission::Search)?;
        let Asked {
            filter,
            count,
            total,
            understood,
            warnings,
            cursor,
        } = query::asked(cx, around, query)?;
        let path = match around {
            None => format!("{}/AuditEvent", cx.base_url),
            Some(key) => format!("{}/{key}/AuditEvent", cx.base_url),
        };
        let purpose = format!("{path}?{}", query_text(&understood));
        let behind = match &cursor {
            Some(cursor) => Some(self.store.open_audit_cursor(&purpose, cursor)?),
            None => None,
        };
        let mut events = match count {
            0 => Vec::new(),
            _ => {
                self.store
                    .audit_events(cx, &filter, behind, count + 1)
                    .await?
            }
        };
        let has_more = events.len() > count as usize;
        events.truncate(count as usize);
        let next = match events.last() {
            Some(last) if has_more => Some(self.store.seal_audit_cursor(&purpose, last.id())?),
            _ => None,
        };
        let total = match total {
            Total::Counted => Some(self.store.count_audit_events(cx, &filter).await?),
            Total::Known if count > 0 && behind.is_none() && next.is_none() => {
                u64::try_from(events.len()).ok()
            }
            Total::Known | Total::None if count > 0 => None,
            Total::Known | Total::None => Some(self.store.count_audit_events(cx, &filter).await?),
        };
        let matches = self.store.shown_events(events).await?;
        let searchset = Searchset {
            base_url: &cx.base_url,
            links: PageLinks {
                path: &path,
                understood: &understood,
                cursor: cursor.as_deref(),
                previous: None,
                next: next.as_deref(),
            },
            total,
            matches: &matches,
            contained: &[],
            scores: &[],
            included: &[],
            warnings: &warnings,
        };
        Ok(Outcome::body(StatusCode::OK, searchset.json()))
    }
}

pub(super) fn is_event(resource_type: ResourceType) -> bool {
    resource_type.name() == "AuditEvent"
}

/// The event that a key names; other AuditEvents are resources as any.
fn event_id(key: &ResourceKey) -> Option<AuditEventId> {
    match is_event(key.resource_type) {
        true => key.id.as_str().parse().ok(),
        false => None,
    }
}
