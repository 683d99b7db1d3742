//! `$everything` of a patient: the compartment, and what its resources refer to
//! (<https://hl7.org/fhir/R4/patient-operation-everything.html>).
//!
//! A page holds some resources of the compartment as matches and, included, what these refer to directly. It is found
//! again by its cursor alone, so a resource that several pages refer to stands on each of them.

mod care_dates;
pub(super) mod record;
#[cfg(test)]
mod tests;

use fhir::resource::Resource;

use self::record::{Asked, Record};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::Result;
use crate::searchset::CURSOR;

/// The operation.
pub(super) struct PatientEverything;

/// What it takes.
pub(super) struct PatientEverythingParams(Asked);

impl Params for PatientEverythingParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self(Asked {
            start: arguments.optional("start")?,
            end: arguments.optional("end")?,
            since: arguments.optional("_since")?,
            types: arguments.list("_type")?,
            count: arguments.optional("_count")?,
            cursor: arguments.optional(CURSOR)?,
        }))
    }
}

impl Operation for PatientEverything {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = PatientEverythingParams;

    async fn invoke(
        cx: OperationContext<'_>,
        PatientEverythingParams(asked): PatientEverythingParams,
    ) -> Result<OperationAnswer> {
        let patient = cx.instance()?.resource_type;
        // What belongs to patients is a match where it belongs to this one, and nobody's business else.
        let keeps = |resource: &Resource| {
            let patients = cx
                .definitions
                .compartments_of(cx.request, resource, patient)?;
            Ok(patients.is_empty())
        };
        Record::new(cx, asked)?.page(keeps).await
    }
}
