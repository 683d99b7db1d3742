//! Terminology: what codes mean, which belong to a value set, and which mean the same
//! (<https://hl7.org/fhir/R4/terminology-module.html>).
//!
//! Nothing here waits: an evaluation works on what is known, and notes what it lacks ([`knowledge`]).

pub mod canonical;
mod checking;
pub mod code_system;
pub mod concept;
pub mod condition;
pub mod expand;
pub mod fault;
mod filter;
mod grammar;
pub mod import;
pub mod knowledge;
pub mod language;
pub mod lookup;
pub mod membership;
pub mod rule;
pub mod searched;
pub mod settings;
mod sources;
#[cfg(test)]
mod tests;
pub mod translate;
pub mod validate;
pub mod value_set;
pub mod versions;

use std::sync::Arc;

use canonical::Canonical;
use fault::Stop;
use knowledge::Knowledge;
use settings::Settings;
use sources::Sources;
use value_set::ValueSet;

pub use checking::faults;
pub use grammar::MADE_BY_GRAMMARS;
pub use sources::unknown_value_set;

/// The value set of a canonical, also one that a code system implies.
pub fn value_set(
    knowledge: &Knowledge,
    canonical: &Canonical,
) -> Result<Option<Arc<ValueSet>>, Stop> {
    let settings = &Settings::default();
    let sources = Sources {
        knowledge,
        settings,
    };
    sources.value_set(canonical)
}
