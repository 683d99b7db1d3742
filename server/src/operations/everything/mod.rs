//! `$everything` of a patient and of an encounter: the compartment, and what its resources refer to
//! (<https://hl7.org/fhir/R4/patient-operation-everything.html>).
//!
//! A page holds some resources of the compartment as matches and, included, what these refer to directly. It is found
//! again by its cursor alone, so a resource that several pages refer to stands on each of them.

mod care_dates;
pub(super) mod encounter;
pub(super) mod patient;
mod record;
