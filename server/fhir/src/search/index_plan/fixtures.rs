//! The plan of R4's own parameters, for tests; nothing where the packages are absent.

use std::sync::OnceLock;

use super::IndexPlan;
use crate::definitions::fixtures::definitions;

/// Compiled once.
pub(in crate::search) fn index_plan() -> Option<&'static IndexPlan> {
    static PLAN: OnceLock<Option<IndexPlan>> = OnceLock::new();
    PLAN.get_or_init(|| Some(IndexPlan::compile(definitions()?).unwrap()))
        .as_ref()
}
