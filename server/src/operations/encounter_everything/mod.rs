//! `$everything` of an encounter (<https://hl7.org/fhir/R4/encounter-operation-everything.html>).

#[cfg(test)]
mod tests;

use fhir::resource::Resource;

use super::everything::record::{Asked, Record};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::Result;
use crate::searchset::CURSOR;

/// The operation.
pub(super) struct EncounterEverything;

/// What it takes.
pub(super) struct EncounterEverythingParams(Asked);

impl Params for EncounterEverythingParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self(Asked {
            since: arguments.optional("_since")?,
            types: arguments.list("_type")?,
            count: arguments.optional("_count")?,
            cursor: arguments.optional(CURSOR)?,
            ..Asked::default()
        }))
    }
}

impl Operation for EncounterEverything {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = EncounterEverythingParams;

    async fn invoke(
        cx: OperationContext<'_>,
        EncounterEverythingParams(asked): EncounterEverythingParams,
    ) -> Result<OperationAnswer> {
        let encounter = cx.instance()?;
        // What is of the encounter itself is a match already; all else may be of another one, or of none.
        let keeps = |resource: &Resource| {
            let around = encounter.resource_type;
            let encounters = cx
                .definitions
                .compartments_of(cx.request, resource, around)?;
            Ok(!encounters.contains(encounter))
        };
        Record::new(cx, encounter, asked)?.page(keeps).await
    }
}
