//! What the operations on visits have in common: an Appointment as it is edited, written and answered.

mod actors;
pub(super) mod series;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
mod told;

use bytes::Bytes;
use fhir::ids::{Reference, ResourceKey, ResourceType, VersionId};
use fhir::json::{Document, Value, Writer, edit, quoted};
use fhir::resource::Resource;
use jiff::Timestamp;

use super::find::calendars::own_request;
use super::{OperationAnswer, OperationContext, offer};
use crate::auth::Act;
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::{Ruled, Status, Visit};
use crate::store::{ExpectedVersions, Source, Transaction, Verb, WriteCondition, Written};

/// When a hold ends.
pub(super) const HOLD_EXPIRES: &str = "https://vesta.example/fhir/StructureDefinition/hold-expires";

/// That a visit is beyond the capacity of those who take part.
const OVERBOOKED: &str = "https://vesta.example/fhir/StructureDefinition/overbooked";

/// From when to when a visit was before it was moved.
const MOVED: &str = "https://vesta.example/fhir/StructureDefinition/reschedule-history";

/// A visit that is stored; nobody else changes it until the end of the transaction.
pub(super) struct Current {
    pub(super) key: ResourceKey,
    pub(super) resource: Resource,
    pub(super) visit: Visit,
    version: VersionId,
    content: Bytes,
}

/// An Appointment that is being changed.
pub(super) struct Draft(Document);

/// What was written: the visit, and its text.
pub(super) struct Done {
    key: ResourceKey,
    version: VersionId,
    content: Bytes,
    is_new: bool,
}

impl Current {
    /// The visit of a key.
    pub(super) async fn of(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        key: &ResourceKey,
    ) -> Result<Self> {
        let (version, content) = cx.read_locked(tx, key).await?;
        let resource = Resource::parse(content.clone()).map_err(Error::internal)?;
        Ok(Self {
            key: key.clone(),
            visit: visit_of(&resource)?,
            resource,
            version: version.version,
            content,
        })
    }

    /// Refuses whoever has not the hold, and says whether it was extended. Who may release the holds of others has all.
    pub(super) async fn refuse_others(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
    ) -> Result<bool> {
        let held = tx.held(&self.key).await?;
        let access = &cx.request.access;
        let is_own = held
            .as_ref()
            .is_some_and(|held| held.holder == access.name());
        let is_own = is_own || offer::is_offered_to(cx, tx, self).await?;
        match is_own || access.may_do(Act::ReleaseHolds) {
            true => Ok(held.is_some_and(|held| held.is_extended)),
            false => Err(OpError::HoldNotOwned.refused("the visit is held for somebody else")),
        }
    }

    /// Refuses what is asked of a hold that has ended.
    pub(super) fn refuse_expired(&self, now: Timestamp) -> Result<()> {
        match self.visit.hold_expires.is_none_or(|ends| ends <= now) {
            true => Err(OpError::HoldExpired.refused("the hold has ended")),
            false => Ok(()),
        }
    }

    /// As it was, of a call that had nothing to do.
    pub(super) fn unchanged(self) -> Done {
        Done {
            key: self.key,
            version: self.version,
            content: self.content,
            is_new: false,
        }
    }

    /// Writes it as it is to be.
    pub(super) async fn change(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        draft: &Draft,
    ) -> Result<Done> {
        let resource = draft.resource()?;
        let write = cx.prepare(self.key.clone(), Verb::Put, &resource).await?;
        let condition = WriteCondition {
            versions: Some(ExpectedVersions::OneOf(vec![self.version])),
            absent: false,
        };
        let written = tx.put_one(&write.by_operation().under(condition)).await?;
        settle(tx).await?;
        Ok(Done::of(self.key.clone(), written))
    }

    /// Notes that it was moved, from when and why.
    pub(super) fn note_moved(
        &self,
        cx: OperationContext<'_>,
        draft: &mut Draft,
        reason: Option<&Document>,
    ) -> Result<()> {
        let Some((start, end)) = self.visit.start.zip(self.visit.end) else {
            return Ok(());
        };
        let mut writer = Writer::with_capacity(256);
        writer.object(|moved| {
            moved.string("url", MOVED);
            moved.array("extension", |parts| {
                for (name, at) in [
                    ("from-start", start),
                    ("from-end", end),
                    ("at", cx.request.now),
                ] {
                    parts.object(|part| {
                        part.string("url", name);
                        part.string("valueInstant", &at.to_string());
                    });
                }
                let grant = cx.request.access.grant();
                if let Some(user) = grant.and_then(|grant| grant.user.as_ref()) {
                    parts.object(|part| {
                        part.string("url", "by");
                        part.object("valueReference", |by| {
                            by.string("reference", &user.to_string());
                        });
                    });
                }
                if let Some(reason) = reason {
                    parts.object(|part| {
                        part.string("url", "reason");
                        part.raw("valueCodeableConcept", reason.text());
                    });
                }
            });
        });
        let known = extensions(draft.0.root(), |_| true);
        let all = known
            .into_iter()
            .chain([writer.finish()])
            .collect::<Vec<_>>();
        draft.set("extension", &format!("[{}]", all.join(",")))
    }
}

impl Draft {
    /// The same resource, to be changed.
    pub(super) fn of(resource: &Resource) -> Self {
        Self(resource.document().clone())
    }

    /// Puts a member in place of the one there is.
    pub(super) fn set(&mut self, name: &str, json: &str) -> Result<()> {
        self.became(edit::set_member(self.0.root(), name, json))
    }

    /// The same for a text.
    pub(super) fn set_text(&mut self, name: &str, text: &str) -> Result<()> {
        self.set(name, &quoted(text))
    }

    /// The state it is to be in.
    pub(super) fn set_status(&mut self, status: Status) -> Result<()> {
        self.set_text("status", status.code())
    }

    /// Takes a member away, where there is one.
    pub(super) fn remove(&mut self, name: &str) -> Result<()> {
        match self.0.root().get(name) {
            Some(_) => self.became(edit::remove_member(self.0.root(), name)),
            None => Ok(()),
        }
    }

    /// Puts what another resource says in place of what this one does.
    pub(super) fn take(&mut self, other: &Resource, names: &[&str]) -> Result<()> {
        names.iter().try_for_each(|name| match other.get(name) {
            Some(value) => self.set(name, value.raw()),
            None => self.remove(name),
        })
    }

    /// Until when it is held; nothing where it is not.
    pub(super) fn hold_until(&mut self, ends: Option<Timestamp>) -> Result<()> {
        let value = ends.map(|ends| format!(r#""valueInstant":"{ends}""#));
        self.set_extension(HOLD_EXPIRES, value.as_deref())
    }

    /// Whether it may be beyond the capacity of those who take part.
    pub(super) fn set_overbooked(&mut self, is_overbooked: bool) -> Result<()> {
        self.set_extension(
            OVERBOOKED,
            is_overbooked.then_some(r#""valueBoolean":true"#),
        )
    }

    /// Puts an extension with the member of its value in place of the one there is, or takes that away.
    pub(super) fn set_extension(&mut self, named: &str, value: Option<&str>) -> Result<()> {
        let mut kept = extensions(self.0.root(), |url| url != named);
        kept.extend(value.map(|value| format!(r#"{{"url":"{named}",{value}}}"#)));
        match kept.is_empty() {
            true => self.remove("extension"),
            false => self.set("extension", &format!("[{}]", kept.join(","))),
        }
    }

    /// Puts an identifier in place of those of its system.
    pub(super) fn identify(&mut self, system: &str, value: &str) -> Result<()> {
        let there = self.0.root().get("identifier");
        let there = there.into_iter().flat_map(Value::items);
        let is_other =
            |one: &Value<'_>| one.get("system").and_then(Value::string).as_deref() != Some(system);
        let kept = there.filter(is_other).map(|one| one.raw().to_owned());
        let own = format!(r#"{{"system":"{system}","value":{}}}"#, quoted(value));
        let all: Vec<String> = kept.chain([own]).collect();
        self.set("identifier", &format!("[{}]", all.join(",")))
    }

    /// How long it is, by when it begins and ends.
    pub(super) fn set_length(&mut self) -> Result<()> {
        let visit = visit_of(&self.resource()?)?;
        let length = visit.start.zip(visit.end);
        let length = length.map(|(start, end)| end.duration_since(start).as_mins());
        match length.filter(|minutes| *minutes > 0) {
            Some(minutes) => self.set("minutesDuration", &minutes.to_string()),
            None => Ok(()),
        }
    }

    /// Keeps what is known of where a visit was before.
    pub(super) fn keep_history(&mut self, current: &Resource) -> Result<()> {
        let mut all = extensions(self.0.root(), |url| url != MOVED);
        all.extend(extensions(current.root(), |url| url == MOVED));
        match all.is_empty() {
            true => Ok(()),
            false => self.set("extension", &format!("[{}]", all.join(","))),
        }
    }

    pub(super) fn resource(&self) -> Result<Resource> {
        Resource::of(self.0.clone()).map_err(Error::internal)
    }

    fn became(&mut self, text: String) -> Result<()> {
        self.0 = Document::parse(text).map_err(Error::internal)?;
        Ok(())
    }

    /// Writes it as a visit that is new.
    pub(super) async fn create(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
    ) -> Result<Done> {
        let named = ResourceType::parse("Appointment");
        let named = named.ok_or_else(|| Error::internal("R4 has appointments"))?;
        let id = uuid::Uuid::now_v7().to_string();
        let key = ResourceKey::new(named, id.parse().map_err(Error::internal)?);
        let write = cx
            .prepare(key.clone(), Verb::Post, &self.resource()?)
            .await?;
        let write = write.by_operation();
        let written = tx.create(std::slice::from_ref(&write)).await?.pop();
        let written = written.ok_or_else(|| Error::internal("a create answered nothing"))?;
        tx.refuse_broken(write.targets()).await?;
        settle(tx).await?;
        Ok(Done::of(key, written))
    }
}

impl Done {
    fn of(key: ResourceKey, written: Written) -> Self {
        Self {
            key,
            version: written.version,
            content: written.content,
            is_new: written.created,
        }
    }

    /// Which visit it is.
    pub(super) fn key(&self) -> &ResourceKey {
        &self.key
    }

    /// The searchset that answers it.
    pub(super) fn answer(self, cx: OperationContext<'_>) -> Result<OperationAnswer> {
        answer_all(cx, vec![self])
    }
}

/// The searchset that answers visits; where one is new, and nothing else is answered, it says so.
pub(super) fn answer_all(cx: OperationContext<'_>, done: Vec<Done>) -> Result<OperationAnswer> {
    let mut contents = Vec::with_capacity(done.len());
    for one in &done {
        let content = std::str::from_utf8(&one.content).map_err(Error::internal)?;
        contents.push((format!("{}/{}", cx.request.base_url, one.key), content));
    }
    let total = i64::try_from(contents.len()).map_err(Error::internal)?;
    let mut writer = Writer::with_capacity(contents.len() * 2048);
    writer.object(|bundle| {
        bundle.string("resourceType", "Bundle");
        bundle.string("type", "searchset");
        bundle.number("total", total);
        bundle.array("entry", |entries| {
            for (url, content) in &contents {
                entries.object(|entry| {
                    entry.string("fullUrl", url);
                    entry.raw("resource", content);
                    entry.object("search", |search| search.string("mode", "match"));
                });
            }
        });
    });
    let answer = OperationAnswer::resource(writer.finish());
    let mut done = done.into_iter();
    Ok(match (done.next(), done.next()) {
        (Some(one), None) if one.is_new => answer.created(one.key, one.version),
        _ => answer,
    })
}

/// Claims what was written by now, so that a clash is known before anything else is done.
async fn settle(tx: &mut Transaction) -> Result<()> {
    tx.settle().await.map_err(|refusal| refusal.error)
}

/// Refuses patients what is for those to say who work here.
pub(super) fn refuse_patients(cx: &OperationContext<'_>) -> Result<()> {
    match cx.request.access.is_patients() {
        true => Err(Error::new(
            ErrorKind::Forbidden,
            "who came, and who did not, is for those to say who work here",
        )),
        false => Ok(()),
    }
}

/// What begins the ids of visits that `$find` offers.
pub(in crate::operations) const OFFERED: &str = "prop-";

/// The visit that `$find` has offered whoever calls under a key; nothing where it is none of its keys.
pub(super) async fn offered(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    key: &ResourceKey,
) -> Result<Option<Resource>> {
    if !key.id.as_str().starts_with(OFFERED) {
        return Ok(None);
    }
    let found = tx
        .proposal(&cx.request.access.name(), key.id.as_str())
        .await?;
    let content = found.ok_or_else(|| {
        let sentence = "what was offered is offered no more: search again";
        OpError::ProposalExpired.refused(sentence)
    })?;
    Resource::parse(content).map(Some).map_err(Error::internal)
}

/// The visit that an Appointment is.
pub(super) fn visit_of(resource: &Resource) -> Result<Visit> {
    match Ruled::of(resource) {
        Some(Ruled::Visit(visit)) => Ok(visit),
        _ => Err(Error::internal("an operation on visits met something else")),
    }
}

/// The HealthcareServices that a visit names, whoever may see them.
pub(super) async fn services_of(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    visit: &Visit,
) -> Result<Vec<(ResourceKey, Resource)>> {
    let own = own_request(cx);
    let mut found = Vec::new();
    for key in visit.services(&cx.request.base_url) {
        let stored = Source::Within(cx.store, tx).read(&own, &key).await?;
        if let Some(content) = stored.and_then(|version| version.content) {
            let resource = Resource::parse_with(content, cx.request.limits.parse);
            found.push((key, resource.map_err(Error::internal)?));
        }
    }
    Ok(found)
}

/// The resource of one of these types that a parameter refers to.
pub(super) fn referred(
    reference: &Document,
    names: &[&str],
    parameter: &str,
    cx: OperationContext<'_>,
) -> Result<ResourceKey> {
    let text = reference.root().get("reference").and_then(Value::string);
    let key = text.and_then(|text| local(&text, &cx.request.base_url));
    key.filter(|key| names.contains(&key.resource_type.name()))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::BadValue,
                format!(
                    "{parameter} refers to {} of this server",
                    names.join(" or ")
                ),
            )
        })
}

fn local(text: &str, base: &str) -> Option<ResourceKey> {
    match Reference::parse(text, base) {
        Reference::Local { key, .. } => Some(key),
        _ => None,
    }
}

/// The texts of the extensions of a resource whose URLs pass.
fn extensions(root: Value<'_>, passes: impl Fn(&str) -> bool) -> Vec<String> {
    let all = root.get("extension").into_iter().flat_map(Value::items);
    let kept = all.filter(|one| {
        let url = one.get("url").and_then(Value::string);
        url.is_none_or(|url| passes(&url))
    });
    kept.map(|one| one.raw().to_owned()).collect()
}

/// The refusal of what does not follow from the state there is.
pub(super) fn no_way(visit: &Visit, what: &str) -> Error {
    let code = visit.status.map_or("", Status::code);
    OpError::InvalidTransition.refused(format!("a visit that is {code} is not {what}"))
}
