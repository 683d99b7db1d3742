//! `SearchParameter/$index-status`: which search parameters are being indexed, and how far that is.

#[cfg(test)]
mod tests;

use fhir::ids::ResourceType;
use fhir::json::{ObjectWriter, Writer};

use super::{Operation, OperationAnswer, OperationContext};
use crate::definitions::{FailingParameter, IndexState};
use crate::error::Result;

/// The operation.
pub(super) struct IndexStatus;

impl Operation for IndexStatus {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = ();

    async fn invoke(cx: OperationContext<'_>, (): ()) -> Result<OperationAnswer> {
        let stored = cx.store.stored_definitions().await?;
        let nothing = IndexState::default();
        let mut indexing: Vec<(ResourceType, &str, &IndexState)> = Vec::new();
        for (resource_type, wanted) in cx.definitions.wanted() {
            let state = stored.index.get(resource_type).unwrap_or(&nothing);
            let missing = wanted.iter().filter(|one| !state.complete.contains(one));
            let codes = missing.filter_map(|one| one.split(' ').next());
            indexing.extend(codes.map(|code| (*resource_type, code, state)));
        }
        // Another server may have heard of more.
        let is_current = stored.generation == cx.definitions.generation();
        let mut writer = Writer::with_capacity(1024);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                list.object(|part| {
                    part.string("name", "complete");
                    part.boolean("valueBoolean", indexing.is_empty() && is_current);
                });
                for (resource_type, code, state) in &indexing {
                    list.object(|one| write(one, *resource_type, code, state));
                }
                for failing in cx.definitions.failing_parameters() {
                    list.object(|one| write_failing(one, &failing));
                }
            });
        });
        Ok(OperationAnswer::resource(writer.finish()))
    }
}

fn write(one: &mut ObjectWriter<'_>, resource_type: ResourceType, code: &str, state: &IndexState) {
    one.string("name", "indexing");
    one.array("part", |parts| {
        text(parts, "type", "valueCode", resource_type.name());
        text(parts, "code", "valueCode", code);
        number(parts, "percent", i64::from(state.percent()));
        if state.target.is_some() {
            number(parts, "done", state.walked);
            number(parts, "expected", state.expected);
        }
        if let Some(fault) = &state.fault {
            text(parts, "fault", "valueString", fault);
        }
    });
}

fn write_failing(one: &mut ObjectWriter<'_>, failing: &FailingParameter) {
    one.string("name", "failing");
    one.array("part", |parts| {
        text(parts, "type", "valueCode", failing.resource_type.name());
        text(parts, "code", "valueCode", &failing.code);
        number(
            parts,
            "times",
            i64::try_from(failing.times).unwrap_or(i64::MAX),
        );
        text(parts, "reason", "valueString", &failing.reason);
    });
}

fn text(parts: &mut Writer, name: &str, member: &str, value: &str) {
    parts.object(|part| {
        part.string("name", name);
        part.string(member, value);
    });
}

fn number(parts: &mut Writer, name: &str, value: i64) {
    parts.object(|part| {
        part.string("name", name);
        part.number("valueDecimal", value);
    });
}
