//! The structural check of a resource against the definitions (<https://hl7.org/fhir/R4/validation.html>): elements,
//! JSON types, cardinalities, choices, primitive values, required bindings, narrative. Profiles, invariants and
//! terminology beyond that are not checked here.

mod bindings;
mod companions;
mod conformance;
mod elements;
#[cfg(test)]
mod examples;
mod findings;
#[cfg(test)]
mod hl7_cases;
#[cfg(test)]
mod hl7_reasons;
#[cfg(test)]
mod ips_examples;
#[cfg(test)]
mod mutations;
mod narrative;
mod primitives;
#[cfg(test)]
mod primitives_tests;
#[cfg(test)]
mod profiles_tests;
mod references;
#[cfg(test)]
mod tests;

use crate::definitions::Definitions;
use crate::outcome::Issue;
use crate::resource::Resource;
use elements::Walker;
use findings::Path;

pub use conformance::{CodeQuestion, FoundCoding, Report, Strictness, Terminology, Validator};
pub use findings::ISSUES_MAX;

/// Everything wrong with a batch or transaction Bundle but for the resources of its entries, each of which is checked
/// where it is written.
pub fn validate_request_bundle(bundle: &Resource, definitions: &Definitions) -> Vec<Issue> {
    let mut walker = Walker::new(definitions).passing_over_entries();
    walker.resource(bundle.root(), &Path::root("Bundle"), false);
    walker.into_issues()
}

/// Everything wrong with the structure of a resource, in the order of its text; empty where it is valid. At most
/// [`ISSUES_MAX`] findings are listed; one more says so where there were more.
pub fn validate(resource: &Resource, definitions: &Definitions) -> Vec<Issue> {
    let mut walker = Walker::new(definitions);
    let name = resource.resource_type().name();
    walker.resource(resource.root(), &Path::root(name), false);
    walker.into_issues()
}
