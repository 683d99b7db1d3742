//! `$everything` of a patient: the compartment, and what its resources refer to
//! (<https://hl7.org/fhir/R4/patient-operation-everything.html>).
//!
//! A page holds some resources of the compartment as matches and, included, what these refer to directly. It is found
//! again by its cursor alone, so a resource that several pages refer to stands on each of them. Of all patients the records
//! come one after the other.

mod all;
mod care_dates;
pub(super) mod record;
#[cfg(test)]
mod tests;

use fhir::ids::ResourceKey;
use fhir::resource::Resource;

use self::record::{Asked, Record};
use super::{Arguments, Operation, OperationAnswer, OperationContext, OperationTarget, Params};
use crate::error::{Error, Result};
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
        match cx.target {
            OperationTarget::Instance(patient) => {
                let record = Record::new(cx, patient, asked)?;
                record.page(|one| is_nobodys(cx, patient, one)).await
            }
            OperationTarget::Type(resource_type) => all::page(cx, *resource_type, asked).await,
            OperationTarget::System => Err(Error::internal("$everything is of patients")),
        }
    }
}

/// What belongs to patients is a match where it belongs to this one, and nobody's business else.
fn is_nobodys(
    cx: OperationContext<'_>,
    patient: &ResourceKey,
    resource: &Resource,
) -> Result<bool> {
    let around = patient.resource_type;
    let patients = cx
        .definitions
        .compartments_of(cx.request, resource, around)?;
    Ok(patients.is_empty())
}
