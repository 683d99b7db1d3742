//! What tests extract with.

use super::{ExtractLimits, Extractor};
use crate::definitions::Definitions;
use crate::search::index_plan::IndexPlan;

/// An extractor of a server at `http://here/fhir`.
pub(in crate::search) fn extractor<'a>(
    plan: &'a IndexPlan,
    definitions: &'a Definitions,
) -> Extractor<'a> {
    Extractor {
        plan,
        definitions,
        base_url: "http://here/fhir",
        limits: ExtractLimits::default(),
    }
}
