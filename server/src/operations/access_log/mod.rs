//! `Patient/[id]/$access-log`: who has touched the data of a patient, from the audit trail, for the patient
//! (server/AUDIT.md).

#[cfg(test)]
mod tests;

use fhir::json::{ObjectWriter, Writer};

use super::verify::moment;
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::Result;
use crate::store::{AuditFilter, StoredEvent};

/// The operation.
pub(super) struct AccessLog;

/// What it takes.
pub(super) struct AccessLogParams {
    start: Option<String>,
    end: Option<String>,
    count: Option<i32>,
}

impl Params for AccessLogParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            start: arguments.optional("start")?,
            end: arguments.optional("end")?,
            count: arguments.optional("_count")?,
        })
    }
}

impl Operation for AccessLog {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = AccessLogParams;

    async fn invoke(cx: OperationContext<'_>, params: AccessLogParams) -> Result<OperationAnswer> {
        cx.store.audit_key()?;
        let patient = cx.instance()?;
        // Whoever may see the patient may see who else has: nobody else's patient is told of.
        cx.read(patient).await?;
        let filter = AuditFilter {
            entities: Some(vec![patient.to_string()]),
            from: moment("start", params.start)?.map(|start| start.lower()),
            until: moment("end", params.end)?.map(|end| end.upper()),
            ..AuditFilter::default()
        };
        let limits = &cx.request.limits;
        let asked = params.count.and_then(|count| u32::try_from(count).ok());
        let count = asked.unwrap_or(limits.page_size).min(limits.page_size_max);
        let mut events = cx
            .store
            .audit_events(cx.request, &filter, None, count + 1)
            .await?;
        let has_more = events.len() > count as usize;
        events.truncate(count as usize);
        let mut writer = Writer::with_capacity(4096);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                for event in &events {
                    list.object(|access| write_access(access, event));
                }
                list.object(|more| {
                    more.string("name", "more");
                    more.boolean("valueBoolean", has_more);
                });
            });
        });
        Ok(OperationAnswer::resource(writer.finish()))
    }
}

fn write_access(access: &mut ObjectWriter<'_>, event: &StoredEvent) {
    let record = &event.row.record;
    let who = &record.who;
    let mut types: Vec<&str> = record
        .entities
        .iter()
        .zip(&record.owners)
        .filter(|(_, owner)| **owner == event.place)
        .filter_map(|(entity, _)| entity.split('/').next())
        .collect();
    types.sort_unstable();
    types.dedup();
    access.string("name", "access");
    access.array("part", |parts| {
        part(parts, "at", "valueInstant", &record.recorded.to_string());
        part(parts, "action", "valueCode", &record.action);
        part(parts, "interaction", "valueCode", &record.interaction);
        if let Some(operation) = &record.operation {
            part(parts, "operation", "valueCode", operation);
        }
        part(parts, "outcome", "valueCode", &record.outcome.to_string());
        match (&who.agent, &who.login) {
            (Some(person), _) => parts.object(|one| {
                one.string("name", "person");
                one.object("valueReference", |reference| {
                    reference.string("reference", person);
                });
            }),
            (None, Some(login)) => part(parts, "person", "valueString", login),
            (None, None) => {}
        }
        let client = who.client.as_deref().unwrap_or(&who.access);
        part(parts, "client", "valueString", client);
        if let Some((system, code)) = &who.purpose {
            parts.object(|one| {
                one.string("name", "purpose");
                one.object("valueCoding", |coding| {
                    coding.string("system", system);
                    coding.string("code", code);
                });
            });
        }
        for name in types {
            part(parts, "type", "valueCode", name);
        }
    });
}

fn part(parts: &mut Writer, name: &str, member: &str, value: &str) {
    parts.object(|part| {
        part.string("name", name);
        part.string(member, value);
    });
}
