//! Search parameters whose values some resources do not give: nobody is refused for them, so they are counted and told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fhir::ids::ResourceType;
use fhir::search::index_values::Unindexed;

/// How often each parameter has found no values because its expression failed on the resource: in this process, since
/// the definitions last changed.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<BTreeMap<(ResourceType, Box<str>), Failed>>);

/// How often, and why the last time.
#[derive(Debug, Default)]
struct Failed {
    times: u64,
    reason: Box<str>,
}

/// A parameter that has failed on resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingParameter {
    /// The type of the resources.
    pub resource_type: ResourceType,
    /// The parameter's code.
    pub code: Box<str>,
    /// How often.
    pub times: u64,
    /// Why, the last time.
    pub reason: Box<str>,
}

impl Failures {
    /// Counts those of one resource. The log tells of each parameter once.
    pub(super) fn note(&self, resource_type: ResourceType, unindexed: &[Unindexed]) {
        if unindexed.is_empty() {
            return;
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in unindexed {
            metrics::counter!("vesta_search_parameter_failures_total").increment(1);
            let (code, reason) = (&*one.parameter, &*one.reason);
            let failed = counts.entry((resource_type, code.into())).or_default();
            if failed.times == 0 {
                tracing::warn!(%resource_type, code, reason, "a search parameter finds no values in a resource");
            }
            failed.times = failed.times.saturating_add(1);
            failed.reason = reason.into();
        }
    }

    /// All of them, by type and code.
    pub(super) fn list(&self) -> Vec<FailingParameter> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let list = counts
            .iter()
            .map(|((resource_type, code), failed)| FailingParameter {
                resource_type: *resource_type,
                code: code.clone(),
                times: failed.times,
                reason: failed.reason.clone(),
            });
        list.collect()
    }
}
