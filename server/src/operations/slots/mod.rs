//! What the operations on calendars have in common: a Schedule as it is read, and its Slots as they are made and taken away.

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{ObjectWriter, Value, Writer, edit, quoted};
use fhir::resource::Resource;
use fhir::scheduling::{Fault, Interval, Schedule};

use super::find::calendars::own_request;
use super::{OperationContext, scopes};
use crate::auth::{Access, Act, Permission, Reason};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{PreparedDelete, SlotTime, Source, Transaction, Verb, WriteCondition};

/// What of a Schedule its Slots say, too.
const COPIED: [&str; 3] = ["serviceCategory", "serviceType", "specialty"];

/// A calendar whose Slots nobody else makes or takes away until the end of the transaction.
pub(super) struct Opened {
    pub(super) key: ResourceKey,
    pub(super) resource: Resource,
    pub(super) schedule: Schedule,
}

/// Refuses whoever neither keeps calendars nor writes Slots.
pub(super) fn permit(cx: &OperationContext<'_>) -> Result<()> {
    let access = &cx.request.access;
    let slot = slot_type()?;
    let writes = |permission| access.is_unconfined(permission, slot);
    let is_writer = writes(Permission::Create) && writes(Permission::Update);
    match is_writer || access.may_do(Act::KeepCalendars) {
        true => Ok(()),
        false => Err(scopes::forbidden("Slot.cu")),
    }
}

fn slot_type() -> Result<ResourceType> {
    ResourceType::parse("Slot").ok_or_else(|| Error::internal("R4 has slots"))
}

/// The refusal of what is not understood of a calendar, or of a time in it.
pub(super) fn not_understood(fault: Fault) -> Error {
    Error::new(ErrorKind::BusinessRule, fault.sentence).at(fault.expression)
}

impl Opened {
    /// The calendar that an operation was called on.
    pub(super) async fn of(cx: OperationContext<'_>, tx: &mut Transaction) -> Result<Self> {
        let key = cx.instance()?.clone();
        let (_, content) = cx.read_locked(tx, &key).await?;
        let resource = Resource::parse(content).map_err(Error::internal)?;
        let schedule = Schedule::of(resource.root()).map_err(not_understood)?;
        let schedule = schedule.ok_or_else(|| {
            let sentence =
                "the calendar says neither rules nor zone (extension availability): it is not kept here";
            Error::new(ErrorKind::BusinessRule, sentence).at("Schedule.extension")
        })?;
        Ok(Self {
            key,
            resource,
            schedule,
        })
    }

    /// A Slot of it that is free.
    pub(super) fn free(&self, times: Interval) -> Result<Resource> {
        let mut writer = Writer::with_capacity(512);
        writer.object(|slot| {
            slot.string("resourceType", "Slot");
            for name in COPIED {
                if let Some(value) = self.resource.get(name) {
                    slot.raw(name, value.raw());
                }
            }
            self.place(slot, "free", times);
        });
        Resource::parse(writer.finish()).map_err(Error::internal)
    }

    /// A Slot that blocks it.
    pub(super) fn blocked(
        &self,
        times: Interval,
        reason: Option<&str>,
        is_forced: bool,
    ) -> Result<Resource> {
        let mut writer = Writer::with_capacity(512);
        writer.object(|slot| {
            slot.string("resourceType", "Slot");
            self.place(slot, "busy-unavailable", times);
            if is_forced {
                slot.boolean("overbooked", true);
            }
            if let Some(reason) = reason {
                slot.string("comment", reason);
            }
        });
        Resource::parse(writer.finish()).map_err(Error::internal)
    }

    fn place(&self, slot: &mut ObjectWriter<'_>, status: &str, times: Interval) {
        slot.object("schedule", |schedule| {
            schedule.string("reference", &self.key.to_string());
        });
        slot.string("status", status);
        slot.string("start", &times.start.to_string());
        slot.string("end", &times.end.to_string());
    }

    /// Its Slots that have some of a time, which nobody else changes until the end of the transaction.
    pub(super) async fn slots(
        &self,
        tx: &mut Transaction,
        window: Interval,
    ) -> Result<Vec<SlotTime>> {
        let windows = [window].into_iter().collect();
        tx.locked_slots(&self.key, &windows).await
    }
}

/// A key for something new.
pub(super) fn new_key(named: &str) -> Result<ResourceKey> {
    let named = ResourceType::parse(named).ok_or_else(|| Error::internal("R4 has this type"))?;
    let id = uuid::Uuid::now_v7().to_string();
    Ok(ResourceKey::new(
        named,
        id.parse().map_err(Error::internal)?,
    ))
}

/// Writes what is the server's own to write: whoever calls may have no scope for it.
pub(super) async fn add(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    named: &str,
    resources: &[Resource],
) -> Result<Vec<ResourceKey>> {
    let request = own_request(cx);
    let own = OperationContext {
        request: &request,
        ..cx
    };
    let mut writes = Vec::with_capacity(resources.len());
    for resource in resources {
        let write = own.prepare(new_key(named)?, Verb::Post, resource).await?;
        writes.push(write.by_operation());
    }
    tx.write_as(Access::system(Reason::Visits));
    tx.create(&writes).await?;
    for write in &writes {
        tx.refuse_broken(write.targets()).await?;
    }
    tx.write_as(cx.request.access.clone());
    Ok(writes.iter().map(|one| one.key().clone()).collect())
}

/// Takes free Slots away: what something still refers to is left, as entered in error.
pub(super) async fn take_away(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    mut slots: Vec<ResourceKey>,
) -> Result<()> {
    slots.sort();
    let referred = tx.referrers(&slots).await?;
    slots.retain(|one| !referred.contains_key(one));
    for key in referred.keys() {
        change(cx, tx, key, &[("status", quoted("entered-in-error"))]).await?;
    }
    let delete = |key: &ResourceKey| {
        let condition = WriteCondition::default();
        PreparedDelete::new(key.clone(), condition, false, cx.request.now)
    };
    let deletes: Vec<PreparedDelete> = slots.iter().map(delete).collect();
    tx.write_as(Access::system(Reason::Visits));
    for deleted in tx.delete(&deletes.iter().collect::<Vec<_>>()).await? {
        deleted?;
    }
    tx.write_as(cx.request.access.clone());
    Ok(())
}

/// Cuts a time out of the free Slots of a calendar, as where it is blocked.
pub(super) async fn cut_out(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    opened: &Opened,
    times: Interval,
) -> Result<()> {
    let slots = opened.slots(tx, times).await?;
    let mut within = Vec::new();
    for slot in slots.into_iter().filter(|one| &*one.status == "free") {
        let starts_before = slot.times.start < times.start;
        let ends_after = slot.times.end > times.end;
        let rest = Interval {
            start: times.end,
            end: slot.times.end,
        };
        let (start, end) = (times.start.to_string(), times.end.to_string());
        match (starts_before, ends_after) {
            (false, false) => within.push(slot.key),
            (true, false) => change(cx, tx, &slot.key, &[("end", quoted(&start))]).await?,
            (false, true) => change(cx, tx, &slot.key, &[("start", quoted(&end))]).await?,
            (true, true) => {
                change(cx, tx, &slot.key, &[("end", quoted(&start))]).await?;
                add(cx, tx, "Slot", &[opened.free(rest)?]).await?;
            }
        }
    }
    take_away(cx, tx, within).await
}

/// Changes members of a resource that is the server's own to change.
async fn change(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    key: &ResourceKey,
    members: &[(&str, String)],
) -> Result<()> {
    let request = own_request(cx);
    let own = OperationContext {
        request: &request,
        ..cx
    };
    let (_, content) = own.read_locked(tx, key).await?;
    let mut resource = Resource::parse(content).map_err(Error::internal)?;
    for (name, json) in members {
        let text = edit::set_member(resource.root(), name, json);
        resource = Resource::parse(text).map_err(Error::internal)?;
    }
    let write = own.prepare(key.clone(), Verb::Put, &resource).await?;
    tx.write_as(Access::system(Reason::Visits));
    tx.put_one(&write.by_operation()).await?;
    tx.write_as(cx.request.access.clone());
    Ok(())
}

/// A resource that the transaction has written, as far as whoever asks may read it.
pub(super) async fn shown(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    key: &ResourceKey,
) -> Result<Option<String>> {
    let found = Source::Within(cx.store, tx).read(cx.request, key).await?;
    let Some(version) = found else {
        return Ok(None);
    };
    let Some(content) = version.content.clone() else {
        return Ok(None);
    };
    cx.note_read(&version, &content)?;
    let text = std::str::from_utf8(&content).map_err(Error::internal)?;
    Ok(Some(text.to_owned()))
}

/// A searchset of resources, each with its place in it.
pub(super) fn searchset(
    cx: OperationContext<'_>,
    total: usize,
    entries: &[(ResourceKey, String, &str)],
) -> String {
    let mut writer = Writer::with_capacity(1024 * (entries.len() + 1));
    writer.object(|bundle| {
        bundle.string("resourceType", "Bundle");
        bundle.string("type", "searchset");
        bundle.raw("total", &total.to_string());
        if entries.is_empty() {
            return;
        }
        bundle.array("entry", |list| {
            for (key, content, mode) in entries {
                list.object(|entry| {
                    entry.string("fullUrl", &format!("{}/{key}", cx.request.base_url));
                    entry.raw("resource", content);
                    entry.object("search", |search| search.string("mode", mode));
                });
            }
        });
    });
    writer.finish()
}

/// What a reason says in words: a text, or that of a concept.
pub(super) fn words(reason: Value<'_>) -> Result<String> {
    let coded = || {
        let first = reason.get("coding")?.items().next()?;
        first.get("display")?.string()
    };
    let text = reason.string().or_else(|| reason.get("text")?.string());
    let text = text.or_else(coded);
    text.map(Into::into).ok_or_else(|| {
        let sentence = "a reason is a text, or a concept with one";
        Error::new(ErrorKind::BadValue, sentence)
    })
}

/// The refusal of what is more than may be made at once.
pub(super) fn too_many(most: usize) -> Error {
    let sentence = format!("one call makes {most} Slots at most: ask for fewer days");
    Error::new(ErrorKind::TooCostly, sentence)
}
