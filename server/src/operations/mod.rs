//! FHIR operations (<https://hl7.org/fhir/R4/operations.html>): the mechanism, and those that HL7 defines, a folder each.
//!
//! A folder holds `definition.json`, the OperationDefinition that is published, routed by and enforced; `mod.rs`, its
//! parameters and its steps; and `tests.rs`.

mod arguments;
mod binding;
mod contract;
mod definition;
mod invocation;
mod registry;
mod scopes;
mod step_up;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

mod access_log;
mod availability;
mod batch_validate_code;
mod block;
mod book;
mod break_glass;
mod bulk_publish;
mod calendar;
mod calendar_link;
mod calendar_unlink;
mod cancel;
mod check_in;
mod client_add;
mod client_list;
mod client_remove;
mod closure;
mod codesystem_validate_code;
mod disclosures;
mod encounter_everything;
mod everything;
mod expand;
mod explain;
mod find;
mod find_matches;
mod generate_slots;
mod hold;
mod index_status;
mod lastn;
mod lookup;
mod managed;
mod meta;
mod meta_add;
mod meta_delete;
mod no_show;
mod offer;
mod reschedule;
mod slots;
mod subsumes;
mod terms;
mod translate;
mod user_add;
mod user_list;
mod user_lock;
mod user_set_password;
mod user_set_second_factor;
mod validate;
mod valueset_validate_code;
mod verify;
mod visits;
mod waitlist;

pub use arguments::{Argument, Arguments, FromArgument, Params};
pub use contract::Change;
pub use invocation::{
    CallConditions, CalledOperation, OperationAnswer, OperationContext, OperationInput,
    OperationTarget, Plain,
};
pub use offer::{Woken, wake};
pub use registry::{Operation, OperationEntry, Places, Registry, RegistryError};
pub use scopes::forbidden;
pub use step_up::StepUp;

/// All operations there are. A definition that is not consistent is an error, and with it the start ends.
pub fn all() -> Result<Registry, RegistryError> {
    Registry::default()
        .with::<everything::PatientEverything>()?
        .with::<encounter_everything::EncounterEverything>()?
        .with_change::<break_glass::OpenRecord>()?
        .with::<lastn::LastN>()?
        .with::<explain::Explain>()?
        .with::<index_status::IndexStatus>()?
        .with::<meta::Meta>()?
        .with_change::<meta_add::MetaAdd>()?
        .with_change::<meta_delete::MetaDelete>()?
        .with::<expand::Expand>()?
        .with::<valueset_validate_code::ValueSetValidateCode>()?
        .with::<codesystem_validate_code::CodeSystemValidateCode>()?
        .with::<batch_validate_code::BatchValidateCode>()?
        .with::<lookup::Lookup>()?
        .with::<subsumes::Subsumes>()?
        .with::<translate::Translate>()?
        .with::<closure::Closure>()?
        .with::<find::Find>()?
        .with::<availability::Availability>()?
        .with::<bulk_publish::BulkPublish>()?
        .with::<calendar::Calendar>()?
        .with_change::<calendar_link::CalendarLink>()?
        .with_change::<calendar_unlink::CalendarUnlink>()?
        .with::<find_matches::FindMatches>()?
        .with::<validate::Validate>()?
        .with::<verify::Verify>()?
        .with::<access_log::AccessLog>()?
        .with::<disclosures::Disclosures>()?
        .with::<user_list::UserList>()?
        .with::<user_add::UserAdd>()?
        .with::<user_set_password::UserSetPassword>()?
        .with::<user_set_second_factor::UserSetSecondFactor>()?
        .with::<user_lock::UserLock>()?
        .with::<client_list::ClientList>()?
        .with::<client_add::ClientAdd>()?
        .with::<client_remove::ClientRemove>()?
        .with_change::<hold::Hold>()?
        .with_change::<book::Book>()?
        .with_change::<cancel::Cancel>()?
        .with_change::<reschedule::Reschedule>()?
        .with_change::<check_in::CheckIn>()?
        .with_change::<no_show::NoShow>()?
        .with_change::<generate_slots::GenerateSlots>()?
        .with_change::<block::BlockTime>()?
        .with_change::<waitlist::Waitlist>()?
        .with_change::<offer::Offer>()
}
